"""Ways in, taken away."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import known_browsers
from accounts.access import member
from accounts.services import security
from support import clock


@login_required
@require_POST
def remove_password(request: HttpRequest) -> HttpResponse:
    """Do without a password again; this session goes on."""
    user = member(request)
    security.remove_password(user=user)
    update_session_auth_hash(request, user)
    # It has a new key now, and is to be found and ended by that.
    UserSession.objects.create_from_request(request)
    messages.success(request, _("Your password has been removed. You’ll sign in with a code."))
    return redirect("mfa_index")


@login_required
@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End every session, this one too, and notifications in every browser."""
    security.sign_out_everywhere(user=member(request), now=clock.now())
    logout(request)
    messages.success(request, _("You’re signed out everywhere."))
    response = redirect("home")
    known_browsers.forget(response)
    return response
