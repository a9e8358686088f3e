"""What somebody does about their next reminder: have it sent anyway, or at another time."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import member
from accounts.person import Person, of_guest, of_member
from accounts.services.preferences import save_preferences
from meetings.models import Signup
from meetings.queries import access
from meetings.reminders.forms import TimesForm
from meetings.reminders.receivers import hint, next_message_words
from meetings.reminders.services.anyway import remind_anyway
from support import clock


@require_POST
def anyway_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Send the reminder that a place would not get, by the signed link to that place."""
    _send_anyway(request, _signup(token))
    return redirect("meetings:signup_manage", token)


@login_required
@require_POST
def anyway(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The same for a member's own place."""
    _send_anyway(request, access.signup_for_member(member(request), public_id))
    return redirect("meetings:my_meetings")


@require_POST
def times_by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Choose when a guest is reminded, by the signed link to one of their places; a member signs in."""
    participant = _signup(token).participant
    if participant.user_id is not None:
        raise Http404
    _choose(request, of_guest(participant.contact_point), clock.now())
    return redirect("meetings:signup_manage", token)


@login_required
@require_POST
def times(request: HttpRequest) -> HttpResponse:
    """The same for a member."""
    _choose(request, of_member(member(request)), clock.now())
    return redirect("meetings:my_meetings")


def _signup(token: str) -> Signup:
    """Return the place that a link names. Raises Http404 for a link that is broken or too old."""
    return access.signup_by_manage_link(token, now=clock.now())


def _send_anyway(request: HttpRequest, signup: Signup) -> None:
    if remind_anyway(signup=signup, now=clock.now()):
        messages.success(request, _("Done. Your reminder will come."))
        hint()


def _choose(request: HttpRequest, person: Person, now: dt.datetime) -> None:
    form = TimesForm(request.POST)
    if form.is_valid():
        save_preferences(person=person, now=now, **form.preferences)
        messages.success(request, f"{_('Saved.')} {next_message_words(person, now=now)}".strip())
