from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events

from meetings.feeds.calendar import meeting_calendar, member_calendar, place_calendar
from meetings.services.occurrences import cancel_occurrence, move_occurrence
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_signup

pytestmark = pytest.mark.django_db


def test_a_place_keeps_its_uid_and_counts_the_changes_of_its_date() -> None:
    place = make_signup()
    first = icalendar.Calendar.from_ical(place_calendar([place], method="REQUEST", summary="Appointment", now=NOW))
    later = place.occurrence.starts_at + dt.timedelta(hours=2)
    place.occurrence = move_occurrence(occurrence=place.occurrence, starts_at=later, now=NOW).occurrence
    moved = icalendar.Calendar.from_ical(place_calendar([place], method="REQUEST", summary="Appointment", now=NOW))
    before, after = first.events[0], moved.events[0]
    assert before["UID"] == after["UID"]
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 1)
    assert after.start == later
    assert moved["METHOD"] == "REQUEST"
    assert after["CLASS"] == "PRIVATE"
    assert "ATTENDEE" not in after


def test_a_cancellation_says_so_in_the_calendar_too() -> None:
    text = place_calendar([make_signup()], method="CANCEL", summary="Appointment", now=NOW)
    calendar = icalendar.Calendar.from_ical(text)
    assert calendar["METHOD"] == "CANCEL"
    assert calendar.walk("VEVENT")[0]["STATUS"] == "CANCELLED"
    assert text.count(b"\r\n") == text.count(b"\n")


def test_every_file_has_the_sites_own_address_as_its_organizer(settings: Any) -> None:
    settings.ORGANIZER_EMAIL = "site@example.org"
    place = make_signup()
    files = [
        *(
            place_calendar([place], method=method, summary="Appointment", now=NOW)
            for method in ("PUBLISH", "REQUEST", "CANCEL")
        ),
        member_calendar([place], summary="Appointment", now=NOW),
        meeting_calendar(make_meeting(), now=NOW, summary="Appointment"),
    ]
    for text in files:
        assert icalendar.Calendar.from_ical(text).events[0]["ORGANIZER"] == "mailto:site@example.org"


@pytest.mark.parametrize(
    ("rrule", "tz"),
    [
        ("FREQ=WEEKLY;BYDAY=TU", "America/New_York"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "Europe/London"),
        ("FREQ=MONTHLY;BYDAY=-1FR", "Australia/Lord_Howe"),
        ("FREQ=WEEKLY;BYDAY=SU;UNTIL=20270404", "America/New_York"),
    ],
)
def test_the_file_holds_the_same_dates_as_the_rule(rrule: str, tz: str) -> None:
    meeting = make_meeting(rrule=rrule, tz=tz)
    rule = meeting.rule
    assert rule is not None
    start, end = NOW, NOW + dt.timedelta(days=200)
    by_rule = [slot.starts_at for slot in rule.between(start, end)]
    calendar = icalendar.Calendar.from_ical(meeting_calendar(meeting, now=NOW, summary="Appointment"))
    found = [each["DTSTART"].dt.astimezone(dt.UTC) for each in recurring_ical_events.of(calendar).between(start, end)]
    assert sorted(at for at in found if start <= at < end) == by_rule
    assert by_rule


def test_the_first_date_is_in_the_file_where_it_is_still_the_day_before_in_utc() -> None:
    meeting = make_meeting(tz="Pacific/Auckland", starts_on=dt.date(2026, 11, 24), start_time=dt.time(9))
    text = meeting_calendar(meeting, now=NOW, summary="Appointment")
    (event,) = icalendar.Calendar.from_ical(text).events
    assert event.start == dt.datetime(2026, 11, 24, 9, tzinfo=ZoneInfo("Pacific/Auckland"))


def test_cancelled_and_moved_dates_are_in_the_file() -> None:
    meeting = make_meeting()
    cancel_occurrence(occurrence=make_occurrence(meeting=meeting, on=dt.date(2026, 11, 24)), now=NOW)
    later = dt.datetime(2026, 12, 3, 1, 0, tzinfo=dt.UTC)
    move_occurrence(occurrence=make_occurrence(meeting=meeting, on=dt.date(2026, 12, 1)), starts_at=later, now=NOW)
    text = meeting_calendar(meeting, now=NOW, summary="Appointment")
    found = recurring_ical_events.of(icalendar.Calendar.from_ical(text)).between(NOW, NOW + dt.timedelta(days=22))
    starts = sorted(each["DTSTART"].dt.astimezone(dt.UTC) for each in found)
    assert starts == [
        dt.datetime(2026, 11, 18, 0, 0, tzinfo=dt.UTC),
        later,
        dt.datetime(2026, 12, 9, 0, 0, tzinfo=dt.UTC),
    ]
    assert meeting.name.encode() not in text


def test_a_moved_date_is_in_utc_which_no_clock_shows_twice() -> None:
    meeting = make_meeting(start_time=dt.time(0, 30), rrule="FREQ=WEEKLY;BYDAY=SU")
    # The second 1:30 AM of that night.
    second = dt.datetime(2027, 11, 7, 6, 30, tzinfo=dt.UTC)
    now = second - dt.timedelta(days=10)
    move_occurrence(occurrence=make_occurrence(meeting=meeting, on=dt.date(2027, 11, 7)), starts_at=second, now=now)
    text = meeting_calendar(meeting, now=now, summary="Appointment")
    assert b"DTSTART:20271107T063000Z\r\n" in text
    assert b"DTEND:20271107T080000Z\r\n" in text


def test_a_plain_weekly_meeting_has_a_small_file() -> None:
    text = meeting_calendar(make_meeting(), now=NOW, summary="Appointment")
    assert text.count(b"BEGIN:VEVENT") == 1
    assert len(text) < 1000
