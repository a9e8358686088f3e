"""What rows of the invented miniature feeds become: each carries an oddity that real feeds have."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meetings.imports import bmlt, meeting_guide
from meetings.imports.records import BodyRef, FormatRecord, FormatRef, MeetingRecord, Row, fingerprint
from meetings.imports.zones import NO_ZONE

PAYLOADS = Path(__file__).parent.parent / "payloads"


def payload(name: str) -> Any:
    return json.loads((PAYLOADS / name).read_text())


def guide(*rows: dict[str, Any], timezone: str = "") -> list[Row]:
    return meeting_guide.read(rows or payload("guide-oddities.json"), timezone=timezone)


def record(rows: list[Row], source_id: str) -> MeetingRecord:
    (found,) = [row.record for row in rows if row.id == source_id and isinstance(row.record, MeetingRecord)]
    return found


def formats_of(found: MeetingRecord) -> list[str]:
    return [ref.slug or ref.source_id for ref in found.formats]


# -- Meeting Guide


def test_a_plain_row_is_read_whole() -> None:
    found = record(guide(), "plain-monday")
    assert found.place is not None
    assert (found.name, found.weekdays, found.start_time, found.duration, found.tz) == (
        "Plain Monday",
        (0,),
        dt.time(19),
        dt.timedelta(minutes=90),
        "America/New_York",
    )
    assert (found.place.street, found.place.city, found.place.state, found.place.postal_code, found.place.country) == (
        "12 Birch Street",
        "Albany",
        "NY",
        "12207",
        "US",
    )
    assert formats_of(found) == ["closed", "discussion", "wheelchair"]
    assert found.updated_at == dt.datetime(2026, 5, 26, 19, 3, 46, tzinfo=dt.UTC)


def test_persons_are_left_out_of_what_is_kept() -> None:
    kept = repr(guide()) + repr(
        bmlt.read_meetings(payload("bmlt-meetings.json"), formats=bmlt.Vocabulary(), timezone="")
    )
    assert "Someone" not in kept
    assert "someone@" not in kept
    assert "555-0100" not in kept


def test_a_row_written_by_hand_is_read_as_meant() -> None:
    found = record(guide(), "254")
    assert found.place is not None
    assert (found.name, found.weekdays, found.start_time, found.tz) == (
        "Text Day & Time",
        (6,),
        dt.time(20),
        "America/Chicago",
    )
    assert (found.place.postal_code, found.place.country, found.place.latitude) == ("64113", "US", 39.0169)
    assert (found.venue_type, formats_of(found)) == ("hybrid", ["wheelchair"])
    assert found.conference_url == "https://meet.example.org/elm"
    assert found.notes == "Ring the bell.\n\nTea\n\nCake"


@pytest.mark.parametrize(
    ("slug", "venue_type", "is_closed"),
    [
        ("plain-monday", "in_person", False),
        ("closed-for-now", "in_person", True),
        ("moved-online", "online", False),
        ("both-ways", "hybrid", False),
        ("somewhere", "online", False),
        ("null-island", "in_person", False),
    ],
)
def test_how_to_take_part_follows_types_links_and_address(slug: str, venue_type: str, is_closed: bool) -> None:
    found = record(guide(), slug)
    assert (found.venue_type, found.is_temporarily_closed) == (venue_type, is_closed)


def test_what_a_room_has_is_left_out_where_there_is_none() -> None:
    assert formats_of(record(guide(), "moved-online")) == ["open"]


def test_several_days_are_one_meeting() -> None:
    found = record(guide(), "several-days")
    assert (found.weekdays, found.duration, formats_of(found)) == (
        (0, 2, 4),
        dt.timedelta(minutes=45),
        ["meditation", "open"],
    )


@pytest.mark.parametrize("slug", ["by-appointment", "day-without-time"])
def test_a_meeting_without_day_or_time_is_by_appointment(slug: str) -> None:
    found = record(guide(), slug)
    assert (found.weekdays, found.start_time) == ((), None)


def test_a_position_of_nowhere_becomes_that_of_the_city() -> None:
    rows = guide()
    found = record(rows, "null-island")
    assert found.place is not None
    assert found.place.latitude == pytest.approx(42.65, abs=0.1)
    assert found.place.is_approximate
    (row,) = [row for row in rows if row.id == "null-island"]
    assert row.notes == (
        "the position is 0,0 and was left out",
        "conference_url is no web address and was left out",
        "types not known and left out: “ZZZ”",
    )


def test_a_row_that_cannot_be_taken_says_what_else_was_wrong_with_it() -> None:
    (row,) = guide({"name": "Lost", "slug": "lost", "day": 1, "time": "19:00", "timezone": "Mars/Olympus"})
    assert (row.record, row.reason) == (None, NO_ZONE)
    assert row.notes == ("“Mars/Olympus” is no time zone",)


def test_a_slug_given_twice_makes_two_meetings_whatever_their_order() -> None:
    one, other = (row for row in payload("guide-oddities.json") if isinstance(row, dict) and row.get("slug") == "twice")
    ids = {row.id for row in guide(one, other)}
    assert ids == {
        row.id for row in guide(one, {"name": "Else", "slug": "x", "latitude": 42, "longitude": -73}, other)
    } - {"x"}
    assert len(ids) == 2
    assert "twice" in ids


def test_a_row_given_twice_is_one_meeting() -> None:
    row = payload("guide-oddities.json")[0]
    assert [each.id for each in guide(row, dict(row))] == ["plain-monday", "plain-monday"]


def test_rows_that_cannot_be_read_say_why() -> None:
    assert {row.number: row.reason for row in guide() if row.record is None} == {
        17: "day “8” is no weekday (0 for Sunday to 6)",
        18: "time “25:00” cannot be read",
        19: "it has no name",
        20: "not an object",
    }


def test_a_nameless_row_is_called_by_its_group() -> None:
    assert record(guide(), "nameless").name == "Harbor Group"


def test_the_zone_given_is_for_rows_that_tell_none() -> None:
    nowhere = {"name": "Nowhere", "slug": "n", "day": 1, "time": "19:00"}
    assert guide(nowhere)[0].reason == "neither a time zone nor a place that has one: give --timezone"
    assert record(guide(nowhere, timezone="Europe/London"), "n").tz == "Europe/London"
    assert record(guide(timezone="Europe/London"), "plain-monday").tz == "America/New_York"
    stated = {**nowhere, "timezone": "Asia/Kolkata", "latitude": 42.65, "longitude": -73.75}
    assert record(guide(stated, timezone="Europe/London"), "n").tz == "Asia/Kolkata"


# -- BMLT


def vocabulary() -> bmlt.Vocabulary:
    rows = bmlt.read_formats(payload("bmlt-formats.json"))
    return bmlt.Vocabulary([row.record for row in rows if isinstance(row.record, FormatRecord)])


def searched() -> list[Row]:
    return bmlt.read_meetings(payload("bmlt-meetings.json"), formats=vocabulary(), timezone="")


def test_a_search_result_is_read_whole() -> None:
    found = record(searched(), "11")
    assert found.place is not None
    assert (found.weekdays, found.start_time, found.duration) == ((6,), dt.time(7, 30), dt.timedelta(minutes=90))
    assert (found.tz, found.body, found.notes) == ("America/New_York", BodyRef("2"), "Bring a mug.")
    assert found.place.notes == "Side door\nTrain: Green line\nBus: 10"
    assert set(found.formats) == {
        FormatRef(slug="closed"),
        FormatRef(slug="step"),
        FormatRef(vocabulary="https://bmlt.example.org/main_server", source_id="99"),
    }


def test_an_unpublished_meeting_stays_unpublished() -> None:
    found = record(searched(), "12")
    assert found.place is not None
    assert (found.is_published, found.weekdays, found.duration) == (False, (5,), dt.timedelta(hours=1))
    assert (found.place.city, found.place.district) == ("Brooklyn", "")


def test_formats_tell_how_to_take_part_where_the_server_is_old() -> None:
    found = record(searched(), "13")
    assert (found.venue_type, found.is_temporarily_closed, found.tz) == ("online", False, "America/Chicago")
    assert (found.conference_phone, found.conference_phone_notes) == ("", "PW: pear")
    assert formats_of(found) == ["closed", "wheelchair"]
    assert found.duration == dt.timedelta(hours=24)


def test_a_venue_type_counts_more_than_formats() -> None:
    found = record(searched(), "14")
    assert (found.venue_type, found.is_temporarily_closed, formats_of(found)) == ("hybrid", True, ["closed"])


def test_a_bmlt_meeting_that_does_not_say_who_may_come_is_closed() -> None:
    row = {**payload("bmlt-meetings.json")[0], "format_shared_id_list": ""}
    rows = [{**row, "formats": formats} for formats in ("WC", "WC,O", "WC,C", "", "unheard-of")]
    found = [
        formats_of(bmlt.read_meetings([row], formats=bmlt.Vocabulary(), timezone="")[0].record)  # type: ignore[arg-type]  # readable
        for row in rows
    ]
    assert found == [["closed", "wheelchair"], ["open", "wheelchair"], ["closed", "wheelchair"], ["closed"], []]


def test_search_results_that_cannot_be_read_say_why() -> None:
    assert {row.id: row.reason for row in searched() if row.record is None} == {
        "15": "weekday “8” is not 1 (Sunday) to 7",
        "16": "it has no start time",
    }


def test_formats_without_a_list_are_known_where_the_server_left_them_as_installed() -> None:
    rows = bmlt.read_meetings(payload("bmlt-meetings.json"), formats=bmlt.Vocabulary(), timezone="")
    assert formats_of(record(rows, "11")) == ["closed", "step"]
    assert rows[0].notes == ("formats that nothing explains were left out: “99”",)


def test_the_admin_api_counts_days_from_sunday_as_zero() -> None:
    rows = bmlt.read_admin_meetings(payload("bmlt-admin.json"), formats=bmlt.Vocabulary(), timezone="")
    first, second = record(rows, "1461"), record(rows, "1462")
    assert (first.weekdays, first.duration, first.venue_type) == ((6,), dt.timedelta(minutes=90), "in_person")
    assert formats_of(first) == ["no-smoking", "open"]
    assert (second.weekdays, second.is_published, second.venue_type) == ((5,), False, "online")


def test_a_fingerprint_tells_any_difference() -> None:
    found = record(guide(), "plain-monday")
    assert fingerprint(found) == fingerprint(record(guide(), "plain-monday"))
    other = {**payload("guide-oddities.json")[0], "notes": "Bring a cup."}
    assert fingerprint(record(guide(other), "plain-monday")) != fingerprint(found)


# -- Whatever a feed holds

cell = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["Monday", "19:00", "24:00:00", "0", "1", "8", "<p>&amp;</p>", "\x00", "TC,ONL", "1,2,3,4", "#@-@#"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)
GUIDE_COLUMNS = sorted({name for row in payload("guide-oddities.json") if isinstance(row, dict) for name in row})
BMLT_COLUMNS = sorted({name for row in payload("bmlt-meetings.json") for name in row})
ADMIN_COLUMNS = sorted({name for row in payload("bmlt-admin.json") for name in row})
FORMAT_COLUMNS = sorted(payload("bmlt-formats.json")[0])
BODY_COLUMNS = sorted(payload("bmlt-bodies.json")[0])


def rows_of(columns: list[str], base: list[Any]) -> st.SearchStrategy[list[Any]]:
    """Rows of wild cells, and good rows with some wild cells: the second kind gets past the first checks."""
    wild = st.dictionaries(st.sampled_from(columns), cell)
    good = [row for row in base if isinstance(row, dict)]
    some = st.dictionaries(st.sampled_from(columns), cell, max_size=3)
    spoiled = st.builds(lambda row, other: {**row, **other}, st.sampled_from(good), some)
    return st.lists(wild | spoiled | cell, max_size=4)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows_of(GUIDE_COLUMNS, payload("guide-oddities.json")),
    rows_of(BMLT_COLUMNS, payload("bmlt-meetings.json")),
    rows_of(ADMIN_COLUMNS, payload("bmlt-admin.json")),
    rows_of(FORMAT_COLUMNS, payload("bmlt-formats.json")),
    rows_of(BODY_COLUMNS, payload("bmlt-bodies.json")),
)
def test_no_row_ever_raises(a: list[Any], b: list[Any], c: list[Any], d: list[Any], e: list[Any]) -> None:
    formats = bmlt.read_formats(d)
    known = bmlt.Vocabulary([row.record for row in formats if isinstance(row.record, FormatRecord)])
    for rows, read in (
        (a, meeting_guide.read(a, timezone="America/New_York")),
        (b, bmlt.read_meetings(b, formats=known, timezone="America/New_York")),
        (c, bmlt.read_admin_meetings(c, formats=known, timezone="America/New_York")),
        (d, formats),
        (e, bmlt.read_bodies(e)),
    ):
        assert [row.number for row in read] == list(range(1, len(rows) + 1))
        assert all((row.record is None) == bool(row.reason) for row in read)
