"""Why pages can still be read on a full disk: a serving process keeps one connection open, and never uses it.

The last connection to close a database in WAL mode takes its -wal and -shm files away, and the next one makes them
anew: on a full disk it cannot, so that not even reading works (https://sqlite.org/wal.html). While one is open, both
stay.
"""

from __future__ import annotations

import sqlite3
from multiprocessing import util
from typing import Any

from django.db import DatabaseError, connection

_held: list[sqlite3.Connection] = []


def hold_open(**_: Any) -> None:
    """Keep the site's SQLite database open in this process until it ends; a receiver of request_started.

    Not before the first request: a connection may not be open in a process that divides. Where it cannot be opened
    just now, the next request tries again.
    """
    if _held or connection.vendor != "sqlite":
        return
    try:
        raw: sqlite3.Connection = connection.get_new_connection(connection.get_connection_params())
        # Only a read opens the files.
        raw.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except (DatabaseError, sqlite3.OperationalError):
        return
    _held.append(raw)
    # Web workers end without atexit; a clean end must leave no -wal behind.
    util.Finalize(None, let_go, exitpriority=0)


def let_go() -> None:
    """Close what hold_open keeps. Again is harmless."""
    while _held:
        _held.pop().close()
