from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from meetings.geo import (
    EARTH_RADIUS_KM,
    Box,
    Point,
    box_around,
    distance_km,
    km_to_miles,
    miles_to_km,
    uses_miles,
)

ALBANY = Point(42.6526, -73.7562)
NEW_YORK = Point(40.7128, -74.0060)

points = st.builds(
    Point, st.floats(-90, 90, allow_nan=False), st.floats(-180, 180, allow_nan=False).map(lambda lon: lon + 0.0)
)


def test_distance_between_two_known_cities() -> None:
    # By Karney's geodesic on WGS 84 it is 216.7 km; a sphere is within half a percent of it.
    assert distance_km(ALBANY, NEW_YORK) == pytest.approx(216.7, rel=0.005)


def test_distance_across_the_dateline_is_short() -> None:
    assert distance_km(Point(0, 179.9), Point(0, -179.9)) == pytest.approx(22.24, abs=0.01)


def test_distance_to_the_other_side_is_half_the_way_round() -> None:
    assert distance_km(Point(0, 0), Point(0, 180)) == pytest.approx(math.pi * EARTH_RADIUS_KM)


def test_a_mile_is_a_mile() -> None:
    assert miles_to_km(10) == pytest.approx(16.09344)
    assert km_to_miles(miles_to_km(7)) == pytest.approx(7)


@pytest.mark.parametrize(("latitude", "longitude"), [(90.1, 0), (0, -180.5), (math.nan, 0), (0, math.inf)])
def test_a_point_off_the_earth_is_refused(latitude: float, longitude: float) -> None:
    with pytest.raises(ValueError, match="a latitude is within"):
        Point(latitude, longitude)


def test_box_in_the_middle_is_one_range() -> None:
    box = box_around(ALBANY, 10)
    assert len(box.longitudes) == 1
    assert box.north - box.south == pytest.approx(2 * math.degrees(10 / EARTH_RADIUS_KM), rel=1e-6)


@pytest.mark.parametrize("longitude", [179.95, -179.95])
def test_box_on_the_dateline_is_two_ranges(longitude: float) -> None:
    box = box_around(Point(-17, longitude), 50)
    assert len(box.longitudes) == 2
    assert Point(-17, 180) in box
    assert Point(-17, -180) in box
    assert Point(-17, 0) not in box


@pytest.mark.parametrize("latitude", [89.99, -89.99, 90, -90])
def test_box_that_holds_a_pole_has_every_longitude(latitude: float) -> None:
    box = box_around(Point(latitude, 10), 50)
    assert box.longitudes == ((-180.0, 180.0),)
    assert max(abs(box.north), abs(box.south)) == 90


def test_box_of_the_whole_earth() -> None:
    assert box_around(ALBANY, 30_000) == Box(-90.0, 90.0, ((-180.0, 180.0),))


@pytest.mark.parametrize("radius", [-1, math.nan, math.inf])
def test_box_of_no_radius_is_refused(radius: float) -> None:
    with pytest.raises(ValueError, match="a radius"):
        box_around(ALBANY, radius)


@given(center=points, other=points, radius=st.floats(0, 25_000))
def test_box_holds_whatever_is_within_the_circle(center: Point, other: Point, radius: float) -> None:
    assume(distance_km(center, other) <= radius)
    assert other in box_around(center, radius)


@given(a=points, b=points)
def test_distance_is_the_same_both_ways_and_at_most_half_round(a: Point, b: Point) -> None:
    assert distance_km(a, b) == pytest.approx(distance_km(b, a), abs=1e-6)
    assert 0 <= distance_km(a, b) <= math.pi * EARTH_RADIUS_KM + 1e-6


@pytest.mark.parametrize(
    ("tz", "expected"),
    [("America/New_York", True), ("Europe/London", True), ("America/Toronto", False), ("Europe/Berlin", False)],
)
def test_miles_are_used_where_signs_say_miles(tz: str, expected: bool) -> None:
    assert uses_miles(tz) is expected
