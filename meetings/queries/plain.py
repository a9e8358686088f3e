"""Text as people type it: small letters, no accents. The same on SQLite and PostgreSQL, in SQL and in Python."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, TextField

#: The function that SQLite is given with each connection (meetings.receivers).
SQLITE_NAME = "homegroup_plain"


def _base(letter: str) -> str:
    return unicodedata.normalize("NFKD", letter)[0]


# Latin letters that are one plain letter with marks, and a few that Unicode counts as letters of their own. Capitals
# too: PostgreSQL's lower() leaves them alone where the database's locale is C.
_MARKED = [letter for letter in map(chr, range(0xC0, 0x250)) if "a" <= _base(letter).lower() <= "z"]
_FROM = "".join(_MARKED) + "øłđħıØŁĐĦ"
_TO = "".join(map(_base, _MARKED)).lower() + "oldhioldh"
_TABLE = str.maketrans(_FROM, _TO)


def plain(text: str) -> str:
    """Return `text` in small letters without accents: "Reunión" and "REUNION" are one."""
    # Most text is ASCII, and SQLite calls this for each row of a search.
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).lower().translate(_TABLE)


def plain_lines(*texts: str | None) -> str:
    """Return `plain` of each text that there is, a line each: what `PlainLines` computes on SQLite."""
    return plain("\n".join(text for text in texts if text is not None))


class PlainLines(Func):
    """The plain text of several columns, a line each; what is NULL is left out."""

    function = SQLITE_NAME
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        template = "translate(lower(normalize(concat_ws(E'\\n', %(expressions)s))), %%s, %%s)"
        sql, params = self.as_sql(compiler, connection, template=template, **context)
        return sql, [*params, _FROM, _TO]
