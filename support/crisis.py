"""Where to turn in a crisis, and what keeps somebody alive who has used after a break: one table, with its sources.

A number or a sentence ships only once its source is recorded and someone has compared the two; `verified_on` says when.
A line that answers in Spanish is reached otherwise than in English, so each language has its own keys and source.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: So old a comparison may grow: numbers and keywords change, and nobody tells us.
COMPARED_AGAIN_AFTER: Final = dt.timedelta(days=365)


@dataclass(frozen=True)
class Source:
    """Where something was read, and the day on which somebody compared it with what stands here."""

    url: str
    verified_on: dt.date

    @property
    def name(self) -> str:
        """The source's host, as a reader would name it: "samhsa.gov"."""
        return (urlsplit(self.url).hostname or "").removeprefix("www.")


@dataclass(frozen=True)
class Way:
    """One way to reach a line: what the reader sees, and the `tel:`, `sms:` or `https:` address behind it."""

    label: str | Promise
    href: str

    @property
    def is_web(self) -> bool:
        return self.href.startswith("https:")


@dataclass(frozen=True)
class Access:
    """How a line is reached by whoever speaks one language.

    `in_short` is what a text message has room for, said as the end of a sentence. `note` is what to know beforehand.
    """

    ways: tuple[Way, ...]
    source: Source
    in_short: str | Promise = ""
    note: str | Promise = ""


@dataclass(frozen=True)
class CrisisLine:
    """A line that answers day and night.

    `regions` are the codes (ISO 3166) of the country and the territories that it serves; `access` goes by language.
    """

    name: str | Promise
    country: str | Promise
    regions: tuple[str, ...]
    about: str | Promise
    access: Mapping[str, Access]

    @property
    def here(self) -> Access:
        """How to reach it in the language of the page or message that is being made, else in English."""
        return self.access.get((translation.get_language() or "")[:2], self.access["en"])


@dataclass(frozen=True)
class Advice:
    """One sentence that saves lives, and where it is from."""

    words: str | Promise
    source: Source


#: The keys in both languages; 988lifeline.org/get-help/what-to-expect says the same.
_988: Final = Source("https://www.fcc.gov/988-suicide-and-crisis-lifeline", dt.date(2026, 11, 26))
#: Carriers lead to 988 in the territories as well.
_US: Final = ("US", "PR", "VI", "GU", "AS", "MP")
_SAMHSA: Final = Access(
    ways=(Way(_("Call 1-800-662-4357"), "tel:+18006624357"), Way(_("TTY 1-800-487-4889"), "tel:+18004874889")),
    source=Source("https://www.samhsa.gov/find-help/helplines/national-helpline", dt.date(2026, 11, 26)),
    note=_("For Spanish, choose the option to speak with a national representative."),
)

CRISIS_LINES: Final[tuple[CrisisLine, ...]] = (
    CrisisLine(
        name=_("988 Suicide & Crisis Lifeline"),
        country=_("United States"),
        regions=_US,
        about=_("Free, confidential, day and night: for any crisis, including drugs and alcohol."),
        access={
            "en": Access(
                ways=(
                    Way(_("Call 988"), "tel:988"),
                    Way(_("Text 988"), "sms:988"),
                    Way(_("Chat"), "https://988lifeline.org/"),
                ),
                source=_988,
                in_short=_("call or text 988"),
                note=_("In Spanish: call 988 and press 2, or text AYUDA to 988."),
            ),
            "es": Access(
                ways=(
                    Way(_("Call 988, then press 2"), "tel:988"),
                    Way(_("Text AYUDA to 988"), "sms:988?&body=AYUDA"),
                    Way(_("Chat"), "https://988lifeline.org/es/chat/"),
                ),
                source=_988,
                in_short=_("call 988 and press 2, or text AYUDA to 988"),
            ),
        },
    ),
    CrisisLine(
        name=_("Crisis Text Line"),
        country=_("United States"),
        regions=_US,
        about=_("Free, day and night, by message. A trained volunteer answers."),
        access={
            "en": Access(
                ways=(Way(_("Text HOME to 741741"), "sms:741741?&body=HOME"),),
                source=Source("https://www.crisistextline.org/", dt.date(2026, 11, 23)),
                note=_("In Spanish: text AYUDA to 741741."),
            ),
            "es": Access(
                ways=(
                    Way(_("Text AYUDA to 741741"), "sms:741741?&body=AYUDA"),
                    Way(_("WhatsApp 442-AYUDAME"), "https://wa.me/14422983263"),
                ),
                source=Source(
                    "https://www.crisistextline.org/blog/2021/10/15/hola-crisis-text-line-is-now-available-in-spanish/",
                    dt.date(2026, 11, 26),
                ),
            ),
        },
    ),
    CrisisLine(
        name=_("SAMHSA National Helpline"),
        country=_("United States"),
        regions=_US,
        about=_(
            "Free, confidential, day and night: where to find treatment and support, for you or for your family. "
            "English and Spanish."
        ),
        access={"en": _SAMHSA, "es": _SAMHSA},
    ),
    CrisisLine(
        name=_("9-8-8 Suicide Crisis Helpline"),
        country=_("Canada"),
        regions=("CA",),
        about=_("Free, day and night, by call or text. English and French."),
        access={
            "en": Access(
                ways=(Way(_("Call 9-8-8"), "tel:988"), Way(_("Text 9-8-8"), "sms:988")),
                source=Source("https://988.ca/", dt.date(2026, 11, 23)),
                in_short=_("call or text 9-8-8"),
            )
        },
    ),
)

#: What to know in the hour after, most urgent first.
AFTER_A_BREAK: Final[tuple[Advice, ...]] = (
    Advice(
        _("After a break your body can take far less. The amount you used to take can kill you now."),
        Source(
            "https://integrationacademy.ahrq.gov/products/playbooks/moud-playbook/implementing-treatment/"
            "mitigating-overdose-risk",
            dt.date(2026, 11, 26),
        ),
    ),
    Advice(
        _("Never use alone. Be with someone who can call 911, or have someone check on you within minutes."),
        Source("https://health.frederickcountymd.gov/FAQ.aspx?QID=179", dt.date(2026, 11, 26)),
    ),
    Advice(
        _("Keep naloxone (Narcan) with you. Anyone can carry it and give it, and it can undo an opioid overdose."),
        Source("https://www.cdc.gov/stop-overdose/caring/index.html", dt.date(2026, 11, 26)),
    ),
    Advice(
        _("If someone won’t wake up, or breathes slowly or not at all: call 911, give naloxone, and stay with them."),
        Source("https://www.pittcountync.gov/1289/Narcan-Administration-Instructions", dt.date(2026, 11, 26)),
    ),
)


def in_short(region: str) -> str:
    """Return whom to call, for a text message to a number of a country: "call or text 988"; "" where none is known."""
    found = (line.here.in_short for line in CRISIS_LINES if region in line.regions and line.here.in_short)
    return str(next(found, ""))


def sources() -> Iterator[Source]:
    """Yield every source that something here rests on."""
    for line in CRISIS_LINES:
        yield from (access.source for access in line.access.values())
    yield from (advice.source for advice in AFTER_A_BREAK)
