"""Every zone, both clock changes: nothing in quiet hours, nothing after the start, nothing dropped in silence."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meetings.reminders import timing
from support import clock

LEADS = [*timing.BOOKED_LEADS, *timing.DROP_IN_LEADS, timing.Elapsed(dt.timedelta(minutes=30))]
instants = st.datetimes(dt.datetime(2010, 1, 1), dt.datetime(2040, 1, 1), timezones=st.just(dt.UTC))
zones = st.sampled_from(sorted(clock.zone_names()))


def check(lead: timing.Lead, starts_at: dt.datetime, tz: str, now: dt.datetime) -> None:
    due = timing.due_time(lead, starts_at=starts_at, tz=tz, now=now)
    deadline_at = timing.reminder_deadline(starts_at)
    if due is not None:
        assert now < due.at < deadline_at
        assert not timing.is_quiet(due.at, tz)
        return
    wanted = timing.due_time(lead, starts_at=starts_at, tz=tz, now=dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
    # What is left out was past already when it was planned, in its own time and in what quiet hours make of it.
    assert wanted is None or wanted.at <= now


@given(st.sampled_from(LEADS), instants, zones, st.timedeltas(dt.timedelta(0), dt.timedelta(days=5)))
@settings(max_examples=500)
def test_reminder_is_never_quiet_never_late_never_dropped(
    lead: timing.Lead, starts_at: dt.datetime, tz: str, before: dt.timedelta
) -> None:
    check(lead, starts_at, tz, starts_at - before)


def test_reminder_in_every_zone_across_both_clock_changes() -> None:
    changes = [dt.datetime(2026, 3, 8, tzinfo=dt.UTC), dt.datetime(2026, 11, 1, tzinfo=dt.UTC)]
    changes += [dt.datetime(2026, 3, 29, tzinfo=dt.UTC), dt.datetime(2026, 10, 25, tzinfo=dt.UTC)]
    for tz in sorted(clock.zone_names()):
        for change in changes:
            for hours in range(-6, 60, 5):
                starts_at = change + dt.timedelta(hours=hours, minutes=15)
                for lead in timing.BOOKED_LEADS + timing.DROP_IN_LEADS:
                    due = timing.due_time(lead, starts_at=starts_at, tz=tz, now=starts_at - dt.timedelta(days=9))
                    assert due is not None
                    assert due.at < timing.reminder_deadline(starts_at)
                    assert not timing.is_quiet(due.at, tz)


@given(instants, zones)
def test_quiet_hours_end_and_begin_around_every_quiet_moment(instant: dt.datetime, tz: str) -> None:
    if timing.is_quiet(instant, tz):
        before, after = timing.quiet_before(instant, tz), timing.quiet_after(instant, tz)
        assert before < instant < after
        assert not timing.is_quiet(before, tz)
        assert not timing.is_quiet(after, tz)


NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        # A meeting at 9:00: two hours before is 7:00, so it goes out the evening before.
        ("2026-11-24T09:00", "2026-11-23T20:55"),
        # At 22:45: 20:45 is not quiet yet.
        ("2026-11-24T22:45", "2026-11-24T20:45"),
        # At 23:30: 21:30 is quiet, and 20:55 leaves two and a half hours.
        ("2026-11-24T23:30", "2026-11-24T20:55"),
        ("2026-11-24T19:00", "2026-11-24T17:00"),
    ],
)
def test_quiet_hours_move_a_two_hour_reminder(start: str, expected: str) -> None:
    starts_at = clock.to_instant(dt.datetime.fromisoformat(start), NEW_YORK)
    due = timing.due_time(
        timing.Elapsed(dt.timedelta(hours=2)), starts_at=starts_at, tz=NEW_YORK, now=starts_at - dt.timedelta(days=3)
    )
    assert due is not None
    assert clock.to_wall(due.at, NEW_YORK) == dt.datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        # Asked at 22:00 for 9:00: the evening is past, and 8:00 leaves an hour.
        ("2026-11-23T22:00", "2026-11-24T08:00"),
        ("2026-11-23T20:00", "2026-11-23T20:55"),
        ("2026-11-24T07:30", None),
    ],
)
def test_quiet_hours_for_one_who_asks_late(asked: str, expected: str | None) -> None:
    starts_at = clock.to_instant(dt.datetime(2026, 11, 24, 9, 0), NEW_YORK)
    due = timing.due_time(
        timing.Elapsed(dt.timedelta(hours=2)),
        starts_at=starts_at,
        tz=NEW_YORK,
        now=clock.to_instant(dt.datetime.fromisoformat(asked), NEW_YORK),
    )
    assert (clock.to_wall(due.at, NEW_YORK).isoformat(timespec="minutes") if due else None) == expected
