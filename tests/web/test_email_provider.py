"""Email through a provider, spoken to over real HTTP; and what it says became of each message."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import Client

from accounts.queries import is_suppressed
from meetings.reminders.enums import ReminderState
from meetings.reminders.models import Reminder
from support import clock, environment
from support.messaging import Accepted, Ambiguous, CalendarPart, Letter, Refused, Result, Transient
from support.messaging.email import EmailGateway
from support.messaging.results import HELD_UP
from tests.factories import make_reminder
from tests.helpers.leases import in_a_while

OURS = uuid.UUID("5f3c0000-0000-4000-8000-000000000001")
ADDRESS = "/webhooks/email/"


def letter(to: str = "guest@example.org") -> Letter:
    return Letter(
        sender="Homegroup <no-reply@example.org>",
        to=to,
        subject="Reminder for Tue 7:00 PM",
        text="Tuesday\n",
        html="<p>Tuesday</p>",
        message_id=f"<{OURS}@example.org>",
        sent_at=dt.datetime(2026, 11, 17, 23, 0, tzinfo=dt.UTC),
        calendars=(CalendarPart("REQUEST", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"),),
        headers={"Auto-Submitted": "auto-generated"},
    )


class Provider:
    """A provider's server: it keeps what it is asked, and answers as told."""

    def __init__(self) -> None:
        self.asked: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.status, self.headers, self.seconds = 200, dict[str, str](), 0.0
        self.answer: dict[str, Any] = {"id": "their-id"}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                provider.asked.append((dict(self.headers), json.loads(body)))
                time.sleep(provider.seconds)
                self.send_response(provider.status)
                for name, value in provider.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(json.dumps(provider.answer).encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@pytest.fixture
def provider() -> Iterator[Provider]:
    running = Provider()
    yield running
    running.server.shutdown()
    running.server.server_close()


def use(settings: Any, monkeypatch: pytest.MonkeyPatch, url: str, *, base: str = "", secret: str = "") -> None:
    for name, value in (("EMAIL_URL", url), ("EMAIL_API_BASE", base), ("EMAIL_WEBHOOK_SECRET", secret)):
        monkeypatch.setenv(name, value)
    found = environment.email_server("EMAIL_URL")
    assert found is not None
    for name, value in found.items():
        setattr(settings, name, value)


@pytest.fixture
def send(provider: Provider, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    use(settings, monkeypatch, "resend://their-key@example.org", base=provider.address)
    gateway = EmailGateway()
    yield lambda **fields: gateway.send(letter(**fields), until=in_a_while())
    gateway.close()


def test_provider_is_given_all_of_a_letter_and_our_key(send: Any, provider: Provider) -> None:
    assert send() == Accepted("their-id")
    [(headers, message)] = provider.asked
    assert headers["Authorization"] == "Bearer their-key"
    assert headers["Idempotency-Key"] == f"{OURS}@example.org"
    assert (message["subject"], message["to"]) == ("Reminder for Tue 7:00 PM", ["guest@example.org"])
    assert (message["text"], message["html"]) == ("Tuesday\n", "<p>Tuesday</p>")
    assert message["headers"]["Auto-Submitted"] == "auto-generated"
    assert message["headers"]["Message-ID"] == f"<{OURS}@example.org>"
    [calendar] = message["attachments"]
    assert calendar["filename"] == "invite.ics"
    assert base64.b64decode(calendar["content"]).startswith(b"BEGIN:VCALENDAR")


def test_second_try_is_the_same_message_to_the_provider(send: Any, provider: Provider) -> None:
    send()
    send()
    assert len({headers["Idempotency-Key"] for headers, _message in provider.asked}) == 1


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (401, Transient("The mail service does not let us in (401)", is_outage=True)),
        (422, Refused("Refused by the mail service (422)", said="HTTP 422")),
        (
            429,
            Transient("The mail service asked for a pause (429)", retry_after=dt.timedelta(seconds=7), is_outage=True),
        ),
        (500, Ambiguous("The mail service stumbled (500)")),
        (503, Transient("The mail service is away (503)", retry_after=dt.timedelta(seconds=7), is_outage=True)),
    ],
)
def test_answer_says_whether_the_message_may_have_been_sent(
    send: Any, provider: Provider, status: int, result: Result
) -> None:
    provider.status, provider.headers = status, {"Retry-After": "7"}
    provider.answer = {"message": "guest@example.org is not liked here"}
    assert send() == result


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("9" * 5000, 3600), ("Tue, 17 Nov 2026 23:00:30 GMT", 30), (f"Tue, 17 Nov 2026 23:00:30 +{'9' * 20}", None)],
)
def test_pause_is_read_whatever_it_says(send: Any, provider: Provider, given: str, seconds: int | None) -> None:
    provider.status, provider.headers = 429, {"Retry-After": given}
    pause = None if seconds is None else dt.timedelta(seconds=seconds)
    assert send() == Transient("The mail service asked for a pause (429)", retry_after=pause, is_outage=True)


def test_silence_is_ambiguous_and_nobody_there_is_not(send: Any, provider: Provider, settings: Any) -> None:
    settings.ANYMAIL = {**settings.ANYMAIL, "REQUESTS_TIMEOUT": 0.2}
    provider.seconds = 0.6
    assert EmailGateway().send(letter(), until=in_a_while()) == Ambiguous("The mail service did not answer")
    settings.ANYMAIL = {**settings.ANYMAIL, "RESEND_API_URL": "http://127.0.0.1:9/"}
    assert EmailGateway().send(letter(), until=in_a_while()) == Transient(
        "The mail service cannot be reached", is_outage=True
    )


def test_address_the_provider_knows_as_dead_gets_nothing_again(
    provider: Provider, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(settings, monkeypatch, "postmark://their-key@example.org", base=provider.address)
    words = "Found inactive addresses: guest@example.org. Inactive recipients are ones that bounced."
    provider.status, provider.answer = 422, {"ErrorCode": 406, "Message": words}
    found = EmailGateway().send(letter(), until=in_a_while())
    assert found == Refused("The mail service knows this address as one that takes no mail", suppress=True)
    provider.answer = {"ErrorCode": 406, "Message": "Other words, which say nothing."}
    assert EmailGateway().send(letter(), until=in_a_while()) == Ambiguous(
        "The mail service did not say whether it took the message"
    )


def test_secret_that_a_provider_cannot_send_is_refused_at_the_start(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ImproperlyConfigured, match="user:password"):
        use(settings, monkeypatch, "postmark://their-key@example.org", secret="no-colon")


# -- receipts ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def sent(now: dt.datetime) -> Reminder:
    return make_reminder(public_id=OURS, state=ReminderState.ACCEPTED, attempt=1, submitted_at=now)


def postmark(client: Client, *, user: str = "user:password", **fields: Any) -> HttpResponse:
    event = {"RecordType": "Bounce", "Type": "HardBounce", "Metadata": {"message": str(OURS)}, **fields}
    key = base64.b64encode(user.encode()).decode()
    return client.post(
        ADDRESS, json.dumps(event), content_type="application/json", headers={"Authorization": f"Basic {key}"}
    )  # type: ignore[return-value]  # the test client's own response


@pytest.fixture
def by_postmark(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    use(settings, monkeypatch, "postmark://their-key@example.org", secret="user:password")


@pytest.mark.django_db
@pytest.mark.usefixtures("by_postmark")
@pytest.mark.parametrize(
    ("event", "state", "is_over"),
    [
        ({}, ReminderState.BOUNCED, True),
        ({"Type": "SoftBounce"}, ReminderState.BOUNCED, False),
        ({"Type": "Transient"}, ReminderState.ACCEPTED, False),
        ({"RecordType": "SpamComplaint", "Type": "SpamComplaint"}, ReminderState.COMPLAINED, True),
        ({"RecordType": "Delivery", "Type": ""}, ReminderState.DELIVERED, False),
        ({"Metadata": {"message": "not ours"}}, ReminderState.ACCEPTED, False),
        ({"Metadata": {"message": str(uuid.UUID(int=7))}}, ReminderState.ACCEPTED, False),
        ({"Metadata": {}}, ReminderState.ACCEPTED, False),
    ],
)
def test_receipt_is_heard_once_however_often_it_comes(
    client: Client, sent: Reminder, event: dict[str, Any], state: ReminderState, is_over: bool
) -> None:
    for _again in range(2):
        assert postmark(client, **event).status_code == 200
    sent.refresh_from_db()
    assert sent.state == state
    assert is_suppressed(sent.contact_point) is is_over
    assert sent.events.count() == (state != ReminderState.ACCEPTED)


@pytest.mark.django_db
@pytest.mark.usefixtures("by_postmark")
def test_receipt_without_the_secret_is_not_heard(sent: Reminder) -> None:
    client = Client(enforce_csrf_checks=True)
    assert postmark(client, user="user:guessed").status_code == 403
    assert client.post(ADDRESS, "{}", content_type="application/json").status_code == 403
    sent.refresh_from_db()
    assert sent.state == ReminderState.ACCEPTED


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("is_genuine", "about", "expected"),
    [
        (True, {"message": str(OURS)}, (200, ReminderState.BOUNCED)),
        # What was sent with the account by others has nothing of ours.
        (True, None, (200, ReminderState.ACCEPTED)),
        (False, {"message": str(OURS)}, (403, ReminderState.ACCEPTED)),
    ],
)
def test_signature_of_mailgun_is_checked(
    client: Client,
    sent: Reminder,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    is_genuine: bool,
    about: dict[str, str] | None,
    expected: tuple[int, ReminderState],
) -> None:
    use(settings, monkeypatch, "mailgun://their-key@example.org", secret="signing-key")
    key = b"signing-key" if is_genuine else b"another"
    signature = hmac.new(key, b"1794440000token", hashlib.sha256).hexdigest()
    event = {
        "signature": {"timestamp": "1794440000", "token": "token", "signature": signature},
        "event-data": {
            "event": "failed",
            "severity": "permanent",
            "timestamp": 1794440000,
            "user-variables": about,
            "delivery-status": {"code": 550, "bounce-type": "hard"},
            "reason": "bounce",
            "recipient": "guest@example.org",
        },
    }
    answer = client.post(ADDRESS, json.dumps(event), content_type="application/json")
    sent.refresh_from_db()
    assert (answer.status_code, sent.state) == expected


@pytest.mark.django_db
def test_there_is_no_such_address_without_a_provider(client: Client) -> None:
    assert client.post(ADDRESS, "{}", content_type="application/json").status_code == 404


def test_mail_service_is_asked_nothing_once_the_lease_is_over(
    provider: Provider, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(settings, monkeypatch, "resend://their-key@example.org", base=provider.address)
    assert EmailGateway().send(letter(), until=clock.now()) == HELD_UP
    assert provider.asked == []
