"""What staff do about messages: plan one again, stop one, pause a channel. Each may be done twice.

Whoever acts is on record with the person whom the message is for; what they gave as a reason is on its timeline.
"""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.utils.translation import gettext_noop as _

from accounts.enums import AccessAction
from accounts.models import ContactPoint, User
from accounts.services.audit import record_access
from meetings.models import Participant, Signup
from meetings.reminders.enums import EventKind, ReminderState
from meetings.reminders.models import ChannelPause, DeliveryEvent, Reminder
from meetings.reminders.queries.people import STOPPED
from meetings.reminders.services.instead import is_said

logger = logging.getLogger(__name__)

#: Over, and not in its reader's hands: planning it again cannot double it, as far as anybody knows.
REPLAYABLE = (
    ReminderState.FAILED,
    ReminderState.SKIPPED,
    ReminderState.EXPIRED,
    ReminderState.UNDELIVERED,
    ReminderState.BOUNCED,
    ReminderState.ASSUMED_SENT,
)
#: Not over, and not being sent at this moment.
STOPPABLE = (ReminderState.PLANNED, ReminderState.CLAIMED, ReminderState.AMBIGUOUS)
#: Not over: doing to one of these what was done already changes nothing.
_PENDING = (ReminderState.PLANNED, ReminderState.CLAIMED, ReminderState.SUBMITTING)
#: Rows put right in one statement.
_CHUNK = 500


class NotPossible(Exception):
    """A message is where this can no longer be done to it. The message is a sentence for staff."""


def record_looking(*, actor: User, signups: list[Signup], now: dt.datetime) -> None:
    """Record that `actor` looked at what became of the messages about `signups`, once a day for each person."""
    _record(actor, signups, AccessAction.SAW_MESSAGES, now)


def record_reading(*, actor: User, people: list[ContactPoint], now: dt.datetime) -> None:
    """Record that `actor` read what `people` wrote, once a day for each of them."""
    record_access(
        actor=actor,
        about_users={each.user_id for each in people if each.user_id is not None},
        about_guests={each.pk for each in people if each.user_id is None},
        action=AccessAction.SAW_MESSAGES,
        now=now,
    )


def can_replay(reminder: Reminder, *, now: dt.datetime) -> bool:
    """Return whether planning a message again is possible and of use."""
    return reminder.state in REPLAYABLE and reminder.deadline_at > now and not is_said(reminder)


@transaction.atomic
def replay(*, reminder: Reminder, actor: User, reason: str, now: dt.datetime) -> bool:
    """Plan a message again that did not arrive. It is sent now, if the last look finds nothing against it.

    Returns False where it is on its way already. Raises NotPossible where it arrived, where another message says the
    same, and where it is of no use.
    """
    row = _locked(reminder)
    if row.state in _PENDING:
        return False
    if row.state not in REPLAYABLE:
        raise NotPossible(_("Only a message that did not arrive can be sent again."))
    if row.deadline_at <= now:
        raise NotPossible(_("It would come too late: the meeting has started."))
    if is_said(row):
        raise NotPossible(_("Another message already says this."))
    row.state, row.reason, row.due_at, row.settled_at = ReminderState.PLANNED, "", now, None
    row.claim_token = row.lease_until = None
    row.save(update_fields=["state", "reason", "due_at", "settled_at", "claim_token", "lease_until"])
    _note(row, EventKind.REPLAYED, reason, actor, now)
    return True


@transaction.atomic
def abort(*, reminder: Reminder, actor: User, reason: str, now: dt.datetime) -> bool:
    """Stop a message that is not sent yet; one of which nobody knows is not tried again.

    Returns False where it is over already. Raises NotPossible while it is being sent.
    """
    row = _locked(reminder)
    if row.state == ReminderState.SUBMITTING:
        raise NotPossible(_("It is being sent right now. Check again in two minutes."))
    if row.state not in STOPPABLE:
        return False
    is_unclear = row.state == ReminderState.AMBIGUOUS
    row.state = ReminderState.ASSUMED_SENT if is_unclear else ReminderState.SKIPPED
    row.reason, row.settled_at = STOPPED, now
    # Taking the claim away fences out the worker that has it in hand.
    row.claim_token = row.lease_until = None
    row.save(update_fields=["state", "reason", "settled_at", "claim_token", "lease_until"])
    _note(row, EventKind.ABORTED, reason, actor, now)
    return True


@transaction.atomic
def pause_channel(*, channel: str, actor: User, reason: str, now: dt.datetime) -> bool:
    """Send nothing by `channel` until it is resumed. What a worker has in hand goes back, but for the one being sent.

    Returns False where it is paused already; the first reason stays.
    """
    _row, is_new = ChannelPause.objects.get_or_create(
        channel=channel, defaults={"reason": reason, "since": now, "paused_by": actor}
    )
    in_hand = Reminder.objects.filter(channel=channel, state=ReminderState.CLAIMED)
    # In the order of their ids, as everywhere; a row that somebody else holds at this moment is being begun.
    ids = list(in_hand.select_for_update(skip_locked=True).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), _CHUNK):
        in_hand.filter(pk__in=ids[start : start + _CHUNK]).update(
            state=ReminderState.PLANNED, claim_token=None, lease_until=None
        )
    if is_new:
        logger.warning("Channel %s is paused by user %s", channel, actor.pk)
    return is_new


def resume_channel(*, channel: str, actor: User) -> bool:
    """Let a paused channel go on. Returns False where it was not paused."""
    deleted, _by_model = ChannelPause.objects.filter(channel=channel).delete()
    if deleted:
        logger.warning("Channel %s is resumed by user %s", channel, actor.pk)
    return bool(deleted)


def _locked(reminder: Reminder) -> Reminder:
    return (
        Reminder.objects.select_for_update(of=("self",))
        .select_related("signup__participant", "contact_point")
        .get(pk=reminder.pk)
    )


def _note(row: Reminder, kind: EventKind, reason: str, actor: User, now: dt.datetime) -> None:
    DeliveryEvent.objects.create(reminder=row, kind=kind, attempt=row.attempt, detail=reason, at=now)
    _record(actor, [row.signup], AccessAction.CHANGED_MESSAGES, now)


def _record(actor: User, signups: list[Signup], action: AccessAction, now: dt.datetime) -> None:
    record_seeing(actor=actor, people=[signup.participant for signup in signups], action=action, now=now)


def record_seeing(
    *,
    actor: User,
    people: list[Participant],
    action: AccessAction = AccessAction.SAW_MESSAGES,
    now: dt.datetime,
) -> None:
    """Record that `actor` saw what the engine has to say of `people`, once a day for each of them."""
    record_access(
        actor=actor,
        about_users={each.user_id for each in people if each.user_id is not None},
        about_guests={each.contact_point_id for each in people if each.user_id is None},
        action=action,
        now=now,
    )
