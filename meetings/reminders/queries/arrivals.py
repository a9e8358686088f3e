"""What is known to have arrived, or at least not to have come back."""

from __future__ import annotations

import datetime as dt

from django.db.models import Max, Q

from accounts.fields import lookup_hashes
from meetings.reminders.enums import ReminderState
from meetings.reminders.models import Reminder

_ARRIVED = (ReminderState.DELIVERED, ReminderState.COMPLAINED)


def last_taken(channel: str, value: str, *, before: dt.datetime) -> dt.datetime | None:
    """Return when the last message was handed over that arrived at a value, or None.

    Where nobody says what arrives: one that was taken until `before`, and has not come back since.
    """
    sent = Reminder.objects.filter(
        Q(state__in=_ARRIVED) | Q(state=ReminderState.ACCEPTED, submitted_at__lte=before),
        channel=channel,
        contact_point__channel=channel,
        contact_point__value_hash__in=lookup_hashes(value),
    )
    return sent.aggregate(last=Max("submitted_at"))["last"]
