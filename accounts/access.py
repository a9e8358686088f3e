"""The doors to a person's own things (signed in, or by a link), and the one to the staff's pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts import links
from accounts.models import ContactPoint, User
from accounts.queries import member_point_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def member(request: HttpRequest) -> User:
    """Return who is signed in; raises PermissionDenied for a visitor, where a view forgot to ask them to sign in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def contact_point_by_link(token: str, purpose: str) -> ContactPoint:
    """Return the contact point that a link of ours for `purpose` names. Raises Http404 for any other, or a dead one.

    A link that was sent to a guest who is a member by now means the member's.
    """
    try:
        point = ContactPoint.objects.get(public_id=links.read(token, purpose))
        return member_point_of(point) or point
    except (links.BadLink, ContactPoint.DoesNotExist) as error:
        raise Http404 from error


def guest_by_link(token: str, purpose: str) -> ContactPoint:
    """Return a guest's contact point by a link for `purpose`. Raises Http404 for a dead link.

    Whoever is a member by now is led to their data, where they sign in: raises ImmediateHttpResponse.
    """
    point = contact_point_by_link(token, purpose)
    if point.user_id is not None:
        raise ImmediateHttpResponse(redirect("accounts:data"))
    if point.is_nobodys:
        raise Http404
    return point


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
