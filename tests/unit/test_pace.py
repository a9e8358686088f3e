"""The pace of sending in one process, where Redis is not there to keep it together."""

from __future__ import annotations

from typing import Any

import pytest

from support.messaging.pace import Pace


@pytest.fixture(autouse=True)
def _slow(settings: Any) -> None:
    """One text in 25 seconds, so that no test is fast or slow enough to matter; alone, one in 100."""
    settings.REDIS_URL = ""
    settings.SEND_RATES = {"sms": 0.04, "email": 0.0}


def test_second_message_waits_and_is_not_counted_until_it_leaves() -> None:
    pace = Pace()
    assert pace.wait("sms") == 0.0
    # A second's worth may leave at once.
    first, second = pace.wait("sms"), pace.wait("sms")
    assert 80 < second <= first <= 99


def test_channel_without_a_pace_never_waits() -> None:
    pace = Pace()
    pace.wait("sms")
    assert [pace.wait(channel) for channel in ("email", "email", "push", "push")] == [0.0] * 4


def test_parts_are_paid_for_one_by_one() -> None:
    pace = Pace()
    assert pace.wait("sms", parts=3) == 0.0
    assert 280 < pace.wait("sms") <= 299


def test_urgent_one_never_waits_and_those_after_it_wait_the_longer() -> None:
    pace = Pace()
    assert [pace.wait("sms", is_urgent=True) for _number in range(3)] == [0.0] * 3
    assert 280 < pace.wait("sms") <= 299


def test_redis_that_is_away_is_said_once_and_not_asked_for_each_message(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "unix:///nonexistent/valkey.sock"
    pace = Pace()
    assert pace.wait("sms") == 0.0
    assert all(pace.wait("sms") > 80 for _number in range(3))
    assert [record.getMessage() for record in caplog.records] == [
        "The pace of sms is kept without Redis (ConnectionError)."
    ]
    pace.close()
    pace.close()
