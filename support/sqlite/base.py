"""SQLite where many write at once: who waited too long for the write lock tries again before anybody sees an error.

SQLite's own waiting is not fair: who has waited long looks every tenth of a second, a newcomer every millisecond, so
that of many at once one may wait for ever. A new try looks often again.
"""

from __future__ import annotations

import sqlite3
import time
from typing import Any

from django.db.backends.sqlite3 import base

from support import patience


class DatabaseWrapper(base.DatabaseWrapper):
    """The backend that DATABASES names as "support.sqlite"."""

    def create_cursor(self, name: str | None = None) -> Any:
        return self.connection.cursor(factory=lambda connection: PatientCursor(connection, self))


class PatientCursor(base.SQLiteCursorWrapper):
    """A cursor that asks for the write lock several times. A statement that failed to get it has changed nothing."""

    def __init__(self, connection: sqlite3.Connection, wrapper: DatabaseWrapper) -> None:
        super().__init__(connection)
        self._wrapper = wrapper

    def execute(self, query: str, params: Any = None) -> Any:
        # Inside a transaction the lock is ours already (transaction_mode IMMEDIATE), or there is no use in waiting.
        until = 0.0 if self._wrapper.in_atomic_block else patience.until()
        while True:
            try:
                return super().execute(query, params)
            except sqlite3.OperationalError as error:
                # What Python's module raises by itself has no code.
                is_busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
                if not is_busy or time.monotonic() >= until:
                    raise
