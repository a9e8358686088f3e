"""/healthz: whether the site works, for a load balancer, a monitor and script/server. It says nothing about people."""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from meetings.reminders.queries.figures import (
    Parked,
    oldest_due_seconds,
    parked_channels,
    people_put_aside,
    unopened,
)
from support import clock, database_clock

logger = logging.getLogger(__name__)

#: Seconds a reminder may be overdue before the site counts as degraded: sending has stopped, or cannot keep up.
OVERDUE_AFTER = 300
#: Octets left on the disk of an SQLite database below which nothing may soon be written: its -wal may take 4 MiB.
ROOM = 32 * 1024 * 1024
#: Seconds to wait for the broker: a monitor asks often, and must not be kept.
BROKER_TIMEOUT = 1


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer status, database, broker, the age of the oldest reminder that should have gone out, parked channels,
    how many messages wait for a key that this host lacks, how far the clock is ahead of the database's,
    and how many people's reminders cannot be planned.

    503 where the database cannot be read, since no page works then. A full disk can be read from; without its broker
    the site still takes signups, and reminders still go out by `send_reminders --loop`: those are 200 and "degraded".
    """
    found = check_database()
    broker = check_broker()
    is_late = max(found.oldest_due, found.parked.out_seconds) > OVERDUE_AFTER
    is_right = abs(found.clock_ahead) <= database_clock.MOST.total_seconds()
    is_well = found.database == "ok" and broker != "error" and is_right and not is_late
    answer = {
        "status": "ok" if is_well else "degraded",
        "database": found.database,
        "broker": broker,
        "oldest_due_seconds": found.oldest_due,
        "paused_channels": found.parked.paused,
        "unreachable_channels": found.parked.out,
        # The providers' words hold no address, host or link: support.messaging.answers.
        "unreachable_because": found.parked.why,
        "people_put_aside": found.put_aside,
        "unreadable_addresses": found.unopened,
        "clock_ahead_seconds": found.clock_ahead,
    }
    return JsonResponse(answer, status=503 if found.database == "error" else 200)


@dataclass(frozen=True)
class Found:
    """What the database says of the site's health; 0 and none where it says nothing."""

    #: "ok", "full" or "error".
    database: str
    #: Seconds that the oldest due message has been waiting.
    oldest_due: int = 0
    parked: Parked = field(default_factory=lambda: Parked(paused=[], out=[], why={}, out_seconds=0))
    #: People whose reminders cannot be planned.
    put_aside: int = 0
    #: Due messages whose address no host that looked could open.
    unopened: int = 0
    #: Seconds by which this clock is ahead of the database's, negative where it is behind.
    clock_ahead: int = 0


def check_database() -> Found:
    """Return what the database says. Never raises for what a database does."""
    now = clock.now()
    try:
        return Found(
            database="ok" if has_room() else "full",
            oldest_due=oldest_due_seconds(now=now),
            parked=parked_channels(now=now),
            put_aside=people_put_aside(),
            unopened=unopened(now=now),
            clock_ahead=database_clock.seconds_ahead(clock.now),
        )
    except DatabaseError as error:
        # The kind alone: the text of a database error can hold values.
        logger.error("Health check: the database failed with %s", type(error).__name__)
        return Found("error")


def has_room() -> bool:
    """Return whether the disk of an SQLite database has room left; of another's server nothing is known here."""
    if connection.vendor != "sqlite":
        return True
    return shutil.disk_usage(Path(connection.settings_dict["NAME"]).parent).free >= ROOM


def check_broker() -> str:
    """Return "ok", "error", or "none" where no server is configured."""
    if not settings.REDIS_URL:
        return "none"
    try:
        client = redis.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=BROKER_TIMEOUT, socket_timeout=BROKER_TIMEOUT
        )
        with client:
            client.ping()
    except redis.RedisError as error:
        logger.error("Health check: the broker failed with %s", type(error).__name__)
        return "error"
    return "ok"
