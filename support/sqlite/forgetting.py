"""Leaving nothing of what was deleted in SQLite's files.

`PRAGMA secure_delete` (support.settings) overwrites what is deleted. What was written before stands in the write-ahead
log until a checkpoint copies the pages that hold now, and begins the log anew.
"""

from __future__ import annotations

from django.db import OperationalError, connection


def empty_log() -> bool:
    """Bring the database file up to date and make the log beside it empty; return whether that could be done.

    While others read or write it waits as long as for any lock, and then leaves it to the next who asks. Other
    databases keep their logs in their own way: nothing is done.
    """
    if connection.vendor != "sqlite":
        return True
    try:
        with connection.cursor() as cursor:
            # https://www.sqlite.org/pragma.html#pragma_wal_checkpoint
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            is_busy, _frames, _copied = cursor.fetchone()
    except OperationalError:
        # A statement of our own is not done yet.
        return False
    return not is_busy
