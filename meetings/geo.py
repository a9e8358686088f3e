"""Distances on the earth and the boxes that hold them. Pure: no Django, no database. Degrees and kilometres."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

#: The mean radius of the earth (IUGG R1), in kilometres.
EARTH_RADIUS_KM = 6371.0088
#: The international mile (1959), in kilometres.
KM_PER_MILE = 1.609344
#: Where road signs are in miles: the United States and the United Kingdom (ISO 3166-1).
_COUNTRIES_OF_MILES = ("US", "GB")


def miles_to_km(miles: float) -> float:
    """Return kilometres."""
    return miles * KM_PER_MILE


def km_to_miles(km: float) -> float:
    """Return international miles."""
    return km / KM_PER_MILE


@dataclass(frozen=True, slots=True)
class Point:
    """A position in degrees, north and east positive. Raises ValueError off the earth, NaN included."""

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        if not (-90 <= self.latitude <= 90 and -180 <= self.longitude <= 180):
            raise ValueError("a latitude is within 90 degrees of the equator, a longitude within 180 of Greenwich")


@dataclass(frozen=True, slots=True)
class Box:
    """Latitudes from `south` to `north`, and one or two ranges of longitude: two where the box crosses the dateline."""

    south: float
    north: float
    longitudes: tuple[tuple[float, float], ...]

    def __contains__(self, point: Point) -> bool:
        return self.south <= point.latitude <= self.north and any(
            west <= point.longitude <= east for west, east in self.longitudes
        )


def distance_km(a: Point, b: Point) -> float:
    """Return the great-circle distance in kilometres, by the haversine formula, which keeps short distances exact."""
    phi_a, phi_b = math.radians(a.latitude), math.radians(b.latitude)
    half_phi = (phi_b - phi_a) / 2
    half_lambda = math.radians(b.longitude - a.longitude) / 2
    square = math.sin(half_phi) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(half_lambda) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(square)))


def box_around(center: Point, radius_km: float) -> Box:
    """Return the smallest box of latitudes and longitudes that holds the circle of `radius_km` around `center`.

    Where the circle holds a pole, every longitude is in it. Raises ValueError for a negative or unbounded radius.
    Source of the longitude bound: J. P. Matuschek, "Finding points within a distance of a latitude/longitude".
    """
    if not (radius_km >= 0 and math.isfinite(radius_km)):
        raise ValueError("a radius is a number of kilometres, 0 or more")
    # A hair wider than exact, so that rounding never drops what lies on the edge.
    angle = radius_km / EARTH_RADIUS_KM * (1 + 1e-9) + 1e-12
    phi = math.radians(center.latitude)
    south, north = phi - angle, phi + angle
    if south <= -math.pi / 2 or north >= math.pi / 2:
        return Box(
            south=max(-90.0, math.degrees(south)), north=min(90.0, math.degrees(north)), longitudes=((-180.0, 180.0),)
        )
    spread = math.degrees(math.asin(min(1.0, math.sin(angle) / math.cos(phi))))
    west, east = center.longitude - spread, center.longitude + spread
    if west < -180:
        longitudes: tuple[tuple[float, float], ...] = ((west + 360, 180.0), (-180.0, east))
    elif east > 180:
        longitudes = ((west, 180.0), (-180.0, east - 360))
    else:
        longitudes = ((west, east),)
    return Box(south=math.degrees(south), north=math.degrees(north), longitudes=longitudes)


def uses_miles(tz: str) -> bool:
    """Return whether people in the IANA zone `tz` reckon distances in miles (by tzdata's zone.tab)."""
    return tz in _zones_of_miles()


@cache
def _zones_of_miles() -> frozenset[str]:
    rows = (line.split("\t") for line in (files("tzdata.zoneinfo") / "zone.tab").read_text().splitlines())
    return frozenset(row[2] for row in rows if row[0] in _COUNTRIES_OF_MILES)
