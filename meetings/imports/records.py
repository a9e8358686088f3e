"""What a feed says, in the words of this site: neutral records, with nothing of the feed's own shape left in them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What the rows of one file are."""

    GUIDE = "Meeting Guide"
    BMLT = "BMLT meetings"
    BMLT_ADMIN = "BMLT admin API meetings"
    FORMATS = "BMLT formats"
    BODIES = "BMLT service bodies"
    NOTHING = "an empty list"


class Unreadable(ValueError):
    """A row that cannot become a record; `args[0]` says why."""


@dataclass(frozen=True, slots=True)
class PlaceRecord:
    """A venue as a feed gives it. Degrees; a position is there whole or not at all."""

    name: str = ""
    street: str = ""
    city: str = ""
    district: str = ""
    county: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""
    formatted_address: str = ""
    notes: str = ""
    latitude: float | None = None
    longitude: float | None = None
    is_approximate: bool = False

    @property
    def is_empty(self) -> bool:
        return self == PlaceRecord(is_approximate=self.is_approximate)


@dataclass(frozen=True, slots=True)
class BodyRef:
    """Which service body a meeting belongs to: the feed's own id for it, or a name, or neither ("" and "")."""

    source_id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class FormatRef:
    """A format: one of this site's own by `slug`, or the feed's by its id in the vocabulary of its server."""

    slug: str = ""
    vocabulary: str = ""
    source_id: str = ""


@dataclass(frozen=True, slots=True)
class MeetingRecord:
    """A listing. Without weekdays it is by appointment; weekday 0 is Monday; wall times are on the clocks of `tz`."""

    source_id: str
    name: str
    body: BodyRef
    tz: str
    weekdays: tuple[int, ...] = ()
    start_time: dt.time | None = None
    duration: dt.timedelta = dt.timedelta(hours=1)
    group_name: str = ""
    formats: tuple[FormatRef, ...] = ()
    venue_type: str = "in_person"
    place: PlaceRecord | None = None
    region: str = ""
    conference_url: str = ""
    conference_url_notes: str = ""
    conference_phone: str = ""
    conference_phone_notes: str = ""
    notes: str = ""
    website: str = ""
    is_published: bool = True
    is_temporarily_closed: bool = False
    updated_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class FormatRecord:
    """One format in one language. `own_slug` is set where this site has its own words for it."""

    vocabulary: str
    source_id: str
    key: str
    language: str
    name: str
    description: str
    category: str
    world_id: str
    own_slug: str = ""
    #: Says how to take part (virtual, hybrid, closed), which a meeting has fields for.
    is_venue_type: bool = False


@dataclass(frozen=True, slots=True)
class BodyRecord:
    source_id: str
    parent_id: str
    name: str
    kind: str
    description: str = ""
    website: str = ""
    helpline: str = ""
    world_id: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one row of a file: a record, or why there is none; `notes` are small things set right."""

    number: int
    id: str
    name: str
    record: MeetingRecord | FormatRecord | BodyRecord | None
    reason: str = ""
    notes: tuple[str, ...] = ()


def fingerprint(record: MeetingRecord) -> str:
    """Return the SHA-256 of what a record says (64 hexadecimal digits): equal records, equal fingerprints."""

    def plain(value: Any) -> str:
        return value.isoformat() if isinstance(value, (dt.time, dt.datetime)) else str(value)

    text = json.dumps(asdict(record), default=plain, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
