"""The hour after: what keeps somebody alive who has used, whom to call, and where to be among others soon."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from meetings.enums import MeetingKind, VenueType
from meetings.forms.finder import KM, MILES, FinderForm
from meetings.geo import uses_miles
from meetings.queries.finder import Criteria
from meetings.queries.start_again import soon
from support import clock
from support.crisis import AFTER_A_BREAK


@require_safe
def start_again(request: HttpRequest) -> HttpResponse:
    """Show it to anybody, and keep nothing; where they are is asked only if they like."""
    reader_tz = str(timezone.get_current_timezone())
    asked = QueryDict(mutable=True)
    asked["near"] = request.GET.get("near", "")
    form = FinderForm(asked, formats=[], default_unit=MILES if uses_miles(reader_tz) else KM)
    around = form.criteria()
    language = (translation.get_language() or "en").split("-")[0]
    next_of = partial(soon, now=clock.now(), reader_tz=reader_tz, language=language)
    context = {
        "advice": AFTER_A_BREAK,
        "checked_on": min(each.source.verified_on for each in AFTER_A_BREAK),
        "form": form,
        "place": form.place,
        "online": next_of(Criteria(venues=(VenueType.ONLINE,), kind=MeetingKind.NA_MEETING)),
        "near": next_of(Criteria(center=around.center, radius_km=around.radius_km, kind=MeetingKind.NA_MEETING))
        if around.center
        else None,
        "hide_crisis_strip": True,
    }
    response = render(request, "meetings/start_again.html", context)
    patch_cache_control(response, private=True, no_store=True)
    return response
