"""What is asked about messages: what is due, what is to be sent, what happened."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Prefetch, prefetch_related_objects

from accounts.queries import kept_preferences
from meetings.reminders.enums import NEWS
from meetings.reminders.models import Reminder, ReminderPart
from meetings.reminders.queries.figures import oldest_due_seconds

__all__ = ["oldest_due_seconds", "to_send"]


def to_send(pks: Sequence[int]) -> list[Reminder]:
    """Return rows with all that their messages are written from."""
    rows = list(
        Reminder.objects.filter(pk__in=pks)
        .select_related("contact_point", "signup__participant", "signup__occurrence", "signup__standing")
        # Many rows are of few meetings, and few speak for several places.
        .prefetch_related(
            "signup__occurrence__meeting__venue", Prefetch("parts", _PARTS.order_by("signup__occurrence__starts_at"))
        )
    )
    news = [row for row in rows if row.kind in NEWS]
    changed = [signup.occurrence for row in news for signup in (row.signup, *(part.signup for part in row.parts.all()))]
    prefetch_related_objects(changed, "changes")
    kept = kept_preferences({row.contact_point_id: row.contact_point.user_id for row in rows})
    for row in rows:
        if row.contact_point_id in kept:
            row.wording = kept[row.contact_point_id].wording
    return rows


_PARTS = ReminderPart.objects.select_related("signup__occurrence__meeting__venue")
