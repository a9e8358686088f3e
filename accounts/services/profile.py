"""The verbs of an account itself."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.models import User
from accounts.signals import profile_changed


@transaction.atomic
def update_profile(*, user: User, display_name: str, tz: str, language: str, hour_cycle: str, now: dt.datetime) -> None:
    """Keep how a person wants to be named and to read dates and times; all four are valid already.

    What is planned for them follows in the same transaction.
    """
    user.display_name = display_name
    user.tz = tz
    user.language = language
    user.hour_cycle = hour_cycle
    user.save(update_fields=["display_name", "tz", "language", "hour_cycle"])
    profile_changed.send(sender=User, user=user, now=now)
