"""A sender that is stopped in the middle of sending and goes on later, when what it has in hand is no longer true."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.conf import settings as django_settings

from meetings.reminders.enums import ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services import plan
from meetings.reminders.services.deliver import deliver_due
from meetings.reminders.services.sweep import sweep
from meetings.services.occurrences import move_occurrence
from support import clock
from tests.conftest import shared_database_url
from tests.factories import make_occurrence, make_signup
from tests.mail_servers import Line, MailServer, serving
from tests.servers import ROOT, worker_environment

pytestmark = [pytest.mark.worker, pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

#: A lease that a test can wait for; the site's own is two minutes.
LEASE = 3
#: `send_reminders --loop` with that lease. Where asked to, it stops itself between the last look and the call.
SENDER = f"""
import datetime, signal, sys, threading
import django
django.setup()
from django.core.management import call_command
from meetings.reminders.services import deliver
from support.messaging import EmailGateway
deliver.LEASE = datetime.timedelta(seconds={LEASE})
send, stops = EmailGateway.send, [signal.SIGSTOP] if sys.argv[1] == "begin" else []
def stopping(self, letter, /, *, until):
    if stops:
        # To this thread: sent to the process, it would reach the main one, and this one could go on for a while.
        signal.pthread_kill(threading.get_ident(), stops.pop())
    return send(self, letter, until=until)
EmailGateway.send = stopping
call_command("send_reminders", loop=True, interval=0.1)
"""


class Freezes(MailServer):
    """Stops whoever speaks to it, once, at one command, and answers when it stands: it reads that when it goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.step = ""
        self.pid = 0

    def _at(self, step: str) -> None:
        if self.step == step:
            self.step = ""
            os.kill(self.pid, signal.SIGSTOP)
            # A busy machine stops a process late, and one that is sending in a thread would still read the answer.
            wait_until(lambda: is_stopped(self.pid))

    def mail(self, line: Line) -> str | None:
        self._at("MAIL")
        return None

    def rcpt(self, line: Line, recipient: str) -> str | None:
        self._at("RCPT")
        return None

    def data(self, line: Line, recipient: str) -> str | None:
        self._at("DATA")
        return None


@pytest.fixture
def server(settings: Any) -> Iterator[Freezes]:
    freezes = Freezes()
    with serving(freezes):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(freezes.url.rpartition(":")[2])
        yield freezes


@pytest.fixture
def start(server: Freezes) -> Iterator[Callable[[str], psutil.Process]]:
    """Return a function that starts a sender which will be stopped at a step."""
    started: list[subprocess.Popen[bytes]] = []

    def run(step: str) -> psutil.Process:
        env = worker_environment(
            redis_url="", smtp_url=server.url, database_url=shared_database_url(), data_dir=django_settings.DATA_DIR
        )
        process = subprocess.Popen([sys.executable, "-c", SENDER, step], cwd=ROOT, env=env, stdin=subprocess.DEVNULL)
        started.append(process)
        server.step, server.pid = step, process.pid
        return psutil.Process(process.pid)

    yield run
    for process in started:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def is_stopped(pid: int) -> bool:
    """Return whether every thread of a process stands still (`psutil` tells of the first one only)."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return all((each / "stat").read_text().rpartition(")")[2].split()[0] == "T" for each in threads)


def wait_until(is_so: Callable[[], bool], *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def sequences(server: Freezes) -> list[int]:
    """Return which state of the date each message tells: 0 is the first."""
    texts = [received.message.as_string() for received in server.received]
    return [int(text.partition("SEQUENCE:")[2].split()[0]) for text in texts]


@pytest.mark.parametrize("step", ["begin", "MAIL", "RCPT", "DATA"])
def test_what_was_corrected_meanwhile_is_not_sent_on_waking(
    step: str, server: Freezes, start: Callable[[str], psutil.Process]
) -> None:
    signup = make_signup(occurrence=make_occurrence(on=(clock.now() + dt.timedelta(days=7)).date()))
    plan.plan_confirmation(signups=[signup], now=clock.now())
    sender = start(step)
    wait_until(lambda: is_stopped(sender.pid))
    first = Reminder.objects.get(kind=ReminderKind.CONFIRMATION)
    assert (first.state, server.received) == (ReminderState.SUBMITTING, [])
    starts_at = signup.occurrence.starts_at + dt.timedelta(hours=1)
    move_occurrence(occurrence=signup.occurrence, starts_at=starts_at, now=clock.now())

    def others_send() -> bool:
        sweep(now=clock.now())
        deliver_due(read_clock=clock.now)
        return bool(server.received)

    wait_until(others_send)
    assert sequences(server) == [1]
    lines = server.connections
    sender.resume()
    # It goes on: its line is dropped, and it looks for more, with the next message on a new one.
    other = make_signup(occurrence=make_occurrence(on=(clock.now() + dt.timedelta(days=9)).date()))
    plan.plan_confirmation(signups=[other], now=clock.now())
    wait_until(lambda: len(server.received) > 1)
    assert server.connections == lines + 1
    assert server.recipients == [signup.participant.contact_point.value, other.participant.contact_point.value]
    assert sequences(server)[0] == 1
    first.refresh_from_db()
    assert first.state == ReminderState.SUPERSEDED
