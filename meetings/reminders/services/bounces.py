"""Email that came back: as a message in a mailbox, or as a provider tells it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_noop as _

from accounts.enums import Channel
from accounts.services.suppressions import lift_refusal, record_refusal, record_report, record_soft_refusal
from meetings.reminders.enums import ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services.once_more import once_more
from meetings.reminders.services.receipts import is_heard, record_receipt
from support.messaging.bounces import BounceKind, read_bounce
from support.messaging.incoming import who_asks

ONCE_MORE = _("Once more, since the mailbox could not take it")
#: Until what came back for a reason that passes is sent once more.
PAUSE: Final = dt.timedelta(hours=1)

_STATES: Final = {
    BounceKind.DELIVERED: ReminderState.DELIVERED,
    BounceKind.HARD: ReminderState.BOUNCED,
    BounceKind.UNSURE: ReminderState.BOUNCED,
    BounceKind.SOFT: ReminderState.BOUNCED,
    BounceKind.TURNED_AWAY: ReminderState.BOUNCED,
    BounceKind.COMPLAINT: ReminderState.COMPLAINED,
}


def record_bounce(*, content: bytes, now: dt.datetime) -> bool:
    """Record what a message in the bounce mailbox says. Returns whether it was a report about a message of ours."""
    bounce = read_bounce(content)
    if bounce is None:
        return False
    return record_return(public_id=bounce.message, kind=bounce.kind, detail=bounce.status, now=now)


def unblock_by_mail(*, content: bytes, now: dt.datetime) -> bool:
    """Let messages go again to the address that a letter to settings.UNBLOCK_ADDRESS came from; returns whether it did.

    What a mail server said is undone, and nothing else: anybody can write in another's name, so a complaint stays.
    """
    address = who_asks(content)
    return address is not None and lift_refusal(channel=Channel.EMAIL, value=address, now=now)


@transaction.atomic
def record_return(*, public_id: uuid.UUID, kind: BounceKind, detail: str, now: dt.datetime) -> bool:
    """Record what became of an email after a server took it, and do what follows. Returns False for no such.

    No such mailbox, in its own server's words, and a complaint end all email to it. What our relay says by itself, a
    mailbox that is switched off, or full, ends it in time: see accounts.services.suppressions. What could not be taken
    for now is sent once more while that is of use. The same again does nothing more. `detail` is a code or words
    without any address.
    """
    row = Reminder.objects.select_for_update(of=("self",)).filter(public_id=public_id).first()
    before = row.state if row else ""
    is_news = row is not None and not is_heard(row, _STATES[kind], detail)
    is_known = record_receipt(
        public_id=public_id, state=_STATES[kind], detail=detail, suppress=kind == BounceKind.COMPLAINT, now=now
    )
    if row is None or not is_known or not is_news:
        return is_known
    refusal = {"channel": row.channel, "value": row.contact_point.value, "answer": detail}
    refusal["reason"] = f"{ReminderState.BOUNCED.value} {detail}".strip()
    if kind == BounceKind.HARD:
        record_refusal(**refusal, is_sure=True, now=now)
        return True
    row.refresh_from_db()
    if before == ReminderState.BOUNCED or row.state != ReminderState.BOUNCED:
        # Heard before, or it says less than what is known.
        return True
    if kind == BounceKind.UNSURE:
        record_report(**refusal, now=now)
    elif kind == BounceKind.SOFT and not record_soft_refusal(**refusal, now=now):
        once_more(row, due_at=now + PAUSE, why=ONCE_MORE, now=now)
    return True
