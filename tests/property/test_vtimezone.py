"""A zone as calendar files carry it is the zone that we run on, in dateutil, which shares no code with the writer."""

from __future__ import annotations

import datetime as dt
import io
import random
import re
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical

from meetings.feeds.vtimezone import changes, vtimezone
from support import clock
from tests.conftest import NOW

SINCE, UNTIL = NOW - dt.timedelta(days=366), NOW + dt.timedelta(days=3660)
HOUR = dt.timedelta(hours=1)


@cache
def written(tz: str) -> str:
    text: str = vtimezone(tz, since=SINCE, until=UNTIL).to_ical().decode()
    return text.replace("\r\n ", "").replace("\r\n", "\n")


def is_told_once(wall: dt.datetime, tz: str) -> bool:
    first, second = (wall.replace(tzinfo=ZoneInfo(tz), fold=fold).utcoffset() for fold in (0, 1))
    return first == second


def test_every_zone_is_read_as_it_is_a_year_back_and_ten_years_on() -> None:
    wrong, seen = [], 0
    chance = random.Random(0)  # noqa: S311  # the same instants each time
    for tz in sorted(clock.zone_names()):
        zone = tzical(io.StringIO(written(tz))).get()
        turns = [change.at for change in changes(tz, SINCE.year, UNTIL.year)]
        around = [turn + passed for turn in turns for passed in (-HOUR, 0 * HOUR, 2 * HOUR)]
        anywhere = [SINCE + chance.random() * (UNTIL - SINCE) for _ in range(25)]
        for at in (each.replace(microsecond=0) for each in [SINCE, UNTIL, *around, *anywhere]):
            wall = clock.to_wall(at, tz)
            if SINCE <= at <= UNTIL and is_told_once(wall, tz):
                seen += 1
                if wall.replace(tzinfo=zone).astimezone(dt.UTC) != at:
                    wrong.append((tz, at, wall))
    assert wrong == []
    assert seen > 20 * len(clock.zone_names())


def test_no_zone_names_two_changes_on_one_line_or_mixes_rules_with_single_ones() -> None:
    for tz in clock.zone_names():
        text = written(tz)
        assert not re.search(r"^RDATE.*,", text, re.MULTILINE), tz
        assert "RRULE" not in text or "RDATE" not in text, tz
        assert len(text) < 1000, tz


@pytest.mark.parametrize(
    ("tz", "forward", "back"),
    [
        ("America/New_York", "T020000 BYDAY=2SU;BYMONTH=3", "T020000 BYDAY=1SU;BYMONTH=11"),
        ("Europe/London", "T010000 BYDAY=-1SU;BYMONTH=3", "T020000 BYDAY=-1SU;BYMONTH=10"),
        ("Europe/Dublin", "T010000 BYDAY=-1SU;BYMONTH=3", "T020000 BYDAY=-1SU;BYMONTH=10"),
        ("Australia/Lord_Howe", "T020000 BYDAY=1SU;BYMONTH=10", "T020000 BYDAY=1SU;BYMONTH=4"),
        ("Africa/Casablanca", "T020000 RDATE", "T030000 RDATE"),
    ],
)
def test_onset_is_told_on_the_clocks_that_it_ends(tz: str, forward: str, back: str) -> None:
    text = written(tz).replace("\nRRULE:FREQ=YEARLY;", " ").replace("\nRDATE", " RDATE")
    assert re.search(rf"BEGIN:DAYLIGHT\nDTSTART:\d{{8}}{re.escape(forward)}", text), text
    assert re.search(rf"BEGIN:STANDARD\nDTSTART:\d{{8}}{re.escape(back)}", text), text
    assert text.count("BEGIN:DAYLIGHT") == text.count("BEGIN:STANDARD") == 1


def test_rule_of_earlier_years_is_told_where_a_date_is_so_old() -> None:
    text = vtimezone("America/New_York", since=NOW - dt.timedelta(days=366 * 22), until=UNTIL).to_ical().decode()
    assert "DTSTART:20070311T020000\r\nRRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3\r\n" in text
    assert "RDATE:20060402T020000\r\n" in text


@pytest.mark.parametrize("tz", ["Pacific/Apia", "Asia/Tehran", "America/Phoenix", "Etc/GMT+5"])
def test_zone_whose_clocks_do_not_change_has_one_offset(tz: str) -> None:
    text = written(tz)
    assert text.count("BEGIN:STANDARD") == 1
    assert "BEGIN:DAYLIGHT" not in text
    assert "RDATE" not in text
