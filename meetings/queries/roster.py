"""Who is coming: for the person themselves, and for the facilitator."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from accounts.models import User
from meetings.enums import OccurrenceStatus, SignupStatus
from meetings.models import HOLDS_A_PLACE, Meeting, Occurrence, Signup, StandingSignup
from meetings.queries.occurrences import DatedOccurrence, next_dates, soonest_first, upcoming_dates
from meetings.recurrence import falls_on

DATES_AHEAD = 8
#: As many of the dates of a standing signup as a page names; the rest follow by the rule.
NEXT_SHOWN = 3
#: For so long "My meetings" offers what somebody gave up; after that it is found where they found it first.
UNDO_SHOWN = dt.timedelta(days=1)
#: Longer ago, a calendar program need not be told again.
CALENDAR_PAST = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class DateCount:
    """One date of a meeting, and how many come."""

    date: DatedOccurrence
    coming: int
    waiting: int
    capacity: int | None
    #: How many asked for every date and are not counted yet, since this one is too far off.
    every_time: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list of dates: the first, and those later ones of its meeting for which it stands."""

    signup: Signup
    later: list[Signup]


@dataclass(frozen=True, slots=True)
class MySignups:
    coming: list[Signup]
    standing: list[StandingSignup]
    #: What they gave up lately and may have back; one entry for what went in one step.
    given_up: list[Entry]

    def entries(self) -> list[Entry]:
        """Return what is coming, in order: one entry for those that come every time, but for dates that changed."""
        entries: list[Entry] = []
        series: dict[tuple[int, str], Entry] = {}
        for signup in self.coming:
            occurrence = signup.occurrence
            is_as_usual = signup.standing_id is not None and not occurrence.is_cancelled and not occurrence.is_moved
            key = (signup.standing_id or 0, signup.status)
            if is_as_usual and key in series:
                series[key].later.append(signup)
                continue
            entries.append(Entry(signup, []))
            if is_as_usual:
                series[key] = entries[-1]
        return entries


def my_signups(user: User, *, now: dt.datetime) -> MySignups:
    """Return what a member signed up for: what is coming, and what they come to every time."""
    coming = Signup.objects.filter(
        participant__user=user,
        occurrence__ends_at__gt=now,
        status__in=(SignupStatus.CONFIRMED, SignupStatus.WAITLISTED, SignupStatus.OFFERED),
    )
    return MySignups(
        coming=list(
            coming.select_related("occurrence__meeting__venue", "standing")
            .prefetch_related("occurrence__changes")
            .order_by("occurrence__starts_at", "pk")
        ),
        standing=list(
            StandingSignup.objects.filter(participant__user=user, ended_at=None)
            .select_related("meeting")
            .order_by("meeting__name")
        ),
        given_up=_given_up_lately(user, now=now),
    )


def _given_up_lately(user: User, *, now: dt.datetime) -> list[Entry]:
    rows = (
        Signup.objects.filter(
            participant__user=user,
            status=SignupStatus.CANCELLED,
            cancelled_at__gt=now - UNDO_SHOWN,
            occurrence__status=OccurrenceStatus.SCHEDULED,
            occurrence__starts_at__gt=now,
            occurrence__meeting__is_published=True,
            occurrence__meeting__is_temporarily_closed=False,
        )
        .select_related("occurrence__meeting", "standing")
        .order_by("occurrence__starts_at", "pk")
    )
    steps: dict[tuple[int, int, dt.datetime | None], list[Signup]] = defaultdict(list)
    for row in rows:
        steps[row.participant_id, row.occurrence.meeting_id, row.cancelled_at].append(row)
    return [Entry(first, later) for first, *later in steps.values()]


def signups_for_calendar(user: User, *, now: dt.datetime) -> list[Signup]:
    """Return the places that a member's calendar shows: what is on, and the last weeks. Cancelled ones are gone."""
    return list(
        Signup.objects.filter(
            participant__user=user,
            occurrence__ends_at__gt=now - CALENDAR_PAST,
            occurrence__status=OccurrenceStatus.SCHEDULED,
        )
        .exclude(status__in=(SignupStatus.PENDING, SignupStatus.CANCELLED))
        # What is off is gone as well; what is in doubt stays until it is decided.
        .exclude(occurrence__meeting__in=Meeting.objects.off(), occurrence__starts_at__gt=now)
        .select_related("occurrence")
        .order_by("occurrence__starts_at", "pk")
    )


def given_up_with(signup: Signup, *, now: dt.datetime) -> QuerySet[Signup]:
    """Return what somebody gave up in the same step as `signup` and may have back: dates still to come, in their order.

    Nothing where they did not give it up, never proved that the address is theirs, or the meeting is closed for now.
    """
    meeting = signup.occurrence.meeting
    is_open = meeting.is_published and not meeting.is_temporarily_closed
    if signup.status != SignupStatus.CANCELLED or not is_open or not signup.participant.contact_point.verified_at:
        return Signup.objects.none()
    return (
        Signup.objects.filter(participant=signup.participant_id, status=SignupStatus.CANCELLED)
        .filter(occurrence__meeting=meeting, cancelled_at=signup.cancelled_at)
        .filter(occurrence__status=OccurrenceStatus.SCHEDULED, occurrence__starts_at__gt=now)
        .select_related("occurrence__meeting", "participant__contact_point")
        .order_by("occurrence__starts_at", "pk")
    )


def coming_by_rule(standing: StandingSignup, *, now: dt.datetime) -> list[Signup]:
    """Return the next dates that somebody has by coming every time, or waits for."""
    rows = Signup.objects.filter(standing=standing, occurrence__starts_at__gt=now).exclude(
        status__in=(SignupStatus.CANCELLED, SignupStatus.PENDING)
    )
    on = rows.filter(occurrence__status=OccurrenceStatus.SCHEDULED).select_related("occurrence")
    return list(on.order_by("occurrence__starts_at", "pk")[:NEXT_SHOWN])


def past_signups(user: User, *, now: dt.datetime) -> QuerySet[Signup]:
    """Return what a member had a place at and is over, the latest first, for as long as it is kept."""
    return (
        Signup.objects.filter(participant__user=user, occurrence__ends_at__lte=now)
        .exclude(status__in=(SignupStatus.PENDING, SignupStatus.CANCELLED, SignupStatus.WAITLISTED))
        .exclude(occurrence__status=OccurrenceStatus.CANCELLED)
        .select_related("occurrence__meeting")
        .order_by("-occurrence__starts_at", "-pk")
    )


def facilitated_meetings(user: User, *, now: dt.datetime) -> list[tuple[Meeting, DatedOccurrence | None]]:
    """Return the meetings that `user` runs, each with its next date: the soonest first, those without last."""
    meetings = list(user.facilitated_meetings.select_related("venue").order_by("name", "pk"))
    dates = next_dates(meetings, now=now)
    found = [(meeting, dates.get(meeting.pk)) for meeting in meetings]
    return sorted(found, key=lambda each: soonest_first(each[1]))


def coming_dates(meeting: Meeting, *, now: dt.datetime) -> list[DateCount]:
    """Return the next dates of a meeting, with how many come to each."""
    return count_dates(meeting, upcoming_dates(meeting, now=now, limit=DATES_AHEAD), now=now)


def count_dates(meeting: Meeting, dates: Sequence[DatedOccurrence], *, now: dt.datetime) -> list[DateCount]:
    """Return how many come to each of some dates of a meeting, in two queries, however many there are."""
    counted = {
        row.pk: row
        for row in Occurrence.objects.filter(pk__in=[date.occurrence.pk for date in dates if date.occurrence]).annotate(
            coming=Count("signups", filter=Q(signups__status__in=HOLDS_A_PLACE)),
            waiting=Count("signups", filter=Q(signups__status=SignupStatus.WAITLISTED)),
            known=Count("signups", filter=Q(signups__participant__in=_every_time(meeting).values("participant"))),
        )
    }
    by_days = dict(_every_time(meeting).order_by().values_list("days").annotate(Count("pk")))
    return [
        _count(meeting, date, counted, _wanting(date, by_days) if _is_to_come(meeting, date, now) else 0)
        for date in dates
    ]


def _wanting(date: DatedOccurrence, by_days: Mapping[str, int]) -> int:
    """Return how many come every time on the day of a date: on days that are new they were only asked to."""
    return sum(count for days, count in by_days.items() if falls_on(date.original_date, days))


def _is_to_come(meeting: Meeting, date: DatedOccurrence, now: dt.datetime) -> bool:
    is_open = meeting.is_published and not meeting.is_temporarily_closed
    return is_open and not date.is_cancelled and date.starts_at > now


def _every_time(meeting: Meeting) -> QuerySet[StandingSignup]:
    return meeting.standing_signups.filter(ended_at=None, confirmed_at__isnull=False)


def roster(occurrence: Occurrence) -> list[Signup]:
    """Return the signups that a facilitator sees for one date: who has a place, then who waits, in their order.

    Names are what people chose to show; a guest may have none, and some may not be shown (`Signup.is_named`). Those who
    only asked to be reminded of a drop-in meeting told the site and nobody else: the list is empty, and the count is
    all there is.
    """
    if not occurrence.meeting.keeps_places:
        return []
    shown = (*HOLDS_A_PLACE, SignupStatus.WAITLISTED)
    signups = occurrence.signups.filter(status__in=shown).select_related(
        "participant", "standing", "occurrence__meeting"
    )
    return sorted(signups, key=lambda each: (each.status == SignupStatus.WAITLISTED, each.created_at, each.pk))


def _count(meeting: Meeting, date: DatedOccurrence, counted: Mapping[int, Occurrence], every_time: int) -> DateCount:
    row = counted.get(date.occurrence.pk) if date.occurrence else None
    own = row.capacity if row and row.capacity is not None else meeting.capacity
    return DateCount(
        date=date,
        coming=getattr(row, "coming", 0),
        waiting=getattr(row, "waiting", 0),
        capacity=own if meeting.keeps_places else None,
        every_time=max(0, every_time - getattr(row, "known", 0)),
    )
