"""Where the people of tests live. In the present nobody sleeps, at whatever hour the tests run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

#: Where people live now, in all threads of a test; nothing in the present.
_homes: list[str] = []


@contextmanager
def living_in_new_york() -> Iterator[None]:
    """Let people live there meanwhile: for a test that owns the clock, and knows what hour it is."""
    _homes.append("America/New_York")
    try:
        yield
    finally:
        _homes.pop()


def home_zone() -> str:
    """Return where people live whose zone a test does not name."""
    return _homes[-1] if _homes else midday_zone()


def midday_zone() -> str:
    """Return a zone where it is about noon now: nothing there waits for the end of somebody's quiet hours."""
    offset = 12 - dt.datetime.now(dt.UTC).hour
    # The names of these zones count westward.
    return "Etc/GMT" if offset == 0 else f"Etc/GMT{-offset:+d}"
