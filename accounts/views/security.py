"""Ways in, taken away."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import member
from accounts.services.security import end_all_sessions
from accounts.services.security import remove_password as remove_password_of


@login_required
@require_POST
def remove_password(request: HttpRequest) -> HttpResponse:
    """Do without a password again; this session goes on."""
    user = member(request)
    remove_password_of(user=user)
    update_session_auth_hash(request, user)
    messages.success(request, _("The password is gone. You sign in with a code."))
    return redirect("mfa_index")


@login_required
@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End every session, this one too."""
    end_all_sessions(user=member(request))
    logout(request)
    messages.success(request, _("You are signed out everywhere."))
    return redirect("home")
