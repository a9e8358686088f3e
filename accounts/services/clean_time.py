"""Keeping a member's clean date for them alone. Nothing is announced, nothing is sent, and no date before is kept."""

from __future__ import annotations

import datetime as dt

from accounts.models import CleanTime, User


def keep_clean_date(*, user: User, clean_on: dt.date) -> None:
    """Keep since when a member has been clean, in the place of what was there."""
    CleanTime.objects.update_or_create(user=user, defaults={"sealed_on": clean_on.isoformat()})


def forget_clean_date(*, user: User) -> None:
    """Keep no clean date any more."""
    CleanTime.objects.filter(user=user).delete()
