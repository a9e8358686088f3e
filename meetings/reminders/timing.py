"""When a message is due. Pure: aware instants, zone names and durations in, instants out.

The policy is ../../docs/architecture.md's: quiet hours move a reminder earlier, never drop it in silence.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from support import clock

#: Nobody's phone lights up from here …
QUIET_FROM: Final = dt.time(21, 0)
#: … to here, on the recipient's own clocks.
QUIET_UNTIL: Final = dt.time(8, 0)
#: What quiet hours hold back goes out just before them.
BEFORE_QUIET: Final = dt.time(20, 55)
#: Moving earlier is of use where this much remains to set out …
ENOUGH_WHEN_EARLIER: Final = dt.timedelta(hours=2)
#: … and waiting for the morning where this much does.
ENOUGH_WHEN_LATER: Final = dt.timedelta(minutes=45)
#: A reminder is of no use once people are on their way in.
LAST_CALL: Final = dt.timedelta(minutes=10)


@dataclass(frozen=True)
class Elapsed:
    """A lead by the stopwatch: "2 hours before"."""

    before: dt.timedelta

    @property
    def key(self) -> str:
        """The lead's name in dedupe keys."""
        return f"{int(self.before.total_seconds())}s"


@dataclass(frozen=True)
class LocalDay:
    """A lead by the calendar: "the day before at 18:00", on the recipient's clocks."""

    days: int
    at: dt.time

    @property
    def before(self) -> dt.timedelta:
        return dt.timedelta(days=self.days)

    @property
    def key(self) -> str:
        return f"{self.days}d@{self.at:%H%M}"


Lead = Elapsed | LocalDay

#: A booked place. Two reminders, three days and one day before, left the fewest missed (Steiner 2018, AJMC 24:377).
BOOKED_LEADS: Final[tuple[Lead, ...]] = (Elapsed(dt.timedelta(days=3)), LocalDay(1, dt.time(18, 0)))
#: A meeting where one may just come, for those who asked to be reminded.
DROP_IN_LEADS: Final[tuple[Lead, ...]] = (Elapsed(dt.timedelta(hours=2)),)


@dataclass(frozen=True)
class Due:
    """When a reminder goes out; `is_held` says that quiet hours moved it."""

    at: dt.datetime
    is_held: bool = False


def reminder_deadline(starts_at: dt.datetime) -> dt.datetime:
    """Return from when on a reminder is of no use."""
    return starts_at - LAST_CALL


def is_quiet(instant: dt.datetime, tz: str) -> bool:
    """Return whether clocks in `tz` show a quiet hour."""
    wall = clock.to_wall(instant, tz).time()
    return wall >= QUIET_FROM or wall < QUIET_UNTIL


def due_time(lead: Lead, *, starts_at: dt.datetime, tz: str, now: dt.datetime) -> Due | None:
    """Return when to remind of something at `starts_at`, for a recipient in `tz`, or None where that time is past.

    Quiet hours: just before them where that leaves two hours, else at their end where that leaves 45 minutes, else
    (by email, which does not ring) at whichever of the two is still of use. None means that none of them is.
    """
    wanted = _wanted(lead, starts_at, tz)
    if wanted <= now or wanted >= reminder_deadline(starts_at):
        return None
    if not is_quiet(wanted, tz):
        return Due(wanted)
    earlier, later = quiet_before(wanted, tz), quiet_after(wanted, tz)
    is_earlier_to_come, is_later_of_use = earlier > now, later < reminder_deadline(starts_at)
    if is_earlier_to_come and starts_at - earlier >= ENOUGH_WHEN_EARLIER:
        return Due(earlier, is_held=True)
    if is_later_of_use and starts_at - later >= ENOUGH_WHEN_LATER:
        return Due(later, is_held=True)
    if is_earlier_to_come:
        return Due(earlier, is_held=True)
    return Due(later, is_held=True) if is_later_of_use else None


def after_quiet(*, now: dt.datetime, deadline_at: dt.datetime, tz: str) -> dt.datetime | None:
    """Return when a reminder that is due in a quiet hour already may go out, or None where that is too late."""
    later = quiet_after(now, tz)
    return later if later < deadline_at else None


def quiet_before(instant: dt.datetime, tz: str) -> dt.datetime:
    """Return the last moment before the quiet hours that `instant` lies in."""
    wall = clock.to_wall(instant, tz)
    day = wall.date() if wall.time() >= QUIET_FROM else wall.date() - dt.timedelta(days=1)
    moment = clock.to_instant(dt.datetime.combine(day, BEFORE_QUIET), tz)
    while moment >= instant or is_quiet(moment, tz):
        # A zone that skipped a whole day (Apia, 30 December 2011), or changed its clocks in the evening.
        day -= dt.timedelta(days=1)
        moment = clock.to_instant(dt.datetime.combine(day, BEFORE_QUIET), tz)
    return moment


def quiet_after(instant: dt.datetime, tz: str) -> dt.datetime:
    """Return the end of the quiet hours that `instant` lies in."""
    wall = clock.to_wall(instant, tz)
    day = wall.date() if wall.time() < QUIET_UNTIL else wall.date() + dt.timedelta(days=1)
    moment = clock.to_instant(dt.datetime.combine(day, QUIET_UNTIL), tz)
    while moment <= instant or is_quiet(moment, tz):
        day += dt.timedelta(days=1)
        moment = clock.to_instant(dt.datetime.combine(day, QUIET_UNTIL), tz)
    return moment


def back_off(attempt: int) -> dt.timedelta:
    """Return how long to wait after the `attempt`th failed try: half a minute, doubling, never over 15 minutes."""
    return min(dt.timedelta(seconds=30) * 2 ** min(max(attempt, 1) - 1, 10), dt.timedelta(minutes=15))


def outage_pause(failures: int) -> dt.timedelta:
    """Return how long to leave a provider alone after `failures` failed calls in a row: 15 s up to 5 minutes."""
    return min(dt.timedelta(seconds=15) * 2 ** min(max(failures, 1) - 1, 10), dt.timedelta(minutes=5))


def _wanted(lead: Lead, starts_at: dt.datetime, tz: str) -> dt.datetime:
    if isinstance(lead, Elapsed):
        return starts_at - lead.before
    day = clock.to_wall(starts_at, tz).date() - dt.timedelta(days=lead.days)
    return clock.to_instant(dt.datetime.combine(day, lead.at), tz)
