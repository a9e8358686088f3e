"""BMLT JSON: what the semantic API answers (GetSearchResults, GetFormats, GetServiceBodies), and the admin API's."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from meetings import vocabulary
from meetings.enums import FormatCategory, ServiceBodyKind, VenueType
from meetings.imports import cells
from meetings.imports.cells import Cells, joined, shown
from meetings.imports.records import (
    BodyRecord,
    BodyRef,
    FormatRecord,
    FormatRef,
    MeetingRecord,
    PlaceRecord,
    Row,
    Unreadable,
)
from meetings.imports.zones import with_position, zone_of

#: Formats that say how to take part; BMLT sets them from the venue type, and older servers have only them.
_VIRTUAL, _HYBRID, _CLOSED_FOR_NOW, _WEB = "VM", "HY", "TC", "WEB"
_WORLD_IDS = {"VM": _VIRTUAL, "HYBR": _HYBRID, "TC": _CLOSED_FOR_NOW, "OLM": _WEB}
_KEYS = {"VM": _VIRTUAL, "HY": _HYBRID, "TC": _CLOSED_FOR_NOW, "WEB": _WEB}
_VENUE_TYPES = {"1": VenueType.IN_PERSON, "2": VenueType.ONLINE, "3": VenueType.HYBRID}
#: The ids under which every BMLT server is installed with them.
_SEED_FLAGS = {"54": _VIRTUAL, "55": _CLOSED_FOR_NOW, "56": _HYBRID}
_CLOSED = "closed"
_WHO_MAY_COME = ("open", _CLOSED)
_CATEGORIES = {
    "FC1": FormatCategory.PROGRAMME,
    "FC2": FormatCategory.LOCATION,
    "FC3": FormatCategory.AUDIENCE,
    "O": FormatCategory.OPENNESS,
    "LANG": FormatCategory.LANGUAGE,
}
# Old servers put the field's prompt before its value.
_PROMPT = re.compile(r"^.*?#@-@#", re.DOTALL)
_NUMBER_TO_DIAL = re.compile(r"[\d\s().,+#*;/x-]*\d[\d\s().,+#*;/x-]*", re.IGNORECASE)


class Vocabulary:
    """The formats of one server: what its ids and keys mean."""

    def __init__(self, formats: Sequence[FormatRecord] = ()) -> None:
        self.by_id: dict[str, FormatRecord] = {}
        self.by_key: dict[str, FormatRecord] = {}
        # English last, so that an English key wins over the same letters in another language.
        for each in sorted(formats, key=lambda record: record.language == "en"):
            self.by_id[each.source_id] = each
            self.by_key[each.key] = each


# -- Formats and service bodies ----------------------------------------------------------------------------------------


def read_formats(rows: Sequence[Any], *, vocabulary_name: str = "") -> list[Row]:
    """Return the formats of GetFormats, a row for each language.

    `vocabulary_name` is whose they are; without one it is the server that each row names.
    """
    fields = [_cells(row) if isinstance(row, dict) else None for row in rows]
    own = _own_slugs([each for each in fields if each is not None])
    return [
        _format_row(number, each, own, vocabulary_name)
        if each is not None
        else Row(number, "", "", None, "not an object")
        for number, each in enumerate(fields, start=1)
    ]


def _own_slugs(rows: Sequence[Cells]) -> dict[tuple[str, str], str]:
    """Return this site's own format for each (root, id), known by its English name or its NAWS code."""
    found: dict[tuple[str, str], str] = {}
    for row in sorted(rows, key=lambda each: each.line("lang", 12) != "en"):
        identity = (row.line("root_server_uri"), cells.identifier(row.raw("id")))
        if identity in found:
            continue
        is_english = row.line("lang", 12) in ("en", "")
        concept = vocabulary.by_name([row.line("name_string")]) if is_english else None
        concept = concept or vocabulary.by_world_id(row.line("world_id"))
        if concept:
            found[identity] = concept.slug
    return found


def _format_row(number: int, row: Cells, own: dict[tuple[str, str], str], vocabulary_name: str) -> Row:
    source_id, key, name = cells.identifier(row.raw("id")), row.line("key_string", 20), row.line("name_string", 120)
    if not source_id or len(source_id) > 64:
        return Row(number, "", name, None, "it has no id")
    if not (name or key):
        return Row(number, source_id, "", None, "it has neither a name nor a key")
    world_id = row.line("world_id", 30)
    record = FormatRecord(
        vocabulary=vocabulary_name or root_of(row),
        source_id=source_id,
        key=key or name[:20],
        language=row.line("lang", 12) or "en",
        name=name or key,
        description=row.paragraphs("description_string", 2000),
        category=_CATEGORIES.get(row.line("format_type_enum", 10), FormatCategory.PROGRAMME).value,
        world_id=world_id,
        own_slug=own.get((row.line("root_server_uri"), source_id), ""),
        is_venue_type=_flag(key, world_id) is not None,
    )
    return Row(number, source_id, record.name, record, notes=tuple(row.notes))


def _flag(key: str, world_id: str) -> str | None:
    return _WORLD_IDS.get(world_id) or _KEYS.get(key)


def read_bodies(rows: Sequence[Any]) -> list[Row]:
    """Return the service bodies of GetServiceBodies. A parent "0" is none."""
    found = []
    for number, cells_of_row in enumerate(rows, start=1):
        if not isinstance(cells_of_row, dict):
            found.append(Row(number, "", "", None, "not an object"))
            continue
        row = Cells(cells_of_row)
        source_id, name = cells.identifier(row.raw("id")), row.line("name")
        if not source_id or len(source_id) > 64 or not name:
            found.append(Row(number, source_id[:64], name, None, "it has no id" if not source_id else "it has no name"))
            continue
        parent_id = cells.identifier(row.raw("parent_id"))
        kind = row.line("type", 2)
        record = BodyRecord(
            source_id=source_id,
            parent_id="" if parent_id == "0" else parent_id,
            name=name,
            kind=kind if kind in ServiceBodyKind.values else ServiceBodyKind.AREA.value,
            description=row.paragraphs("description", 4000),
            website=row.url("url", 500),
            helpline=row.line("helpline", 64),
            world_id=row.line("world_id", 30),
        )
        found.append(Row(number, source_id, name, record, notes=tuple(row.notes)))
    return found


# -- Meetings ----------------------------------------------------------------------------------------------------------


def read_meetings(rows: Sequence[Any], *, formats: Vocabulary, timezone: str) -> list[Row]:
    """Return the meetings of GetSearchResults; `timezone` is for those that tell neither zone nor position."""
    return [_row(number, row, formats, timezone, _searched) for number, row in enumerate(rows, start=1)]


def read_admin_meetings(rows: Sequence[Any], *, formats: Vocabulary, timezone: str) -> list[Row]:
    """Return the meetings of the admin API (/api/v1/meetings), where day 0 is Sunday and numbers are numbers."""
    return [_row(number, row, formats, timezone, _administered) for number, row in enumerate(rows, start=1)]


def _row(
    number: int,
    row: Any,
    formats: Vocabulary,
    timezone: str,
    read: Callable[[Cells, Vocabulary, str], MeetingRecord],
) -> Row:
    if not isinstance(row, dict):
        return Row(number, "", "", None, "not an object")
    fields = _cells(row)
    source_id = cells.identifier(fields.raw("id_bigint") or fields.raw("id"))[:64]
    name = fields.line("meeting_name") or fields.line("name")
    try:
        if not source_id:
            raise Unreadable("it has no id")
        record = read(fields, formats, timezone)
    except Unreadable as problem:
        return Row(number, source_id, name, None, str(problem), tuple(fields.notes))
    return Row(number, source_id, record.name, record, notes=tuple(fields.notes))


def _searched(row: Cells, formats: Vocabulary, timezone: str) -> MeetingRecord:
    day = cells.identifier(row.raw("weekday_tinyint"))
    if day not in ("1", "2", "3", "4", "5", "6", "7"):
        raise Unreadable(f"weekday {shown(day)} is not 1 (Sunday) to 7")
    found = _formats(row, _listed(row.raw("format_shared_id_list")), _listed(row.raw("formats")), formats)
    return _meeting(
        row,
        source_id=cells.identifier(row.raw("id_bigint")),
        name=row.line("meeting_name"),
        weekday=cells.sunday_first(int(day) - 1),
        start=row.raw("start_time"),
        lasts=row.raw("duration_time"),
        stated_zone=row.line("time_zone", 64),
        venue_type=cells.identifier(row.raw("venue_type")),
        body=_body(row.raw("service_body_bigint"), row.line("service_body_name")),
        formats=found,
        is_published=cells.identifier(row.raw("published")) != "0",
        timezone=timezone,
    )


def _administered(row: Cells, formats: Vocabulary, timezone: str) -> MeetingRecord:
    days = cells.weekdays(row.raw("day"))
    if len(days) != 1:
        raise Unreadable(f"day {shown(row.raw('day'))} is not 0 (Sunday) to 6")
    ids = row.raw("formatIds")
    found = _formats(row, [cells.identifier(each) for each in ids] if isinstance(ids, list) else [], [], formats)
    published = row.raw("published")
    return _meeting(
        row,
        source_id=cells.identifier(row.raw("id")),
        name=row.line("name"),
        weekday=days[0],
        start=row.raw("startTime"),
        lasts=row.raw("duration"),
        stated_zone=row.line("timeZone", 64),
        venue_type=cells.identifier(row.raw("venueType")),
        body=_body(row.raw("serviceBodyId"), ""),
        formats=found,
        is_published=published is not False and published != 0,
        timezone=timezone,
    )


def _meeting(
    row: Cells,
    *,
    source_id: str,
    name: str,
    weekday: int,
    start: Any,
    lasts: Any,
    stated_zone: str,
    venue_type: str,
    body: BodyRef,
    formats: tuple[tuple[FormatRef, ...], set[str]],
    is_published: bool,
    timezone: str,
) -> MeetingRecord:
    if not name:
        name = row.line("location_text")
        if not name:
            raise Unreadable("it has no name")
        row.notes.append("it has no name: called by its place")
    start_time = cells.clock_time(start)
    if start_time is None:
        raise Unreadable("it has no start time")
    refs, flags = formats
    notes, says = cells.without_lone_format(row.paragraphs("comments"), row.notes)
    if says and FormatRef(slug=says) not in refs:
        refs = (*refs, FormatRef(slug=says))
    place = _place(row)
    url = row.url("virtual_meeting_link")
    phone, phone_notes = _phone(row)
    how, is_closed = _how(venue_type, flags, place, is_online=bool(url or phone))
    return MeetingRecord(
        source_id=source_id,
        name=name,
        body=body,
        tz=zone_of(stated_zone, place, timezone, row.notes),
        weekdays=(weekday,),
        start_time=start_time,
        duration=cells.duration(lasts, row.notes),
        formats=refs,
        venue_type=how.value,
        place=with_position(place),
        region=row.line("location_city_subsection") or row.line("location_municipality"),
        conference_url=url,
        conference_url_notes=row.paragraphs("virtual_meeting_additional_info"),
        conference_phone=phone,
        conference_phone_notes=phone_notes,
        notes=notes,
        is_published=is_published,
        is_temporarily_closed=is_closed,
    )


def _body(source_id: Any, name: str) -> BodyRef:
    given = cells.identifier(source_id)[:64]
    return BodyRef("" if given == "0" else given, name)


def _how(venue_type: str, flags: set[str], place: PlaceRecord | None, *, is_online: bool) -> tuple[VenueType, bool]:
    """Return how to take part, and whether the meeting is closed for now.

    Servers since 3.0 say it by venue type; older ones by formats alone, and by what they have: a link, a street.
    """
    how = _VENUE_TYPES.get(venue_type)
    has_a_street = place is not None and bool(place.street)
    if how is None:
        if _HYBRID in flags:
            how = VenueType.HYBRID
        elif _VIRTUAL in flags or (_WEB in flags and (is_online or not has_a_street)):
            how = VenueType.ONLINE
        elif is_online or _WEB in flags:
            how = VenueType.HYBRID if has_a_street and _CLOSED_FOR_NOW not in flags else VenueType.ONLINE
        else:
            how = VenueType.IN_PERSON
    # A closed house does not close the meeting that moved online meanwhile.
    return how, _CLOSED_FOR_NOW in flags and how != VenueType.ONLINE


def _place(row: Cells) -> PlaceRecord | None:
    position = row.position()
    train, bus = row.line("train_lines"), row.line("bus_lines")
    parts = [row.address("location_neighborhood", 120), row.address("location_city_subsection", 120)]
    # Some servers name the borough and leave out its city.
    city = row.address("location_municipality", 120) or parts[1] or parts[0]
    place = PlaceRecord(
        name=row.address("location_text"),
        street=row.address("location_street"),
        city=city,
        district=row.fit("district", joined(*(part for part in parts if part != city), by=", "), 120),
        county=row.line("location_sub_province", 120),
        state=row.line("location_province", 80),
        postal_code=row.line("location_postal_code_1", 20),
        country=row.country("location_nation"),
        notes=joined(row.paragraphs("location_info"), train and f"Train: {train}", bus and f"Bus: {bus}"),
        latitude=position[0] if position else None,
        longitude=position[1] if position else None,
        is_approximate=not row.line("location_street"),
    )
    return None if place.is_empty else place


def _phone(row: Cells) -> tuple[str, str]:
    """Return the number to dial and what is said about it: the field holds either."""
    text = row.paragraphs("phone_meeting_number", 1000)
    is_number = len(text) <= 100 and sum(c.isdigit() for c in text) >= 7 and _NUMBER_TO_DIAL.fullmatch(text)
    return (text, "") if is_number else ("", text)


def _formats(
    row: Cells, ids: Sequence[str], keys: Sequence[str], formats: Vocabulary
) -> tuple[tuple[FormatRef, ...], set[str]]:
    """Return a meeting's formats, and apart from them the flags among them that say how to take part.

    Ids are surer than keys, which are letters in some language. What nothing explains can still be known where the
    server left it as installed: by key and id together, or by the id alone where there are no keys at all.
    """
    refs: set[FormatRef] = set()
    says_who_may_come = False
    flags = {flag for each in keys if (flag := _KEYS.get(each))}
    unknown = []
    for each in ids or keys:
        record = formats.by_id.get(each) if ids else formats.by_key.get(each)
        if record:
            if flag := _flag(record.key, record.world_id):
                flags.add(flag)
            elif record.own_slug:
                refs.add(FormatRef(slug=record.own_slug))
                says_who_may_come |= record.own_slug in _WHO_MAY_COME
            else:
                says_who_may_come |= record.category == FormatCategory.OPENNESS
                refs.add(FormatRef(vocabulary=record.vocabulary, source_id=record.source_id))
        elif ids and not keys and each in _SEED_FLAGS:
            flags.add(_SEED_FLAGS[each])
        elif concept := vocabulary.by_seed(each, keys) if ids else vocabulary.by_seed("", [each]):
            refs.add(FormatRef(slug=concept.slug))
            says_who_may_come |= concept.slug in _WHO_MAY_COME
        elif each not in _KEYS:
            unknown.append(each)
    if unknown and not (ids and flags and set(keys) <= _KEYS.keys()):
        row.notes.append(f"formats that nothing explains were left out: {shown(','.join(unknown))}")
    if not (says_who_may_come or unknown):
        # BMLT's own default (its setting default_closed_status, true as installed), as in its export to NA World
        # Services. The wrong guess in this direction asks one visitor too many to call first.
        refs.add(FormatRef(slug=_CLOSED))
    return tuple(sorted(refs, key=lambda ref: (ref.slug, ref.vocabulary, ref.source_id))), flags


def _listed(value: Any) -> list[str]:
    return [part for each in cells.plain_text(value).split(",") if (part := each.strip())]


def root_of(row: Cells) -> str:
    """Return the address of the server that a row says it is from, or ""."""
    return row.line("root_server_uri").rstrip("/")


def _cells(row: dict[str, Any]) -> Cells:
    return Cells({name: _value(cell) for name, cell in row.items()})


def _value(cell: Any) -> Any:
    return _PROMPT.sub("", cell) if isinstance(cell, str) and "#@-@#" in cell else cell
