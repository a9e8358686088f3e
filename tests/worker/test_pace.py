"""How fast messages leave: together, in the order of their lanes, and without Redis no faster."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from meetings.reminders.enums import Lane, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services.deliver import deliver_due
from support import clock
from support.messaging import Accepted, Letter, Transient
from support.messaging.pace import BURST, Pace
from tests.factories import make_occurrence, make_reminder, make_signup

pytestmark = pytest.mark.worker


def taken(pace: Pace, seconds: float, **more: Any) -> int:
    """Return how many messages `pace` lets go within so many seconds."""
    until, count = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        if pause := pace.wait("sms", **more):
            time.sleep(min(pause, max(0.0, until - time.monotonic())))
        else:
            count += 1
    return count


@pytest.fixture
def shared(valkey: redis.Redis, valkey_url: str, settings: Any) -> None:
    settings.REDIS_URL = valkey_url
    settings.SEND_RATES = {"sms": 20.0, "email": 0.0}


@pytest.mark.usefixtures("shared")
def test_several_processes_keep_one_pace() -> None:
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _number: taken(Pace(), 2.0), range(4)))
    # Two seconds at twenty a second, and one second's worth at once.
    assert 50 <= sum(counts) <= 20 * (2.0 + BURST) + 4


@pytest.mark.usefixtures("shared")
def test_parts_count_and_channels_without_a_rate_do_not() -> None:
    assert 15 <= taken(Pace(), 1.0, parts=2) <= 22
    assert [Pace().wait("email") for _number in range(100)] == [0.0] * 100


@pytest.mark.usefixtures("shared")
def test_urgent_ones_never_wait_and_are_counted() -> None:
    pace = Pace()
    assert [pace.wait("sms", is_urgent=True) for _number in range(60)] == [0.0] * 60
    assert pace.wait("sms") > 1.5


def test_without_redis_the_pace_is_slower_and_holds(settings: Any) -> None:
    settings.REDIS_URL = "unix:///nonexistent/valkey.sock"
    settings.SEND_RATES = {"sms": 20.0}
    assert 7 <= taken(Pace(), 1.0) <= 12


class Slow:
    """A gateway that remembers what went when."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, str]] = []

    def open(self) -> Transient | None:
        return None

    def send(self, letter: Letter, /, *, until: dt.datetime) -> Accepted:
        self.sent.append((time.monotonic(), letter.message_id))
        return Accepted()

    def close(self) -> None:
        pass


@pytest.mark.django_db(transaction=True)
def test_the_engine_keeps_the_pace_and_lets_the_urgent_through(
    valkey: redis.Redis, valkey_url: str, settings: Any
) -> None:
    settings.REDIS_URL = valkey_url
    settings.SEND_RATES = {"email": 10.0}
    now = clock.now()
    occurrence = make_occurrence(starts_at=now + dt.timedelta(days=3))
    rows = {
        lane: [
            make_reminder(
                signup=make_signup(occurrence=occurrence),
                lane=lane,
                due_at=now - dt.timedelta(hours=1),
                deadline_at=now + dt.timedelta(days=1),
                message_id=f"<{lane}-{number}@example.org>",
            )
            for number in range(count)
        ]
        for lane, count in ((Lane.LATER, 15), (Lane.CHANGE, 10), (Lane.URGENT, 5))
    }
    gateway = Slow()
    begun = time.monotonic()
    deliver_due(read_clock=clock.now, gateway=gateway)
    seconds = time.monotonic() - begun
    assert Reminder.objects.filter(state=ReminderState.ACCEPTED).count() == sum(len(each) for each in rows.values())
    # Thirty at ten a second, less what may go at once.
    assert 1.8 <= seconds <= 6.0
    lanes = [message_id[1] for _at, message_id in gateway.sent]
    assert lanes == sorted(lanes), "the urgent first, then changes, then the rest"
    gaps = [later - earlier for (earlier, _a), (later, _b) in itertools.pairwise(gateway.sent)]
    assert max(gaps[:4]) < 0.5, "nothing urgent waited"
