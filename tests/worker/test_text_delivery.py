"""Texts as they go out for real: a process that is killed, a provider that falls silent; none lost, none twice."""

from __future__ import annotations

import datetime as dt
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings

from accounts.enums import Channel, Purpose
from accounts.services.consents import record_consent
from meetings.reminders.enums import ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services.deliver import deliver_due
from meetings.reminders.services.sweep import sweep
from support import clock
from tests.conftest import shared_database_url
from tests.factories import make_contact_point, make_occurrence, make_participant, make_reminder, make_signup
from tests.servers import ROOT, WORKER_BASE_URL, worker_environment
from tests.sms_servers import ACCOUNT, TOKEN, FakeTwilio, twilio_server
from tests.worker.test_reminder_delivery import let_leases_run_out

pytestmark = [pytest.mark.worker, pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

TEXTS = 60


@pytest.fixture
def fake(settings: Any) -> Iterator[FakeTwilio]:
    with twilio_server() as fake:
        settings.SMS_PROVIDER = "twilio"
        settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = ACCOUNT, TOKEN
        settings.TWILIO_MESSAGING_SERVICE_SID, settings.TWILIO_FROM = "", "+15185550100"
        settings.TWILIO_API_BASE = fake.url
        # What is on the provider's record is known by its text, which holds a link.
        settings.PUBLIC_BASE_URL = WORKER_BASE_URL
        yield fake


def due_texts(count: int = TEXTS) -> list[Reminder]:
    """Texts about changes, due now, each to a number of its own, in a place where it is not night."""
    now = clock.now()
    occurrence = make_occurrence(on=(now + dt.timedelta(days=7)).date())
    rows = []
    for number in range(count):
        phone = make_contact_point(channel=Channel.SMS, value=f"+1202555{number:04}")
        record_consent(
            contact_point=phone, purpose=Purpose.CHANGES, is_given=True, wording="test", source="test", now=now
        )
        rows.append(
            make_reminder(
                signup=make_signup(occurrence=occurrence, participant=make_participant()),
                contact_point=phone,
                channel=Channel.SMS,
                kind=ReminderKind.MOVED,
                due_at=now,
                created_at=now,
                deadline_at=occurrence.starts_at,
            )
        )
    return rows


def start_loop(fake: FakeTwilio) -> subprocess.Popen[bytes]:
    env = worker_environment(
        redis_url="",
        smtp_url="smtp://127.0.0.1:9",
        database_url=shared_database_url(),
        data_dir=django_settings.DATA_DIR,
    )
    env |= {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_FROM": "+15185550100",
        "TWILIO_API_BASE": fake.url,
    }
    command = [sys.executable, "manage.py", "send_reminders", "--loop", "--interval", "0.1"]
    return subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL)


def test_killed_senders_and_silent_provider_lose_nothing_and_double_nothing(fake: FakeTwilio) -> None:
    rows = due_texts()
    chance = random.Random(20261123)  # noqa: S311  # no secret
    fake.script = [chance.choice(["accept"] * 6 + ["drop", "vanish", "fail_after", "fail"]) for _n in range(TEXTS)]
    kills = 0
    while kills < 3:
        process = start_loop(fake)
        before, deadline = len(fake.taken), time.monotonic() + 30
        # Long enough that something is in hand, at another moment each time.
        while len(fake.taken) < before + 4 + chance.randrange(9) and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        let_leases_run_out()
        kills += 1
    assert len(fake.taken) < TEXTS, "everything was sent before anything was killed"
    # Three minutes later, and as often as it takes: a provider that does not answer is left alone for a while.
    for minutes in range(3, 64, 6):
        later = clock.now() + dt.timedelta(minutes=minutes)
        fake.clock = lambda later=later: later  # type: ignore[misc]  # bound on purpose
        sweep(now=later)
        deliver_due(read_clock=lambda later=later: later)  # type: ignore[misc]  # bound on purpose
    states = Counter(Reminder.objects.filter(pk__in=[row.pk for row in rows]).values_list("state", flat=True))
    assert states == {ReminderState.ACCEPTED: TEXTS}
    sent = Counter(taken.to for taken in fake.taken)
    assert (len(sent), sent.most_common(1)[0][1]) == (TEXTS, 1)
