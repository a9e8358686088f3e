"""What you will get, and when: for a member, for a guest from a signed link, and as an example for a facilitator."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers, patch_cache_control
from django.views.decorators.http import require_safe

from accounts.access import guest_by_link, member
from accounts.middleware import own_zone, reader_hour_cycle
from accounts.person import Person, of_guest, of_member
from accounts.queries import is_suppressed, preferences_for
from meetings.models import Participant
from meetings.queries import access
from meetings.queries.occurrences import upcoming_dates
from meetings.reminders.queries.people import calendar_of
from meetings.reminders.queries.plans import example_for, plan_of
from meetings.reminders.queries.timelines import Reader
from support import clock, wording

A_DAY = dt.timedelta(days=1)


@login_required
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """What a member will get."""
    user = member(request)
    now = clock.now()
    mine = None if user.has_own_zone else Participant.objects.filter(user=user).first()
    reader = Reader(calendar_of(mine, now=now) if mine else user.tz, user.hour_cycle)
    zone = wording.zone_note(now, reader.tz, own_zone(request))
    return render(request, "reminders/plan.html", _context(of_member(user), reader, now) | {"zone": zone})


@require_safe
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The same for a guest, by the link to their data; a member signs in."""
    point = guest_by_link(token, "data")
    guest = Participant.objects.filter(contact_point=point, user=None).first()
    now = clock.now()
    reader = Reader(calendar_of(guest, now=now), guest.hour_cycle) if guest else Reader("UTC", "h12")
    change_url = reverse("accounts:messages_by_link", args=[token])
    # What a guest's browser said of its zone when they signed up, if it said any, may not be where the link is read.
    zone = wording.zone_note(now, reader.tz, own_zone(request))
    context = _context(of_guest(point), reader, now) | {"change_url": change_url, "zone": zone}
    response = render(request, "reminders/plan_by_link.html", context)
    add_never_cache_headers(response)
    patch_cache_control(response, private=True, no_store=True)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@login_required
@require_safe
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """What those who take a place in a meeting will get: an example, of nobody in particular."""
    now = clock.now()
    meeting = access.meeting_for_facilitator(member(request), slug)
    dates = [each for each in upcoming_dates(meeting, now=now, limit=8) if not each.is_cancelled]
    # The next one may be too near for any reminder, which would be no example.
    date = next((each for each in dates if each.starts_at - now > A_DAY), dates[0] if dates else None)
    context = {
        "meeting": meeting,
        "date": date,
        "now": now,
        "plan": example_for(meeting, date, hour_cycle=reader_hour_cycle(request), now=now) if date else None,
        "is_drop_in": not meeting.keeps_places,
    }
    return render(request, "reminders/plan_preview.html", context)


def _context(person: Person, reader: Reader, now: dt.datetime) -> dict[str, Any]:
    if person.user is not None:
        mine = Participant.objects.filter(user=person.user)
    else:
        mine = Participant.objects.filter(contact_point__in=person.contact_points, user=None)
    people = list(mine.select_related("contact_point"))
    preferences = preferences_for(person)
    today = clock.to_wall(now, reader.tz).date()
    return {
        "plan": plan_of([each.pk for each in people], reader=reader, now=now),
        "preferences": preferences,
        "is_paused": preferences.paused_until is not None and preferences.paused_until > today,
        "is_suppressed": any(is_suppressed(each.contact_point) for each in people),
        "is_unverified": any(each.contact_point.verified_at is None for each in people),
    }
