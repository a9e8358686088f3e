"""Which zone a meeting of a feed is in, and where it is, where the feed says little."""

from __future__ import annotations

from dataclasses import replace

import pytest

from meetings.imports.records import PlaceRecord, Unreadable
from meetings.imports.zones import NO_ZONE, with_position, zone_of

ALBANY = PlaceRecord(latitude=42.6526, longitude=-73.7562)
AT_SEA = PlaceRecord(latitude=0.0, longitude=-30.0)
PHOENIX = PlaceRecord(city="Phoenix", state="AZ", country="US")


@pytest.mark.parametrize(
    ("stated", "place", "default", "expected"),
    [
        ("Asia/Kolkata", ALBANY, "Europe/London", "Asia/Kolkata"),
        ("", ALBANY, "Europe/London", "America/New_York"),
        # No meeting is out at sea: the position is wrong.
        ("", AT_SEA, "Europe/London", "Europe/London"),
        ("", replace(PHOENIX, latitude=0.0, longitude=-30.0), "", "America/Phoenix"),
        ("", PHOENIX, "Europe/London", "Europe/London"),
        ("", PHOENIX, "", "America/Phoenix"),
        ("", PlaceRecord(city="Toronto", country="Canada"), "", "America/Toronto"),
        ("", PlaceRecord(postal_code="85004"), "", "America/Phoenix"),
        ("", PlaceRecord(city="Nowhere at All", postal_code="85004", country="US"), "", "America/Phoenix"),
        ("", None, "Europe/London", "Europe/London"),
    ],
)
def test_zone_is_stated_or_that_of_the_position_or_given_or_that_of_the_city(
    stated: str, place: PlaceRecord | None, default: str, expected: str
) -> None:
    notes: list[str] = []
    assert (zone_of(stated, place, default, notes), notes) == (expected, [])


@pytest.mark.parametrize("stated", ["Eastern", "EST5EDT;M3", "America/Metropolis"])
def test_zone_that_is_none_is_noted_and_the_position_tells(stated: str) -> None:
    notes: list[str] = []
    assert zone_of(stated, ALBANY, "", notes) == "America/New_York"
    assert len(notes) == 1
    assert stated in notes[0]
    assert notes[0].endswith("is no time zone")


@pytest.mark.parametrize(
    "place",
    [
        None,
        PlaceRecord(),
        AT_SEA,
        PlaceRecord(city="Nowhere at All", state="ZZ"),
        PlaceRecord(state="NY", country="US"),
        # A whole state has no one zone.
        PlaceRecord(city="Texas"),
        # Five figures are a postcode in other countries too.
        PlaceRecord(postal_code="85004", country="DE"),
    ],
)
def test_row_that_tells_no_zone_in_any_way_is_not_readable(place: PlaceRecord | None) -> None:
    with pytest.raises(Unreadable) as refusal:
        zone_of("", place, "", [])
    assert str(refusal.value) == NO_ZONE


def test_place_without_a_position_gets_that_of_its_city_as_an_approximate_one() -> None:
    found = with_position(PHOENIX)
    assert found is not None
    assert (round(found.latitude or 0), round(found.longitude or 0), found.is_approximate) == (33, -112, True)
    assert replace(found, latitude=None, longitude=None, is_approximate=False) == PHOENIX


@pytest.mark.parametrize(
    "place",
    [
        None,
        ALBANY,
        replace(PHOENIX, latitude=42.6526, longitude=-73.7562),
        # A city of that name may be in any state.
        PlaceRecord(city="Phoenix"),
        PlaceRecord(state="AZ", country="US"),
        PlaceRecord(city="Nowhere at All", state="AZ", country="US"),
    ],
)
def test_place_with_a_position_or_without_a_known_city_stays_as_it_is(place: PlaceRecord | None) -> None:
    assert with_position(place) == place
