"""Twilio, over HTTP, on good days and bad ones."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import QueryDict

from support.messaging import Accepted, Ambiguous, Refused, Result, SmsGateway, TextMessage, Transient, twilio
from support.messaging.calls import Answer, Caller, NoAnswer, NotReached
from support.messaging.sms_results import OUTCOMES, Aftermath, Found, Receipt, Stage, outcome
from tests.conftest import NOW
from tests.helpers.leases import in_a_while
from tests.sms_servers import ACCOUNT, TOKEN, FakeTwilio, Taken, twilio_server

NUMBER = "+15185550123"
HASH = hashlib.sha256(b"Reminder for Tue 7:00 PM").hexdigest()


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
        return gateway.send(text(**fields), until=in_a_while())
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
        ("refuse:21610", Refused("The recipient wrote STOP (21610)", suppress=True, is_opt_out=True), 0),
        ("refuse:21211", Refused("No number that takes text messages (21211)", suppress=True), 0),
        ("refuse:21614", Refused("No number that takes text messages (21614)", suppress=True), 0),
        ("refuse:21408", Refused("The text message service may not send there (21408)"), 0),
        ("refuse:21617", Refused("Refused by the text message service (21617)"), 0),
        ("refuse:21606", Transient("The text message service does not let us in (21606)", is_outage=True), 0),
        ("refuse:20003", Transient("The text message service does not let us in (20003)", is_outage=True), 0),
        ("answer:201:", Ambiguous("The text message service did not say whether it took the message"), 0),
        ("answer:201:{}", Ambiguous("The text message service did not say whether it took the message"), 0),
        ("answer:201:[]", Ambiguous("The text message service did not say whether it took the message"), 0),
        ("answer:400:", Refused("Refused by the text message service (400)"), 0),
        ("answer:400:" + "[" * 100_000, Refused("Refused by the text message service (400)"), 0),
        ("answer:400:[]", Refused("Refused by the text message service (400)"), 0),
        ('answer:400:{"code": "?"}', Refused("Refused by the text message service (400)"), 0),
        ('answer:400:{"code": 99999999999}', Refused("Refused by the text message service (400)"), 0),
        (
            "answer:307:",
            Transient("The text message service knows no such account or address (307)", is_outage=True),
            0,
        ),
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
    results = [gateway.send(text(text=f"{n}"), until=in_a_while()) for n in range(4)]
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


def look_up(*, since: dt.datetime = NOW) -> list[Found] | None:
    gateway = twilio.TwilioGateway()
    try:
        return gateway.look_up(to=NUMBER, since=since)
    finally:
        gateway.close()


def test_look_up_asks_for_what_went_to_a_number_since(fake: FakeTwilio) -> None:
    assert look_up() == []
    assert fake.lookups == [
        f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json?To=%2B15185550123&DateSent%3E=2026-11-17T23%3A00%3A00Z&PageSize=100"
    ]


@pytest.mark.parametrize(("taken", "page_length", "found", "pages"), [(5, 2, 5, 3), (4, 2, 4, 2), (120, 50, 100, 2)])
def test_look_up_reads_page_after_page_up_to_a_hundred(
    fake: FakeTwilio, taken: int, page_length: int, found: int, pages: int
) -> None:
    fake.page_length = page_length
    for n in range(taken):
        fake.take(Taken(f"SM{n}", NUMBER, f"{n}", "", None, {}))
    assert [each.provider_id for each in look_up() or []] == [f"SM{n}" for n in range(found)]
    assert len(fake.lookups) == pages


@pytest.mark.parametrize(
    "page",
    [
        {"messages": None},
        {"next_page_uri": "https://elsewhere.example/"},
        {"next_page_uri": "//elsewhere.example/"},
        {"next_page_uri": 1},
        {"next_page_uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json?To=é"},
        {"next_page_uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json?To=+1\r\nX: y"},
        # For ever.
        {"next_page_uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json?To=%2B15185550123"},
    ],
)
def test_look_up_that_cannot_be_read_to_its_end_says_nothing(fake: FakeTwilio, page: dict[str, object]) -> None:
    """Half of an answer would read like "it was not taken", and the text would go out twice."""
    send()
    fake.in_pages = page
    assert look_up() is None
    assert len(fake.lookups) <= 10


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ({}, Found("SM1", Stage.TAKEN, "", HASH, NOW)),
        (
            {"status": "undelivered", "error_code": 30003},
            Found("SM1", Stage.UNDELIVERED, "30003", HASH, NOW),
        ),
        ({"status": "pondering"}, Found("SM1", Stage.TAKEN, "", HASH, NOW)),
        (
            {"date_created": "Tue, 17 Nov 2026 18:00:30 -0500"},
            Found("SM1", Stage.TAKEN, "", HASH, NOW + dt.timedelta(seconds=30)),
        ),
        # What has no date is of the time that was asked for.
        ({"date_created": None}, Found("SM1", Stage.TAKEN, "", HASH, NOW - dt.timedelta(minutes=5))),
        (
            {"date_created": f"Tue, 17 Nov 2026 23:00:30 +{'9' * 20}"},
            Found("SM1", Stage.TAKEN, "", HASH, NOW - dt.timedelta(minutes=5)),
        ),
        ({"date_created": "today"}, Found("SM1", Stage.TAKEN, "", HASH, NOW - dt.timedelta(minutes=5))),
        ({"direction": "inbound"}, None),
    ],
)
def test_record_of_a_look_up_is_read(fake: FakeTwilio, record: dict[str, object], found: Found | None) -> None:
    fake.clock = lambda: NOW
    fake.take(Taken("SM1", NUMBER, "Reminder for Tue 7:00 PM", "", None, {}))
    fake.in_records = record
    assert look_up(since=NOW - dt.timedelta(minutes=5)) == ([found] if found else [])


def test_look_up_that_fails_says_nothing(fake: FakeTwilio) -> None:
    fake.behaviour = "fail"
    assert look_up() is None


def test_look_up_with_a_wrong_password_says_nothing(fake: FakeTwilio, settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN = "wrong"
    assert look_up() is None


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


# The example of https://www.twilio.com/docs/usage/security.
SIGNED_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
SIGNED_VALUES = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675310",
    "Digits": "1234",
    "From": "+14158675310",
    "To": "+18005551212",
}


def test_signature_is_that_of_twilios_example(settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN = "12345"
    signature = "GvWf1cFY/Q7PnoempGyD5oXAezc="
    assert twilio.verify(url=SIGNED_URL, values=SIGNED_VALUES, signature=signature)
    for other in (signature.lower(), signature[:-1], f"{signature} ", "", "ü", "A" * 10_000):
        assert not twilio.verify(url=SIGNED_URL, values=SIGNED_VALUES, signature=other), other


# What Twilio's own library signs the same values with, at the address with and without a port.
PLAIN, WITH_443, WITH_1234 = (
    "GvWf1cFY/Q7PnoempGyD5oXAezc=",
    "5s2PFy0qmPcZucb4eH4b08ZJtL0=",
    "lVkIVw/KYX3UBbKTaIuffnwPEjg=",
)
HTTP, WITH_80 = "tTbdJ2Olek5f2cCHBfJxUb/aZ6I=", "Fj7IoQ7Vm8AisfXChOMn3DHQMgE="


@pytest.mark.parametrize(
    ("origin", "signatures"),
    [
        ("https://mycompany.com", {PLAIN, WITH_443}),
        ("https://mycompany.com:443", {PLAIN, WITH_443}),
        ("https://mycompany.com:1234", {PLAIN, WITH_1234}),
        ("http://mycompany.com", {HTTP, WITH_80}),
        ("http://mycompany.com:80", {HTTP, WITH_80}),
    ],
)
def test_signature_is_of_the_address_with_its_port_or_without(settings: Any, origin: str, signatures: set[str]) -> None:
    settings.TWILIO_AUTH_TOKEN = "12345"
    url = SIGNED_URL.replace("https://mycompany.com", origin)
    every = {PLAIN, WITH_443, WITH_1234, HTTP, WITH_80}
    assert {each for each in every if twilio.verify(url=url, values=SIGNED_VALUES, signature=each)} == signatures


def test_signature_counts_what_is_given_twice_once(settings: Any) -> None:
    """As Twilio's own library does; the signature is from there."""
    settings.TWILIO_AUTH_TOKEN = "12345"
    values = QueryDict("Sid=CA123&SidAccount=AC123&Sid2=b&Sid2=a&Sid2=b&Body=Gr%C3%BC%C3%9Fe+%C3%B1&Empty=")
    signature = "DDMjDe6XJY4kqWRe/4yAGkyaTvk="
    assert twilio.verify(url="https://mycompany.com/myapp.php", values=values, signature=signature)
    fewer = QueryDict("Sid=CA123&SidAccount=AC123&Sid2=b&Body=Gr%C3%BC%C3%9Fe+%C3%B1&Empty=")
    assert not twilio.verify(url="https://mycompany.com/myapp.php", values=fewer, signature=signature)


def test_signature_of_an_empty_call(settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN = "12345"
    signature = "ZEVhNTf/+0VuA9ofUWb9iscKI5Y="
    assert twilio.verify(url="https://mycompany.com/myapp.php", values={}, signature=signature)


def test_nothing_is_signed_by_a_site_without_a_password(settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN = ""
    signature = base64.b64encode(hmac.digest(b"", b"https://example.org/", "sha1")).decode()
    assert not twilio.verify(url="https://example.org/", values={}, signature=signature)


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
        with pytest.raises(NoAnswer, match=r"too long|no sense"):
            caller.call("GET", "/", headers={})


def test_server_without_tls_is_not_reached(fake: FakeTwilio) -> None:
    with pytest.raises(NotReached, match="no safe connection"):
        Caller(fake.url.replace("http:", "https:"), timeout=5).call("GET", "/", headers={})


def test_name_that_nobody_knows_is_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "create_connection", unknown)
    with pytest.raises(NotReached, match="its name is unknown"):
        Caller("https://provider.example", timeout=1).call("GET", "/", headers={})


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("7", 7),
        ("99999", 3600),
        ("9" * 5000, 3600),
        ("Tue, 17 Nov 2026 23:00:30 GMT", 30),
        ("Tue, 17 Nov 2026 22:00:00 GMT", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(given: str, seconds: int) -> None:
    assert Answer(429, "", {"retry-after": given}).retry_after(NOW) == dt.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "given",
    ["", "soon", "-3", "²", "Tue, 17 Nov 99999 23:00:30 GMT", f"Tue, 17 Nov 2026 23:00:30 +{'9' * 20}"],
)
def test_retry_after_without_sense_is_none(given: str) -> None:
    assert Answer(429, "", {"retry-after": given}).retry_after(NOW) is None
