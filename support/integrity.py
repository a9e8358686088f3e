"""Whether a database is whole, and whether this code knows it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

#: What SQLite answers where a file is not what it should be.
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
#: Steps of SQLite's machine between two looks at the clock: milliseconds.
_STEPS = 100_000


def unknown_migrations(applied: Iterable[tuple[str, str]]) -> list[str]:
    """Return those of the `applied` migrations (app, name) that this code lacks, of apps that it has."""
    disk = MigrationLoader(None)
    known = set(disk.disk_migrations)
    for migration in disk.disk_migrations.values():
        known.update(migration.replaces)
    return sorted(f"{app}.{name}" for app, name in applied if app in disk.migrated_apps and (app, name) not in known)


def damage(database: sqlite3.Connection, *, seconds: float | None = None) -> str:
    """Return the first thing that SQLite finds wrong with a database, "" where it is well.

    It reads every page, so a large one takes a while: after `seconds` it gives up, having found nothing.
    """
    if seconds is not None:
        deadline = time.monotonic() + seconds
        database.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    try:
        found = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_INTERRUPT:
            return ""
        if error.sqlite_errorcode & 0xFF not in _DAMAGED:
            raise
        return str(error)
    finally:
        database.set_progress_handler(None, 0)
    return "" if found == "ok" else found


def damage_words(connection: BaseDatabaseWrapper, *, found: str = "", error: DatabaseError | None = None) -> str:
    """Return what to tell the operator of damage `found`, or of an error that means it; "" where there is none."""
    cause = error.__cause__ if error is not None else None
    if isinstance(cause, sqlite3.Error) and getattr(cause, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
        found = str(cause)
    if not found:
        return ""
    # Several lines where several things are wrong, and only the first is of use.
    what = found.strip().splitlines()[-1] if found.startswith("***") else found.strip().splitlines()[0]
    name = connection.settings_dict["NAME"]
    return f"The database {name} is damaged ({what}): restore a backup with script/manage restore FILE."
