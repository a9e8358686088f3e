"""How fast messages may leave by one sender, counted together by all processes.

A provider that is sent more than it takes refuses the rest, or lets it wait in a queue that no urgent message can
overtake. So it waits here instead, in the order of its lanes.
"""

from __future__ import annotations

import logging
import time
from typing import Final

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

#: Seconds' worth that may leave at once after a pause.
BURST: Final = 1.0
#: While Redis is away each process keeps to this share of the rate: there are a few of them, and none hears the others.
ALONE: Final = 0.25
#: Seconds to wait for Redis: a pace is not worth more.
_TIMEOUT: Final = 0.5
#: Seconds until Redis is asked again after it did not answer.
_AWAY: Final = 5.0

# The generic cell rate algorithm (ITU-T I.371): one number says from when on the next one is due. By the server's own
# clock, which all processes share.
_TAKE: Final = """
local now = redis.call('TIME')
now = tonumber(now[1]) + tonumber(now[2]) / 1000000
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local wait = due - now - tonumber(ARGV[2])
if wait > 0 and ARGV[3] == '0' then return tostring(wait) end
local next = due + tonumber(ARGV[1])
redis.call('SET', KEYS[1], string.format('%.6f', next), 'PX', math.ceil((next - now) * 1000) + 1000)
return '0'
"""


class Pace:
    """The pace of one run of sending. Channels without a rate in settings.SEND_RATES go as fast as they can."""

    def __init__(self) -> None:
        self._client: redis.Redis | None = None
        self._away_until = 0.0
        self._own: dict[str, float] = {}

    def wait(self, channel: str, *, parts: int = 1, is_urgent: bool = False) -> float:
        """Return 0 where a message of `parts` may leave now, which counts it, or else the seconds that it must wait.

        An urgent one never waits: it is counted, and what comes after it waits the longer.
        """
        rate = settings.SEND_RATES.get(channel, 0.0)
        if not rate:
            return 0.0
        if settings.REDIS_URL and time.monotonic() >= self._away_until:
            try:
                return self._shared(channel, parts / rate, is_urgent)
            except redis.RedisError as error:
                logger.warning("The pace of %s is kept without Redis (%s).", channel, type(error).__name__)
                self._away_until = time.monotonic() + _AWAY
        return self._alone(channel, parts / (rate * ALONE), is_urgent)

    def close(self) -> None:
        """Close the connection. Never raises."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _shared(self, channel: str, cost: float, is_urgent: bool) -> float:
        if self._client is None:
            self._client = redis.Redis.from_url(
                settings.REDIS_URL, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT
            )
        answer = self._client.eval(_TAKE, 1, f"homegroup:pace:{channel}", str(cost), str(BURST), str(int(is_urgent)))
        return float(answer)

    def _alone(self, channel: str, cost: float, is_urgent: bool) -> float:
        now = time.monotonic()
        due = max(self._own.get(channel, 0.0), now)
        wait = due - now - BURST
        if wait > 0 and not is_urgent:
            return wait
        self._own[channel] = due + cost
        return 0.0
