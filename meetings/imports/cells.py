"""The cells of a feed's row, read as what they mean. Feeds are written by hand as often as by programs: whatever a cell
holds, reading it gives a value that fits the database, or a note, or `Unreadable`; never another exception.
"""

from __future__ import annotations

import datetime as dt
import html
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from meetings import addresses, vocabulary
from meetings.enums import FormatCategory
from meetings.imports.records import Unreadable

DEFAULT_DURATION = dt.timedelta(hours=1)
#: The end of a meeting that would last longer than this is taken for a slip of AM and PM.
LONGEST_BY_END = dt.timedelta(hours=12)
LONGEST = dt.timedelta(hours=24)
_DAY = dt.timedelta(days=1)
#: Characters of a cell that are looked at: a page of notes with all its HTML. What is longer is no cell of a list.
LONGEST_CELL = 20_000

WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# C0 and C1 controls but tab and newline, and lone surrogates, which no database takes.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u2028\u2029]")
_TAG = re.compile(r"<\s*(?:/\s*)?[a-zA-Z!]")
_ENTITY = re.compile(r"&(#\d+|#[xX][0-9a-fA-F]+|\w+);")
_TIME = re.compile(r"(\d{1,2})(?:[:.h]?(\d{2}))?(?::?(\d{2})(?:\.\d+)?)?\s*(?:([ap])\.?\s*m?\.?)?", re.IGNORECASE)
_LASTS = re.compile(r"(\d{1,3}):(\d{1,2})(?::(\d{1,2}))?")
_HOST_LIKE = re.compile(r"[\w-]+(\.[\w-]+)+([/?#:].*)?")
_is_url = URLValidator(schemes=["http", "https"])


class Cells:
    """One row, by name of column. What was set right on the way is in `notes`."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._row = dict(row)
        self.notes: list[str] = []

    def raw(self, name: str) -> Any:
        """Return a cell as the feed has it; a cell that is not there, null and a blank one are all None."""
        value = self._cell(name)
        return None if isinstance(value, str) and not value.strip() else value

    def has(self, name: str) -> bool:
        return self.raw(name) not in (None, [], {})

    def line(self, name: str, limit: int = 255) -> str:
        """Return a cell as one line of plain text of at most `limit` characters."""
        return self.fit(name, " ".join(self._text(name).split()), limit)

    def address(self, name: str, limit: int = 255) -> str:
        """Return a cell as a line of an address, without commas that divide nothing."""
        given = self.line(name, limit)
        tidy = addresses.without_stray_commas(given)
        if tidy != given:
            self.notes.append(f"stray commas in {name} were left out")
        return tidy

    def paragraphs(self, name: str, limit: int = 10_000) -> str:
        """Return a cell as plain text that may have several lines."""
        lines = [" ".join(line.split()) for line in self._text(name).split("\n")]
        return self.fit(name, re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), limit)

    def fit(self, name: str, text: str, limit: int) -> str:
        if len(text) <= limit:
            return text
        self.notes.append(f"{name} is too long and was cut to {limit} characters")
        return text[: limit - 1].rstrip() + "…"

    def url(self, name: str, limit: int = 1000) -> str:
        """Return an http(s) address, or "" with a note. One without a scheme gets https."""
        text = self._text(name).strip()
        if not text:
            return ""
        if "://" not in text and _HOST_LIKE.fullmatch(text):
            text = f"https://{text}"
        try:
            _is_url(text)
        except ValidationError:
            self.notes.append(f"{name} is no web address and was left out")
            return ""
        if len(text) > limit:
            self.notes.append(f"{name} is longer than {limit} characters and was left out")
            return ""
        return text

    def position(self) -> tuple[float, float] | None:
        """Return latitude and longitude in degrees, from their own cells or from `coordinates` ("lat,lng")."""
        pair = [self.raw("latitude"), self.raw("longitude")]
        if pair == [None, None]:
            given = self._text("coordinates").split(",")
            # Two numbers are a point; four are the corners of a box around the place.
            pair = list(given) if len(given) == 2 else _middle(given) if len(given) == 4 else pair
        if pair == [None, None]:
            return None
        latitude, longitude = (number(value) for value in pair)
        if latitude is None or longitude is None:
            self.notes.append("the position is not two numbers and was left out")
            return None
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            self.notes.append("the position is not on the earth and was left out")
            return None
        if abs(latitude) < 0.01 and abs(longitude) < 0.01:
            self.notes.append("the position is 0,0 and was left out")
            return None
        return latitude, longitude

    def instant(self, name: str) -> dt.datetime | None:
        """Return when a row was last changed (UTC unless it says otherwise), or None where that cannot be read."""
        return instant(self._text(name))

    def country(self, name: str) -> str:
        return addresses.country_code(self.line(name, 60))

    def _text(self, name: str) -> str:
        return plain_text(self._cell(name))

    def _cell(self, name: str) -> Any:
        """Return a cell, cut where it is too long for one: nothing is searched, split or parsed before."""
        value = self._row.get(name)
        several = value if isinstance(value, list) else [value]
        if any(isinstance(each, str) and len(each) > LONGEST_CELL for each in several):
            self.notes.append(f"{name} is too long and was cut to {LONGEST_CELL} characters")
            several = [each[:LONGEST_CELL] if isinstance(each, str) else each for each in several]
            value = self._row[name] = several if isinstance(value, list) else several[0]
        return value


def plain_text(value: Any) -> str:
    """Return text or a number as plain text: no tags, no entities, no control characters; anything else is "".

    At most LONGEST_CELL characters of it are read.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    text = str(int(value) if isinstance(value, float) and value.is_integer() else value)[:LONGEST_CELL]
    if _TAG.search(text):
        text = _without_tags(text)
    elif _ENTITY.search(text):
        text = html.unescape(text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # What unescaping has made is looked at too: "&#0;" is a NUL.
    return _CONTROLS.sub(" ", text).strip()


def without_lone_format(notes: str, remarks: list[str]) -> tuple[str, str]:
    """Return a meeting's notes, and "" or the slug of the format that is all they say: "Topic" is no note."""
    concept = vocabulary.by_name([notes]) if notes else None
    if concept is None or concept.category == FormatCategory.OPENNESS:
        # Who may come is said by types, and "Open" may mean the door.
        return notes, ""
    remarks.append(f"the note {shown(notes)} is taken for the format of that name")
    return "", concept.slug


def identifier(value: Any) -> str:
    """Return an id, text or a whole number, as text; anything else is ""."""
    return " ".join(plain_text(value).split())


def number(value: Any) -> float | None:
    """Return a finite number from a number or from text, else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def weekdays(value: Any) -> tuple[int, ...]:
    """Return weekdays (0 is Monday) from Meeting Guide's `day`, where 0 is Sunday: a number, a name, or several.

    Nothing at all is an empty tuple. Raises Unreadable.
    """
    parts: Iterable[Any] = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    cells = [part for given in parts for part in (given.split(",") if isinstance(given, str) else [given])]
    return tuple(sorted({_weekday(cell) for cell in cells if not (cell is None or str(cell).strip() == "")}))


def _weekday(value: Any) -> int:
    text = identifier(value).lower()
    if text.isascii() and text.isdigit() and len(text) == 1 and int(text) <= 6:
        return sunday_first(int(text))
    named = [index for index, name in enumerate(WEEKDAY_NAMES) if len(text) >= 3 and name.startswith(text.rstrip("s."))]
    if len(named) != 1:
        raise Unreadable(f"day {shown(value)} is no weekday (0 for Sunday to 6)")
    return named[0]


def sunday_first(day: int) -> int:
    """Return a weekday counted from Sunday (0) as one counted from Monday (0)."""
    return (day + 6) % 7


def clock_time(value: Any) -> dt.time | None:
    """Return a wall time from "18:00", "20:00:00", "8:00 PM", "noon"; None for nothing. Raises Unreadable."""
    if isinstance(value, (list, dict)):
        raise Unreadable(f"time {shown(value)} cannot be read")
    text = " ".join(plain_text(value).split()).lower()
    if not text:
        return None
    if text in ("noon", "midnight"):
        return dt.time(12 if text == "noon" else 0)
    match = _TIME.fullmatch(text)
    if match and (match[2] or match[4]):
        hour, minute, half = int(match[1]), int(match[2] or 0), match[4]
        if half and 1 <= hour <= 12:
            hour = hour % 12 + (12 if half == "p" else 0)
        if hour <= 23 and minute <= 59:
            return dt.time(hour, minute)
    raise Unreadable(f"time {shown(value)} cannot be read")


def duration_until(start: dt.time, end: dt.time | None, notes: list[str]) -> dt.timedelta:
    """Return how long a meeting lasts that ends at `end`: on the next day where that is earlier. None is one hour."""
    if end is None:
        return DEFAULT_DURATION
    lasts = (_since_midnight(end) - _since_midnight(start)) % _DAY
    if not lasts:
        notes.append("it ends when it starts: taken to last an hour")
        return DEFAULT_DURATION
    if lasts <= LONGEST_BY_END:
        return lasts
    # 12:15 to 01:15 would last 13 hours; who typed it meant 13:15.
    notes.append(f"{start:%H:%M} to {end:%H:%M} is taken for a slip of AM and PM")
    shorter = lasts - dt.timedelta(hours=12)
    return shorter if shorter <= dt.timedelta(hours=4) else DEFAULT_DURATION


def duration(value: Any, notes: list[str]) -> dt.timedelta:
    """Return how long a meeting lasts from "HH:MM[:SS]"; nothing, zero and what cannot be read are one hour."""
    text = plain_text(value)
    match = _LASTS.fullmatch(text)
    if match:
        lasts = dt.timedelta(hours=int(match[1]), minutes=int(match[2]), seconds=int(match[3] or 0))
        if dt.timedelta(0) < lasts <= LONGEST:
            return lasts
        if not lasts:
            return DEFAULT_DURATION
    if text:
        notes.append(f"duration {shown(value)} cannot be read: taken to last an hour")
    return DEFAULT_DURATION


def instant(text: str) -> dt.datetime | None:
    """Return the instant of "2021-05-26 19:03:46", ISO 8601, "8/25/2022 11:17:07 AM" (month first) or "8/28/2021"."""
    text = " ".join(text.split())
    try:
        given = dt.datetime.fromisoformat(text)
    except ValueError:
        given = None
    for form in ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y"):
        if given is None:
            try:
                given = dt.datetime.strptime(text, form)  # noqa: DTZ007  # the zone follows
            except ValueError:
                continue
    if given is None:
        return None
    try:
        given = given.astimezone(dt.UTC) if given.tzinfo else given.replace(tzinfo=dt.UTC)
    except OverflowError:
        return None
    return given if 1970 <= given.year < 2200 else None


def shown(value: Any) -> str:
    """Return a cell's content for a message: quoted, short, on one line."""
    text = " ".join(_CONTROLS.sub(" ", str(value)).split())
    return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"


def joined(*parts: str, by: str = "\n") -> str:
    """Return the parts that are not blank, each once, in their order."""
    return by.join(dict.fromkeys(part for part in parts if part))


def _since_midnight(time: dt.time) -> dt.timedelta:
    return dt.timedelta(hours=time.hour, minutes=time.minute)


def _middle(box: Sequence[str]) -> list[Any]:
    corners = [number(value) for value in box]
    if any(corner is None for corner in corners):
        return ["?", "?"]
    south, west, north, east = (corner or 0.0 for corner in corners)
    return [(south + north) / 2, (west + east) / 2]


class _TextOfHtml(HTMLParser):
    BLOCKS = frozenset({"br", "p", "div", "li", "ul", "ol", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "table", "hr"})
    VOID = frozenset({"br", "hr"})
    SILENT = frozenset({"script", "style", "head", "title"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.SILENT and not self.silent:
            self.silent = tag
        elif tag in self.BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == self.silent:
            self.silent = ""
        elif tag in self.BLOCKS - self.VOID:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(data)


def _without_tags(text: str) -> str:
    """Return what a browser would show of HTML, more or less. Behind the last ">" there is no tag, only text.

    html.parser of a Python without the mend for CVE-2025-6069 goes through all that follows for each tag that does not
    end; it gets none of these.
    """
    end = text.rfind(">") + 1
    parser = _TextOfHtml()
    try:
        parser.feed(text[:end])
        parser.close()
    except AssertionError:
        # html.parser asserts on some malformed declarations ("<![").
        return html.unescape(re.sub(r"<[^>]*>?", " ", text))
    return "".join(parser.parts) + ("" if parser.silent else html.unescape(text[end:]))
