from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from meetings import gazetteer
from meetings.gazetteer import Answer, fold, look_up
from meetings.geo import Point, distance_km


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Albany, NY", "Albany, NY"),
        ("albany ny", "Albany, NY"),
        ("Albany, New York", "Albany, NY"),
        ("ALBANY,NY,USA", "Albany, NY"),
        ("12207", "Albany, NY 12207"),
        ("12207-1234", "Albany, NY 12207"),
        ("Albany, NY 12207", "Albany, NY 12207"),
        ("10115", "New York, NY 10115"),
        ("New York", "New York City, NY"),
        ("new york new york", "New York City, NY"),
        ("NYC", "New York City, NY"),
        ("Nueva York", "New York City, NY"),
        ("Brooklyn", "Brooklyn, NY"),
        ("St. Louis", "St. Louis, MO"),
        ("Saint Louis", "St. Louis, MO"),
        ("st louis missouri", "St. Louis, MO"),
        ("Zurich", "Zürich, Switzerland"),
        ("Zürich", "Zürich, Switzerland"),
        ("zurich switzerland", "Zürich, Switzerland"),
        ("München", "Munich, Germany"),
        ("Paris, TX", "Paris, TX"),
        ("Paris", "Paris, France"),
        ("Kingston, ON", "Kingston, ON, Canada"),
        ("Kingston, Jamaica", "Kingston, Jamaica"),
        ("London, UK", "London, United Kingdom"),
        ("Clifton Springs, NY", "Clifton Springs, NY"),
        ("coeur d’alene", "Coeur d'Alene, ID"),
        ("Washington DC", "Washington, DC"),
    ],
)
def test_a_name_finds_its_place(text: str, label: str) -> None:
    assert look_up(text).places[0].label == label


def test_what_a_label_says_finds_the_same_place_again() -> None:
    for name in ("Albany", "Kingston", "San José", "Springfield", "Zurich", "Saint-Denis", "Birmingham"):
        for place in look_up(name).places:
            again = look_up(place.label).places
            assert any(distance_km(place.point, other.point) < 1 for other in again), place.label


def test_an_ambiguous_name_offers_all_the_likeliest_first() -> None:
    labels = [place.label for place in look_up("Albany").places]
    assert labels[:3] == ["Albany, NY", "Albany, GA", "Albany, OR"]
    assert "Albany, CA" in labels


def test_a_position_is_where_the_city_is() -> None:
    albany = look_up("Albany, NY").places[0]
    assert distance_km(albany.point, Point(42.6526, -73.7562)) < 5


@pytest.mark.parametrize(
    ("text", "area", "city"),
    [
        ("Texas", "Texas", "Houston, TX"),
        ("tx", "Texas", "Houston, TX"),
        ("Germany", "Germany", "Berlin, Germany"),
        ("usa", "United States", "New York City, NY"),
    ],
)
def test_a_whole_state_or_country_is_an_area(text: str, area: str, city: str) -> None:
    answer = look_up(text)
    assert answer.area == area
    assert answer.places[0].label == city


@pytest.mark.parametrize(
    "text", ["", " ", "...", ",", ",,,", "xyzzy", "99999", "Albany, Kenya", "\x00", "’", "\t", "a" * 10_000]
)
def test_an_unknown_place_is_an_empty_answer(text: str) -> None:
    assert look_up(text) == Answer()


def test_names_are_folded_alike() -> None:
    assert fold("  São  Paulo ") == "sao paulo"
    assert fold("Saint-Étienne") == fold("st etienne")
    assert fold("Łódź") == "lodz"
    assert fold("Mt. Vernon") == fold("Mount Vernon")


def test_the_file_says_whose_data_it_is_and_is_sorted_for_the_search() -> None:
    text = gzip.decompress(Path(gazetteer.__file__).with_name("places.tsv.gz").read_bytes())
    lines = text.split(b"\n")
    assert b"GeoNames" in lines[0]
    assert b"CC BY 4.0" in lines[0]
    keys = [line.split(b"\t")[0] for line in lines if line and not line.startswith(b"#")]
    assert keys == sorted(keys)
    assert len(keys) > 34_000


def test_every_first_and_last_line_is_found() -> None:
    text, start = gazetteer._file()
    lines = [line for line in text[start:].decode().splitlines() if line]
    for line in (lines[0], lines[1], lines[-2], lines[-1], *lines[:: len(lines) // 200]):
        key, _population, name, *_rest = line.split("\t")
        assert name in {place.name for _is_own, place in gazetteer._entries(key)}
