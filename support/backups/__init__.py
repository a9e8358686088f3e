"""Copies of the database that can be put back: of SQLite as one file, of PostgreSQL by its own programs.

A backup of PostgreSQL is what pg_dump makes, and there is no other way: what Django itself could write out would hold
in the clear what the database keeps sealed, and could not be read by any other version of this code.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from django.conf import settings
from django.db import connection

from support.backups import postgres, sqlite
from support.backups.errors import BackupError
from support.disk import sync

__all__ = ["BackupError", "restoring", "save"]


def save(file: Path, *, without: Sequence[str], now: dt.datetime) -> None:
    """Write the database into a new file, for its owner alone; of the tables `without` nothing but that they are there.

    The site may run meanwhile: what was committed before is in it. Raises BackupError, and then leaves no file.
    """
    if file.exists():
        raise BackupError(f"{file} is there already: give another name.")
    part = file.with_name(f"{file.name}.part")
    try:
        part.unlink(missing_ok=True)
        part.touch(mode=0o600, exist_ok=False)
        if connection.vendor == "sqlite":
            sqlite.save(Path(connection.settings_dict["NAME"]), part, without=without, made_at=now)
        else:
            postgres.save(connection.settings_dict, part, without=without)
        part.rename(file)
        sync(file.parent)
    except OSError as error:
        raise BackupError(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)


def aside(*, now: dt.datetime) -> Path:
    """Return where what was there before is kept: a name that is free, also where one was killed this second."""
    name = f"before-restore-{now:%Y%m%dT%H%M%SZ}"
    if connection.vendor != "sqlite":
        path = Path(settings.DATA_DIR) / f"postgresql.{name}"
    else:
        database = Path(connection.settings_dict["NAME"]).resolve()
        path = database.with_name(f"{database.name}.{name}")
    names = (path if number == 1 else path.with_name(f"{path.name}-{number}") for number in count(1))
    return next(each for each in names if not each.exists())


@contextmanager
def restoring(file: Path, *, aside: Path) -> Iterator[dt.datetime | None]:
    """Put a backup in the place of the database; yield when it was made, None where it does not say.

    Within it Django's connection leads to what the file holds, to be made ready; only then does it count. Until then,
    and where anything fails, the site has what it had; or, killed midway on PostgreSQL, does not start. What it had is
    kept as `aside`. Raises BackupError.
    """
    engine = sqlite.restoring if connection.vendor == "sqlite" else postgres.restoring
    connection.close()
    try:
        with engine(file, connection=connection, aside=aside) as made_at:
            yield made_at
    except OSError as error:
        raise BackupError(f"{error.filename or file}: {error.strerror}.") from error
