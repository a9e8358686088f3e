"""What of a meeting's place is another one to whoever comes, and what is only written another way."""

from __future__ import annotations

import dataclasses

import pytest

from meetings.whereabouts import Part, Whereabouts, from_text, to_text

ROOM = Whereabouts(
    is_in_person=True,
    is_online=False,
    name="Grace Church, Room 2",
    address="12 Elm Street, Albany",
    postal_code="12207",
    notes="Side entrance",
)
ONLINE = Whereabouts(is_in_person=False, is_online=True, url="https://zoom.example/j/123?pwd=aB", phone="+15185550100")


@pytest.mark.parametrize(
    "fields",
    [
        {"address": "12 ELM ST., Albany"},
        {"address": "12  elm  street Albany"},
        {"name": "Grace Church - Room 2"},
        {"name": "GRACE CHURCH, RM. 2"},
        {"notes": "side  entrance."},
        {"postal_code": ""},
        {"url": "https://zoom.example/j/999"},
    ],
)
def test_another_spelling_is_no_change(fields: dict[str, str]) -> None:
    assert dataclasses.replace(ROOM, **fields).changed_from(ROOM) == frozenset()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"name": "Grace Church, Room 3"}, Part.PLACE),
        ({"address": "14 Elm Street, Albany"}, Part.PLACE),
        ({"address": "12 Elm Street, Troy"}, Part.PLACE),
        ({"postal_code": "12208"}, Part.PLACE),
        ({"notes": "Back entrance"}, Part.ENTRANCE),
        ({"notes": ""}, Part.ENTRANCE),
        ({"is_in_person": False, "is_online": True}, Part.WAY),
        ({"is_online": True}, Part.WAY),
    ],
)
def test_another_room_street_entrance_or_way_is_a_change(fields: dict[str, str | bool], part: Part) -> None:
    assert dataclasses.replace(ROOM, **fields).changed_from(ROOM) == {part}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "is_change"),
    [
        ({"url": "http://ZOOM.example/j/123?pwd=aB/"}, False),
        ({"phone": "+1 (518) 555-0100"}, False),
        ({"name": "Elm House"}, False),
        ({"url": "https://zoom.example/j/124?pwd=aB"}, True),
        ({"url": "https://zoom.example/j/123?pwd=ab"}, True),
        ({"url_notes": "Passcode 77"}, True),
        ({"phone": "+15185550101"}, True),
    ],
)
def test_link_is_compared_letter_by_letter(fields: dict[str, str], is_change: bool) -> None:
    changed = dataclasses.replace(ONLINE, **fields).changed_from(ONLINE)  # type: ignore[arg-type]
    assert changed == ({Part.LINK} if is_change else frozenset())


def test_what_is_kept_is_what_was() -> None:
    assert from_text(to_text(ROOM)) == ROOM
