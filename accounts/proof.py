"""What this session has shown of who holds it: that they are still the one who signed in, and a second factor."""

from __future__ import annotations

import time
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest

#: Where a session was going when it was sent to add a second factor: our own address, never one that was given.
_ONWARD = "after_second_factor"


def is_proven(request: HttpRequest) -> bool:
    """Return whether whoever holds this session showed within ten minutes that they are its owner."""
    records = _records(request)
    return bool(records) and time.time() - records[-1]["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def has_shown_second_factor(request: HttpRequest) -> bool:
    """Return whether this very session was opened or confirmed with a second factor that the account still has.

    A passkey is one, and so is a recovery code. What another session has shown says nothing of who holds this one.
    """
    shown = [record.get("id") for record in _records(request) if record.get("method") == "mfa"]
    return Authenticator.objects.filter(user=request.user.pk, pk__in=shown).exists()


def keep_onward(request: HttpRequest) -> None:
    """Keep where the session was going, to lead it on once it has a second factor."""
    if request.method == "GET":
        request.session[_ONWARD] = request.get_full_path()


def onward(request: HttpRequest) -> str:
    """Return where the session was going before it added its second factor; "" where it has none yet, or goes on."""
    path = str(request.session.get(_ONWARD, ""))
    return path if path and has_shown_second_factor(request) else ""


def forget_onward(request: HttpRequest) -> None:
    """Forget where the session was going: it is there."""
    request.session.pop(_ONWARD, None)


def _records(request: HttpRequest) -> list[dict[str, Any]]:
    return get_authentication_records(request, request.user if request.user.is_authenticated else None)
