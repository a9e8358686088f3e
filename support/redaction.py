"""Log lines without people in them: addresses, numbers and links that open doors are left out of whatever is said."""

from __future__ import annotations

import logging
import re
from types import TracebackType

#: What to leave out, and what stands there instead. The order counts: an address may hold what looks like a number.
_PATTERNS = (
    (re.compile(r"[^\s@<>\"'(),;:=\[\]{}/]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.[A-Za-z]{2,}"), "[address]"),
    # Signed links (accounts.links), and codes of texts (/t/…, /f/…).
    (re.compile(r"[\w-]{8,}~[\w-]{4,}~[\w-]{8,}"), "[link]"),
    (re.compile(r"(?<=/[tf]/)[\w-]{6,}"), "[link]"),
    # Random secrets: calendar addresses, tokens, keys. A UUID has no capitals, and opens nothing.
    (re.compile(r"(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{32,}(?![\w-])"), "[secret]"),
    # Telephone numbers, as people and providers write them.
    (re.compile(r"(?:%2B|\+)\d(?:[ ().-]?\d){6,14}"), "[number]"),
    (re.compile(r"(?<![\d.:-])(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\d.:-])"), "[number]"),
    # What was asked of a page: a place somebody looks near, a word they look for.
    (re.compile(r"(?<=[?&])((?:near|q|lat|lon)=)[^&\s\"']+"), r"\1[asked]"),
)


def redact(text: str) -> str:
    """Return `text` without email addresses, telephone numbers, signed links, secrets and what a finder was asked."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


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
