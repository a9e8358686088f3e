"""When a meeting happens: RFC 5545 recurrence rules on local clocks. Pure: no Django, no database, no current time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A recurrence rule: `rrule` (RFC 5545 section 3.3.10) from `starts_on` at `start_time` on the clocks of `tz`."""

    rrule: str
    starts_on: dt.date
    start_time: dt.time
    duration: dt.timedelta
    tz: str
