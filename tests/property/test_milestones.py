"""Milestones of clean time: by days, then by the calendar's months, whatever the day one began."""

from __future__ import annotations

import datetime as dt
from itertools import islice, pairwise

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from accounts.milestones import Unit, add_months, following, latest, milestones, span

DATES = st.dates(dt.date(1950, 1, 1), dt.date(2100, 12, 31))
LATER = st.integers(0, 365 * 60)


def on(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def test_sequence_is_that_of_the_key_tags() -> None:
    found = [(each.number, each.unit.value, each.on.isoformat()) for each in islice(milestones(on("2024-01-31")), 11)]
    assert found == [
        (0, "days", "2024-01-31"),
        (30, "days", "2024-03-01"),
        (60, "days", "2024-03-31"),
        (90, "days", "2024-04-30"),
        (6, "months", "2024-07-31"),
        (9, "months", "2024-10-31"),
        (12, "months", "2025-01-31"),
        (18, "months", "2025-07-31"),
        (24, "months", "2026-01-31"),
        (36, "months", "2027-01-31"),
        (48, "months", "2028-01-31"),
    ]


@pytest.mark.parametrize(
    ("start", "months", "expected"),
    [
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2023-08-31", 6, "2024-02-29"),
        ("2024-08-31", 6, "2025-02-28"),
        ("2024-05-31", 9, "2025-02-28"),
        ("2024-12-31", 18, "2026-06-30"),
        ("2024-12-01", 1, "2025-01-01"),
    ],
)
def test_day_that_a_month_does_not_have_is_its_last(start: str, months: int, expected: str) -> None:
    assert add_months(on(start), months) == on(expected)


@pytest.mark.parametrize(
    ("start", "today", "expected"),
    [
        ("2024-02-29", "2025-02-27", (0, 11, 29)),
        ("2024-02-29", "2025-02-28", (1, 0, 0)),
        ("2024-01-31", "2024-02-29", (0, 1, 0)),
        ("2024-01-31", "2024-03-01", (0, 1, 1)),
        ("2024-11-17", "2024-11-17", (0, 0, 0)),
        ("2020-11-18", "2024-11-17", (3, 11, 30)),
    ],
)
def test_span_is_told_as_people_count(start: str, today: str, expected: tuple[int, int, int]) -> None:
    found = span(on(start), today=on(today))
    assert (found.years, found.months, found.days) == expected


def test_date_to_come_is_no_clean_date() -> None:
    for question in (latest, span):
        with pytest.raises(ValueError, match="today or before"):
            question(on("2024-01-02"), today=on("2024-01-01"))


def test_calendar_that_ends_ends_the_milestones() -> None:
    assert following(on("9998-01-01"), today=on("9999-12-31")) is None
    assert [each.number for each in milestones(on("9999-12-01"))] == [0, 30]


@given(DATES)
def test_milestones_are_in_order_and_months_agree_with_an_oracle(start: dt.date) -> None:
    first = list(islice(milestones(start), 20))
    assert all(one.on < other.on for one, other in pairwise(first))
    for each in first:
        step = relativedelta(days=each.number) if each.unit is Unit.DAYS else relativedelta(months=each.number)
        assert each.on == start + step


@given(DATES, LATER)
def test_today_lies_between_the_latest_and_the_next(start: dt.date, days: int) -> None:
    today = start + dt.timedelta(days=days)
    reached, next_one = latest(start, today=today), following(start, today=today)
    assert next_one is not None
    assert reached.on <= today < next_one.on
    every = list(islice(milestones(start), 80))
    assert every.index(next_one) == every.index(reached) + 1


@given(DATES, LATER)
def test_span_and_calendar_agree(start: dt.date, days: int) -> None:
    today = start + dt.timedelta(days=days)
    found = span(start, today=today)
    assert 0 <= found.months < 12
    assert 0 <= found.days < 31
    assert add_months(start, 12 * found.years + found.months) + dt.timedelta(days=found.days) == today


@given(DATES, LATER)
def test_years_are_milestones_on_the_day_that_they_are_whole(start: dt.date, days: int) -> None:
    today = start + dt.timedelta(days=days)
    reached = latest(start, today=today)
    if span(start, today=today).years >= 2:
        assert reached.years == span(start, today=today).years
