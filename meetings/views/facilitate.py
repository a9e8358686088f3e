"""Running a meeting: who is coming, moving a date, cancelling one, bringing one back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.enums import AccessAction
from accounts.models import User
from accounts.services.audit import record_access
from meetings.forms.occurrence import CancelDateForm, MoveDateForm, RestoreDateForm
from meetings.models import Meeting, Occurrence, OccurrenceChange
from meetings.queries import access, roster
from meetings.queries.occurrences import DatedOccurrence
from meetings.services.occurrences import (
    ChangeRefused,
    cancel_occurrence,
    ensure_occurrence,
    move_occurrence,
    refuse_unless_changeable,
    restore_occurrence,
    times_once_restored,
)
from support import clock


@login_required
@require_safe
def facilitate(request: HttpRequest, slug: str) -> HttpResponse:
    """The next dates of a meeting, and how many come to each."""
    assert isinstance(request.user, User)
    meeting = access.meeting_for_facilitator(request.user, slug)
    context = {
        "meeting": meeting,
        "counts": roster.coming_dates(meeting, now=clock.now()),
        "is_drop_in": not meeting.keeps_places,
    }
    return render(request, "meetings/facilitate.html", context)


@login_required
@require_safe
def occurrence(request: HttpRequest, slug: str, date: dt.date) -> HttpResponse:
    """One date: who is coming, who waits, and what can be done about it."""
    assert isinstance(request.user, User)
    meeting, dated = access.date_for_facilitator(request.user, slug, date)
    now = clock.now()
    signups = roster.roster(dated.occurrence) if dated.occurrence else []
    [count] = roster.count_dates(meeting, [dated], now=now)
    # Whoever is on the list can read that it was looked at.
    seen = [signup.participant for signup in signups]
    record_access(
        actor=request.user,
        about_users=[each.user_id for each in seen if each.user_id is not None],
        about_guests=[each.contact_point_id for each in seen if each.user_id is None],
        action=AccessAction.SAW_ROSTER,
        now=now,
    )
    context = {
        "meeting": meeting,
        "dated": dated,
        "signups": signups,
        "count": count,
        "changes": dated.occurrence.changes.all() if dated.occurrence else [],
        "is_drop_in": not meeting.keeps_places,
        "can_change": not _why_not_changed(dated, now),
        "can_restore": not _once_restored(dated, now)[2],
    }
    return render(request, "meetings/occurrence.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def occurrence_move(request: HttpRequest, slug: str, date: dt.date) -> HttpResponse:
    """Move one date to another time; everyone who signed up hears of it once."""
    assert isinstance(request.user, User)
    now = clock.now()
    meeting, dated = access.date_for_facilitator(request.user, slug, date)
    wall = clock.to_wall(dated.starts_at, meeting.tz)
    form = MoveDateForm(
        request.POST if request.method == "POST" else None,
        meeting=meeting,
        now=now,
        initial={"on": wall.date(), "at": wall.time()},
    )
    if form.is_valid():
        move = partial(move_occurrence, starts_at=form.cleaned_data["starts_at"])
        if change := _change(form, meeting, date, move, now=now):
            done, already = _("Moved. We’re letting people know."), _("It already starts then. Nobody is told again.")
            _say(request, change, done, already, now)
            return redirect("meetings:occurrence", meeting.slug, date)
    context = {"meeting": meeting, "dated": dated, "form": form, "why_not": _why_not_changed(dated, now)}
    return render(request, "meetings/occurrence_move.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def occurrence_cancel(request: HttpRequest, slug: str, date: dt.date) -> HttpResponse:
    """Cancel one date, after asking once; everyone who signed up hears of it once."""
    assert isinstance(request.user, User)
    now = clock.now()
    meeting, dated = access.date_for_facilitator(request.user, slug, date)
    form = CancelDateForm(request.POST if request.method == "POST" else None)
    change = _change(form, meeting, date, cancel_occurrence, now=now) if form.is_valid() else None
    if change is not None:
        done, already = _("Canceled. We’re letting people know."), _("It’s already canceled. Nobody is told again.")
        _say(request, change, done, already, now)
        return redirect("meetings:occurrence", meeting.slug, date)
    context = {"meeting": meeting, "dated": dated, "form": form, "why_not": _why_not_changed(dated, now)}
    return render(request, "meetings/occurrence_cancel.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def occurrence_restore(request: HttpRequest, slug: str, date: dt.date) -> HttpResponse:
    """Bring a cancelled date back, after asking once; everyone who signed up hears of it once."""
    assert isinstance(request.user, User)
    now = clock.now()
    meeting, dated = access.date_for_facilitator(request.user, slug, date)
    form = RestoreDateForm(request.POST if request.method == "POST" else None)
    change = _change(form, meeting, date, restore_occurrence, now=now) if form.is_valid() else None
    if change is not None:
        done, already = _("It’s on again. We’re letting people know."), _("It’s already on. Nobody is told again.")
        _say(request, change, done, already, now)
        return redirect("meetings:occurrence", meeting.slug, date)
    starts_at, ends_at, why_not = _once_restored(dated, now)
    context = {"meeting": meeting, "dated": dated, "form": form, "why_not": why_not}
    context |= {"starts_at": starts_at, "ends_at": ends_at}
    return render(request, "meetings/occurrence_restore.html", context, status=422 if form.errors else 200)


def _change(
    form: Form, meeting: Meeting, date: dt.date, change: Callable[..., OccurrenceChange], *, now: dt.datetime
) -> OccurrenceChange | None:
    """Change one date as a valid form asks for. Returns the change, or None where it cannot be: the form says why."""
    target = ensure_occurrence(meeting=meeting, date=date, now=now)
    try:
        return change(occurrence=target, message=form.cleaned_data["message"], now=now)
    except ChangeRefused as refusal:
        form.add_error(None, str(refusal))
        return None


def _say(request: HttpRequest, change: OccurrenceChange, done: str, already: str, now: dt.datetime) -> None:
    if change.created_at == now:
        messages.success(request, done)
    else:
        messages.info(request, already)


def _why_not_changed(dated: DatedOccurrence, now: dt.datetime) -> str:
    """Return why a date can be neither moved nor cancelled, or ""."""
    try:
        refuse_unless_changeable(dated, now=now)
    except ChangeRefused as refusal:
        return str(refusal)
    return ""


def _once_restored(dated: DatedOccurrence, now: dt.datetime) -> tuple[dt.datetime, dt.datetime, str]:
    """Return from when to when a cancelled date would be, were it brought back, and why that cannot be, or ""."""
    try:
        # A date without a row was never cancelled.
        times = times_once_restored(dated.occurrence or Occurrence(), now=now)
    except ChangeRefused as refusal:
        return dated.starts_at, dated.ends_at, str(refusal)
    return *times, ""
