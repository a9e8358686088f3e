"""Run by `script/bench calendars` alone, which gets ical.js: see tests.ical_js."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from tests import ical_js
from tests.conftest import NOW
from tests.helpers.calendars import cases

pytestmark = pytest.mark.django_db


def test_ical_js_reads_the_hours_of_the_pages_in_every_file(tmp_path: Path) -> None:
    judged = list(cases(NOW))
    given, found = tmp_path / "given.json", tmp_path / "found.json"
    files = [
        {"content": case.content.decode(), "start": _milliseconds(case.start), "end": _milliseconds(case.end)}
        for case in judged
    ]
    given.write_text(json.dumps(files))
    ical_js.read(given, found)
    wrong = []
    for case, spans in zip(judged, json.loads(found.read_text()), strict=True):
        expected = [[_milliseconds(start), _milliseconds(end)] for start, end in case.expected]
        if spans != expected:
            strays = [dt.datetime.fromtimestamp(at / 1000, dt.UTC).isoformat() for at, _end in _strays(spans, expected)]
            wrong.append((case.name, strays))
    assert wrong == [], f"{len(wrong)} of {len(judged)} files"


def _strays(spans: list[list[int]], expected: list[list[int]]) -> list[list[int]]:
    return [span for span in spans if span not in expected][:3] + [span for span in expected if span not in spans][:3]


def _milliseconds(instant: dt.datetime) -> int:
    return round(instant.timestamp() * 1000)
