"""Asking for a place, confirming it, giving it back: from the site for members, from a signed link for guests."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.cache import add_never_cache_headers, patch_cache_control
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import links
from accounts.asking import Share
from accounts.middleware import own_zone, reader_hour_cycle, reader_zone
from accounts.milestones import Span, span
from accounts.models import User
from accounts.queries import clean_date_of
from meetings.enums import Held, MeetingState, SignupStatus
from meetings.feeds.calendar import place_calendar
from meetings.forms.signup import EVERY, GuestReminderForm, GuestSignupForm, SignupForm
from meetings.models import CalendarAddress, Meeting, Signup, StandingSignup
from meetings.queries import access, coordination, roster
from meetings.queries.favourites import favourites_of
from meetings.queries.first_time import is_first_time
from meetings.queries.occurrences import shown_dates
from meetings.queries.place_changes import changed_place
from meetings.services import handover, signups
from meetings.signals import next_reminder_asked
from meetings.views.asked import Asked, forget, recall, remember
from meetings.wording import every_time_words, moved_days_words, on_days_words, rule_at_words
from support import clock, limits, wording

PAST_SHOWN = 20
_TOO_MANY = gettext_lazy("Too many requests in a short time. Please wait an hour, then try again.")


@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for a place on one date or on every one. A guest's is certain once confirmed by mail, a member's at once."""
    now = clock.now()
    meeting = access.meeting_for_visitor(slug)
    form = _signup_form(request, meeting, now)
    if request.method == "POST" and form.is_valid():
        try:
            return _ask(request, meeting, form, now)
        except signups.SignupRefused as refusal:
            form.add_error("when", str(refusal))
        except limits.TooMany:
            form.add_error("email", _TOO_MANY)
    context = {
        "meeting": meeting,
        "form": form,
        "is_reminder": not meeting.keeps_places,
        "dead_end": "" if form.fields["when"].choices else _dead_end(meeting, now),  # type: ignore[attr-defined]
    }
    return render(request, "meetings/signup.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def signup_requested(request: HttpRequest) -> HttpResponse:
    """Say that a message is on its way, and send it again when asked; the same words whatever address was given."""
    now = clock.now()
    asked = recall(request, now)
    if request.method == "POST":
        return _private(_ask_again(request, asked, now))
    return _private(render(request, "meetings/signup_requested.html", {"asked": asked}))


@require_http_methods(["GET", "HEAD", "POST"])
def signup_confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a guest asked for, and confirm it when the button is pressed."""
    now = clock.now()
    try:
        signup = access.signup_by_link(links.read(token, "confirm"))
    except (links.BadLink, Http404):
        return _dead_link(request)
    meeting = signup.occurrence.meeting
    if not meeting.is_on and signup.status == SignupStatus.PENDING:
        # It may be on again tomorrow: the link is good for two days.
        return _dead_link(request, meeting=meeting if meeting.is_published else None)
    if request.method == "POST" and signup.status != SignupStatus.CANCELLED:
        signup = handover.as_members(signup=signup, now=now)
        signups.confirm_signups(signup=signup, now=now)
        response = _private(redirect("meetings:signup_manage", links.sign("manage", signup.public_id)))
        forget(response)
        return response
    if signup.status != SignupStatus.PENDING:
        return _private(redirect("meetings:signup_manage", links.sign("manage", signup.public_id)))
    if signup.occurrence.is_cancelled or signup.occurrence.starts_at <= now:
        return _dead_link(request, meeting=signup.occurrence.meeting)
    return _private(render(request, "meetings/signup_confirm.html", _signup_context(signup, token, now)))


@require_safe
def signup_manage(request: HttpRequest, token: str) -> HttpResponse:
    """Show a guest (or whoever holds the link from a message) their place, and what they can do about it."""
    now = clock.now()
    try:
        signup = access.signup_by_manage_link(token, now=now)
    except Http404:
        return _dead_link(request)
    context = _signup_context(signup, token, now)
    occurrence = signup.occurrence
    context |= {
        "is_over": occurrence.ends_at <= now,
        "can_cancel": signup.status in (SignupStatus.CONFIRMED, SignupStatus.WAITLISTED, SignupStatus.PENDING)
        and occurrence.starts_at > now
        and not occurrence.is_cancelled
        and context["meeting"].state is not MeetingState.OFF,
        "given_up": list(roster.given_up_with(signup, now=now)),
        # Which door leads to a family session is told to who has a place, as its link is.
        "has_first_time_words": context["meeting"].has_first_time_words
        and not context["is_gone"]
        and signup.shows_link(now=now),
        "is_first_time": is_first_time(signup),
        # What a facilitator writes to those coming may be another link.
        "change": occurrence.changes.last() if signup.is_certain or not context["meeting"].withholds_link else None,
        "changed_place": None if context["is_gone"] else changed_place(signup, now=now),
    }
    return _private(render(request, "meetings/signup_manage.html", context))


@require_http_methods(["GET", "HEAD", "POST"])
def new_day(request: HttpRequest, token: str) -> HttpResponse:
    """Ask somebody who comes every time whether they come on the days that the meeting moved to, by a signed link."""
    now = clock.now()
    try:
        standing = access.standing_signup_by_link(links.read(token, "new_day"))
    except (links.BadLink, Http404):
        return _dead_link(request)
    refusal = ""
    if request.method == "POST" and standing.new_days:
        try:
            signups.keep_on_new_days(standing=standing, now=now)
        except signups.SignupRefused as error:
            refusal = str(error)
        else:
            return _private(redirect("meetings:new_day", token))
    return _private(
        render(
            request,
            "meetings/new_day.html",
            _new_day_context(standing, now) | {"refusal": refusal},
            status=422 if refusal else 200,
        )
    )


@require_POST
def signup_cancel(request: HttpRequest, token: str) -> HttpResponse:
    """Give back one place, or all of those that come every time (`all=1`), by a signed link."""
    now = clock.now()
    try:
        signup = access.signup_by_manage_link(token, now=now)
    except Http404:
        return _dead_link(request)
    _give_back(request, signup, now)
    return _private(redirect("meetings:signup_manage", token))


@require_POST
def signup_restore(request: HttpRequest, token: str) -> HttpResponse:
    """Undo that a place was given back or a reminder was stopped, by the same signed link."""
    now = clock.now()
    try:
        signup = access.signup_by_manage_link(token, now=now)
    except Http404:
        return _dead_link(request)
    _restore(request, signup, now)
    return _private(redirect("meetings:signup_manage", token))


@require_safe
def signup_calendar(request: HttpRequest, token: str) -> HttpResponse:
    """Give the calendar entry of one place, in words that say nothing about it."""
    signup = access.signup_by_manage_link(token, now=clock.now())
    is_off = signup.occurrence.is_cancelled or signup.occurrence.meeting.state is MeetingState.OFF
    method = "CANCEL" if is_off or signup.status == SignupStatus.CANCELLED else "PUBLISH"
    body = place_calendar([signup], method=method, summary=_("Appointment"), now=clock.now())
    response = HttpResponse(body, content_type=f"text/calendar; charset=utf-8; method={method}")
    response["Content-Disposition"] = 'attachment; filename="appointment.ics"'
    return _private(response)


@login_required
@require_safe
def my_meetings(request: HttpRequest) -> HttpResponse:
    """What a member comes to, and what they run."""
    assert isinstance(request.user, User)
    now = clock.now()
    mine = roster.my_signups(request.user, now=now)
    calendar = CalendarAddress.objects.filter(user=request.user).first()
    calendar_url = settings.PUBLIC_BASE_URL + reverse("meetings:my_calendar", args=[calendar.token]) if calendar else ""
    context = {
        "calendar": calendar,
        "clean_span": _clean_span(request.user, now),
        "calendar_url": calendar_url,
        # What a calendar program registers for: it asks there by https.
        "webcal_url": "webcal:" + calendar_url.partition(":")[2],
        "mine": mine,
        "standing": [(standing, links.sign("new_day", standing.public_id)) for standing in mine.standing],
        "past": Paginator(roster.past_signups(request.user, now=now), PAST_SHOWN).get_page(request.GET.get("page")),
        "favourites": favourites_of(request.user, now=now),
        "is_coordinator": coordination.is_coordinator(request.user),
        "facilitated": roster.facilitated_meetings(request.user, now=now),
        "now": now,
    }
    return render(request, "meetings/my_meetings.html", context)


@login_required
@require_POST
def my_signup_cancel(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Give back a member's own place, or all of those that come every time (`all=1`)."""
    assert isinstance(request.user, User)
    _give_back(request, access.signup_for_member(request.user, public_id), clock.now())
    return redirect("meetings:my_meetings")


@login_required
@require_POST
def my_signup_restore(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Undo that a member gave up a place or a reminder, or all of those that came every time."""
    assert isinstance(request.user, User)
    _restore(request, access.signup_for_member(request.user, public_id), clock.now())
    return redirect("meetings:my_meetings")


@login_required
@require_POST
def my_standing_end(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Stop a member's coming every time."""
    assert isinstance(request.user, User)
    standing = access.standing_signup_for_member(request.user, public_id)
    signups.end_standing_signup(standing=standing, now=clock.now())
    messages.success(request, _stopped_every_time(standing.meeting))
    return redirect("meetings:my_meetings")


def _clean_span(user: User, now: dt.datetime) -> Span | None:
    """Return how long a member has been clean, by their own calendar, or None where they keep no date here."""
    kept = clean_date_of(user)
    today = clock.to_wall(now, user.tz).date()
    # A traveller's "today" may be a day earlier than where the date was kept.
    return span(kept, today=max(today, kept)) if kept else None


def _signup_form(request: HttpRequest, meeting: Meeting, now: dt.datetime) -> SignupForm:
    form_class: type[SignupForm] = SignupForm
    if not request.user.is_authenticated:
        form_class = GuestSignupForm if meeting.keeps_places else GuestReminderForm
    choices, zone = _date_choices(request, meeting, now)
    offered = [value for value, _words in choices]
    wanted = request.GET.get("date")
    initial = {"when": wanted if wanted in offered else next(iter(offered), None)}
    data = request.POST if request.method == "POST" else None
    return form_class(data, choices=choices, zone=zone, initial=initial)


def _date_choices(request: HttpRequest, meeting: Meeting, now: dt.datetime) -> tuple[list[tuple[str, str]], str]:
    """Return the dates to choose from, and their zone in words where it is to be named and is the same for all."""
    tz = meeting.tz if meeting.is_in_person else reader_zone(request)
    coming = [date for date in shown_dates(meeting, now=now) if not date.is_cancelled and date.starts_at > now]
    notes = {wording.zone_note(date.starts_at, tz, own_zone(request)) for date in coming}
    zone = notes.pop() if len(notes) == 1 else ""
    choices = [
        (date.original_date.isoformat(), _date_words(request, date.starts_at, tz, with_zone=not zone))
        for date in coming
    ]
    if len(coming) > 1:
        choices.append((EVERY, _("Every time, until I cancel")))
    return choices, zone


def _dead_end(meeting: Meeting, now: dt.datetime) -> str:
    """Return why no date of a meeting can be chosen."""
    if meeting.is_temporarily_closed:
        return _("This meeting is closed for now.")
    if meeting.is_by_appointment:
        return _("This meeting is by appointment: it has no fixed dates.")
    if shown_dates(meeting, now=now):
        return _("You can’t choose any of the next dates: they’re canceled or have already started.")
    return _("No more dates are planned.")


def _date_words(request: HttpRequest, starts_at: dt.datetime, tz: str, *, with_zone: bool) -> str:
    words = f"{wording.date_words_long(starts_at, tz)}, {wording.time_words(starts_at, tz, reader_hour_cycle(request))}"
    note = wording.zone_note(starts_at, tz, own_zone(request)) if with_zone else ""
    return f"{words} ({note})" if note else words


def _ask(request: HttpRequest, meeting: Meeting, form: SignupForm, now: dt.datetime) -> HttpResponse:
    if isinstance(request.user, User):
        made = signups.create_member_signup(
            meeting=meeting, user=request.user, date=form.date, every=form.is_every, now=now
        )
        messages.success(request, _member_answer(made, now))
        return redirect("meetings:my_meetings")
    asked = Asked(form.cleaned_data["email"], meeting.slug, form.cleaned_data["when"], now.timestamp())
    _request(request, meeting, asked, form.cleaned_data.get("display_name", ""), now)
    response = redirect("meetings:signup_requested")
    before = recall(request, now)
    if before and replace(before, at=asked.at) == asked and _seconds_to_wait(before, now):
        messages.info(request, _sent_lately(before, now))
    else:
        remember(response, asked)
    return response


def _ask_again(request: HttpRequest, asked: Asked | None, now: dt.datetime) -> HttpResponse:
    response = redirect("meetings:signup_requested")
    if asked is None:
        messages.info(request, _("That was a while ago. Choose the meeting and type your address again."))
        return redirect("meetings:list")
    if _seconds_to_wait(asked, now):
        # Said by what this browser did alone: the answer is the same for every address.
        messages.info(request, _sent_lately(asked, now))
        return response
    try:
        _request(request, access.meeting_for_visitor(asked.slug), asked, "", now)
    except signups.SignupRefused as refusal:
        messages.error(request, str(refusal))
    except limits.TooMany:
        messages.error(request, _TOO_MANY)
    else:
        messages.success(request, _("Another message is on its way."))
        remember(response, replace(asked, at=now.timestamp()))
    return response


def _request(request: HttpRequest, meeting: Meeting, asked: Asked, display_name: str, now: dt.datetime) -> None:
    often = settings.SIGNUP_REQUESTS_PER_HOUR
    Share("signup-address", rates=((often, 3600),), in_all=(3 * often, 3600)).consume(request, asked.email)
    signups.request_guest_signup(
        meeting=meeting,
        date=None if asked.when == EVERY else dt.date.fromisoformat(asked.when),
        every=asked.when == EVERY,
        email=asked.email,
        display_name=display_name,
        tz=own_zone(request),
        language=translation.get_language() or settings.LANGUAGE_CODE,
        hour_cycle=reader_hour_cycle(request),
        now=now,
    )


def _seconds_to_wait(asked: Asked, now: dt.datetime) -> float:
    return max(0.0, asked.at + signups.SECOND_CLICK.total_seconds() - now.timestamp())


def _sent_lately(asked: Asked, now: dt.datetime) -> str:
    minutes = math.ceil(_seconds_to_wait(asked, now) / 60)
    return ngettext(
        "We sent it a moment ago. You can ask again in %(number)d minute.",
        "We sent it a moment ago. You can ask again in %(number)d minutes.",
        minutes,
    ) % {"number": minutes}


def _member_answer(made: list[Signup], now: dt.datetime) -> str:
    if all(signup.status == SignupStatus.WAITLISTED for signup in made):
        return _("The places are taken. You’re on the waitlist, and we’ll write to you as soon as one is free.")
    return _done(made, now)


def _done(made: list[Signup], now: dt.datetime) -> str:
    """Return that it is done, and when the next reminder comes of it, or that none does."""
    answers = next_reminder_asked.send(sender=Signup, signups=made, now=now)
    return " ".join(filter(None, [_("Done."), *(answer for _receiver, answer in answers)]))


def _give_back(request: HttpRequest, signup: Signup, now: dt.datetime) -> None:
    if request.POST.get("all") and signup.standing:
        signups.end_standing_signup(standing=signup.standing, now=now)
        messages.success(request, _stopped_every_time(signup.occurrence.meeting))
        return
    words = {
        Held.REMINDER: _("Done. We won’t remind you of this date."),
        Held.PLACE: _("Done. Your place is free for someone else."),
        Held.WAIT: _("Done. You’re off the waitlist."),
    }[signup.held]
    signups.cancel_signup(signup=signup, now=now)
    messages.success(request, words)


def _stopped_every_time(meeting: Meeting) -> str:
    if meeting.keeps_places:
        return _("Done. Your places are free for others.")
    return _("Done. We won’t remind you of this meeting anymore.")


def _restore(request: HttpRequest, signup: Signup, now: dt.datetime) -> None:
    try:
        back = signups.restore_signup(signup=signup, now=now)
    except signups.SignupRefused as refusal:
        messages.error(request, str(refusal))
        return
    held = {each.held for each in back}
    if held == {Held.REMINDER}:
        messages.success(request, _done(back, now))
    elif held == {Held.PLACE}:
        words = ngettext("Done. You have your place again.", "Done. You have your places again.", len(back))
        messages.success(request, words)
    elif held == {Held.WAIT}:
        words = _(
            "Someone else took the place in the meantime. You’re on the waitlist, and we’ll write as soon as one is"
            " free."
        )
        messages.warning(request, words)
    else:
        messages.warning(request, _("Done. On some dates someone else took your place: there, you’re on the waitlist."))


def _signup_context(signup: Signup, token: str, now: dt.datetime) -> dict[str, Any]:
    occurrence = signup.occurrence
    meeting = occurrence.meeting
    return {
        "signup": signup,
        "occurrence": occurrence,
        "now": now,
        "is_gone": signup.status == SignupStatus.CANCELLED
        or occurrence.is_cancelled
        or meeting.state is MeetingState.OFF
        or occurrence.ends_at <= now,
        "meeting": meeting,
        "token": token,
        "tz": meeting.tz if meeting.is_in_person else signup.participant.tz,
        "is_reminder": not meeting.keeps_places,
        "every": _every(signup),
        "calendar_url": reverse("meetings:signup_calendar", args=[token]),
    }


def _new_day_context(standing: StandingSignup, now: dt.datetime) -> dict[str, Any]:
    meeting, reader = standing.meeting, standing.participant
    rule, new_days = meeting.rule, standing.new_days
    first = rule.first_after(now) if rule else None
    zone = wording.zone_note(first.starts_at, rule.tz, reader.own_tz) if rule and first else ""
    coming = roster.coming_by_rule(standing, now=now)
    return {
        "meeting": meeting,
        "is_reminder": not meeting.keeps_places,
        "is_asked": bool(new_days) and standing.ended_at is None and standing.confirmed_at is not None,
        "is_ended": standing.ended_at is not None,
        "days_move": moved_days_words(standing.days, new_days) if standing.is_waiting else "",
        "new_days": on_days_words(new_days),
        "rule": rule_at_words(rule, reader.hour_cycle, zone=zone) if rule else "",
        "first": first,
        "tz": meeting.tz if meeting.is_in_person else reader.tz,
        "coming": coming,
    }


def _every(signup: Signup) -> str:
    """Return by which rule a participant comes every time, as they read it, or "" for one date alone."""
    rule, reader = signup.occurrence.meeting.rule, signup.participant
    if rule is None or not (signup.comes_every_time or signup.gave_up_every_time):
        return ""
    if signup.standing is not None and signup.comes_every_time and signup.standing.new_days:
        # They do not come on all days of the rule.
        return ""
    zone = wording.zone_note(signup.occurrence.starts_at, rule.tz, reader.own_tz)
    said = every_time_words if signup.comes_every_time else rule_at_words
    return said(rule, reader.hour_cycle, zone=zone)


def _dead_link(request: HttpRequest, meeting: Meeting | None = None) -> HttpResponse:
    """Answer to a link that is broken, too old or overtaken: always the same words, and what to do next."""
    return _private(render(request, "meetings/signup_dead_link.html", {"meeting": meeting}, status=410))


def _private(response: HttpResponse) -> HttpResponse:
    """Keep what a signed link shows out of caches, search engines and other sites' logs."""
    add_never_cache_headers(response)
    patch_cache_control(response, private=True, no_store=True)
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response
