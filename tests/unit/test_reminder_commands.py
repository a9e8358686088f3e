"""What an operator runs by hand, and what beat has run: each looks at the rows, and any of them may run at any time."""

from __future__ import annotations

import datetime as dt
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, connection

from meetings.reminders.enums import ReminderState
from meetings.reminders.models import InboundText, Reminder, ZoneRelease
from support import clock
from support.celery import app
from tests.conftest import NOW
from tests.factories import make_occurrence, make_reminder, make_signup

#: Each channel has a thread, and so a connection, of its own.
pytestmark = pytest.mark.django_db(transaction=True)

DAY = dt.timedelta(days=1)
SECOND = dt.timedelta(seconds=1)


def left_behind() -> Reminder:
    """Make a reminder whose worker vanished before it began."""
    return make_reminder(ReminderState.CLAIMED, lease_until=NOW - SECOND)


def state(reminder: Reminder) -> str:
    reminder.refresh_from_db()
    return reminder.state


# -- send_reminders --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [(), ("--once",)])
def test_once_sends_what_is_due_and_what_was_left_behind_and_says_how_many(how: tuple[str, ...]) -> None:
    rows = [make_reminder(), left_behind(), make_reminder(due_at=NOW + SECOND)]
    said = StringIO()
    call_command("send_reminders", *how, stdout=said)
    assert said.getvalue() == "accepted=2 other=0\n"
    assert [state(row) for row in rows] == ["accepted", "accepted", "planned"]
    assert len(mail.outbox) == 2
    call_command("send_reminders", *how, stdout=said)
    assert said.getvalue() == "accepted=2 other=0\naccepted=0 other=0\n"


def test_once_and_loop_exclude_each_other() -> None:
    with pytest.raises(CommandError, match="not allowed with"):
        call_command("send_reminders", "--once", "--loop")


@pytest.fixture
def _own_handlers() -> Iterator[None]:
    """Give signals back to whom they belong to; the loop takes them for its process."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def once(condition: Callable[[], object], number: int) -> threading.Thread:
    """Send this process a signal once something is so."""

    def watch() -> None:
        while not condition():
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


@pytest.mark.usefixtures("_own_handlers")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_loop_sends_until_it_is_told_to_stop_and_ends_in_peace(number: int) -> None:
    rows = [make_reminder(), left_behind()]
    watcher = once(lambda: len(mail.outbox) == 2, number)
    # It does not wait out its interval.
    call_command("send_reminders", "--loop", "--interval", "3600")
    watcher.join()
    assert [state(row) for row in rows] == ["accepted", "accepted"]


@pytest.mark.usefixtures("_own_handlers")
def test_loop_outlives_a_database_that_is_away() -> None:
    row = make_reminder()
    outages = iter([OperationalError("server closed the connection"), OperationalError("and again")])

    def fail(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if error := next(outages, None):
            raise error
        return execute(sql, params, many, context)

    watcher = once(lambda: mail.outbox, signal.SIGTERM)
    said = StringIO()
    with connection.execute_wrapper(fail):
        call_command("send_reminders", "--loop", "--interval", "0", stderr=said)
    watcher.join()
    assert said.getvalue() == "The database cannot be reached (OperationalError).\n" * 2
    assert state(row) == ReminderState.ACCEPTED


# -- tasks -----------------------------------------------------------------------------------------------------------


def run(task: str) -> None:
    """Run a task by the name under which beat asks for it."""
    assert task in {entry["task"] for entry in django_settings.CELERY_BEAT_SCHEDULE.values()}
    app.tasks[task]()


def test_deliver_sends_what_is_due_and_leaves_the_rest() -> None:
    rows = [make_reminder(), left_behind()]
    run("reminders.deliver")
    assert [state(row) for row in rows] == ["accepted", "claimed"]


def test_sweep_gives_back_what_was_left_behind_and_sends_nothing() -> None:
    rows = [make_reminder(), left_behind()]
    run("reminders.sweep")
    assert [state(row) for row in rows] == ["planned", "planned"]
    assert mail.outbox == []


def test_purge_forgets_messages_of_dates_that_are_long_over() -> None:
    _old, young = (
        make_reminder(ReminderState.ACCEPTED, signup=make_signup(occurrence=make_occurrence(starts_at=NOW - age)))
        for age in (django_settings.RETENTION["messages"] + DAY, DAY)
    )
    run("reminders.purge")
    assert list(Reminder.objects.all()) == [young]


def test_purge_texts_forgets_those_that_are_old() -> None:
    for number, age in enumerate((django_settings.RETENTION["inbound_texts"] + SECOND, DAY)):
        InboundText.objects.create(
            provider_id=f"SM{number}", sender="+12025550143", text="hello", word="other", received_at=NOW - age
        )
    run("reminders.purge_texts")
    assert list(InboundText.objects.values_list("provider_id", flat=True)) == ["SM1"]


def test_follow_zone_data_notes_the_release_that_this_machine_has() -> None:
    run("reminders.follow_zone_data")
    assert list(ZoneRelease.objects.values_list("version", "applied_at")) == [(clock.zone_release(), NOW)]
