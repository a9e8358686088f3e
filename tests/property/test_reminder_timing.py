"""Every zone, both clock changes: nothing in quiet hours, nothing after the start, nothing missing without a reason."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meetings.reminders import timing
from support import clock

QUIET = timing.Quiet(dt.time(21, 0), dt.time(8, 0))
instants = st.datetimes(dt.datetime(2010, 1, 1), dt.datetime(2040, 1, 1), timezones=st.just(dt.UTC))
zones = st.sampled_from(sorted(clock.zone_names()))
leads = st.sampled_from(sorted(timing.LEADS))


@st.composite
def quiet_hours(draw: st.DrawFn) -> timing.Quiet:
    """Any hours of up to sixteen, to the quarter."""
    start, length = draw(st.integers(0, 95)), draw(st.integers(1, 64))
    end = (start + length) % 96
    return timing.Quiet(dt.time(start // 4, start % 4 * 15), dt.time(end // 4, end % 4 * 15))


@given(leads, instants, zones, quiet_hours() | st.none(), st.timedeltas(dt.timedelta(0), dt.timedelta(days=8)))
@settings(max_examples=600)
def test_reminder_is_never_quiet_never_late_never_dropped(
    lead: str, starts_at: dt.datetime, tz: str, quiet: timing.Quiet | None, before: dt.timedelta
) -> None:
    now = starts_at - before
    wanted = timing.wanted_at(lead, starts_at=starts_at, tz=tz)
    for is_owed in (False, True):
        due = timing.due_time(lead, starts_at=starts_at, tz=tz, quiet=quiet, now=now, is_owed=is_owed)
        if due.at is None:
            assert due.reason
            # Nothing is left out for being past that was still to come, nor what is owed.
            assert (wanted <= now and not is_owed) == (due.reason == timing.PAST)
        else:
            assert now <= due.at < timing.reminder_deadline(starts_at)
            assert quiet is None or not timing.is_quiet(due.at, tz, quiet)
            assert due.at in (wanted, now) or due.reason


@given(instants, zones, quiet_hours())
def test_quiet_hours_end_and_begin_around_every_quiet_moment(
    instant: dt.datetime, tz: str, quiet: timing.Quiet
) -> None:
    if timing.is_quiet(instant, tz, quiet):
        before, after = timing.quiet_before(instant, tz, quiet), timing.quiet_after(instant, tz, quiet)
        assert before < instant < after
        assert not timing.is_quiet(before, tz, quiet)
        assert not timing.is_quiet(after, tz, quiet)


NEW_YORK = "America/New_York"


def two_hours_before(starts_at: dt.datetime, now: dt.datetime) -> timing.Due:
    return timing.due_time("2h", starts_at=starts_at, tz=NEW_YORK, quiet=QUIET, now=now)


def wall(due: timing.Due) -> str | None:
    return clock.to_wall(due.at, NEW_YORK).isoformat(timespec="minutes") if due.at else None


@pytest.mark.parametrize(
    ("start", "expected", "reason"),
    [
        # A meeting at 9:00: two hours before is 7:00, so it goes out the evening before.
        ("2026-11-24T09:00", "2026-11-23T20:55", timing.EARLIER),
        # At 22:45: 20:45 is not quiet yet.
        ("2026-11-24T22:45", "2026-11-24T20:45", ""),
        # At 23:30: 21:30 is quiet, and 20:55 leaves two and a half hours.
        ("2026-11-24T23:30", "2026-11-24T20:55", timing.EARLIER),
        ("2026-11-24T19:00", "2026-11-24T17:00", ""),
    ],
)
def test_quiet_hours_move_a_two_hour_reminder(start: str, expected: str, reason: str) -> None:
    starts_at = clock.to_instant(dt.datetime.fromisoformat(start), NEW_YORK)
    due = two_hours_before(starts_at, starts_at - dt.timedelta(days=3))
    assert (wall(due), due.reason, due.is_by_email) == (expected, reason, False)


@pytest.mark.parametrize(
    ("asked", "expected", "reason"),
    [
        # Asked at 22:00 for 9:00: the evening is past, and 8:00 leaves an hour.
        ("2026-11-23T22:00", "2026-11-24T08:00", timing.LATER),
        ("2026-11-23T20:00", "2026-11-23T20:55", timing.EARLIER),
        ("2026-11-24T07:30", None, timing.PAST),
    ],
)
def test_quiet_hours_for_one_who_asks_late(asked: str, expected: str | None, reason: str) -> None:
    starts_at = clock.to_instant(dt.datetime(2026, 11, 24, 9, 0), NEW_YORK)
    due = two_hours_before(starts_at, clock.to_instant(dt.datetime.fromisoformat(asked), NEW_YORK))
    assert (wall(due), due.reason) == (expected, reason)


def test_where_little_time_is_left_it_goes_by_email() -> None:
    starts_at = clock.to_instant(dt.datetime(2026, 11, 24, 8, 30), NEW_YORK)
    due = two_hours_before(starts_at, clock.to_instant(dt.datetime(2026, 11, 23, 22, 0), NEW_YORK))
    assert (wall(due), due.reason, due.is_by_email) == ("2026-11-24T08:00", timing.BY_EMAIL, True)


def test_where_no_time_is_left_it_says_so() -> None:
    starts_at = clock.to_instant(dt.datetime(2026, 11, 24, 7, 30), NEW_YORK)
    due = two_hours_before(starts_at, clock.to_instant(dt.datetime(2026, 11, 23, 22, 0), NEW_YORK))
    assert due == timing.Due(None, timing.TOO_QUIET)


def test_whoever_waives_quiet_hours_is_woken() -> None:
    starts_at = clock.to_instant(dt.datetime(2026, 11, 24, 7, 30), NEW_YORK)
    due = timing.due_time(
        "2h", starts_at=starts_at, tz=NEW_YORK, quiet=None, now=starts_at - dt.timedelta(days=1)
    )  # fmt: skip
    assert due == timing.Due(starts_at - dt.timedelta(hours=2))


def test_what_a_pause_keeps_from_going_out_before_the_night_goes_out_after_it() -> None:
    starts_at = clock.to_instant(dt.datetime(2026, 11, 19, 8, 30), NEW_YORK)
    pause_ends = clock.to_instant(dt.datetime(2026, 11, 19), NEW_YORK)
    for asked in ("2026-11-17T18:00", "2026-11-19T00:00"):
        now = clock.to_instant(dt.datetime.fromisoformat(asked), NEW_YORK)
        due = timing.due_time("2h", starts_at=starts_at, tz=NEW_YORK, quiet=QUIET, now=now, paused_until=pause_ends)
        # The same before the pause is over as when it is.
        assert (wall(due), due.reason) == ("2026-11-19T08:00", timing.BY_EMAIL)
