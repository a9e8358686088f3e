"""One email as we write it, and its bytes by RFC 5322 and MIME (RFC 2045 to 2047).

We write the bytes ourselves because the same few parts are written ten thousand times in a row: the standard library's
policies cost more than building, signing and recording a message together. Tests read every shape back with it.
"""

from __future__ import annotations

import base64
import datetime as dt
import quopri
import uuid
from dataclasses import dataclass, field
from email.header import Header
from email.message import Message
from email.utils import format_datetime, formataddr, parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from support.messaging.bounce_address import bounce_address

_CRLF = "\r\n"
#: RFC 5322 section 2.1.1: no line is longer, in octets, without its line break.
_LONGEST_LINE = 998
_HEADER_WIDTH = 76


def message_id(unique: uuid.UUID) -> str:
    """Return a Message-ID (RFC 5322 section 3.6.4) that stays the same however often its message is tried."""
    return f"<{unique}@{urlsplit(settings.PUBLIC_BASE_URL).hostname}>"


def unique_of(message_id: str) -> uuid.UUID | None:
    """Return what `message_id` was given, or None for a Message-ID that somebody else made."""
    try:
        return uuid.UUID(message_id.strip("<>").partition("@")[0])
    except ValueError:
        return None


@dataclass(frozen=True)
class CalendarPart:
    """A calendar file (RFC 5545) with its method (RFC 5546), which the MIME type has to name too (RFC 6047)."""

    method: str
    content: bytes


@dataclass(frozen=True)
class Letter:
    """One email to one address. Plain text and HTML say the same; header values are single lines.

    Mail programs look at the first of its `calendars`; people, and programs that look at files, find all attached.
    """

    sender: str
    to: str
    subject: str
    text: str
    html: str
    message_id: str
    sent_at: dt.datetime
    calendars: tuple[CalendarPart, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for value in (self.sender, self.to, self.subject, self.message_id, *self.headers.values()):
            if "\n" in value or "\r" in value:
                raise ValueError("a header value must be a single line")

    @property
    def calendar_files(self) -> list[tuple[str, CalendarPart]]:
        """The calendar files with their names."""
        if len(self.calendars) == 1:
            return [("invite.ics", self.calendars[0])]
        return [(f"invite-{number}.ics", each) for number, each in enumerate(self.calendars, start=1)]

    @property
    def sender_address(self) -> str:
        """The address that bounces go to: one of its own where there is any, else the one that it is from."""
        unique = unique_of(self.message_id)
        return (bounce_address(unique) if unique else "") or parseaddr(self.sender)[1]

    @property
    def recipient(self) -> str:
        """The address to hand it to, its domain as IDNA writes it (RFC 5890). Raises UnicodeError where that fails."""
        if self.to.isascii():
            return self.to
        mailbox, _at, domain = self.to.rpartition("@")
        mailbox.encode("ascii")
        return f"{mailbox}@{domain.encode('idna').decode('ascii')}"

    def as_bytes(self) -> bytes:
        """Return the message with CRLF line ends, 7-bit clean. Raises UnicodeError for an address that cannot be."""
        # Nothing in a message may contain its own boundary; the Message-ID is random, and no body carries it.
        name = base64.b32encode(self.message_id.encode()).decode().rstrip("=").lower()[:40]
        alternative, mixed = f"=_a_{name}", f"=_m_{name}"
        parts = [_text_part("plain", self.text), _text_part("html", self.html)]
        parts += map(_calendar_part, self.calendars[:1])
        body = _multipart(alternative, parts)
        top = f'multipart/alternative; boundary="{alternative}"'
        if self.calendars:
            # Mail programs that know no text/calendar alternative (and people) find the same file attached.
            inner = f"Content-Type: {top}{_CRLF}{_CRLF}{body}"
            body = _multipart(mixed, [inner, *(_calendar_file(*each) for each in self.calendar_files)])
            top = f'multipart/mixed; boundary="{mixed}"'
        head = [
            ("From", _address_header(self.sender)),
            ("To", self.recipient),
            ("Subject", _text_header("Subject", self.subject)),
            ("Date", format_datetime(self.sent_at)),
            ("Message-ID", self.message_id),
            *((name, _text_header(name, value)) for name, value in self.headers.items()),
            ("MIME-Version", "1.0"),
            ("Content-Type", top),
        ]
        return (_CRLF.join(f"{name}: {value}" for name, value in head) + _CRLF * 2 + body).encode("ascii")


class DjangoLetter(EmailMultiAlternatives):
    """The same letter for any of Django's email backends, its bytes being ours."""

    def __init__(self, letter: Letter, **kwargs: Any) -> None:
        headers = {**letter.headers, "Message-ID": letter.message_id, "Date": format_datetime(letter.sent_at)}
        super().__init__(letter.subject, letter.text, letter.sender, [letter.to], headers=headers, **kwargs)
        self.attach_alternative(letter.html, "text/html")
        for shown in letter.calendars[:1]:
            self.attach_alternative(shown.content.decode(), f"text/calendar; method={shown.method}")
        for name, calendar in letter.calendar_files:
            self.attach(name, calendar.content.decode(), "application/ics")
        self._letter = letter

    def message(self, **_: Any) -> Any:
        return _Written(self._letter.as_bytes())


class _Written(Message):
    """Finished bytes, for backends that ask a message for its own."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._content = content

    def as_bytes(self, unixfrom: bool = False, linesep: str = _CRLF, **_: Any) -> bytes:  # type: ignore[override]
        return self._content if linesep == _CRLF else self._content.replace(b"\r\n", linesep.encode())


def _multipart(boundary: str, parts: list[str]) -> str:
    opened = "".join(f"--{boundary}{_CRLF}{part}{_CRLF}" for part in parts)
    return f"{opened}--{boundary}--{_CRLF}"


def _text_part(subtype: str, text: str) -> str:
    encoding, body = _body(text)
    return (
        f'Content-Type: text/{subtype}; charset="utf-8"{_CRLF}Content-Transfer-Encoding: {encoding}{_CRLF}{_CRLF}{body}'
    )


def _calendar_part(calendar: CalendarPart) -> str:
    encoding, body = _body(calendar.content.decode())
    return (
        f'Content-Type: text/calendar; charset="utf-8"; method={calendar.method}{_CRLF}'
        f"Content-Transfer-Encoding: {encoding}{_CRLF}{_CRLF}{body}"
    )


def _calendar_file(name: str, calendar: CalendarPart) -> str:
    body = base64.encodebytes(calendar.content).decode("ascii").replace("\n", _CRLF)
    return (
        f'Content-Type: application/ics; name="{name}"{_CRLF}'
        f'Content-Disposition: attachment; filename="{name}"{_CRLF}'
        f"Content-Transfer-Encoding: base64{_CRLF}{_CRLF}{body}"
    )


def _body(text: str) -> tuple[str, str]:
    """Return a body's transfer encoding, and the body in it: as it is where that is plain ASCII in short lines."""
    lines = text.replace(_CRLF, "\n").replace("\r", "\n").split("\n")
    if text.isascii() and "\0" not in text and max(map(len, lines)) <= _LONGEST_LINE:
        return "7bit", _CRLF.join(lines)
    encoded = quopri.encodestring("\n".join(lines).encode(), quotetabs=False).decode("ascii")
    return "quoted-printable", encoded.replace("\n", _CRLF)


def _text_header(name: str, value: str) -> str:
    if value.isascii() and len(name) + 2 + len(value) <= _LONGEST_LINE:
        return value
    return Header(value, "utf-8", maxlinelen=_HEADER_WIDTH, header_name=name).encode(linesep=_CRLF)


def _address_header(value: str) -> str:
    if value.isascii():
        return value
    name, address = parseaddr(value)
    return formataddr((name, address))
