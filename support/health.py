"""/healthz: whether the site works, for a load balancer, a monitor and script/server. It says nothing about people."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from meetings.reminders.queries.figures import Parked, oldest_due_seconds, parked_channels, people_put_aside
from support import clock

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
    """Answer status, database, broker, the age of the oldest reminder that should have gone out, and parked channels.

    And how many people's reminders cannot be planned: somebody should look, while all else works.

    503 where the database cannot be read, since no page works then. A full disk can be read from; without its broker
    the site still takes signups, and reminders still go out by `send_reminders --loop`: those are 200 and "degraded".
    """
    database, oldest_due, parked, put_aside = check_database()
    broker = check_broker()
    is_late = max(oldest_due, parked.out_seconds) > OVERDUE_AFTER
    is_well = database == "ok" and broker != "error" and not is_late
    answer = {
        "status": "ok" if is_well else "degraded",
        "database": database,
        "broker": broker,
        "oldest_due_seconds": oldest_due,
        "paused_channels": parked.paused,
        "unreachable_channels": parked.out,
        "people_put_aside": put_aside,
        # The providers' words hold no address, host or link: support.messaging.answers.
        "unreachable_because": parked.why,
    }
    return JsonResponse(answer, status=503 if database == "error" else 200)


def check_database() -> tuple[str, int, Parked, int]:
    """Return "ok", "full" or "error", the oldest due reminder's seconds, parked channels, and people put aside.

    0 and none where they are unknown.
    """
    now = clock.now()
    try:
        state = "ok" if has_room() else "full"
        return state, oldest_due_seconds(now=now), parked_channels(now=now), people_put_aside()
    except DatabaseError as error:
        # The kind alone: the text of a database error can hold values.
        logger.error("Health check: the database failed with %s", type(error).__name__)
        return "error", 0, Parked(paused=[], out=[], why={}, out_seconds=0), 0


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
