"""Links short enough for one part of a text message: "/t/" and 15 letters, good until a day after the date.

A link carries the number of a message and 64 bits of a keyed hash over it; it leads to the page that a long link shows.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hmac
from typing import Final

from django.utils.crypto import salted_hmac

_SALT: Final = "homegroup.short_link"
_TAG_OCTETS: Final = 8
#: How long after the end of a date its links still open.
LIFE_AFTER: Final = dt.timedelta(days=1)


def sign(pk: int) -> str:
    """Return the token of a message's row."""
    number = pk.to_bytes((pk.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(number + _tag(number)).decode().rstrip("=")


def read(token: str) -> int | None:
    """Return the number of the row that `sign` was given, or None for anything else."""
    if not token.isascii() or len(token) > 24:
        return None
    try:
        octets = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    number, tag = octets[:-_TAG_OCTETS], octets[-_TAG_OCTETS:]
    return int.from_bytes(number, "big") if number and hmac.compare_digest(tag, _tag(number)) else None


def _tag(number: bytes) -> bytes:
    return salted_hmac(_SALT, number, algorithm="sha256").digest()[:_TAG_OCTETS]
