"""Twilio, over HTTP, on good days and bad ones."""

from __future__ import annotations

import datetime as dt
import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from support.messaging import Accepted, Ambiguous, Refused, Result, SmsGateway, TextMessage, Transient, twilio
from support.messaging.calls import Answer, Caller, NoAnswer, NotReached
from support.messaging.sms_results import OUTCOMES, Aftermath, Receipt, Stage, outcome
from tests.conftest import NOW
from tests.sms_servers import ACCOUNT, TOKEN, FakeTwilio, twilio_server

NUMBER = "+15185550123"


@pytest.fixture(scope="module")
def _server() -> Iterator[FakeTwilio]:
    with twilio_server() as fake:
        yield fake


@pytest.fixture
def fake(_server: FakeTwilio, settings: Any) -> Iterator[FakeTwilio]:
    _server.reset()
    settings.SMS_PROVIDER = "twilio"
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = ACCOUNT, TOKEN
    settings.TWILIO_MESSAGING_SERVICE_SID, settings.TWILIO_FROM = "", "+15185550100"
    settings.TWILIO_API_BASE = _server.url
    settings.SMS_TIMEOUT = 2
    yield _server
    _server.let_go.set()


def text(**fields: Any) -> TextMessage:
    return TextMessage(**{"to": NUMBER, "text": "Reminder for Tue 7:00 PM", "sent_at": NOW, **fields})


def send(**fields: Any) -> Result:
    gateway = SmsGateway()
    try:
        return gateway.send(text(**fields))
    finally:
        gateway.close()


def test_message_is_handed_over_whole(fake: FakeTwilio) -> None:
    result = send(expires_at=NOW + dt.timedelta(hours=3), status_url="https://example.org/webhooks/x/")
    (taken,) = fake.taken
    assert result == Accepted(taken.provider_id)
    assert taken.values == {
        "To": NUMBER,
        "From": "+15185550100",
        "Body": "Reminder for Tue 7:00 PM",
        "StatusCallback": "https://example.org/webhooks/x/",
        "ValidityPeriod": "10800",
    }


def test_messaging_service_is_named_instead_of_a_number(fake: FakeTwilio, settings: Any) -> None:
    settings.TWILIO_MESSAGING_SERVICE_SID = "MG1"
    send()
    assert (fake.taken[0].values["MessagingServiceSid"], fake.taken[0].values.get("From")) == ("MG1", None)


@pytest.mark.parametrize(("hours", "seconds"), [(None, 36_000), (48, 36_000), (0, 60), (-1, 60)])
def test_time_to_live_stays_within_what_twilio_takes(fake: FakeTwilio, hours: int | None, seconds: int) -> None:
    send(expires_at=None if hours is None else NOW + dt.timedelta(hours=hours))
    assert fake.taken[0].seconds_to_live == seconds


@pytest.mark.parametrize(
    ("behaviour", "result", "taken"),
    [
        ("delay", Accepted, 1),
        ("drop", Ambiguous("The text message service did not answer (connection lost)"), 1),
        ("vanish", Ambiguous("The text message service did not answer (connection lost)"), 0),
        ("hang", Ambiguous("The text message service did not answer (it took too long)"), 1),
        ("fail", Ambiguous("The text message service failed (20500)"), 0),
        ("fail_after", Ambiguous("The text message service failed (20500)"), 1),
        ("nonsense", Ambiguous("The text message service did not say whether it took the message"), 1),
        (
            "busy",
            Transient("The text message service asked for a pause (20429)", dt.timedelta(seconds=7), is_outage=True),
            0,
        ),
        ("refuse:21610", Refused("The recipient wrote STOP (21610)", suppress=True), 0),
        ("refuse:21211", Refused("No number that takes text messages (21211)", suppress=True), 0),
        ("refuse:21614", Refused("No number that takes text messages (21614)", suppress=True), 0),
        ("refuse:21408", Refused("The text message service may not send there (21408)"), 0),
        ("refuse:21617", Refused("Refused by the text message service (21617)"), 0),
        ("refuse:21606", Transient("The text message service does not let us in (21606)", is_outage=True), 0),
        ("refuse:20003", Transient("The text message service does not let us in (20003)", is_outage=True), 0),
    ],
)
def test_each_answer_says_whether_it_may_have_been_sent(
    fake: FakeTwilio, settings: Any, behaviour: str, result: Any, taken: int
) -> None:
    settings.SMS_TIMEOUT = 0.6
    fake.behaviour = behaviour
    got = send()
    assert isinstance(got, result) if isinstance(result, type) else got == result, got
    assert (len(fake.taken), fake.requests) == (taken, 1)


def test_wrong_password_is_nobodys_message(fake: FakeTwilio, settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN = "wrong"
    assert send() == Transient("The text message service does not let us in (20003)", is_outage=True)


def test_nobody_there_is_an_outage(fake: FakeTwilio, settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings.TWILIO_API_BASE = f"http://127.0.0.1:{port}"
    assert send() == Transient("The text message service cannot be reached (connection refused)", is_outage=True)


def test_one_line_serves_many_messages_and_a_lost_one_is_opened_again(fake: FakeTwilio) -> None:
    gateway = SmsGateway()
    fake.script = ["accept", "accept", "drop", "accept"]
    results = [gateway.send(text(text=f"{n}")) for n in range(4)]
    gateway.close()
    assert [type(each) for each in results] == [Accepted, Accepted, Ambiguous, Accepted]
    assert [each.text for each in fake.taken] == ["0", "1", "2", "3"]


def test_look_up_finds_what_was_taken_without_an_answer(fake: FakeTwilio) -> None:
    fake.script = ["drop"]
    before = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)
    send()
    send(to="+15185550199")
    gateway = twilio.TwilioGateway()
    found = gateway.look_up(to=NUMBER, since=before)
    later = gateway.look_up(to=NUMBER, since=dt.datetime.now(dt.UTC) + dt.timedelta(hours=1))
    gateway.close()
    assert later == []
    assert found is not None
    assert [(each.provider_id, each.stage, each.content_hash) for each in found] == [
        (fake.taken[0].provider_id, Stage.TAKEN, hashlib.sha256(b"Reminder for Tue 7:00 PM").hexdigest())
    ]


def test_look_up_that_fails_says_nothing(fake: FakeTwilio) -> None:
    fake.behaviour = "fail"
    gateway = twilio.TwilioGateway()
    assert gateway.look_up(to=NUMBER, since=NOW) is None
    gateway.close()


def test_nothing_of_a_message_is_logged(fake: FakeTwilio, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    fake.script = ["accept", "refuse:21211", "refuse:21408"]
    for _each in range(3):
        send()
    assert NUMBER not in caplog.text
    assert "7:00" not in caplog.text
    assert "21408" in caplog.text


@pytest.mark.parametrize("code", [0, 20003, 20429, 21211, 21408, 21610, 30001, 99999])
@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 429, 500, 503])
def test_every_refusal_is_one_of_four(status: int, code: int) -> None:
    result = twilio.classify(status, code)
    if status >= 500 and code in (0, 21211, 99999):
        assert isinstance(result, Ambiguous)
    assert "None" not in result.reason  # type: ignore[union-attr]  # an acceptance has none, and no refusal is one


# -- what comes back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "receipt"),
    [
        ({"MessageSid": "SM1", "MessageStatus": "sent"}, Receipt("SM1", Stage.TAKEN)),
        ({"MessageSid": "SM1", "MessageStatus": "delivered"}, Receipt("SM1", Stage.DELIVERED)),
        (
            {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30003"},
            Receipt("SM1", Stage.UNDELIVERED, "30003"),
        ),
        ({"MessageSid": "SM1", "MessageStatus": "pondering"}, None),
        ({}, None),
    ],
)
def test_receipt_is_read(values: dict[str, str], receipt: Receipt | None) -> None:
    assert twilio.parse_status(values) == receipt


def test_signature_holds_for_its_address_and_values_alone(fake: FakeTwilio) -> None:
    call = fake.inbound("https://example.org/webhooks/twilio/inbound/", sender=NUMBER, text="STOP")
    signature = call.headers["X-Twilio-Signature"]
    assert twilio.verify(url=call.url, values=call.values, signature=signature)
    assert not twilio.verify(url=call.url, values={**call.values, "Body": "START"}, signature=signature)
    assert not twilio.verify(url=call.url.replace("inbound", "other"), values=call.values, signature=signature)
    assert not twilio.verify(url=call.url, values=call.values, signature="")


def test_reply_is_markup_that_cannot_be_broken_out_of() -> None:
    assert twilio.reply("A & B <c>").endswith("<Response><Message>A &amp; B &lt;c&gt;</Message></Response>")
    assert twilio.reply("").endswith("<Response></Response>")


@pytest.mark.parametrize(
    ("code", "aftermath", "minutes"),
    [
        ("30003", Aftermath.ONCE_MORE, 15),
        ("30004", Aftermath.SUPPRESS, 0),
        ("30005", Aftermath.OTHER_CHANNEL, 0),
        ("30006", Aftermath.OTHER_CHANNEL, 0),
        ("30007", Aftermath.OTHER_CHANNEL, 0),
        ("30008", Aftermath.ONCE_MORE, 15),
        ("21610", Aftermath.OPTED_OUT, 0),
        ("", Aftermath.OTHER_CHANNEL, 0),
        ("12345", Aftermath.OTHER_CHANNEL, 0),
    ],
)
def test_what_follows_from_a_receipt(code: str, aftermath: Aftermath, minutes: int) -> None:
    assert (outcome(code).aftermath, outcome(code).pause) == (aftermath, dt.timedelta(minutes=minutes))


def test_only_being_taken_for_spam_is_an_alarm() -> None:
    assert [code for code, each in OUTCOMES.items() if each.is_alarm] == ["30007"]


# -- the line itself -------------------------------------------------------------------------------------------------


class Dripping:
    """A server that answers one byte at a time, for ever."""

    def __enter__(self) -> Dripping:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._is_over = threading.Event()
        threading.Thread(target=self._drip, daemon=True).start()
        return self

    def _drip(self) -> None:
        line, _peer = self._server.accept()
        with line:
            while not self._is_over.wait(0.05):
                try:
                    line.sendall(b"H")
                except OSError:
                    return

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._server.close()


def test_whole_call_has_one_clock() -> None:
    with Dripping() as server:
        caller = Caller(server.url, timeout=0.5)
        begun = time.monotonic()
        with pytest.raises(NoAnswer, match=r"too long|no sense"):
            caller.call("GET", "/", headers={})
        assert time.monotonic() - begun < 3


def test_name_that_nobody_knows_is_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "create_connection", unknown)
    with pytest.raises(NotReached, match="its name is unknown"):
        Caller("https://provider.example", timeout=1).call("GET", "/", headers={})


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("7", 7), ("99999", 3600), ("Tue, 17 Nov 2026 23:00:30 GMT", 30), ("Tue, 17 Nov 2026 22:00:00 GMT", 0)],
)
def test_retry_after_is_seconds_or_a_date(given: str, seconds: int) -> None:
    assert Answer(429, "", {"retry-after": given}).retry_after(NOW) == dt.timedelta(seconds=seconds)


@pytest.mark.parametrize("given", ["", "soon", "-3"])
def test_retry_after_without_sense_is_none(given: str) -> None:
    assert Answer(429, "", {"retry-after": given}).retry_after(NOW) is None
