"""Whether the person at the screen is still the one who signed in."""

from __future__ import annotations

import time

from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.http import HttpRequest


def is_proven(request: HttpRequest) -> bool:
    """Return whether whoever holds this session showed within ten minutes that they are its owner."""
    records = get_authentication_records(request, request.user if request.user.is_authenticated else None)
    return bool(records) and time.time() - records[-1]["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
