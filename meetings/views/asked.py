"""What a guest just asked for, sealed in their own browser for a while.

So the next page can show the address that was typed, and ask again. The site keeps nothing of it, and no address of a
page says it.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass
from typing import Final

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.fields import seal, unseal

#: Long enough to look into a mailbox twice, and short for whoever uses the same browser next.
KEPT_FOR: Final = dt.timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked for which date of which meeting, and when. `when` is as the form has it: an ISO date, or "every"."""

    email: str
    slug: str
    when: str
    #: Seconds since 1970.
    at: float


def remember(response: HttpResponse, asked: Asked) -> None:
    """Keep it in the browser that `response` goes to."""
    response.set_cookie(
        settings.ASKED_COOKIE_NAME,
        seal(json.dumps(asdict(asked))),
        max_age=KEPT_FOR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def recall(request: HttpRequest, now: dt.datetime) -> Asked | None:
    """Return what was asked for in this browser, or None where that is too long ago, or nothing of ours."""
    try:
        asked = Asked(**json.loads(unseal(request.COOKIES.get(settings.ASKED_COOKIE_NAME, ""))))
    except (InvalidToken, ValueError, TypeError):
        return None
    return asked if now.timestamp() - asked.at < KEPT_FOR.total_seconds() else None


def forget(response: HttpResponse) -> None:
    """Let the browser keep it no longer."""
    response.delete_cookie(settings.ASKED_COOKIE_NAME, samesite="Lax")
