"""A channel is back just as its texts go by email instead: each is said once, one way or the other."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections import Counter
from typing import Any

import pytest
from django.db import OperationalError

from accounts.enums import Channel, Purpose
from accounts.services.consents import record_consent
from meetings.reminders.enums import Lane, ReminderKind, ReminderState
from meetings.reminders.models import ChannelOutage, Reminder
from meetings.reminders.services import half_time
from meetings.reminders.services.deliver import deliver_due
from support import clock
from support.messaging import Accepted, Result, Transient
from tests.factories import make_contact_point, make_occurrence, make_participant, make_reminder, make_signup
from tests.worker.test_places import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.worker, pytest.mark.postgres]

TEXTS = 30


class Told:
    """A gateway that takes everything."""

    def open(self) -> Transient | None:
        return None

    def send(self, letter: Any, /, **_: Any) -> Result:
        return Accepted("1")

    def close(self) -> None:
        pass


def test_each_is_said_once_whoever_is_first() -> None:
    now = clock.now()
    occurrence = make_occurrence(on=(now + dt.timedelta(days=7)).date())
    for number in range(TEXTS):
        phone = make_contact_point(channel=Channel.SMS, value=f"+1202555{number:04}")
        record_consent(
            contact_point=phone, purpose=Purpose.CHANGES, is_given=True, wording="test", source="test", now=now
        )
        make_reminder(
            signup=make_signup(occurrence=occurrence, participant=make_participant()),
            contact_point=phone,
            channel=Channel.SMS,
            kind=ReminderKind.CONFIRMATION,
            lane=Lane.URGENT,
            due_at=now - dt.timedelta(hours=2),
            created_at=now - dt.timedelta(hours=2),
            deadline_at=now + dt.timedelta(hours=1),
        )
    # Its provider failed, and may be tried again from now on.
    ChannelOutage.objects.create(channel=Channel.SMS, until=now, since=now, reason="away")

    def work(number: int) -> None:
        # SQLite has one writer; whoever could not wait comes again.
        with contextlib.suppress(OperationalError):
            if number % 2:
                half_time.go_by_email(now=now)
            else:
                deliver_due(read_clock=clock.now, gateway=Told(), batch=7, seconds=5)

    at_once(work, 8)
    half_time.go_by_email(now=now)
    deliver_due(read_clock=clock.now, gateway=Told())
    sent = Reminder.objects.filter(state=ReminderState.ACCEPTED)
    assert Counter(sent.values_list("signup", flat=True)).most_common(1)[0][1] == 1
    assert len(sent) == TEXTS
    assert not Reminder.objects.exclude(state__in=(ReminderState.ACCEPTED, ReminderState.SUPERSEDED)).exists()
