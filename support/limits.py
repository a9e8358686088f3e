"""How often one thing may be asked for: a count in the shared cache, under a key that names nobody."""

from __future__ import annotations

import hashlib
import hmac
import logging

from django.conf import settings
from django.core.cache import cache

logger = logging.getLogger(__name__)


class TooMany(Exception):
    """Asked for more often than allowed; the person should wait."""


def consume(action: str, who: str, *, limit: int, seconds: int) -> None:
    """Count one more `action` by `who` (an address, a number); `limit` are allowed in `seconds` seconds.

    Raises TooMany beyond that. `who` is kept as a keyed hash only. While Redis is out of reach each process counts for
    itself (support.cache); where even that fails nobody is turned away: help matters more than a perfect count.
    """
    key = _key(action, who)
    try:
        cache.add(key, 0, timeout=seconds)
        count = cache.incr(key)
    except ValueError:
        # It ran out between the two calls: this is the first of a new window.
        return
    except Exception:  # noqa: BLE001  # each cache backend has errors of its own
        logger.warning("The cache is out of reach; %s is not being limited.", action)
        return
    if count > limit:
        raise TooMany(action)


def is_spent(action: str, who: str, *, limit: int) -> bool:
    """Return whether `consume` would raise now; nothing is counted, and a cache out of reach turns nobody away."""
    try:
        return int(cache.get(_key(action, who), 0)) >= limit
    except Exception:  # noqa: BLE001  # each cache backend has errors of its own
        return False


def _key(action: str, who: str) -> str:
    digest = hmac.new(settings.SECRET_KEY.encode(), f"{action}:{who}".encode(), hashlib.sha256).hexdigest()
    return f"limit:{digest}"
