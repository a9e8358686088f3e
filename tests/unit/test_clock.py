from __future__ import annotations

import datetime as dt

import pytest

from support import clock


@pytest.mark.parametrize(
    ("wall", "tz", "utc"),
    [
        (dt.datetime(2026, 7, 1, 19, 0), "America/New_York", "2026-07-01T23:00"),
        (dt.datetime(2026, 12, 1, 19, 0), "America/New_York", "2026-12-02T00:00"),
        # The spring gap: 02:30 does not exist and slides to 03:30.
        (dt.datetime(2026, 3, 8, 2, 30), "America/New_York", "2026-03-08T07:30"),
        # Autumn: 01:30 happens twice and means the first, still on summer time.
        (dt.datetime(2026, 11, 1, 1, 30), "America/New_York", "2026-11-01T05:30"),
        # Lord Howe moves by half an hour.
        (dt.datetime(2026, 10, 4, 2, 15), "Australia/Lord_Howe", "2026-10-03T15:45"),
        (dt.datetime(2026, 5, 1, 8, 0), "Asia/Kolkata", "2026-05-01T02:30"),
    ],
)
def test_wall_time_becomes_the_instant_its_zone_means(wall: dt.datetime, tz: str, utc: str) -> None:
    assert clock.to_instant(wall, tz) == dt.datetime.fromisoformat(f"{utc}+00:00")


def test_an_aware_wall_time_is_refused() -> None:
    with pytest.raises(ValueError, match="no zone"):
        clock.to_instant(dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "UTC")


@pytest.mark.parametrize(
    ("name", "known"), [("Europe/London", True), ("Mars/Olympus", False), ("../etc/passwd", False), ("", False)]
)
def test_only_iana_zones_are_zones(name: str, known: bool) -> None:
    assert clock.is_zone(name) is known
