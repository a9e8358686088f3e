"""What happens here when allauth announces something."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import authentication_step_completed
from django.dispatch import receiver

from accounts.models import User


@receiver(authentication_step_completed)
def keep_proven_address(sender: type[User], user: User, method: str, email: str | None = None, **_: Any) -> None:
    """Give somebody that a command or the admin made the address row that allauth asks for, on their first code.

    Without it allauth would ask them for a second code at once: the one they just typed proves the address.
    """
    if method == "code" and email and email == user.email:
        EmailAddress.objects.get_or_create(user=user, email=email, defaults={"primary": True, "verified": True})
