"""The engine as it runs: several at once, killed in the middle, behind a real worker, broker and mail server."""

from __future__ import annotations

import datetime as dt
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection

from meetings.models import Signup
from meetings.queries.occurrences import upcoming_dates
from meetings.reminders.enums import ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.receivers import hint
from meetings.reminders.services import plan
from meetings.reminders.services.deliver import deliver_due
from meetings.reminders.services.sweep import sweep as sweep_rows
from meetings.reminders.tasks import sweep
from meetings.services import signups
from meetings.services.occurrences import move_occurrence
from support import clock
from support.messaging import EmailGateway, Letter, Result, Transient
from tests.conftest import forget_broker, shared_database_url
from tests.factories import make_meeting, make_occurrence, make_signup
from tests.servers import ROOT, CeleryWorker, SmtpSink, worker_environment

pytestmark = [pytest.mark.worker, pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def due_confirmations(count: int) -> list[Signup]:
    """Make `count` places in one date next week, each with its confirmation due now."""
    now = clock.now()
    occurrence = make_occurrence(on=(now + dt.timedelta(days=7)).date())
    places = [make_signup(occurrence=occurrence) for _n in range(count)]
    for place in places:
        plan.plan_confirmation(signups=[place], now=now)
    return places


class Loop:
    """`manage.py send_reminders --loop` in a process of its own."""

    def __init__(self, smtp_url: str) -> None:
        self._env = worker_environment(
            redis_url="", smtp_url=smtp_url, database_url=shared_database_url(), data_dir=django_settings.DATA_DIR
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "manage.py", "send_reminders", "--loop", "--interval", "0.1"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self._env, stdin=subprocess.DEVNULL)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self) -> int:
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@pytest.fixture
def loop(_smtp: tuple[SmtpSink, str], smtp_sink: SmtpSink) -> Iterator[Loop]:
    started = Loop(_smtp[1])
    yield started
    started.kill()


def let_leases_run_out() -> None:
    """Do what 120 seconds would."""
    past = clock.now() - dt.timedelta(seconds=1)
    Reminder.objects.filter(state__in=(ReminderState.CLAIMED, ReminderState.SUBMITTING)).update(lease_until=past)


def wait_until_settled(count: int, *, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while Reminder.objects.filter(state=ReminderState.ACCEPTED).count() < count:
        found = Counter(Reminder.objects.values_list("state", flat=True))
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def message_ids(sink: SmtpSink) -> Counter[str]:
    return Counter(str(message["Message-ID"]) for message in sink.messages)


def test_deliverers_at_once_send_each_message_once(smtp_settings: SmtpSink) -> None:
    due_confirmations(40)
    barrier = threading.Barrier(4)
    tallies = []

    def run() -> None:
        barrier.wait()
        try:
            tallies.append(deliver_due(read_clock=clock.now, batch=3))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sum(tally.accepted for tally in tallies) == 40
    # Each of them took part, or this test shows nothing.
    assert sum(tally.accepted > 0 for tally in tallies) > 1
    assert sorted(message_ids(smtp_settings).values()) == [1] * 40


def test_moves_while_many_are_being_sent_never_leave_anyone_with_an_old_time(smtp_settings: SmtpSink) -> None:
    [first, *_rest] = due_confirmations(60)
    occurrence = first.occurrence
    is_over = threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            while not is_over.is_set():
                deliver_due(read_clock=clock.now, batch=7)
        except BaseException as error:  # noqa: BLE001  # a thread's failure is the test's
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _n in range(2)]
    for thread in threads:
        thread.start()
    for move in range(1, 4):
        smtp_settings.wait_for(move * 12)
        starts_at = first.occurrence.starts_at + dt.timedelta(hours=move)
        move_occurrence(occurrence=occurrence, starts_at=starts_at, now=clock.now())
    deadline = time.monotonic() + 120
    while Reminder.objects.filter(state__in=ReminderState.values[:3]).exclude(kind=ReminderKind.REMINDER).exists():
        assert time.monotonic() < deadline
        sweep_rows(now=clock.now())
        time.sleep(0.05)
    is_over.set()
    for thread in threads:
        thread.join(120)
    assert failures == []
    assert set(message_ids(smtp_settings).values()) == {1}
    by_person: dict[str, list[int]] = {}
    for message in smtp_settings.messages:
        calendar = next(part for part in message.walk() if part.get_content_type() == "text/calendar")
        sequence = re.search(r"SEQUENCE:(\d+)", str(calendar.get_content()))
        assert sequence
        by_person.setdefault(str(message["To"]), []).append(int(sequence[1]))
    assert len(by_person) == 60
    for told in by_person.values():
        # A correction comes after what it corrects, and the last word is the truth.
        assert told == sorted(set(told))
        assert told[-1] == 3


def test_database_that_goes_away_during_a_send_costs_nothing(smtp_settings: SmtpSink, postgres: None) -> None:
    due_confirmations(5)
    sent: list[str] = []
    looks: list[int] = []

    class Cutting(EmailGateway):
        def open(self) -> Transient | None:
            if len(sent) == 2:
                # The next message could not be written without the database; by now what was sent is on record.
                looks.append(Reminder.objects.filter(state=ReminderState.ACCEPTED).count())
            return super().open()

        def send(self, letter: Letter, /, *, until: dt.datetime) -> Result:
            result = super().send(letter, until=until)
            sent.append(letter.message_id)
            if len(sent) == 2:
                connection.connection.close()
            return result

    gateway = Cutting()
    for _run in range(2):
        deliver_due(read_clock=clock.now, gateway=gateway)
        let_leases_run_out()
        sweep_rows(now=clock.now())
    assert looks == [2]
    assert Counter(Reminder.objects.values_list("state", flat=True)) == {"accepted": 5}
    assert sorted(message_ids(smtp_settings).values()) == [1] * 5


def test_loop_killed_in_the_middle_of_a_send_loses_nothing_and_doubles_at_most_that_one(
    loop: Loop, smtp_sink: SmtpSink
) -> None:
    due_confirmations(6)
    smtp_sink.script = ["accept", "accept", "hang"]
    loop.start()
    smtp_sink.wait_for(3)
    loop.kill()
    states = Counter(Reminder.objects.values_list("state", flat=True))
    assert states == {"accepted": 2, "submitting": 1, "claimed": 3}
    let_leases_run_out()
    loop.start()
    wait_until_settled(6)
    assert sorted(message_ids(smtp_sink).values()) == [1, 1, 1, 1, 1, 2]


@pytest.mark.timeout(400)  # seven starts of Python, which a busy machine takes its time for
def test_loop_killed_at_random_loses_nothing(loop: Loop, smtp_sink: SmtpSink) -> None:
    due_confirmations(150)
    kills = 0
    chance = random.Random(20261117)  # noqa: S311  # a reproducible test, not a secret
    while Reminder.objects.exclude(state=ReminderState.ACCEPTED).exists() and kills < 6:
        loop.start()
        seen = len(smtp_sink.received)
        deadline = time.monotonic() + 20
        # It counts from its first send, so that the kill falls among sends and not into the start of Python.
        while len(smtp_sink.received) <= seen and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.08))
        loop.kill()
        kills += 1
        let_leases_run_out()
    loop.start()
    wait_until_settled(150)
    counts = message_ids(smtp_sink)
    assert len(counts) == 150
    assert sum(counts.values()) - 150 <= kills
    assert max(counts.values()) <= 2


def test_loop_stops_when_asked(loop: Loop, smtp_sink: SmtpSink) -> None:
    due_confirmations(1)
    loop.start()
    smtp_sink.wait_for(1)
    wait_until_settled(1)
    assert loop.stop() == 0


def test_guest_hears_through_the_worker_and_of_a_move_once(
    celery_worker: CeleryWorker, smtp_sink: SmtpSink, settings: Any
) -> None:
    settings.REDIS_URL = celery_worker.env["REDIS_URL"]
    meeting = make_meeting()
    now = clock.now()
    date = upcoming_dates(meeting, now=now, limit=2)[-1].original_date
    [signup] = signups.request_guest_signup(
        meeting=meeting, date=date, every=False, email="guest@example.org", tz="America/New_York",
        language="en", hour_cycle="h12", now=now,
    )  # fmt: skip
    smtp_sink.wait_for(1)
    signups.confirm_signups(signup=signup, now=clock.now())
    smtp_sink.wait_for(2)
    wait_until_settled(2)
    starts_at = signup.occurrence.starts_at + dt.timedelta(hours=1)
    move_occurrence(occurrence=signup.occurrence, starts_at=starts_at, now=clock.now())
    smtp_sink.wait_for(3)
    # The reminder follows the new time: let that time come.
    reminder = Reminder.objects.get(kind=ReminderKind.REMINDER, state=ReminderState.PLANNED)
    assert reminder.due_at == starts_at - dt.timedelta(hours=2)
    subjects = [str(message["Subject"]).split()[0] for message in smtp_sink.messages]
    assert subjects == ["Please", "Confirmed", "Moved"]


def test_worker_killed_in_the_middle_of_a_send_is_followed_by_another(
    celery_worker: CeleryWorker, smtp_sink: SmtpSink, settings: Any
) -> None:
    settings.REDIS_URL = celery_worker.env["REDIS_URL"]
    due_confirmations(5)
    smtp_sink.script = ["accept", "hang"]
    hint()
    smtp_sink.wait_for(2)
    celery_worker.kill()
    let_leases_run_out()
    celery_worker.start()
    # What beat does every few seconds.
    sweep.apply_async(expires=30)
    smtp_sink_before = len(smtp_sink.received)
    deadline = time.monotonic() + 120
    while Reminder.objects.exclude(state=ReminderState.ACCEPTED).exists():
        assert time.monotonic() < deadline
        hint()
        time.sleep(0.2)
    assert len(smtp_sink.received) > smtp_sink_before
    assert sorted(message_ids(smtp_sink).values()) == [1, 1, 1, 1, 2]


def test_hint_without_a_broker_ends_and_fails_nothing(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = "unix:///tmp/no-such-socket"
    monkeypatch.setenv("CELERY_BROKER_URL", "redis+socket:///tmp/no-such-socket")
    forget_broker()
    hint()
    monkeypatch.undo()
    forget_broker()
    assert os.environ.get("CELERY_BROKER_URL") != "redis+socket:///tmp/no-such-socket"
