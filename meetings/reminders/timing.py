"""When a message is due. Pure: aware instants, zone names and durations in, instants out.

The policy is ../../docs/architecture.md's: quiet hours move a reminder earlier, never drop it in silence.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_noop as _

from accounts.enums import Lead
from support import clock

#: What quiet hours hold back goes out so long before them.
BEFORE_QUIET: Final = dt.timedelta(minutes=5)
#: Moving earlier is of use where this much remains to set out …
ENOUGH_WHEN_EARLIER: Final = dt.timedelta(hours=2)
#: … and waiting for the morning where this much does.
ENOUGH_WHEN_LATER: Final = dt.timedelta(minutes=45)
#: A reminder is of no use once people are on their way in.
LAST_CALL: Final = dt.timedelta(minutes=10)

#: Nobody is asked again sooner than this.
_SOONEST: Final = dt.timedelta(seconds=15)
#: How long a provider is left alone, at first and at most.
_OUTAGE: Final = dt.timedelta(seconds=15), dt.timedelta(minutes=5)
_DAYS_LIMIT: Final = dt.timedelta(hours=1), dt.timedelta(hours=6)

EARLIER = _("Earlier than asked, because of quiet hours")
LATER = _("Later than asked, because of quiet hours")
BY_EMAIL = _("By email, since quiet hours leave no better time")
PAST = _("Its time was past already")
TOO_LATE = _("It would come too late")
PAUSED = _("Messages are paused")
TOO_QUIET = _("Quiet hours last until it would be too late")


@dataclass(frozen=True, slots=True)
class Elapsed:
    """A lead by the stopwatch: "2 hours before"."""

    before: dt.timedelta


@dataclass(frozen=True, slots=True)
class LocalDay:
    """A lead by the calendar: "the day before at 18:00", on the recipient's clocks."""

    days: int
    at: dt.time

    @property
    def before(self) -> dt.timedelta:
        return dt.timedelta(days=self.days)


#: What each lead that a person may choose means.
LEADS: Final[dict[str, Elapsed | LocalDay]] = {
    Lead.WEEK.value: Elapsed(dt.timedelta(days=7)),
    Lead.THREE_DAYS.value: Elapsed(dt.timedelta(days=3)),
    Lead.DAY_BEFORE.value: LocalDay(1, dt.time(18, 0)),
    Lead.MORNING.value: LocalDay(0, dt.time(8, 0)),
    Lead.TWO_HOURS.value: Elapsed(dt.timedelta(hours=2)),
    Lead.ONE_HOUR.value: Elapsed(dt.timedelta(hours=1)),
    Lead.HALF_HOUR.value: Elapsed(dt.timedelta(minutes=30)),
}


@dataclass(frozen=True, slots=True)
class Quiet:
    """The hours in which a person wants to hear nothing, on their own clocks; they may span midnight."""

    from_time: dt.time
    until_time: dt.time

    def covers(self, wall: dt.time) -> bool:
        if self.from_time < self.until_time:
            return self.from_time <= wall < self.until_time
        return wall >= self.from_time or wall < self.until_time


@dataclass(frozen=True, slots=True)
class Due:
    """When a reminder goes out (never: None), and why then where that is not when it was wanted."""

    at: dt.datetime | None
    reason: str = ""
    #: The only time left is a poor one, so that nothing should ring.
    is_by_email: bool = False


def whose_clock(tz: str, *, has_own_zone: bool, room_tz: str | None) -> str:
    """Return the zone that a date's leads, quiet hours and pauses go by, for a recipient who is written to in `tz`.

    Their own, where they or their browser said one. Else `tz` is the site's, a guess: the clock on the wall of the room
    (`room_tz`) is the better one, and `tz` is for what has no room.
    """
    return tz if has_own_zone or room_tz is None else room_tz


def reminder_deadline(starts_at: dt.datetime) -> dt.datetime:
    """Return from when on a reminder is of no use."""
    return starts_at - LAST_CALL


def is_quiet(instant: dt.datetime, tz: str, quiet: Quiet) -> bool:
    """Return whether clocks in `tz` show a quiet hour."""
    return quiet.covers(clock.to_wall(instant, tz).time())


def due_time(
    lead: str,
    *,
    starts_at: dt.datetime,
    tz: str,
    quiet: Quiet | None,
    now: dt.datetime,
    paused_until: dt.datetime | None = None,
    is_owed: bool = False,
) -> Due:
    """Return when to remind of something at `starts_at`, for a recipient in `tz`; `quiet` is None where they waive it.

    Quiet hours: just before them where that leaves two hours, else at their end where that leaves 45 minutes, else by
    email (which does not ring) at whichever of the two is still of use. A lead that is past is left out, unless
    `is_owed`: it was to come when it was planned, so it goes out as soon as it may. One that would come before
    `paused_until` is left out too.
    """
    due = _due_time(lead, starts_at=starts_at, tz=tz, quiet=quiet, now=now, paused_until=paused_until, is_owed=is_owed)
    return Due(None, PAUSED) if due.at and paused_until and due.at < paused_until else due


def _due_time(
    lead: str,
    *,
    starts_at: dt.datetime,
    tz: str,
    quiet: Quiet | None,
    now: dt.datetime,
    paused_until: dt.datetime | None,
    is_owed: bool,
) -> Due:
    wanted, deadline_at = wanted_at(lead, starts_at=starts_at, tz=tz), reminder_deadline(starts_at)
    if wanted <= now:
        if not is_owed:
            return Due(None, PAST)
        wanted = now
    if wanted >= deadline_at:
        return Due(None, TOO_LATE)
    if quiet is None or not is_quiet(wanted, tz, quiet):
        return Due(wanted)
    earlier, later = quiet_before(wanted, tz, quiet), quiet_after(wanted, tz, quiet)
    # What goes out earlier must not fall into a pause that the wanted time is clear of.
    may_be_earlier = earlier > now and (paused_until is None or earlier >= paused_until)
    if may_be_earlier and starts_at - earlier >= ENOUGH_WHEN_EARLIER:
        return Due(earlier, EARLIER)
    if starts_at - later >= ENOUGH_WHEN_LATER:
        return Due(later, LATER)
    if may_be_earlier:
        return Due(earlier, BY_EMAIL, is_by_email=True)
    if later < deadline_at:
        return Due(later, BY_EMAIL, is_by_email=True)
    return Due(None, TOO_QUIET)


def wanted_at(lead: str, *, starts_at: dt.datetime, tz: str) -> dt.datetime:
    """Return when a lead asks for a reminder, whatever else speaks against that time."""
    what = LEADS[lead]
    if isinstance(what, Elapsed):
        return starts_at - what.before
    day = clock.to_wall(starts_at, tz).date() - dt.timedelta(days=what.days)
    return clock.to_instant(dt.datetime.combine(day, what.at), tz)


def after_quiet(*, now: dt.datetime, deadline_at: dt.datetime, tz: str, quiet: Quiet) -> dt.datetime | None:
    """Return when a reminder that is due in a quiet hour already may go out, or None where that is too late."""
    later = quiet_after(now, tz, quiet)
    return later if later < deadline_at else None


def quiet_before(instant: dt.datetime, tz: str, quiet: Quiet) -> dt.datetime:
    """Return a moment before the quiet hours that `instant` lies in, as close to them as is polite."""
    wall = clock.to_wall(instant, tz)
    day = wall.date() if wall.time() >= quiet.from_time else wall.date() - dt.timedelta(days=1)
    moment = _just_before(day, tz, quiet)
    while moment >= instant or is_quiet(moment, tz, quiet):
        # A zone that skipped a whole day (Apia, 30 December 2011), or changed its clocks in the evening.
        day -= dt.timedelta(days=1)
        moment = _just_before(day, tz, quiet)
    return moment


def quiet_after(instant: dt.datetime, tz: str, quiet: Quiet) -> dt.datetime:
    """Return the end of the quiet hours that `instant` lies in."""
    wall = clock.to_wall(instant, tz)
    day = wall.date() if wall.time() < quiet.until_time else wall.date() + dt.timedelta(days=1)
    moment = clock.to_instant(dt.datetime.combine(day, quiet.until_time), tz)
    while moment <= instant or is_quiet(moment, tz, quiet):
        day += dt.timedelta(days=1)
        moment = clock.to_instant(dt.datetime.combine(day, quiet.until_time), tz)
    return moment


def day_begins(day: dt.date, tz: str) -> dt.datetime:
    """Return the first instant of a day on calendars in `tz`."""
    return clock.to_instant(dt.datetime.combine(day, dt.time()), tz)


def _just_before(day: dt.date, tz: str, quiet: Quiet) -> dt.datetime:
    return clock.to_instant(dt.datetime.combine(day, quiet.from_time), tz) - BEFORE_QUIET


def back_off(attempt: int) -> dt.timedelta:
    """Return how long to wait after the `attempt`th failed try: half a minute, doubling, never over 15 minutes."""
    return min(dt.timedelta(seconds=30) * 2 ** min(max(attempt, 1) - 1, 10), dt.timedelta(minutes=15))


def again_at(attempt: int, *, now: dt.datetime, deadline_at: dt.datetime) -> dt.datetime | None:
    """Return when to ask again what was refused for now: after `back_off`, or sooner, when half of the time is left.

    None where there is no time for another try.
    """
    again = min(now + back_off(attempt), now + (deadline_at - now) / 2)
    return again if again - now >= _SOONEST else None


def outage_pause(failures: int, *, is_of_a_day: bool = False) -> dt.timedelta:
    """Return how long to leave a provider alone after `failures` failed calls in a row: 15 s up to 5 minutes.

    Where it takes no more messages that day (or hour), an hour up to six.
    """
    first, most = _DAYS_LIMIT if is_of_a_day else _OUTAGE
    return min(first * 2 ** min(max(failures, 1) - 1, 10), most)
