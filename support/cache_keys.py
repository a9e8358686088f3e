"""Keys of the shared cache: always a keyed hash, so that none names a person, an address or where they came from."""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings


def hashed(key: str, key_prefix: str, version: int) -> str:
    """Return what a cache entry is kept under; Django's KEY_FUNCTION."""
    digest = hmac.new(settings.SECRET_KEY.encode(), key.encode(), hashlib.sha256).hexdigest()
    return f"{key_prefix}:{version}:{digest}"
