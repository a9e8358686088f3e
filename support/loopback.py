"""Which names and addresses mean this machine alone."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Return whether a name, or an address with or without brackets, is this machine's own (RFC 6761 and 6890)."""
    name = host.lower().removeprefix("[").removesuffix("]").removesuffix(".")
    try:
        return name == "localhost" or name.endswith(".localhost") or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_alone(public_base_url: str, host: str) -> bool:
    """Return whether a site with this address, which listens on this host, is for whoever sits at this machine.

    With https there is a proxy before it, and others come through that.
    """
    try:
        parts = urlsplit(public_base_url)
    except ValueError:
        return False
    return parts.scheme == "http" and is_loopback(parts.hostname or "") and is_loopback(host)
