"""A cell of a feed that is made to keep the import busy: cut before anything reads it, and named in the report."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from meetings.imports import bmlt, cells, meeting_guide, reading
from meetings.imports.records import Row
from tests.unit.test_import_rows import payload

HOSTILE = [
    "<a " * 400_000,
    '<a b="' * 30_000,
    "<" + " " * 60_000 + "1",
    "<!--" * 30_000 + "x>",
    "&#" * 60_000,
    "x" * 60_000,
]

Read = Callable[[list[Any]], list[Row]]


def guide(rows: list[Any]) -> list[Row]:
    return meeting_guide.read(rows, timezone="America/New_York")


def meetings(rows: list[Any]) -> list[Row]:
    return bmlt.read_meetings(rows, formats=bmlt.Vocabulary(), timezone="America/New_York")


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What html.parser is given."""
    given: list[str] = []
    feed = HTMLParser.feed

    def note(self: HTMLParser, data: str) -> None:
        given.append(data)
        feed(self, data)

    monkeypatch.setattr(HTMLParser, "feed", note)
    return given


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: repr(text[:5]))
def test_no_parser_gets_more_of_a_cell_than_its_cap_nor_a_tag_without_end(parsed: list[str], hostile: str) -> None:
    cells.plain_text(hostile)
    cells.plain_text(f"<p>{hostile}>{hostile}")
    assert max(map(len, parsed)) <= cells.LONGEST_CELL
    assert [text for text in parsed if text and not text.endswith(">")] == []


COLUMNS = {
    "guide-oddities.json": "name slug day time end_time notes location location_notes formatted_address regions types "
    "group group_notes conference_url conference_phone website updated timezone latitude entity",
    "bmlt-meetings.json": "meeting_name id_bigint weekday_tinyint start_time duration_time comments location_text "
    "location_street formats format_shared_id_list time_zone latitude virtual_meeting_link venue_type published "
    "service_body_bigint service_body_name",
}


@pytest.mark.parametrize("hostile", [HOSTILE[0], HOSTILE[-1]], ids=["tags", "letters"])
@pytest.mark.parametrize(
    ("read", "name"), [(guide, "guide-oddities.json"), (meetings, "bmlt-meetings.json")], ids=["guide", "bmlt"]
)
def test_any_cell_that_is_too_long_is_cut_and_named_in_its_row(
    parsed: list[str], read: Read, name: str, hostile: str
) -> None:
    rows = payload(name)
    for column in COLUMNS[name].split():
        (row,) = read([rows[0] | {column: hostile}])
        said = f"{column} is too long and was cut to {cells.LONGEST_CELL} characters"
        assert row.notes.count(said) == 1, column
    for column in {column for row in rows if isinstance(row, dict) for column in row}:
        read([rows[0] | {column: [hostile, {"x": hostile}]}])
    assert [len(text) for text in parsed if len(text) > cells.LONGEST_CELL] == []


def test_list_of_long_words_is_cut_word_by_word() -> None:
    row = cells.Cells({"types": ["O", "x" * 30_000]})
    assert row.raw("types") == ["O", "x" * cells.LONGEST_CELL]
    assert row.raw("types") == ["O", "x" * cells.LONGEST_CELL]
    assert row.notes == [f"types is too long and was cut to {cells.LONGEST_CELL} characters"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("<p>Ring <b>the bell</b> & wait</p>", "Ring the bell & wait"),
        ("Ages <18 & >60 &amp; all <b>welcome", "Ages <18 & >60 & all welcome"),
        ("<p>5 < 6 &amp; 7</p> &eacute;<a href=x", "5 < 6 & 7\n é<a href=x"),
        ("<script>x() > 3</script>here", "here"),
        ("here<script>x() > 3; y()", "here"),
    ],
)
def test_what_follows_the_last_tag_is_text(given: str, said: str) -> None:
    assert cells.plain_text(given) == said


@given(st.lists(st.sampled_from(["<a ", "</p>", "<p>", "text", " ", "&amp;", "é", "<br>", "x"])).map("".join))
def test_text_outside_of_tags_stays(text: str) -> None:
    if "<a" not in text:
        assert cells.plain_text(text).count("text") == text.count("text")


@pytest.mark.parametrize("content", [b"[" * 1_000_000, b'[{"name":' * 100_000, b"[" + b"9" * 1_000_000 + b"]"])
def test_deep_and_huge_json_is_refused(content: bytes) -> None:
    with pytest.raises(reading.BrokenSource, match="cannot be read as JSON"):
        reading.read_bytes("feed.json", content)


def test_file_of_more_than_a_small_machine_holds_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "feed.json"
    with file.open("wb") as written:
        written.truncate(reading.MOST_BYTES + 1)
    monkeypatch.setattr(Path, "read_bytes", None)
    with pytest.raises(reading.BrokenSource, match="is larger than 128 MB"):
        reading.read_file(str(file))


@pytest.mark.django_db
def test_report_names_the_row_whose_cell_was_too_long(tmp_path: Path) -> None:
    rows = [{"slug": slug, "name": slug, "day": 1, "time": "19:00", "city": "Albany"} for slug in ("first", "second")]
    (tmp_path / "feed.json").write_text(json.dumps([rows[0], rows[1] | {"notes": HOSTILE[0]}]))
    report = tmp_path / "report.csv"
    call_command("import_meetings", str(tmp_path / "feed.json"), service_body="River Area", report=str(report))
    with report.open() as written:
        told = {row["row"]: row["notes"] for row in csv.DictReader(written)}
    said = f"notes is too long and was cut to {cells.LONGEST_CELL} characters"
    assert [said in told[number] for number in ("1", "2")] == [False, True]
