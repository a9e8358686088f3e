"""A copy of a PostgreSQL database by pg_dump, and putting it back by pg_restore and psql."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.client import DatabaseClient

from support.backups.errors import BackupError, foreign, refuse_newer

MAGIC = b"PGDMP"
#: While it is in the data folder, what was put back is not ready, and support.preparation lets nobody in.
UNFINISHED = "restore-unfinished"
_MADE_AT = re.compile(r"^;\s+Archive created at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC$", re.MULTILINE)
_APPLIED = re.compile(r"^\d+\t([^\t]+)\t([^\t]+)\t[^\t]+$", re.MULTILINE)


def save(database: Mapping[str, Any], file: Path, *, without: Sequence[str]) -> None:
    """Dump `database` (an entry of DATABASES), as it is at one instant, into a file. Raises BackupError."""
    left_out = [f"--exclude-table-data={table}" for table in without]
    _run("pg_dump", database, "--format=custom", "--no-owner", "--no-privileges", *left_out, f"--file={file}")


@contextmanager
def restoring(file: Path, *, connection: BaseDatabaseWrapper, aside: Path) -> Iterator[dt.datetime | None]:
    """Put `file` in the place of `connection`'s database in one transaction; yields when the backup was made.

    What follows within it works on the site's own database; where that fails, what was there before is put back. A file
    in the data folder keeps the site from starting until one of the two is done. Raises BackupError.
    """
    database = connection.settings_dict
    marker = settings.DATA_DIR / UNFINISHED
    script = aside.with_name(f"{aside.name}.sql")
    script.touch(mode=0o600)
    try:
        made_at = _unpack(file, script)
        _refuse_company(connection)
        save(database, aside, without=())
        marker.touch()
        _replace(connection, script)
        is_ready = False
        try:
            yield made_at
            is_ready = True
        finally:
            if not is_ready:
                _to_sql(aside, script)
                _replace(connection, script)
            marker.unlink()
    finally:
        script.unlink(missing_ok=True)


def _replace(connection: BaseDatabaseWrapper, script: Path) -> None:
    """Run what makes another database of it, in one transaction."""
    tables = ", ".join(connection.ops.quote_name(name) for name in connection.introspection.table_names())
    connection.close()
    drop = ["--command", f"DROP TABLE {tables} CASCADE"] if tables else []
    quiet = ["--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1", "--single-transaction"]
    _run("psql", connection.settings_dict, *quiet, *drop, f"--file={script}")


def _to_sql(file: Path, script: Path) -> None:
    _run("pg_restore", None, "--no-owner", "--no-privileges", f"--file={script}", str(file))


def _unpack(file: Path, script: Path) -> dt.datetime | None:
    """Turn a dump into SQL, all of it, and look at it. Returns when it was made."""
    with file.open("rb") as source:
        if source.read(len(MAGIC)) != MAGIC:
            raise foreign(file)
    contents = _run("pg_restore", None, "--list", str(file))
    if " TABLE DATA public accounts_user " not in contents:
        raise foreign(file)
    migrations = _run("pg_restore", None, "--data-only", "--table=django_migrations", "--file=-", str(file))
    refuse_newer(file, _APPLIED.findall(migrations))
    _to_sql(file, script)
    found = _MADE_AT.search(contents)
    return dt.datetime.fromisoformat(f"{found[1]}+00:00") if found else None


def _refuse_company(connection: BaseDatabaseWrapper) -> None:
    """Raise BackupError where anybody else is connected: a server on another machine would not be seen otherwise."""
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'"
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(others)
            if count := cursor.fetchone()[0]:
                raise BackupError(f"{count} others are connected to the database: stop the site, everywhere, first.")
    except DatabaseError as error:
        raise BackupError(f"The database cannot be used: {' '.join(str(error).split())}") from error


def _run(program: str, database: Mapping[str, Any] | None, *arguments: str) -> str:
    """Run one of PostgreSQL's programs and return what it prints. Raises BackupError with its own words."""
    path = shutil.which(program)
    if path is None:
        raise BackupError(
            f"{program} is not on this machine: install PostgreSQL's client programs, of the server's version or newer "
            "(Debian: apt-get install postgresql-client)."
        )
    own: dict[str, str] = {"TZ": "UTC", "PGTZ": "UTC"}
    if database is not None:
        command, env = DatabaseClient.settings_to_cmd_args_env(dict(database), [])
        arguments, own = (*arguments, *command[1:]), own | (env or {})
    ran = subprocess.run([path, *arguments], env={**os.environ, **own}, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        said = [line.strip() for line in ran.stderr.splitlines() if line.strip()]
        raise BackupError(said[0] if said else f"{program} ended with exit code {ran.returncode}.")
    return ran.stdout
