"""What a real mail server is given to send back to, and what follows once it does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from accounts.models import Suppression
from accounts.services.suppressions import lift_by_staff, record_refusal
from meetings.reminders.enums import ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services.bounces import record_bounce
from meetings.reminders.services.deliver import deliver_due
from support import clock
from support.messaging.bounce_address import message_of
from tests.factories import make_user
from tests.servers import SmtpSink
from tests.unit.test_bounces import report
from tests.worker.test_reminder_delivery import due_confirmations

pytestmark = [pytest.mark.worker, pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_message_leaves_under_an_address_of_its_own_and_a_report_to_it_is_believed(
    smtp_settings: SmtpSink, settings: Any
) -> None:
    settings.BOUNCE_ADDRESS = "bounces@example.org"
    due_confirmations(2)
    deliver_due(read_clock=clock.now)
    senders = [received.sender for received in smtp_settings.received]
    rows = list(Reminder.objects.order_by("pk"))
    assert {message_of(sender) for sender in senders} == {row.public_id for row in rows}
    assert "bounces" not in str(smtp_settings.messages[0]["From"])

    first, second = rows
    (to,) = [sender for sender in senders if message_of(sender) == first.public_id]
    # It gives back nothing of the message, and names another in the one header that it has.
    content = report(message_id="").replace(b"To: no-reply@meetings.example.org", f"To: <{to.upper()}>".encode())
    assert record_bounce(content=content, now=clock.now())
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (ReminderState.BOUNCED, ReminderState.ACCEPTED)
    assert Suppression.objects.get().value_hash == first.contact_point.value_hash


def test_address_that_a_server_refused_gets_its_message_once_it_is_unblocked(smtp_settings: SmtpSink) -> None:
    (place,) = due_confirmations(1)
    yesterday = clock.now() - dt.timedelta(days=1)
    about = {"channel": "email", "value": place.participant.contact_point.value, "answer": "550 5.1.1"}
    record_refusal(**about, reason="Refused by the mail server (550 5.1.1)", is_sure=False, now=yesterday)
    smtp_settings.behaviour = "refuse"
    deliver_due(read_clock=clock.now)
    assert Reminder.objects.get().state == ReminderState.FAILED
    smtp_settings.behaviour = "accept"
    deliver_due(read_clock=clock.now)
    assert smtp_settings.messages == []

    lift_by_staff(suppression=Suppression.objects.get(), actor=make_user(), reason="mended", now=clock.now())
    deliver_due(read_clock=clock.now)
    (message,) = smtp_settings.messages
    assert message["To"] == place.participant.contact_point.value
