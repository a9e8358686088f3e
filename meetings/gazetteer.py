"""Place names to positions, offline: what a visitor types as "near" never leaves the site.

Cities come from `places.tsv.gz` (GeoNames, CC BY 4.0; built by script/build_gazetteer), US postcodes and the smaller
US towns from the `zipcodes` package. Both load on first use.
"""

from __future__ import annotations

import difflib
import gzip
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean

import zipcodes

from meetings.geo import Point, distance_km

#: More of the same name than anyone reads through.
MOST_CANDIDATES = 8
#: Two places of one name nearer than this are one place to whoever asks.
SAME_PLACE_KM = 25.0
#: A name may be this many letters longer or shorter than what was typed, and has to be this much like it (difflib).
_SLIP_LETTERS = 2
_SLIP_LIKENESS = 0.7

_PLACES_FILE = Path(__file__).with_name("places.tsv.gz")
_US_POSTCODE = re.compile(r"(?<![\w-])(\d{5})(?:[-\s]\d{4})?(?!\w)")
# The forms of postcodes in Canada (Canada Post, A1A 1A1) and the United Kingdom (BS 7666, SW1A 1AA).
_OTHER_POSTCODE = re.compile(r"[a-z]\d[a-z]\s*\d[a-z]\d|[a-z]{1,2}\d[a-z\d]?\s*\d[a-z]{2}", re.IGNORECASE)
# Letters that Unicode does not take apart, and what people type for them.
_LETTERS: dict[int, str] = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_SHORT_WORDS = {"saint": "st", "mount": "mt", "fort": "ft", "sainte": "ste"}


@dataclass(frozen=True, slots=True)
class Place:
    """A named position. `division` is a state's or province's code, or empty; `country` is ISO 3166-1 alpha-2."""

    name: str
    division: str
    country: str
    point: Point
    population: int = 0
    postcode: str = ""

    @property
    def label(self) -> str:
        """The place as one would write it, and as `look_up` would find it again: "Albany, NY", "Kingston, Jamaica"."""
        if self.country == "US":
            return f"{self.name}, {self.division} {self.postcode}".strip()
        parts = (self.name, self.division, _countries().get(self.country, ""))
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a name may mean, the likeliest first; `area` names a whole state or country, too wide to be near to."""

    places: tuple[Place, ...] = ()
    area: str = ""


def look_up(text: str) -> Answer:
    """Return the places that `text` may mean: "Albany", "albany ny", "Paris, TX", "St. Louis", "12207", "Zürich".

    Of a street address the ZIP code counts, or else the city. A whole state or country answers with its name as `area`
    and its largest cities as the places. Nothing found is an empty answer.
    """
    parts = [folded for part in text.split(",") if (folded := fold(part))]
    postcodes = list(_US_POSTCODE.finditer(text))
    # "10115 Main St, Albany, NY" begins with a house number, and not with a place in New York City.
    is_house_number = len(postcodes) == 1 and re.match(r"\s*\d{5}\s+[^\W\d]", text) and bool(_in_address(parts))
    if postcodes and not is_house_number and (place := _by_postcode(postcodes[-1][1])):
        return Answer((place,))
    if not parts:
        return Answer()
    found = _named(parts) or _in_address(parts)
    if not found and len(parts) == 1 and (area := _area(parts[0])):
        code, label = area
        return Answer(_largest().get(code, ()), label)
    return Answer(tuple(found[:MOST_CANDIDATES]))


def is_zip_code(text: str) -> bool:
    """Return whether `text` is written as a US ZIP code, whether there is one or not."""
    return bool(_US_POSTCODE.fullmatch(text.strip()))


def is_postcode_elsewhere(text: str) -> bool:
    """Return whether `text` is written as a Canadian or British postcode, which this gazetteer has none of."""
    return bool(_OTHER_POSTCODE.fullmatch(text.strip()))


def spelled_like(text: str) -> list[str]:
    """Return names that `look_up` knows and that differ from `text` by a slip, the likest first: "albany" for "Albny".

    Only names with the same first letter are compared, which bounds the cost to some 50 ms. A state or country behind
    the name is kept, and has to fit.
    """
    parts = [folded for part in text.split(",") if (folded := fold(part))]
    if len(parts) == 1 and len(words := parts[0].split()) > 1 and _is_qualifier(words[-1]):
        parts = [" ".join(words[:-1]), words[-1]]
    if not parts:
        return []
    name, *qualifiers = parts
    names = [each for each in _names_from(name[0]) if abs(len(each) - len(name)) <= _SLIP_LETTERS]
    likest = difflib.get_close_matches(name, names, n=MOST_CANDIDATES, cutoff=_SLIP_LIKENESS)
    return [", ".join([each, *qualifiers]) for each in likest if _cities(each, qualifiers)]


def fold(text: str) -> str:
    """Return the key that names are compared by: lower case, no accents, no points, "Saint" as "st"."""
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    words = re.sub(r"[^\w\s]|_", " ", re.sub(r"['’.]", "", plain)).split()
    return " ".join(_SHORT_WORDS.get(word, word) for word in words)


def _named(parts: Sequence[str]) -> list[Place]:
    """Return the places of a name and what is written after it, by comma or, without one, by trying each break."""
    if len(parts) > 1:
        return _cities(parts[0], parts[1:]) or _cities(" ".join(parts[:-1]), parts[-1:])
    name = parts[0]
    if found := _cities(name):
        return found
    words = name.split()
    for count in (1, 2, 3):
        if len(words) > count and (found := _cities(" ".join(words[:-count]), [" ".join(words[-count:])])):
            return found
    # "albany ny usa"
    if len(words) > 2 and (found := _cities(" ".join(words[:-2]), words[-2:])):
        return found
    return []


def _in_address(parts: Sequence[str]) -> list[Place]:
    """Return the city of a street address: what stands behind the street, by comma or, without one, by its state."""
    if not parts or not parts[0][:1].isdigit():
        return []
    for start in range(1, len(parts)):
        if found := _named(parts[start:]):
            return found
    words = parts[0].split()
    for start in range(2, len(words) - 1):
        name, qualifier = " ".join(words[start:-1]), words[-1]
        if _is_qualifier(qualifier) and (found := _cities(name, [qualifier])):
            return found
    return []


def _cities(name: str, qualifiers: Sequence[str] = ()) -> list[Place]:
    """Return the places called `name` that every qualifier fits, by size; one of the name itself before a nickname.

    A nickname counts only where it is better known than every place of that name: New York City is "New York", and
    Amman, once Philadelphia, is not.
    """
    found = [
        (is_own_name, place)
        for is_own_name, place in _entries(name)
        if all(_fits(place, qualifier) for qualifier in qualifiers)
    ]
    found.sort(key=lambda entry: entry[1].population if entry[0] else entry[1].population // 20, reverse=True)
    largest = next((number for number, (is_own_name, _place) in enumerate(found) if is_own_name), len(found))
    found = [entry for number, entry in enumerate(found) if entry[0] or number < largest]
    found += [(True, town) for town in _us_towns(name) if all(_fits(town, qualifier) for qualifier in qualifiers)]
    distinct: list[Place] = []
    for _is_own_name, place in found:
        if all(distance_km(place.point, other.point) > SAME_PLACE_KM for other in distinct):
            distinct.append(place)
    return distinct


def _fits(place: Place, qualifier: str) -> bool:
    if place.division and qualifier in (
        place.division.lower(),
        fold(_divisions().get((place.country, place.division), "")),
    ):
        return True
    return _country_names().get(qualifier) == place.country or qualifier == place.country.lower()


def _is_qualifier(word: str) -> bool:
    return word in _country_names() or any(
        word in (code.lower(), fold(label)) for (_, code), label in _divisions().items()
    )


def _area(name: str) -> tuple[str, str] | None:
    """Return the code and the name of a whole state, province or country."""
    for (country, code), label in _divisions().items():
        if name in (fold(label), code.lower()):
            return f"{country}-{code}", label
    named = _country_names().get(name)
    return (named, _countries()[named]) if named else None


def _by_postcode(postcode: str) -> Place | None:
    for row in zipcodes.matching(postcode):
        if row["lat"] and row["long"] and row["country"] == "US":
            return Place(
                name=row["city"],
                division=row["state"],
                country="US",
                point=Point(float(row["lat"]), float(row["long"])),
                postcode=postcode,
            )
    return None


def _us_towns(name: str) -> list[Place]:
    """Return the US post towns of a folded name: the places too small for the list of cities."""
    spelled = {" ".join(word.capitalize() for word in name.split())}
    for full, short in _SHORT_WORDS.items():
        spelled |= {re.sub(rf"\b{short.capitalize()}\b", full.capitalize(), spelling) for spelling in spelled}
    positions: dict[tuple[str, str], list[Point]] = {}
    for spelling in sorted(spelled):
        for row in zipcodes.filter_by(city=spelling, country="US"):
            if row["lat"] and row["long"]:
                position = Point(float(row["lat"]), float(row["long"]))
                positions.setdefault((row["city"], row["state"]), []).append(position)
    return [
        Place(
            name=city,
            division=state,
            country="US",
            point=Point(fmean(p.latitude for p in points), fmean(p.longitude for p in points)),
        )
        for (city, state), points in sorted(positions.items(), key=lambda item: -len(item[1]))
    ]


# -- The file: one block of bytes, sorted by key, searched in place; objects are made for what was asked alone ---------


@cache
def _file() -> tuple[bytes, int]:
    """Return the file's bytes and where its cities begin, after the lines that start with "#"."""
    text = gzip.decompress(_PLACES_FILE.read_bytes())
    return text, text.rindex(b"\n#") + text[text.rindex(b"\n#") + 1 :].index(b"\n") + 2


def _entries(key: str) -> Iterator[tuple[bool, Place]]:
    """Yield (is its own name, place) for each city listed under a folded name."""
    text, low = _file()
    wanted = key.encode()
    high = len(text)
    while low < high:
        # The line that holds the middle byte.
        start = text.rfind(b"\n", 0, (low + high) // 2) + 1
        start = max(start, low)
        end = text.index(b"\n", start)
        if text[start : text.index(b"\t", start)] < wanted:
            low = end + 1
        else:
            high = start
    while text[low : low + len(wanted) + 1] == wanted + b"\t":
        end = text.index(b"\n", low)
        _key, population, name, division, country, latitude, longitude, how = text[low:end].decode().split("\t")
        yield how == "name", _place(population, name, division, country, latitude, longitude)
        low = end + 1


def _names_from(letter: str) -> set[str]:
    """Return the folded names of cities and US post towns that begin with `letter`; no nicknames."""
    text, low = _file()
    names = set()
    low = text.find(b"\n" + letter.encode(), low - 1) + 1
    while low and text.startswith(letter.encode(), low):
        end = text.index(b"\n", low)
        if text.endswith(b"\tname", low, end):
            names.add(text[low : text.index(b"\t", low)].decode())
        low = end + 1
    return names | {fold(town) for row in zipcodes.list_all() if (town := row["city"])[:1].lower() == letter}


def _place(population: str, name: str, division: str, country: str, latitude: str, longitude: str) -> Place:
    return Place(
        name=name,
        division=division,
        country=country,
        point=Point(float(latitude), float(longitude)),
        population=int(population),
    )


def _notes(kind: str) -> Iterator[list[str]]:
    text, start_of_cities = _file()
    for line in text[:start_of_cities].decode().splitlines():
        if line.startswith(f"#{kind}\t"):
            yield line.split("\t")[1:]


@cache
def _countries() -> dict[str, str]:
    return {code: name for code, name, _aliases in _notes("country")}


@cache
def _country_names() -> dict[str, str]:
    return {alias: code for code, _name, aliases in _notes("country") for alias in aliases.split("|")}


@cache
def _divisions() -> dict[tuple[str, str], str]:
    return {(country, code): name for country, code, name in _notes("division")}


@cache
def _largest() -> dict[str, tuple[Place, ...]]:
    places: dict[str, list[Place]] = {}
    for area, *place in _notes("largest"):
        places.setdefault(area, []).append(_place(*place))
    return {area: tuple(largest) for area, largest in places.items()}
