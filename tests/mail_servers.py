"""Mail servers that say no as real ones do, each a real SMTP server on a port of its own.

Used by the tests of the engine, and by whoever measures it.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from support import clock
from tests.servers import Received


@dataclass
class Line:
    """One connection: how many messages it has brought, and when the last one."""

    taken: int = 0
    used_at: dt.datetime = field(default_factory=clock.now)


@dataclass
class MailServer:
    """A server that takes everything; those below answer otherwise. `mended` lets any of them take everything.

    It keeps what it took, whom it refused how often, and how many connections it saw.
    """

    mended: bool = False
    received: list[Received] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    #: What it offers in its answer to EHLO beside the usual.
    offers: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""

    def mail(self, line: Line) -> str | None:
        """Return a refusal of MAIL, or None."""

    def rcpt(self, line: Line, recipient: str) -> str | None:
        """Return a refusal of RCPT, or None."""

    def data(self, line: Line, recipient: str) -> str | None:
        """Return a refusal of DATA, or None."""

    def end(self, line: Line, recipient: str) -> str | None:
        """Return a refusal of the message itself, or None."""

    async def acknowledge(self, recipient: str) -> None:
        """Do what lies between taking a message and saying so."""

    @property
    def recipients(self) -> list[str]:
        """Whom the messages that it took are for, in their order."""
        with self.lock:
            return [each for received in self.received for each in received.recipients]

    def judge(self, answer: str | None, recipient: str) -> str | None:
        if answer is None or self.mended:
            return None
        with self.lock:
            self.refused[recipient] += 1
        return answer


class SaysNo(MailServer):
    """Answers each recipient the same: a relay that does not know us, a sender it cannot verify, no reason at all."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer

    def rcpt(self, line: Line, recipient: str) -> str | None:
        return self.answer


#: What Exim, Postfix and others say at RCPT to a site that they do not relay for, or whose address they doubt.
EXIM_RELAY = "550 relay not permitted"
EXIM_SENDER = "550-Verification failed for <no-reply@example.org>\r\n550-No Such User Here\r\n550 Sender verify failed"
POSTFIX_RELAY = "554 5.7.1 <{recipient}>: Relay access denied"
NOBODY = "550 5.1.1 <{recipient}>: Recipient address rejected: User unknown in local recipient table"


class SaysNoToSome(MailServer):
    """Answers some recipients so, and takes everybody else's: an address that is gone, a domain that is busy."""

    def __init__(self, answers: dict[str, str]) -> None:
        super().__init__()
        self.answers = answers

    def rcpt(self, line: Line, recipient: str) -> str | None:
        return self.answers.get(recipient)


class Gmail(MailServer):
    """Takes so many messages a day, then says 550 5.4.5 after each further one."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def end(self, line: Line, recipient: str) -> str | None:
        if len(self.received) < self.most:
            return None
        return (
            "550-5.4.5 Daily user sending limit exceeded. For more information on Gmail\r\n"
            "550 5.4.5 sending limits go to https://support.example.com/a/166852 98e67ed59e1d1-33474f14e4b - gsmtp"
        )


class Stalwart(MailServer):
    """Takes ten messages a connection, then answers 452 4.4.5 at DATA and leaves the line open."""

    def __init__(self, most: int = 10) -> None:
        super().__init__()
        self.most = most

    def data(self, line: Line, recipient: str) -> str | None:
        return "452 4.4.5 Maximum number of messages per session exceeded." if line.taken >= self.most else None


class Postgrey(MailServer):
    """Takes from whom it does not know only what comes again after five minutes."""

    def __init__(self) -> None:
        super().__init__()
        self.first_seen: dict[str, dt.datetime] = {}

    def rcpt(self, line: Line, recipient: str) -> str | None:
        since = self.first_seen.setdefault(recipient, clock.now())
        if clock.now() - since >= dt.timedelta(minutes=5):
            return None
        return f"450 4.2.0 <{recipient}>: Recipient address rejected: Greylisted, see http://postgrey.example.org/help"


class Anvil(MailServer):
    """Takes so many messages a minute, as Postfix's anvil counts them, then answers 450 4.7.1 at MAIL."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.taken: list[dt.datetime] = []

    def mail(self, line: Line) -> str | None:
        recent = [at for at in self.taken if clock.now() - at < dt.timedelta(minutes=1)]
        if len(recent) >= self.most:
            return "450 4.7.1 Error: too much mail from 127.0.0.1"
        self.taken = [*recent, clock.now()]
        return None


class Idle(MailServer):
    """Closes a line that stood still for a minute, and says so to the next command: RFC 5321 section 3.8."""

    def mail(self, line: Line) -> str | None:
        is_idle = clock.now() - line.used_at > dt.timedelta(minutes=1)
        return "421 4.4.2 mail.example.net Error: timeout exceeded" if is_idle else None


class Hangs(MailServer):
    """Takes each message and does not say so."""

    async def acknowledge(self, recipient: str) -> None:
        if not self.mended:
            await asyncio.sleep(3600)


@contextlib.contextmanager
def serving(server: MailServer) -> Iterator[MailServer]:
    """Run a server on a free port; yields it, with its EMAIL_URL in `url`."""
    with socket.create_server(("127.0.0.1", 0)) as probe:  # aiosmtpd cannot be asked which port it took for 0
        port = probe.getsockname()[1]
    controller = _Controller(_Handler(server), hostname="127.0.0.1", port=port, ready_timeout=20)
    controller.start()
    server.url = f"smtp://127.0.0.1:{port}"
    try:
        yield server
    finally:
        controller.stop(no_assert=True)


class _Handler:
    """What aiosmtpd calls, by these names."""

    def __init__(self, server: MailServer) -> None:
        self.server = server

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.server.connections += 1
        session.line = Line()  # type: ignore[attr-defined]  # ours
        session.host_name = hostname
        return [*responses[:-1], *(f"250-{offer}" for offer in self.server.offers), responses[-1]]

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refusal := self.server.judge(self.server.mail(_line(session)), ""):
            return _say(server, refusal)
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refusal := self.server.judge(self.server.rcpt(_line(session), address), address):
            return _say(server, refusal.format(recipient=address))
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        [recipient] = envelope.rcpt_tos
        line = _line(session)
        if refusal := self.server.judge(self.server.end(line, recipient), recipient):
            return _say(server, refusal)
        line.taken += 1
        line.used_at = clock.now()
        with self.server.lock:
            content = envelope.original_content or b""
            self.server.received.append(Received(envelope.mail_from or "", [recipient], content))
        await self.server.acknowledge(recipient)
        return "250 2.0.0 Taken"


class _Protocol(SMTP):
    """aiosmtpd asks nobody before it says 354; real servers refuse there as well."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        handler = self.event_handler
        assert isinstance(handler, _Handler)
        assert self.session is not None
        assert self.envelope is not None
        recipient = self.envelope.rcpt_tos[0] if self.envelope.rcpt_tos else ""
        if refusal := handler.server.judge(handler.server.data(_line(self.session), recipient), recipient):
            await self.push(_say(self, refusal))
            return
        await super().smtp_DATA(arg)


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Protocol(self.handler, **self.SMTP_kwargs)


def _line(session: Session) -> Line:
    found: Any = session.line  # type: ignore[attr-defined]  # ours
    assert isinstance(found, Line)
    return found


def _say(server: SMTP, answer: str) -> str:
    if answer.startswith("421"):
        # It has said so first: RFC 5321 section 3.8.
        assert isinstance(server.transport, asyncio.WriteTransport)
        asyncio.get_running_loop().call_later(0.02, server.transport.close)
    return answer
