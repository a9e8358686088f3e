"""What a person is written to about, how and when: a member's own page, and a guest's from a signed link."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers, patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import contact_point_by_link, guest_by_link, member
from accounts.enums import OFFERED_PURPOSES
from accounts.forms.choices import ChoicesForm, PreferencesForm
from accounts.middleware import reader_zone
from accounts.models import ContactPoint
from accounts.person import Person, of_guest, of_member
from accounts.queries import channels_of, preferences_for, wanted_purposes
from accounts.services.consents import choose
from accounts.services.contact_points import member_email
from accounts.services.data_links import send_data_link
from accounts.services.preferences import save_preferences
from accounts.signals import next_message_asked, times_in_use_asked
from support import clock, limits, wording

#: Which wording a person saw beside the boxes; raised when its words change.
WORDING: Final = "choices-2026-11-2"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def own(request: HttpRequest) -> HttpResponse:
    """Show and change what a member is written to about, how and when."""
    user, now = member(request), clock.now()
    person = of_member(user)
    known = ContactPoint.objects.filter(user=user).with_value("email", user.email).first()
    # Nobody was asked yet, and nothing was said.
    wanted = wanted_purposes(known) if known else [purpose.value for purpose in OFFERED_PURPOSES]
    today = clock.to_wall(now, user.tz).date()
    form = _form(request, person, wanted, today=today, now=now)
    if form.is_valid():
        with transaction.atomic():
            point = known or member_email(user=user, now=now)
            _save(form, person, point, source="account", now=now)
        messages.success(request, _saved(person, now, today=today))
        return redirect("accounts:messages")
    return _page(request, "accounts/messages.html", form, address=user.email)


@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """The same for whoever holds the link in one of our messages; how and when is a member's own to say.

    That link may have been passed on, so messages do not come to say more by it: that takes the link to one's data.
    """
    now = clock.now()
    point, is_owner = _opened(token)
    is_guest = point.user_id is None
    wanted = wanted_purposes(point)
    form: ChoicesForm
    today = clock.to_wall(now, reader_zone(request)).date()
    if is_guest:
        form = _form(request, of_guest(point), wanted, today=today, may_say_more=is_owner, now=now)
    else:
        form = ChoicesForm(request.POST if request.method == "POST" else None, wanted=wanted)
    response: HttpResponse
    if form.is_valid():
        with transaction.atomic():
            _save(form, of_guest(point), point, source="link", now=now)
        # The other link shows no dates, and a pause only to a guest, who has just said it here: never a member's.
        if is_owner:
            said = _saved(of_guest(point), now, today=today)
        else:
            said = _kept(of_guest(point), today=today) if is_guest else _("Saved.")
        messages.success(request, said)
        response = redirect("accounts:messages_by_link", token)
    else:
        response = _page(
            request, "accounts/messages_by_link.html", form, is_guest=is_guest, is_owner=is_owner, token=token
        )
    add_never_cache_headers(response)
    patch_cache_control(response, private=True, no_store=True)
    return response


@require_POST
def ask_for_data_link(request: HttpRequest, token: str) -> HttpResponse:
    """Mail a guest the link to all that is kept about them: whoever holds this link may not be who it is about."""
    point = guest_by_link(token, "choices")
    try:
        if send_data_link(contact_point=point, now=clock.now()):
            messages.success(request, _("We’re sending a new link to the address this one was sent to."))
        else:
            messages.warning(request, _("The message could not be sent. Try again in a few minutes."))
    except limits.TooMany:
        messages.warning(request, _("We sent several today. Open the newest one, or come back tomorrow."))
    return redirect("accounts:messages_by_link", token)


def _opened(token: str) -> tuple[ContactPoint, bool]:
    """Return whom a link is about, and whether it is the link to their data. Raises Http404 for any other link."""
    try:
        return guest_by_link(token, "data"), True
    except Http404:
        return contact_point_by_link(token, "choices"), False


def _form(
    request: HttpRequest,
    person: Person,
    wanted: list[str],
    *,
    today: dt.date,
    may_say_more: bool = True,
    now: dt.datetime,
) -> PreferencesForm:
    answers = times_in_use_asked.send(sender=Person, person=person, now=now)
    return PreferencesForm(
        request.POST if request.method == "POST" else None,
        wanted=wanted,
        preferences=preferences_for(person),
        channels=channels_of(person),
        today=today,
        in_use={name for _receiver, answer in answers for name in cast("set[str]", answer)},
        may_say_more=may_say_more,
    )


def _save(form: ChoicesForm, person: Person, point: ContactPoint, *, source: str, now: dt.datetime) -> None:
    choose(contact_point=point, wanted=form.cleaned_data["wanted"], wording=WORDING, source=source, now=now)
    if isinstance(form, PreferencesForm):
        save_preferences(person=person, **form.preferences, now=now)


def _saved(person: Person, now: dt.datetime, *, today: dt.date) -> str:
    """Return that it is saved, and what comes next as they chose."""
    answers = next_message_asked.send(sender=Person, person=person, now=now)
    return " ".join(filter(None, [_kept(person, today=today), *(answer for _receiver, answer in answers)]))


def _kept(person: Person, *, today: dt.date) -> str:
    """Return that it is saved, and what falls away where they pause: said alike whatever dates they have."""
    until = preferences_for(person).paused_until
    if until is None or until <= today:
        return _("Saved.")
    paused = _("No reminder will come before %(day)s, not even for dates you already have.")
    return f"{_('Saved.')} {paused % {'day': wording.date_and_year_words(until)}}"


def _page(request: HttpRequest, template: str, form: ChoicesForm, **context: Any) -> HttpResponse:
    context |= {"form": form, "sender_name": settings.SENDER_NAME}
    return render(request, template, context, status=422 if form.is_bound else 200)
