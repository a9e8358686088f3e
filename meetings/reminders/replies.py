"""What we answer to a text: short, plain, in the alphabet of text messages."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from meetings.models import Participant
from support import wording
from support.messaging.gsm7 import transliterate

#: Where 988 answers calls and texts (support.crisis).
_988: Final = ("US", "CA")


def crisis(region: str) -> str:
    """Return where somebody answers now, in the country of a number; where we know none, the page that lists some."""
    if region in _988:
        return _plain(
            _("You are not alone. Call or text 988 now, day or night: someone will answer. In danger of life: 911.")
        )
    url = f"{settings.PUBLIC_BASE_URL}/crisis/"
    return _plain(
        _("You are not alone. Please call your emergency number now, or see %(url)s for people who answer.")
        % {"url": url}
    )


def stopped(region: str, *, is_crisis: bool) -> str:
    """Return the one confirmation of STOP; the last thing that is said."""
    words = _("%(sender)s: you get no more texts from us. Reply START to undo.") % {"sender": settings.SENDER_NAME}
    return _plain(f"{words} {crisis(region)}" if is_crisis else words)


def started(*, is_back: bool) -> str:
    """Return the answer to START."""
    if is_back:
        words = _("%(sender)s: texts are on again, as you chose before. Msg & data rates may apply. HELP, STOP to end.")
    else:
        words = _("%(sender)s: there is nothing to switch on. Choose what you get here: %(url)s")
    return _plain(words % {"sender": settings.SENDER_NAME, "url": f"{settings.PUBLIC_BASE_URL}/my/account/"})


def help_words(region: str) -> str:
    """Return the answer to HELP: who this is, where to ask, how to end it, and who answers in a crisis."""
    words = _(
        "%(sender)s: reminders you asked for. Text a city or ZIP to find meetings. "
        "Msg & data rates may apply. STOP to end. Questions: %(url)s"
    ) % {"sender": settings.SENDER_NAME, "url": f"{settings.PUBLIC_BASE_URL}/about/"}
    end = _("Crisis: call or text 988.") if region in _988 else ""
    return _plain(f"{words} {end}".strip())


def given_back(when: str) -> str:
    return _plain(_("Given back: %(when)s. Thank you for saying so.") % {"when": when})


def expected(when: str) -> str:
    return _plain(_("Noted: %(when)s. Reply X if you cannot come after all.") % {"when": when})


def no_date(letter: str) -> str:
    """Return the answer to C or X from somebody who has no date to come."""
    url = f"{settings.PUBLIC_BASE_URL}/my/meetings/"
    return _plain(
        _("There is no coming date of yours that %(letter)s could be about. %(url)s") % {"letter": letter, "url": url}
    )


def read_by_a_person(region: str) -> str:
    words = _("Thank you. A person will read this, though not at once. STOP ends these texts.")
    end = _("Crisis: call or text 988.") if region in _988 else ""
    return _plain(f"{words} {end}".strip())


def not_understood() -> str:
    return _plain(
        pgettext(
            "text message",
            "That was not clear to us. Text a ZIP or city to find meetings, C or X to answer a reminder, HELP or STOP.",
        )
    )


def when(instant: dt.datetime, reader: Participant) -> str:
    """Return a date and its time as somebody reads them: "Tue, Nov 24, 7:00 PM"."""
    date = wording.date_words(instant, reader.tz)
    return f"{date}, {wording.time_words(instant, reader.tz, reader.hour_cycle)}"


def _plain(text: str) -> str:
    return transliterate(text)
