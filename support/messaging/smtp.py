"""One SMTP conversation (RFC 5321), step by step, so that every failure says whether the message may have been sent.

Django's own backend hides at which step it failed; between "certainly not sent" and "perhaps sent" lies the difference
between a free second try and a doubled message.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import re
import smtplib
import socket
import ssl
import time
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_noop as _

from support import clock
from support.messaging.answers import Stage, meaning, read_answer
from support.messaging.letter import Letter
from support.messaging.results import (
    HELD_UP,
    Accepted,
    Ambiguous,
    Limit,
    Refused,
    Result,
    Transient,
    is_over,
    with_detail,
)


class _LeaseOver(Exception):
    """The sender's lease was over before the server had the message."""


class UnexpectedReply(smtplib.SMTPResponseException):
    """A reply that ends this message's conversation: its code is 4xx or 5xx."""


def classify(error: Exception, stage: Stage, *addresses: str) -> Result:
    """Return what an exception of `smtplib` (or the socket below it) at `stage` means for the message.

    `addresses` are those that the server's words may name: nothing of them is left in the result.
    """
    if isinstance(error, smtplib.SMTPResponseException) and 400 <= error.smtp_code < 600:
        text = error.smtp_error if isinstance(error.smtp_error, str) else error.smtp_error.decode("utf-8", "replace")
        return meaning(read_answer(error.smtp_code, text, stage), *addresses)
    words = _what_happened(error)
    if stage == Stage.END:
        return Ambiguous(with_detail(_("No answer after the whole message was handed over"), words))
    if stage == Stage.CONNECT:
        return Transient(with_detail(_("The mail server cannot be reached"), words), is_outage=True)
    if isinstance(error, smtplib.SMTPResponseException):
        return Transient(_("The mail server answered with nonsense"), is_counted=False)
    return Transient(with_detail(_("The mail server went away before it had the message"), words), is_counted=False)


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


SLOWER: Final = _("The mail server asked us to go slower")
#: Where a server says this, the line is of no more use: it closes it (RFC 5321 section 3.8), or takes no more on it.
_NO_MORE: Final = 452
_LINE_IS_OVER: Final = (421, _NO_MORE)
_MAILMAX: Final = re.compile(r"\bMAILMAX=([1-9]\d{0,5})\b", re.IGNORECASE)
_MINUTE: Final = dt.timedelta(minutes=1)
#: What was learned is tried anew after so long.
_FORGOTTEN: Final = dt.timedelta(hours=1)
#: A line that stood still for so long may be closed for that, however much went over it.
_IDLE: Final = dt.timedelta(seconds=10)


class _Learned:
    """How many messages a server takes, as it said itself or was found out within the last hour."""

    def __init__(self) -> None:
        self._per_session: int | None = None
        self._session_learned_at = clock.now()
        self._per_minute: int | None = None
        self._learned_at = clock.now()
        self._taken: deque[dt.datetime] = deque()

    @property
    def per_session(self) -> int | None:
        """How many messages it takes on one line, or None where nothing is known of that."""
        if clock.now() - self._session_learned_at > _FORGOTTEN:
            self._per_session = None
        return self._per_session

    def learn_session(self, messages: int) -> None:
        """It takes so many messages on one line."""
        self._per_session, self._session_learned_at = messages, clock.now()

    def count(self) -> None:
        """Count one message that it took."""
        self._in_last_minute()
        self._taken.append(clock.now())

    def learn_minute(self) -> None:
        """It asked us to go slower: what it took in the last minute is all that it takes in one."""
        if taken := self._in_last_minute():
            self._per_minute, self._learned_at = taken, clock.now()

    def pause(self) -> dt.timedelta | None:
        """Return how long to wait before the next message, or None."""
        if self._per_minute is None or self._in_last_minute() < self._per_minute:
            return None
        now = clock.now()
        if now - self._learned_at > _FORGOTTEN:
            self._per_minute = None
            return None
        return self._taken[0] + _MINUTE - now

    def _in_last_minute(self) -> int:
        while self._taken and clock.now() - self._taken[0] >= _MINUTE:
            self._taken.popleft()
        return len(self._taken)


_LEARNED: Final[defaultdict[tuple[str, int], _Learned]] = defaultdict(_Learned)


def forget_limits() -> None:
    """Forget what was learned of every server."""
    _LEARNED.clear()


def _is_about_the_line(tried: _Try) -> bool:
    """Return whether a line that has taken messages already may be all that a server minds."""
    result = tried.result
    if not isinstance(result, Transient) or result is HELD_UP or result.limit in (Limit.MINUTE, Limit.DAY):
        return False
    if tried.stage == Stage.MAIL:
        return tried.code < 500
    return tried.stage < Stage.END and (tried.code == _NO_MORE or result.limit is Limit.SESSION)


def _limit(tried: _Try) -> Limit | None:
    return tried.result.limit if isinstance(tried.result, Transient) else None


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


@dataclass(frozen=True)
class _Try:
    """What came of handing over one letter, how far that had come, and the reply's code where there was one."""

    result: Result
    stage: Stage
    code: int = 0


class SmtpSession:
    """One connection, used for one message after the other, as many as the server takes on one."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server
        self._connection: _Connection | None = None
        # How many messages this connection has taken already.
        self._taken = 0
        self._used_at = clock.now()
        self._learned = _LEARNED[server.host, server.port]

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    def open(self) -> Transient | None:
        """Connect, and sign in where there is a user. Returns why that is not possible, or not yet, or None."""
        if pause := self._learned.pause():
            return Transient(SLOWER, pause, is_outage=True, is_counted=False, limit=Limit.MINUTE)
        most = self._learned.per_session
        if most is not None and self._taken >= most:
            self.close()
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
                connection.ehlo_or_helo_if_needed()
            if server.user:
                connection.login(server.user, server.password)
        except (OSError, smtplib.SMTPException) as error:
            connection.close()
            result = classify(error, Stage.CONNECT, server.user)
            assert isinstance(result, Transient)
            return result
        self._connection, self._taken = connection, 0
        # RFC 9422: some say how many messages they take on one connection.
        if found := _MAILMAX.search(connection.esmtp_features.get("limits", "")):
            self._learned.learn_session(int(found[1]))
        return None

    def send(self, letter: Letter, /, *, until: dt.datetime) -> Result:
        """Hand one letter over, on the open line or on a new one, unless `until` passes before the final dot."""
        try:
            content, recipient = letter.as_bytes(), letter.recipient
        except UnicodeError:
            return Refused(_("The address cannot be written in ASCII"))
        failure = self.open()
        if failure:
            return failure
        taken, was_idle = self._taken, clock.now() - self._used_at > _IDLE
        tried = self._hand_over(letter.sender_address, recipient, content, until)
        if taken and _is_about_the_line(tried):
            # It takes so many messages a connection, or hung up meanwhile. It has not taken this one, so we call again.
            self.drop()
            failure = self.open()
            if failure:
                return failure
            again = self._hand_over(letter.sender_address, recipient, content, until)
            is_by_number = bool(tried.code) and (not was_idle or _limit(tried) is Limit.SESSION)
            if is_by_number and isinstance(again.result, Accepted):
                self._learned.learn_session(taken)
            tried = again
        if _limit(tried) is Limit.MINUTE:
            self._learned.learn_minute()
        return tried.result

    def _hand_over(self, sender: str, recipient: str, content: bytes, until: dt.datetime) -> _Try:
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
            return _Try(HELD_UP, stage)
        except UnexpectedReply as error:
            self._recover(error)
            return _Try(classify(error, stage, recipient), stage, error.smtp_code)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            self.drop()
            return _Try(classify(error, stage), stage)
        self._taken += 1
        self._used_at = clock.now()
        self._learned.count()
        return _Try(Accepted(provider_id=text.decode("utf-8", "replace")[:200]), stage)

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
        if error.smtp_code in _LINE_IS_OVER or self._connection is None:
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
