from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.cache import add_never_cache_headers, patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import member
from meetings.feeds.calendar import meeting_calendar, member_calendar
from meetings.queries import access, roster
from meetings.services import calendar_addresses
from support import clock


@require_safe
def meeting_calendar_file(request: HttpRequest, slug: str) -> HttpResponse:
    """Give every date of a meeting as a calendar file, whose name and words say nothing over a shoulder."""
    meeting = access.meeting_for_visitor(slug)
    if meeting.is_by_appointment or meeting.is_temporarily_closed:
        raise Http404
    body = meeting_calendar(meeting, now=clock.now(), summary=_("Appointment"))
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8; method=PUBLISH")
    response["Content-Disposition"] = 'attachment; filename="appointments.ics"'
    return response


@login_required
@require_POST
def calendar_address(request: HttpRequest) -> HttpResponse:
    """Give a member's calendar program an address, another one, or none (`action=end`)."""
    user = member(request)
    if request.POST.get("action") == "end":
        calendar_addresses.end_calendar_address(user=user)
        messages.success(request, _("Done. That address no longer works."))
    else:
        calendar_addresses.renew_calendar_address(user=user, now=clock.now())
        messages.success(request, _("Here is your address. Your old address, if you had one, no longer works."))
    return redirect("meetings:my_meetings")


@require_safe
def my_calendar_file(request: HttpRequest, token: str) -> HttpResponse:
    """Give a member's dates to their calendar program, in words that say nothing about them."""
    user = access.member_by_calendar_address(token)
    with translation.override(user.language):
        now = clock.now()
        body = member_calendar(roster.signups_for_calendar(user, now=now), summary=_("Appointment"), now=now)
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8; method=PUBLISH")
    response["Content-Disposition"] = 'attachment; filename="appointments.ics"'
    response["X-Robots-Tag"] = "noindex, nofollow"
    add_never_cache_headers(response)
    patch_cache_control(response, private=True, no_store=True)
    return response
