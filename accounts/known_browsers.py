"""Browsers that somebody signed in with: known again by a cookie that says of nobody that it was they.

It holds a random name and, for the last few people who signed in there, a keyed hash of that name and their address.
Only the site can make one, and only for an address that it is asked about; what fills the places that are left cannot
be told from a hash. So whoever reads the cookie learns no address, and not how many people used the browser.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

#: As many people as one browser remembers; the one who signed in longest ago goes first.
PEOPLE: Final = 3
#: Seconds that a browser is known for, from the last sign-in.
AGE: Final = 180 * 86_400
_HEX_DIGITS: Final = 32
_COOKIE: Final = re.compile(rf"([0-9a-f]{{{_HEX_DIGITS}}})\.((?:[0-9a-f]{{{_HEX_DIGITS}}}){{{PEOPLE}}})")


def remember(request: HttpRequest, response: HttpResponse, email: str) -> None:
    """Let the browser be known as one that signed in with `email`."""
    name, marks = _read(request)
    name = name or secrets.token_hex(_HEX_DIGITS // 2)
    own = _mark(name, email)
    marks = [own, *(mark for mark in marks if mark != own)][:PEOPLE]
    marks += [secrets.token_hex(_HEX_DIGITS // 2) for _free in range(PEOPLE - len(marks))]
    response.set_cookie(
        settings.KNOWN_BROWSER_COOKIE_NAME,
        f"{name}.{''.join(marks)}",
        max_age=AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget(response: HttpResponse) -> None:
    """Let the browser be known no longer, of anybody."""
    response.delete_cookie(settings.KNOWN_BROWSER_COOKIE_NAME, samesite="Lax")


def recognise(request: HttpRequest, email: str) -> str:
    """Return this browser's mark for `email`, or "" where nobody signed in with it here."""
    name, marks = _read(request)
    own = _mark(name, email)
    return own if own in marks else ""


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    found = _COOKIE.fullmatch(request.COOKIES.get(settings.KNOWN_BROWSER_COOKIE_NAME, ""))
    if found is None:
        return "", []
    return found[1], re.findall(rf".{{{_HEX_DIGITS}}}", found[2])


def _mark(name: str, email: str) -> str:
    return salted_hmac(__name__, f"{name}:{email.lower()}", algorithm="sha256").hexdigest()[:_HEX_DIGITS]
