"""Time-zone policy: a local wall time and an IANA zone are the truth; UTC is derived from them, here alone."""

from __future__ import annotations

import datetime as dt
import hashlib
from functools import cache
from importlib import resources
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, ZoneInfoNotFoundError, available_timezones


def now() -> dt.datetime:
    """Return the current instant, aware, in UTC. Only views, tasks and commands call it; all below take `now`."""
    return dt.datetime.now(dt.UTC)


def to_instant(wall: dt.datetime, tz: str) -> dt.datetime:
    """Return the UTC instant of a naive wall time in the IANA zone `tz`.

    A wall time in the spring gap slides later by the gap, and one that happens twice in autumn is the first (PEP 495,
    `fold=0`). Raises ValueError for an aware `wall` and ZoneInfoNotFoundError for an unknown zone.
    """
    if wall.tzinfo is not None:
        raise ValueError("a wall time carries no zone of its own")
    return wall.replace(tzinfo=ZoneInfo(tz), fold=0).astimezone(dt.UTC)


def to_wall(instant: dt.datetime, tz: str) -> dt.datetime:
    """Return the naive wall time that a clock in the IANA zone `tz` shows at an aware instant."""
    if instant.tzinfo is None:
        raise ValueError("an instant must be aware")
    return instant.astimezone(ZoneInfo(tz)).replace(tzinfo=None, fold=0)


@cache
def zone_names() -> frozenset[str]:
    """Return every IANA zone name known here."""
    return frozenset(available_timezones())


@cache
def _countries() -> dict[str, str]:
    """Return the country (a code of ISO 3166-1) of each zone that is named after a place, as zone.tab has them."""
    rows = (line.split("\t") for line in _zone_file("zone.tab").decode().splitlines() if not line.startswith("#"))
    return {row[2]: row[0] for row in rows if is_zone(row[2])}


def country_of(tz: str) -> str:
    """Return the country (a code of ISO 3166-1) that a zone is named after a place in, else ""."""
    return _countries().get(tz, "")


@cache
def places_zones(home: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the zones named after a place: those of the country that the zone `home` is in, and the others, sorted.

    By zone.tab of the zone data, which has each country's zones in an order of its own (for the USA from New York
    westward) and no older names for them.
    """
    own = tuple(zone for zone, country in _countries().items() if country == country_of(home))
    return own, tuple(sorted(_countries().keys() - set(own)))


@cache
def zone_release() -> str:
    """Return what tells one release of the zone data from another: a digest of the data that is in use here."""
    digest = hashlib.sha256()
    for name in sorted(zone_names()):
        digest.update(name.encode() + _zone_file(name))
    return digest.hexdigest()[:32]


def _zone_file(name: str) -> bytes:
    """Return a file of the zone data from where zoneinfo takes it: the system's, else the package's."""
    for folder in TZPATH:
        path = Path(folder, name)
        if path.is_file():
            return path.read_bytes()
    return resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()


def is_zone(name: str) -> bool:
    """Return whether `name` is an IANA zone that can be loaded."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return name in zone_names()
