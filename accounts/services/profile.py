"""The verbs of an account itself."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.models import User
from accounts.signals import profile_changed


@transaction.atomic
def update_profile(
    *, user: User, display_name: str, tz: str | None, language: str, hour_cycle: str, now: dt.datetime
) -> None:
    """Keep how a person wants to be named and to read dates and times; all four are valid already.

    Where `tz` is None their zone stays as it is, said or not. What is planned for them follows in the same transaction.
    """
    user.display_name = display_name
    if tz is not None:
        user.tz, user.has_own_zone = tz, True
    user.language = language
    user.hour_cycle = hour_cycle
    user.save(update_fields=["display_name", "tz", "has_own_zone", "language", "hour_cycle"])
    profile_changed.send(sender=User, user=user, now=now)


def learn_zone(*, user: User, tz: str | None, now: dt.datetime) -> None:
    """Take a zone, of somebody's browser or said as a guest, for their own where none was said yet; None is no zone.

    `user` is read anew where theirs seems unsaid: what was saved since it was read stays.
    """
    if tz is None or user.has_own_zone:
        return
    with transaction.atomic():
        user.refresh_from_db(
            fields=["display_name", "tz", "has_own_zone", "language", "hour_cycle"],
            from_queryset=User.objects.select_for_update(no_key=True),
        )
        if not user.has_own_zone:
            update_profile(
                user=user,
                display_name=user.display_name,
                tz=tz,
                language=user.language,
                hour_cycle=user.hour_cycle,
                now=now,
            )
