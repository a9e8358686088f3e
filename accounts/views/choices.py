"""Which messages go to one address: a member's own page, and a guest's from a signed link."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers, patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import links
from accounts.access import member
from accounts.enums import Purpose
from accounts.forms.choices import ChoicesForm
from accounts.models import ContactPoint
from accounts.queries import wanted_purposes
from accounts.services.consents import choose
from accounts.services.contact_points import member_email
from support import clock

#: Which wording a person saw beside the boxes; raised when its words change.
WORDING: Final = "choices-2026-11"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def own(request: HttpRequest) -> HttpResponse:
    """Show and change what a member is written to about."""
    user = member(request)
    known = ContactPoint.objects.filter(user=user).with_value("email", user.email).first()
    form = ChoicesForm(
        request.POST if request.method == "POST" else None,
        # Nobody was asked yet, and nothing was said.
        wanted=wanted_purposes(known) if known else list(Purpose.values),
    )
    if not form.is_valid():
        context = {"form": form, "address": user.email}
        return render(request, "accounts/messages.html", context, status=422 if form.is_bound else 200)
    now = clock.now()
    point = known or member_email(user=user, now=now)
    choose(contact_point=point, wanted=form.cleaned_data["wanted"], wording=WORDING, source="account", now=now)
    messages.success(request, _("Saved."))
    return redirect("accounts:messages")


@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The same for whoever holds the link in one of our messages."""
    try:
        point = ContactPoint.objects.get(public_id=links.read(token, "unsubscribe"))
    except (links.BadLink, ContactPoint.DoesNotExist) as error:
        raise Http404 from error
    form = ChoicesForm(request.POST if request.method == "POST" else None, wanted=wanted_purposes(point))
    response: HttpResponse
    if form.is_valid():
        choose(contact_point=point, wanted=form.cleaned_data["wanted"], wording=WORDING, source="link", now=clock.now())
        messages.success(request, _("Saved."))
        response = redirect("accounts:messages_by_link", token)
    else:
        response = render(
            request,
            "accounts/messages_by_link.html",
            {"form": form, "is_guest": point.user_id is None},
            status=422 if form.is_bound else 200,
        )
    add_never_cache_headers(response)
    patch_cache_control(response, private=True, no_store=True)
    return response
