"""A meeting that goes off while its reminders are due, behind a real worker, broker and mail server."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from typing import Any

import pytest
from django.db import transaction

from meetings.enums import SignupPolicy
from meetings.models import Meeting, Occurrence
from meetings.reminders.enums import ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.receivers import hint
from meetings.reminders.services import plan
from meetings.services.listings import close
from support import clock
from tests.factories import make_meeting, make_occurrence, make_signup
from tests.servers import CeleryWorker, SmtpSink

pytestmark = [pytest.mark.worker, pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

PEOPLE = 4


def with_reminders_due() -> Occurrence:
    """Return a date in three days to which people come; each has a reminder due now, which no worker has seen yet."""
    now = clock.now()
    occurrence = make_occurrence(
        meeting=make_meeting(signup_policy=SignupPolicy.SIGN_UP),
        on=(now + dt.timedelta(days=5)).date(),
        starts_at=now + dt.timedelta(days=5),
    )
    places = [make_signup(occurrence=occurrence) for _n in range(PEOPLE)]
    plan.plan_reminders(signups=places, now=now)
    assert due(occurrence).update(due_at=now) >= PEOPLE
    return occurrence


def due(occurrence: Occurrence) -> Any:
    return Reminder.objects.filter(signup__occurrence=occurrence, kind=ReminderKind.REMINDER)


def wait_until(is_so: Any) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, list(Reminder.objects.values_list("kind", "state", "reason"))
        time.sleep(0.05)


def test_meeting_that_is_hidden_reminds_nobody_and_tells_each_person_once(
    celery_worker: CeleryWorker, smtp_sink: SmtpSink, settings: Any
) -> None:
    settings.REDIS_URL = celery_worker.env["REDIS_URL"]
    with transaction.atomic():
        hidden, elsewhere = with_reminders_due(), with_reminders_due()
        close(meetings=[hidden.meeting], now=clock.now())
        # As another program would, which tells nobody: the last look before each message sees it.
        Meeting.objects.filter(pk=elsewhere.meeting_id).update(is_temporarily_closed=True)

    hint()

    wait_until(lambda: Reminder.objects.unsent().filter(due_at__lte=clock.now()).count() == 0)
    wait_until(lambda: len(smtp_sink.messages) >= PEOPLE)
    hint()
    wait_until(lambda: not Reminder.objects.filter(state=ReminderState.SUBMITTING).exists())
    told = Counter((str(each["To"]), str(each["Subject"]).split()[0]) for each in smtp_sink.messages)
    addresses = {place.participant.contact_point.value for place in hidden.signups.all()}
    assert told == Counter({(address, "Canceled:"): 1 for address in addresses})
    assert set(due(hidden).values_list("state", "reason")) == {
        (ReminderState.SUPERSEDED, "The meeting is no longer listed")
    }
    looked_at = due(elsewhere).exclude(state=ReminderState.PLANNED)
    assert set(looked_at.values_list("state", "reason")) == {
        (ReminderState.SUPERSEDED, "The meeting is closed for now")
    }
