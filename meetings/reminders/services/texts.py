"""What follows once a text has left: receipts that say it did not arrive, and silence that has to be looked into.

Twilio has no idempotency key, so a text about which nothing is known is never simply sent again: its own receipt
settles it, or else a look at what the provider has on record for that number.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from typing import Final

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_noop as _

from accounts.enums import Channel
from accounts.models import ContactPoint
from accounts.person import of_member
from meetings.reminders.enums import EventKind, ReminderKind, ReminderState
from meetings.reminders.models import DeliveryEvent, Reminder
from meetings.reminders.queries import to_send_or_not
from meetings.reminders.rendering import Renderer
from meetings.reminders.services.inbound import stop_elsewhere
from meetings.reminders.services.instead import by_email_instead
from meetings.reminders.services.once_more import once_more
from meetings.reminders.services.receipts import record_receipt
from meetings.reminders.services.replan import replan_person
from support.messaging import Letter, SmsGateway, TextMessage
from support.messaging.push import Notification
from support.messaging.sms_results import Aftermath, Found, Receipt, Stage, outcome

logger = logging.getLogger(__name__)

NOT_SENT = _("By email, since the text could not be sent")
NOT_DELIVERED = _("By email, since the text did not arrive")
NUMBER_ENDED = _("The number is not theirs any more")
NOT_THEIRS = _("By email, since the number is not theirs any more")
ONCE_MORE = _("Once more, since the phone could not be reached")
FOUND = _("The service has it on record")
NOT_FOUND = _("The service has no record of it, so it is sent again")
NO_TIME = _("The service has no record of it, and there is too little time to send it again")
NOBODY_KNOWS = _("The service cannot be asked, so it is not sent again")

ONE_PART = _("Paid for as one part")
MANY_PARTS = _("Paid for as four parts or more")
_PARTS: Final = {2: _("Paid for as two parts"), 3: _("Paid for as three parts")}
#: A provider's record may lag behind what it took.
_LAG: Final = dt.timedelta(minutes=2)
#: Clocks differ; what was taken so much earlier is another message.
_SKEW: Final = dt.timedelta(minutes=1)
#: Until a row is looked into again, where the provider could not be asked.
_AGAIN: Final = dt.timedelta(minutes=2)
#: A provider that cannot be asked for so long will not be.
_PATIENCE: Final = dt.timedelta(minutes=15)
#: A reminder is worth sending a second time while this much remains; news of a change always is.
_WORTH_IT: Final = dt.timedelta(minutes=60)
_MOST_DOUBTS: Final = 3
#: Of a day's texts, so many may be taken for spam before somebody has to look at what we send.
_SPAM_SHARE: Final = 0.01
#: How long a provider is asked in one sweep, in seconds.
BUDGET: Final = 20.0
_STATES: Final = {
    Stage.TAKEN: ReminderState.ACCEPTED,
    Stage.DELIVERED: ReminderState.DELIVERED,
    Stage.UNDELIVERED: ReminderState.UNDELIVERED,
}


def cost(message: Letter | TextMessage | Notification) -> str:
    """Return in how many parts a text is paid for, for its timeline; "" for what costs nothing."""
    if not isinstance(message, TextMessage):
        return ""
    segments = message.size.segments
    return ONE_PART if segments == 1 else _PARTS.get(segments, MANY_PARTS)


def follow_up(reminder: Reminder, *, is_opt_out: bool = False, now: dt.datetime) -> None:
    """Say by email what could not be sent as a text; where it `is_opt_out`, do as if STOP had come to us.

    Runs in the transaction that records the failure.
    """
    by_email_instead([reminder.pk], why=NOT_SENT, now=now)
    if is_opt_out:
        stop_elsewhere(number=reminder.contact_point.value, now=now)


@transaction.atomic
def follow_end(*, contact_point: ContactPoint, now: dt.datetime) -> None:
    """Send another way what was still to go to a number that is its member's no more: reminders, and news of changes.

    When this is over, nothing to it is left that is not being sent already.
    """
    assert contact_point.user is not None  # guests have no number
    replan_person(person=of_member(contact_point.user), why=NUMBER_ENDED, now=now)
    unsent = Reminder.objects.unsent().filter(contact_point=contact_point)
    rows = list(unsent.select_for_update(of=("self",)).order_by("pk"))
    Reminder.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=ReminderState.SUPERSEDED, reason=NUMBER_ENDED, claim_token=None, lease_until=None, settled_at=now
    )
    DeliveryEvent.objects.bulk_create(
        DeliveryEvent(reminder=row, kind=EventKind.SUPERSEDED, attempt=row.attempt, detail=NUMBER_ENDED, at=now)
        for row in rows
    )
    by_email_instead([row.pk for row in rows], why=NOT_THEIRS, now=now)


@transaction.atomic
def take_receipt(*, public_id: uuid.UUID, receipt: Receipt, now: dt.datetime) -> bool:
    """Record what a provider says of one text, and do what follows where it did not arrive. Returns False for no such.

    The same receipt again does nothing more.
    """
    ending = outcome(receipt.code) if receipt.stage == Stage.UNDELIVERED else None
    if ending and ending.aftermath == Aftermath.OPTED_OUT:
        # Before the row is locked: STOP locks people, and then their rows.
        _opt_out(public_id, now)
    is_known = record_receipt(
        public_id=public_id,
        state=_STATES[receipt.stage],
        detail=receipt.code,
        suppress=ending is not None and ending.aftermath == Aftermath.SUPPRESS,
        now=now,
    )
    if not is_known or ending is None:
        return is_known
    row = Reminder.objects.prefetch_related("parts").get(public_id=public_id)
    if row.state != ReminderState.UNDELIVERED:
        return True
    if ending.is_alarm:
        _raise_alarm(receipt.code, now)
    again = (
        once_more(row, due_at=now + ending.pause, why=ONCE_MORE, now=now)
        if ending.aftermath == Aftermath.ONCE_MORE
        else None
    )
    if again is None:
        by_email_instead([row.pk], why=NOT_DELIVERED, now=now)
    return True


def _opt_out(public_id: uuid.UUID, now: dt.datetime) -> None:
    sent = Reminder.objects.filter(
        public_id=public_id, submitted_at__isnull=False, contact_point__verified_at__isnull=False
    )
    row = sent.select_related("contact_point").first()
    if row is not None:
        stop_elsewhere(number=row.contact_point.value, now=now)


def _raise_alarm(code: str, now: dt.datetime) -> None:
    """Say that networks refuse what we send, where it is more than one text of a hundred within a day."""
    ours = Reminder.objects.filter(channel=Channel.SMS, submitted_at__gt=now - dt.timedelta(days=1))
    refused = Count("pk", filter=Q(state=ReminderState.UNDELIVERED, reason=code))
    counts = ours.aggregate(all=Count("pk"), refused=refused)
    is_epidemic = counts["refused"] > _SPAM_SHARE * counts["all"]
    logger.log(
        logging.ERROR if is_epidemic else logging.INFO,
        "Networks took %s of %s texts of a day for spam (%s)",
        counts["refused"],
        counts["all"],
        code,
    )


def reconcile(*, now: dt.datetime, gateway: SmsGateway | None = None, seconds: float | None = None) -> int:
    """Look into texts of which nobody knows whether they were sent. Returns how many were settled.

    The provider is asked for `seconds` at the most; what is left waits for the next time, and is first then. No
    transaction is open while it is asked. Two who do this at once look into different rows.
    """
    until = time.monotonic() + (BUDGET if seconds is None else seconds)
    settled, asked = 0, gateway
    try:
        while (left := until - time.monotonic()) > 0 and (pk := _take(now)) is not None:
            asked = asked or SmsGateway()
            rows, unopened = to_send_or_not([pk])
            settled += sum(_settle_or_give_up(row, asked, left, now) for row in rows)
            settled += sum(_give_up(row, now) for row in Reminder.objects.filter(pk__in=unopened))
    finally:
        if asked:
            asked.close()
    return settled


def _take(now: dt.datetime) -> int | None:
    """Take the row that has waited longest to be looked into, if any, so that nobody else does meanwhile."""
    # A younger one's receipt may be on its way, and the provider's record behind.
    unclear = Reminder.objects.filter(
        channel=Channel.SMS, state=ReminderState.AMBIGUOUS, lease_until__lte=now, submitted_at__lte=now - _LAG
    )
    if not unclear.exists():
        return None
    with transaction.atomic():
        first = unclear.select_for_update(skip_locked=True, of=("self",)).order_by("lease_until", "pk")
        pk = first.values_list("pk", flat=True).first()
        if pk is not None:
            Reminder.objects.filter(pk=pk).update(lease_until=now + _AGAIN)
    return pk


def _settle_or_give_up(row: Reminder, gateway: SmsGateway, seconds: float, now: dt.datetime) -> bool:
    try:
        return _look_into(row, gateway, seconds, now)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001  # one text that cannot be written again never stops the others
        # The error's own words may hold a number.
        logger.error("Reminder %s could not be looked into: %s", row.pk, type(error).__name__)
        return _give_up(row, now)


def _look_into(row: Reminder, gateway: SmsGateway, seconds: float, now: dt.datetime) -> bool:
    assert row.submitted_at is not None  # nothing is unclear that was not begun
    found = gateway.look_up(to=row.contact_point.value, since=row.submitted_at - _SKEW, seconds=seconds)
    if found is None:
        return _give_up(row, now)
    match = _match(row, found)
    if match is not None:
        return _settle(row, _STATES[match.stage], FOUND, now, provider_id=match.provider_id)
    doubts = row.events.filter(kind=EventKind.AMBIGUOUS).count()
    is_worth_it = row.kind != ReminderKind.REMINDER or row.deadline_at - now > _WORTH_IT
    if is_worth_it and doubts <= _MOST_DOUBTS and row.deadline_at > now:
        return _settle(row, ReminderState.PLANNED, NOT_FOUND, now)
    return _settle(row, ReminderState.FAILED, NO_TIME, now)


def _give_up(row: Reminder, now: dt.datetime) -> bool:
    """Settle a text that cannot be asked about, or whose number cannot be opened here, once that was tried for long."""
    assert row.submitted_at is not None
    is_hopeless = now >= row.submitted_at + _PATIENCE
    return is_hopeless and _settle(row, ReminderState.ASSUMED_SENT, NOBODY_KNOWS, now)


def _match(row: Reminder, found: list[Found]) -> Found | None:
    """Return the provider's record of this row's text: the same words, not another row's."""
    assert row.submitted_at is not None
    # A worker that vanished kept no hash; the words are the same as they were at that moment.
    wanted = row.content_hash or Renderer().render(row, now=row.submitted_at).content_hash
    same = [each for each in found if each.content_hash == wanted and each.taken_at >= row.submitted_at - _SKEW]
    taken = set(
        Reminder.objects.filter(message_id__in=[each.provider_id for each in same])
        .exclude(pk=row.pk)
        .values_list("message_id", flat=True)
    )
    return next((each for each in same if each.provider_id not in taken), None)


@transaction.atomic
def _settle(row: Reminder, state: ReminderState, reason: str, now: dt.datetime, *, provider_id: str = "") -> bool:
    is_again = state == ReminderState.PLANNED
    changed = Reminder.objects.filter(pk=row.pk, state=ReminderState.AMBIGUOUS, attempt=row.attempt).update(
        state=state,
        reason="" if state in (ReminderState.ACCEPTED, ReminderState.DELIVERED) else reason,
        due_at=now if is_again else row.due_at,
        message_id=provider_id or row.message_id,
        claim_token=None,
        lease_until=None,
        settled_at=None if is_again else now,
    )
    if changed:
        DeliveryEvent.objects.create(
            reminder=row, kind=EventKind.RECONCILED, attempt=row.attempt, detail=reason, at=now
        )
        if state in (ReminderState.FAILED, ReminderState.UNDELIVERED):
            by_email_instead([row.pk], why=NOT_SENT, now=now)
    return bool(changed)
