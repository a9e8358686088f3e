"""Meeting Guide JSON (code4recovery/spec 1.1.9, and what TSML and hand-made feeds send): rows to records."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from meetings import addresses, vocabulary
from meetings.enums import VenueType
from meetings.imports import cells
from meetings.imports.cells import Cells, joined, shown
from meetings.imports.records import BodyRef, FormatRef, MeetingRecord, PlaceRecord, Row, Unreadable, fingerprint
from meetings.imports.zones import with_position, zone_of

#: How TSML says in one word what types and links say together.
_ATTENDANCE = {
    "in_person": (VenueType.IN_PERSON, False),
    "online": (VenueType.ONLINE, False),
    "hybrid": (VenueType.HYBRID, False),
    "inactive": (VenueType.IN_PERSON, True),
}
_NOT_DIALLED = re.compile(r"[^\d,+#*;]")
_SHORTEST_NUMBER = 10
_US_STATE = re.compile(r"([A-Z]{2})(?: +(\d{5}(?:-\d{4})?|[A-Z]\d[A-Z] ?\d[A-Z]\d))?")
_CA_POSTCODE = re.compile(r"[A-Za-z]\d[A-Za-z] ?\d[A-Za-z]\d")
_CA_PROVINCES = frozenset({
    "alberta", "british columbia", "manitoba", "new brunswick", "newfoundland and labrador", "northwest territories",
    "nova scotia", "nunavut", "ontario", "prince edward island", "quebec", "québec", "saskatchewan", "yukon",
})  # fmt: skip
_LONGEST_ID = 200


def read(rows: Sequence[Any], *, timezone: str) -> list[Row]:
    """Return what each row says, in the order of the feed. `timezone` is for rows that tell none."""
    read_rows: list[Row] = []
    taken: dict[str, str] = {}
    for number, cells_of_row in enumerate(rows, start=1):
        if not isinstance(cells_of_row, dict):
            read_rows.append(Row(number, "", "", None, "not an object"))
            continue
        row = _read_row(number, Cells(cells_of_row), timezone)
        if isinstance(row.record, MeetingRecord):
            row = _with_id_of_its_own(row, row.record, taken)
        read_rows.append(row)
    return read_rows


def _with_id_of_its_own(row: Row, record: MeetingRecord, taken: dict[str, str]) -> Row:
    """Return `row` with an id that no other row of the feed has, unless both say exactly the same.

    Slugs should be unique, and are not. The first keeps its slug; another one is told apart by its day, time and place,
    not by its position in the feed, which changes from one day to the next.
    """
    says = fingerprint(record)
    if taken.setdefault(record.source_id, says) == says:
        return row
    place = record.place or PlaceRecord()
    what = f"{record.weekdays} {record.start_time} {record.name} {place.name} {place.street} {place.formatted_address}"
    mark = hashlib.sha256(what.encode()).hexdigest()
    own_id = next(
        candidate
        for size in range(8, 64)
        if taken.setdefault(candidate := f"{record.source_id}~{mark[:size]}", says) == says
    )
    note = f"the slug {shown(record.source_id)} is another row's as well"
    return replace(row, id=own_id, record=replace(record, source_id=own_id), notes=(*row.notes, note))


def _read_row(number: int, row: Cells, timezone: str) -> Row:
    slug = _identity(row)
    name = row.line("name")
    try:
        record = _meeting(row, slug, name, timezone)
    except Unreadable as problem:
        return Row(number, slug, name, None, str(problem), tuple(row.notes))
    return Row(number, slug, record.name, record, notes=tuple(row.notes))


def _identity(row: Cells) -> str:
    given = cells.identifier(row.raw("slug")) or cells.identifier(row.raw("id"))
    if len(given) <= _LONGEST_ID:
        return given
    return f"{given[:100]}~{hashlib.sha256(given.encode()).hexdigest()[:32]}"


def _meeting(row: Cells, slug: str, name: str, timezone: str) -> MeetingRecord:
    group, location = row.line("group"), row.address("location")
    if not name:
        name = group or location
        if not name:
            raise Unreadable("it has no name")
        row.notes.append("it has no name: called by its group or place")
    weekdays = cells.weekdays(row.raw("day"))
    start = cells.clock_time(row.raw("time")) if weekdays else None
    if weekdays and start is None:
        row.notes.append("a day but no time: taken as by appointment")
        weekdays = ()
    if not slug:
        slug = "~" + hashlib.sha256(f"{name} {location} {weekdays} {start}".encode()).hexdigest()[:16]
        row.notes.append("it has no slug: known by its name, place, day and time")
    place = _place(row, location)
    types = _types(row)
    notes = joined(row.paragraphs("notes"), row.paragraphs("group_notes"), by="\n\n")
    notes, says = cells.without_lone_format(notes, row.notes)
    url, phone = row.url("conference_url"), _phone(row)
    venue_type, is_closed = _attendance(row, types, is_online=bool(url or phone), place=place)
    return MeetingRecord(
        source_id=slug,
        name=name,
        body=BodyRef(name=row.line("entity")),
        tz=zone_of(row.line("timezone", 64), place, timezone, row.notes),
        weekdays=weekdays,
        start_time=start,
        duration=cells.duration_until(start, _end(row), row.notes) if start else cells.DEFAULT_DURATION,
        group_name=group,
        formats=_formats(row, types, says, in_a_room=venue_type != VenueType.ONLINE),
        venue_type=venue_type.value,
        place=with_position(place),
        region=_region(row, place),
        conference_url=url,
        conference_url_notes=row.paragraphs("conference_url_notes"),
        conference_phone=phone,
        conference_phone_notes=row.paragraphs("conference_phone_notes"),
        notes=notes,
        website=row.url("website") or row.url("url"),
        is_temporarily_closed=is_closed,
        updated_at=row.instant("updated"),
    )


def _end(row: Cells) -> dt.time | None:
    try:
        return cells.clock_time(row.raw("end_time"))
    except Unreadable as problem:
        row.notes.append(f"end {problem}: taken to last an hour")
        return None


# -- Where -------------------------------------------------------------------------------------------------------------


def _place(row: Cells, location: str) -> PlaceRecord | None:
    formatted = row.address("formatted_address", 500)
    street, city = row.address("address"), row.address("city", 120)
    state, postal_code, country = row.line("state", 80), row.line("postal_code", 20), row.country("country")
    if not formatted and not city and street.count(",") >= 2:
        # The whole address in the field for the street.
        formatted, street = street, ""
    if formatted and not (street or city):
        street, city, state, postal_code, country = _taken_apart(formatted, state, postal_code, country)
    position = row.position()
    place = PlaceRecord(
        name=location,
        street=street,
        city=city,
        state=state,
        postal_code=postal_code,
        country=country,
        formatted_address=formatted,
        notes=row.paragraphs("location_notes"),
        latitude=position[0] if position else None,
        longitude=position[1] if position else None,
        is_approximate=_is_approximate(row, formatted, street),
    )
    return None if place.is_empty else place


def _taken_apart(formatted: str, state: str, postal_code: str, country: str) -> tuple[str, str, str, str, str]:
    """Return street, city, state, postcode and country of "1 Elm St, Albany, NY 12207, USA", where plain."""
    parts = [part for each in formatted.split(",") if (part := " ".join(each.split()))]
    if len(parts) > 1 and (code := addresses.country_code(parts[-1])) in ("US", "CA", "GB", "IE", "AU", "NZ", "MX"):
        country = code
        parts.pop()
    if len(parts) > 2 and parts[-1].isdigit() and _US_STATE.fullmatch(parts[-2]):
        parts[-2:] = [f"{parts[-2]} {parts[-1]}"]
    match = _US_STATE.fullmatch(parts[-1]) if parts else None
    if match and len(parts) > 1 and country in ("", "US", "CA"):
        return ", ".join(parts[:-2])[:255], parts[-2][:120], match[1], match[2] or postal_code, country
    if country == "CA" and len(parts) > 1:
        # "8318 104 St, Edmonton, Alberta, T6E 4E8, Canada"
        if _CA_POSTCODE.fullmatch(parts[-1]):
            postal_code = parts.pop().upper()
        if len(parts) > 1 and parts[-1].lower() in _CA_PROVINCES:
            return ", ".join(parts[:-2])[:255], parts[-2][:120], parts[-1], postal_code, country
    return "", "", state, postal_code, country


def _is_approximate(row: Cells, formatted: str, street: str) -> bool:
    said = row.raw("approximate")
    if isinstance(said, bool):
        return said
    if cells.plain_text(said).lower() in ("yes", "true", "1"):
        return True
    if said is not None:
        return False
    # The spec's rule where nothing is said: "Albany, NY, USA" names no house.
    return len(formatted.split(",")) < 4 if formatted and not street else not (formatted or street)


def _region(row: Cells, place: PlaceRecord | None) -> str:
    given = row.raw("regions")
    if isinstance(given, list):
        names = [" ".join(cells.plain_text(part).split()) for part in given]
    else:
        names = [row.line("region"), row.line("sub_region"), row.line("sub_sub_region")]
    path = joined(*names, by=" > ")
    region = addresses.narrowest(path)
    if region != path:
        row.notes.append("of several regions in one another, the narrowest is kept")
    return row.fit("region", region, 255) or (place.city if place else "")


# -- How ---------------------------------------------------------------------------------------------------------------


def _types(row: Cells) -> list[str]:
    given = row.raw("types")
    parts = given if isinstance(given, list) else str(given).split(",") if isinstance(given, str) else []
    codes = (" ".join(cells.plain_text(part).split()).upper() for part in parts)
    return list(dict.fromkeys(code for code in codes if code))


def _phone(row: Cells) -> str:
    number = _NOT_DIALLED.sub("", cells.plain_text(row.raw("conference_phone")))
    if not number:
        return ""
    if len(number) < _SHORTEST_NUMBER or len(number) > 100:
        row.notes.append("conference_phone is no number to dial and was left out")
        return ""
    return number


def _attendance(row: Cells, types: list[str], *, is_online: bool, place: PlaceRecord | None) -> tuple[VenueType, bool]:
    """Return how to take part, and whether the meeting is closed for now (TSML's rules; the spec names no hybrid)."""
    said = _ATTENDANCE.get(row.line("attendance_option", 20).lower())
    if said:
        return said
    is_online = is_online or "ONL" in types
    has_a_room = place is not None and not place.is_approximate
    if "TC" in types:
        return (VenueType.ONLINE, False) if is_online else (VenueType.IN_PERSON, True)
    if is_online:
        return (VenueType.HYBRID if has_a_room else VenueType.ONLINE), False
    return VenueType.IN_PERSON, False


def _formats(row: Cells, types: list[str], says: str, *, in_a_room: bool) -> tuple[FormatRef, ...]:
    """Return what a meeting is like, by its types and by `says`, the slug of a format that its notes alone name."""
    found, unknown = [FormatRef(slug=says)] if says else [], []
    for code in types:
        if code in ("TC", "ONL"):
            continue
        concept = vocabulary.by_type(code)
        if concept is None:
            unknown.append(code)
        elif in_a_room or code not in vocabulary.IN_PERSON_TYPES:
            found.append(FormatRef(slug=concept.slug))
    if unknown:
        row.notes.append(f"types not known and left out: {shown(', '.join(unknown))}")
    return tuple(sorted(set(found), key=lambda ref: ref.slug))
