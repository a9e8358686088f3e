"""One SMTP conversation (RFC 5321), step by step, so that every failure says whether the message may have been sent.

Django's own backend hides at which step it failed; between "certainly not sent" and "perhaps sent" lies the difference
between a free second try and a doubled message.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
import io
import re
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any

from support.messaging.letter import Letter
from support.messaging.results import HELD_UP, Accepted, Ambiguous, Refused, Result, Transient, is_over


class Stage(enum.IntEnum):
    """How far the conversation had come."""

    CONNECT = 0
    MAIL = 1
    RCPT = 2
    DATA = 3
    #: The message's own lines are on their way: without the final dot a server must not deliver them.
    BODY = 4
    #: The final dot was (or may have been) sent: RFC 1047's window.
    END = 5


class _LeaseOver(Exception):
    """The sender's lease was over before the server had the message."""


class UnexpectedReply(smtplib.SMTPResponseException):
    """A reply that ends this message's conversation: its code is 4xx or 5xx."""


#: RFC 3463: the address does not exist, or is not valid.
_BAD_ADDRESS = re.compile(r"5\.1\.(1|2|3|6|10)\b")
_ENHANCED = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_NO_SUCH_MAILBOX = (550, 551, 553)


def classify(error: Exception, stage: Stage) -> Result:
    """Return what an exception of `smtplib` (or the socket below it) at `stage` means for the message.

    The server's own words are left out of reasons: they repeat the address.
    """
    if isinstance(error, smtplib.SMTPResponseException):
        return _classify_reply(error, stage)
    words = _what_happened(error)
    if stage == Stage.END:
        return Ambiguous(f"No answer after the whole message was handed over ({words})")
    if stage == Stage.CONNECT:
        return Transient(f"The mail server cannot be reached ({words})", is_outage=True)
    return Transient(f"The mail server went away before it had the message ({words})")


def _classify_reply(error: smtplib.SMTPResponseException, stage: Stage) -> Result:
    code = error.smtp_code
    text = error.smtp_error if isinstance(error.smtp_error, str) else error.smtp_error.decode("utf-8", "replace")
    found = _ENHANCED.search(text)
    enhanced = found.group() if found else ""
    number = f"{code} {enhanced}".strip()
    if stage == Stage.CONNECT:
        # Whatever it says (too busy, wrong password), it is not about this message.
        return Transient(f"The mail server turned us away ({number})", is_outage=True)
    if code < 100:
        # smtplib's word for a line that makes no sense, or no line at all.
        if stage == Stage.END:
            return Ambiguous("No answer after the whole message was handed over")
        return Transient("The mail server answered with nonsense")
    if code < 500:
        return Transient(f"The mail server asked to try again later ({number})", is_outage=code == 421)
    if stage == Stage.MAIL and code != 552:
        # It refuses us as a sender; the next message would fare no better, and losing them all would be wrong.
        return Transient(f"The mail server does not accept our sender ({number})", is_outage=True)
    # There is one recipient, so a word about "the mailbox" is about it, wherever it comes; a bare code only at RCPT.
    is_bad_address = bool(_BAD_ADDRESS.match(enhanced)) if enhanced else _is_bare_refusal(code, stage)
    return Refused(f"Refused by the mail server ({number})", suppress=is_bad_address)


def _is_bare_refusal(code: int, stage: Stage) -> bool:
    return stage == Stage.RCPT and code in _NO_SUCH_MAILBOX


def _what_happened(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, socket.gaierror):
        return "its name is unknown"
    if isinstance(error, ssl.SSLError):
        return "no safe connection"
    return "connection lost"


def _refuse_from(until: dt.datetime) -> None:
    if is_over(until):
        raise _LeaseOver


@dataclass(frozen=True)
class SmtpServer:
    """Where to hand messages over, and how."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    use_tls: bool = False
    use_ssl: bool = False
    #: Seconds for one message from MAIL to the last reply, and for opening the line.
    timeout: float = 20.0


class SmtpSession:
    """One connection, used for one message after the other."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._connection: _Connection | None = None
        # Whether this connection has taken a message already.
        self._is_used = False

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    def open(self) -> Transient | None:
        """Connect, and sign in where there is a user. Returns why that is not possible, or None."""
        if self._connection is not None:
            return None
        server = self._server
        connection = _Connection(server.timeout, use_ssl=server.use_ssl)
        try:
            connection.start_clock()
            code, text = connection.connect(server.host, server.port)
            if code != 220:
                raise UnexpectedReply(code, text)
            connection.ehlo_or_helo_if_needed()
            if server.use_tls:
                connection.starttls(context=ssl.create_default_context())
            if server.user:
                connection.login(server.user, server.password)
        except (OSError, smtplib.SMTPException) as error:
            connection.close()
            result = classify(error, Stage.CONNECT)
            assert isinstance(result, Transient)
            return result
        self._connection, self._is_used = connection, False
        return None

    def send(self, letter: Letter, /, *, until: dt.datetime) -> Result:
        """Hand one letter over, on the open line or on a new one, unless `until` passes before the final dot."""
        try:
            content, recipient = letter.as_bytes(), letter.recipient
        except UnicodeError:
            return Refused("The address cannot be written in ASCII")
        failure = self.open()
        if failure:
            return failure
        is_used = self._is_used
        result, stage = self._hand_over(letter.sender_address, recipient, content, until)
        if is_used and stage == Stage.MAIL and self._connection is None:
            # Many servers take so many messages a connection, then hang up: nothing was said yet, so we call again.
            failure = self.open()
            if failure:
                return failure
            result, stage = self._hand_over(letter.sender_address, recipient, content, until)
        return result

    def _hand_over(self, sender: str, recipient: str, content: bytes, until: dt.datetime) -> tuple[Result, Stage]:
        assert self._connection is not None
        stage = Stage.MAIL
        try:
            connection = self._connection
            connection.start_clock()
            _refuse_from(until)
            connection.expect(250, f"MAIL FROM:<{sender}>")
            stage = Stage.RCPT
            connection.expect(25, f"RCPT TO:<{recipient}>")
            stage = Stage.DATA
            _refuse_from(until)
            connection.expect(354, "DATA")
            stage = Stage.BODY
            connection.write_body(content)
            _refuse_from(until)
            stage = Stage.END
            text = connection.expect(250, ".")
        except _LeaseOver:
            # Without the final dot the server must not deliver (RFC 5321 section 4.1.1.4), so it has to hear nothing.
            self.drop()
            return HELD_UP, stage
        except UnexpectedReply as error:
            self._recover(error)
            return classify(error, stage), stage
        except (OSError, smtplib.SMTPException, ValueError) as error:
            self.drop()
            return classify(error, stage), stage
        self._is_used = True
        return Accepted(provider_id=text.decode("utf-8", "replace")[:200]), stage

    def close(self) -> None:
        """Say QUIT; whatever happens then, the line is closed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.start_clock(at_most=2)
            with contextlib.suppress(OSError, smtplib.SMTPException):
                connection.quit()
            connection.close()

    def drop(self) -> None:
        """Hang up without a word."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _recover(self, error: UnexpectedReply) -> None:
        """Make the line ready for the next message after this one was turned down."""
        if error.smtp_code == 421 or self._connection is None:
            self.drop()
            return
        try:
            self._connection.expect(250, "RSET")
        except (OSError, smtplib.SMTPException):
            self.drop()


class _Connection(smtplib.SMTP):
    """`smtplib.SMTP` with one clock for a whole message: a server that drips bytes cannot hold us for ever."""

    def __init__(self, timeout: float, *, use_ssl: bool) -> None:
        self._total = timeout
        self._use_ssl = use_ssl
        self._deadline = time.monotonic() + timeout
        # Our own name in EHLO: the machine's full name is nobody's business, and looking it up can hang.
        super().__init__(local_hostname="localhost", timeout=timeout)

    def start_clock(self, *, at_most: float | None = None) -> None:
        self._deadline = time.monotonic() + min(self._total, at_most or self._total)

    def remaining(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connected = socket.create_connection((host, port), timeout=self.remaining())
        # The last dot is a small write after a larger one: waiting for more to send would cost 40 ms a message.
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._use_ssl:
            return ssl.create_default_context().wrap_socket(connected, server_hostname=host)
        return connected

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(_TimedReader(self))
        return super().getreply()

    def send(self, s: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(self.remaining())
        super().send(s)

    def expect(self, code: int, command: str) -> bytes:
        """Send one command. Returns the reply's text where its code begins with `code`, else raises UnexpectedReply."""
        self.putcmd(command)
        got, text = self.getreply()
        if not str(got).startswith(str(code)):
            raise UnexpectedReply(got, text)
        return text

    def write_body(self, content: bytes) -> None:
        """Send the message's lines, dots doubled (RFC 5321 section 4.5.2), without the line that ends them."""
        if content.startswith(b"."):
            content = b"." + content
        self.send(content.replace(b"\r\n.", b"\r\n.."))


class _TimedReader(io.RawIOBase):
    """The socket's bytes, with what is left of the connection's clock before each of them."""

    def __init__(self, connection: _Connection) -> None:
        super().__init__()
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        sock = self._connection.sock
        assert sock is not None
        sock.settimeout(self._connection.remaining())
        return sock.recv_into(buffer)
