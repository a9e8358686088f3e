"""The cache that all processes share, with one of each process's own to fall back on.

Limits on forms are counted here. Without Redis they would either break every form or let everything through; counted by
each process alone they still slow a stranger down.

Django would keep pickles there, and run what is in them for whoever can write to the server. What is shared goes
through a serializer of data alone instead (settings name it). The memory of each process, LocMemCache, still pickles:
it reads back nothing but what that process has put there.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Final

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from django.core.exceptions import ImproperlyConfigured
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

#: For so many seconds after a failure nobody waits for Redis again.
PAUSE: Final = 5.0
#: No page waits longer for a count, in seconds.
PATIENCE: Final = {"socket_connect_timeout": 0.5, "socket_timeout": 1}
#: What a serializer returns for an entry that it cannot read: one that is not there, to whoever asks.
NOTHING: Final = object()


class SteadyCache(RedisCache):
    """Redis while it answers, this process's memory while it does not. OPTIONS must name a "serializer"."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = PATIENCE | params.pop("OPTIONS", {})
        if "serializer" not in options:
            raise ImproperlyConfigured("SteadyCache needs a serializer: Django's own would run what it reads.")
        super().__init__(server, {**params, "OPTIONS": options})
        self._own = LocMemCache("steady", params)
        self._away_until = 0.0

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._steadily("add", super().add, *args, **kwargs))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        value = self._steadily("get", super().get, key, NOTHING, version)
        return default if value is NOTHING else value

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._steadily("set", super().set, *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._steadily("touch", super().touch, *args, **kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._steadily("delete", super().delete, *args, **kwargs))

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._steadily("has_key", super().has_key, *args, **kwargs))

    def incr(self, *args: Any, **kwargs: Any) -> int:
        return int(self._steadily("incr", super().incr, *args, **kwargs))

    def get_many(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        found = self._steadily("get_many", super().get_many, *args, **kwargs)
        return {key: value for key, value in found.items() if value is not NOTHING}

    def set_many(self, *args: Any, **kwargs: Any) -> list[Any]:
        return list(self._steadily("set_many", super().set_many, *args, **kwargs))

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        self._steadily("delete_many", super().delete_many, *args, **kwargs)

    def clear(self) -> None:
        self._own.clear()
        self._steadily("clear", super().clear)

    def _steadily(self, name: str, ask: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self._away_until:
            try:
                return ask(*args, **kwargs)
            except (RedisError, OSError) as error:
                self._away_until = time.monotonic() + PAUSE
                logger.warning("Redis is out of reach (%s); limits count by process for now.", type(error).__name__)
        return getattr(self._own, name)(*args, **kwargs)
