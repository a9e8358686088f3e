"""Letters and their bytes; what each failure of a mail server means; the conversation with real (and bad) servers."""

from __future__ import annotations

import datetime as dt
import email.policy
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.mail import send_mail
from django.core.mail.backends.base import BaseEmailBackend

from support.messaging import Accepted, Ambiguous, CalendarPart, EmailGateway, Letter, Refused, Result, Transient
from support.messaging import outbox as kept
from support.messaging.reading import read
from support.messaging.smtp import SmtpServer, SmtpSession, Stage, UnexpectedReply, classify
from tests.helpers.leases import in_a_while
from tests.servers import Behaviour, SmtpSink

CALENDAR = CalendarPart(
    "REQUEST",
    b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:5f3c@homegroup\r\nSEQUENCE:2\r\n"
    b"DTSTART:20261125T000000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
)


def letter(**fields: Any) -> Letter:
    values: dict[str, Any] = {
        "sender": "Homegroup <no-reply@example.org>",
        "to": "guest@example.org",
        "subject": "Reminder for Tue 7:00 PM",
        "text": "Tuesday\n7:00–8:30 PM\n",
        "html": "<html><head></head><body><p>Tuesday</p></body></html>\n",
        "message_id": "<5f3c@example.org>",
        "sent_at": dt.datetime(2026, 11, 17, 23, 0, tzinfo=dt.UTC),
        **fields,
    }
    return Letter(**values)


def parsed(written: Letter) -> EmailMessage:
    return message_from_bytes(written.as_bytes(), policy=email.policy.default)


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


# -- bytes -----------------------------------------------------------------------------------------------------------


def test_letter_with_calendar_has_the_parts_that_every_mail_program_finds() -> None:
    message = parsed(letter(calendars=(CALENDAR,), headers={"Auto-Submitted": "auto-generated"}))
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    calendar = list(message.walk())[4]
    assert calendar.get_param("method") == "REQUEST"
    assert calendar.get_content() == CALENDAR.content.decode()
    assert next(message.iter_attachments()).get_filename() == "invite.ics"
    assert (message["Message-ID"], message["Auto-Submitted"]) == ("<5f3c@example.org>", "auto-generated")
    assert message["Date"].datetime == dt.datetime(2026, 11, 17, 23, 0, tzinfo=dt.UTC)


def test_letter_with_several_calendar_files_shows_the_first_and_attaches_each_by_a_name_of_its_own() -> None:
    files = tuple(CalendarPart("CANCEL", f"UID:{number}\r\n".encode()) for number in range(3))
    message = parsed(letter(calendars=files))
    [shown] = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    assert (shown.get_param("method"), shown.get_content()) == ("CANCEL", "UID:0\r\n")
    attached = [(part.get_filename(), part.get_content()) for part in message.iter_attachments()]
    assert attached == [(f"invite-{number + 1}.ics", each.content) for number, each in enumerate(files)]


def test_letter_without_calendar_is_an_alternative_alone() -> None:
    assert [part.get_content_type() for part in parsed(letter()).walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


@pytest.mark.parametrize(
    "text",
    ["plain\n", "a" * 2000 + "\n", "Größe – 7:00 PM\n", "trailing space \n", ".\n..\ndots\n", "=3D\n", "tab\tend\t\n"],
)
def test_letter_text_comes_back_as_it_was(text: str) -> None:
    assert text_of(parsed(letter(text=text))) == text
    assert all(len(line) <= 998 for line in letter(text=text).as_bytes().split(b"\r\n"))


def test_letter_words_outside_ascii_survive_headers() -> None:
    message = parsed(letter(sender="Círculo <no-reply@example.org>", subject="Recordatorio: mié 19:00 – " + "ñ" * 80))
    assert message["From"].addresses[0].display_name == "Círculo"
    assert message["Subject"] == "Recordatorio: mié 19:00 – " + "ñ" * 80


def test_letter_refuses_a_second_line_in_a_header() -> None:
    with pytest.raises(ValueError, match="single line"):
        letter(subject="Reminder\r\nBcc: everyone@example.org")


def test_letter_to_an_international_domain_is_written_in_ascii() -> None:
    written = letter(to="guest@bücher.example")
    assert written.recipient == "guest@xn--bcher-kva.example"
    assert b"To: guest@xn--bcher-kva.example\r\n" in written.as_bytes()


# -- what a failure means --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "stage", "expected"),
    [
        (ConnectionRefusedError(), Stage.CONNECT, (Transient, True)),
        (TimeoutError(), Stage.CONNECT, (Transient, True)),
        (smtplib.SMTPAuthenticationError(535, b"5.7.8 no"), Stage.CONNECT, (Transient, True)),
        (UnexpectedReply(554, b"no service"), Stage.CONNECT, (Transient, True)),
        (UnexpectedReply(550, b"5.7.1 you may not send"), Stage.MAIL, (Transient, True)),
        (UnexpectedReply(552, b"5.3.4 too big"), Stage.MAIL, (Refused, False)),
        (UnexpectedReply(451, b"4.7.1 greylisted"), Stage.RCPT, (Transient, False)),
        (UnexpectedReply(421, b"4.3.2 closing"), Stage.MAIL, (Transient, True)),
        (UnexpectedReply(421, b"4.3.2 closing"), Stage.RCPT, (Transient, False)),
        (UnexpectedReply(550, b"5.1.1 <guest@example.org> unknown"), Stage.RCPT, (Refused, True)),
        (UnexpectedReply(550, b"User unknown"), Stage.RCPT, (Refused, True)),
        (UnexpectedReply(550, b"5.7.1 looks like spam"), Stage.RCPT, (Transient, True)),
        (UnexpectedReply(552, b"5.2.2 mailbox full"), Stage.RCPT, (Transient, False)),
        (UnexpectedReply(550, b"5.1.1 no such mailbox"), Stage.END, (Refused, True)),
        (UnexpectedReply(554, b"5.6.0 content rejected"), Stage.END, (Refused, False)),
        (UnexpectedReply(452, b"4.3.1 no room"), Stage.END, (Transient, False)),
        (smtplib.SMTPServerDisconnected("gone"), Stage.RCPT, (Transient, False)),
        (BrokenPipeError(), Stage.BODY, (Transient, False)),
        (TimeoutError(), Stage.END, (Ambiguous, None)),
        (smtplib.SMTPServerDisconnected("gone"), Stage.END, (Ambiguous, None)),
        (UnexpectedReply(-1, b""), Stage.END, (Ambiguous, None)),
        (UnexpectedReply(999, b"What?"), Stage.CONNECT, (Transient, True)),
        (UnexpectedReply(250, b"What?"), Stage.DATA, (Transient, False)),
    ],
)
def test_failure_means_by_where_it_came(
    error: Exception, stage: Stage, expected: tuple[type[Result], bool | None]
) -> None:
    result = classify(error, stage)
    flag = {Transient: "is_outage", Refused: "suppress"}.get(type(result))
    assert (type(result), getattr(result, flag) if flag else None) == expected
    assert "guest@example.org" not in getattr(result, "reason", "")


# -- conversations ---------------------------------------------------------------------------------------------------


@pytest.fixture
def session(_smtp: tuple[SmtpSink, str], smtp_sink: SmtpSink) -> Iterator[SmtpSession]:
    opened = SmtpSession(SmtpServer("127.0.0.1", int(_smtp[1].rpartition(":")[2]), timeout=1.5))
    yield opened
    opened.close()


def test_session_sends_many_over_one_connection(session: SmtpSession, smtp_sink: SmtpSink) -> None:
    results = [session.send(letter(to=f"guest{n}@example.org", text=".dot\n"), until=in_a_while()) for n in range(3)]
    assert [type(result) for result in results] == [Accepted] * 3
    assert smtp_sink.connections == 1
    received = smtp_sink.wait_for(3)
    assert [message["To"] for message in received] == [f"guest{n}@example.org" for n in range(3)]
    assert text_of(received[0]) == ".dot\n"


@pytest.mark.parametrize(
    ("behaviour", "expected"), [("refuse", Refused), ("defer", Transient), ("drop", Ambiguous), ("hang", Ambiguous)]
)
def test_session_goes_on_after_a_bad_answer(
    session: SmtpSession, smtp_sink: SmtpSink, behaviour: Behaviour, expected: type[Result]
) -> None:
    smtp_sink.script = [behaviour]
    assert type(session.send(letter(), until=in_a_while())) is expected
    assert type(session.send(letter(), until=in_a_while())) is Accepted


def test_session_calls_again_where_the_server_hangs_up_after_a_few(session: SmtpSession, smtp_sink: SmtpSink) -> None:
    assert isinstance(session.send(letter(), until=in_a_while()), Accepted)
    assert session._connection is not None
    assert session._connection.sock is not None
    # What is left of a line that the other side has closed in the meantime.
    session._connection.sock.shutdown(socket.SHUT_RDWR)
    assert isinstance(session.send(letter(), until=in_a_while()), Accepted)
    assert (len(smtp_sink.wait_for(2)), smtp_sink.connections) == (2, 2)


def test_session_calls_no_second_time_where_a_server_hangs_up_at_the_first_message() -> None:
    def turn_away(connected: socket.socket) -> None:
        lines = connected.makefile("rb")
        connected.sendall(b"220 hello\r\n")
        lines.readline()
        connected.sendall(b"250 fine\r\n")
        lines.readline()

    # It takes one call and no other, which would be left without a greeting.
    with talking_server(turn_away) as port:
        session = SmtpSession(SmtpServer("127.0.0.1", port, timeout=5))
        assert session.send(letter(), until=in_a_while()) == Transient(
            "The mail server went away before it had the message (connection lost)", is_counted=False
        )


def test_session_without_a_server_says_that_it_is_an_outage() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    result = SmtpSession(SmtpServer("127.0.0.1", port, timeout=1)).send(letter(), until=in_a_while())
    assert result == Transient("The mail server cannot be reached (connection refused)", is_outage=True)


@contextmanager
def talking_server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Run a server that says what it likes to one client."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connected, _address = server.accept()
            with connected:
                try:
                    talk(connected)
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(5)


def test_session_with_a_server_that_drips_ends_in_time() -> None:
    def drip(connected: socket.socket) -> None:
        while True:
            connected.send(b"2")
            time.sleep(0.1)

    with talking_server(drip) as port:
        session = SmtpSession(SmtpServer("127.0.0.1", port, timeout=0.5))
        assert isinstance(session.open(), Transient)


def test_session_cut_in_the_middle_of_a_message_has_certainly_not_sent_it() -> None:
    def cut(connected: socket.socket) -> None:
        lines = connected.makefile("rb")
        connected.sendall(b"220 hello\r\n")
        for _command in range(3):
            lines.readline()
            connected.sendall(b"250 fine\r\n")
        lines.readline()
        connected.sendall(b"354 go on\r\n")
        connected.recv(1000)
        # With bytes unread, closing resets the connection: the client learns of it while it is still writing.

    with talking_server(cut) as port:
        session = SmtpSession(SmtpServer("127.0.0.1", port, timeout=5))
        result = session.send(letter(text="x\n" * 20_000_000), until=in_a_while())
        words = "The mail server went away before it had the message (connection lost)"
        assert result == Transient(words, is_counted=False)


def test_session_with_a_server_that_takes_a_message_too_late_has_certainly_not_sent_it() -> None:
    def dawdle(connected: socket.socket) -> None:
        lines = connected.makefile("rb")
        connected.sendall(b"220 hello\r\n")
        for _command in range(3):
            lines.readline()
            connected.sendall(b"250 fine\r\n")
        lines.readline()
        time.sleep(1)
        connected.sendall(b"354 go on\r\n")
        # It takes the message itself once the client's time is over.
        time.sleep(1.25)
        while connected.recv(1_000_000):
            pass

    with talking_server(dawdle) as port:
        session = SmtpSession(SmtpServer("127.0.0.1", port, timeout=1.5))
        assert isinstance(session.send(letter(text="x\n" * 20_000_000), until=in_a_while()), Transient)


# -- gateways over Django's backends ---------------------------------------------------------------------------------


def test_gateway_uses_the_backend_in_the_settings() -> None:
    gateway = EmailGateway()
    assert gateway.open() is None
    assert gateway.send(letter(calendars=(CALENDAR,)), until=in_a_while()) == Accepted()
    gateway.close()
    [sent] = mail.outbox
    assert (sent.to, sent.subject, sent.from_email) == (
        ["guest@example.org"],
        "Reminder for Tue 7:00 PM",
        "Homegroup <no-reply@example.org>",
    )


def test_gateway_over_smtp_is_our_own_conversation(smtp_settings: SmtpSink) -> None:
    gateway = EmailGateway()
    assert isinstance(gateway.send(letter(), until=in_a_while()), Accepted)
    gateway.close()
    assert [message["Subject"] for message in smtp_settings.wait_for(1)] == ["Reminder for Tue 7:00 PM"]


class ShutBackend(BaseEmailBackend):
    def open(self) -> bool:
        raise ConnectionRefusedError


def test_backend_that_cannot_be_opened_is_an_outage(settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.ShutBackend"
    assert EmailGateway().open() == Transient(
        "The mail service cannot be reached (ConnectionRefusedError)", is_outage=True
    )


def test_outbox_keeps_whole_messages_for_their_owner_alone(settings: Any, tmp_path: Path) -> None:
    settings.OUTBOX_DIR = tmp_path / "outbox"
    settings.EMAIL_BACKEND = "support.messaging.outbox.EmailBackend"
    assert EmailGateway().send(letter(calendars=(CALENDAR,)), until=in_a_while()) == Accepted()
    send_mail("Your sign-in code", "123", None, ["member@example.org"])
    second, first = kept.newest_first()
    assert first.stat().st_mode & 0o777 == 0o600
    assert read(first).parts == ["text", "HTML", "calendar"]
    assert [(entry.method, entry.sequence) for entry in read(first).entries] == [("REQUEST", 2)]
    assert read(first).text == "Tuesday\n7:00–8:30 PM\n"
    assert (read(second).subject, read(second).parts) == ("Your sign-in code", ["text"])
    assert sorted(path.name for path in kept.folder().iterdir()) == sorted([first.name, second.name])


def test_outbox_that_cannot_be_written_is_an_outage(settings: Any, tmp_path: Path) -> None:
    blocked = tmp_path / "outbox"
    settings.OUTBOX_DIR = blocked / "below"
    settings.EMAIL_BACKEND = "support.messaging.outbox.EmailBackend"
    blocked.write_text("a file where a folder should be")
    result = EmailGateway().send(letter(), until=in_a_while())
    assert isinstance(result, Transient)
    assert result.is_outage
