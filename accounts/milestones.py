"""Milestones of clean time, in the sequence of NA's key tags. Pure: dates in, dates out, no Django.

A welcome tag, 30, 60 and 90 days, 6 and 9 months, a year, 18 months, then every further year (NAWS key tags: white,
orange, green, red, blue, yellow, glow-in-the-dark, grey, black). Days are counted as days, months by the calendar: 6
months from 31 August is the last day of February.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import count
from typing import Final


class Unit(Enum):
    DAYS = "days"
    MONTHS = "months"


@dataclass(frozen=True, slots=True)
class Milestone:
    """`number` of `unit`s since the clean date, and the day it falls on. The welcome is 0 days."""

    number: int
    unit: Unit
    on: dt.date

    @property
    def years(self) -> int | None:
        """Return how many whole years it is, or None where it is not counted in years."""
        if self.unit is Unit.MONTHS and self.number and self.number % 12 == 0:
            return self.number // 12
        return None


@dataclass(frozen=True, slots=True)
class Span:
    """Time by the calendar: whole years, then whole months, then days."""

    years: int
    months: int
    days: int


_FIRST: Final = (
    (0, Unit.DAYS),
    (30, Unit.DAYS),
    (60, Unit.DAYS),
    (90, Unit.DAYS),
    (6, Unit.MONTHS),
    (9, Unit.MONTHS),
    (12, Unit.MONTHS),
    (18, Unit.MONTHS),
)


def add_months(start: dt.date, months: int) -> dt.date:
    """Return the same day of the month `months` later, or that month's last day where it has no such day.

    Raises OverflowError beyond the year 9999.
    """
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if year > dt.MAXYEAR:
        raise OverflowError("no such year")
    last_day = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(start.day, last_day))


def milestones(clean_on: dt.date) -> Iterator[Milestone]:
    """Yield the milestones of somebody who has been clean since `clean_on`, in their order, as far as dates go."""
    try:
        for number, unit in _FIRST:
            yield _milestone(clean_on, number, unit)
        for years in count(2):
            yield _milestone(clean_on, 12 * years, Unit.MONTHS)
    except OverflowError:
        return


def latest(clean_on: dt.date, *, today: dt.date) -> Milestone:
    """Return the newest milestone that is reached by `today`. Raises ValueError for a clean date still to come."""
    if clean_on > today:
        raise ValueError("a clean date is today or before")
    reached = next(iter(milestones(clean_on)))
    for each in milestones(clean_on):
        if each.on > today:
            break
        reached = each
    return reached


def following(clean_on: dt.date, *, today: dt.date) -> Milestone | None:
    """Return the next milestone after `today`, or None at the end of the calendar."""
    return next((each for each in milestones(clean_on) if each.on > today), None)


def span(clean_on: dt.date, *, today: dt.date) -> Span:
    """Return the time from `clean_on` to `today`. Raises ValueError for a clean date still to come."""
    if clean_on > today:
        raise ValueError("a clean date is today or before")
    months = (today.year - clean_on.year) * 12 + today.month - clean_on.month
    if add_months(clean_on, months) > today:
        months -= 1
    return Span(*divmod(months, 12), (today - add_months(clean_on, months)).days)


def _milestone(clean_on: dt.date, number: int, unit: Unit) -> Milestone:
    on = clean_on + dt.timedelta(days=number) if unit is Unit.DAYS else add_months(clean_on, number)
    return Milestone(number=number, unit=unit, on=on)
