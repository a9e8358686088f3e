"""Files to rows: what a file is, and where it is broken if it is."""

from __future__ import annotations

import codecs
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meetings.imports.cells import Cells, plain_text
from meetings.imports.records import Kind

#: A hundred thousand rows of a kilobyte, and more; a wrong path should not fill the memory of a small machine.
MOST_BYTES = 128 * 1024 * 1024
#: Rows looked at to tell what a file is.
_SAMPLE = 200


class BrokenSource(ValueError):
    """A file that cannot be used at all; `args[0]` says what is wrong with it, and where."""


@dataclass(frozen=True, slots=True)
class Document:
    """One file: its rows, what they are, and the formats that came with a search result."""

    name: str
    kind: Kind
    rows: list[Any]
    formats: list[Any] = field(default_factory=list)

    @property
    def stem(self) -> str:
        """The file's name without folder and ending."""
        return Path(self.name).stem or self.name


def read_file(name: str) -> Document:
    """Return what the file `name` holds. Raises BrokenSource."""
    if name.startswith(("http://", "https://")):
        raise BrokenSource("is an address: save what it answers to a file, and give that")
    path = Path(name)
    try:
        if path.is_dir():
            raise BrokenSource("is a folder: name the files in it")
        if path.stat().st_size > MOST_BYTES:
            raise BrokenSource(f"is larger than {MOST_BYTES // 1024 // 1024} MB")
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, BrokenSource):
            raise
        raise BrokenSource(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    return read_bytes(name, content)


def read_bytes(name: str, content: bytes) -> Document:
    """Return what a file with this content holds. Raises BrokenSource."""
    return _recognised(name, _parsed(_decoded(content)))


def _decoded(content: bytes) -> str:
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        raise BrokenSource(f"is not UTF-8 text: line {line}, column {column} (byte {error.start})") from error


def _parsed(text: str) -> Any:
    if not text.strip():
        raise BrokenSource("is empty")
    if text.lstrip().startswith("<"):
        raise BrokenSource("is a web page or XML, not JSON: line 1, column 1")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise BrokenSource(f"is not whole JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except (RecursionError, ValueError) as error:
        raise BrokenSource(f"cannot be read as JSON: {type(error).__name__}") from error


def _recognised(name: str, content: Any) -> Document:
    if isinstance(content, list):
        return Document(name, _kind(content), content)
    if not isinstance(content, dict):
        raise BrokenSource("holds no list of meetings: line 1, column 1")
    meetings, formats = content.get("meetings"), content.get("formats")
    if isinstance(meetings, list):
        return Document(name, _kind(meetings), meetings, formats if isinstance(formats, list) else [])
    if isinstance(formats, list):
        return Document(name, Kind.FORMATS, formats)
    said = plain_text(content.get("message") or content.get("error"))
    raise BrokenSource("holds no list of meetings" + (f"; it says: {said[:200]}" if said else ""))


def _kind(rows: Sequence[Any]) -> Kind:
    if not rows:
        return Kind.NOTHING
    kinds = Counter(kind for row in rows[:_SAMPLE] if isinstance(row, dict) and (kind := _kind_of_row(row)))
    if not kinds:
        raise BrokenSource("has no row that looks like a meeting, a format or a service body (looked from row 1 on)")
    return kinds.most_common(1)[0][0]


def _kind_of_row(row: dict[str, Any]) -> Kind | None:
    """Return what a row is by the names of its columns."""
    if "key_string" in row:
        return Kind.FORMATS
    if "id_bigint" in row or "weekday_tinyint" in row:
        return Kind.BMLT
    if "serviceBodyId" in row or ("startTime" in row and "id" in row):
        return Kind.BMLT_ADMIN
    if "parent_id" in row and "name" in row:
        return Kind.BODIES
    if "name" in row and ("slug" in row or ("day" in row and "time" in row)):
        return Kind.GUIDE
    return None


def root_server(document: Document) -> str:
    """Return the one BMLT server that the meetings of `document` come from, or "" where that is not certain.

    The rows say it, or the formats that came with them; but an aggregator's formats name many servers while its ids are
    its own.
    """
    roots = {_root(row) for row in document.rows if isinstance(row, dict)} - {""}
    if not roots and not is_aggregated(document):
        roots = {_root(row) for row in document.formats if isinstance(row, dict)} - {""}
    return roots.pop() if len(roots) == 1 else ""


def is_aggregated(document: Document) -> bool:
    """Return whether a search result comes from an aggregator, which numbers servers and all that is theirs anew."""
    rows = (*document.rows[:_SAMPLE], *document.formats)
    return any(isinstance(row, dict) and "root_server_id" in row for row in rows)


def _root(row: dict[str, Any]) -> str:
    return Cells(row).line("root_server_uri").rstrip("/")
