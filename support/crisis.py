"""Where to turn in a crisis: a table with its sources, so that each number can be checked again.

A line ships only once its source is recorded and someone has compared the two; `verified_on` says when.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Way:
    """One way to reach a line: what the reader sees, and the `tel:`, `sms:` or `https:` address behind it."""

    label: str | Promise
    href: str

    @property
    def is_web(self) -> bool:
        return self.href.startswith("https:")


@dataclass(frozen=True)
class CrisisLine:
    name: str | Promise
    country: str | Promise
    about: str | Promise
    ways: tuple[Way, ...]
    source: str
    verified_on: dt.date

    @property
    def source_name(self) -> str:
        """The source's host, as a reader would name it: "samhsa.gov"."""
        return (urlsplit(self.source).hostname or "").removeprefix("www.")


CRISIS_LINES: tuple[CrisisLine, ...] = (
    CrisisLine(
        name=_("988 Suicide & Crisis Lifeline"),
        country=_("United States"),
        about=_("Free, confidential, day and night: for any crisis, drugs and drink among them. English and Spanish."),
        ways=(
            Way(_("Call 988"), "tel:988"),
            Way(_("Text 988"), "sms:988"),
            Way(_("Chat"), "https://988lifeline.org/"),
        ),
        source="https://988lifeline.org/",
        verified_on=dt.date(2026, 11, 23),
    ),
    CrisisLine(
        name=_("Crisis Text Line"),
        country=_("United States"),
        about=_("Free, day and night, by text message only. Someone trained answers."),
        ways=(Way(_("Text HOME to 741741"), "sms:741741?&body=HOME"),),
        source="https://www.crisistextline.org/",
        verified_on=dt.date(2026, 11, 23),
    ),
    CrisisLine(
        name=_("SAMHSA National Helpline"),
        country=_("United States"),
        about=_(
            "Free, confidential, day and night: where to find treatment and support, for you or for your family. "
            "English and Spanish."
        ),
        ways=(
            Way(_("Call 1-800-662-4357"), "tel:+18006624357"),
            Way(_("TTY 1-800-487-4889"), "tel:+18004874889"),
        ),
        source="https://www.samhsa.gov/find-help/helplines/national-helpline",
        verified_on=dt.date(2026, 11, 23),
    ),
    CrisisLine(
        name=_("9-8-8 Suicide Crisis Helpline"),
        country=_("Canada"),
        about=_("Free, day and night, by call or text. English and French."),
        ways=(Way(_("Call 9-8-8"), "tel:988"), Way(_("Text 9-8-8"), "sms:988")),
        source="https://988.ca/",
        verified_on=dt.date(2026, 11, 23),
    ),
)
