"""A zone as calendar files carry it (VTIMEZONE, RFC 5545 section 3.6.5), drawn from the zone data that we run on.

An onset is told on the clocks that it ends (02:00, not 03:00): what each program asks of it is "from which reading of
the old clock on". Changes that come back every year are a rule; those that follow no such rule (Casablanca's follow
the moon) are named one by one, each RDATE on a line of its own: several programs read only the first of a list.
Never both in one zone for the years to come, which Exchange refuses (Microsoft KB 4456241).
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur

#: Before the first date: a year and a little, so that both of a year's changes are there from the start.
_BEFORE = dt.timedelta(days=400)
#: Rules are told from mere likeness over this long: the calendar repeats after 28 years.
_RULE_YEARS = 28
#: No zone has gone back on a change within a shorter time for decades.
_STEP = dt.timedelta(days=7)
_SECOND = dt.timedelta(seconds=1)
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a zone's clocks: from this instant (aware, UTC) on they show another offset."""

    at: dt.datetime
    offset_from: dt.timedelta
    offset_to: dt.timedelta
    name: str
    is_daylight: bool

    @property
    def onset(self) -> dt.datetime:
        """What the old clocks show at that instant, as DTSTART and RDATE of an observance have it."""
        return (self.at + self.offset_from).replace(tzinfo=None)


def vtimezone(tz: str, *, since: dt.datetime, until: dt.datetime) -> Timezone:
    """Return the VTIMEZONE of the IANA zone `tz`, right for every instant from `since` to `until` (aware).

    Where the zone changes by the same rule every year it stays right for ever.
    """
    component = Timezone()
    component.add("tzid", tz)
    start = since - _BEFORE
    found = changes(tz, start.year, until.year + _RULE_YEARS)
    if not found or found[0].at > since:
        component.add_component(_steady(tz, start))
    kinds: dict[tuple[object, ...], list[Change]] = defaultdict(list)
    for change in found:
        kinds[change.offset_from, change.offset_to, change.name, change.is_daylight].append(change)
    rules = _rules(list(kinds.values()), last_year=until.year + _RULE_YEARS)
    for kind in kinds.values():
        begin, byday = rules.get(kind[0], (len(kind), ""))
        if single := [change for change in kind[:begin] if change.at <= until]:
            observance = _observance(single[0])
            for change in single[1:]:
                observance.add("rdate", [change.onset])
            component.add_component(observance)
        if begin < len(kind):
            observance = _observance(kind[begin])
            recur = {"freq": "YEARLY", "bymonth": kind[begin].onset.month, "byday": byday}
            observance.add("rrule", vRecur(recur))
            component.add_component(observance)
    return component


@lru_cache(maxsize=256)
def changes(tz: str, first_year: int, last_year: int) -> tuple[Change, ...]:
    """Return each change of a zone's clocks in these years (of UTC), the last one included, in order."""
    end = dt.datetime(last_year + 1, 1, 1, tzinfo=dt.UTC)
    return tuple(_changes(ZoneInfo(tz), dt.datetime(first_year, 1, 1, tzinfo=dt.UTC), end))


def _changes(zone: ZoneInfo, start: dt.datetime, end: dt.datetime) -> Iterator[Change]:
    before, old = start, _offset(zone, start)
    while before < end:
        after = min(before + _STEP, end)
        if _offset(zone, after) != old:
            after = _first_after(zone, before, after)
            new = _offset(zone, after)
            here, there = (at.astimezone(zone) for at in (after - _SECOND, after))
            # Dublin and Casablanca save less than nothing in winter and Ramadan, by the zone data: their summer is
            # the daylight time all the same, as every calendar program has it.
            is_daylight = (there.dst() or dt.timedelta()) > (here.dst() or dt.timedelta())
            yield Change(after, old, new, there.tzname() or "", is_daylight)
            old = new
        before = after


def _offset(zone: ZoneInfo, instant: dt.datetime) -> dt.timedelta:
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def _first_after(zone: ZoneInfo, before: dt.datetime, after: dt.datetime) -> dt.datetime:
    """Return the first whole second in (before, after] at which the offset is no longer that of `before`."""
    old, low, high = _offset(zone, before), 0, (after - before) // _SECOND
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, before + middle * _SECOND) == old else (low, middle)
    return before + high * _SECOND


def _rules(kinds: Sequence[list[Change]], *, last_year: int) -> dict[Change, tuple[int, str]]:
    """Return by first change of a kind from which place on it follows a yearly rule, and the rule's BYDAY.

    None at all where one that goes on to `last_year` follows no rule.
    """
    rules = {}
    for kind in kinds:
        if kind[-1].at.year < last_year - 1:
            continue
        found = next(
            ((place, byday) for place in range(len(kind) - 9) if (byday := _byday(kind[place:]))),
            None,
        )
        if found is None:
            return {}
        rules[kind[0]] = found
    return rules


def _byday(changes: Sequence[Change]) -> str:
    """Return "2SU" or "-1SU" where these fall on that day of the same month every year, at the same time, else ""."""
    first = changes[0].onset
    weeks, are_last = set(), True
    for passed, change in enumerate(changes):
        onset = change.onset
        if (onset.year, onset.month, onset.weekday(), onset.time()) != (
            first.year + passed,
            first.month,
            first.weekday(),
            first.time(),
        ):
            return ""
        weeks.add((onset.day - 1) // 7 + 1)
        are_last = are_last and onset.day > calendar.monthrange(onset.year, onset.month)[1] - 7
    if not are_last and len(weeks) > 1:
        return ""
    return f"{-1 if are_last else weeks.pop()}{_WEEKDAYS[first.weekday()]}"


def _observance(change: Change) -> TimezoneStandard | TimezoneDaylight:
    observance = TimezoneDaylight() if change.is_daylight else TimezoneStandard()
    observance.add("dtstart", change.onset)
    observance.add("tzoffsetfrom", change.offset_from)
    observance.add("tzoffsetto", change.offset_to)
    observance.add("tzname", change.name)
    return observance


def _steady(tz: str, instant: dt.datetime) -> TimezoneStandard | TimezoneDaylight:
    """Return the offset that a zone has at an instant as if it had always been so, for what has no change before it."""
    zone = ZoneInfo(tz)
    offset = _offset(zone, instant)
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) - offset
    return _observance(Change(epoch, offset, offset, instant.astimezone(zone).tzname() or "", is_daylight=False))
