"""What one person gets, in every zone and across both of its clock changes, with any habits and any dates.

Nothing in quiet hours, nothing after the start, nothing missing without a reason, and never more than three a day.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meetings.reminders import timing
from meetings.reminders.agenda import FULL_DAY, LATE_LEAD, MOST_A_DAY, Agenda, Habits, Place, draw_up
from support import clock
from tests.property.test_reminder_timing import quiet_hours

DAY = dt.timedelta(days=1)
QUIET = timing.Quiet(dt.time(21, 0), dt.time(8, 0))
BOOKED, ONLINE, DROP_IN = ("3d", "1d@18:00"), ("3d", "1d@18:00", "2h"), ("2h",)


def check(agenda: Agenda, places: list[Place], habits: Habits, now: dt.datetime, sent_today: int = 0) -> None:
    """Assert all that must hold of any agenda."""
    told: Counter[tuple[int, str]] = Counter()
    days: Counter[dt.date] = Counter()
    for message in agenda.messages:
        assert now <= message.due_at
        days[clock.to_wall(message.due_at, habits.tz).date()] += 1
        assert habits.quiet is None or message.is_asked or not timing.is_quiet(message.due_at, habits.tz, habits.quiet)
        if habits.paused_until:
            assert clock.to_wall(message.due_at, habits.tz).date() >= habits.paused_until
        for place, lead in message.wishes:
            assert message.due_at < timing.reminder_deadline(place.starts_at)
            told[place.signup, lead] += 1
            wanted = timing.wanted_at(lead, starts_at=place.starts_at, tz=habits.tz)
            assert message.due_at == wanted or message.reason or lead in place.owed
    assert max(told.values(), default=1) == 1
    days[clock.to_wall(now, habits.tz).date()] += sent_today
    asked = sum(message.is_asked for message in agenda.messages)
    assert max(days.values(), default=0) <= max(MOST_A_DAY, asked + sent_today)
    left_out = Counter((omission.place.signup, omission.lead) for omission in agenda.omissions)
    assert all(omission.reason for omission in agenda.omissions)
    for place in places:
        if timing.reminder_deadline(place.starts_at) > now:
            for lead in {*place.leads, *place.asked}:
                # Told or left out with a reason, and not both.
                assert told[place.signup, lead] + left_out[place.signup, lead] == (lead not in place.told)
            if not habits.refusal and not habits.paused_until:
                # What was asked for is never what is left out.
                deadline_at = timing.reminder_deadline(place.starts_at)
                assert all(
                    told[place.signup, lead]
                    for lead in place.asked - place.told
                    if timing.wanted_at(lead, starts_at=place.starts_at, tz=habits.tz) < deadline_at
                )
    extra = set(told) - {(place.signup, lead) for place in places for lead in {*place.leads, *place.asked}}
    assert {lead for _signup, lead in extra} <= {LATE_LEAD}


@cache
def clock_changes(tz: str) -> tuple[dt.datetime, ...]:
    """Return about when clocks in a zone change in 2026 and 2027, to the hour; where they never do, a day in spring."""
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    zone = ZoneInfo(tz)
    found = []
    for number in range(730):
        day = start + number * DAY
        if day.astimezone(zone).utcoffset() != (day + DAY).astimezone(zone).utcoffset():
            hours = (day + hour * dt.timedelta(hours=1) for hour in range(25))
            before = day.astimezone(zone).utcoffset()
            found.append(next(each for each in hours if each.astimezone(zone).utcoffset() != before))
    return tuple(found[:2]) or (dt.datetime(2026, 3, 29, 1, tzinfo=dt.UTC),)


def test_every_zone_across_both_of_its_clock_changes() -> None:
    seen = Counter[str]()
    for tz in sorted(clock.zone_names()):
        for change in clock_changes(tz):
            for hours in range(-15, 63, 6):
                starts_at = change + dt.timedelta(hours=hours, minutes=20)
                places = [
                    Place(1, starts_at, BOOKED, is_booked=True),
                    Place(2, starts_at + dt.timedelta(hours=5), ONLINE, is_booked=True),
                    Place(3, starts_at + dt.timedelta(hours=9), DROP_IN),
                ]
                for ahead in (9 * DAY, dt.timedelta(hours=13)):
                    habits = Habits(tz, QUIET)
                    now = starts_at - ahead
                    agenda = draw_up(places, habits, now=now)
                    check(agenda, places, habits, now)
                    seen.update(message.reason for message in agenda.messages)
                    seen.update(f"not: {omission.reason}" for omission in agenda.omissions)
                    if ahead == 9 * DAY:
                        # Whoever signs up in time misses nothing at all.
                        assert not agenda.omissions
    # Each way that quiet hours can take was taken.
    assert {timing.EARLIER, timing.LATER} <= set(seen)
    assert f"not: {timing.PAST}" in seen


instants = st.datetimes(dt.datetime(2025, 1, 1), dt.datetime(2027, 12, 31), timezones=st.just(dt.UTC))
some_leads = st.lists(st.sampled_from(sorted(timing.LEADS)), unique=True, max_size=4).map(tuple)


@st.composite
def people(draw: st.DrawFn) -> tuple[list[Place], Habits, dt.datetime, int]:
    now = draw(instants)
    tz = draw(st.sampled_from(sorted(clock.zone_names())))
    places = []
    for signup in range(draw(st.integers(1, 8))):
        leads = draw(some_leads)
        told = draw(st.sets(st.sampled_from(leads))) if leads else set()
        owed = draw(st.sets(st.sampled_from(leads))) - told if leads else set()
        starts_at = now + draw(st.timedeltas(dt.timedelta(minutes=-30), 4 * DAY))
        asked = frozenset(draw(st.sets(st.sampled_from(sorted(timing.LEADS)), max_size=1))) - told
        places.append(Place(signup, starts_at, leads, draw(st.booleans()), frozenset(told), frozenset(owed), asked))
    paused = draw(st.none() | st.integers(-1, 4))
    today = clock.to_wall(now, tz).date()
    habits = Habits(tz, draw(quiet_hours() | st.none()), None if paused is None else today + paused * DAY)
    return places, habits, now, draw(st.integers(0, 4))


@given(people())
@settings(max_examples=400)
def test_any_habits_and_any_dates(person: tuple[list[Place], Habits, dt.datetime, int]) -> None:
    places, habits, now, sent_today = person
    agenda = draw_up(places, habits, sent_today=min(sent_today, MOST_A_DAY), now=now)
    check(agenda, places, habits, now, min(sent_today, MOST_A_DAY))


@given(people())
@settings(max_examples=200)
def test_order_of_places_does_not_matter(person: tuple[list[Place], Habits, dt.datetime, int]) -> None:
    places, habits, now, sent_today = person

    def told(given_places: list[Place]) -> set[tuple[object, ...]]:
        agenda = draw_up(given_places, habits, sent_today=sent_today, now=now)
        return {
            (message.due_at, frozenset((place.signup, lead) for place, lead in message.wishes))
            for message in agenda.messages
        }

    assert told(places) == told(places[::-1])


@pytest.mark.parametrize("sent_today", [3, 5])
def test_full_day_pushes_what_can_wait_into_the_next(sent_today: int) -> None:
    now = dt.datetime(2026, 11, 17, 12, 0, tzinfo=dt.UTC)
    habits = Habits("UTC", QUIET)
    today = Place(1, now + dt.timedelta(hours=4), DROP_IN)
    later = Place(2, now + dt.timedelta(days=3, hours=2), BOOKED, is_booked=True)
    agenda = draw_up([today, later], habits, sent_today=sent_today, now=now)
    assert [(omission.place.signup, omission.reason) for omission in agenda.omissions] == [(1, FULL_DAY)]
    # Three days before joins the next one, the evening of the day after tomorrow.
    assert [(message.due_at.day, [lead for _place, lead in message.wishes]) for message in agenda.messages] == [
        (19, ["1d@18:00", "3d"])
    ]
