"""A member's phone: added with a code, used for what they tick, gone when they like. Nobody needs one."""

from __future__ import annotations

import time
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import phones
from accounts.access import member
from accounts.enums import Channel
from accounts.forms.phones import PhoneCodeForm, PhoneForm, TextChoicesForm
from accounts.models import ContactPoint, User
from accounts.queries import closed_channels, wanted_purposes
from accounts.services import phones as service
from accounts.views.proof import proof_required
from support import clock, limits
from support.messaging import Accepted, Ambiguous, Refused, allowance, sms

#: Where a number, its code and what was ticked wait in the (sealed) session.
SESSION_KEY: Final = "phone_code"
MAX_TRIES: Final = 5
#: Codes in an hour for one account; in a day for one number, by one account and by all together.
CODES_PER_HOUR: Final = 5
CODES_PER_DAY: Final = 6
CODES_PER_DAY_IN_ALL: Final = 18


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@proof_required
def overview(request: HttpRequest) -> HttpResponse:
    """Show the numbers there are, and take a new one: it gets a code."""
    user = member(request)
    form = PhoneForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_bound:
        status = 422
        if not _is_open():
            raise Http404
        if form.is_valid():
            status = _send_code(request, user, form)
        if status == 302:
            return redirect("accounts:phone_code")
    context = {"form": form, "is_waiting": _is_waiting(request), **_shown(user)}
    return render(request, "accounts/phone.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@proof_required
def code(request: HttpRequest) -> HttpResponse:
    """Take the code, and keep the number it was sent to."""
    user = member(request)
    if not _is_waiting(request):
        return _over(request)
    waiting = request.session[SESSION_KEY]
    form = PhoneCodeForm(
        request.POST if request.method == "POST" else None,
        expected=waiting["code"],
        sent=f"{user.pk} {waiting['at']}",
        tries=MAX_TRIES,
        seconds=int(service.CODE_LIFE.total_seconds()),
    )
    try:
        is_right = form.is_valid()
    except limits.TooMany:
        return _over(request)
    if not is_right:
        if form.is_bound:
            request.session[SESSION_KEY] = waiting | {"tries": waiting["tries"] + 1}
        again = PhoneForm(initial={"number": waiting["number"], "wanted": waiting["wanted"]})
        context = {"form": form, "number": phones.shown(waiting["number"]), "again": again}
        return render(request, "accounts/phone_code.html", context, status=422 if form.is_bound else 200)
    del request.session[SESSION_KEY]
    now = clock.now()
    service.add_phone(user=user, number=waiting["number"], wanted=waiting["wanted"], now=now)
    if waiting["wanted"]:
        service.say_what_comes(number=waiting["number"], now=now)
    messages.success(request, _("Your number is confirmed."))
    return redirect("accounts:phone")


@login_required
@require_POST
@proof_required
def choose(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Change what a number is for."""
    point = _own(member(request), public_id)
    form = TextChoicesForm(request.POST)
    if form.is_valid():
        service.choose_texts(
            contact_point=point, wanted=form.cleaned_data["wanted"], source="phone page", now=clock.now()
        )
        messages.success(request, _("Saved."))
    return redirect("accounts:phone")


@login_required
@require_POST
@proof_required
def remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Forget a number."""
    service.remove_phone(contact_point=_own(member(request), public_id), now=clock.now())
    messages.success(request, _("Your number has been removed. Messages will come by email."))
    return redirect("accounts:phone")


def _is_waiting(request: HttpRequest) -> bool:
    """Return whether a code is on its way that can still be typed."""
    waiting = request.session.get(SESSION_KEY)
    if not waiting or waiting["tries"] >= MAX_TRIES:
        return False
    return bool(time.time() - waiting["at"] <= service.CODE_LIFE.total_seconds())


def _over(request: HttpRequest) -> HttpResponse:
    """Forget a code that is too old or was tried too often, and lead to where there is a new one."""
    if request.session.pop(SESSION_KEY, None):
        messages.warning(request, _("That code no longer works. Ask for a new one."))
    return redirect("accounts:phone")


def _send_code(request: HttpRequest, user: User, form: PhoneForm) -> int:
    """Send a code to the number in a valid form. Returns the status to answer with; 302 where it is on its way."""
    number: str = form.cleaned_data["number"]
    try:
        limits.consume("phone codes of an account", str(user.pk), limit=CODES_PER_HOUR, seconds=3600)
        # No stranger can use up what a number's owner needs to add it.
        limits.consume("phone codes to a number", f"{number} {user.pk}", limit=CODES_PER_DAY, seconds=86_400)
        limits.consume("phone codes to a number", number, limit=CODES_PER_DAY_IN_ALL, seconds=86_400)
    except limits.TooMany:
        form.add_error("number", _("You’ve asked for too many codes. Wait an hour, then try again."))
        return 429
    fresh = get_random_string(6, "0123456789")
    result = service.send_code(number=number, code=fresh, now=clock.now())
    if isinstance(result, Refused) and result.reason == allowance.USED_UP:
        form.add_error(None, _("We can’t send more texts for now. Try again in a day: email works just as well."))
        return 503
    if isinstance(result, Refused) and not result.suppress:
        form.add_error(
            "number", _("We can’t send texts to this number. You won’t miss anything: email works just as well.")
        )
        return 422
    # A number that wrote STOP, or takes no texts, looks like any other from outside: whose it is stays theirs.
    if not isinstance(result, Accepted | Ambiguous | Refused):
        form.add_error(None, _("We can’t send texts right now. Try again in a few minutes."))
        return 503
    if number == (request.session.get(SESSION_KEY) or {}).get("number"):
        messages.success(request, _("We sent a new code. The old one no longer works."))
    request.session[SESSION_KEY] = {
        "number": number,
        "code": fresh,
        "wanted": form.cleaned_data["wanted"],
        "at": time.time(),
        "tries": 0,
    }
    return 302


def _shown(user: User) -> dict[str, Any]:
    points = service.phones_of(user)
    return {
        "numbers": [_number(point, place) for place, point in enumerate(points, start=1)],
        "is_open": _is_open(),
        "is_full": len(points) >= service.MOST,
        "has_lost_one": service.has_lost_number(user, now=clock.now()),
    }


def _number(point: ContactPoint, place: int) -> dict[str, Any]:
    wanted = wanted_purposes(point)
    form = TextChoicesForm(initial={"wanted": wanted}, auto_id=f"number-{place}-%s")
    return {"point": point, "number": phones.shown(point.value), "is_used": bool(wanted), "form": form}


def _is_open() -> bool:
    return sms.is_open() and Channel.SMS not in closed_channels()


def _own(user: User, public_id: UUID) -> ContactPoint:
    return get_object_or_404(
        ContactPoint.objects.verified().filter(channel=Channel.SMS), public_id=public_id, user=user
    )
