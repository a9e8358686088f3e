"""The verbs of an account itself."""

from __future__ import annotations

from accounts.models import User


def update_profile(*, user: User, display_name: str, tz: str, language: str, hour_cycle: str) -> None:
    """Keep how a person wants to be named and to read dates and times; all four are valid already."""
    user.display_name = display_name
    user.tz = tz
    user.language = language
    user.hour_cycle = hour_cycle
    user.save(update_fields=["display_name", "tz", "language", "hour_cycle"])
