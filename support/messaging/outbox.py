"""The development outbox: every message becomes a file in `settings.OUTBOX_DIR`, for /dev/outbox/ to show."""

from __future__ import annotations

import itertools
import os
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

SUFFIX = ".eml"
#: Tells the messages of one process apart that are written within one tick of the clock.
_written = itertools.count()


class EmailBackend(BaseEmailBackend):
    """Write each message to a file of its own, readable by its owner alone; names sort by time."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            write(message.message().as_bytes())
        return len(email_messages)


def folder() -> Path:
    """Return the outbox's folder, made where it is missing."""
    path = Path(settings.OUTBOX_DIR)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def newest_first() -> list[Path]:
    """Return the messages' files."""
    return sorted(folder().glob(f"*{SUFFIX}"), reverse=True)


def empty() -> int:
    """Throw every message away. Returns how many there were."""
    files = newest_first()
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)


def write(content: Any) -> None:
    """Keep one message. Raises OSError where that fails."""
    name = f"{time.time_ns():020d}-{next(_written):06d}-{secrets.token_hex(4)}"
    # Under another name until it is whole: the page never shows half a message, and a kill leaves none.
    unfinished = folder() / f".{name}.part"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    unfinished.replace(folder() / f"{name}{SUFFIX}")
