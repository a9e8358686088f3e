"""Email that came back, as messages in a mailbox."""

from __future__ import annotations

import datetime as dt
import uuid

from meetings.reminders.enums import ReminderState
from meetings.reminders.services.receipts import record_receipt
from support.messaging.bounces import BounceKind, read_bounce

_STATES = {
    BounceKind.DELIVERED: ReminderState.DELIVERED,
    BounceKind.HARD: ReminderState.BOUNCED,
    BounceKind.SOFT: ReminderState.BOUNCED,
    BounceKind.COMPLAINT: ReminderState.COMPLAINED,
}


def record_bounce(*, content: bytes, now: dt.datetime) -> bool:
    """Record what a message in the bounce mailbox says. Returns whether it was a report about a message of ours.

    A hard bounce and a complaint end all email to the address; a full mailbox does not.
    """
    bounce = read_bounce(content)
    if bounce is None:
        return False
    try:
        public_id = uuid.UUID(bounce.message_id.strip("<>").partition("@")[0])
    except ValueError:
        return False
    return record_receipt(
        public_id=public_id,
        state=_STATES[bounce.kind],
        detail=bounce.status,
        suppress=bounce.kind in (BounceKind.HARD, BounceKind.COMPLAINT),
        now=now,
    )
