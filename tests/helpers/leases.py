"""When a sender's lease ends, for tests that call a gateway themselves."""

from __future__ import annotations

import datetime as dt

from support import clock


def in_a_while() -> dt.datetime:
    """Return an instant that no test lasts until."""
    return clock.now() + dt.timedelta(minutes=2)
