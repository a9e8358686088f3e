"""Rules that are refused, rules that end, and dates that were moved or left out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from meetings import recurrence
from meetings.recurrence import InvalidRule, Rule, Slot

#: A Tuesday.
FIRST = dt.date(2026, 1, 6)
DAY = dt.timedelta(days=1)
WEEK = dt.timedelta(days=7)
YEAR = dt.timedelta(days=365)


def rule(rrule: str, *, tz: str = "America/New_York", **fields: Any) -> Rule:
    """A meeting from FIRST on, 19:00 to 20:00."""
    fields.setdefault("starts_on", FIRST)
    return Rule(rrule=rrule, start_time=dt.time(19), duration=dt.timedelta(hours=1), tz=tz, **fields)


def at(date: dt.date, hour: int = 19) -> dt.datetime:
    """Return an instant in a winter of New York."""
    return dt.datetime.combine(date, dt.time(hour), dt.UTC) + dt.timedelta(hours=5)


def dates(of: Rule, *, since: dt.date = FIRST) -> list[dt.date]:
    """Return the dates of a year, in the order in which they start."""
    return [slot.original_date for slot in of.between(at(since), at(since) + YEAR)]


# -- what is refused -------------------------------------------------------------------------------------------------

NTH = "a monthly meeting is on the nth weekday, and any other on plain weekdays"


@pytest.mark.parametrize(
    ("rrule", "reason"),
    [
        ("FREQ=WEEKLY;FREQ=DAILY;BYDAY=TU", "a part of the rule is given twice"),
        ("FREQ=WEEKLY;BYDAY=TU;BYHOUR=7", "BYHOUR is not supported"),
        ("FREQ=WEEKLY;WKST=SU;BYDAY=TU;BYHOUR=7", "BYHOUR, WKST is not supported"),
        ("every Tuesday", "EVERY TUESDAY is not supported"),
        ("", "a meeting repeats DAILY, WEEKLY or MONTHLY"),
        ("BYDAY=TU", "a meeting repeats DAILY, WEEKLY or MONTHLY"),
        ("FREQ=YEARLY;BYDAY=TU", "a meeting repeats DAILY, WEEKLY or MONTHLY"),
        ("FREQ=WEEKLY;BYDAY=TU;UNTIL=20261231;COUNT=3", "UNTIL and COUNT exclude each other"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL is a whole number from 1 to 1000"),
        ("FREQ=DAILY;INTERVAL=1001", "INTERVAL is a whole number from 1 to 1000"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL is a whole number from 1 to 1000"),
        ("FREQ=DAILY;INTERVAL=1.5", "INTERVAL is a whole number from 1 to 1000"),
        ("FREQ=DAILY;INTERVAL=", "INTERVAL is a whole number from 1 to 1000"),
        ("FREQ=DAILY;INTERVAL=²", "INTERVAL is a whole number from 1 to 1000"),
        ("FREQ=DAILY;COUNT=0", "COUNT is a whole number from 1 to 1000"),
        ("FREQ=DAILY;COUNT=many", "COUNT is a whole number from 1 to 1000"),
        ("FREQ=DAILY;UNTIL=2026-12-31", "UNTIL is a date like 20261231"),
        ("FREQ=DAILY;UNTIL=20260230", "UNTIL is a date like 20261231"),
        ("FREQ=DAILY;UNTIL=", "UNTIL is a date like 20261231"),
        ("FREQ=WEEKLY", "FREQ=WEEKLY needs BYDAY"),
        ("FREQ=MONTHLY;BYDAY=", "FREQ=MONTHLY needs BYDAY"),
        ("FREQ=WEEKLY;BYDAY=TUE", "BYDAY=TUE is not a weekday"),
        ("FREQ=WEEKLY;BYDAY=MO,", "BYDAY= is not a weekday"),
        ("FREQ=MONTHLY;BYDAY=12TU", "BYDAY=12TU is not a weekday"),
        ("FREQ=WEEKLY;BYDAY=1TU", NTH),
        ("FREQ=DAILY;BYDAY=1TU", NTH),
        ("FREQ=MONTHLY;BYDAY=TU", NTH),
        ("FREQ=MONTHLY;BYDAY=1TU,TH", NTH),
        ("FREQ=MONTHLY;BYDAY=0TU", "the nth weekday is 1 to 5, or -1 for the last"),
        ("FREQ=MONTHLY;BYDAY=6TU", "the nth weekday is 1 to 5, or -1 for the last"),
        ("FREQ=MONTHLY;BYDAY=-2TU", "the nth weekday is 1 to 5, or -1 for the last"),
    ],
)
def test_rule_that_is_not_understood_is_refused_with_a_reason(rrule: str, reason: str) -> None:
    with pytest.raises(InvalidRule) as refusal:
        recurrence.validate(rrule)
    assert str(refusal.value) == reason


@pytest.mark.parametrize(
    "rrule",
    [
        "freq=weekly;byday=tu",
        "FREQ=MONTHLY;BYDAY=+1TU,-1FR",
        "FREQ=DAILY;INTERVAL=1000",
        "FREQ=DAILY;COUNT=1000",
        "FREQ=DAILY;UNTIL=20261231T235959Z",
        "FREQ=WEEKLY;BYDAY=TU;",
        ";FREQ=WEEKLY;;BYDAY=TU",
    ],
)
def test_rule_that_is_understood_gives_its_first_date(rrule: str) -> None:
    recurrence.validate(rrule)
    assert dates(rule(rrule))[0] == FIRST


def test_rules_are_written_from_at_least_one_weekday_and_a_possible_nth() -> None:
    with pytest.raises(InvalidRule, match="at least one weekday"):
        recurrence.weekly([])
    for n in (0, 6, -2):
        with pytest.raises(InvalidRule, match="1 to 5, or -1"):
            recurrence.monthly_nth(n, 0)


# -- rules that end --------------------------------------------------------------------------------------------------


def test_counted_rule_ends_after_so_many_dates_wherever_one_looks_from() -> None:
    three = rule("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;COUNT=3")
    assert dates(three) == [FIRST, FIRST + 2 * WEEK, FIRST + 4 * WEEK]
    assert dates(three, since=FIRST + 3 * WEEK) == [FIRST + 4 * WEEK]
    assert dates(three, since=FIRST + 5 * WEEK) == []
    assert [three.on(FIRST + weeks * WEEK) is not None for weeks in (0, 2, 4, 6)] == [True, True, True, False]
    assert three.first_after(at(FIRST + 4 * WEEK)) == three.on(FIRST + 4 * WEEK)
    assert three.first_after(at(FIRST + 4 * WEEK) + DAY) is None


@pytest.mark.parametrize("rrule", ["FREQ=DAILY;COUNT=1", "FREQ=WEEKLY;BYDAY=TU;COUNT=1", "FREQ=DAILY;UNTIL=20260106"])
def test_meeting_of_one_date(rrule: str) -> None:
    once = rule(rrule)
    assert dates(once) == [FIRST]
    assert once.on(FIRST) == Slot(FIRST, at(FIRST), at(FIRST, 20))
    assert once.first_after(at(FIRST) + DAY) is None


@pytest.mark.parametrize(
    ("rrule", "mask"),
    [
        ("FREQ=DAILY;COUNT=1", 0b0000010),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE;COUNT=1", 0b0000010),
        # The first date need not be the one that the rule is written from.
        ("FREQ=WEEKLY;BYDAY=MO,FR;COUNT=1", 0b0010000),
        ("FREQ=DAILY;COUNT=2", 0b1111111),
        ("FREQ=WEEKLY;BYDAY=SU,MO", 0b1000001),
        ("FREQ=MONTHLY;BYDAY=1TU,3TH", 0b0001010),
    ],
)
def test_weekdays_of_a_rule(rrule: str, mask: int) -> None:
    assert rule(rrule).weekday_mask() == mask


def test_last_day_of_a_rule_counts_to_its_end() -> None:
    until = rule("FREQ=DAILY;UNTIL=20260108")
    assert dates(until) == [FIRST, FIRST + DAY, FIRST + 2 * DAY]
    assert until.first_after(at(FIRST + 2 * DAY)) == until.on(FIRST + 2 * DAY)


# -- dates that were moved or left out -------------------------------------------------------------------------------


def test_date_that_was_moved_beyond_the_end_of_its_rule_is_still_to_come() -> None:
    last = FIRST + 4 * WEEK
    moved = rule("FREQ=WEEKLY;BYDAY=TU;UNTIL=20260203", moved={last: at(last + 10 * WEEK)})
    assert (
        moved.first_after(at(last - DAY))
        == moved.on(last)
        == Slot(last, at(last + 10 * WEEK), at(last + 10 * WEEK, 20))
    )
    assert moved.first_after(at(last + 10 * WEEK) + DAY) is None


def test_date_that_was_moved_and_then_left_out_does_not_happen() -> None:
    gone = rule("FREQ=WEEKLY;BYDAY=TU;COUNT=2", moved={FIRST: at(FIRST + DAY)}, excluded=frozenset({FIRST}))
    assert dates(gone) == [FIRST + WEEK]
    assert gone.on(FIRST) is None


def test_date_that_was_moved_onto_the_next_comes_before_it() -> None:
    both = rule("FREQ=WEEKLY;BYDAY=TU;COUNT=3", moved={FIRST: at(FIRST + WEEK)})
    assert dates(both) == [FIRST, FIRST + WEEK, FIRST + 2 * WEEK]
    swapped = rule("FREQ=WEEKLY;BYDAY=TU;COUNT=3", moved={FIRST: at(FIRST + WEEK), FIRST + WEEK: at(FIRST)})
    assert dates(swapped) == [FIRST + WEEK, FIRST, FIRST + 2 * WEEK]


@pytest.mark.parametrize("tz", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Etc/GMT+12"])
def test_date_is_found_by_the_minute_in_the_zones_farthest_from_utc(tz: str) -> None:
    far = rule("FREQ=WEEKLY;BYDAY=TU;UNTIL=20260113", tz=tz)
    for date in (FIRST, FIRST + WEEK):
        slot = far.on(date)
        assert slot is not None
        minute = dt.timedelta(minutes=1)
        assert list(far.between(slot.starts_at, slot.starts_at + minute)) == [slot]
        assert list(far.between(slot.starts_at - minute, slot.starts_at)) == []
        assert far.first_after(slot.starts_at) == slot
