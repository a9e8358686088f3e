"""What is heard of a message after it left: receipts, bounces, complaints. They come late, twice and out of order."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import transaction

from accounts.services.suppressions import suppress as suppress_value
from meetings.reminders.enums import EventKind, ReminderState
from meetings.reminders.models import DeliveryEvent, Reminder

#: A state gives way only to one further on: what is known of a message is never unlearned. One that is unclear, or on
#: its way once more, is settled by hearing of it; a mailbox that took a message may still bounce it; and only a message
#: that arrived can be complained about.
_RANK = {
    ReminderState.PLANNED: 0,
    ReminderState.CLAIMED: 0,
    ReminderState.SUBMITTING: 0,
    ReminderState.AMBIGUOUS: 0,
    ReminderState.ASSUMED_SENT: 0,
    ReminderState.ACCEPTED: 1,
    ReminderState.UNDELIVERED: 2,
    ReminderState.DELIVERED: 3,
    ReminderState.BOUNCED: 4,
    ReminderState.COMPLAINED: 5,
}


@transaction.atomic
def record_receipt(
    *, public_id: uuid.UUID, state: ReminderState, detail: str = "", suppress: bool = False, now: dt.datetime
) -> bool:
    """Record that a gateway says a message is in `state`; `suppress` where nothing may go to its address again.

    `detail` is a code or words without any address. Returns False where no such message was ever handed over: a
    receipt may outlive its row. The same receipt again adds nothing.
    """
    reminder = Reminder.objects.select_for_update(of=("self",)).filter(public_id=public_id).first()
    if reminder is None or reminder.submitted_at is None:
        return False
    words = _words(state, detail)
    if not is_heard(reminder, state, detail):
        DeliveryEvent.objects.create(
            reminder=reminder, kind=EventKind.RECEIPT, attempt=reminder.attempt, detail=words, at=now
        )
        _raise(reminder, state, detail, now)
    if suppress:
        suppress_value(channel=reminder.channel, value=reminder.contact_point.value, reason=words, now=now)
    return True


def is_heard(reminder: Reminder, state: ReminderState, detail: str) -> bool:
    """Return whether a receipt that says so is on record since the message was last handed over."""
    known = reminder.events.filter(kind=EventKind.RECEIPT, attempt=reminder.attempt, detail=_words(state, detail))
    return known.exists()


def _words(state: ReminderState, detail: str) -> str:
    return f"{state.value} {detail}".strip()[:200]


def _raise(reminder: Reminder, state: ReminderState, detail: str, now: dt.datetime) -> None:
    current = _RANK.get(ReminderState(reminder.state))
    if current is None or _RANK[state] <= current:
        return
    reminder.state, reminder.reason, reminder.settled_at = state, detail[:200], now
    reminder.claim_token = reminder.lease_until = None
    reminder.save(update_fields=["state", "reason", "settled_at", "claim_token", "lease_until"])
