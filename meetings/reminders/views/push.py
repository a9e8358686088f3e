"""Switching notifications on and off in one browser, and the script that shows them there."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from accounts.access import member
from accounts.services.push_subscriptions import SESSION_KEY
from meetings.reminders.forms import SubscriptionForm
from meetings.reminders.services.push import turn_off, turn_on
from support import clock


@login_required
@require_POST
def push_on(request: HttpRequest) -> HttpResponse:
    """Take a subscription that the reader's browser has just made. 204, or 422 where it cannot be used."""
    form = SubscriptionForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422)
    kept = turn_on(user=member(request), subscription=form.cleaned_data["subscription"], now=clock.now())
    # So that signing out ends it, too.
    request.session[SESSION_KEY] = kept.pk
    return HttpResponse(status=204)


@login_required
@require_POST
def push_off(request: HttpRequest) -> HttpResponse:
    """End the reader's subscription in one browser; 204 also where there is none any more."""
    form = SubscriptionForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422)
    turn_off(user=member(request), subscription=form.cleaned_data["subscription"], now=clock.now())
    return HttpResponse(status=204)


@require_safe
def push_worker(request: HttpRequest) -> HttpResponse:
    """The service worker. Browsers ask for it again by themselves, so it has one address for life and is not kept."""
    response = render(
        request,
        "reminders/push_worker.js",
        {"sender_name": settings.SENDER_NAME},
        content_type="text/javascript; charset=utf-8",
    )
    response.headers["Cache-Control"] = "no-cache"
    return response
