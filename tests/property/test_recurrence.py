"""Rules against an oracle that shares no code with ours: recurring-ical-events on an icalendar event."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as st

from meetings import recurrence
from meetings.recurrence import Rule
from support import clock

ZONES = [
    "America/New_York",
    "Europe/London",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "UTC",
]

uncounted = st.one_of(
    st.builds(
        lambda days, interval, until: recurrence.weekly(sorted(days), interval=interval, until=until),
        st.sets(st.integers(0, 6), min_size=1, max_size=4),
        st.integers(1, 4),
        st.one_of(st.none(), st.dates(dt.date(2026, 6, 1), dt.date(2027, 6, 1))),
    ),
    st.builds(recurrence.monthly_nth, st.sampled_from([1, 2, 3, 4, 5, -1]), st.integers(0, 6)),
    st.builds("FREQ=DAILY;INTERVAL={}".format, st.integers(1, 9)),
)
counted = st.builds("{};COUNT={}".format, uncounted.filter(lambda rule: "UNTIL" not in rule), st.integers(1, 40))
rules = st.one_of(uncounted, counted)


@st.composite
def meeting_rules(draw: st.DrawFn) -> Rule:
    return Rule(
        rrule=draw(rules),
        starts_on=draw(st.dates(dt.date(2026, 1, 1), dt.date(2026, 3, 31))),
        start_time=draw(st.times().map(lambda t: t.replace(second=0, microsecond=0))),
        duration=dt.timedelta(minutes=draw(st.integers(15, 300))),
        tz=draw(st.sampled_from(ZONES)),
    )


# Windows around both clock changes of the north and of the south.
instants = st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2027, 4, 30)).map(
    lambda wall: wall.replace(second=0, microsecond=0, tzinfo=dt.UTC)
)


def by_oracle(rule: Rule, start: dt.datetime, end: dt.datetime) -> list[dt.datetime]:
    event = icalendar.Event()
    zone = ZoneInfo(rule.tz)
    # RFC 5545: DTSTART is always the first instance, so it has to be one that the rule gives.
    first = rule.first_after(dt.datetime.combine(rule.starts_on, dt.time(), dt.UTC) - dt.timedelta(days=2))
    if first is None:
        return []
    event.add("uid", "oracle")
    event.start = dt.datetime.combine(first.original_date, rule.start_time, zone)
    event.end = event.start + dt.timedelta(minutes=1)
    text = rule.rrule
    if rule.parts.until:
        until = dt.datetime.combine(rule.parts.until, dt.time(23, 59, 59), zone).astimezone(dt.UTC)
        text = (
            ";".join(part for part in text.split(";") if not part.startswith("UNTIL"))
            + f";UNTIL={until:%Y%m%dT%H%M%SZ}"
        )
    event.add("rrule", icalendar.vRecur.from_ical(text))
    calendar = icalendar.Calendar()
    calendar.add_component(event)
    found = recurring_ical_events.of(calendar).between(start - dt.timedelta(days=2), end + dt.timedelta(days=2))
    starts = {clock.to_instant(each["DTSTART"].dt.replace(tzinfo=None), rule.tz) for each in found}
    return sorted(at for at in starts if start <= at < end)


@settings(max_examples=150, deadline=None)
@given(rule=meeting_rules(), start=instants, days=st.integers(1, 120))
def test_dates_are_those_of_an_independent_calendar(rule: Rule, start: dt.datetime, days: int) -> None:
    end = start + dt.timedelta(days=days)
    assert [slot.starts_at for slot in rule.between(start, end)] == by_oracle(rule, start, end)


@settings(max_examples=150, deadline=None)
@given(rule=meeting_rules(), cuts=st.lists(instants, min_size=3, max_size=3))
def test_windows_compose(rule: Rule, cuts: list[dt.datetime]) -> None:
    first, middle, last = sorted(cuts)
    assert [*rule.between(first, middle), *rule.between(middle, last)] == list(rule.between(first, last))


@settings(max_examples=150, deadline=None)
@given(rule=meeting_rules(), start=instants)
def test_the_wall_time_stays_across_clock_changes(rule: Rule, start: dt.datetime) -> None:
    for slot in rule.between(start, start + dt.timedelta(days=90)):
        wall = clock.to_wall(slot.starts_at, rule.tz)
        asked = dt.datetime.combine(slot.original_date, rule.start_time)
        # Only a wall time inside the spring gap is shown differently, and then later.
        exists = clock.to_wall(clock.to_instant(asked, rule.tz), rule.tz) == asked
        assert wall == asked if exists else wall > asked
        assert rule.on(slot.original_date) == slot
        assert rule.weekday_mask() >> slot.original_date.weekday() & 1


@settings(max_examples=100, deadline=None)
@given(rule=meeting_rules(), start=instants)
def test_the_first_after_is_the_first_of_a_wide_window(rule: Rule, start: dt.datetime) -> None:
    first = rule.first_after(start)
    assert first == next(rule.between(start, start + dt.timedelta(days=366)), None)


@settings(max_examples=100, deadline=None)
@given(rule=meeting_rules(), start=instants, hours=st.integers(-400, 400))
def test_a_moved_date_is_found_where_it_is_and_only_there(rule: Rule, start: dt.datetime, hours: int) -> None:
    slot = rule.first_after(start)
    if slot is None:
        return
    target = slot.starts_at + dt.timedelta(hours=hours, minutes=7)
    moved = Rule(
        rule.rrule, rule.starts_on, rule.start_time, rule.duration, rule.tz, moved={slot.original_date: target}
    )
    window = list(moved.between(target - dt.timedelta(days=40), target + dt.timedelta(days=40)))
    assert [each for each in window if each.original_date == slot.original_date] == [moved.on(slot.original_date)]
    assert window == sorted(window, key=lambda each: each.starts_at)
    assert len(window) == len(set(window))
    left_out = Rule(
        rule.rrule, rule.starts_on, rule.start_time, rule.duration, rule.tz, excluded=frozenset({slot.original_date})
    )
    assert left_out.on(slot.original_date) is None
    assert slot not in list(left_out.between(start, start + dt.timedelta(days=60)))
