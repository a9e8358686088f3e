"""The site as a WSGI application (PEP 3333)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from django.core.handlers.wsgi import WSGIRequest
from django.core.signals import request_started
from django.core.wsgi import get_wsgi_application

from support.collector import leave_loaded_alone
from support.sqlite.held_open import hold_open

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "support.settings")

site = get_wsgi_application()
request_started.connect(hold_open)
leave_loaded_alone()


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer with Django, and 400 where it cannot even read the request, which it does before any middleware."""
    try:
        # A Content-Type may name a character set that there is not, in the spelling of RFC 2231.
        WSGIRequest(dict(environ))
    except (LookupError, TypeError, ValueError):
        start_response("400 Bad Request", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"400 Bad Request\n"]
    return site(environ, start_response)
