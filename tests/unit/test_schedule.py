from __future__ import annotations

import datetime as dt

import pytest
from pytest_django import DjangoAssertNumQueries

from meetings.management.commands.load_demo import first_date, starting_soon
from meetings.models import Meeting, Occurrence
from meetings.queries.occurrences import next_dates, upcoming_dates
from meetings.recurrence import Rule
from meetings.services import schedule
from meetings.services.occurrences import (
    ChangeRefused,
    NotAnOccurrence,
    cancel_occurrence,
    ensure_occurrence,
    move_occurrence,
)
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence

pytestmark = pytest.mark.django_db

TONIGHT = dt.datetime(2026, 11, 18, 0, 0, tzinfo=dt.UTC)
WEEK = dt.timedelta(days=7)


def test_next_start_is_the_first_at_or_after_now() -> None:
    meeting = make_meeting()
    schedule.derive(meeting, now=NOW)
    assert meeting.next_starts_at == TONIGHT
    assert meeting.weekday_mask == 0b10
    schedule.derive(meeting, now=TONIGHT)
    assert meeting.next_starts_at == TONIGHT
    schedule.derive(meeting, now=TONIGHT + dt.timedelta(seconds=1))
    assert meeting.next_starts_at == TONIGHT + WEEK


def test_by_appointment_claims_no_next_date() -> None:
    meeting = make_meeting(rrule="", starts_on=None, start_time=None)
    schedule.refresh_next(meeting, now=NOW)
    assert meeting.next_starts_at is None
    assert upcoming_dates(meeting, now=NOW, limit=5) == []


def test_cancelled_and_moved_dates_decide_the_next_start() -> None:
    meeting = make_meeting()
    schedule.refresh_next(meeting, now=NOW)
    cancel_occurrence(occurrence=make_occurrence(meeting=meeting, on=dt.date(2026, 11, 17)), now=NOW)
    meeting.refresh_from_db()
    assert meeting.next_starts_at == TONIGHT + WEEK
    sooner = dt.datetime(2026, 11, 20, 17, 0, tzinfo=dt.UTC)
    move_occurrence(occurrence=make_occurrence(meeting=meeting, on=dt.date(2026, 12, 1)), starts_at=sooner, now=NOW)
    meeting.refresh_from_db()
    assert meeting.next_starts_at == sooner


def test_roll_forward_touches_only_what_has_begun() -> None:
    begun, coming, ended = make_meeting(), make_meeting(), make_meeting(rrule="FREQ=WEEKLY;BYDAY=TU;UNTIL=20261117")
    for meeting in (begun, coming, ended):
        schedule.refresh_next(meeting, now=NOW)
    later = TONIGHT + dt.timedelta(minutes=1)
    Meeting.objects.filter(pk=coming.pk).update(next_starts_at=TONIGHT + WEEK)
    assert schedule.roll_forward(now=later) == 2
    assert schedule.roll_forward(now=later) == 0
    found = dict(Meeting.objects.values_list("pk", "next_starts_at"))
    assert found == {begun.pk: TONIGHT + WEEK, coming.pk: TONIGHT + WEEK, ended.pk: None}


def test_roll_forward_costs_a_few_queries_a_batch(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(12):
        schedule.refresh_next(make_meeting(), now=NOW)
    with django_assert_max_num_queries(6):
        assert schedule.roll_forward(now=TONIGHT + dt.timedelta(minutes=1)) == 12


def test_upcoming_dates_show_cancelled_and_moved_as_such() -> None:
    meeting = make_meeting()
    cancel_occurrence(occurrence=make_occurrence(meeting=meeting, on=dt.date(2026, 11, 24)), now=NOW)
    later = dt.datetime(2026, 12, 3, 1, 0, tzinfo=dt.UTC)
    move_occurrence(occurrence=make_occurrence(meeting=meeting, on=dt.date(2026, 12, 1)), starts_at=later, now=NOW)
    dates = upcoming_dates(meeting, now=NOW, limit=4)
    assert [(date.starts_at, date.is_cancelled, date.old_starts_at) for date in dates] == [
        (TONIGHT, False, None),
        (TONIGHT + WEEK, True, None),
        (later, False, TONIGHT + 2 * WEEK),
        (TONIGHT + 3 * WEEK, False, None),
    ]


def test_a_date_put_off_past_later_ones_is_shown_in_its_new_place() -> None:
    meeting = make_meeting()
    put_off = TONIGHT + dt.timedelta(days=2)
    occurrence = make_occurrence(meeting=meeting, on=dt.date(2026, 11, 10))
    move_occurrence(occurrence=occurrence, starts_at=put_off, now=NOW - WEEK)
    assert [date.starts_at for date in upcoming_dates(meeting, now=NOW, limit=3)] == [TONIGHT, put_off, TONIGHT + WEEK]


def test_a_meeting_that_is_on_is_still_shown() -> None:
    meeting = make_meeting()
    during = TONIGHT + dt.timedelta(minutes=30)
    assert upcoming_dates(meeting, now=during, limit=1)[0].starts_at == TONIGHT
    assert upcoming_dates(meeting, now=TONIGHT + dt.timedelta(minutes=90), limit=1)[0].starts_at == TONIGHT + WEEK


def test_next_dates_of_a_page_are_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    meetings = [make_meeting() for _ in range(5)]
    with django_assert_num_queries(1):
        assert set(next_dates(meetings, now=NOW)) == {meeting.pk for meeting in meetings}


def test_ensure_occurrence_makes_one_and_only_on_a_date_of_the_rule() -> None:
    meeting = make_meeting()
    first = ensure_occurrence(meeting=meeting, date=dt.date(2026, 11, 24), now=NOW)
    assert ensure_occurrence(meeting=meeting, date=dt.date(2026, 11, 24), now=NOW) == first
    assert first.starts_at == TONIGHT + WEEK
    with pytest.raises(NotAnOccurrence):
        ensure_occurrence(meeting=meeting, date=dt.date(2026, 11, 25), now=NOW)


def test_a_date_that_is_over_is_left_alone() -> None:
    occurrence = make_occurrence(on=dt.date(2026, 11, 10))
    with pytest.raises(ChangeRefused):
        cancel_occurrence(occurrence=occurrence, now=NOW)
    with pytest.raises(ChangeRefused):
        move_occurrence(occurrence=occurrence, starts_at=TONIGHT, now=NOW)


def test_a_date_that_is_on_can_be_cancelled_until_it_is_over() -> None:
    occurrence = make_occurrence()
    with pytest.raises(ChangeRefused, match="is over"):
        cancel_occurrence(occurrence=occurrence, now=occurrence.ends_at)
    change = cancel_occurrence(occurrence=occurrence, now=occurrence.ends_at - dt.timedelta(minutes=1))
    assert change.is_cancellation


@pytest.mark.parametrize("ago", [dt.timedelta(0), dt.timedelta(minutes=1)])
def test_a_date_is_not_moved_into_the_past(ago: dt.timedelta) -> None:
    occurrence = make_occurrence()
    with pytest.raises(ChangeRefused, match="in the past"):
        move_occurrence(occurrence=occurrence, starts_at=NOW - ago, now=NOW)
    assert Occurrence.objects.get().starts_at == TONIGHT + WEEK


def test_a_changed_rule_takes_its_dates_along_but_not_those_moved_by_hand() -> None:
    meeting = make_meeting()
    follows = make_occurrence(meeting=meeting, on=dt.date(2026, 11, 24))
    by_hand = make_occurrence(meeting=meeting, on=dt.date(2026, 12, 1))
    elsewhere = dt.datetime(2026, 12, 4, 20, 0, tzinfo=dt.UTC)
    move_occurrence(occurrence=by_hand, starts_at=elsewhere, now=NOW)
    past = make_occurrence(meeting=meeting, on=dt.date(2026, 11, 10))

    meeting.start_time = dt.time(18, 0)
    meeting.save()
    changes = schedule.reschedule(meeting, now=NOW)
    assert [change.occurrence for change in changes] == [follows]
    follows.refresh_from_db()
    assert follows.starts_at == TONIGHT + WEEK - dt.timedelta(hours=1)
    assert follows.schedule_seq == 1
    assert schedule.reschedule(meeting, now=NOW) == []
    assert Occurrence.objects.get(pk=by_hand.pk).starts_at == elsewhere
    assert Occurrence.objects.get(pk=past.pk).schedule_seq == 0

    meeting.rrule = "FREQ=WEEKLY;BYDAY=WE"
    meeting.save()
    assert [change.is_cancellation for change in schedule.reschedule(meeting, now=NOW)] == [True]
    follows.refresh_from_db()
    assert follows.is_cancelled


@pytest.mark.parametrize("start_time", [dt.time(17), dt.time(18)])
def test_a_date_whose_new_time_is_over_already_is_cancelled(start_time: dt.time) -> None:
    meeting = make_meeting()
    tonight = make_occurrence(meeting=meeting, on=dt.date(2026, 11, 17))
    meeting.start_time = start_time
    meeting.save()
    (change,) = schedule.reschedule(meeting, now=NOW)
    assert (change.is_cancellation, change.old_starts_at, change.new_starts_at) == (True, TONIGHT, TONIGHT)
    tonight.refresh_from_db()
    assert (tonight.is_cancelled, tonight.starts_at) == (True, TONIGHT)


@pytest.mark.parametrize(
    ("now", "minutes"),
    [
        # Clocks go back at 6:00 UTC: 1:18 in New York comes twice, and means the first.
        ("2027-11-07T03:10+00:00", 128),
        ("2027-11-07T04:10+00:00", 170),
        ("2027-11-07T05:10+00:00", 128),
        ("2027-03-14T05:10+00:00", 128),
    ],
)
def test_demo_meeting_that_starts_soon_is_never_too_soon(now: str, minutes: int) -> None:
    instant = dt.datetime.fromisoformat(now)
    demo = starting_soon(instant)
    rule = Rule(
        demo.rrule, first_date(demo, instant), dt.time.fromisoformat(demo.starts_at), dt.timedelta(hours=1), demo.tz
    )
    slot = rule.first_after(instant)
    assert slot is not None
    assert slot.starts_at - instant == dt.timedelta(minutes=minutes)
