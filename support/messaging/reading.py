"""A kept message as its reader would see it: for the development outbox, and for nothing that sends."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from email.utils import parseaddr
from pathlib import Path

from icalendar import Calendar

from support.messaging.sms import SEGMENTS_HEADER


@dataclass(frozen=True)
class CalendarEntry:
    """What a calendar would make of one entry."""

    method: str
    summary: str
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    sequence: int
    status: str
    uid: str


@dataclass(frozen=True)
class KeptMessage:
    """One message in the outbox, taken apart."""

    name: str
    written_at: dt.datetime
    sender_name: str
    to: str
    subject: str
    text: str
    html: str
    entries: list[CalendarEntry]
    headers: list[tuple[str, str]]
    #: How many parts a text message is paid for; 0 for a letter.
    segments: int = 0

    @property
    def parts(self) -> list[str]:
        """The kinds of parts that it has."""
        if self.segments:
            return [f"SMS, {self.segments} part{'s' if self.segments > 1 else ''}"]
        kinds = {"text": self.text, "HTML": self.html, "calendar": self.entries}
        return [kind for kind, part in kinds.items() if part]


def read(file: Path) -> KeptMessage:
    """Return the message in `file`. Raises FileNotFoundError."""
    message = message_from_bytes(file.read_bytes(), policy=modern)
    assert isinstance(message, EmailMessage)
    name, address = parseaddr(str(message["From"] or ""))
    return KeptMessage(
        name=file.stem,
        # The name begins with the nanoseconds since 1970 (support.messaging.outbox).
        written_at=dt.datetime.fromtimestamp(int(file.stem.split("-")[0]) / 1e9, dt.UTC),
        sender_name=name or address,
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        text=_content(message, "text/plain"),
        html=_content(message, "text/html"),
        entries=_entries(_content(message, "text/calendar")),
        headers=[(key, str(value)) for key, value in message.items()],
        segments=int(str(message[SEGMENTS_HEADER] or 0)),
    )


def _content(message: EmailMessage, content_type: str) -> str:
    for part in message.walk():
        if part.get_content_type() == content_type and not part.is_multipart():
            assert isinstance(part, EmailMessage)
            return str(part.get_content()).replace("\r\n", "\n")
    return ""


def _entries(content: str) -> list[CalendarEntry]:
    if not content:
        return []
    calendar = Calendar.from_ical(content)
    return [
        CalendarEntry(
            method=str(calendar.get("method", "")),
            summary=str(event.get("summary", "")),
            starts_at=event.decoded("dtstart", None),
            ends_at=event.decoded("dtend", None),
            sequence=int(event.get("sequence", 0)),
            status=str(event.get("status", "")),
            uid=str(event.get("uid", "")),
        )
        for event in calendar.walk("VEVENT")
    ]
