"""When the database cannot be used just now: locked for too long, its disk full, its server away.

That is nobody's mistake and passes, so it is no 500: support.pages says "try again". Errors that are mistakes of ours
(a constraint, SQL that cannot be) are not meant here.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import Final

from django.contrib.sessions import middleware
from django.db import DatabaseError, OperationalError
from django.http import HttpRequest, HttpResponse

logger = logging.getLogger(__name__)

#: Seconds until asking again is worth it.
RETRY_AFTER: Final = 30

#: https://sqlite.org/rescode.html. Not SQLITE_CORRUPT, which does not pass.
_SQLITE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
    }
)
#: https://www.postgresql.org/docs/current/errcodes-appendix.html. Connection, resources, the operator, I/O;
_POSTGRESQL_CLASSES: Final = ("08", "53", "57", "58030")
#: serialization, deadlock, a lock not had in time, a server that only reads.
_POSTGRESQL: Final = frozenset({"40001", "40P01", "55P03", "25006"})


def reason(error: BaseException | None) -> str:
    """Return why the database cannot be used just now, by the name or number of its error; "" for any other error."""
    while error is not None and not isinstance(error, DatabaseError):
        error = error.__cause__
    cause = error.__cause__ if error else None
    if isinstance(cause, sqlite3.Error):
        # What Python's module raises by itself has no code.
        is_outage = getattr(cause, "sqlite_errorcode", 0) & 0xFF in _SQLITE
        return cause.sqlite_errorname if is_outage else ""
    state = getattr(cause, "sqlstate", "")
    if state is None:
        # psycopg's own, of a connection that it could not make or has lost.
        return "no connection" if isinstance(error, OperationalError) else ""
    return state if state in _POSTGRESQL or state.startswith(_POSTGRESQL_CLASSES) else ""


class OneLine(logging.Filter):
    """Has a log say in one line that the database cannot be used: a traceback would tell nothing more."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and (why := reason(record.exc_info[1])):
            record.msg, record.args = f"{record.getMessage()} (the database cannot be used: {why})", ()
            record.exc_info = record.exc_text = None
        return True


class SessionMiddleware(middleware.SessionMiddleware):
    """Django's own; but a page that was read is shown even where what its session learned by it cannot be kept."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            return super().process_response(request, response)
        except OperationalError as error:
            why = reason(error)
            if request.method not in ("GET", "HEAD") or not why:
                raise
            logger.warning("A session was not kept (the database cannot be used: %s).", why)
            return response
