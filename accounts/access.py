"""The door to a person's own things: a view gets the member from here, never by a number in the address."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User


def member(request: HttpRequest) -> User:
    """Return who is signed in; raises PermissionDenied for a visitor, where a view forgot to ask them to sign in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
