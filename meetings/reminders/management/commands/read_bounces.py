from __future__ import annotations

import mailbox
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from meetings.reminders.services.bounces import record_bounce, unblock_by_mail
from support import clock


class Command(BaseCommand):
    help = (
        "Read messages that came back, and letters to UNBLOCK_ADDRESS. SOURCE is a file with one message, a Maildir "
        "folder (what is read is marked as seen), or - for a message on standard input, as a mail server's alias pipes "
        "it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", metavar="SOURCE")

    def handle(self, *args: Any, source: str, **options: Any) -> None:
        known = unblocked = other = 0
        for content in _messages(source):
            if record_bounce(content=content, now=clock.now()):
                known += 1
            elif unblock_by_mail(content=content, now=clock.now()):
                unblocked += 1
            else:
                other += 1
        self.stdout.write(f"reports={known} unblocked={unblocked} other={other}")


def _messages(source: str) -> Iterator[bytes]:
    path = Path(source)
    if source == "-":
        yield sys.stdin.buffer.read()
    elif path.is_dir():
        yield from _unseen(path)
    else:
        try:
            yield path.read_bytes()
        except OSError as error:
            raise CommandError(f"{source} cannot be read: {error.strerror}.") from error


def _unseen(path: Path) -> Iterator[bytes]:
    if not (path / "new").is_dir() or not (path / "cur").is_dir():
        raise CommandError(f"{path} is no Maildir folder: it needs new/ and cur/.")
    folder = mailbox.Maildir(path, create=False)
    for key in sorted(folder.keys()):
        message = folder[key]
        if "S" in message.get_flags():
            continue
        yield folder.get_bytes(key)
        # Only now: one whose reading failed is read again next time.
        message.set_subdir("cur")
        message.add_flag("S")
        folder[key] = message
