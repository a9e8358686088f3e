"""Every kind of calendar file that the site gives out, over zones that change their clocks in every way there is.

Each with what the pages say: two readers of calendar files have to find the same instants.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from meetings.enums import SignupStatus
from meetings.feeds.calendar import meeting_calendar, member_calendar, place_calendar
from meetings.models import Meeting, Signup
from meetings.services.occurrences import cancel_occurrence, ensure_occurrence, move_occurrence
from tests.factories import make_meeting, make_participant, make_signup
from tests.helpers.ics import Span

ZONES = (
    "Africa/Cairo", "Africa/Casablanca", "Africa/Johannesburg", "America/Anchorage", "America/Argentina/Buenos_Aires",
    "America/Chicago", "America/Denver", "America/Halifax", "America/Havana", "America/Los_Angeles",
    "America/Mexico_City", "America/New_York", "America/Nuuk", "America/Phoenix", "America/Santiago",
    "America/St_Johns", "Asia/Beirut", "Asia/Gaza", "Asia/Jerusalem", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Tehran",
    "Asia/Tokyo", "Atlantic/Azores", "Australia/Adelaide", "Australia/Lord_Howe", "Australia/Sydney",
    "Europe/Dublin", "Europe/London", "Pacific/Apia", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Honolulu", "UTC",
)  # fmt: skip
#: (rule, hour, how long): in the evening, overnight, and in the hours that a clock change skips or tells twice.
RULES = (
    ("FREQ=WEEKLY;BYDAY=MO,TH", dt.time(19), dt.timedelta(minutes=90)),
    ("FREQ=DAILY", dt.time(23), dt.timedelta(hours=2)),
    ("FREQ=DAILY", dt.time(22, 30), dt.timedelta(hours=5)),
    ("FREQ=DAILY", dt.time(1), dt.timedelta(hours=2)),
    ("FREQ=DAILY", dt.time(2, 30), dt.timedelta(minutes=45)),
    ("FREQ=DAILY", dt.time(0), dt.timedelta(minutes=20)),
)
#: Both clock changes of every zone fall into this.
WINDOW = dt.timedelta(days=400)


@dataclass(frozen=True)
class Case:
    """A file, and the spans that it must have for [start, end)."""

    name: str
    content: bytes
    start: dt.datetime
    end: dt.datetime
    expected: list[Span]


def cases(now: dt.datetime) -> Iterator[Case]:
    """Yield the files; needs the database."""
    for tz in ZONES:
        meetings = [_meeting(tz, number, now) for number in range(len(RULES))]
        for number, meeting in enumerate(meetings):
            yield _case(f"{tz}, rule {number}", meeting, now)
        yield from _places(tz, meetings[3], now)
    yield _old(now)


def by_page(meeting: Meeting, start: dt.datetime, end: dt.datetime) -> list[Span]:
    """Return the dates of a meeting as its page has them."""
    rule = meeting.rule
    assert rule is not None
    rows = {row.original_date: row for row in meeting.occurrences.all()}
    spans = [(slot.starts_at, slot.ends_at) for slot in rule.between(start, end) if slot.original_date not in rows]
    spans += [(row.starts_at, row.ends_at) for row in rows.values() if not row.is_cancelled]
    return sorted(span for span in spans if start <= span[0] < end)


def _meeting(tz: str, number: int, now: dt.datetime) -> Meeting:
    rrule, start_time, duration = RULES[number]
    begin = now.date() - dt.timedelta(days=20)
    meeting = make_meeting(rrule=rrule, start_time=start_time, duration=duration, tz=tz, starts_on=begin)
    if number == 0:
        rule = meeting.rule
        assert rule is not None
        dates = [slot.original_date for slot in rule.between(now, now + dt.timedelta(days=30))]
        off, moved, _signed_up = (ensure_occurrence(meeting=meeting, date=date, now=now) for date in dates[1:4])
        cancel_occurrence(occurrence=off, now=now)
        move_occurrence(occurrence=moved, starts_at=moved.starts_at + dt.timedelta(hours=7), now=now)
    return meeting


def _case(name: str, meeting: Meeting, now: dt.datetime) -> Case:
    content = meeting_calendar(meeting, now=now, summary="Appointment")
    return Case(name, content, now, now + WINDOW, by_page(meeting, now, now + WINDOW))


def _old(now: dt.datetime) -> Case:
    """Return one that has been on since before its zone changed its rule, for ten years more."""
    meeting = make_meeting(rrule="FREQ=WEEKLY;BYDAY=SU", start_time=dt.time(1), starts_on=dt.date(2001, 1, 7))
    start, end = now - dt.timedelta(days=366 * 24), now + dt.timedelta(days=3650)
    content = meeting_calendar(meeting, now=now, summary="Appointment")
    return Case("since 2001", content, start, end, by_page(meeting, start, end))


def _places(tz: str, meeting: Meeting, now: dt.datetime) -> Iterator[Case]:
    """Yield what goes to one person: a file for each date on which two hours from 1:00 AM meet a clock change."""
    rule = meeting.rule
    assert rule is not None
    participant = make_participant(tz=tz)
    slots = list(rule.between(now, now + WINDOW))
    strange = [slot for slot in slots if (slot.starts_at - slots[0].starts_at) % dt.timedelta(days=1)] or slots[:1]
    strange = [strange[0], strange[-1], slots[1]]
    places = [
        make_signup(
            occurrence=ensure_occurrence(meeting=meeting, date=date, now=now),
            participant=participant,
            status=SignupStatus.CONFIRMED,
        )
        for date in sorted({slot.original_date for slot in strange})
    ]
    for method in ("REQUEST", "CANCEL"):
        for place in places:
            content = place_calendar([place], method=method, summary="Appointment", now=now, attendee="a@example.org")
            yield _place_case(f"{tz}, {method}", content, [place], now)
    content = place_calendar(places, method="PUBLISH", summary="Appointment", now=now)
    yield _place_case(f"{tz}, PUBLISH", content, places, now)
    yield _place_case(f"{tz}, address", member_calendar(places, summary="Appointment", now=now), places, now)


def _place_case(name: str, content: bytes, places: list[Signup], now: dt.datetime) -> Case:
    expected = sorted((place.occurrence.starts_at, place.occurrence.ends_at) for place in places)
    return Case(name, content, now, now + WINDOW + dt.timedelta(days=2), expected)
