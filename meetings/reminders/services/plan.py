"""Writing the rows that are the schedule. Every function may run twice: rows are unique by `dedupe_key`.

They run in the transaction of whatever they follow from, and send nothing.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_noop as _

from accounts.enums import Channel
from accounts.models import ContactPoint
from meetings.enums import SignupStatus
from meetings.models import Signup
from meetings.reminders.enums import NEVER_SENT, PURPOSES, UNSENT, Lane, ReminderKind, ReminderState
from meetings.reminders.models import Reminder, ReminderPart
from meetings.reminders.queries.addresses import Address, addresses_for_changes
from meetings.reminders.queries.people import UNSUBSCRIBED
from meetings.reminders.services.replan import replan
from meetings.reminders.spoilt import in_halves
from meetings.services.signups import SECOND_CLICK
from support.bulk import insert_new
from support.messaging.letter import message_id

#: Rows written at once.
_CHUNK = 1000
#: As long as the link in it is good (accounts.links).
_CONFIRM_WITHIN = dt.timedelta(days=2)

MOVED = _("The date was moved")
CANCELLED = _("The date was canceled")
MORE_PLACES = _("More dates were planned")
#: A place that was given back, or a reminder that was stopped.
GIVEN_BACK = _("No longer needed")
COVERED = _("Another message says it")

_NEEDED = ("occurrence__meeting", "participant")
#: What planning has no use for, and could not open where one person's is damaged.
SEALED = ("attendance", "participant__display_name")
#: What may have put a date into somebody's calendar, or told them of it.
_IN_CALENDARS = (ReminderKind.CONFIRMATION, ReminderKind.MOVED, ReminderKind.RESTORED, ReminderKind.REMINDER)


def plan_request(*, signups: Sequence[Signup], now: dt.datetime) -> None:
    """Plan the message that asks a guest to confirm `signups`, all of one participant and one meeting.

    A guest who asks for what is certain already, or is on a waitlist, is told so: from outside, all look alike.
    """
    pending = [signup for signup in signups if signup.status == SignupStatus.PENDING]
    certain = [signup for signup in signups if signup.status == SignupStatus.CONFIRMED]
    kind = ReminderKind.CONFIRM_REQUEST if pending else ReminderKind.CONFIRMATION
    signup = min(pending or certain or signups, key=lambda each: each.occurrence.starts_at)
    earlier = Reminder.objects.filter(signup=signup, kind=kind, schedule_seq=signup.occurrence.schedule_seq)
    is_on_its_way = earlier.exclude(state__in=NEVER_SENT).filter(created_at__gt=now - SECOND_CLICK).exists()
    if is_on_its_way or earlier.unsent().exists():
        return
    again = earlier.count()
    _write(
        [
            Draft(
                _request(signup, asked_at=now, now=now, again=again)
                if pending
                else _confirmation(signup, now=now, again=again)
            )
        ]
    )


@transaction.atomic
def plan_confirmation(*, signups: Sequence[Signup], now: dt.datetime) -> None:
    """Plan one message that says which places are certain now, all of one participant and one meeting.

    Where none is, it says that they are on the waitlist; one that was to say so still is replaced once a place is free.
    """
    certain = [signup for signup in signups if signup.status == SignupStatus.CONFIRMED]
    waiting = [signup for signup in signups if signup.status == SignupStatus.WAITLISTED]
    if not certain and not waiting:
        return
    row = _confirmation(min(certain or waiting, key=lambda each: each.occurrence.starts_at), now=now)
    earlier = Reminder.objects.filter(signup=row.signup_id, kind=ReminderKind.CONFIRMATION)
    _supersede(earlier.exclude(dedupe_key=row.dedupe_key), COVERED, now=now)
    _write([Draft(row)])


def plan_reminders(*, signups: Iterable[Signup], now: dt.datetime) -> None:
    """Plan the reminders of certain places, together with all else that the same people have planned."""
    certain = {signup.participant_id for signup in signups if signup.status == SignupStatus.CONFIRMED}
    replan(participants=certain, why=MORE_PLACES, now=now)


def plan_given_back(*, signups: Sequence[Signup], now: dt.datetime) -> set[int]:
    """Take back what is unsent about places that were given back, all of one participant and one meeting.

    Where an earlier message may have put a date into their calendar, one short message takes it out again. Returns the
    ids of the other dates that a message spoke of which is not sent now: what it was to say of these is to be planned.
    """
    pks = [signup.pk for signup in signups]
    mine = Signup.objects.filter(pk__in=pks)
    unheard = (ReminderState.PLANNED, ReminderState.CLAIMED, *NEVER_SENT)
    announced = set(
        Reminder.objects.filter(signup__in=mine, kind__in=_IN_CALENDARS)
        .exclude(state__in=unheard)
        .values_list("signup_id", flat=True)
    ) | set(
        ReminderPart.objects.filter(signup__in=mine, reminder__kind__in=_IN_CALENDARS)
        .exclude(reminder__state__in=unheard)
        .values_list("signup_id", flat=True)
    )
    standing = {signup.standing_id for signup in signups if signup.standing_id}
    is_standing_announced = (
        Reminder.objects.filter(signup__standing__in=standing, kind=ReminderKind.CONFIRMATION)
        .exclude(state__in=(ReminderState.PLANNED, ReminderState.CLAIMED, *NEVER_SENT))
        .exists()
    )
    told_anyway = _reopen_confirmations(mine, now=now)
    successors = _heirs(mine.filter(pk__in=told_anyway.own))
    # That a place is given back again has the others that it was given back with told no less.
    further = ReminderPart.objects.filter(reminder=OuterRef("pk")).exclude(signup__in=mine)
    is_about_others = ~Q(signup__in=mine) | Exists(further)
    news = _news().filter(state__in=UNSENT).exclude(is_about_others, kind=ReminderKind.GIVEN_BACK)
    spoke = set(news.filter(Q(signup__in=mine) | Q(parts__signup__in=mine)).values_list("pk", flat=True))
    others = Signup.objects.filter(Q(reminders__in=spoke) | Q(reminder_parts__reminder__in=spoke)).exclude(pk__in=pks)
    untold = set(others.values_list("occurrence_id", flat=True))
    _supersede(_news().filter(pk__in=spoke), GIVEN_BACK, now=now)
    _write(Draft(_confirmation(heir, now=now)) for heir in successors)
    known = [
        signup
        for signup in signups
        if signup.confirmed_at and (signup.pk in announced or (is_standing_announced and signup.standing_id))
    ]
    if known:
        tell_given_back(signups=known, now=now)
    replan(participants={signup.participant_id for signup in signups}, why=GIVEN_BACK, now=now)
    return untold


def tell_given_back(*, signups: Sequence[Signup], now: dt.datetime) -> None:
    """Plan the message that takes the dates of places given back out of a calendar, all of one participant."""
    first, *others = sorted(signups, key=lambda each: each.occurrence.starts_at)
    row = _row(
        first,
        ReminderKind.GIVEN_BACK,
        lane=Lane.CHANGE,
        due_at=now,
        deadline_at=max(signup.occurrence.starts_at for signup in signups),
        now=now,
    )
    _write([Draft(row, [_part(signup) for signup in others])])


def hears_at(people: Mapping[int, tuple[int, int | None]]) -> dict[int, Address]:
    """Return where people hear of changes, as `addresses_for_changes` does, whatever is damaged.

    Whose wishes cannot be read hears of it where they signed up; `replan` puts them aside.
    """
    found = {pk: Address(contact_point, Channel.EMAIL) for pk, (contact_point, _user) in people.items()}
    in_halves(
        list(people.items()),
        lambda some: found.update(addresses_for_changes(dict(some))),
        spoilt=lambda _reader, _error: None,
    )
    return found


def stop(*, contact_point: ContactPoint, purpose: str, now: dt.datetime) -> int:
    """Take back what is unsent of a purpose that its recipient no longer consents to. Returns how many rows."""
    kinds = [kind for kind, needed in PURPOSES.items() if needed == purpose]
    unsent = Reminder.objects.unsent().filter(contact_point=contact_point, kind__in=kinds)
    return _take_back(unsent, ReminderState.SKIPPED, UNSUBSCRIBED, now=now)


class _ToldAnyway:
    """Whose confirmation is unsent, so that it will say how things are now: by signup, and by standing signup."""

    def __init__(self) -> None:
        self.own: set[int] = set()
        self.standing: set[int] = set()


def _reopen_confirmations(signups: QuerySet[Signup], *, now: dt.datetime) -> _ToldAnyway:
    """Find unsent confirmations that speak of `signups`; who has one in hand already must write it anew.

    A confirmation lists the dates of a standing signup as they are when it is written. Taking the claim away here, in
    the transaction that changes a date, keeps one that was written before from being sent after.
    """
    told = _ToldAnyway()
    unsent = Reminder.objects.unsent().filter(kind=ReminderKind.CONFIRMATION)
    told.own = set(unsent.filter(signup__in=signups).values_list("signup_id", flat=True))
    standing = signups.filter(standing__isnull=False).values("standing_id")
    covering = unsent.filter(signup__standing__in=standing)
    found = dict(covering.select_for_update(of=("self",)).order_by("pk").values_list("pk", "signup__standing_id"))
    Reminder.objects.filter(pk__in=found).update(state=ReminderState.PLANNED, claim_token=None, lease_until=None)
    told.standing = {pk for pk in found.values() if pk is not None}
    return told


def _heirs(signups: QuerySet[Signup]) -> list[Signup]:
    """Return, for each standing signup among `signups`, its next certain place: the message on hand goes on from it."""
    found = []
    for signup in signups.filter(standing__isnull=False).select_related("occurrence").defer("attendance"):
        heir = (
            Signup.objects.confirmed()
            .filter(standing=signup.standing_id, occurrence__status="scheduled")
            .exclude(pk=signup.pk)
            .filter(occurrence__starts_at__gt=signup.occurrence.starts_at)
            .select_related(*_NEEDED)
            .defer(*SEALED)
            .order_by("occurrence__starts_at")
            .first()
        )
        if heir:
            found.append(heir)
    return found


def _news() -> QuerySet[Reminder]:
    """Return all messages but reminders, which `replan` locks and replaces person by person.

    Who locked those of one date first could stand in the way of another who moves another date of the same people.
    """
    return Reminder.objects.exclude(kind=ReminderKind.REMINDER)


def _supersede(reminders: QuerySet[Reminder], reason: str, *, now: dt.datetime) -> None:
    unsent = reminders.filter(state__in=(ReminderState.PLANNED, ReminderState.CLAIMED))
    _take_back(unsent, ReminderState.SUPERSEDED, reason, now=now)


def _take_back(unsent: QuerySet[Reminder], state: ReminderState, reason: str, *, now: dt.datetime) -> int:
    # In the order of their ids, as everywhere: two who lock the same rows never wait for each other.
    ids = list(unsent.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), _CHUNK):
        Reminder.objects.filter(pk__in=ids[start : start + _CHUNK]).update(
            state=state, reason=reason, claim_token=None, lease_until=None, settled_at=now
        )
    return len(ids)


def _request(signup: Signup, *, asked_at: dt.datetime, now: dt.datetime, again: int = 0) -> Reminder:
    """Return the row that asks a guest to confirm `signup`, which they asked for at `asked_at`."""
    return _row(
        signup,
        ReminderKind.CONFIRM_REQUEST,
        lane=Lane.URGENT,
        due_at=now,
        deadline_at=min(asked_at + _CONFIRM_WITHIN, signup.occurrence.starts_at),
        now=now,
        again=again,
    )


def _confirmation(signup: Signup, *, now: dt.datetime, again: int = 0) -> Reminder:
    return _row(
        signup,
        ReminderKind.CONFIRMATION,
        lane=Lane.CHANGE,
        due_at=now,
        deadline_at=signup.occurrence.starts_at,
        now=now,
        again=again,
    )


def _row(
    signup: Signup,
    kind: ReminderKind,
    *,
    lane: Lane,
    due_at: dt.datetime,
    deadline_at: dt.datetime,
    now: dt.datetime,
    again: int = 0,
    address: Address | None = None,
) -> Reminder:
    return _row_about(
        signup.pk,
        kind,
        # A place that is given back and taken again is told of anew: these times say which taking it is.
        taken=max(filter(None, (signup.created_at, signup.confirmed_at, signup.cancelled_at))),
        seq=signup.occurrence.schedule_seq,
        # What answers something that a person just did goes where they did it from.
        address=address or Address(signup.participant.contact_point_id, Channel.EMAIL),
        lane=lane,
        due_at=due_at,
        deadline_at=deadline_at,
        now=now,
        again=again,
    )


def _row_about(
    signup: int,
    kind: ReminderKind,
    *,
    taken: dt.datetime,
    seq: int,
    address: Address,
    lane: Lane,
    due_at: dt.datetime,
    deadline_at: dt.datetime,
    now: dt.datetime,
    again: int = 0,
    told_seq: int | None = None,
) -> Reminder:
    """Return a row about a signup (its id) that was `taken` then, of a date with `seq` for its schedule_seq."""
    key = f"{signup}@{int(taken.timestamp() * 1000)}:{kind}::{address.contact_point}:{seq}"
    public_id = uuid.uuid4()
    return Reminder(
        public_id=public_id,
        signup_id=signup,
        contact_point_id=address.contact_point,
        kind=kind,
        channel=address.channel,
        schedule_seq=seq,
        told_seq=told_seq,
        dedupe_key=f"{key}:{again}" if again else key,
        lane=lane,
        due_at=due_at,
        deadline_at=deadline_at,
        message_id=message_id(public_id),
        created_at=now,
    )


@dataclass(frozen=True, slots=True)
class Draft:
    """A row to be written, and the other dates that the one message speaks of beside that of its signup."""

    row: Reminder
    parts: Sequence[ReminderPart] = ()


def _part(signup: Signup) -> ReminderPart:
    """Return what says that news is about the date of `signup` too, as it is now; `_write` says of which row."""
    return ReminderPart(signup=signup, lead_key="", schedule_seq=signup.occurrence.schedule_seq)


def _write(drafts: Iterable[Draft]) -> None:
    """Write rows with their parts; one that is there already, by its `dedupe_key`, is left as it is."""
    remaining = iter(drafts)
    while chunk := list(islice(remaining, _CHUNK)):
        insert_new(draft.row for draft in chunk)
        joined = {draft.row.public_id: draft.parts for draft in chunk if draft.parts}
        if not joined:
            continue
        for public_id, pk in Reminder.objects.filter(public_id__in=joined).values_list("public_id", "pk"):
            for part in joined[public_id]:
                part.reminder_id = pk
        insert_new(part for parts in joined.values() for part in parts if part.reminder_id is not None)
