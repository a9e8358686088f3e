"""Where tests that have no clock of their own live: nobody there sleeps, at whatever hour they run."""

from __future__ import annotations

import datetime as dt

from time_machine import escape_hatch


def home_zone() -> str:
    """Return New York where the clock is a test's own, and `midday_zone` in the present."""
    return "America/New_York" if escape_hatch.is_travelling() else midday_zone()


def midday_zone() -> str:
    """Return a zone where it is about noon now: nothing there waits for the end of somebody's quiet hours."""
    offset = 12 - dt.datetime.now(dt.UTC).hour
    # The names of these zones count westward.
    return "Etc/GMT" if offset == 0 else f"Etc/GMT{-offset:+d}"
