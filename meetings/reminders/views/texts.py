"""The short links of text messages."""

from __future__ import annotations

import re
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts import links
from meetings.reminders import short_links
from meetings.reminders.enums import ReminderKind
from meetings.reminders.models import Reminder
from support import clock

_PLACE: Final = re.compile(
    r"(-?\d{1,2}\.\d{1,2}),(-?\d{1,3}\.\d{1,2})(?:,(mon|tue|wed|thu|fri|sat|sun|today|tomorrow))?", re.ASCII
)


@require_safe
def found(request: HttpRequest, code: str) -> HttpResponse:
    """Lead from an answer by text to the finder's page around the same place."""
    place = _PLACE.fullmatch(code)
    if place is None:
        raise Http404
    query = {"lat": place[1], "lon": place[2], **({"day": place[3]} if place[3] else {})}
    return redirect(f"{reverse('meetings:list')}?{urlencode(query)}")


@require_safe
def short(request: HttpRequest, token: str) -> HttpResponse:
    """Lead from a text message or a notification to the page of its place, until a day after the date.

    Where the number was given up, or the browser signed out, somebody else may hold what it came to.
    """
    pk = short_links.read(token)
    theirs = Reminder.objects.filter(contact_point__verified_at__isnull=False)
    reminder = theirs.select_related("signup__occurrence", "signup__standing").filter(pk=pk).first() if pk else None
    if reminder is None or reminder.signup.occurrence.ends_at + short_links.LIFE_AFTER < clock.now():
        raise Http404
    purpose, name = ("manage", "signup_manage")
    if reminder.kind == ReminderKind.CONFIRM_REQUEST:
        purpose, name = ("confirm", "signup_confirm")
    public_id = reminder.signup.public_id
    if reminder.kind == ReminderKind.NEW_DAY and reminder.signup.standing is not None:
        # The page says so where there is no question any more.
        purpose, name, public_id = "new_day", "new_day", reminder.signup.standing.public_id
    response = redirect(reverse(f"meetings:{name}", args=[links.sign(purpose, public_id)]))
    add_never_cache_headers(response)
    return response
