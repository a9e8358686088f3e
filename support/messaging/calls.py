"""HTTP calls to a provider: one clock for the whole of each, no second try, and failures that say what they mean.

What decides between a free second try and a doubled message is whether the request may have been read. Libraries that
keep a pool of connections blur that; here it is known at each step.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import http.client
import io
import json
import math
import select
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import requests.certs

from support.messaging.results import is_over

#: An answer longer than this is none of theirs.
_LONGEST_ANSWER: Final = 1_000_000
#: A provider that asks for more patience than this is asked again all the same.
_LONGEST_PAUSE: Final = dt.timedelta(hours=1)


class NotReached(Exception):
    """Nothing was handed over. The message says why, in words without any address."""


class TooLate(Exception):
    """Nothing was handed over, since the lease of whoever calls was over."""


class NoAnswer(Exception):
    """The request was handed over, at least in part, and no answer to it came."""


@dataclass(frozen=True)
class Answer:
    """What a provider answered."""

    status: int
    text: str
    headers: Mapping[str, str]

    def retry_after(self, now: dt.datetime) -> dt.timedelta | None:
        """Return what Retry-After asks for, an hour at the most; None without one."""
        return read_pause(self.headers.get("retry-after", ""), now=now, at_most=_LONGEST_PAUSE)


def read_pause(retry_after: str, *, now: dt.datetime, at_most: dt.timedelta) -> dt.timedelta | None:
    """Return what Retry-After asks for (RFC 9110 section 10.2.3): seconds, or a date; None where it is neither."""
    if retry_after.isdecimal():
        # Nine digits are thirty years; int takes no thousands of them.
        return min(dt.timedelta(seconds=int(retry_after[:9])), at_most)
    until = read_date(retry_after)
    return None if until is None else min(max(until - now, dt.timedelta()), at_most)


def read_date(text: str) -> dt.datetime | None:
    """Return the instant that a date of a header or of an email means, or None where it means none."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the latter for a zone of twenty digits
        return None
    return date if date.tzinfo else date.replace(tzinfo=dt.UTC)


def read_json(text: str | bytes) -> Any:
    """Return what a text means as JSON, or None where it means nothing."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # the latter for a thousand brackets
        return None


def field(content: Any, *names: str) -> Any:
    """Return what stands under these names, one inside the other, or None."""
    for name in names:
        content = content.get(name) if isinstance(content, dict) else None
    return content


def basic_auth(user: str, password: str) -> str:
    """Return the Authorization header of a user with a password (RFC 7617)."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


class Caller:
    """One line to one server, kept open from call to call. `timeout` is in seconds, for a whole call."""

    def __init__(self, base: str, *, timeout: float) -> None:
        self._base: SplitResult = urlsplit(base)
        self._timeout = timeout
        self._line: _Line | None = None

    def call(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        seconds: float = math.inf,
        lease_until: dt.datetime | None = None,
    ) -> Answer:
        """Make one call, in `seconds` where that is less than the usual. `target` is the path with its query.

        Redirects are answers. Raises NotReached or NoAnswer, and TooLate where `lease_until` has passed before the
        first byte.
        """
        line = self._open(time.monotonic() + min(self._timeout, seconds))
        if lease_until is not None and is_over(lease_until):
            raise TooLate
        try:
            line.request(method, target, body=body or None, headers=dict(headers))
            response = line.getresponse()
            text = response.read(_LONGEST_ANSWER).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NoAnswer(_words(error)) from error
        if response.will_close:
            self.close()
        headers_of_it = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, text, headers_of_it)

    def close(self) -> None:
        """Hang up. Never raises."""
        line, self._line = self._line, None
        if line is not None:
            with contextlib.suppress(OSError):
                line.close()

    def _open(self, until: float) -> _Line:
        if self._line is not None and self._line.is_dead():
            # It hung up while nothing was being said: seen before anything is written, so nothing is in doubt.
            self.close()
        if self._line is None:
            line = _Line(self._base)
            line.until = until
            try:
                line.connect()
            except (OSError, http.client.HTTPException) as error:
                line.close()
                raise NotReached(_words(error)) from error
            self._line = line
        self._line.until = until
        return self._line


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, socket.gaierror):
        return "its name is unknown"
    if isinstance(error, ssl.SSLError):
        return "no safe connection"
    return (
        "connection lost" if isinstance(error, OSError | http.client.RemoteDisconnected) else "no sense in the answer"
    )


class _Line(http.client.HTTPConnection):
    """A connection on which every read and write ends at `until`, by the monotonic clock."""

    def __init__(self, base: SplitResult) -> None:
        assert base.hostname is not None  # support.environment takes no origin without one
        self.until = 0.0
        self._is_safe = base.scheme == "https"
        super().__init__(base.hostname, base.port or (443 if self._is_safe else 80))

    def connect(self) -> None:
        self.sock = socket.create_connection((self.host, self.port), timeout=self.remaining())
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._is_safe:
            context = ssl.create_default_context(cafile=requests.certs.where())
            self.sock.settimeout(self.remaining())
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)

    def remaining(self) -> float:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def is_dead(self) -> bool:
        """Return whether the server has hung up, or says something that nobody asked for."""
        if self.sock is None:
            return True
        with contextlib.suppress(OSError, ValueError):
            return bool(select.select([self.sock], [], [], 0)[0])
        return True

    def send(self, data: Any) -> None:
        if self.sock is not None:
            self.sock.settimeout(self.remaining())
        super().send(data)

    def response_class(self, sock: Any, *args: Any, **kwargs: Any) -> http.client.HTTPResponse:  # type: ignore[override]
        return http.client.HTTPResponse(_Timed(self), *args, **kwargs)  # type: ignore[arg-type]


class _Timed:
    """What `HTTPResponse` needs of a socket: a file of its bytes, with what is left of the clock before each read."""

    def __init__(self, line: _Line) -> None:
        self._line = line

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._line))


class _Reader(io.RawIOBase):
    def __init__(self, line: _Line) -> None:
        super().__init__()
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        sock = self._line.sock
        if sock is None:
            return 0
        sock.settimeout(self._line.remaining())
        return sock.recv_into(buffer)
