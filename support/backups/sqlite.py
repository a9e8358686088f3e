"""A copy of an SQLite database, and putting one back beside what a crash has left: -wal and -shm.

A database in WAL mode is two files. One without its -wal lacks the newest rows, and a -wal beside another database than
its own destroys that (https://sqlite.org/howtocorrupt.html, 1.4).
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from django.db.backends.base.base import BaseDatabaseWrapper

from support.backups.errors import BackupError, foreign, refuse_newer
from support.disk import sync
from support.integrity import damage

MAGIC = b"SQLite format 3\0"
#: What SQLite keeps beside a database, and takes for its newest part.
BESIDE = ("-wal", "-shm", "-journal")
#: What a backup says of itself.
_NOTE = "homegroup_backup"
#: Tables without which a database is not one of ours.
_OURS = {"django_migrations", "accounts_user", "accounts_contactpoint"}
#: Seconds to wait for whoever is writing.
_PATIENCE = 60


def save(database: Path, file: Path, *, without: Sequence[str], made_at: dt.datetime) -> None:
    """Write `database` into an empty file, as it is at one instant, -wal and all, while others write to it.

    What was deleted and is still in its free pages does not come along. Raises BackupError.
    """
    try:
        with closing(_open(database)) as source:
            source.execute("VACUUM INTO ?", [str(file)])
        with closing(_open(file)) as copy:
            copy.execute("PRAGMA secure_delete = ON")
            copy.execute("BEGIN")
            for table in without:
                copy.execute(f'DELETE FROM "{table}"')  # noqa: S608  # names of our own tables
            copy.execute(f"CREATE TABLE {_NOTE} (made_at TEXT NOT NULL)")
            copy.execute(f"INSERT INTO {_NOTE} VALUES (?)", [made_at.isoformat()])  # noqa: S608  # a constant
            copy.execute("COMMIT")
            if found := damage(copy):
                raise BackupError(f"The database is damaged ({found.splitlines()[0]}), and so would be its backup.")
    except sqlite3.Error as error:
        raise BackupError(f"The database cannot be copied: {error}.") from error
    sync(file)


@contextmanager
def restoring(file: Path, *, connection: BaseDatabaseWrapper, aside: Path) -> Iterator[dt.datetime | None]:
    """Put `file` in the place of `connection`'s database, by a copy beside it that `connection` leads to meanwhile.

    Yields when the backup was made. The site's own database is not touched before the end, and then replaced in one
    step. Raises BackupError.
    """
    database = Path(connection.settings_dict["NAME"]).resolve()
    scratch = database.with_name(f"{database.name}.restoring")
    _remove(scratch)
    try:
        made_at = _unpack(file, scratch)
        connection.settings_dict["NAME"] = str(scratch)
        try:
            yield made_at
        finally:
            connection.close()
            connection.settings_dict["NAME"] = str(database)
        _finish(scratch)
        _switch(scratch, database, aside)
    except sqlite3.Error as error:
        raise BackupError(f"{file} cannot be put back: {error}.") from error
    finally:
        _remove(scratch)
    with closing(_open(database)) as restored:
        if found := damage(restored):
            raise BackupError(f"{database} is damaged now ({found}): what was there before is in {aside}.")


def _open(path: Path, *, seconds: float = _PATIENCE) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=seconds, isolation_level=None)


def _unpack(file: Path, scratch: Path) -> dt.datetime | None:
    """Copy a backup, with the -wal of one that was copied by hand, and look at it. Returns when it was made."""
    with file.open("rb") as source:
        if source.read(len(MAGIC)) != MAGIC:
            raise foreign(file)
    for suffix in ("", "-wal"):
        if Path(f"{file}{suffix}").exists():
            copy = Path(f"{scratch}{suffix}")
            copy.touch(mode=0o600)
            shutil.copyfile(f"{file}{suffix}", copy)
    try:
        with closing(_open(scratch)) as opened:
            # Every page and every index, unlike quick_check: this is the time to know.
            found = str(opened.execute("PRAGMA integrity_check(1)").fetchone()[0])
            if found != "ok":
                raise BackupError(f"{file} is damaged ({found.strip().splitlines()[0]}).")
            tables = {name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not tables >= _OURS:
                raise foreign(file)
            refuse_newer(file, opened.execute("SELECT app, name FROM django_migrations").fetchall())
            if _NOTE not in tables:
                return None
            made_at = dt.datetime.fromisoformat(opened.execute(f"SELECT made_at FROM {_NOTE}").fetchone()[0])  # noqa: S608
            opened.execute(f"DROP TABLE {_NOTE}")
            return made_at
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{file} is damaged ({error}).") from error


def _finish(scratch: Path) -> None:
    """Make one whole file of a database that was worked on."""
    with closing(_open(scratch)) as opened:
        opened.execute("PRAGMA journal_mode = DELETE")
        if found := damage(opened):
            raise BackupError(f"The backup was damaged while it was made ready ({found}).")
    sync(scratch)


def _switch(scratch: Path, database: Path, aside: Path) -> None:
    """Replace `database` in one step, and keep it as `aside`. Whatever ends this, one of the two is in place, whole."""
    if database.exists():
        with suppress(sqlite3.DatabaseError), closing(_open(database, seconds=5)) as old:
            try:
                # Takes in what is left of a -wal and removes it; and fails while anybody else has the database open.
                old.execute("PRAGMA journal_mode = DELETE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                    raise BackupError(f"{database} is in use by another process: stop it first.") from error
                raise
        os.link(database, aside)
        aside.chmod(0o600)
    # Only a database that cannot be read, or is gone, still has them. They must not become part of another.
    for suffix in BESIDE:
        with suppress(FileNotFoundError):
            Path(f"{database}{suffix}").rename(f"{aside}{suffix}")
    sync(database.parent)
    scratch.rename(database)
    sync(database.parent)


def _remove(path: Path) -> None:
    for suffix in ("", *BESIDE):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
