"""A sender that stood still until its lease was over hands nothing over any more, whichever gateway it uses."""

from __future__ import annotations

import datetime as dt
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core import mail

from support.messaging import Accepted, EmailGateway, Letter, SmsGateway, TextMessage
from support.messaging.push import Notification, PushGateway, read_subscription
from support.messaging.results import HELD_UP
from support.messaging.smtp import SmtpServer, SmtpSession
from tests.conftest import NOW
from tests.push_service import push_service
from tests.sms_servers import ACCOUNT, TOKEN, FakeTelnyx, FakeTwilio, telnyx_server, twilio_server

LEASE = dt.timedelta(minutes=2)


def letter() -> Letter:
    return Letter(
        sender="Homegroup <no-reply@example.org>",
        to="guest@example.org",
        subject="Reminder for Tue 7:00 PM",
        text="Tuesday\n",
        html="<html><head></head><body><p>Tuesday</p></body></html>\n",
        message_id="<5f3c@example.org>",
        sent_at=NOW,
    )


def text() -> TextMessage:
    return TextMessage(to="+15185550123", text="Reminder for Tue 7:00 PM", sent_at=NOW)


@contextmanager
def server_in_whose_time(command: bytes, clock: time_machine.Traveller) -> Iterator[tuple[int, list[bytes]]]:
    """Run a mail server at whose answer to `command` two minutes are over. Yields its port and all that it reads."""
    heard: list[bytes] = []
    answers = {b"EHLO": b"250 fine", b"MAIL": b"250 fine", b"RCPT": b"250 fine", b"DATA": b"354 go on"}

    def talk(connected: socket.socket) -> None:
        connected.sendall(b"220 hello\r\n")
        for line in connected.makefile("rb"):
            heard.append(line.rstrip())
            verb = line[:4].upper()
            if verb == command:
                clock.shift(LEASE)
            if line == b".\r\n":
                connected.sendall(b"250 taken\r\n")
            elif verb in answers:
                connected.sendall(answers[verb] + b"\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connected, _address = server.accept()
            with connected:
                talk(connected)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], heard
        thread.join(5)
        assert not thread.is_alive(), "the line was left open"


@pytest.mark.parametrize(
    ("command", "never"),
    [(b"EHLO", b"MAIL"), (b"MAIL", b"DATA"), (b"RCPT", b"DATA"), (b"DATA", b".")],
)
def test_mail_session_says_nothing_more_once_the_lease_is_over(command: bytes, never: bytes) -> None:
    with time_machine.travel(NOW, tick=False) as clock, server_in_whose_time(command, clock) as (port, heard):
        session = SmtpSession(SmtpServer("127.0.0.1", port, timeout=5))
        result = session.send(letter(), until=NOW + LEASE)
        # Not even QUIT, which would follow a message that is not over.
        assert not session.is_open
    assert result == HELD_UP
    assert any(line.upper().startswith(command) for line in heard)
    assert not any(line.startswith(never) for line in heard)


def test_mail_session_within_its_lease_goes_through_to_the_dot() -> None:
    with time_machine.travel(NOW, tick=False) as clock, server_in_whose_time(b"DATA", clock) as (port, heard):
        session = SmtpSession(SmtpServer("127.0.0.1", port, timeout=5))
        result = session.send(letter(), until=NOW + LEASE + dt.timedelta(seconds=1))
        session.close()
    assert isinstance(result, Accepted)
    assert b"." in heard


def test_backend_is_given_nothing_once_the_lease_is_over() -> None:
    assert EmailGateway().send(letter(), until=NOW) == HELD_UP
    assert mail.outbox == []


def test_text_outbox_is_given_nothing_once_the_lease_is_over(settings: Any, tmp_path: Path) -> None:
    settings.SMS_PROVIDER, settings.OUTBOX_DIR = "outbox", tmp_path
    assert SmsGateway().send(text(), until=NOW) == HELD_UP
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db
def test_twilio_is_asked_nothing_once_the_lease_is_over(settings: Any) -> None:
    with twilio_server() as fake, closing(_twilio(settings, fake)) as gateway:
        assert gateway.send(text(), until=NOW) == HELD_UP
        assert fake.taken == []
        assert isinstance(gateway.send(text(), until=NOW + LEASE), Accepted)


@pytest.mark.django_db
def test_telnyx_is_asked_nothing_once_the_lease_is_over(settings: Any) -> None:
    with telnyx_server() as fake, closing(_telnyx(settings, fake)) as gateway:
        assert gateway.send(text(), until=NOW) == HELD_UP
        assert fake.taken == []
        assert isinstance(gateway.send(text(), until=NOW + LEASE), Accepted)


def test_push_service_is_given_nothing_once_the_lease_is_over() -> None:
    with push_service() as service, closing(PushGateway()) as gateway:
        notification = Notification(
            to=read_subscription(service.browser().subscription).as_text(),
            title="Homegroup",
            body="Reminder for Tue 7:00 PM",
            url="http://testserver/signups/token/",
            tag="abcdefghijklmnopqrstuv",
            sent_at=NOW,
            expires_at=NOW + LEASE,
        )
        assert gateway.send(notification, until=NOW) == HELD_UP
        assert service.posts == []


def _twilio(settings: Any, fake: FakeTwilio) -> SmsGateway:
    settings.SMS_PROVIDER = "twilio"
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = ACCOUNT, TOKEN
    settings.TWILIO_FROM, settings.TWILIO_API_BASE = "+15185550100", fake.url
    return SmsGateway()


def _telnyx(settings: Any, fake: FakeTelnyx) -> SmsGateway:
    settings.SMS_PROVIDER = "telnyx"
    settings.TELNYX_API_KEY, settings.TELNYX_PUBLIC_KEY = TOKEN, FakeTelnyx.PUBLIC_KEY
    settings.TELNYX_FROM, settings.TELNYX_API_BASE = "+15185550100", fake.url
    return SmsGateway()
