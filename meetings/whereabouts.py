"""Where a meeting is and how it is joined, and what of that changed for those who come. Pure: values in, words out.

What only a list's spelling changes is no change: case, punctuation, "St" for "Street", a ZIP code that was not there.
"""

from __future__ import annotations

import enum
import json
import re
import unicodedata
from dataclasses import asdict, dataclass

#: How streets and parts of buildings are shortened (USPS Publication 28, appendices B, C1 and C2), as far as lists do.
_SHORT = {
    "avenue": "ave", "boulevard": "blvd", "circle": "cir", "court": "ct", "drive": "dr", "expressway": "expy",
    "highway": "hwy", "lane": "ln", "parkway": "pkwy", "place": "pl", "plaza": "plz", "road": "rd", "route": "rte",
    "saint": "st", "square": "sq", "street": "st", "terrace": "ter", "turnpike": "tpke", "north": "n", "south": "s",
    "east": "e", "west": "w", "northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw",
    "apartment": "apt", "building": "bldg", "floor": "fl", "room": "rm", "suite": "ste", "and": "", "the": "",
}  # fmt: skip


class Part(enum.StrEnum):
    """What of a meeting's whereabouts can change."""

    #: From a room to online, or the other way.
    WAY = "way"
    PLACE = "place"
    #: The entrance, the room: how it is found once there.
    ENTRANCE = "entrance"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a meeting is and how it is joined, as its listing says it."""

    is_in_person: bool
    is_online: bool
    name: str = ""
    #: The street and the city, or the address in one line where its list has it so.
    address: str = ""
    postal_code: str = ""
    notes: str = ""
    url: str = ""
    url_notes: str = ""
    phone: str = ""
    phone_notes: str = ""

    @property
    def one_line(self) -> str:
        """The place in one line, "" where there is no room."""
        return ", ".join(part for part in (self.name, self.address) if part) if self.is_in_person else ""

    def changed_from(self, old: Whereabouts) -> frozenset[Part]:
        """Return what is another thing than in `old`, to somebody who comes."""
        found = set()
        if (self.is_in_person, self.is_online) != (old.is_in_person, old.is_online):
            found.add(Part.WAY)
        if self.is_in_person and old.is_in_person:
            if self._place() != old._place() or (
                self.postal_code and old.postal_code and _fold(self.postal_code) != _fold(old.postal_code)
            ):
                found.add(Part.PLACE)
            if _fold(self.notes) != _fold(old.notes):
                found.add(Part.ENTRANCE)
        if self.is_online and old.is_online and self._link() != old._link():
            found.add(Part.LINK)
        return frozenset(found)

    def _place(self) -> tuple[str, str]:
        return _fold(self.name), _fold(self.address)

    def _link(self) -> tuple[str, ...]:
        # The path and the query of an address, and what is dialed, are taken letter by letter.
        _scheme, _separator, rest = self.url.strip().rstrip("/").partition("://")
        host, _slash, path = rest.partition("/")
        phone = re.sub(r"[^0-9+*#,;]", "", self.phone)
        return host.lower(), path, _fold(self.url_notes), phone, _fold(self.phone_notes)


def to_text(whereabouts: Whereabouts) -> str:
    """Return what `from_text` reads."""
    return json.dumps(asdict(whereabouts))


def from_text(text: str) -> Whereabouts:
    return Whereabouts(**json.loads(text))


def _fold(text: str) -> str:
    plain = "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))
    words = re.sub(r"[’'`.]", "", plain)
    return " ".join(filter(None, (_SHORT.get(word, word) for word in re.findall(r"\w+", words))))
