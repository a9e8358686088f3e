from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from meetings import gazetteer
from meetings.gazetteer import Answer, fold, is_postcode_elsewhere, look_up, spelled_like
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
        ("123 Main St, Albany, NY", "Albany, NY"),
        ("123 Main St Albany NY", "Albany, NY"),
        ("10115 Main St, Albany, NY", "Albany, NY"),
        ("10115 Main St, Albany, NY 12208", "Albany, NY 12208"),
        ("12207 Albany NY", "Albany, NY 12207"),
        ("12207, Albany", "Albany, NY 12207"),
        ("22 Acacia Avenue, London", "London, United Kingdom"),
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


def test_what_a_place_was_once_called_is_no_other_place_of_that_name() -> None:
    assert "Amman, Jordan" not in [place.label for place in look_up("Philadelphia").places]
    assert look_up("New York").places[0].label == "New York City, NY"
    assert look_up("Bombay").places[0].label == "Mumbai, India"


@pytest.mark.parametrize(
    ("text", "likest"),
    [
        ("Albny", "albany"),
        ("Albny, NY", "albany, ny"),
        ("albny ny", "albany, ny"),
        ("Schenectedy, New York", "schenectady, new york"),
        ("st lois", "st louis"),
        ("Poughkepsie", "poughkeepsie"),
    ],
)
def test_a_slip_is_like_what_was_meant(text: str, likest: str) -> None:
    names = spelled_like(text)
    assert names[0] == likest
    assert all(look_up(name).places for name in names)


@pytest.mark.parametrize("text", ["", ",", "xyzzy", "\x00", "a" * 10_000, "💩", "12 Elm", "Albny, Kenya"])
def test_what_is_like_no_name_is_told_no_other(text: str) -> None:
    assert spelled_like(text) == []


@pytest.mark.parametrize(
    ("text", "is_elsewhere"),
    [("M5V 2T6", True), ("k1a0b1", True), ("SW1A 1AA", True), ("E1 6AN", True), ("12207", False), ("Troy", False)],
)
def test_a_postcode_of_another_country_is_known_by_its_form(text: str, is_elsewhere: bool) -> None:
    assert is_postcode_elsewhere(text) == is_elsewhere


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
