"""A process whose clock is wrong by the database's sends nothing, frees nobody's claims, and says so."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from meetings.models import Signup
from meetings.reminders.enums import ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services import plan
from meetings.reminders.services.deliver import LEASE, Tally, claim, deliver_due
from meetings.reminders.services.sweep import Swept, sweep
from support import clock, database_clock
from support.messaging import Result
from tests.factories import make_occurrence, make_reminder, make_signup
from tests.helpers.gateways import CountingGateway

pytestmark = [pytest.mark.django_db, pytest.mark.real_clock, pytest.mark.database_clock, pytest.mark.postgres]

SECOND, MINUTE, HOUR = dt.timedelta(seconds=1), dt.timedelta(minutes=1), dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _nothing_said() -> Iterator[None]:
    database_clock._is_said.clear()
    yield
    database_clock._is_said.clear()


def off_by(by: dt.timedelta) -> database_clock.Clock:
    return lambda: clock.now() + by


@pytest.mark.usefixtures("postgres")
@pytest.mark.parametrize("by", [HOUR, -HOUR, 31 * SECOND, -31 * SECOND])
def test_clock_that_is_wrong_by_the_databases_sends_nothing(by: dt.timedelta) -> None:
    row, post = make_reminder(), CountingGateway()
    assert deliver_due(read_clock=off_by(by), gateway=post) == Tally()
    row.refresh_from_db()
    assert (post.taken, row.state) == (0, ReminderState.PLANNED)


@pytest.mark.usefixtures("postgres")
@pytest.mark.parametrize("by", [0 * SECOND, 25 * SECOND, -25 * SECOND])
def test_clock_that_is_nearly_right_sends(by: dt.timedelta) -> None:
    make_reminder()
    assert deliver_due(read_clock=off_by(by), gateway=CountingGateway()) == Tally(accepted=1)


@pytest.mark.usefixtures("postgres")
def test_difference_is_told_with_its_sign() -> None:
    ahead = database_clock.ahead(off_by(HOUR))
    behind = database_clock.ahead(off_by(-HOUR))
    assert abs(ahead - HOUR) < 5 * SECOND
    assert abs(behind + HOUR) < 5 * SECOND
    assert database_clock.ahead(clock.now) == dt.timedelta()


@pytest.mark.usefixtures("postgres")
def test_clock_that_is_wrong_frees_nobodys_claims() -> None:
    make_reminder(due_at=clock.now() - MINUTE)
    [pk] = claim(now=clock.now(), token=uuid.uuid4())
    assert sweep(now=clock.now() + HOUR) == Swept()
    assert Reminder.objects.get(pk=pk).state == ReminderState.CLAIMED
    # By the right clock it is theirs to the end of their lease, and no longer.
    Reminder.objects.filter(pk=pk).update(lease_until=clock.now() - SECOND)
    assert sweep(now=clock.now()).released == 1


@pytest.mark.usefixtures("postgres")
def test_clock_that_goes_wrong_in_the_middle_of_a_run_stops_it() -> None:
    for _number in range(5):
        make_reminder()
    by, post = [dt.timedelta()], CountingGateway()

    class Jumps(CountingGateway):
        def send(self, message: object, /, **_: Any) -> Result:
            by[0] = LEASE - 50 * SECOND  # no claim has ended by it
            return super().send(message)

    post = Jumps()
    deliver_due(read_clock=lambda: clock.now() + by[0], gateway=post)
    assert post.taken == 1
    assert Reminder.objects.filter(state=ReminderState.PLANNED).count() == 4


@pytest.mark.usefixtures("postgres")
def test_wrong_clock_is_logged_once_and_once_more_when_it_is_right(caplog: pytest.LogCaptureFixture) -> None:
    make_reminder()
    with caplog.at_level(logging.WARNING, logger="support.database_clock"):
        for by in (HOUR, HOUR, dt.timedelta(), dt.timedelta()):
            deliver_due(read_clock=off_by(by), gateway=CountingGateway())
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert "is 3600 s ahead of the database's" in caplog.text


@pytest.mark.usefixtures("postgres")
def test_planning_goes_on_by_a_wrong_clock() -> None:
    signup: Signup = make_signup(occurrence=make_occurrence(on=(clock.now() + dt.timedelta(days=7)).date()))
    plan.plan_confirmation(signups=[signup], now=clock.now() + HOUR)
    assert Reminder.objects.count() == 1


@pytest.mark.usefixtures("postgres")
def test_monitors_see_a_wrong_clock(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/healthz").json()["clock_ahead_seconds"] == 0
    # Another process that refuses says so, too.
    make_reminder()
    deliver_due(read_clock=off_by(-HOUR), gateway=CountingGateway())
    found = client.get("/healthz").json()
    assert found["status"] == "degraded"
    assert -3605 <= found["clock_ahead_seconds"] <= -3595
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + 2 * HOUR)
    assert client.get("/healthz").json()["clock_ahead_seconds"] in range(7195, 7205)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="another server's clock may differ")
def test_file_of_this_machine_has_its_clock() -> None:
    assert database_clock.ahead(off_by(HOUR)) == dt.timedelta()


def test_database_is_asked_once_a_minute_and_after_the_clock_was_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(database_clock, "ahead", lambda _read_clock: asked.append(1) or dt.timedelta())  # type: ignore[func-returns-value]
    watch, begun = database_clock.Watch(clock.now), clock.now()
    counts = []
    for seconds in (0, 59, 60, 119, 120, 90, 149):
        assert watch.agrees(begun + seconds * SECOND)
        counts.append(len(asked))
    assert counts == [1, 1, 2, 2, 3, 4, 4]
