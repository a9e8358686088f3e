"""The ledger: who was erased and who stopped what, as keyed hashes in a file beside the database.

A backup knows nothing of what people asked for after it was made. Whoever puts one back replays this file, so that
nobody who was erased is back and nobody who said stop is written to. It is never changed, only added to; each line is
hashed under the first of settings.CONTACT_KEYS, and tells nobody anything who does not have that key.

A line is written to the database first, in the transaction that it is about, and from there to the file: neither a
full disk nor a crash can do the one without the other.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final

from django.conf import settings
from django.db import DatabaseError, transaction

from accounts.fields import lookup_hash
from accounts.models import LedgerLine
from support.disk import sync

logger = logging.getLogger(__name__)

BATCH: Final = 500


class Word(StrEnum):
    #: An account, or a contact point, is gone with all that belonged to it.
    ERASED = "erased"
    #: A member's phone or browser is forgotten.
    REMOVED = "removed"
    #: A purpose is no longer consented to, or is again.
    NO = "no"
    YES = "yes"
    #: Nothing may be sent to a value on a channel (STOP, a complaint, a bounce), or it may again.
    SUPPRESSED = "suppressed"
    LIFTED = "lifted"


@dataclass(frozen=True)
class Line:
    """`subject` is a keyed hash of what `name_of` returns, or of an address or number; `about` a purpose or a channel.

    `key` tells which key it was hashed under, and nothing of the key itself.
    """

    at: dt.datetime
    word: Word
    subject: str
    about: str
    reason: str
    key: str


def path() -> Path:
    return Path(settings.DATA_DIR) / "ledger"


def name_of(*, user_id: int | None = None, contact_point_id: int | None = None) -> str:
    """Return what a row is called here: by its number, which stays where an address changes."""
    return f"user:{user_id}" if user_id is not None else f"contact_point:{contact_point_id}"


def key_ids() -> list[str]:
    """Return what lines under each of the keys in use say of theirs; the first is that of new lines."""
    return [lookup_hash("ledger", key)[:8] for key in settings.CONTACT_KEYS]


@transaction.atomic
def note(*, word: Word, name: str, about: str = "", reason: str = "", now: dt.datetime) -> None:
    """Record what has happened to `name`, in the transaction in which it does."""
    note_unknown(word=word, subject=lookup_hash(name), about=about, reason=reason, now=now)


@transaction.atomic
def note_unknown(*, word: Word, subject: str, about: str = "", reason: str = "", now: dt.datetime) -> None:
    """Record the same of a value that is known by its hash alone."""
    line = Line(at=now, word=word, subject=subject, about=about, reason=reason, key=key_ids()[0])
    LedgerLine.objects.create(line=json.dumps(asdict(line) | {"at": now.isoformat()}))
    transaction.on_commit(write_down)


def write_down() -> int:
    """Write what waits into the file, and to the disk; returns how many lines.

    Where that fails it is logged, and they wait for the next time: a person who leaves is not told to come back
    another day because a disk is full. A crash between the two steps writes a line twice, which does no harm.
    """
    written = 0
    try:
        while LedgerLine.objects.exists():
            with _opened() as file:
                waiting = list(LedgerLine.objects.order_by("pk")[:BATCH])
                _append(file, "".join(f"{row.line}\n" for row in waiting).encode())
                LedgerLine.objects.filter(pk__in=[row.pk for row in waiting]).delete()
            written += len(waiting)
    except (OSError, DatabaseError) as error:
        logger.error("The ledger cannot be written (%s); it is tried again in a minute.", type(error).__name__)
    return written


def read() -> list[Line]:
    """Return all lines, the oldest first. One that a crash has torn is left out. Raises OSError."""
    try:
        written = path().read_bytes()
    except FileNotFoundError:
        return []
    return sorted(filter(None, map(_parse, written.splitlines())), key=lambda line: line.at)


@contextmanager
def _opened() -> Iterator[BinaryIO]:
    """Open the file to add to it, alone: of two processes one waits."""
    is_new = not path().exists()
    descriptor = os.open(path(), os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
    if is_new:
        sync(path().parent)


def _append(file: BinaryIO, lines: bytes) -> None:
    end = file.seek(0, os.SEEK_END)
    if end:
        file.seek(end - 1)
        # Somebody was killed within a line: what follows begins on one of its own.
        lines = lines if file.read(1) == b"\n" else b"\n" + lines
    try:
        left = memoryview(lines)
        while left:
            left = left[file.write(left) :]
        os.fsync(file.fileno())
    except OSError:
        # Half of it, on a full disk: all of it comes again.
        file.truncate(end)
        raise


def _parse(written: bytes) -> Line | None:
    try:
        found = json.loads(written)
        return Line(**found | {"at": dt.datetime.fromisoformat(found["at"]), "word": Word(found["word"])})
    except (ValueError, TypeError, KeyError):
        return None
