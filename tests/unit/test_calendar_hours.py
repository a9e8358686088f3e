"""What a calendar file says in hours is what the pages say, also in a program that shares no code with us."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from meetings.feeds.calendar import meeting_calendar
from meetings.feeds.vtimezone import changes
from meetings.queries import finder
from meetings.queries.occurrences import upcoming_dates
from meetings.recurrence import Slot
from meetings.reminders.services import plan
from meetings.services.occurrences import ensure_occurrence, move_occurrence
from support import clock, wording
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_signup
from tests.helpers.calendars import cases
from tests.helpers.ics import spans
from tests.unit.test_reminder_engine import run

pytestmark = pytest.mark.django_db


def test_every_file_has_the_hours_of_the_pages_in_another_parser() -> None:
    wrong, seen = [], 0
    for case in cases(NOW):
        found = spans(case.content, case.start, case.end)
        seen += len(found)
        if found != case.expected:
            wrong.append((case.name, sorted(set(found) ^ set(case.expected))[:4]))
    assert wrong == []
    assert seen > dt.timedelta(days=30_000).days


@pytest.mark.parametrize("tz", ["America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Havana"])
@pytest.mark.parametrize("is_daylight", [True, False])
@pytest.mark.parametrize(
    ("before", "lasts"),
    [(dt.timedelta(hours=3), dt.timedelta(hours=5)), (dt.timedelta(hours=1), dt.timedelta(hours=2))],
)
def test_meeting_over_a_clock_change_ends_at_one_time_on_the_page_by_mail_and_in_the_files(
    tz: str, is_daylight: bool, before: dt.timedelta, lasts: dt.timedelta
) -> None:
    change = next(
        each for each in changes(tz, NOW.year, NOW.year + 2) if each.is_daylight == is_daylight and each.at > NOW
    )
    now = change.at - dt.timedelta(days=3)
    begin = change.onset - before
    meeting = make_meeting(
        tz=tz,
        rrule="FREQ=DAILY",
        weekday_mask=0b1111111,
        starts_on=begin.date() - dt.timedelta(days=9),
        start_time=begin.time(),
        duration=lasts,
    )
    starts_at = clock.to_instant(begin, tz)
    truth = (starts_at, starts_at + lasts)
    rule = meeting.rule
    assert rule
    slot = rule.on(begin.date())
    assert slot == Slot(begin.date(), *truth)
    [dated] = [each for each in upcoming_dates(meeting, now=now, limit=9) if each.original_date == begin.date()]
    assert (dated.starts_at, dated.ends_at) == truth
    meeting.next_starts_at = starts_at
    meeting.save()
    [found] = finder.search(finder.Criteria(), now=starts_at - dt.timedelta(hours=1), reader_tz=tz)[:1]
    assert found.date
    assert (found.date.starts_at, found.date.ends_at) == truth
    feed = meeting_calendar(meeting, now=now, summary="Appointment")
    assert truth in spans(feed, now, now + dt.timedelta(days=6))
    place = make_signup(
        occurrence=ensure_occurrence(meeting=meeting, date=begin.date(), now=now),
        participant=make_participant(tz=tz),
        created_at=now,
    )
    plan.plan_confirmation(signups=[place], now=now)
    [letter] = run(at=now).letters
    assert wording.range_words(*truth, tz) in letter.text
    [calendar] = letter.calendars
    assert spans(calendar.content, now, now + dt.timedelta(days=6)) == [truth]


def test_date_that_is_moved_onto_a_clock_change_lasts_as_long_as_before() -> None:
    zone = ZoneInfo("America/New_York")
    change = next(each for each in changes(zone.key, NOW.year, NOW.year + 2) if each.at > NOW)
    occurrence = make_occurrence()
    lasts = occurrence.ends_at - occurrence.starts_at
    starts_at = (change.at - dt.timedelta(minutes=20)).astimezone(zone)
    moved = move_occurrence(occurrence=occurrence, starts_at=starts_at, now=NOW).occurrence
    moved.refresh_from_db()
    assert (moved.starts_at, moved.ends_at) == (starts_at, change.at - dt.timedelta(minutes=20) + lasts)
