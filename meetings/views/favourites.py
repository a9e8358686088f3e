"""Keeping meetings at hand: one button on a meeting and in a list, with or without scripts."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from meetings.models import Meeting
from meetings.queries import access
from meetings.services import favourites
from support import clock


@require_POST
def favourite(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep a meeting (`keep=1`) or let go of it; htmx gets the button as it is now."""
    if not isinstance(request.user, User):
        return _sign_in_first(slug)
    meeting = access.meeting_for_favourites(request.user, slug)
    is_kept = request.POST.get("keep") == "1"
    if is_kept:
        favourites.add_favourite(user=request.user, meeting=meeting, now=clock.now())
    else:
        favourites.remove_favourite(user=request.user, meeting=meeting)
    if request.htmx:  # type: ignore[attr-defined]
        context = {
            "meeting": meeting,
            "is_kept": is_kept,
            "back": request.POST.get("next", ""),
            "with_words": "words" in request.POST,
        }
        return render(request, "meetings/_star.html", context)
    said = _("Saved. It’s under “My meetings”.") if is_kept else _("Done. It’s no longer one of your favorites.")
    messages.success(request, said)
    return _back(request, meeting)


@require_POST
def home_group(request: HttpRequest, slug: str) -> HttpResponse:
    """Make a meeting one's home group (`keep=1`), or have none."""
    if not isinstance(request.user, User):
        return _sign_in_first(slug)
    meeting = access.meeting_for_favourites(request.user, slug)
    if request.POST.get("keep") == "1":
        favourites.choose_home_group(user=request.user, meeting=meeting, now=clock.now())
        messages.success(request, _("It’s your home group now. Only you can see that."))
    else:
        favourites.leave_home_group(user=request.user, meeting=meeting)
        messages.success(request, _("Done. It’s no longer your home group."))
    return redirect("meetings:my_meetings")


def _sign_in_first(slug: str) -> HttpResponse:
    """Ask a visitor to sign in, and go on at the meeting: what they pressed acts by POST alone."""
    return redirect_to_login(reverse("meetings:detail", args=[slug]))


def _back(request: HttpRequest, meeting: Meeting) -> HttpResponse:
    """Return to the page that the button was on, as long as it is ours."""
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    # Not redirect(), which takes a word without a slash for the name of a view.
    return HttpResponseRedirect(target if is_ours else meeting.get_absolute_url())
