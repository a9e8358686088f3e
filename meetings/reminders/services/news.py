"""News of changed dates: what people were last told of each is compared with what holds now.

What is the same is not said. What is not is said in one message for a meeting, however many of its dates changed and
however often. Whatever is unsent about these dates is replaced. It runs in the transaction of the change.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Case, IntegerField, Q, Value, When
from django.utils.translation import gettext_noop as _

from meetings.enums import MeetingState, SignupStatus
from meetings.models import DateState, Occurrence, OccurrenceChange, Participant, Signup
from meetings.recurrence import falls_on
from meetings.reminders.enums import NEWS, SAYS_OFF, UNSENT, Lane, ReminderKind, ReminderState
from meetings.reminders.models import Reminder, ReminderPart
from meetings.reminders.queries.addresses import Address
from meetings.reminders.queries.told import ABOUT_ALL, Place, last_words, live_places, told_of, with_history
from meetings.reminders.services import plan
from meetings.reminders.services.replan import CHUNK, replan

RESTORED = _("The date is on after all")
UNDELIVERED = _("The message before it did not go out")
AS_TOLD = _("It is again as they were told")
#: Places looked at in one go: bounds the memory where many dates of many people change.
_PLACES = 10_000
#: Which question or answer a place of this status waits for.
_ANSWERS = {
    SignupStatus.PENDING.value: ReminderKind.CONFIRM_REQUEST,
    SignupStatus.CONFIRMED.value: ReminderKind.CONFIRMATION,
}


def why(change: OccurrenceChange) -> str:
    """Return the reason that what is unsent about a changed date is replaced."""
    if change.is_cancellation:
        return plan.CANCELLED
    return RESTORED if change.is_restoration else plan.MOVED


@transaction.atomic
def plan_news(
    *,
    occurrences: Collection[int],
    why: str,
    now: dt.datetime,
    participants: Collection[int] | None = None,
    is_waiting: bool = True,
) -> None:
    """Tell everyone who signed up for `occurrences` (ids) what they do not know yet, and plan their reminders anew.

    `participants` (ids): these alone. Planning twice changes nothing. Raises DatabaseError where a row is held by
    somebody else and not `is_waiting`.
    """
    ids = sorted(set(occurrences))
    size = max(50, min(CHUNK, _PLACES // max(1, len(ids))))
    for chunk in _people(ids, participants, size):
        _lock(chunk, is_waiting=is_waiting)
        _Comparison(chunk, ids, why, now).write()
        confirmed = Signup.objects.confirmed().filter(participant__in=chunk, occurrence__in=ids)
        replan(
            participants=set(confirmed.values_list("participant_id", flat=True)),
            why=why,
            is_waiting=is_waiting,
            now=now,
        )


def correct_anew(reminder: Reminder, *, now: dt.datetime) -> None:
    """Write anew what waits to correct a message of news that nobody got after all: it said what they never read."""
    about = {reminder.signup_id, *reminder.parts.values_list("signup_id", flat=True)}
    waiting = Reminder.objects.unsent().filter(kind__in=NEWS).exclude(pk=reminder.pk)
    if waiting.filter(Q(signup__in=about) | Q(parts__signup__in=about)).exists():
        dates = Signup.objects.filter(pk__in=about).values_list("occurrence_id", flat=True)
        plan_news(occurrences=dates, participants=[reminder.signup.participant_id], why=UNDELIVERED, now=now)


def _people(occurrences: Sequence[int], only: Collection[int] | None, size: int) -> Iterator[list[int]]:
    """Yield who signed up for any of `occurrences`, so many at a time, in the order of their ids."""
    coming = Signup.objects.live().filter(occurrence__in=occurrences)
    if only is not None:
        coming = coming.filter(participant__in=only)
    last = 0
    while True:
        rows = coming.filter(participant__gt=last).order_by("participant_id")
        chunk = list(rows.values_list("participant_id", flat=True).distinct()[:size])
        if not chunk:
            return
        yield chunk
        last = chunk[-1]


def _lock(participants: Collection[int], *, is_waiting: bool) -> None:
    """Lock all that is unsent of these people: person by person, of each the news first, then the reminders.

    Whoever plans one person anew locks in the same order, and nobody waits for somebody who waits for them.
    """
    is_reminder = Case(When(kind=ReminderKind.REMINDER, then=Value(1)), default=Value(0), output_field=IntegerField())
    unsent = Reminder.objects.filter(signup__participant__in=participants, state__in=UNSENT)
    rows = unsent.order_by("signup__participant_id", is_reminder, "pk")
    list(rows.select_for_update(of=("self",), nowait=not is_waiting).values_list("pk", flat=True))


@dataclass(slots=True)
class _Unsent:
    """A message of news that nobody has got yet."""

    pk: int
    kind: str
    contact_point: int
    #: What it says of each place: which schedule_seq, and which its reader knew of.
    says: dict[int, tuple[int, int | None]]


@dataclass(slots=True)
class _Answer:
    """The newest request or confirmation that names a place."""

    pk: int
    kind: str
    state: str
    seq: int


@dataclass(slots=True)
class _News:
    """What one person is to hear about one meeting: places with what their owner knows of each date."""

    kind: ReminderKind
    places: list[tuple[Place, int]] = field(default_factory=list)


class _Comparison:
    """What some people were told of some dates, beside what holds; and what has to be written for them to know it."""

    def __init__(self, people: Sequence[int], changed: Sequence[int], why: str, now: dt.datetime) -> None:
        self.why, self.now = why, now
        self.unsent = _unsent_news(people, changed)
        # What else a message spoke of that is replaced has to be said anew.
        spoken_of = {signup for row in self.unsent for signup in row.says}
        further = Signup.objects.filter(pk__in=spoken_of).values_list("occurrence_id", flat=True)
        dates = {*changed, *further}
        self.dates = with_history(dates)
        everyone = live_places(people, sorted(dates))
        self.places = [place for place in everyone if place.occurrence in changed or place.pk in spoken_of]
        self.told = told_of(people, sorted(dates))
        self.answers, self.listing = _answers(people, self.places)
        self.off = _known_to_be_off(self.places, self.dates)
        self.superseded: list[int] = []
        self.pointless: list[int] = []
        self.reopened: set[int] = set()
        self.drafts: list[plan.Draft] = []
        self.rules = _OtherDays(now)
        self.states: dict[tuple[int, int], DateState] = {}

    def write(self) -> None:
        """Write what is to be said, and take back what is not."""
        news: dict[tuple[int, int, str], _News] = {}
        for place in self.places:
            occurrence = self.dates[place.occurrence]
            if self._answers_for_itself(place, occurrence) or not self._is_told(place):
                continue
            seq = self.told.seq(place, occurrence)
            kind = self._kind(occurrence, seq)
            if kind in SAYS_OFF and place.pk in self.off:
                continue
            if kind is not None:
                key = (place.participant, occurrence.meeting_id, kind)
                news.setdefault(key, _News(kind)).places.append((place, seq))
        self._keep_or_draft(list(news.values()))
        self._take_back()
        plan._write(self.drafts)

    def _as_of(self, occurrence: Occurrence, seq: int) -> DateState:
        """Return what held of a date; the same is asked for everyone who comes to it."""
        key = (occurrence.pk, seq)
        if key not in self.states:
            self.states[key] = occurrence.as_of(seq)
        return self.states[key]

    def _kind(self, occurrence: Occurrence, seq: int) -> ReminderKind | None:
        """Return what there is to say to somebody who was told of `seq`, or None."""
        was = self._as_of(occurrence, seq)
        if max(was.starts_at, occurrence.starts_at) <= self.now:
            return None
        if occurrence.is_cancelled:
            if was.is_cancelled:
                return None
            return ReminderKind.NEW_DAY if self.rules.took(occurrence) else ReminderKind.CANCELLED
        if was.is_cancelled:
            return ReminderKind.RESTORED
        is_same = (was.starts_at, was.ends_at) == (occurrence.starts_at, occurrence.ends_at)
        return None if is_same else ReminderKind.MOVED

    def _answers_for_itself(self, place: Place, occurrence: Occurrence) -> bool:
        """Return whether a request or a confirmation that is still to come says how things are; see that it does."""
        wanted = _ANSWERS.get(place.status)
        answer = self.answers.get(place.pk)
        if answer is not None and answer.kind == wanted and self._is_owed(answer, place):
            if not occurrence.is_cancelled:
                if answer.state not in UNSENT or answer.seq != occurrence.schedule_seq:
                    self._anew(answer, place, occurrence)
                return True
            if answer.state in UNSENT:
                self.superseded.append(answer.pk)
                if wanted == ReminderKind.CONFIRMATION:
                    heirs = plan._heirs(Signup.objects.filter(pk=place.pk))
                    self.drafts += [plan.Draft(plan._confirmation(heir, now=self.now)) for heir in heirs]
        rows = self.listing.get((place.standing or 0, wanted or ""), ())
        # One that is in hand already must be written anew.
        self.reopened.update(rows)
        return bool(rows) and not occurrence.is_cancelled

    def _is_told(self, place: Place) -> bool:
        """Return whether its owner hears of changes: nobody who has not confirmed, as the request to confirm says.

        Who was to be asked and is not now hears that instead.
        """
        if place.status != SignupStatus.PENDING:
            return True
        answer = self.answers.get(place.pk)
        return answer is not None and answer.kind == ReminderKind.CONFIRM_REQUEST and answer.state in UNSENT

    def _is_owed(self, answer: _Answer, place: Place) -> bool:
        """Return whether an answer is still to come: unsent, or taken back when its date was off for a while."""
        return answer.state in UNSENT or (answer.state == ReminderState.SUPERSEDED and not self.told.about(place))

    def _anew(self, answer: _Answer, place: Place, occurrence: Occurrence) -> None:
        if answer.state in UNSENT:
            self.superseded.append(answer.pk)
        signup = _signup(place, occurrence)
        if answer.kind == ReminderKind.CONFIRMATION:
            row = plan._confirmation(signup, now=self.now)
        else:
            row = plan._request(signup, asked_at=place.created_at, now=self.now)
        self.drafts.append(plan.Draft(row))

    def _keep_or_draft(self, news: Sequence[_News]) -> None:
        people = {place.participant: place for each in news for place, _seq in each.places[:1]}
        addresses = plan.hears_at({pk: (place.contact_point, place.user) for pk, place in people.items()})
        kept: set[int] = set()
        unsent: dict[int, list[_Unsent]] = defaultdict(list)
        for row in self.unsent:
            for signup in row.says:
                unsent[signup].append(row)
        earlier = self._earlier(news)
        for each in news:
            first = each.places[0][0]
            address = addresses[first.participant]
            says = {place.pk: (self.dates[place.occurrence].schedule_seq, seq) for place, seq in each.places}
            same = next(
                (
                    row
                    for row in unsent[first.pk]
                    if (row.kind, row.contact_point, row.says) == (each.kind, address.contact_point, says)
                ),
                None,
            )
            if same is None:
                self.drafts.append(self._draft(each, address, earlier))
            else:
                kept.add(same.pk)
        said = {place.pk for each in news for place, _seq in each.places}
        for row in self.unsent:
            if row.pk not in kept:
                (self.superseded if said & row.says.keys() else self.pointless).append(row.pk)

    def _earlier(self, news: Iterable[_News]) -> Counter[tuple[int, str, int]]:
        """Count the rows of news that there were about places: one that is planned anew is another row."""
        mains = [each.places[0][0].pk for each in news]
        rows = Reminder.objects.filter(signup__in=mains, kind__in=NEWS).values_list("signup_id", "kind", "schedule_seq")
        return Counter(rows)

    def _draft(self, news: _News, address: Address, earlier: Mapping[tuple[int, str, int], int]) -> plan.Draft:
        (place, seq), *others = news.places
        occurrence = self.dates[place.occurrence]
        dates = [(self.dates[each.occurrence], told) for each, told in news.places]
        row = plan._row_about(
            place.pk,
            news.kind,
            taken=place.taken_at,
            seq=occurrence.schedule_seq,
            told_seq=seq,
            lane=Lane.CHANGE,
            due_at=self.now,
            deadline_at=max(max(date.starts_at, self._as_of(date, told).starts_at) for date, told in dates),
            now=self.now,
            address=address,
            again=earlier.get((place.pk, news.kind, occurrence.schedule_seq), 0),
        )
        parts = [
            ReminderPart(
                signup_id=each.pk,
                lead_key="",
                schedule_seq=self.dates[each.occurrence].schedule_seq,
                told_seq=told,
            )
            for each, told in others
        ]
        return plan.Draft(row, parts)

    def _take_back(self) -> None:
        for pks, reason in ((self.superseded, self.why), (self.pointless, AS_TOLD)):
            Reminder.objects.filter(pk__in=pks, state__in=UNSENT).update(
                state=ReminderState.SUPERSEDED, reason=reason, claim_token=None, lease_until=None, settled_at=self.now
            )
        Reminder.objects.filter(pk__in=self.reopened - set(self.superseded), state__in=UNSENT).update(
            state=ReminderState.PLANNED, claim_token=None, lease_until=None
        )


class _OtherDays:
    """Which dates went because their meeting is on other days now; asked of each meeting once."""

    def __init__(self, now: dt.datetime) -> None:
        self.now = now
        self.goes_on: dict[int, bool] = {}

    def took(self, occurrence: Occurrence) -> bool:
        rule = occurrence.meeting.rule
        if rule is None or falls_on(occurrence.original_date, rule.parts.days):
            return False
        if occurrence.meeting_id not in self.goes_on:
            self.goes_on[occurrence.meeting_id] = rule.first_after(self.now) is not None
        return self.goes_on[occurrence.meeting_id]


def _known_to_be_off(places: Sequence[Place], dates: Mapping[int, Occurrence]) -> set[int]:
    """Return the places whose owners heard last that their meeting is off: that one of its dates is too is no news."""
    of_it = [place.pk for place in places if dates[place.occurrence].meeting.state is MeetingState.OFF]
    words = last_words(of_it, (ReminderKind.OFF, ReminderKind.REOPENED)) if of_it else {}
    return {place for place, kind in words.items() if kind == ReminderKind.OFF}


def _unsent_news(people: Collection[int], occurrences: Collection[int]) -> list[_Unsent]:
    """Return the unsent news of `people` that speaks of any of `occurrences`."""
    about = Q(signup__occurrence__in=occurrences) | Q(parts__signup__occurrence__in=occurrences)
    rows = Reminder.objects.unsent().filter(about, signup__participant__in=people, kind__in=NEWS).distinct()
    fields = ("pk", "kind", "contact_point_id", "signup_id", "schedule_seq", "told_seq")
    found = {
        pk: _Unsent(pk, kind, point, {signup: (seq, told)})
        for pk, kind, point, signup, seq, told in rows.order_by("pk").values_list(*fields)
    }
    parts = ReminderPart.objects.filter(reminder__in=list(found)) if found else ReminderPart.objects.none()
    for pk, signup, seq, told in parts.values_list("reminder_id", "signup_id", "schedule_seq", "told_seq"):
        found[pk].says[signup] = (seq, told)
    return list(found.values())


def _answers(
    people: Collection[int], places: Iterable[Place]
) -> tuple[dict[int, _Answer], dict[tuple[int, str], list[int]]]:
    """Return the newest request or confirmation by signup; and those unsent, by standing signup and kind."""
    standings = {place.standing for place in places if place.standing is not None}
    newest: dict[int, _Answer] = {}
    listing: dict[tuple[int, str], list[int]] = defaultdict(list)
    rows = Reminder.objects.filter(signup__participant__in=people, kind__in=ABOUT_ALL).order_by("pk")
    for pk, signup, standing, kind, state, seq in rows.values_list(
        "pk", "signup_id", "signup__standing_id", "kind", "state", "schedule_seq"
    ):
        newest[signup] = _Answer(pk, kind, state, seq)
        if standing in standings and state in UNSENT:
            listing[standing, kind].append(pk)
    return newest, listing


def _signup(place: Place, occurrence: Occurrence) -> Signup:
    """Return as much of a signup as a row is made from."""
    return Signup(
        pk=place.pk,
        occurrence=occurrence,
        participant=Participant(pk=place.participant, contact_point_id=place.contact_point),
        created_at=place.created_at,
        confirmed_at=place.confirmed_at,
        cancelled_at=place.cancelled_at,
    )
