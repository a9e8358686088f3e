"""What is asked about messages: what is due, what is to be sent, what happened."""

from __future__ import annotations

from collections.abc import Sequence

from meetings.reminders.models import Reminder
from meetings.reminders.queries.figures import oldest_due_seconds

__all__ = ["oldest_due_seconds", "to_send"]


def to_send(pks: Sequence[int]) -> list[Reminder]:
    """Return rows with all that their messages are written from."""
    return list(
        Reminder.objects.filter(pk__in=pks).select_related("contact_point", "signup__participant", "signup__occurrence")
    )
