"""Finding what was left half-way, by a worker that was killed or a provider that fell silent, and finishing it.

Every state that is not final has somebody here who looks after it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_noop as _

from accounts.enums import Channel
from meetings.reminders.enums import EventKind, Lane, ReminderState
from meetings.reminders.models import DeliveryEvent, Reminder
from meetings.reminders.services import half_time, texts
from meetings.reminders.services.replan import try_again
from meetings.reminders.timing import TOO_LATE
from support import database_clock

VANISHED = _("The worker that had it vanished")
VANISHED_SENDING = _("The worker vanished while it was sending")
SENT_AGAIN = _("Sent once more under the same Message-ID")
NOT_AGAIN = _("Not sent a third time")
#: Rows put right in one transaction.
_CHUNK = 500


@dataclass
class Swept:
    """How many rows were put right, by what was wrong with them."""

    released: int = 0
    ambiguous: int = 0
    reconciled: int = 0
    expired: int = 0
    #: People who could not be planned for, and were tried again.
    tried_again: int = 0
    by_email: int = 0


def sweep(*, now: dt.datetime) -> Swept:
    """Put right what has no worker any more. Safe to run at any time, by any number at once.

    Nothing is done by a clock that is wrong: the claims of others would end too early.
    """
    swept = Swept()
    if not database_clock.agrees(lambda: now):
        return swept
    swept.released = _each_chunk(_release, now)
    swept.ambiguous = _each_chunk(_doubt, now)
    swept.by_email = half_time.go_by_email(now=now)
    swept.expired = _each_chunk(_expire, now)
    swept.tried_again = try_again(now=now)
    swept.reconciled = _each_chunk(_reconcile, now) + texts.reconcile(now=now)
    return swept


def _each_chunk(put_right, now: dt.datetime) -> int:  # type: ignore[no-untyped-def]
    total = 0
    while True:
        with transaction.atomic():
            count = put_right(now)
        total += count
        if count < _CHUNK:
            return total


def _lock(condition: Q) -> list[int]:
    """Return the ids of up to a chunk of rows, locked; those that somebody else holds are theirs."""
    rows = Reminder.objects.filter(condition).select_for_update(skip_locked=True).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:_CHUNK])


def _release(now: dt.datetime) -> int:
    ids = _lock(Q(state=ReminderState.CLAIMED, lease_until__lte=now))
    Reminder.objects.filter(pk__in=ids).update(
        state=ReminderState.PLANNED, claim_token=None, lease_until=None, reason=VANISHED
    )
    _note(ids, EventKind.RELEASED, VANISHED, now)
    return len(ids)


def _doubt(now: dt.datetime) -> int:
    ids = _lock(Q(state=ReminderState.SUBMITTING, lease_until__lte=now))
    Reminder.objects.filter(pk__in=ids).update(
        state=ReminderState.AMBIGUOUS, claim_token=None, lease_until=now, reason=VANISHED_SENDING
    )
    _note(ids, EventKind.AMBIGUOUS, VANISHED_SENDING, now)
    return len(ids)


def _expire(now: dt.datetime) -> int:
    # By channel and lane, so that the index on what is due serves: nothing dies before it is due.
    is_due = Q(state=ReminderState.PLANNED, channel__in=Channel.values, lane__in=Lane.values, due_at__lte=now)
    ids = _lock(is_due & Q(deadline_at__lte=now))
    kept = Reminder.objects.filter(pk__in=ids, channel__in=half_time.stuck_channels()) if ids else ()
    shut = {row.pk for row in kept}
    for reason, mine in ((half_time.NO_WAY_LEFT, shut), (TOO_LATE, set(ids) - shut)):
        Reminder.objects.filter(pk__in=mine).update(state=ReminderState.EXPIRED, reason=reason, settled_at=now)
        _note(sorted(mine), EventKind.EXPIRED, reason, now)
    return len(ids)


def _reconcile(now: dt.datetime) -> int:
    """Settle what nobody knows: an email goes once more under its own Message-ID while it helps, and no third time."""
    # Texts have no name that is the same for both attempts: `texts` looks into them.
    ids = _lock(Q(state=ReminderState.AMBIGUOUS, lease_until__lte=now) & ~Q(channel=Channel.SMS))
    doubts = Count("events", filter=Q(events__kind=EventKind.AMBIGUOUS))
    rows = Reminder.objects.filter(pk__in=ids).annotate(doubts=doubts).values_list("pk", "doubts", "deadline_at")
    again = [pk for pk, count, deadline_at in rows if count <= 1 and deadline_at > now]
    Reminder.objects.filter(pk__in=again).update(
        state=ReminderState.PLANNED, due_at=now, lease_until=None, claim_token=None, reason=SENT_AGAIN
    )
    _note(again, EventKind.RECONCILED, SENT_AGAIN, now)
    given_up = sorted(set(ids) - set(again))
    Reminder.objects.filter(pk__in=given_up).update(
        state=ReminderState.ASSUMED_SENT, lease_until=None, claim_token=None, reason=NOT_AGAIN, settled_at=now
    )
    _note(given_up, EventKind.RECONCILED, NOT_AGAIN, now)
    return len(ids)


def _note(ids: list[int], kind: EventKind, detail: str, now: dt.datetime) -> None:
    attempts = dict(Reminder.objects.filter(pk__in=ids).values_list("pk", "attempt"))
    DeliveryEvent.objects.bulk_create(
        DeliveryEvent(reminder_id=pk, kind=kind, attempt=attempt, detail=detail, at=now)
        for pk, attempt in attempts.items()
    )
