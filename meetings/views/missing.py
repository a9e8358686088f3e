"""Meetings that their lists have lost: whoever looks after them, or the site's staff, says whether they go on."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import member
from accounts.middleware import ask_for_second_factor
from meetings.queries import access, coordination
from meetings.queries.missing import in_doubt
from meetings.services import missing
from support import clock

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
PAGE = 50


def those_responsible(view: View[P]) -> View[P]:
    """Let coordinators and staff in, with a second factor; to everyone else who is signed in the page is not there."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        user = member(request)
        if not (user.is_staff or coordination.is_coordinator(user)):
            raise Http404
        return ask_for_second_factor(request) or view(request, *args, **kwargs)

    return guarded


@those_responsible
@require_safe
def missing_meetings(request: HttpRequest) -> HttpResponse:
    """What their lists no longer have, and people asked to come to: is it still on?"""
    page = Paginator(in_doubt(member(request), now=clock.now()), PAGE).get_page(request.GET.get("page"))
    rows = [(each, missing.answer_until(each)) for each in page]
    return render(request, "meetings/missing.html", {"page": page, "rows": rows})


@those_responsible
@require_POST
def decide(request: HttpRequest, slug: str) -> HttpResponse:
    """Let one of them go on (`is_on=1`), or be off, after asking once (`is_sure=1`).

    Pressed twice, or too late, it changes nothing and says so.
    """
    meeting = access.meeting_in_doubt(member(request), slug)
    is_on = {"1": True, "0": False}.get(request.POST.get("is_on", ""))
    if is_on is None:
        raise BadRequest("neither on nor off")
    now = clock.now()
    if not is_on and "is_sure" not in request.POST:
        doubtful = in_doubt(member(request), now=now).filter(pk=meeting.pk).first()
        if doubtful is not None:
            return render(request, "meetings/missing_end.html", {"meeting": doubtful})
    verb = missing.keep if is_on else missing.end
    if not verb(meeting=meeting, now=now):
        messages.info(request, _("That was already decided. You can change the listing itself."))
    elif is_on:
        messages.success(request, _("Thank you. It stays on the site, and reminders go out again."))
    else:
        messages.success(request, _("Thank you. We’re letting everyone who signed up know."))
    return redirect("meetings:missing")
