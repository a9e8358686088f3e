"""Finding meetings: what, where and when someone asks for, to a page of meetings with their next date and distance.

The same code on SQLite and PostgreSQL. Place: a bounding box on the venues' index, then the great-circle distance in
SQL. Day: a bit mask in SQL, then the real dates in Python, since a rule may skip weeks and a facilitator may have
cancelled or moved a date.
"""

from __future__ import annotations

import datetime as dt
import heapq
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, overload
from zoneinfo import ZoneInfo

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    Avg,
    Case,
    Count,
    Exists,
    F,
    FloatField,
    Func,
    Max,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.lookups import IsNull, LessThanOrEqual

from meetings import gazetteer
from meetings.enums import FormatCategory, MeetingKind, OccurrenceStatus, SignupPolicy, VenueType
from meetings.geo import EARTH_RADIUS_KM, Point, box_around
from meetings.models import Format, FormatTranslation, Meeting, Occurrence, Venue
from meetings.models.meeting import MeetingQuerySet
from meetings.models.occurrence import OccurrenceQuerySet
from meetings.queries.plain import PlainLines, plain
from meetings.recurrence import Rule
from meetings.vocabulary import FOR_ANYONE
from support import clock

#: Of several places with one name, the one with meetings this near is meant before a bigger one with none.
NEAR_A_MEETING_KM = 50.0
#: Of several places with one name, one that is this many times smaller and has no meetings of its own is not meant.
MUCH_SMALLER = 20
#: Meetings this near are a place's own.
ITS_OWN_KM = 10.0
#: As many other places are asked after as anyone reads.
MOST_OTHERS = 3
#: How far ahead a day filter looks for a date: a rule that skips longer than a season is rarely what is wanted.
HORIZON = dt.timedelta(days=100)
#: What starts within this is on soon.
SOON = dt.timedelta(hours=1)
#: Formats of these categories exclude one another, so two chosen mean "either"; others mean "and".
EITHER = (FormatCategory.OPENNESS, FormatCategory.LANGUAGE)
WHEN, DISTANCE = "when", "distance"
#: The parts of a day as people mean them, both ends included.
PARTS_OF_DAY = {
    "morning": (dt.time(4), dt.time(11, 59)),
    "afternoon": (dt.time(12), dt.time(16, 59)),
    "evening": (dt.time(17), dt.time(23, 59)),
}
_MOST_WORDS = 12
_DAY = dt.timedelta(days=1)
_PLAIN_WEEKLY = re.compile(r"FREQ=WEEKLY;BYDAY=[A-Z,]+")
_HAS_A_PLACE = Q(venue_type__in=(VenueType.IN_PERSON, VenueType.HYBRID), venue__latitude__isnull=False)
_WHERE_WORDS_ARE = (
    "name",
    "group_name",
    "region",
    "notes",
    "venue__name",
    "venue__street",
    "venue__city",
    "venue__district",
    "venue__county",
    "venue__postal_code",
    "venue__formatted_address",
)


@dataclass(frozen=True, slots=True)
class Criteria:
    """What someone asks for; every part may be left out.

    `weekdays` count from Monday = 0, by the meeting's own calendar; "today" (what is still to come) and "tomorrow" are
    the reader's own days. `starts_from` after `starts_until` is a window across midnight.
    """

    words: tuple[str, ...] = ()
    center: Point | None = None
    radius_km: float = 25.0
    weekdays: frozenset[int] = frozenset()
    is_today: bool = False
    is_tomorrow: bool = False
    starts_from: dt.time | None = None
    starts_until: dt.time | None = None
    formats: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()
    kind: str = ""
    #: Only what nobody signs up for.
    is_drop_in: bool = False
    #: Nothing that is only for women, for men, or for others among members.
    is_for_anyone: bool = False
    sort: str = WHEN

    @property
    def has_day(self) -> bool:
        return bool(self.weekdays) or self.is_today or self.is_tomorrow

    @property
    def keeps_online(self) -> bool:
        """Whether meetings without a way to walk to are wanted even where a place is given."""
        return VenueType.ONLINE in self.venues


@dataclass(frozen=True, slots=True)
class Date:
    """One date of a meeting; `original_date` is the one its rule gave it, `is_moved` by a facilitator."""

    original_date: dt.date
    starts_at: dt.datetime
    ends_at: dt.datetime
    is_cancelled: bool = False
    is_moved: bool = False


@dataclass(frozen=True, slots=True)
class FormatWords:
    """A format in the reader's language."""

    slug: str
    name: str
    description: str
    category: str

    @property
    def is_for_some(self) -> bool:
        """Whether it says that a meeting is for some people only."""
        return self.category == FormatCategory.AUDIENCE and self.slug not in FOR_ANYONE


@dataclass(frozen=True, slots=True)
class Found:
    """A meeting as the timetable shows it.

    `date` is the one that answers the question (None: by appointment, or temporarily closed), `called_off` the
    cancelled dates before it, `tz` the zone to read times in: the place's, or the reader's for what is online.
    """

    meeting: Meeting
    date: Date | None
    tz: str
    distance_km: float | None = None
    called_off: tuple[Date, ...] = ()
    formats: tuple[FormatWords, ...] = ()
    #: Minutes until it starts, where that is within the hour.
    starts_in: int | None = None

    @property
    def day(self) -> dt.date | None:
        """The calendar date to list it under."""
        return clock.to_wall(self.date.starts_at, self.tz).date() if self.date else None

    @property
    def for_some(self) -> tuple[str, ...]:
        """The names of the formats by which it is for some people only."""
        return tuple(each.name for each in self.formats if each.is_for_some)


class _Candidate(NamedTuple):
    """What is needed to date and sort a meeting, without the cost of an object for each."""

    pk: int
    rrule: str
    starts_on: dt.date | None
    start_time: dt.time | None
    duration: dt.timedelta
    tz: str
    weekday_mask: int
    next_starts_at: dt.datetime | None
    is_temporarily_closed: bool
    distance_km: float | None

    @property
    def rule(self) -> Rule | None:
        if not self.rrule or self.starts_on is None or self.start_time is None:
            return None
        return Rule(
            rrule=self.rrule,
            starts_on=self.starts_on,
            start_time=self.start_time,
            duration=self.duration,
            tz=self.tz,
        )


def search(criteria: Criteria, *, now: dt.datetime, reader_tz: str, language: str = "en") -> FoundMeetings:
    """Return what can be found, lazily: its length, and slices of `Found` in order, as Django's Paginator takes them.

    Sorted by the next date that answers the question, or by distance; what is temporarily closed or by appointment
    comes last and claims no date. Ties go by id, so that pages never overlap.
    """
    return FoundMeetings(criteria, now=now, reader_tz=reader_tz, language=language)


class FoundMeetings(Sequence[Found]):
    """The answer to a search: nothing is asked of the database before its length or a slice is."""

    def __init__(self, criteria: Criteria, *, now: dt.datetime, reader_tz: str, language: str) -> None:
        self.criteria = criteria
        self.now = now
        self.reader_tz = reader_tz
        self.language = language
        self._meetings = _ordered(_matching(criteria, now, reader_tz), criteria)
        self._dated: list[tuple[_Candidate, Date | None]] | None = None
        self._exceptions: Mapping[int, Sequence[Date]] = {}
        self._count: int | None = None

    def __len__(self) -> int:
        if self._count is None:
            self._count = len(self._by_date()) if self.criteria.has_day else self._meetings.order_by().count()
        return self._count

    @overload
    def __getitem__(self, index: int) -> Found: ...
    @overload
    def __getitem__(self, index: slice) -> list[Found]: ...
    def __getitem__(self, index: int | slice) -> Found | list[Found]:
        if isinstance(index, int):
            return self[index : index + 1][0]
        if self.criteria.has_day:
            return self._page(self._by_date()[index], self._exceptions)
        candidates = list(_candidates(self._meetings[index]))
        exceptions = _exceptions([candidate.pk for candidate in candidates], self.now)
        dated = [(each, _next_date(each, exceptions[each.pk], self.now)) for each in candidates]
        return self._page(dated, exceptions)

    def _by_date(self) -> list[tuple[_Candidate, Date | None]]:
        if self._dated is None:
            candidates = list(_candidates(self._meetings.order_by()))
            self._exceptions = exceptions = _exceptions(
                [candidate.pk for candidate in candidates] if len(candidates) < 500 else None, self.now
            )
            wanted = _Wanted(self.criteria, self.now, self.reader_tz)
            dated = (
                (candidate, date)
                for candidate in candidates
                if (date := wanted.first(candidate, exceptions[candidate.pk])) or wanted.keeps_undated(candidate)
            )
            self._dated = sorted(dated, key=self._order)
        return self._dated

    def _order(self, dated: tuple[_Candidate, Date | None]) -> tuple[bool, float, float, int]:
        candidate, date = dated
        distance = math.inf if candidate.distance_km is None else candidate.distance_km
        at = date.starts_at.timestamp() if date else math.inf
        if self.criteria.sort == DISTANCE:
            return date is None, distance, at, candidate.pk
        return date is None, at, distance, candidate.pk

    def _page(
        self, chosen: Sequence[tuple[_Candidate, Date | None]], exceptions: Mapping[int, Sequence[Date]]
    ) -> list[Found]:
        meetings = _with_what_a_row_shows(
            Meeting.objects.filter(pk__in=[candidate.pk for candidate, _date in chosen]), self.language
        ).in_bulk()
        page = []
        for candidate, date in chosen:
            meeting = meetings.get(candidate.pk)
            if meeting is None:  # withdrawn between the two queries
                continue
            called_off = tuple(
                other
                for other in exceptions[meeting.pk]
                if other.is_cancelled and date and other.starts_at < date.starts_at
            )
            page.append(
                Found(
                    meeting=meeting,
                    date=date,
                    tz=meeting.tz if meeting.is_in_person else self.reader_tz,
                    distance_km=candidate.distance_km,
                    called_off=called_off,
                    formats=format_words(meeting.formats.all()),
                    starts_in=_minutes_until(date, self.now),
                )
            )
        return page


def _minutes_until(date: Date | None, now: dt.datetime) -> int | None:
    if date is None or date.is_cancelled or not now <= date.starts_at <= now + SOON:
        return None
    return math.ceil((date.starts_at - now) / dt.timedelta(minutes=1))


# -- What is asked, in SQL ---------------------------------------------------------------------------------------------


def _matching(criteria: Criteria, now: dt.datetime, reader_tz: str) -> MeetingQuerySet:
    meetings = _saying(Meeting.objects.listed(), criteria.words[:_MOST_WORDS])
    if criteria.kind:
        meetings = meetings.filter(kind=criteria.kind)
    if criteria.is_drop_in:
        # As enums.keeps_places has it: a family session is signed up for, whatever its list says.
        meetings = meetings.filter(signup_policy=SignupPolicy.DROP_IN).exclude(kind=MeetingKind.FAMILY_SESSION)
    if criteria.is_for_anyone:
        only_some = Format.objects.filter(category=FormatCategory.AUDIENCE).exclude(slug__in=FOR_ANYONE)
        through = Meeting.formats.through.objects.filter(meeting=OuterRef("pk"), format__in=only_some)
        meetings = meetings.exclude(Exists(through))
    if criteria.venues:
        meetings = meetings.filter(venue_type__in=_venue_types(criteria.venues))
    meetings = _with_formats(meetings, criteria.formats)
    meetings = _within_hours(meetings, criteria.starts_from, criteria.starts_until)
    if criteria.has_day:
        meetings = _around_days(meetings, criteria, now, reader_tz)
    return _near(meetings, criteria)


def _saying(meetings: MeetingQuerySet, words: Sequence[str]) -> MeetingQuerySet:
    if not words:
        return meetings
    # One text of all columns, so that each is made plain once and not once a word; no word holds a line's end.
    meetings = meetings.alias(said=PlainLines(*_WHERE_WORDS_ARE))
    return meetings.filter(*(Q(said__contains=plain(word)) for word in words))


def _venue_types(venues: Iterable[str]) -> set[str]:
    """A hybrid meeting can be walked to and can be joined online, so either finds it."""
    types = set(venues)
    return types | {VenueType.HYBRID} if types else types


def _with_formats(meetings: MeetingQuerySet, slugs: Sequence[str]) -> MeetingQuerySet:
    if not slugs:
        return meetings
    either: dict[str, list[int]] = defaultdict(list)
    for pk, slug, category in Format.objects.filter(slug__in=slugs).values_list("pk", "slug", "category"):
        either[category if category in EITHER else slug].append(pk)
    for formats in either.values():
        through = Meeting.formats.through.objects.filter(meeting=OuterRef("pk"), format__in=formats)
        meetings = meetings.filter(Exists(through))
    return meetings if either else meetings.none()


def _within_hours(meetings: MeetingQuerySet, start: dt.time | None, until: dt.time | None) -> MeetingQuerySet:
    """Keep what starts on its own clock within the hours, both ends included; by appointment has no hour."""
    if start and until and until < start:
        return meetings.filter(Q(start_time__gte=start) | Q(start_time__lte=until))
    if start:
        meetings = meetings.filter(start_time__gte=start)
    if until:
        meetings = meetings.filter(start_time__lte=until)
    return meetings


def _around_days(meetings: MeetingQuerySet, criteria: Criteria, now: dt.datetime, reader_tz: str) -> MeetingQuerySet:
    """Keep what may have a date on the days asked for; `_Wanted` looks at the dates themselves.

    The reader's day and the meeting's may differ by one, so a day's neighbours stay in as well.
    """
    mask = sum(1 << weekday for weekday in criteria.weekdays)
    possible = Q()
    if mask:
        possible |= Q(weekday_mask__in=_masks(mask))
    today = clock.to_wall(now, reader_tz).date()
    for is_asked, day in ((criteria.is_today, today), (criteria.is_tomorrow, today + dt.timedelta(days=1))):
        if is_asked:
            nearby = sum(1 << (day.weekday() + shift) % 7 for shift in (-1, 0, 1))
            before = clock.to_instant(dt.datetime.combine(day + dt.timedelta(days=1), dt.time()), reader_tz)
            possible |= Q(weekday_mask__in=_masks(nearby), next_starts_at__lt=before)
    changed = _changed_occurrences(now).values("meeting_id")
    return meetings.filter(possible | Q(pk__in=changed))


def _masks(bits: int) -> list[int]:
    """Return every weekday mask that shares a bit with `bits`: a list an index can use, where an operator could not."""
    return [mask for mask in range(1, 128) if mask & bits]


def _near(meetings: MeetingQuerySet, criteria: Criteria) -> MeetingQuerySet:
    if criteria.center is None:
        return meetings.annotate(distance_km=Value(None, output_field=FloatField()))
    distance = Case(When(_HAS_A_PLACE, then=_DistanceKm(criteria.center)), output_field=FloatField())
    within = _is_within(criteria.center, criteria.radius_km)
    if criteria.keeps_online:
        within |= Q(venue_type__in=(VenueType.ONLINE, VenueType.HYBRID))
    return meetings.annotate(distance_km=distance).filter(within)


def _is_within(center: Point, radius_km: float) -> Q:
    box = box_around(center, radius_km)
    in_box = Q(venue__latitude__gte=box.south, venue__latitude__lte=box.north)
    in_range = Q()
    for west, east in box.longitudes:
        in_range |= Q(venue__longitude__gte=west, venue__longitude__lte=east)
    return _HAS_A_PLACE & in_box & in_range & Q(LessThanOrEqual(_DistanceKm(center), radius_km))


class _DistanceKm(Func):
    """The great-circle distance to a meeting's venue by the spherical law of cosines, exact to a few centimetres.

    The cosine is held within 1: rounding may carry it a hair beyond, where the arc cosine has no value. One expression
    instead of Django's for each function: to write those takes longer than a database needs to work them out.
    """

    output_field = FloatField()

    def __init__(self, center: Point) -> None:
        super().__init__(F("venue__latitude"), F("venue__longitude"))
        self.center = center

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper, *_: Any, **__: Any) -> Any:
        (latitude, _params), (longitude, _params) = map(compiler.compile, self.get_source_expressions())
        least, greatest = ("MIN", "MAX") if connection.vendor == "sqlite" else ("LEAST", "GREATEST")
        phi, lam = math.radians(self.center.latitude), math.radians(self.center.longitude)
        cosine = f"%s * SIN(RADIANS({latitude})) + %s * COS(RADIANS({latitude})) * COS(RADIANS({longitude}) - %s)"
        sql = f"(%s * ACOS({least}(1.0, {greatest}(-1.0, {cosine}))))"
        return sql, [EARTH_RADIUS_KM, math.sin(phi), math.cos(phi), lam]


def _ordered(meetings: MeetingQuerySet, criteria: Criteria) -> MeetingQuerySet:
    when = Case(When(is_temporarily_closed=False, then=F("next_starts_at")), default=None)
    soonest = F("soonest_at").asc(nulls_last=True)
    meetings = meetings.annotate(soonest_at=when)
    if criteria.sort == DISTANCE and criteria.center is not None:
        has_none = Case(When(soonest_at__isnull=True, then=Value(1)), default=Value(0))
        return meetings.order_by(has_none, F("distance_km").asc(nulls_last=True), soonest, "pk")
    return meetings.order_by(soonest, "pk")


def _candidates(meetings: MeetingQuerySet) -> Iterator[_Candidate]:
    return (_Candidate._make(row) for row in meetings.values_list(*_Candidate._fields))


# -- Which date answers ------------------------------------------------------------------------------------------------


def _changed_occurrences(now: dt.datetime) -> OccurrenceQuerySet:
    """What a facilitator cancelled or moved and that is still ahead, on its old date or its new one."""
    ahead = Q(starts_at__gte=now) | Q(original_date__gte=now.date() - dt.timedelta(days=1))
    return Occurrence.objects.filter(ahead, Q(status=OccurrenceStatus.CANCELLED) | Q(is_moved=True))


def _exceptions(meeting_pks: Iterable[int] | None, now: dt.datetime) -> dict[int, list[Date]]:
    """Return the changed dates of these meetings (None: of all), in order, by meeting."""
    changed = _changed_occurrences(now)
    if meeting_pks is not None:
        changed = changed.filter(meeting__in=list(meeting_pks))
    dates: dict[int, list[Date]] = defaultdict(list)
    for meeting_id, original_date, starts_at, ends_at, status, is_moved in changed.order_by("starts_at").values_list(
        "meeting_id", "original_date", "starts_at", "ends_at", "status", "is_moved"
    ):
        dates[meeting_id].append(
            Date(original_date, starts_at, ends_at, status == OccurrenceStatus.CANCELLED, is_moved)
        )
    return dates


def _next_date(candidate: _Candidate, exceptions: Sequence[Date], now: dt.datetime) -> Date | None:
    """Return when the meeting is next on: what is kept in its row, unless that has passed or a date was changed."""
    if candidate.is_temporarily_closed:
        return None
    at = candidate.next_starts_at
    if at is not None and at >= now and not exceptions:
        return Date(_date_in(at, candidate.tz), at, at + candidate.duration)
    return next((date for date in _dates(candidate, exceptions, now) if not date.is_cancelled), None)


def _dates(candidate: _Candidate, exceptions: Sequence[Date], now: dt.datetime) -> Iterator[Date]:
    """Yield the coming dates in order, cancelled ones too, from the rule and from what was changed by hand."""
    if not exceptions:
        return _by_rule(candidate, now)
    changed = {date.original_date for date in exceptions}
    from_rule = (date for date in _by_rule(candidate, now) if date.original_date not in changed)
    by_hand = (date for date in exceptions if date.starts_at >= now)
    return heapq.merge(from_rule, by_hand, key=lambda date: date.starts_at)


def _by_rule(candidate: _Candidate, now: dt.datetime) -> Iterator[Date]:
    rule = candidate.rule
    if rule is None:
        return
    if not _PLAIN_WEEKLY.fullmatch(candidate.rrule):
        for slot in rule.between(now, now + HORIZON):
            yield Date(slot.original_date, slot.starts_at, slot.ends_at)
        return
    # Nearly every meeting is weekly, and a search may have to date thousands: by the mask that is fifty times as fast
    # as by expanding the rule, and no rule but this one is plain enough for it.
    day = clock.to_wall(now, rule.tz).date()
    for _day in range(HORIZON.days):
        if candidate.weekday_mask >> day.weekday() & 1 and day >= rule.starts_on:
            starts_at = clock.to_instant(dt.datetime.combine(day, rule.start_time), rule.tz)
            if starts_at >= now:
                yield Date(day, starts_at, starts_at + rule.duration)
        day += _DAY


class _Wanted:
    """The days asked for, as a question put to a meeting's dates."""

    def __init__(self, criteria: Criteria, now: dt.datetime, reader_tz: str) -> None:
        self.now = now
        self.weekdays = criteria.weekdays
        self.mask = sum(1 << weekday for weekday in criteria.weekdays)
        today = clock.to_wall(now, reader_tz).date()
        midnights = [
            clock.to_instant(dt.datetime.combine(today + dt.timedelta(days=days), dt.time()), reader_tz)
            for days in (1, 2)
        ]
        self.windows: list[tuple[dt.datetime, dt.datetime]] = []
        if criteria.is_today:
            self.windows.append((now, midnights[0]))
        if criteria.is_tomorrow:
            self.windows.append((midnights[0], midnights[1]))

    def first(self, candidate: _Candidate, exceptions: Sequence[Date]) -> Date | None:
        """Return the first date that answers; one cancelled by hand only where the day is today or tomorrow."""
        if candidate.is_temporarily_closed:
            return None
        at = candidate.next_starts_at
        if at is not None and at >= self.now and not exceptions:
            # No date is earlier than the next one, and where it answers there is nothing to work out.
            if self._answers(at, candidate.tz):
                return Date(_date_in(at, candidate.tz), at, at + candidate.duration)
            if not self.mask and at >= self.windows[-1][1]:
                return None
        end = self.windows[-1][1] if self.windows and not self.mask else None
        for date in _dates(candidate, exceptions, self.now):
            if end and date.starts_at >= end:
                return None
            if self._answers(date.starts_at, candidate.tz) and (not date.is_cancelled or self._in_windows(date)):
                return date
        return None

    def keeps_undated(self, candidate: _Candidate) -> bool:
        """A closed meeting is shown under its usual weekday, so that whoever looks for it learns that it is closed."""
        return candidate.is_temporarily_closed and bool(candidate.weekday_mask & self.mask)

    def _answers(self, at: dt.datetime, tz: str) -> bool:
        return any(start <= at < end for start, end in self.windows) or (
            bool(self.weekdays) and _date_in(at, tz).weekday() in self.weekdays
        )

    def _in_windows(self, date: Date) -> bool:
        return any(start <= date.starts_at < end for start, end in self.windows)


def _date_in(at: dt.datetime, tz: str) -> dt.date:
    return at.astimezone(ZoneInfo(tz)).date()


# -- What a row shows --------------------------------------------------------------------------------------------------


def _with_what_a_row_shows(meetings: MeetingQuerySet, language: str) -> MeetingQuerySet:
    formats = Format.objects.prefetch_related(_in_language(language))
    return meetings.select_related("venue", "service_body").prefetch_related(Prefetch("formats", formats))


def _in_language(language: str) -> Prefetch[Any]:
    return Prefetch("translations", FormatTranslation.objects.filter(language=language), to_attr="in_language")


def format_words(formats: Iterable[Format]) -> tuple[FormatWords, ...]:
    """Return formats in the language they were fetched in (`in_language`), else as first written; no name twice."""
    words: dict[str, FormatWords] = {}
    for format_ in formats:
        translated = next(iter(getattr(format_, "in_language", ())), None)
        name = (translated.name if translated else "") or format_.name
        description = (translated.description if translated else "") or format_.description
        words.setdefault(name, FormatWords(format_.slug, name, description, format_.category))
    return tuple(words.values())


def formats_of(meeting: Meeting, *, language: str) -> tuple[FormatWords, ...]:
    """Return what a meeting is like, in the reader's language."""
    return format_words(meeting.formats.prefetch_related(_in_language(language)))


def all_formats(language: str) -> QuerySet[Format]:
    """Return every format there is, as `format_words` takes them."""
    return Format.objects.order_by("name", "pk").prefetch_related(_in_language(language))


def format_choices(language: str) -> list[FormatWords]:
    """Return the formats that some listed meeting has, in the reader's language, by name."""
    # The first listed one of each, looked up by index: as EXISTS or as a join, PostgreSQL reads the formats of every
    # meeting there is (0.5 ms against 60 to 100 with 100,000 meetings).
    meeting = Meeting.objects.listed().filter(pk=OuterRef("meeting_id"))
    is_listed = IsNull(Subquery(meeting.values("pk")[:1]), False)
    uses = Meeting.formats.through.objects.filter(is_listed, format=OuterRef("pk"))
    formats = (
        Format.objects.annotate(first=Subquery(uses.values("pk")[:1]))
        .filter(first__isnull=False)
        .prefetch_related(_in_language(language))
    )
    return sorted(format_words(formats), key=lambda words: gazetteer.fold(words.name))


# -- Where "near" is ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Near:
    """A place as it is written, which finds it again, and where it is."""

    label: str
    point: Point
    is_postcode: bool = False


@dataclass(frozen=True, slots=True)
class NearAnswer:
    """What "near" may mean, the likeliest first; `area` names a whole state or country, too wide to be near to."""

    places: tuple[Near, ...] = ()
    area: str = ""


def find_place(text: str) -> NearAnswer:
    """Return what a place name may mean: from the gazetteer, or else from the addresses of the listed meetings.

    Of several places with the same name, one with meetings nearby comes first: "Kingston" in a New York list is not
    in Jamaica. The others follow where they may be meant in earnest: they have meetings of their own, or are not much
    smaller.
    """
    answer = gazetteer.look_up(text)
    if answer.area:
        return NearAnswer(tuple(map(_near_of, answer.places[: MOST_OTHERS + 1])), answer.area)
    if not answer.places:
        return NearAnswer(tuple(_from_venues(text)))
    if len(answer.places) == 1:
        return NearAnswer((_near_of(answer.places[0]),))
    first, *others = sorted(answer.places, key=lambda place: not _has_meetings_near(place.point))
    meant = (
        place
        for place in others
        if place.population * MUCH_SMALLER >= first.population or _has_meetings_near(place.point, within_km=ITS_OWN_KM)
    )
    return NearAnswer(tuple(map(_near_of, (first, *islice(meant, MOST_OTHERS)))))


def places_spelled_like(text: str) -> tuple[Near, ...]:
    """Return the places that may be meant by a misspelled name: those with meetings nearby, or else the likest."""
    places = [gazetteer.look_up(name).places[0] for name in gazetteer.spelled_like(text)]
    reachable = [place for place in places if _has_meetings_near(place.point)]
    return tuple(map(_near_of, (reachable or places)[:MOST_OTHERS]))


def _near_of(place: gazetteer.Place) -> Near:
    return Near(place.label, place.point, bool(place.postcode))


def _has_meetings_near(point: Point, *, within_km: float = NEAR_A_MEETING_KM) -> bool:
    return Meeting.objects.listed().filter(_is_within(point, within_km)).exists()


def _from_venues(text: str) -> list[Near]:
    """Return the middle of the listed venues in a town that no list of cities knows, or with a postcode of theirs."""
    name, _comma, region = (part.strip() for part in text.partition(","))
    if not name or "\x00" in text:
        return []
    wanted = Q(city__iexact=name) | Q(district__iexact=name)
    if region:
        wanted &= Q(state__iexact=region) | Q(country__iexact=region) | Q(county__iexact=region)
    listed = Meeting.objects.listed().filter(venue=OuterRef("pk"))
    towns = (
        Venue.objects.filter(wanted | Q(postal_code__iexact=text.strip()), Exists(listed), latitude__isnull=False)
        .values("state", "country")
        .annotate(town=Max("city"), latitude_=Avg("latitude"), longitude_=Avg("longitude"), meetings_=Count("pk"))
        .order_by("-meetings_", "state", "country")
    )
    return [
        Near(
            ", ".join(part for part in (town["town"] or name, town["state"] or town["country"]) if part),
            Point(town["latitude_"], town["longitude_"]),
        )
        for town in towns[: gazetteer.MOST_CANDIDATES]
    ]
