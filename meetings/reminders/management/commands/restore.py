from __future__ import annotations

import datetime as dt
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from accounts.models import ContactPoint, LedgerLine, User
from accounts.services import ledger
from meetings.reminders.management.commands.backup import SHORT_LIVED
from meetings.reminders.services.replay import Replayed, replay
from support import backups, clock, workspace


class Command(BaseCommand):
    help = (
        "Put a backup in the place of the database, while the site is stopped. Who was erased, and who stopped "
        "messages, after it was made is erased, and left in peace, again: by the ledger in the data folder."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE")

    def handle(self, *args: Any, file: str, **options: Any) -> None:
        now = clock.now()
        path = Path(file).resolve()
        aside = backups.aside(now=now)
        try:
            with workspace.hold(settings.DATA_DIR):
                _write_down_what_waits()
                with backups.restoring(path, aside=aside) as made_at:
                    replayed = _make_ready(made_at, now)
        except workspace.Refused as error:
            raise CommandError(f"{error} Stop it first.") from error
        except backups.BackupError as error:
            raise CommandError(str(error)) from error
        self._say(path, replayed, aside)

    def _say(self, path: Path, replayed: Replayed, aside: Path) -> None:
        self.stdout.write(f"{path} is in place. Everybody signs in anew; start the site.")
        if ledger.path().exists():
            self.stdout.write(
                f"By the ledger, {replayed.erased} were erased again and {replayed.renewed} wishes to be left in peace "
                "were renewed."
            )
        else:
            self.stdout.write(
                f"There is no {ledger.path()}: if anybody was erased or stopped messages since the backup, they are "
                "back. If you have a copy of it, put it there, and restore once more."
            )
        if aside.exists():
            self.stdout.write(
                f"What was there before is in {aside}. Delete it once all is well: it keeps what people have erased."
            )


def _write_down_what_waits() -> None:
    """Bring what a full disk kept out of the ledger into it, before the database that has it goes."""
    if connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists():
        return
    try:
        if LedgerLine.objects.exists():
            ledger.write_down()
    except DatabaseError:
        # It may be damaged, or from before there was a ledger: a backup is wanted all the same.
        pass
    finally:
        connection.close()


def _try_the_keys() -> None:
    """Raise BackupError where the keys in use do not open what people are known by. The oldest and newest tell."""
    try:
        for rows in (ContactPoint.objects.order_by("pk"), User.objects.order_by("pk")):
            rows.first()
            rows.last()
    except (InvalidToken, ValueError) as error:
        raise backups.BackupError(
            "The backup does not open with the keys of this site: put the secrets/ of its time back first."
        ) from error


def _make_ready(made_at: dt.datetime | None, now: dt.datetime) -> Replayed:
    """Bring what was put back to this code's state, and to what people have asked for since."""
    lines = ledger.read()
    try:
        call_command("migrate", interactive=False, verbosity=0)
        _try_the_keys()
        _refuse_closed_lines(lines, made_at)
        for model in SHORT_LIVED:
            model._default_manager.all().delete()
        return replay(lines=lines, now=now)
    except DatabaseError as error:
        raise backups.BackupError(f"The backup cannot be made ready: {' '.join(str(error).split())}") from error


def _refuse_closed_lines(lines: list[ledger.Line], made_at: dt.datetime | None) -> None:
    """Raise BackupError where nobody can tell whom a line is about. Of one from before the backup that is no matter."""
    known = ledger.key_ids()
    closed = [line for line in lines if line.key not in known and (made_at is None or line.at >= made_at)]
    if closed:
        raise backups.BackupError(
            f"The ledger was written to after this backup, {len(closed)} times, under a key that is gone: add that key "
            "behind the first in CONTACT_KEYS, or in secrets/contact_keys."
        )
