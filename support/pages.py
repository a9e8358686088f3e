"""Pages of the site itself: help in a crisis, what this is, what is kept; and what is said when something breaks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from http import HTTPStatus
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template import loader
from django.templatetags.static import static
from django.urls import Resolver404, resolve
from django.views.decorators.http import require_safe

from accounts import phones
from meetings.queries.listed import listed
from support import outage
from support.crisis import CRISIS_LINES
from support.typed import typed

_DAYS_OF_A_MONTH = 365 / 12


@require_safe
def crisis(request: HttpRequest) -> HttpResponse:
    """Show every crisis line, by country."""
    countries = [(country, list(lines)) for country, lines in groupby(CRISIS_LINES, key=lambda line: str(line.country))]
    return render(request, "pages/crisis.html", {"countries": countries, "hide_crisis_strip": True})


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """Say what this site is, and what it is not."""
    number = phones.normal(settings.SMS_NUMBER) if settings.SMS_PROVIDER else None
    context = {
        "sms_number": number,
        "sms_number_shown": phones.shown(number) if number else "",
        "listed": listed(),
        **_operator(),
    }
    return render(request, "pages/about.html", context)


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """Say what is kept, why and for how long: by the settings that it is forgotten by."""
    kept = {
        "unconfirmed_days": settings.RETENTION["unconfirmed"].days,
        "idle_months": round(settings.RETENTION["idle"].days / _DAYS_OF_A_MONTH),
        "attendance_months": round(settings.RETENTION_ATTENDANCE.days / _DAYS_OF_A_MONTH)
        if settings.RETENTION_ATTENDANCE
        else 0,
        "text_days": settings.RETENTION["inbound_texts"].days,
        "message_days": settings.RETENTION["messages"].days,
    }
    context = {"kept": kept, "profile": settings.ORGANISATION_PROFILE, **_operator()}
    return render(request, "pages/privacy.html", context)


def _operator() -> dict[str, Any]:
    return {"operator": settings.OPERATOR_NAME, "contact": settings.OPERATOR_CONTACT}


@require_safe
def leaving(request: HttpRequest) -> HttpResponse:
    """Explain the Leave button before it is needed: what it does, and what it does not."""
    return render(request, "pages/leaving.html", {"exit_host": urlsplit(settings.QUICK_EXIT_URL).hostname or ""})


@require_safe
def favicon(request: HttpRequest) -> HttpResponseRedirect:
    """Lead to the icon whoever asks for it by its old address, as browsers do for pages that name none."""
    return HttpResponseRedirect(static("img/icon-32.png"))


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Keep crawlers away from pages that are one person's own, and from paper: long, and all in the lists already."""
    closed = ("/my/", "/signups/", "/accounts/", "/admin/", "/print/")
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed), ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


# Error pages stand alone: whatever broke (a context processor, the database, a reverse) must not break them too. No
# context processor runs for them. Where nothing broke, they look who is signed in.


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    # Before anything was read of it, perhaps: no form of this page would be taken.
    return _error_page("400.html", 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error_page("403.html", 403, _whose(request) | _languages(request))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _error_page("403_csrf.html", 403, _whose(request) | _languages(request))


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error_page("404.html", 404, _whose(request) | _languages(request))


class NotAllowedMiddleware:
    """Give a page to whoever opens an address that only a button goes with: Django has no handler for 405."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED or response.content or _is_machine(request):
            return response
        page = _error_page("405.html", 405, _whose(request) | _languages(request))
        page["Allow"] = response["Allow"]
        return page


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _error_page("429.html", 429, _whose(request) | _languages(request))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for an exception that nobody caught, which Django is still handling: 503 where it passes, else 500."""
    if outage.reason(sys.exc_info()[1]):
        response = _try_again(request)
        response["Retry-After"] = str(outage.RETRY_AFTER)
        response["Cache-Control"] = "no-store"
        return response
    return _error_page("500.html", 500, _languages(request))


def _try_again(request: HttpRequest) -> HttpResponse:
    """Say that the site cannot do this just now; with a form, to send again what was typed."""
    if _is_machine(request):
        return HttpResponse("Not now. Try again in a moment.\n", status=503, content_type="text/plain; charset=utf-8")
    if request.headers.get("HX-Request"):
        words = loader.render_to_string("components/try_again.html")
        # To where base.html says what just happened; the page, and what was typed into it, stays.
        return HttpResponse(words, status=503, headers={"HX-Retarget": ".messages", "HX-Reswap": "innerHTML show:top"})
    is_post = request.method == "POST"
    context = {"path": request.get_full_path(), "is_post": is_post, "typed": typed(request) if is_post else None}
    return _error_page("503.html", 503, _languages(request) | context)


def _whose(request: HttpRequest) -> dict[str, Any]:
    """Return whether nobody is signed in. The session may have to be read: if that fails, server_error answers."""
    return {"is_visitor": hasattr(request, "user") and not request.user.is_authenticated}


def _languages(request: HttpRequest) -> dict[str, Any]:
    """Return what the buttons for other languages need: a token, from a cookie alone, and this page to come back to."""
    is_page = request.method in ("GET", "HEAD")
    return {"csrf_token": get_token(request), "next_path": request.get_full_path() if is_page else "/"}


def _is_machine(request: HttpRequest) -> bool:
    """Return whether a program asks: a provider that tells us something, a monitor, a script of ours."""
    if request.content_type == "application/json":
        return True
    try:
        view = resolve(request.path_info).func
    except Resolver404:
        return False
    return getattr(view, "csrf_exempt", False) and "text/html" not in request.headers.get("Accept", "")


def _error_page(template_name: str, status: int, more: dict[str, Any] | None = None) -> HttpResponse:
    context = {
        "site_name": settings.SITE_NAME,
        "quick_exit_url": settings.QUICK_EXIT_URL,
        "crisis_lines": CRISIS_LINES,
        **(more or {}),
    }
    return HttpResponse(loader.render_to_string(template_name, context), status=status)
