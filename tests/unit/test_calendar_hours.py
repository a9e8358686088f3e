"""What a calendar file says in hours is what the pages say, also in a program that shares no code with us."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.conftest import NOW
from tests.helpers.calendars import cases
from tests.helpers.ics import spans

pytestmark = pytest.mark.django_db


def test_every_file_has_the_hours_of_the_pages_in_another_parser() -> None:
    wrong, seen = [], 0
    for case in cases(NOW):
        found = spans(case.content, case.start, case.end)
        seen += len(found)
        if found != case.expected:
            wrong.append((case.name, sorted(set(found) ^ set(case.expected))[:4]))
    assert wrong == []
    assert seen > dt.timedelta(days=30_000).days
