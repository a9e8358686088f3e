"""What is asked about messages: what is due, what is to be sent, what happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import Min

from meetings.reminders.enums import Lane, ReminderState
from meetings.reminders.models import Reminder


def oldest_due_seconds(*, now: dt.datetime) -> int:
    """Return for how many seconds the oldest due message has been waiting, 0 where none is: the health figure."""
    waiting = Reminder.objects.filter(
        state__in=(ReminderState.PLANNED, ReminderState.CLAIMED), lane__in=Lane.values, due_at__lte=now
    )
    oldest: dt.datetime | None = waiting.aggregate(oldest=Min("due_at"))["oldest"]
    return int((now - oldest).total_seconds()) if oldest else 0


def to_send(pks: Sequence[int]) -> list[Reminder]:
    """Return rows with all that their messages are written from."""
    return list(
        Reminder.objects.filter(pk__in=pks).select_related("contact_point", "signup__participant", "signup__occurrence")
    )
