"""Reading what mail servers write back: a delivery report (RFC 3464), or a complaint (RFC 5965)."""

from __future__ import annotations

import enum
import re
import uuid
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message

from support.messaging.answers import NAMES_THE_MAILBOX, About, Answer, Stage, kind_of, read_answer
from support.messaging.bounce_address import message_of
from support.messaging.letter import unique_of

_ADDRESS = re.compile(r"[^\s<>,;:@\"()]{1,64}@[^\s<>,;:@\"()]{1,255}")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,255}>")
#: Where the address that mail was delivered to is written: by Postfix, Dovecot, Exim, qmail; and by who sent it.
_ADDRESSED = ("X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "To")
_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
#: What the next server said, in its own words: RFC 3464 section 2.3.6.
_SAID = re.compile(r"\s*smtp\s*;\s*([45]\d\d)[ -]?(.*)", re.IGNORECASE | re.DOTALL)
#: The mailbox is there, and takes nothing: it is disabled.
_DISABLED = "5.2.1"


class BounceKind(enum.Enum):
    """What a report says of a message."""

    DELIVERED = enum.auto()
    #: Not delivered, and its address never will be: its own server names the mailbox.
    HARD = enum.auto()
    #: The same, by the word of who passed it on, or by a mailbox that is switched off: perhaps for good.
    UNSURE = enum.auto()
    #: Not delivered, for a reason that passes: a full mailbox, a server that was away for days.
    SOFT = enum.auto()
    #: Not delivered, and not because of the mailbox: what was written, or by whom.
    TURNED_AWAY = enum.auto()
    #: Delivered, and its reader pressed "this is spam".
    COMPLAINT = enum.auto()


@dataclass(frozen=True)
class Bounce:
    """A report about one message of ours; `status` is RFC 3463's code, "" where there is none."""

    message: uuid.UUID
    kind: BounceKind
    status: str = ""


def read_bounce(content: bytes) -> Bounce | None:
    """Return what a message that came back says, or None where it is no final report about one message of ours.

    An absence note and "delayed, still trying" are no reports; free text in place of a report is not guessed at.
    """
    message = _read(content)
    if message.get_content_type() != "multipart/report":
        return None
    returned = _came_back_to(message) or unique_of(_returned_message_id(message))
    if returned is None:
        return None
    if message.get_param("report-type") == "feedback-report":
        return Bounce(returned, BounceKind.COMPLAINT)
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            return _judge(returned, part)
    return None


def _read(content: bytes) -> Message:
    # Headers as they stand. The newer policy takes them apart, and raises IndexError and worse where somebody wrote
    # one to that end; what is looked for here needs no taking apart.
    return message_from_bytes(content, policy=policy.compat32)


def _came_back_to(message: Message) -> uuid.UUID | None:
    """Return which message the address names that a report was sent to, whoever on its way wrote that down."""
    written = (str(value) for name in _ADDRESSED for value in message.get_all(name, []))
    named = (message_of(address) for value in written for address in _ADDRESS.findall(value))
    return next(filter(None, named), None)


def _judge(returned: uuid.UUID, report: Message) -> Bounce | None:
    # RFC 3464 section 2.1: one block of fields about the message, then one for each recipient; ours have one.
    blocks = report.get_payload()
    for block in blocks if isinstance(blocks, list) else []:
        if not isinstance(block, Message):
            continue
        action = str(block["Action"] or "").strip().lower()
        found = _STATUS.match(str(block["Status"] or ""))
        status = found.group(1) if found else ""
        if action == "failed":
            return Bounce(returned, _kind(_answer(block, status), is_remote=bool(block["Remote-MTA"])), status)
        if action == "delivered":
            return Bounce(returned, BounceKind.DELIVERED, status)
    return None


def _answer(block: Message, status: str) -> Answer:
    """Return what the server said that would not take it; where only a status is given, a reply with that status."""
    said = _SAID.match(str(block["Diagnostic-Code"] or ""))
    code, text = (int(said[1]), said[2]) if said else (450 if status.startswith("4") else 550, status)
    return read_answer(code, " ".join(text.split()), Stage.END)


def _kind(answer: Answer, *, is_remote: bool) -> BounceKind:
    """Return what an answer means for the mailbox; `is_remote`: the next server gave it, and not our own relay."""
    about = kind_of(answer).about
    if about is About.MAILBOX:
        is_sure = is_remote and re.fullmatch(NAMES_THE_MAILBOX, answer.enhanced)
        return BounceKind.HARD if is_sure else BounceKind.UNSURE
    if about is About.NOW:
        return BounceKind.SOFT
    return BounceKind.UNSURE if answer.enhanced == _DISABLED else BounceKind.TURNED_AWAY


def _returned_message_id(report: Message) -> str:
    """Return the Message-ID of the message that a report is about, from the part that gives it back, or ""."""
    for part in report.walk():
        if part.get_content_type() == "text/rfc822-headers":
            payload = part.get_payload(decode=True)
            headers = _read(payload if isinstance(payload, bytes) else b"")
        elif part.get_content_type() == "message/rfc822" and part.is_multipart():
            headers = part.get_payload(0)  # type: ignore[assignment]  # the message in it
        else:
            continue
        found = _MESSAGE_ID.search(str(headers["Message-ID"] or ""))
        if found:
            return found.group()
    return ""
