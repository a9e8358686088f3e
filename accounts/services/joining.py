"""Making an account, for whoever has proven an address."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.hashers import make_password

from accounts.models import User


def member_with(*, email: str, tz: str | None, language: str, hour_cycle: str) -> tuple[User, bool]:
    """Return the member with a proven address, made where there is none, and whether they were made now.

    Somebody new reads pages in the zone, language and clock given, and where `tz` is None, not known, in the site's
    zone until they say theirs. A closed account is returned as it is.
    """
    return User.objects.get_or_create(
        email=email.strip().lower(),
        defaults={
            "password": make_password(None),
            "tz": tz or settings.DEFAULT_TIME_ZONE,
            "has_own_zone": tz is not None,
            "language": language,
            "hour_cycle": hour_cycle,
        },
    )
