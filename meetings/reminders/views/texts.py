"""The short links of text messages."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from accounts import links
from meetings.reminders import short_links
from meetings.reminders.enums import ReminderKind
from meetings.reminders.models import Reminder
from support import clock


@require_safe
def short(request: HttpRequest, token: str) -> HttpResponse:
    """Lead from a text message to the page of its place, until a day after the date."""
    pk = short_links.read(token)
    reminder = Reminder.objects.select_related("signup__occurrence").filter(pk=pk).first() if pk else None
    if reminder is None or reminder.signup.occurrence.ends_at + short_links.LIFE_AFTER < clock.now():
        raise Http404
    purpose, name = ("manage", "signup_manage")
    if reminder.kind == ReminderKind.CONFIRM_REQUEST:
        purpose, name = ("confirm", "signup_confirm")
    response = redirect(reverse(f"meetings:{name}", args=[links.sign(purpose, reminder.signup.public_id)]))
    add_never_cache_headers(response)
    return response
