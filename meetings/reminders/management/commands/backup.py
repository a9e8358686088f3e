from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management.base import BaseCommand, CommandError

from accounts.models import Export, IdleNotice
from support import backups, clock

#: What is of use for days at most and would harm whoever it is about: ways in, copies of all that is kept, and notices
#: that somebody is to be forgotten, since they may have said meanwhile that they are here.
SHORT_LIVED = (Session, UserSession, Export, IdleNotice)


class Command(BaseCommand):
    help = (
        "Write the database into FILE, which must not be there yet, while the site runs. Sessions, copies that people "
        "asked for, and notices that somebody is soon forgotten are left out. Keep it apart from secrets/, which open "
        "what is sealed in it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE")

    def handle(self, *args: Any, file: str, **options: Any) -> None:
        path = Path(file).resolve()
        # Where there is no site yet, manage.py says what to do.
        Session.objects.exists()
        try:
            backups.save(path, without=[model._meta.db_table for model in SHORT_LIVED], now=clock.now())
        except backups.BackupError as error:
            raise CommandError(str(error)) from error
        size = path.stat().st_size / 1_000_000
        self.stdout.write(
            f"{path}: {size:.1f} MB. What is sealed in it opens with the keys in secrets/: keep those elsewhere."
        )
