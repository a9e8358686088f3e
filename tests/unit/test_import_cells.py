from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from meetings import addresses
from meetings.imports import cells
from meetings.imports.cells import Cells
from meetings.imports.records import Unreadable


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (1, (0,)),
        (0, (6,)),
        ("0", (6,)),
        ("Monday", (0,)),
        ("tue", (1,)),
        ("Wed.", (2,)),
        ("Sundays", (6,)),
        ([5], (4,)),
        ([1, 3, "Friday"], (0, 2, 4)),
        ("1,2", (0, 1)),
        ([1, 1], (0,)),
        (None, ()),
        ("", ()),
        ([], ()),
    ],
)
def test_weekdays_count_from_sunday_or_are_named(given: Any, expected: tuple[int, ...]) -> None:
    assert cells.weekdays(given) == expected


@pytest.mark.parametrize("given", [7, 8, -1, "8", "x", "s", "t", [1, 9], {}, True, 1.5, [[1]]])
def test_weekdays_refuse_what_is_no_day(given: Any) -> None:
    with pytest.raises(Unreadable):
        cells.weekdays(given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("18:00", "18:00"),
        ("20:00:00", "20:00"),
        ("8:00 PM", "20:00"),
        ("12:00 AM", "00:00"),
        ("12:15 pm", "12:15"),
        ("7:30a.m.", "07:30"),
        ("7 pm", "19:00"),
        ("0930", "09:30"),
        ("noon", "12:00"),
        ("00:00", "00:00"),
    ],
)
def test_clock_times_in_many_spellings(given: str, expected: str) -> None:
    assert cells.clock_time(given) == dt.time.fromisoformat(expected)


@pytest.mark.parametrize("given", ["25:00", "24:00", "12:60", "late", "7", "-1:00", "13:00:00:00", [], {}, "0:0"])
def test_clock_times_refuse_what_is_no_time(given: Any) -> None:
    with pytest.raises(Unreadable):
        cells.clock_time(given)


@pytest.mark.parametrize(
    ("start", "end", "minutes", "is_noted"),
    [
        ("19:00", "20:30", 90, False),
        ("23:30", "00:30", 60, False),
        ("22:00", "10:00", 720, False),
        ("19:15", "08:15", 60, True),
        ("17:30", "16:30", 60, True),
        ("10:00", "10:00", 60, True),
        ("19:00", None, 60, False),
    ],
)
def test_a_meeting_that_ends_before_it_starts_ends_the_next_day(
    start: str, end: str | None, minutes: int, is_noted: bool
) -> None:
    notes: list[str] = []
    lasts = cells.duration_until(dt.time.fromisoformat(start), dt.time.fromisoformat(end) if end else None, notes)
    assert lasts == dt.timedelta(minutes=minutes)
    assert bool(notes) is is_noted


@pytest.mark.parametrize(
    ("given", "minutes"),
    [
        ("01:30:00", 90),
        ("01:15", 75),
        ("00:00:00", 60),
        ("", 60),
        (None, 60),
        ("24:00:00", 1440),
        ("25:00:00", 60),
        ("-01:00:00", 60),
        ("soon", 60),
        (90, 60),
    ],
)
def test_durations_fall_back_to_an_hour(given: Any, minutes: int) -> None:
    assert cells.duration(given, []) == dt.timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("<p>Ring the <b>bell</b>.</p><p>Twice.</p>", "Ring the bell.\n\nTwice."),
        ("one<br />two<br>three", "one\ntwo\nthree"),
        ("Peace &amp; Wills", "Peace & Wills"),
        ("under 5 < 6 years", "under 5 < 6 years"),
        ("<script>alert(1)</script>Hello", "Hello"),
        ("nul\x00byte \ud800 end&#0;", "nul byte end�"),
        ("<!-- hidden -->shown", "shown"),
        ("بيت الأمل 🌱", "بيت الأمل 🌱"),
        (None, ""),
        (True, ""),
        ({"a": 1}, ""),
        (64113, "64113"),
        (64113.0, "64113"),
    ],
)
def test_notes_become_plain_text(given: Any, expected: str) -> None:
    assert Cells({"notes": given}).paragraphs("notes") == expected


def test_a_line_too_long_is_cut_and_noted() -> None:
    row = Cells({"name": "x" * 300})
    assert (len(row.line("name")), row.notes) == (255, ["name is too long and was cut to 255 characters"])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"latitude": 42.5, "longitude": "-73.5"}, (42.5, -73.5)),
        ({"coordinates": "42.5, -73.5"}, (42.5, -73.5)),
        ({"coordinates": "42,-74,43,-73"}, (42.5, -73.5)),
        ({"latitude": "0", "longitude": "0"}, None),
        ({"latitude": 91, "longitude": 0}, None),
        ({"latitude": float("nan"), "longitude": 1}, None),
        ({"latitude": float("inf"), "longitude": 1}, None),
        ({"latitude": 42.5}, None),
        ({"latitude": "north", "longitude": "west"}, None),
        ({"coordinates": "somewhere"}, None),
        ({"coordinates": "a,b,c,d"}, None),
        ({"latitude": [1], "longitude": {}}, None),
        ({}, None),
    ],
)
def test_positions_in_many_forms(given: dict[str, Any], expected: tuple[float, float] | None) -> None:
    assert Cells(given).position() == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://zoom.us/j/1?pwd=abc", "https://zoom.us/j/1?pwd=abc"),
        ("zoom.us/j/1", "https://zoom.us/j/1"),
        ("javascript:alert(1)", ""),
        ("ask at the door", ""),
        ("https://", ""),
        ("http://[::1", ""),
        ("mailto:a@example.org", ""),
        ("https://example.org/" + "x" * 1000, ""),
    ],
)
def test_addresses_that_nobody_can_open_are_left_out(given: str, expected: str) -> None:
    row = Cells({"url": given})
    assert row.url("url") == expected
    assert bool(row.notes) is not bool(expected)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2021-05-26 19:03:46", dt.datetime(2021, 5, 26, 19, 3, 46, tzinfo=dt.UTC)),
        ("2021-05-26T19:03:46+02:00", dt.datetime(2021, 5, 26, 17, 3, 46, tzinfo=dt.UTC)),
        ("8/25/2022 11:17:07 PM", dt.datetime(2022, 8, 25, 23, 17, 7, tzinfo=dt.UTC)),
        ("8/28/2021", dt.datetime(2021, 8, 28, tzinfo=dt.UTC)),
        ("2020-04-0416:50:58", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_stamps_in_many_forms(given: str, expected: dt.datetime | None) -> None:
    assert cells.instant(given) == expected


@pytest.mark.parametrize("given", ["US", "USA", "U.S.A", "U.S.", "United States", "United States of America"])
def test_a_country_has_one_name(given: str) -> None:
    assert addresses.country_code(given) == "US"
