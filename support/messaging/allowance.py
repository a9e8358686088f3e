"""Which texts may leave at all: to which countries, and how many a day from the whole site.

Whoever holds dear numbers (in some countries, and behind some codes of "+1") earns with each text that a site sends
them: free accounts asking for codes, or texts that want an answer. So every text passes `admit`, whoever sends it.
"""

from __future__ import annotations

import logging
from typing import Final

import phonenumbers
from django.conf import settings
from django.utils.translation import gettext_noop as _

from support import limits
from support.messaging.results import Refused

logger = logging.getLogger(__name__)

NOT_SERVED: Final = _("This site sends no texts to that country")
USED_UP: Final = _("This site has sent all the texts of a day")
DAY: Final = 86_400  # seconds
#: A part of a day's texts, one in so many, for numbers that nobody has proven: their codes cost reminders nothing more.
CODES_SHARE: Final = 4
_ALL: Final = "all texts"
_CODES: Final = "texts with codes"
_TOLD: Final = "told of texts"
_SAID: Final = {
    _ALL: "All texts of 24 hours have left (SMS_PER_DAY=%s). Until 24 hours after the first, reminders go by email.",
    _CODES: "The codes of 24 hours have left, a quarter of all texts (SMS_PER_DAY=%s). Until 24 hours after the first, "
    "nobody can add a phone number; reminders leave by text as before.",
}


def is_served(number: str) -> bool:
    """Return whether a number (E.164) is of one of settings.SMS_COUNTRIES. One that is in no list is not."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number, None)) in settings.SMS_COUNTRIES
    except phonenumbers.NumberParseException:
        return False


def admit(number: str, *, is_code: bool = False, is_owed: bool = False) -> Refused | None:
    """Count one text to a number that leaves now. Returns why it may not, which counts nothing against reminders.

    `is_code`: to a number that nobody has proven yet. `is_owed`: the answer to STOP (47 CFR 64.1200(a)(12)), or to
    somebody in a crisis or who has used, goes to the countries served whatever the count says, and to all others within
    it.
    """
    served = is_served(number)
    if not served and not is_owed:
        return Refused(NOT_SERVED)
    try:
        if is_code:
            limits.consume(_CODES, "", limit=_codes_a_day(), seconds=DAY)
        limits.consume(_ALL, "", limit=settings.SMS_PER_DAY, seconds=DAY)
    except limits.TooMany as reached:
        _tell(str(reached))
        return None if served and is_owed else Refused(USED_UP)
    return None


def is_used_up() -> bool:
    """Return whether no more texts leave for now, but those that are owed."""
    return limits.is_spent(_ALL, "", limit=settings.SMS_PER_DAY)


def is_codes_share_used_up() -> bool:
    """Return whether no more codes leave for now; other texts may."""
    return limits.is_spent(_CODES, "", limit=_codes_a_day())


def _codes_a_day() -> int:
    return max(1, settings.SMS_PER_DAY // CODES_SHARE)


def _tell(which: str) -> None:
    """Say it once in a day, where somebody looks who did not ask for a text."""
    try:
        limits.consume(_TOLD, which, limit=1, seconds=DAY)
    except limits.TooMany:
        return
    logger.error(_SAID[which], settings.SMS_PER_DAY)
