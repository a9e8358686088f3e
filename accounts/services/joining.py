"""Making an account, for whoever has proven an address."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password

from accounts.models import User


def member_with(*, email: str, tz: str, language: str, hour_cycle: str) -> tuple[User, bool]:
    """Return the member with a proven address, made where there is none, and whether they were made now.

    Somebody new reads pages in the zone, language and clock given. A closed account is returned as it is.
    """
    return User.objects.get_or_create(
        email=email.strip().lower(),
        defaults={"password": make_password(None), "tz": tz, "language": language, "hour_cycle": hour_cycle},
    )
