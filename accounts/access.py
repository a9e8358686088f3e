"""The door to a person's own things, and the one to the staff's pages: never by a number in the address."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from accounts.models import User

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def member(request: HttpRequest) -> User:
    """Return who is signed in; raises PermissionDenied for a visitor, where a view forgot to ask them to sign in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def staff_only(view: View[P]) -> View[P]:
    """Let only staff in: a visitor signs in first, to everyone else the page is not there.

    SecondFactorMiddleware sees the mark, and asks staff for a second factor as it does before the admin.
    """

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not member(request).is_staff:
            raise Http404
        return view(request, *args, **kwargs)

    guarded.needs_second_factor = True  # type: ignore[attr-defined]  # a mark for the middleware
    return guarded
