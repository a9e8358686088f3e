"""Whether somebody with a place came."""

from __future__ import annotations

import datetime as dt

from meetings.enums import Attendance
from meetings.models import HOLDS_A_PLACE, Signup
from meetings.services.signups import SignupRefused


def record_attendance(*, signup: Signup, attendance: Attendance | None, now: dt.datetime) -> None:
    """Keep whether somebody came, sealed; None takes it back. The place stays what it is.

    Raises SignupRefused before the date begins, and where no place is held.
    """
    if signup.status not in HOLDS_A_PLACE or now < signup.occurrence.starts_at:
        raise SignupRefused("Nobody can have come yet.")
    signup.attendance = "" if attendance is None else attendance
    signup.save(update_fields=["attendance"])
