"""The next meetings for somebody who has used and wants to be among others soon."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Final

from meetings.queries.finder import Criteria, Found, search

#: What starts within this is soon enough to wait for.
WITHIN: Final = dt.timedelta(hours=2)
#: More to choose from is more to decide.
_MOST: Final = 2
#: Of so many, in the order in which they start, those are taken that take place.
_LOOKED_AT: Final = 25


@dataclass(frozen=True, slots=True)
class Soon:
    """What starts within two hours; else, with `is_soon` false, the first that comes after, if any.

    Only where nothing else is listed does it hold what is for some people only.
    """

    found: tuple[Found, ...] = ()
    is_soon: bool = False

    @property
    def for_some(self) -> tuple[str, ...]:
        """Whom it says it is for, where that is not everyone: "Women"."""
        return tuple(dict.fromkeys(name for each in self.found for name in each.for_some))


def soon(criteria: Criteria, *, now: dt.datetime, reader_tz: str, language: str) -> Soon:
    """Return the next meetings that answer `criteria` and that one can simply come to."""
    for_members = replace(criteria, is_drop_in=True)
    for_anyone = replace(for_members, is_for_anyone=True)
    # Who has just used does not stand at a door that is not theirs; a closed meeting is for them.
    found = _next(for_anyone, now, reader_tz, language) or _next(for_members, now, reader_tz, language)
    within = [each for each in found if each.date and each.date.starts_at <= now + WITHIN]
    return Soon(tuple(within[:_MOST] or found[:1]), bool(within))


def _next(criteria: Criteria, now: dt.datetime, reader_tz: str, language: str) -> list[Found]:
    # Today's and tomorrow's dates are worked out, not taken from what is kept in a row and may have just begun.
    near_days = replace(criteria, is_today=True, is_tomorrow=True)
    return _on(near_days, now, reader_tz, language) or _on(criteria, now, reader_tz, language)


def _on(criteria: Criteria, now: dt.datetime, reader_tz: str, language: str) -> list[Found]:
    results = search(criteria, now=now, reader_tz=reader_tz, language=language)
    return [each for each in results[:_LOOKED_AT] if each.date and not each.date.is_cancelled]
