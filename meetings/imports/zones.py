"""Which zone a meeting's clocks are in, where the feed does not say."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import tzfpy

from meetings import gazetteer
from meetings.geo import Point
from meetings.imports.cells import shown
from meetings.imports.records import PlaceRecord, Unreadable
from support import clock

#: Why a row is rejected that tells no zone in any way; another row of its feed may still tell (`plan`).
NO_ZONE = "neither a time zone nor a place that has one: give --timezone"


def zone_of(stated: str, place: PlaceRecord | None, default: str, notes: list[str]) -> str:
    """Return the IANA zone of a meeting: stated, else of its position, else `default`, else of its city.

    A position comes before the default: a meeting in a room keeps the clocks of that room, whatever the rest of its
    feed does. Raises Unreadable where nothing tells.
    """
    if stated:
        if clock.is_zone(stated):
            return stated
        notes.append(f"{shown(stated)} is no time zone")
    if place is not None and place.latitude is not None and place.longitude is not None:
        found = _zone_at(round(place.longitude, 5), round(place.latitude, 5))
        if found:
            return found
    if default:
        return default
    if place is not None and (found := _zone_in(place.postal_code, place.city, place.state, place.country)):
        return found
    raise Unreadable(NO_ZONE)


def with_position(place: PlaceRecord | None) -> PlaceRecord | None:
    """Return a place without a position with that of its city, as an approximate one: "near me" finds it."""
    if place is None or place.latitude is not None or not (place.state or place.country):
        return place
    point = _point_of(place.city, place.state, place.country)
    if point is None:
        return place
    return replace(place, latitude=point.latitude, longitude=point.longitude, is_approximate=True)


@lru_cache(maxsize=20_000)
def _zone_at(longitude: float, latitude: float) -> str:
    name: str = tzfpy.get_tz(longitude, latitude)
    # Out at sea it answers Etc/GMT±n: no meeting is there, so the position is wrong.
    return name if name and not name.startswith("Etc/") and clock.is_zone(name) else ""


@lru_cache(maxsize=20_000)
def _zone_in(postal_code: str, city: str, state: str, country: str) -> str:
    if point := _point_of(city, state, country):
        return _zone_at(point.longitude, point.latitude)
    if country in ("", "US") and postal_code and (places := gazetteer.look_up(postal_code).places):
        return _zone_at(places[0].point.longitude, places[0].point.latitude)
    return ""


@lru_cache(maxsize=20_000)
def _point_of(city: str, state: str, country: str) -> Point | None:
    for words in ((city, state, country), (city, state)):
        answer = gazetteer.look_up(", ".join(filter(None, words))) if city else gazetteer.Answer()
        if answer.places and not answer.area:
            return answer.places[0].point
    return None
