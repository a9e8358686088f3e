"""The verbs of an account itself."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.models import User
from accounts.signals import profile_changed

_PROFILE = ("display_name", "tz", "has_own_zone", "language", "hour_cycle")


@transaction.atomic
def update_profile(
    *,
    user: User,
    now: dt.datetime,
    display_name: str | None = None,
    tz: str | None = None,
    language: str | None = None,
    hour_cycle: str | None = None,
) -> None:
    """Keep how a person wants to be named and to read dates and times; what is given is valid already.

    What is None stays as it is, also where it was saved after `user` was read. What is planned for them follows in the
    same transaction.
    """
    _read_anew(user)
    said = {"display_name": display_name, "tz": tz, "language": language, "hour_cycle": hour_cycle}
    changes: dict[str, object] = {name: value for name, value in said.items() if value is not None}
    if tz is not None:
        changes["has_own_zone"] = True
    for name, value in changes.items():
        setattr(user, name, value)
    user.save(update_fields=[*changes])
    profile_changed.send(sender=User, user=user, now=now)


def learn_zone(*, user: User, tz: str | None, now: dt.datetime) -> None:
    """Take a zone, of somebody's browser or said as a guest, for their own where none was said yet; None is no zone."""
    if tz is None or user.has_own_zone:
        return
    with transaction.atomic():
        _read_anew(user)
        if not user.has_own_zone:
            update_profile(user=user, tz=tz, now=now)


def _read_anew(user: User) -> None:
    """Read a profile as it stands, and let nobody else change it until this transaction ends."""
    user.refresh_from_db(fields=_PROFILE, from_queryset=User.objects.select_for_update(no_key=True))
