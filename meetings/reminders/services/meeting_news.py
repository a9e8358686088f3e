"""What is said of a meeting as a whole: that it is off, on after all, not sure, or elsewhere. One message a person.

All of it follows from how the meeting is, and from what each person was last told: `follow` may run at any time, and
again, and plans only what is missing. So what is undone before it went out is never said.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_noop as _

from meetings.enums import MeetingState, SignupStatus
from meetings.models import Meeting, PlaceChange, Signup
from meetings.models.signup import SignupQuerySet
from meetings.reminders.enums import Lane, ReminderKind, ReminderState
from meetings.reminders.models import Reminder, ReminderPart
from meetings.reminders.queries.addresses import Address
from meetings.reminders.queries.people import HELD, OFF_REASONS, why_off
from meetings.reminders.queries.told import UNSAID, last_words
from meetings.reminders.services import plan
from meetings.reminders.services.last_moment import MEETING_IS_ON as ON_AFTER_ALL
from meetings.reminders.services.plan import Draft, _part, _row, _supersede
from meetings.reminders.services.replan import replan
from meetings.whereabouts import Whereabouts

CHANGED_AGAIN = _("Something about it changed again")
#: So long before the start of a date, who comes is told that nobody knows whether the meeting is on.
WARNED_BEFORE: Final = dt.timedelta(hours=3)

#: A few times as long as passes between two runs of `catch_up`.
_LATELY: Final = dt.timedelta(minutes=5)

#: What is true of a date whether or not its meeting is on.
_OF_ITSELF = (ReminderKind.CANCELLED, ReminderKind.GIVEN_BACK)
_OF_THE_MEETING = (ReminderKind.OFF, ReminderKind.REOPENED, ReminderKind.IN_DOUBT, ReminderKind.CHANGED)
#: What takes the dates of a meeting out of calendars, and puts them back.
_IN_CALENDARS = (ReminderKind.OFF, ReminderKind.REOPENED)
#: What whoever is told that a meeting is on after all reads there.
_SAID_THERE = (ReminderKind.MOVED, ReminderKind.RESTORED)
#: People told at once: bounds the memory, and the length of a statement.
_CHUNK = 1000


@transaction.atomic
def follow(*, meeting: Meeting, now: dt.datetime) -> None:
    """Bring what is unsent about a meeting in line with how it is, and tell who comes what they do not know yet.

    Off: nothing that promises it goes out, and everyone is told. In doubt: the same, and nobody is told but who would
    set out before it is decided. On: what was held back goes out; who was told otherwise, and who knows another place,
    is told.
    """
    coming = _coming(meeting, now)
    why = why_off(
        is_published=meeting.is_published,
        is_closed=meeting.is_temporarily_closed,
        is_missing=meeting.missing_since is not None,
    )
    if meeting.state is MeetingState.ON:
        _follow_on(meeting, coming, now)
    else:
        _supersede(_unsent(meeting).exclude(kind__in=_OF_ITSELF), why, now=now)
        if meeting.state is MeetingState.OFF:
            _tell_off(coming, now)
        else:
            _warn(meeting, coming, now)
    certain = coming.confirmed().values_list("participant_id", flat=True)
    replan(participants=certain, why=why or ON_AFTER_ALL, now=now)


def follow_again(*, meeting: Meeting, now: dt.datetime) -> None:
    """Say anew what is said of the whole meeting, where it named first a date that was changed or given back just now.

    What was replaced at this moment (`now`) by other news counts as well.
    """
    is_stale = ~Q(schedule_seq=F("signup__occurrence__schedule_seq")) | Q(signup__status=SignupStatus.CANCELLED)
    _supersede(_unsent(meeting).filter(is_stale, kind__in=_OF_THE_MEETING), CHANGED_AGAIN, now=now)
    replaced = Reminder.objects.filter(
        kind__in=_OF_THE_MEETING,
        state=ReminderState.SUPERSEDED,
        settled_at=now,
        signup__occurrence__meeting=meeting,
    )
    if replaced.exists():
        follow(meeting=meeting, now=now)


def catch_up(*, now: dt.datetime) -> None:
    """Tell of the dates still to come who could not be told before the first of them began.

    And who asked to come at the very moment that a meeting went off, so that neither saw the other.
    """
    lately = Reminder.objects.filter(
        kind__in=_OF_THE_MEETING, state=ReminderState.EXPIRED, settled_at__gt=now - _LATELY
    )
    with_more = lately.filter(parts__signup__occurrence__starts_at__gt=now)
    new = Signup.objects.live().filter(created_at__gt=now - _LATELY, occurrence__starts_at__gt=now)
    is_behind = Q(occurrences__signups__reminders__in=with_more) | Q(
        pk__in=Meeting.objects.off(), occurrences__signups__in=new
    )
    for meeting in Meeting.objects.filter(is_behind).distinct().order_by("pk"):
        follow(meeting=meeting, now=now)


def warn(*, now: dt.datetime) -> None:
    """Tell who comes to a meeting in doubt, shortly before a date, that nobody knows whether it is on; each once."""
    soon = Signup.objects.live().filter(occurrence__starts_at__gt=now, occurrence__starts_at__lte=now + WARNED_BEFORE)
    for meeting in Meeting.objects.in_doubt().filter(occurrences__signups__in=soon).distinct().order_by("pk"):
        with transaction.atomic():
            _warn(meeting, _coming(meeting, now), now)


def _coming(meeting: Meeting, now: dt.datetime) -> SignupQuerySet:
    return Signup.objects.live().filter(
        occurrence__meeting=meeting, occurrence__status="scheduled", occurrence__starts_at__gt=now
    )


def _unsent(meeting: Meeting) -> QuerySet[Reminder]:
    """Return what is unsent about a meeting, but for reminders, which `replan` replaces person by person."""
    unsent = Reminder.objects.unsent().filter(signup__occurrence__meeting=meeting)
    return unsent.exclude(kind=ReminderKind.REMINDER)


def _tell_off(coming: SignupQuerySet, now: dt.datetime) -> None:
    for people in _people(coming):
        last = last_words(_places(people), (ReminderKind.OFF, ReminderKind.REOPENED))
        unaware = [
            (address, [each for each in mine if last.get(each.pk) != ReminderKind.OFF]) for address, mine in people
        ]
        _write(ReminderKind.OFF, unaware, now)


def _warn(meeting: Meeting, coming: SignupQuerySet, now: dt.datetime) -> None:
    for people in _people(coming.filter(occurrence__starts_at__lte=now + WARNED_BEFORE)):
        warned = Reminder.objects.filter(
            signup__in=_places(people), kind=ReminderKind.IN_DOUBT, created_at__gte=meeting.missing_since
        ).exclude(state=ReminderState.SUPERSEDED)
        told = set(warned.values_list("signup_id", flat=True))
        unwarned = [(address, [each]) for address, mine in people for each in mine if each.pk not in told]
        _write(ReminderKind.IN_DOUBT, unwarned, now)


def _follow_on(meeting: Meeting, coming: SignupQuerySet, now: dt.datetime) -> None:
    overtaken = _unsent(meeting).filter(kind__in=(ReminderKind.OFF, ReminderKind.IN_DOUBT))
    _supersede(overtaken, ON_AFTER_ALL, now=now)
    _supersede(_unsent(meeting).filter(kind=ReminderKind.CHANGED), CHANGED_AGAIN, now=now)
    restored = _unsent(meeting).filter(kind=ReminderKind.REOPENED)
    promised = set(restored.values_list("signup_id", flat=True)) | set(
        ReminderPart.objects.filter(reminder__in=restored).values_list("signup_id", flat=True)
    )
    changes = [(each.created_at, each.whereabouts) for each in PlaceChange.objects.filter(meeting=meeting)]
    for people in _people(coming):
        last = last_words(_places(people), (ReminderKind.OFF, ReminderKind.REOPENED, ReminderKind.IN_DOUBT))
        misled = {pk for pk, kind in last.items() if kind != ReminderKind.REOPENED} - promised
        # Who is told that it is on after all reads the new times there, of all that the other message would have named.
        moves = [(pk, named) for pk, named in _moves(meeting, people, now) if named & misled]
        misled = misled.union(*(named for _pk, named in moves))
        _supersede(Reminder.objects.filter(pk__in=[pk for pk, _named in moves]), ON_AFTER_ALL, now=now)
        reopened = [(address, [each for each in mine if each.pk in misled]) for address, mine in people]
        _write(ReminderKind.REOPENED, reopened, now)
        if changes:
            _tell_changed(meeting, people, changes, now)
    _bring_back(coming, now)


def _moves(meeting: Meeting, people: Sequence[_Person], now: dt.datetime) -> list[_Named]:
    """Return the news of other times of a meeting that is unsent, or was held back, and which places each names."""
    is_held = Q(state=ReminderState.SUPERSEDED, reason__in=(*OFF_REASONS, HELD))
    rows = Reminder.objects.filter(
        Q(pk__in=Reminder.objects.unsent().values("pk")) | is_held,
        kind__in=_SAID_THERE,
        signup__occurrence__meeting=meeting,
        signup__participant__in=[mine[0].participant_id for _address, mine in people],
        deadline_at__gt=now,
    )
    rows = rows.only("signup_id").prefetch_related("parts")
    return [(row.pk, {row.signup_id, *(part.signup_id for part in row.parts.all())}) for row in rows]


def _tell_changed(
    meeting: Meeting, people: Sequence[_Person], changes: Sequence[tuple[dt.datetime, Whereabouts]], now: dt.datetime
) -> None:
    """Tell those who know another place, or another way to join, than is so now."""
    told = _told_at(meeting, people)
    unaware = []
    for address, mine in people:
        # They know the place since they first asked to come, or since they were last told of another one after that.
        asked_at = min(_asked_at(each) for each in mine)
        known_at = max(told.get(mine[0].participant_id, asked_at), asked_at)
        known = next((old for changed_at, old in changes if changed_at > known_at), None)
        if known is not None and meeting.whereabouts.changed_from(known):
            unaware.append((address, mine))
    _write(ReminderKind.CHANGED, unaware, now)


def _asked_at(signup: Signup) -> dt.datetime:
    # Dates that time brought to who comes every time were not asked for by themselves.
    standing = signup.standing
    return signup.created_at if standing is None or standing.ended_at is not None else standing.created_at


def _told_at(meeting: Meeting, people: Sequence[_Person]) -> dict[int, dt.datetime]:
    """Return when people (participants' ids) were last told of another place of a meeting."""
    told = Reminder.objects.filter(
        kind=ReminderKind.CHANGED,
        signup__occurrence__meeting=meeting,
        signup__participant__in=[mine[0].participant_id for _address, mine in people],
        submitted_at__isnull=False,
    ).exclude(state__in=UNSAID)
    rows = told.order_by("submitted_at").values_list("signup__participant_id", "submitted_at")
    return {participant: at for participant, at in rows if at is not None}


def _bring_back(coming: SignupQuerySet, now: dt.datetime) -> None:
    """Let go out what was held back since the meeting was off, or in doubt, as far as nothing has replaced it since."""
    held = Reminder.objects.filter(
        signup__in=coming, state=ReminderState.SUPERSEDED, reason__in=(*OFF_REASONS, HELD), deadline_at__gt=now
    ).exclude(kind__in=(ReminderKind.REMINDER, *_OF_THE_MEETING))
    # Who is told that it is on after all reads the new times there.
    reopened = Reminder.objects.unsent().filter(signup__in=coming, kind=ReminderKind.REOPENED)
    parts = ReminderPart.objects.filter(reminder__in=reopened)
    is_said = Q(signup__in=reopened.values("signup")) | Q(signup__in=parts.values("signup"))
    held = held.exclude(is_said, kind__in=_SAID_THERE)
    newest = {(row.signup_id, row.kind): row for row in held.select_related("signup__occurrence").order_by("pk")}
    again = [row.pk for row in newest.values() if row.schedule_seq == row.signup.occurrence.schedule_seq]
    for start in range(0, len(again), _CHUNK):
        Reminder.objects.filter(pk__in=again[start : start + _CHUNK]).update(
            state=ReminderState.PLANNED, reason="", due_at=now, settled_at=None
        )


#: Where somebody hears of changes, and their places in one meeting, the first to start first.
_Person = tuple[Address, list[Signup]]
#: A message (id), and the places (ids) that it names.
_Named = tuple[int, set[int]]


def _people(coming: SignupQuerySet) -> Iterator[list[_Person]]:
    """Yield who is to come, a thousand people at a time: not those who never confirmed, and only wonder."""
    ids = iter(sorted(set(coming.values_list("participant_id", flat=True))))
    while chunk := list(islice(ids, _CHUNK)):
        places = coming.filter(participant__in=chunk).exclude(status=SignupStatus.PENDING)
        mine: dict[int, list[Signup]] = defaultdict(list)
        for signup in (
            places.select_related("occurrence", "participant", "standing")
            .defer(*plan.SEALED)
            .order_by("occurrence__starts_at", "pk")
        ):
            mine[signup.participant_id].append(signup)
        readers = {pk: each[0].participant for pk, each in mine.items()}
        addresses = plan.hears_at({pk: (each.contact_point_id, each.user_id) for pk, each in readers.items()})
        yield [(addresses[participant], each) for participant, each in sorted(mine.items())]


def _places(people: Sequence[_Person]) -> list[int]:
    return [each.pk for _address, mine in people for each in mine]


def _write(kind: ReminderKind, people: Iterable[_Person], now: dt.datetime) -> None:
    """Plan one message for each person, about all of their places given."""
    heard = [(address, mine) for address, mine in people if mine]
    firsts = [mine[0].pk for _address, mine in heard]
    earlier: dict[int, int] = defaultdict(int)
    for signup in Reminder.objects.filter(signup__in=firsts, kind=kind).values_list("signup_id", flat=True):
        earlier[signup] += 1
    rows = []
    for address, mine in heard:
        first = mine[0]
        row = _row(
            first,
            kind,
            lane=Lane.CHANGE,
            due_at=now,
            # Before the first of the dates: whoever sets out for it must know.
            deadline_at=first.occurrence.starts_at,
            now=now,
            again=earlier[first.pk],
            address=address,
        )
        rows.append((row, mine[1:]))
    plan._write(Draft(row, [_part(signup) for signup in others]) for row, others in rows)
    if kind in _IN_CALENDARS:
        # What is taken out of a calendar and put back is each time a later state of its entry.
        places = _places(heard)
        for start in range(0, len(places), _CHUNK):
            some = Signup.objects.filter(pk__in=places[start : start + _CHUNK])
            some.update(calendar_seq=F("calendar_seq") + 1)
