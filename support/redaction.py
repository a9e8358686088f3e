"""Log lines without people in them: addresses, numbers and links that open doors are left out of whatever is said.

No repeat in a pattern is without bound, and no line is without end: the work is linear in what is logged.
"""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Callable
from types import TracebackType
from typing import Final
from urllib.parse import unquote

#: Characters of one line. What is longer was made to be, and is cut.
LONGEST_LINE: Final = 10_000

# A word's codes are written out (see below); quoted names and numbers have blanks, so these are known in any spelling.
_AT = r"(?:[@＠﹫]|%(?:25){0,2}40|=40|&#0{0,4}64;|&#[xX]0{0,4}40;|&commat;|\\{1,4}(?:u00|x)40)"
_QUOTE = r'(?:"|&quot;|&#34;|=22|\\{1,4}(?:u00|x)22)'
_PLUS = r"(?:[+＋]|%(?:25){0,2}2[bB]|=2B|&#0{0,4}43;|&#[xX]0{0,4}2[bB];|&plus;|\\{1,4}(?:u00|x)2[bB])"
# Between the digits of a number, as people write them and forms send them.
_GAP = r"[ +().\-/\u00a0\u2009\u2010-\u2013]{0,3}"
# Around it: no part of a word, of a UUID or of a time.
_ALONE = r"(?<!\w)(?<!\d[.:-])(?<![0-9a-fA-F]{4}-)"
_ENDS = r"(?!\w)(?![.:-]\d)"

#: What to leave out, and what stands there instead. The order counts: an address may hold what looks like a number.
PATTERNS: Final = (
    # Addresses with a quoted name (RFC 5321), and all others: in letters of any alphabet (RFC 6531), or at a number.
    (re.compile(rf"""{_QUOTE}[^"\r\n]{{1,256}}{_QUOTE}{_AT}[^\s<>"'(),]{{1,253}}"""), "[address]"),
    (
        re.compile(
            rf"""[^\s@<>"'(),;:=\[\]{{}}/]{{1,64}}{_AT}"""
            rf"""(?:[\w.\-。．｡]{{1,253}}[.。．｡](?:xn--[\w-]{{1,59}}|[^\W\d_]{{2,63}})|\[[\da-fA-F:.IPv]{{2,50}}\])"""
        ),
        "[address]",
    ),
    # Signed links (accounts.links), whole or not, and codes of texts (/t/…, /f/…).
    (re.compile(r"[\w-]{6,200}~[\w~-]{0,200}"), "[link]"),
    (re.compile(r"(?<=/[tf]/)[\w-]{6,200}"), "[link]"),
    # Random secrets: calendar addresses, tokens, keys. A UUID has no capitals, no letter behind f, and opens nothing.
    (
        re.compile(
            r"(?<![\w-])(?=[\w-]{0,200}[A-Z])(?=[\w-]{0,200}[a-z])(?=[\w-]{0,200}\d)[\w-]{20,4096}(?![\w-])",
            re.ASCII,
        ),
        "[secret]",
    ),
    # Keys of sessions and of authenticator apps.
    (
        re.compile(
            r"(?<![^\W_])(?=[^\W_]{0,200}[g-zG-Z])(?=[^\W_]{0,200}\d|[a-z]{30,4096}(?![^\W_]))[^\W_]{30,4096}", re.ASCII
        ),
        "[secret]",
    ),
    # Telephone numbers: with a country's code; in groups as North America writes them; with the zero of most others;
    # and without a gap, where they are no more likely to be a row's number or the seconds since 1970.
    (re.compile(rf"{_PLUS} ?\(?\d(?:{_GAP}\d){{6,14}}"), "[number]"),
    (
        re.compile(
            rf"{_ALONE}(?:1[-. +]?)?(?:\(\d{{3}}\)|\d{{3}})[-. +/\u00a0]{{0,2}}\d{{3}}[-. +\u00a0]\d{{4}}{_ENDS}"
        ),
        "[number]",
    ),
    (
        re.compile(rf"{_ALONE}(?!\d\d[-/.]\d\d[-/.]\d{{4}})\(?0\d(?:[ +()\-/\u00a0]{{0,3}}\d){{7,12}}{_ENDS}"),
        "[number]",
    ),
    (re.compile(rf"{_ALONE}0\d(?:\.\d\d){{4}}{_ENDS}"), "[number]"),
    (re.compile(rf"{_ALONE}(?:[2-9]\d\d[2-9]\d{{6}}|\d{{11,12}}){_ENDS}"), "[number]"),
    # What was asked of a page: a place somebody looks near, a word they look for.
    (re.compile(r"(?<=[?&])((?:near|q|lat|lon)=)[^&\s\"']{1,2000}"), r"\1[asked]"),
)  # fmt: skip

_WORD = re.compile(r"\S+")
#: Something in a word that stands for another character.
_CODED = re.compile(r"%[0-9A-Fa-f]{2}|=[0-9A-Fa-f]{2}|&#?\w{2,32};|\\[ux][0-9A-Fa-f]{2}")
_ESCAPE = re.compile(r"\\{1,4}u([0-9A-Fa-f]{4})")
_OCTETS = re.compile(r"(?:\\{1,4}x[0-9A-Fa-f]{2}){1,4096}")
#: In quoted-printable "=" begins a code; behind a name it may be what it is in a query.
_QUOTED_PRINTABLE = re.compile(r"=([0-9A-Fa-f]{2})")
_QUERY = re.compile(r"((?:^|[?&;])\w{1,40}=)")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
#: A word that is coded twice is a link inside a link.
_DEPTH: Final = 3


def redact(text: str) -> str:
    """Return `text` without email addresses, telephone numbers, signed links, secrets and what a finder was asked.

    However they are spelled: a word in which something stands percent-encoded, as an entity, an escape or in
    quoted-printable is written out where that shows one of them, and stays as it is where it does not.
    """
    return "\n".join(_redacted(line) for line in text.split("\n"))


def _redacted(line: str) -> str:
    if len(line) > LONGEST_LINE:
        # With the word at the cut, which may be half an address.
        line = f"{line[:LONGEST_LINE].rpartition(' ')[0]}… [cut]"
    return _hidden(_WORD.sub(lambda word: _written_out(word.group()), line) if _CODED.search(line) else line)


def _hidden(text: str) -> str:
    for pattern, instead in PATTERNS:
        text = pattern.sub(instead, text)
    return text


def _written_out(word: str) -> str:
    """Return a word without its codes where there is something to hide behind them, hidden; else as it is."""
    if not _CODED.search(word):
        return word
    plain, has_hidden = _hidden(word), False
    for _ in range(_DEPTH):
        for decode in _DECODERS:
            bare = _CONTROLS.sub(" ", decode(plain))
            plain = _hidden(bare) if bare != plain else plain
            has_hidden = has_hidden or plain != bare
    return plain if has_hidden else word


def _without_escapes(text: str) -> str:
    return _OCTETS.sub(_octets, _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text))


def _octets(found: re.Match[str]) -> str:
    """Return what a run of \\x… stands for: UTF-8, or Python's way to write one letter."""
    octets = bytes.fromhex(re.sub(r"\\{1,4}x", "", found[0]))
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _without_quoted_printable(text: str) -> str:
    return unquote(_QUOTED_PRINTABLE.sub(r"%\1", text.replace("%", "%25")), errors="replace")


def _without_quoted_printable_in_a_query(text: str) -> str:
    # Every other part is a name with its "=".
    parts = _QUERY.split(text)
    return "".join(part if place % 2 else _without_quoted_printable(part) for place, part in enumerate(parts))


_DECODERS: Final[tuple[Callable[[str], str], ...]] = (
    unquote,
    html.unescape,
    _without_escapes,
    _without_quoted_printable_in_a_query,
    _without_quoted_printable,
)


class RedactingFormatter(logging.Formatter):
    """Formats log lines, and the exceptions in them, through `redact`. The time and the logger's name stay."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        record.message = redact(record.message)
        return super().formatMessage(record)

    def formatException(  # noqa: N802  # logging's name
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return redact(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802  # logging's name
        return redact(super().formatStack(stack_info))
