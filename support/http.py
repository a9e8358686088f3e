"""Request helpers that every floor's views may use."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers, patch_cache_control


class HeadersMiddleware:
    """Send the headers that Django has no setting for, and keep pages of one person out of every cache.

    Those are the pages of whoever is signed in, and all that a signed link opens: such links are in "token".
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), payment=(), usb=(), geolocation=(self)")
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        is_by_link = request.resolver_match is not None and "token" in request.resolver_match.kwargs
        if is_by_link or request.user.is_authenticated:
            add_never_cache_headers(response)
            patch_cache_control(response, private=True, no_store=True)
        return response
