"""A date that was moved by hand and is where the rule has it again is an ordinary date."""

from __future__ import annotations

import datetime as dt

import pytest

from meetings.models import Meeting, Occurrence
from meetings.queries.occurrences import date_of, upcoming_dates
from meetings.services.occurrences import move_occurrence
from meetings.services.schedule import reschedule
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
TUESDAY, WEDNESDAY = dt.date(2026, 11, 24), dt.date(2026, 11, 25)


def moved(*, by: dt.timedelta) -> Occurrence:
    """A Tuesday's date at 7:00 PM that a facilitator moved."""
    occurrence = make_occurrence(meeting=make_meeting(), on=TUESDAY)
    move_occurrence(occurrence=occurrence, starts_at=occurrence.starts_at + by, now=NOW)
    occurrence.refresh_from_db()
    return occurrence


def change(meeting: Meeting, **values: object) -> None:
    for name, value in values.items():
        setattr(meeting, name, value)
    meeting.save()
    reschedule(meeting, now=NOW)


def test_moved_back_it_is_not_moved_and_follows_the_series() -> None:
    date = moved(by=HOUR)
    move_occurrence(occurrence=date, starts_at=date.starts_at - HOUR, now=NOW)
    date.refresh_from_db()
    assert not date.is_moved
    shown = date_of(date.meeting, TUESDAY)
    assert shown is not None
    assert not shown.is_moved
    change(date.meeting, start_time=dt.time(20, 0))
    before = date.starts_at
    date.refresh_from_db()
    assert date.starts_at == before + HOUR


@pytest.mark.parametrize(("by", "is_moved"), [(DAY, False), (DAY + HOUR, True)])
def test_moved_onto_a_day_that_the_series_moves_to_it_is_that_days(by: dt.timedelta, is_moved: bool) -> None:
    date = moved(by=by)
    change(date.meeting, rrule="FREQ=WEEKLY;BYDAY=WE")
    found = upcoming_dates(date.meeting, now=NOW + 2 * DAY, limit=2)
    assert [each.original_date for each in found] == [WEDNESDAY, WEDNESDAY + 7 * DAY]
    assert found[0].starts_at == date.starts_at
    assert (found[0].occurrence, found[0].is_moved) == (date, is_moved)


def test_moved_onto_another_day_of_the_same_series_both_stand() -> None:
    meeting = make_meeting(rrule="FREQ=WEEKLY;BYDAY=TU,WE")
    occurrence = make_occurrence(meeting=meeting, on=TUESDAY)
    move_occurrence(occurrence=occurrence, starts_at=occurrence.starts_at + DAY + HOUR, now=NOW)
    change(meeting, start_time=dt.time(19, 30))
    occurrence.refresh_from_db()
    assert occurrence.original_date == TUESDAY
