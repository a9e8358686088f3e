"""Read the page in the reader's own zone and language, as far as they are known without asking."""

from __future__ import annotations

import time
from collections.abc import Callable

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import suspend_request
from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.access import member
from accounts.proof import forget_onward, has_shown_second_factor, keep_onward
from accounts.services.profile import learn_zone
from support import clock, limits, wording
from support.http import hold_until

#: Set by support/static/js from the browser, so that visitors see their own clock too; a zone name and nothing else.
ZONE_COOKIE = "tz"
#: From the browser too: "h12" or "h24".
CLOCK_COOKIE = "clock"


def own_zone(request: HttpRequest) -> str | None:
    """Return the reader's IANA zone: the account's or the browser's; None where neither has said one."""
    if request.user.is_authenticated and request.user.has_own_zone:
        return str(request.user.tz)
    from_browser = request.COOKIES.get(ZONE_COOKIE, "")
    return from_browser if clock.is_zone(from_browser) else None


def reader_zone(request: HttpRequest) -> str:
    """Return the IANA zone to show times in: the reader's own, else the site's, which is then to be named."""
    fallback = request.user.tz if request.user.is_authenticated else settings.DEFAULT_TIME_ZONE
    return own_zone(request) or str(fallback)


def reader_hour_cycle(request: HttpRequest) -> str:
    """Return "h12" or "h24": the account's, the browser's, or what readers of the page's language expect."""
    if request.user.is_authenticated:
        return str(request.user.hour_cycle)
    from_browser = request.COOKIES.get(CLOCK_COOKIE, "")
    return from_browser if from_browser in (wording.H12, wording.H24) else wording.default_hour_cycle()


def is_browsers_clock(request: HttpRequest) -> bool:
    """Return whether the page would be another if the browser said another zone or clock than it has so far.

    Not for members whose zone is known, nor after a form was sent; nor where what the browser says is unknown here, and
    stays so.
    """
    if request.user.is_authenticated and request.user.has_own_zone:
        return False
    zone, hours = request.COOKIES.get(ZONE_COOKIE, ""), request.COOKIES.get(CLOCK_COOKIE, "")
    is_readable = (not zone or clock.is_zone(zone)) and hours in ("", wording.H12, wording.H24)
    return request.method == "GET" and is_readable


class ReaderMiddleware:
    """Activate the reader's zone, and a member's language where they have chosen one.

    A member who has said no zone yet has their browser's from the first form on that it sends with one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            translation.activate(request.user.language)
            request.LANGUAGE_CODE = translation.get_language() or settings.LANGUAGE_CODE
        with timezone.override(reader_zone(request)):
            return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> None:
        # Before the view, so that what it plans and says is by that zone; on the settings page a person says it.
        is_asked = request.resolver_match is not None and request.resolver_match.view_name == "accounts:settings"
        if request.method == "POST" and request.user.is_authenticated and not is_asked:
            learn_zone(user=member(request), tz=own_zone(request), now=clock.now())


class EvenPaceMiddleware:
    """Answer forms that take a stranger's address on a beat, so that the time they take does not tell who is known.

    Making an account writes more rows than finding one: a few milliseconds, which enough tries would show. An answer
    waits for the next whole beat since its request came. What is refused before the view looks at the address does not
    wait: this stands below whatever else refuses, and its answers must not cost more than that.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        response = self.get_response(request)
        if getattr(request, "is_on_beat", False):
            now = time.monotonic()
            hold_until(now + rest_of_beat(now - began, beat=settings.EVEN_PACE_SECONDS), request=request)
        return response

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> None:
        match = request.resolver_match
        is_paced = request.method == "POST" and match is not None and match.view_name in settings.EVEN_PACE
        if is_paced and not request.user.is_authenticated:
            request.is_on_beat = True  # type: ignore[attr-defined]


def rest_of_beat(spent: float, *, beat: float) -> float:
    """Return how many seconds are left until a whole number of beats is over; a beat of 0 is no beat."""
    return beat - spent % beat if beat else 0.0


class FormLimitMiddleware:
    """Slow down whoever sends forms faster than people do: by member, and for visitors by where they come from.

    Addresses that take part in no session (webhooks, one-click unsubscribing) prove themselves by a signature instead.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        if request.method in ("GET", "HEAD", "OPTIONS", "TRACE") or getattr(view, "csrf_exempt", False):
            return None
        # IPv6 by its network: one line has as many addresses as it likes.
        who = f"member {request.user.pk}" if request.user.is_authenticated else ratelimit.get_ip(request)
        try:
            limits.consume("forms", who, limit=settings.POSTS_PER_MINUTE, seconds=60)
        except limits.TooMany:
            answer: HttpResponse = ratelimit.respond_429(request)
            return answer
        return None


class SecondFactorMiddleware:
    """Keep staff pages and the admin shut to sessions of staff that have shown one factor alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, args: object, kwargs: object) -> HttpResponse | None:
        match = request.resolver_match
        is_admin = match is not None and match.app_name == "admin"
        is_guarded = is_admin or getattr(view, "needs_second_factor", False)
        if not is_guarded or not request.user.is_authenticated or not request.user.is_staff:
            return None
        return ask_for_second_factor(request)


def ask_for_second_factor(request: HttpRequest) -> HttpResponse | None:
    """Return where the session of somebody with powers over others is sent that has shown one factor alone, or None.

    To confirm it with the factor that the account has, or to add one; and then to where it was going.
    """
    if not settings.REQUIRE_SECOND_FACTOR or not request.user.is_authenticated:
        return None
    if has_shown_second_factor(request):
        forget_onward(request)
        return None
    ways = [each["url"] for each in get_adapter().get_reauthentication_methods(request.user) if _is_second(each["id"])]
    if ways:
        answer: HttpResponse = suspend_request(request, ways[0])
        return answer
    messages.warning(request, _("Add a passkey or an authenticator app first: these pages show other people’s data."))
    keep_onward(request)
    return redirect("mfa_index")


def _is_second(way: str) -> bool:
    """Return whether a way to confirm who one is asks for a second factor, and not for the password."""
    return way.partition(":")[0] == "mfa_reauthenticate"


#: Set in a request's META, as Django notes what becomes of its cookie, where the request signs somebody out.
SIGNED_OUT = "SIGNED_OUT"


class SignedOutMiddleware:
    """Let a browser that somebody signs out of forget what it keeps for them, notifications above all.

    With its storage the service worker goes, and with that what it subscribed to (W3C Clear Site Data, 3.1). Its cache
    is left alone: no page of a member is in it, and Chromium takes seconds to clear it (chromium#762417).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if SIGNED_OUT in request.META:
            response.headers["Clear-Site-Data"] = '"storage"'
        return response
