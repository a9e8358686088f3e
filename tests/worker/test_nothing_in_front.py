"""Real processes beside one another: a backlog, a host with other keys and a host whose clock is wrong."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings as django_settings

from meetings.reminders.enums import ReminderState
from meetings.reminders.models import ChannelOutage, Reminder
from meetings.reminders.receivers import hint
from meetings.reminders.tasks import sweep
from support import clock, supervisor
from tests.conftest import shared_database_url
from tests.factories import make_reminder
from tests.servers import ROOT, CeleryWorker, SmtpSink, tied, worker_environment
from tests.sms_servers import ACCOUNT, TOKEN, FakeTwilio, twilio_server
from tests.worker.test_text_delivery import due_texts

pytestmark = [pytest.mark.worker, pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

HOUR = dt.timedelta(hours=1)
#: `manage.py`, by a clock that is an hour ahead.
AN_HOUR_AHEAD = (
    "import runpy, sys, time, time_machine; time_machine.travel(time.time() + 3600).start();"
    "sys.argv[0] = 'manage.py'; runpy.run_path('manage.py', run_name='__main__')"
)

Host = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def host(_smtp: tuple[SmtpSink, str], smtp_sink: SmtpSink) -> Host:
    """A function that sends all that is due, as a host with an environment of its own does."""

    def run(*, command: tuple[str, ...] = ("manage.py",), **more: str) -> subprocess.CompletedProcess[str]:
        env = worker_environment(
            redis_url="", smtp_url=_smtp[1], database_url=shared_database_url(), data_dir=django_settings.DATA_DIR
        )
        return subprocess.run(
            [sys.executable, *command, "send_reminders", "--once"],
            cwd=ROOT, env={**env, **more}, capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip

    return run


def states() -> Counter[str]:
    return Counter(Reminder.objects.values_list("state", flat=True))


# -- a backlog -------------------------------------------------------------------------------------------------------


@pytest.fixture
def sweeper(celery_worker: CeleryWorker, tmp_path: Path) -> Iterator[None]:
    """The second worker of script/server, by its own command line."""
    children = supervisor.site_processes({"REDIS_URL": "unix:///x"}, host="127.0.0.1", port=1, is_empty=True)
    [command] = [child.command for child in children if child.name == "sweeper"]
    log = tmp_path / "sweeper.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            command, cwd=ROOT, env=celery_worker.env, stdin=subprocess.DEVNULL, stdout=written, stderr=written,
            start_new_session=True, preexec_fn=tied(),
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while " ready." not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_worker_that_is_told_of_no_queue_sweeps_too(celery_worker: CeleryWorker) -> None:
    """As the command line of an older release has it."""
    left = make_reminder(ReminderState.CLAIMED, lease_until=clock.now() - dt.timedelta(seconds=1))
    sweep.apply_async(expires=30)
    deadline = time.monotonic() + 30
    while Reminder.objects.get(pk=left.pk).state == ReminderState.CLAIMED:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.usefixtures("sweeper")
def test_sweep_is_behind_no_backlog(celery_worker: CeleryWorker, smtp_sink: SmtpSink, settings: Any) -> None:
    settings.REDIS_URL = celery_worker.env["REDIS_URL"]
    smtp_sink.behaviour = "hang"
    # Each of the worker's two processes has one in hand that takes as long as a mail server may.
    for number in (1, 2):
        make_reminder()
        hint()
        smtp_sink.wait_for(number, seconds=20)
    left = make_reminder(ReminderState.CLAIMED, lease_until=clock.now() - dt.timedelta(seconds=1))
    for _beat in range(15):
        hint()
    sweep.apply_async(expires=30)
    deadline = time.monotonic() + 10
    while Reminder.objects.get(pk=left.pk).state == ReminderState.CLAIMED:
        assert time.monotonic() < deadline, "the sweep waits for the backlog"
        time.sleep(0.05)
    assert states()["submitting"] == 2
    # Another test's worker has nothing in hand.
    celery_worker.kill()


# -- a slow channel --------------------------------------------------------------------------------------------------


@pytest.fixture
def slow_texts(_smtp: tuple[SmtpSink, str], smtp_sink: SmtpSink) -> Iterator[FakeTwilio]:
    """A loop that sends emails as fast as it can, and one text in two seconds."""
    with twilio_server() as fake:
        env = worker_environment(
            redis_url="", smtp_url=_smtp[1], database_url=shared_database_url(), data_dir=django_settings.DATA_DIR
        )
        more = {
            "TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_FROM": "+15185550100",
            # Without Redis each process keeps to a quarter of it.
            "TWILIO_API_BASE": fake.url, "SMS_PARTS_PER_SECOND": "2",
        }  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "manage.py", "send_reminders", "--loop", "--interval", "0.1"],
            cwd=ROOT, env={**env, **more}, stdin=subprocess.DEVNULL, preexec_fn=tied(),
        )  # fmt: skip
        yield fake
        process.kill()
        process.wait()


def test_forty_slow_texts_delay_no_email(slow_texts: FakeTwilio, smtp_sink: SmtpSink) -> None:
    due_texts(40)
    deadline = time.monotonic() + 120
    while not slow_texts.taken:
        assert time.monotonic() < deadline, (states(), list(ChannelOutage.objects.values_list("reason", "until")))
        time.sleep(0.05)
    for _number in range(40):
        make_reminder()
    # By the texts' pace they would come in eighty seconds.
    smtp_sink.wait_for(40, seconds=30)
    assert 1 <= len(slow_texts.taken) <= 25


# -- two keys --------------------------------------------------------------------------------------------------------


def test_two_hosts_with_different_keys_send_everything_between_them(
    host: Host, smtp_sink: SmtpSink, settings: Any
) -> None:
    """A key was changed on one host before the other."""
    new_key = Fernet.generate_key().decode()
    [old_key] = settings.CONTACT_KEYS
    for key in (old_key, new_key):
        settings.CONTACT_KEYS = [key]
        for _number in range(4):
            make_reminder()
    settings.CONTACT_KEYS = [old_key, new_key]
    assert host(CONTACT_KEYS=old_key).stdout == "accepted=4 other=4\n"
    assert host(CONTACT_KEYS=new_key).stdout == "accepted=4 other=0\n"
    assert states() == {"accepted": 8}
    assert sorted(Counter(str(message["Message-ID"]) for message in smtp_sink.messages).values()) == [1] * 8


# -- a clock ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("postgres")
def test_host_whose_clock_is_an_hour_ahead_sends_nothing_early_and_frees_nothing(
    host: Host, smtp_sink: SmtpSink
) -> None:
    soon = [make_reminder(due_at=clock.now() + HOUR / 2) for _number in range(3)]
    held = make_reminder(ReminderState.CLAIMED, lease_until=clock.now() + dt.timedelta(seconds=100))
    due = make_reminder()
    said = host(command=("-c", AN_HOUR_AHEAD))
    assert said.stdout == "accepted=0 other=0\n"
    # Sweeping and sending both refuse; it is said once.
    assert said.stderr.count("s ahead of the database's. Nothing is sent from here until it is right.") == 1
    assert smtp_sink.messages == []
    assert host().stdout == "accepted=1 other=0\n"
    rows = [*soon, held, due]
    assert [Reminder.objects.get(pk=row.pk).state for row in rows] == ["planned"] * 3 + ["claimed", "accepted"]
