"""What Twilio tells us, by its own signed calls: twice, late, out of order, and forged."""

from __future__ import annotations

import datetime as dt
import sqlite3
from typing import Any

import pytest
from django.db import OperationalError, ProgrammingError
from django.test import Client
from django.urls import reverse

from accounts import links
from accounts.enums import Channel
from accounts.fields import lookup_hash
from accounts.models import Suppression
from meetings.reminders import replies
from meetings.reminders.enums import EventKind, ReminderState
from meetings.reminders.models import InboundText, Reminder
from support.messaging.gsm7 import measure, transliterate
from tests.factories import make_contact_point, make_reminder, make_signup
from tests.sms_servers import ACCOUNT, TOKEN, Call, FakeTwilio, Taken, twice_and_shuffled
from tests.web.test_outage import failing, sqlite_error

pytestmark = pytest.mark.django_db

BASE = "https://meetings.example.org"
NUMBER = "+12025550143"


@pytest.fixture(autouse=True)
def _twilio(settings: Any) -> None:
    settings.SMS_PROVIDER = "twilio"
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = ACCOUNT, TOKEN
    settings.PUBLIC_BASE_URL = BASE


def post(client: Client, call: Call, **headers: str) -> Any:
    return client.post(call.url.removeprefix(BASE), call.values, headers={**call.headers, **headers})


def inbound(text: str, **more: Any) -> Call:
    return FakeTwilio().inbound(BASE + reverse("reminders:twilio_inbound"), sender=NUMBER, text=text, **more)


def accepted_text() -> tuple[Reminder, Taken]:
    phone = make_contact_point(channel=Channel.SMS, value=NUMBER)
    row = make_reminder(
        ReminderState.ACCEPTED,
        signup=make_signup(),
        contact_point=phone,
        channel=Channel.SMS,
        attempt=1,
        submitted_at=dt.datetime(2026, 11, 17, 22, 30, tzinfo=dt.UTC),
    )
    url = BASE + reverse("reminders:twilio_status", args=[links.sign("receipt", row.public_id)])
    return row, Taken("SM1", NUMBER, "hello", url, None, {})


def test_stop_by_webhook_is_done_when_it_is_answered(client: Client) -> None:
    answer = post(client, inbound("Stop!"))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert "<Message>Homegroup: you get no more texts" in answer.content.decode()
    assert Suppression.objects.filter(value_hash=lookup_hash(NUMBER)).exists()


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("no puedo parar", "Qué bueno que escribes."),
        ("quit drugs", "Glad you wrote."),
        ("no respira", "Llama al 911 ya."),
        ("i need help", "You are not alone."),
    ],
)
def test_cry_for_help_by_webhook_is_answered_and_ends_nothing(client: Client, text: str, first: str) -> None:
    assert f"<Message>{transliterate(first)}" in post(client, inbound(text)).content.decode()
    assert not Suppression.objects.exists()


def test_same_text_twice_is_answered_once(client: Client) -> None:
    call = inbound("STOP", sid="SM99")
    assert "<Message>" in post(client, call).content.decode()
    again = post(client, call)
    assert (again.status_code, "<Message>" in again.content.decode()) == (200, False)
    assert InboundText.objects.count() == 1


def test_stop_that_cannot_be_taken_just_now_is_not_passed_over_in_silence(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = failing(OperationalError("locked"), sqlite_error(sqlite3.SQLITE_BUSY))
    monkeypatch.setattr("meetings.reminders.views.text_webhooks.inbound.take", locked)
    answer = post(client, inbound("please stop texting me"))
    said = "Send it again in a few minutes."
    assert (answer.status_code, said in answer.content.decode()) == (200, True)
    monkeypatch.undo()
    mistake = failing(ProgrammingError("no such table"), sqlite3.OperationalError("no such table"))
    monkeypatch.setattr("meetings.reminders.views.text_webhooks.inbound.take", mistake)
    with pytest.raises(ProgrammingError):
        post(client, inbound("please stop texting me"))


def test_words_for_not_now_are_one_part() -> None:
    assert measure(replies.not_now()).segments == 1


def test_text_with_a_value_given_twice_is_taken(client: Client) -> None:
    # Signed are names and values in a row: this is what two addresses of pictures, "a" and "b", are signed with.
    call = inbound("STOP", MediaUrl="aMediaUrlb")
    answer = client.post(call.url.removeprefix(BASE), {**call.values, "MediaUrl": ["a", "b"]}, headers=call.headers)
    assert (answer.status_code, Suppression.objects.count()) == (200, 1)


@pytest.mark.parametrize(
    "headers", [{"X-Twilio-Signature": ""}, {"X-Twilio-Signature": "AAAA"}, {"X-Twilio-Signature": "ü"}]
)
def test_unsigned_text_does_nothing(client: Client, headers: dict[str, str]) -> None:
    answer = post(client, inbound("STOP"), **headers)
    assert (answer.status_code, Suppression.objects.count()) == (403, 0)


def test_altered_text_does_nothing(client: Client) -> None:
    call = inbound("hello")
    call.values["Body"] = "STOP"
    assert (post(client, call).status_code, Suppression.objects.count()) == (403, 0)


def test_signature_for_another_host_is_worth_nothing(client: Client) -> None:
    forged = FakeTwilio().inbound(
        "https://elsewhere.example" + reverse("reminders:twilio_inbound"), sender=NUMBER, text="STOP"
    )
    call = Call(BASE + reverse("reminders:twilio_inbound"), forged.values, forged.headers)
    assert post(client, call).status_code == 403


@pytest.mark.parametrize("provider", ["", "outbox"])
def test_without_twilio_there_is_no_such_address(client: Client, settings: Any, provider: str) -> None:
    settings.SMS_PROVIDER = provider
    assert post(client, inbound("STOP")).status_code == 404


def test_receipts_twice_and_in_any_order_end_delivered(client: Client) -> None:
    for seed in range(6):
        Reminder.objects.all().delete()
        row, taken = accepted_text()
        calls = FakeTwilio().receipts(taken, "queued", "sent", "delivered")
        statuses = {post(client, call).status_code for call in twice_and_shuffled(calls, seed=seed)}
        row.refresh_from_db()
        receipts = sorted(row.events.filter(kind=EventKind.RECEIPT).values_list("detail", flat=True))
        assert (statuses, row.state, receipts) == ({200}, ReminderState.DELIVERED, ["accepted", "delivered"])
        row.contact_point.delete()


def test_receipt_settles_what_was_unclear(client: Client) -> None:
    row, taken = accepted_text()
    Reminder.objects.update(state=ReminderState.AMBIGUOUS, lease_until=row.submitted_at)
    post(client, FakeTwilio().receipts(taken, "sent")[0])
    row.refresh_from_db()
    assert (row.state, row.lease_until) == (ReminderState.ACCEPTED, None)


def test_undelivered_says_why(client: Client) -> None:
    row, taken = accepted_text()
    post(client, FakeTwilio().receipts(taken, "undelivered", code="30005")[0])
    row.refresh_from_db()
    assert row.state == ReminderState.UNDELIVERED
    assert row.events.filter(kind=EventKind.RECEIPT, detail="undelivered 30005").exists()
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("code", ["30004", "21610"])
def test_number_that_takes_nothing_more_is_suppressed(client: Client, code: str) -> None:
    _row, taken = accepted_text()
    post(client, FakeTwilio().receipts(taken, "undelivered", code=code)[0])
    assert Suppression.objects.filter(channel=Channel.SMS, value_hash=lookup_hash(NUMBER)).exists()


def test_unknown_receipts_are_taken_and_forged_ones_are_not(client: Client) -> None:
    row, taken = accepted_text()
    url = BASE + reverse("reminders:twilio_status", args=["no-such-token"])
    known_nothing = Taken("SM1", NUMBER, "", url, None, {})
    assert post(client, FakeTwilio().receipts(known_nothing, "delivered")[0]).status_code == 200
    assert post(client, FakeTwilio().receipts(taken, "pondering")[0]).status_code == 200
    forged = FakeTwilio().receipts(taken, "delivered")[0]
    assert post(client, forged, **{"X-Twilio-Signature": "no"}).status_code == 403
    row.refresh_from_db()
    assert row.state == ReminderState.ACCEPTED
    Reminder.objects.all().delete()
    assert post(client, forged).status_code == 200


def test_looking_at_a_webhook_is_refused(client: Client) -> None:
    assert client.get(reverse("reminders:twilio_inbound")).status_code == 405
