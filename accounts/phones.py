"""Phone numbers as they are kept: E.164, "+15185550123". Pure."""

from __future__ import annotations

import re
from typing import Final

import phonenumbers
from django.conf import settings

_E164: Final = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)


def normal(text: str) -> str | None:
    """Return a number as it is kept, or None where it is none that could exist.

    Without a country's code it is taken for one of settings.PHONE_REGION.
    """
    try:
        number = phonenumbers.parse(text, settings.PHONE_REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or number.extension:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def of_sender(text: str) -> str | None:
    """Return the number that a text came from, as it is kept, or None for a short code or a name.

    One that no list knows yet is taken as it is: somebody holds it, and their STOP counts.
    """
    written = text if text.startswith("+") else f"+{text}"
    return normal(written) or (written if _E164.fullmatch(written) else None)


def takes_texts(number: str) -> bool:
    """Return whether a number (as kept) may be a mobile's: where the two look alike, as in North America, it may."""
    kind = phonenumbers.number_type(phonenumbers.parse(number, None))
    none = {
        phonenumbers.PhoneNumberType.FIXED_LINE,
        phonenumbers.PhoneNumberType.TOLL_FREE,
        phonenumbers.PhoneNumberType.PREMIUM_RATE,
        phonenumbers.PhoneNumberType.SHARED_COST,
        phonenumbers.PhoneNumberType.UAN,
        phonenumbers.PhoneNumberType.VOICEMAIL,
    }
    return kind not in none


def region(number: str) -> str:
    """Return the country of a number (as kept) by ISO 3166, "US", or "" where it has none."""
    return phonenumbers.region_code_for_number(phonenumbers.parse(number, None)) or ""


def shown(number: str) -> str:
    """Return a number (as kept) as its owner writes it, "+1 518-555-0123"."""
    return phonenumbers.format_number(phonenumbers.parse(number, None), phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def masked(number: str) -> str:
    """Return enough of a number for its owner to know it, and too little for anyone else to call it."""
    return f"•••{number[-2:]}"
