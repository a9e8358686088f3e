"""When a meeting happens: RFC 5545 recurrence rules on local clocks. Pure: no Django, no database, no current time.

A rule is expanded on naive wall times, where it is regular, and each wall time then becomes the instant that its zone
means (`support.clock`): the wall time stays across a clock change, and the UTC instant moves.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from dateutil.rrule import rrule as Expansion  # noqa: N812  # the class is named like the property it expands
from dateutil.rrule import rruleset, rrulestr

from support import clock

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = dt.timedelta(days=1)
#: A wall time and its instant differ by less than this (the zones reach from -12 to +14 hours), and a day of slack.
_ZONE_SLACK = dt.timedelta(hours=38)
_PART = re.compile(r"([+-]?\d)?(MO|TU|WE|TH|FR|SA|SU)")


class InvalidRule(ValueError):
    """A recurrence rule that is not understood here; its words say why."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One time that a rule gives: the date it has by the rule, and when it really is (aware, UTC)."""

    original_date: dt.date
    starts_at: dt.datetime
    ends_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Parts:
    """A rule taken apart: `weekdays` holds (n, weekday) pairs, weekday 0 for Monday, n None for every one in a week."""

    frequency: str
    interval: int
    weekdays: tuple[tuple[int | None, int], ...]
    until: dt.date | None
    count: int | None

    @property
    def days(self) -> str:
        """The days that it falls on, as its BYDAY: "MO,WE", "1MO"; "" for every day. Whichever weeks are left out."""
        return ",".join(f"{n or ''}{WEEKDAYS[weekday]}" for n, weekday in sorted(self.weekdays, key=_in_order))


def _in_order(day: tuple[int | None, int]) -> tuple[int, int]:
    n, weekday = day
    return weekday, n or 0


def falls_on(date: dt.date, days: str) -> bool:
    """Return whether `date` is one of `days`, as in `Parts.days`: "1MO" is the first Monday of a month, -1 the last."""
    return not days or any(_is_on(date, *_day(part)) for part in days.split(","))


def unknown_days(days: str, *, known: str) -> str:
    """Return those of `days` that are not among the `known` ones, both as in `Parts.days`.

    Whoever knows every Monday knows the first one. Where all days are known nothing is new, nor where it is every day.
    """
    kept = known.split(",")
    return ",".join(day for day in days.split(",") if known and day and day not in kept and day[-2:] not in kept)


def _day(text: str) -> tuple[int | None, int]:
    match = _PART.fullmatch(text)
    if not match:
        raise InvalidRule(f"BYDAY={text} is not a weekday")
    return int(match[1]) if match[1] else None, WEEKDAYS.index(match[2])


def _is_on(date: dt.date, n: int | None, weekday: int) -> bool:
    if date.weekday() != weekday:
        return False
    is_last = (date + 7 * _DAY).month != date.month
    return n is None or n == (date.day + 6) // 7 or (n == -1 and is_last)


@lru_cache(maxsize=4096)
def parse(rrule: str) -> Parts:
    """Return the parts of an RFC 5545 RRULE value (section 3.3.10). Raises InvalidRule for what is not supported here.

    Supported: FREQ=WEEKLY with BYDAY, FREQ=MONTHLY with BYDAY=nXX (n 1 to 5 or -1), FREQ=DAILY; INTERVAL; UNTIL as a
    date, inclusive; COUNT.
    """
    pairs = [part.partition("=") for part in rrule.upper().split(";") if part]
    fields = {name: value for name, _, value in pairs}
    if len(fields) != len(pairs):
        raise InvalidRule("a part of the rule is given twice")
    if unknown := set(fields) - {"FREQ", "INTERVAL", "BYDAY", "UNTIL", "COUNT"}:
        raise InvalidRule(f"{', '.join(sorted(unknown))} is not supported")
    frequency = fields.get("FREQ", "")
    if frequency not in ("DAILY", "WEEKLY", "MONTHLY"):
        raise InvalidRule("a meeting repeats DAILY, WEEKLY or MONTHLY")
    if "UNTIL" in fields and "COUNT" in fields:
        raise InvalidRule("UNTIL and COUNT exclude each other")
    return Parts(
        frequency=frequency,
        interval=_number(fields.get("INTERVAL", "1"), "INTERVAL"),
        weekdays=_weekdays(fields.get("BYDAY", ""), frequency),
        until=_until(fields["UNTIL"]) if "UNTIL" in fields else None,
        count=_number(fields["COUNT"], "COUNT") if "COUNT" in fields else None,
    )


def validate(rrule: str) -> None:
    """Raise InvalidRule where `rrule` is not a rule that this site understands."""
    parse(rrule)


def weekly(weekdays: list[int], *, interval: int = 1, until: dt.date | None = None) -> str:
    """Return the rule "every `interval` weeks on these weekdays" (0 is Monday)."""
    if not weekdays:
        raise InvalidRule("a weekly meeting has at least one weekday")
    days = ",".join(WEEKDAYS[day] for day in sorted(set(weekdays)))
    return _written("WEEKLY", days, interval, until)


def monthly_nth(n: int, weekday: int, *, until: dt.date | None = None) -> str:
    """Return the rule "the nth `weekday` of each month"; n is 1 to 5, or -1 for the last."""
    rule = _written("MONTHLY", f"{n}{WEEKDAYS[weekday]}", 1, until)
    validate(rule)
    return rule


def _written(frequency: str, days: str, interval: int, until: dt.date | None) -> str:
    parts = [f"FREQ={frequency}"]
    if interval != 1:
        parts.append(f"INTERVAL={interval}")
    parts.append(f"BYDAY={days}")
    if until:
        parts.append(f"UNTIL={until:%Y%m%d}")
    return ";".join(parts)


def _number(text: str, name: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1000:
        raise InvalidRule(f"{name} is a whole number from 1 to 1000")
    return int(text)


def _until(text: str) -> dt.date:
    try:
        # Only the date counts, on the meeting's own clocks: a last meeting is a day, not a second.
        return dt.datetime.strptime(text[:8], "%Y%m%d").date()  # noqa: DTZ007  # a date has no zone
    except ValueError as error:
        raise InvalidRule("UNTIL is a date like 20261231") from error


def _weekdays(text: str, frequency: str) -> tuple[tuple[int | None, int], ...]:
    if not text:
        if frequency == "DAILY":
            return ()
        raise InvalidRule(f"FREQ={frequency} needs BYDAY")
    days: list[tuple[int | None, int]] = []
    for part in text.split(","):
        n, weekday = _day(part)
        if (frequency == "MONTHLY") != (n is not None):
            raise InvalidRule("a monthly meeting is on the nth weekday, and any other on plain weekdays")
        if n is not None and n not in (-1, 1, 2, 3, 4, 5):
            raise InvalidRule("the nth weekday is 1 to 5, or -1 for the last")
        days.append((n, weekday))
    return tuple(days)


@dataclass(frozen=True, slots=True)
class Rule:
    """A recurrence rule with its exceptions.

    `rrule` (RFC 5545 section 3.3.10) runs from `starts_on` at `start_time` on the clocks of `tz`. `excluded` dates do
    not happen; a `moved` one, keyed by its date under the rule, starts at another instant (aware).
    """

    rrule: str
    starts_on: dt.date
    start_time: dt.time
    duration: dt.timedelta
    tz: str
    excluded: frozenset[dt.date] = frozenset()
    moved: Mapping[dt.date, dt.datetime] = field(default_factory=dict)

    @property
    def parts(self) -> Parts:
        """The rule taken apart. Raises InvalidRule."""
        return parse(self.rrule)

    def weekday_mask(self) -> int:
        """Return the weekdays it falls on by the rule, in the meeting's zone: bit 0 is Monday."""
        days = {weekday for _, weekday in self.parts.weekdays} or set(range(7))
        if self.parts.count == 1:
            days = {self.first_date().weekday()}
        return sum(1 << day for day in days)

    def first_date(self) -> dt.date:
        """Return the first date by the rule; `starts_on`, from which it runs, need not be one. Raises InvalidRule."""
        first: dt.datetime | None = next(iter(self._expansion(None)), None)
        return first.date() if first else self.starts_on

    def between(self, start: dt.datetime, end: dt.datetime) -> Iterator[Slot]:
        """Yield the slots that start in [start, end), earliest first. Windows compose; `start` and `end` are aware."""
        moved_in = sorted(
            (
                self._slot(date, at)
                for date, at in self.moved.items()
                if start <= at < end and date not in self.excluded
            ),
            key=lambda slot: (slot.starts_at, slot.original_date),
        )
        for slot in self._by_rule(start, end):
            while moved_in and moved_in[0].starts_at <= slot.starts_at:
                yield moved_in.pop(0)
            yield slot
        yield from moved_in

    def first_after(self, instant: dt.datetime) -> Slot | None:
        """Return the first slot that starts at or after an aware `instant`, or None where the rule has ended."""
        # Windows that grow: the next meeting is nearly always days away, and "every 12 months" still ends.
        start, span = instant, dt.timedelta(days=15 * self.parts.interval)
        for _ in range(8):
            end = start + span
            if slot := next(self.between(start, end), None):
                return slot
            if self._is_over(end) and not any(at >= end for at in self.moved.values()):
                return None
            start, span = end, span * 2
        return None

    def on(self, date: dt.date) -> Slot | None:
        """Return the slot that the rule gives `date` (the meeting's own date), moved or not; None where it has none."""
        if date in self.excluded:
            return None
        wall = dt.datetime.combine(date, self.start_time)
        if self._expansion(wall).after(wall, inc=True) != wall:
            return None
        return self._slot(date, self.moved.get(date) or clock.to_instant(wall, self.tz))

    def _by_rule(self, start: dt.datetime, end: dt.datetime) -> Iterator[Slot]:
        first = start.astimezone(dt.UTC).replace(tzinfo=None) - _ZONE_SLACK
        last = end.astimezone(dt.UTC).replace(tzinfo=None) + _ZONE_SLACK
        for wall in self._expansion(first).xafter(first, inc=True):
            if wall > last:
                return
            date = wall.date()
            if date in self.excluded or date in self.moved:
                continue
            starts_at = clock.to_instant(wall, self.tz)
            if start <= starts_at < end:
                yield self._slot(date, starts_at)

    def _slot(self, date: dt.date, starts_at: dt.datetime) -> Slot:
        # A duration is time that passes: 23:00 to 04:00 over the autumn change lasts an hour more on no clock.
        return Slot(date, starts_at.astimezone(dt.UTC), starts_at.astimezone(dt.UTC) + self.duration)

    def _is_over(self, instant: dt.datetime) -> bool:
        until = self.parts.until
        if until is None and self.parts.count is not None:
            last = self._expansion(None).before(dt.datetime.max)
            until = last.date() if last else self.starts_on
        return until is not None and dt.datetime.combine(until, dt.time.max, dt.UTC) + _ZONE_SLACK < instant

    def _expansion(self, near: dt.datetime | None) -> Expansion | rruleset:
        """Return dateutil's expansion on wall times, begun shortly before `near` so that an old rule costs no more."""
        parts = self.parts
        begin = self.starts_on
        if near is not None and parts.count is None and near.date() > begin:
            begin = _in_phase(begin, near.date() - _DAY, parts)
        # Unlike `parse`, dateutil takes no empty part: "FREQ=DAILY;".
        text = ";".join(part for part in self.rrule.upper().split(";") if part and not part.startswith("UNTIL="))
        if parts.until is not None:
            # dateutil compares UNTIL with wall times: the whole last day counts.
            text += f";UNTIL={parts.until:%Y%m%d}T235959"
        return rrulestr(text, dtstart=dt.datetime.combine(begin, self.start_time))


def _in_phase(begin: dt.date, near: dt.date, parts: Parts) -> dt.date:
    """Return the latest date at or before `near` from which the rule gives the same later dates as from `begin`."""
    if parts.frequency == "DAILY":
        return begin + (near - begin) // (_DAY * parts.interval) * _DAY * parts.interval if near > begin else begin
    if parts.frequency == "WEEKLY":
        # Weeks begin on Monday (RFC 5545's default WKST), and the interval counts weeks, not meetings.
        week = begin - _DAY * begin.weekday()
        passed = (near - week).days // 7 // parts.interval * parts.interval
        return max(begin, week + passed * 7 * _DAY)
    passed = ((near.year - begin.year) * 12 + near.month - begin.month) // parts.interval * parts.interval
    year, month = divmod(begin.year * 12 + begin.month - 1 + passed, 12)
    return max(begin, dt.date(year, month + 1, 1))
