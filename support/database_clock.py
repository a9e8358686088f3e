"""Whether this machine's clock agrees with the database's, which all machines of a site have in common.

Messages have their time, and claims end at a time: a process whose clock is wrong sends too early, too late, or what
another is sending. Where it does not agree it sends nothing and says so; planning goes by what people choose, and goes
on.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable
from typing import Final

from django.core.cache import cache
from django.db import connection

logger = logging.getLogger(__name__)

Clock = Callable[[], dt.datetime]

#: What two clocks may differ by.
MOST: Final = dt.timedelta(seconds=30)
#: The database is asked again after this much of our own time, or where that was set back.
AGAIN: Final = dt.timedelta(seconds=60)
#: Where a process that refuses says so to the others, and for how many seconds: it asks again at each beat.
_WRONG, _FOR = "wrong-clock", 120
_is_said = threading.Event()


def ahead(read_clock: Clock) -> dt.timedelta:
    """Return by how much `read_clock` is ahead of the database's clock; negative where it is behind.

    The time that asking takes counts for neither. SQLite is a file of this machine, with its clock: 0.
    """
    if connection.vendor != "postgresql":
        return dt.timedelta()
    before = read_clock()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        [theirs] = cursor.fetchone()
    after = read_clock()
    return before - theirs if theirs < before else min(after - theirs, dt.timedelta())


def agrees(read_clock: Clock) -> bool:
    """Return whether `read_clock` is right by the database. What is wrong is logged once, until it is right again."""
    off = ahead(read_clock)
    if abs(off) <= MOST:
        if _is_said.is_set():
            logger.warning("This machine's clock agrees with the database's again.")
        _is_said.clear()
        return True
    cache.set(_WRONG, int(off.total_seconds()), _FOR)
    if not _is_said.is_set():
        logger.error(
            "This machine's clock is %.0f s %s the database's. Nothing is sent from here until it is right.",
            abs(off).total_seconds(),
            "ahead of" if off > dt.timedelta() else "behind",
        )
    _is_said.set()
    return False


def seconds_ahead(read_clock: Clock) -> int:
    """Return by how many seconds this process's clock is ahead of the database's, or that of one that refused lately.

    The one that is further off. Others are heard of where they share a cache.
    """
    return max(int(ahead(read_clock).total_seconds()), cache.get(_WRONG, 0), key=abs)


class Watch:
    """Keeps an eye on the clock through a run."""

    def __init__(self, read_clock: Clock) -> None:
        self._read_clock = read_clock
        self._asked_at: dt.datetime | None = None
        self._is_right = False

    def agrees(self, now: dt.datetime) -> bool:
        """Return whether the clock, which says `now`, is right by the database; asked at most once a minute."""
        if self._asked_at is None or not dt.timedelta() <= now - self._asked_at < AGAIN:
            self._is_right = agrees(self._read_clock)
            self._asked_at = now
        return self._is_right
