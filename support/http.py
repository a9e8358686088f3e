"""Request helpers that every floor's views may use."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import add_never_cache_headers, patch_cache_control
from whitenoise.middleware import WhiteNoiseFileResponse


class Utf8Middleware:
    """Take no form in another character set than our pages have, and no cookie with a NUL; no browser sends them.

    Django refuses such forms by itself, but for those with files: they are read with any codec of Python's that is
    named, which can raise, or make half a surrogate pair. PostgreSQL keeps a NUL in no text, not even to look for it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        named = (request.content_params or {}).get("charset", "utf-8")
        if request.content_type == "multipart/form-data" and named.lower() not in ("utf-8", "utf8"):
            raise BadRequest("a form must be UTF-8")
        request.COOKIES = {name: value for name, value in request.COOKIES.items() if "\x00" not in value}
        return self.get_response(request)


#: What becomes smaller by it; pictures and fonts are compressed already.
_TEXT = ("text/", "image/svg+xml", "application/json", "application/manifest+json")


#: Cookies whose owner's own words may stand in a page: a session, and the address a guest just typed.
_IDENTIFYING = {settings.SESSION_COOKIE_NAME, settings.ASKED_COOKIE_NAME}


class CompressionMiddleware(GZipMiddleware):
    """Compress what holds nobody's secret: the site's own files, and pages for who brought no session, key or address.

    Where a stranger can put words into a page, the length of the compressed page gives away what else is in it (BREACH,
    https://breachattack.com): names, addresses, links that are keys. What a visitor gets has nothing of the kind; its
    token against forged forms is masked anew each time, and Django makes the length vary at random besides.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_whole = request.method == "GET" and response.status_code == 200
        is_text = response.headers.get("Content-Type", "").startswith(_TEXT)
        is_open = isinstance(response, WhiteNoiseFileResponse) or not (
            _IDENTIFYING & request.COOKIES.keys() or is_by_link(request)
        )
        return super().process_response(request, response) if is_whole and is_text and is_open else response


def is_by_link(request: HttpRequest) -> bool:
    """Return whether a signed link opened this: such links are in "token"."""
    return request.resolver_match is not None and "token" in request.resolver_match.kwargs


#: Where support.asgi leaves its way to keep an answer back: a function that takes a moment of time.monotonic().
HOLD_UNTIL = "homegroup.hold_until"


def hold_until(moment: float, *, request: HttpRequest) -> None:
    """Keep the answer to a request back until a moment of time.monotonic(), without a thread where the server can."""
    if HOLD_UNTIL in request.META:
        request.META[HOLD_UNTIL](moment)
    else:
        time.sleep(max(0.0, moment - time.monotonic()))


class HeadersMiddleware:
    """Send the headers that Django has no setting for, and keep pages of one person out of every cache.

    Those are the pages of whoever is signed in, and all that a signed link opens.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), payment=(), usb=(), geolocation=(self)")
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if is_by_link(request) or request.user.is_authenticated:
            add_never_cache_headers(response)
            patch_cache_control(response, private=True, no_store=True)
        return response
