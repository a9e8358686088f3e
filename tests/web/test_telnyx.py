"""The second provider of text messages: the same answers to the same questions, and its own signed calls."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import links
from accounts.enums import Channel
from accounts.fields import lookup_hash
from accounts.models import Suppression
from meetings.reminders.enums import ReminderState
from meetings.reminders.models import InboundText, Reminder
from support import clock
from support.checks import check_text_messages
from support.messaging import Accepted, Ambiguous, Refused, Result, SmsGateway, TextMessage, Transient, telnyx
from tests.conftest import NOW
from tests.factories import make_contact_point, make_reminder, make_signup
from tests.helpers.leases import in_a_while
from tests.sms_servers import TOKEN, Call, FakeTelnyx, Taken, telnyx_server, twice_and_shuffled

pytestmark = pytest.mark.django_db

NUMBER = "+12025550143"
BASE = "https://meetings.example.org"


@pytest.fixture(scope="module")
def _server() -> Iterator[FakeTelnyx]:
    with telnyx_server() as fake:
        yield fake


@pytest.fixture
def fake(_server: FakeTelnyx, settings: Any) -> Iterator[FakeTelnyx]:
    _server.reset()
    settings.SMS_PROVIDER = "telnyx"
    settings.TELNYX_API_KEY, settings.TELNYX_PUBLIC_KEY = TOKEN, FakeTelnyx.PUBLIC_KEY
    settings.TELNYX_FROM, settings.TELNYX_API_BASE = "+15185550100", _server.url
    settings.PUBLIC_BASE_URL = BASE
    settings.SMS_TIMEOUT = 0.6
    yield _server
    _server.let_go.set()


def send(**fields: Any) -> Result:
    gateway = SmsGateway()
    try:
        return gateway.send(
            TextMessage(**{"to": NUMBER, "text": "Reminder", "sent_at": NOW, **fields}), until=in_a_while()
        )
    finally:
        gateway.close()


def post(client: Client, call: Call, **headers: str) -> Any:
    return client.post(
        call.url.removeprefix(BASE), call.body, content_type="application/json", headers={**call.headers, **headers}
    )


def accepted_text() -> tuple[Reminder, Taken]:
    phone = make_contact_point(channel=Channel.SMS, value=NUMBER)
    row = make_reminder(
        ReminderState.ACCEPTED,
        signup=make_signup(),
        contact_point=phone,
        channel=Channel.SMS,
        attempt=1,
        submitted_at=NOW,
    )
    url = BASE + reverse("reminders:telnyx_status", args=[links.sign("receipt", row.public_id)])
    return row, Taken("id-1", NUMBER, "hello", url, None, {})


def test_message_is_handed_over_whole(fake: FakeTelnyx) -> None:
    result = send(status_url="https://example.org/x/")
    (taken,) = fake.taken
    assert result == Accepted(taken.provider_id)
    assert taken.values == {
        "from": "+15185550100",
        "to": NUMBER,
        "text": "Reminder",
        "type": "SMS",
        "webhook_url": "https://example.org/x/",
        "use_profile_webhooks": False,
    }


@pytest.mark.parametrize(
    ("behaviour", "result", "taken"),
    [
        ("drop", Ambiguous("The text message service did not answer (connection lost)"), 1),
        ("hang", Ambiguous("The text message service did not answer (it took too long)"), 1),
        ("fail", Ambiguous("The text message service failed (10007)"), 0),
        ("fail_after", Ambiguous("The text message service failed (10007)"), 1),
        ("nonsense", Ambiguous("The text message service did not say whether it took the message"), 1),
        (
            "busy",
            Transient("The text message service asked for a pause (10011)", dt.timedelta(seconds=7), is_outage=True),
            0,
        ),
        ("refuse:40300", Refused("The recipient wrote STOP (40300)", suppress=True, is_opt_out=True), 0),
        ("refuse:40310", Refused("No number that takes text messages (40310)", suppress=True), 0),
        ("refuse:40305", Transient("The text message service does not let us in (40305)", is_outage=True), 0),
        ("refuse:40302", Refused("Refused by the text message service (40302)"), 0),
    ],
)
def test_each_answer_says_whether_it_may_have_been_sent(
    fake: FakeTelnyx, behaviour: str, result: Result, taken: int
) -> None:
    fake.behaviour = behaviour
    assert send() == result
    assert (len(fake.taken), fake.requests) == (taken, 1)


def test_wrong_key_is_an_outage(fake: FakeTelnyx, settings: Any) -> None:
    settings.TELNYX_API_KEY = "wrong"
    assert send() == Transient("The text message service does not let us in (10009)", is_outage=True)


def test_stop_is_done_and_answered_with_a_message(fake: FakeTelnyx, client: Client) -> None:
    call = fake.inbound(BASE + reverse("reminders:telnyx_inbound"), sender=NUMBER, text="stop texting me")
    assert [post(client, call).status_code, post(client, call).status_code] == [200, 200]
    assert Suppression.objects.filter(value_hash=lookup_hash(NUMBER)).exists()
    assert [(taken.to, taken.text[:10]) for taken in fake.taken] == [(NUMBER, "Homegroup:")]
    assert InboundText.objects.count() == 1


def test_receipts_twice_and_in_any_order_end_delivered(fake: FakeTelnyx, client: Client) -> None:
    row, taken = accepted_text()
    calls = fake.receipts(taken, "queued", "sent", "delivered")
    assert {post(client, call).status_code for call in twice_and_shuffled(calls, seed=3)} == {200}
    row.refresh_from_db()
    assert row.state == ReminderState.DELIVERED


def test_undelivered_text_is_said_by_email(fake: FakeTelnyx, client: Client) -> None:
    row, taken = accepted_text()
    Reminder.objects.filter(pk=row.pk).update(deadline_at=clock.now() + dt.timedelta(days=1))
    post(client, fake.receipts(taken, "delivery_failed", code="40001")[0])
    row.refresh_from_db()
    assert (row.state, row.reason) == (ReminderState.UNDELIVERED, "30006")
    assert Reminder.objects.filter(dedupe_key__endswith=":instead", channel="email").count() == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Telnyx-Signature-Ed25519": ""},
        {"Telnyx-Signature-Ed25519": "AAAA"},
        {"Telnyx-Timestamp": ""},
        {"Telnyx-Timestamp": "1"},
        {"Telnyx-Timestamp": "9" * 40},
    ],
)
def test_unsigned_calls_do_nothing(fake: FakeTelnyx, client: Client, headers: dict[str, str]) -> None:
    call = fake.inbound(BASE + reverse("reminders:telnyx_inbound"), sender=NUMBER, text="STOP")
    assert post(client, call, **headers).status_code == 403
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("timestamp", ["999999999999", "253402300800", "9999999999", "-1", "1.5", "²", "٣", "0"])
@pytest.mark.parametrize("name", ["inbound", "status"])
def test_signature_of_no_time_does_nothing(fake: FakeTelnyx, client: Client, name: str, timestamp: str) -> None:
    """Not even the year 33658."""
    _row, taken = accepted_text()
    call = {
        "inbound": fake.inbound(BASE + reverse("reminders:telnyx_inbound"), sender=NUMBER, text="STOP"),
        "status": fake.receipts(taken, "delivered")[0],
    }[name]
    assert post(client, call, **{"Telnyx-Timestamp": timestamp}).status_code == 403


def test_altered_body_does_nothing(fake: FakeTelnyx, client: Client) -> None:
    call = fake.inbound(BASE + reverse("reminders:telnyx_inbound"), sender=NUMBER, text="hello")
    forged = Call(call.url, {}, call.headers, call.body.replace(b"hello", b"STOP!"))
    assert post(client, forged).status_code == 403


def test_old_call_does_nothing(fake: FakeTelnyx, client: Client) -> None:
    fake.clock = lambda: clock.now() - dt.timedelta(hours=2)
    call = fake.inbound(BASE + reverse("reminders:telnyx_inbound"), sender=NUMBER, text="STOP")
    assert post(client, call).status_code == 403


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[" * 100_000, b"[]", b'{"data": 3}', b'{"data": {"payload": {"to": [], "errors": 1}}}']
)
def test_anything_can_be_read(body: bytes) -> None:
    assert (telnyx.parse_status(body), telnyx.parse_inbound(body)) == (None, None)


def test_without_telnyx_there_is_no_such_address(fake: FakeTelnyx, client: Client, settings: Any) -> None:
    settings.SMS_PROVIDER = "twilio"
    call = fake.inbound(BASE + reverse("reminders:telnyx_inbound"), sender=NUMBER, text="STOP")
    assert post(client, call).status_code == 404


def test_public_key_is_32_octets() -> None:
    assert telnyx.is_public_key(FakeTelnyx.PUBLIC_KEY)
    assert not any(telnyx.is_public_key(text) for text in ("", "AAAA", "not base64"))


def test_key_that_is_none_is_said_before_the_site_starts(fake: FakeTelnyx, settings: Any) -> None:
    assert check_text_messages() == []
    settings.TELNYX_PUBLIC_KEY = "copied the wrong thing"
    assert [message.id for message in check_text_messages()] == ["homegroup.E010"]
