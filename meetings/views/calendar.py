from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from meetings.feeds.calendar import meeting_calendar
from meetings.queries import access
from support import clock


@require_safe
def meeting_calendar_file(request: HttpRequest, slug: str) -> HttpResponse:
    """Give every date of a meeting as a calendar file, whose name and words say nothing over a shoulder."""
    meeting = access.meeting_for_visitor(slug)
    if meeting.is_by_appointment or meeting.is_temporarily_closed:
        raise Http404
    body = meeting_calendar(meeting, now=clock.now(), summary=_("Appointment"))
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="appointments.ics"'
    return response
