"""Where a message comes back to: an address of its own, that names it and is signed (VERP).

    bounces+mfrggzdfmztwq2lknnwg23tpob4xgzlmm5uxi3dpom2tqmzq@example.org

A server that gives mail up writes to the address that it came from (RFC 5321 section 6.1), whatever it keeps of the
message itself; and nobody who has not had the message can make an address that is believed. Base 32 in small letters:
servers fold the part before the @.
"""

from __future__ import annotations

import base64
import hmac
import uuid
from typing import Final

from django.conf import settings

_MAC_BYTES: Final = 10
#: 26 signs of a UUID and its MAC without a remainder: 26 bytes are 42 signs.
_LENGTH: Final = 42


def bounce_address(message: uuid.UUID) -> str:
    """Return where a message comes back to, or "" where no such address is configured."""
    if not settings.BOUNCE_ADDRESS:
        return ""
    local, _at, domain = settings.BOUNCE_ADDRESS.rpartition("@")
    signed = message.bytes + _mac(message.bytes, settings.SECRET_KEY)
    token = base64.b32encode(signed).decode().rstrip("=").lower()
    return f"{local}+{token}@{domain}"


def message_of(address: str) -> uuid.UUID | None:
    """Return which message an address names, in letters of any case; None for any that this site has not signed."""
    local, _at, domain = address.strip().strip("<>").lower().rpartition("@")
    own, _plus, token = local.rpartition("+")
    if not settings.BOUNCE_ADDRESS or f"{own}@{domain}" != settings.BOUNCE_ADDRESS or len(token) != _LENGTH:
        return None
    try:
        signed = base64.b32decode(token.upper() + "=" * (-_LENGTH % 8))
    except ValueError:
        return None
    name, mac = signed[:16], signed[16:]
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    if not any(hmac.compare_digest(mac, _mac(name, str(key))) for key in keys):
        return None
    return uuid.UUID(bytes=name)


def _mac(name: bytes, key: str) -> bytes:
    return hmac.digest(key.encode(), b"bounce:" + name, "sha256")[:_MAC_BYTES]
