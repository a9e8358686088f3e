from __future__ import annotations

import datetime as dt

import pytest

#: A Tuesday, 18:00 in New York, a fortnight after the autumn clock change.
NOW = dt.datetime(2026, 11, 17, 23, 0, tzinfo=dt.UTC)


@pytest.fixture
def now() -> dt.datetime:
    return NOW
