"""How long a lock of the database is waited for: as long as a person would, or longer where nobody is waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

#: Seconds, for all locks that one request waits for. Whoever waits longer presses again, and waits twice.
FOR_A_PERSON: Final = 10.0
#: Seconds for each statement of a worker or a command.
FOR_NOBODY: Final = 40.0

#: When a request has waited enough, on the monotonic clock; None where nobody waits.
_until: ContextVar[float | None] = ContextVar("patience_until", default=None)


@contextmanager
def waiting(seconds: float) -> Iterator[None]:
    """Wait for locks so many seconds in all, from now until this block ends."""
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def until() -> float:
    """Return when a statement that begins now has waited enough, on the monotonic clock; that may be over."""
    set_for_request = _until.get()
    return time.monotonic() + FOR_NOBODY if set_for_request is None else set_for_request


class PatienceMiddleware:
    """Give each request the patience of the person who sent it. The first of all: others use the database as well."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with waiting(FOR_A_PERSON):
            return self.get_response(request)


@receiver(connection_created)
def tell_postgresql(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Have PostgreSQL give up a lock in time on the connections of requests; by itself it waits for ever."""
    if connection.vendor == "postgresql" and _until.get() is not None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{FOR_A_PERSON:.0f}s"])
