"""A member's own settings."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import member
from accounts.forms.settings import SettingsForm
from accounts.middleware import own_zone
from accounts.services.profile import update_profile
from support import clock


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def overview(request: HttpRequest) -> HttpResponse:
    """Show and change the name shown, the zone, the language and the clock."""
    user = member(request)
    data = request.POST if request.method == "POST" else None
    form = SettingsForm(data, user=user, browser_tz=own_zone(request))
    if not form.is_valid():
        return render(request, "accounts/settings.html", {"form": form}, status=422 if form.is_bound else 200)
    update_profile(user=user, **form.cleaned_data, now=clock.now())
    response = redirect("accounts:settings")
    # The browser may remember another language, which would win over the account's.
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        user.language,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
    with translation.override(user.language):
        messages.success(request, _("Saved."))
    return response
