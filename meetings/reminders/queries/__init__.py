"""What is asked about messages: what is due, what is to be sent, what happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Min
from django.utils.translation import gettext

from meetings.models import Signup
from meetings.reminders.enums import EventKind, Lane, ReminderKind, ReminderState
from meetings.reminders.models import DeliveryEvent, Reminder


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


@dataclass(frozen=True)
class Happening:
    """One line of a timeline."""

    at: dt.datetime
    kind: str
    channel: str
    what: str
    detail: str


def timeline(signup: Signup) -> list[Happening]:
    """Return everything that happened about the messages of one signup, oldest first, in words for a person."""
    happenings = []
    for reminder in signup.reminders.prefetch_related("events").order_by("created_at", "pk"):
        kind = str(ReminderKind(reminder.kind).label)
        channel = reminder.get_channel_display()
        happenings.append(Happening(reminder.created_at, kind, channel, str(EventKind.PLANNED.label), ""))
        events = list(reminder.events.all())
        happenings += [_happening(event, kind, channel) for event in events]
        is_told = any(event.kind == EventKind.SUPERSEDED for event in events)
        if reminder.state == ReminderState.SUPERSEDED and reminder.settled_at and not is_told:
            # Replaced with many others at once: the row itself is the record.
            what = str(EventKind.SUPERSEDED.label)
            happenings.append(Happening(reminder.settled_at, kind, channel, what, gettext(reminder.reason)))
    return sorted(happenings, key=lambda each: each.at)


def _happening(event: DeliveryEvent, kind: str, channel: str) -> Happening:
    what = str(EventKind(event.kind).label)
    return Happening(event.at, kind, channel, what, gettext(event.detail) if event.detail else "")
