"""What a text message can say, and how many parts it takes: the alphabet of 3GPP TS 23.038. Pure.

One part holds 160 septets of the GSM 7-bit alphabet, or 70 UTF-16 units once a single character lies outside it; where
a text needs several, each part gives up room to say which one it is (153 and 67).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: Written as two septets: an escape, then the character.
_EXTENSION: Final = frozenset("\f^{}\\[~]|€")

_ONE_PART, _PART = 160, 153
_ONE_UCS2_PART, _UCS2_PART = 70, 67

_PLAIN: Final = {
    **dict.fromkeys("‘’‚‛ʼʹ′`´＇", "'"),
    **dict.fromkeys("“”„‟«»″〝〞", '"'),
    **dict.fromkeys("‹", "<"),
    **dict.fromkeys("›", ">"),
    **dict.fromkeys("‐‑‒–—―−﹘", "-"),
    **dict.fromkeys("•‣◦·∙▪●", "-"),
    **dict.fromkeys("\t\v\u2028\u2029", " "),
    "\u0085": "\n",
    "…": "...",
    "→": "->",
    "←": "<-",
    "×": "x",
    "⁄": "/",
    "œ": "oe",
    "Œ": "OE",
    "ĳ": "ij",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ð": "d",
    "Ð": "D",
    "þ": "th",
    "Þ": "Th",
    "ı": "i",
    "ħ": "h",
    "Ħ": "H",
    "©": "(c)",
    "®": "(r)",
    "№": "No.",
}
#: Emoji and what joins or colours them; control characters and what shows nothing.
_DROPPED: Final = frozenset({"So", "Sk", "Cs", "Cc", "Cf", "Co", "Cn"})


@dataclass(frozen=True)
class Size:
    """How much room a text takes: `units` are septets, or UTF-16 code units where `is_gsm7` is False."""

    is_gsm7: bool
    units: int
    segments: int


def is_gsm7(text: str) -> bool:
    """Return whether every character is in the alphabet or its extension table."""
    return all(sign in _BASIC or sign in _EXTENSION for sign in text)


def septets(text: str) -> int:
    """Return how many septets a text takes. Raises ValueError where a character cannot be written in them."""
    return sum(_septets(sign) for sign in text)


def measure(text: str) -> Size:
    """Return how much room a text takes as it stands. An empty text is one (empty) part."""
    if is_gsm7(text):
        widths = [_septets(sign) for sign in text]
        return Size(True, sum(widths), _parts(widths, _ONE_PART, _PART))
    widths = [2 if ord(sign) > 0xFFFF else 1 for sign in text]
    return Size(False, sum(widths), _parts(widths, _ONE_UCS2_PART, _UCS2_PART))


def transliterate(text: str) -> str:
    """Return a text as near to the alphabet as its reader can still read it.

    Curly quotes become straight, dashes hyphens, accents that the alphabet lacks are left off, emoji are dropped.
    Letters of other scripts stay: a message in Cyrillic costs more parts, and without its letters it would say nothing.
    """
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    return "\n".join(_single_spaced(line) for line in "".join(map(_plain, composed)).split("\n"))


def _plain(sign: str) -> str:
    if sign in _BASIC or sign in _EXTENSION:
        return sign
    if sign in _PLAIN:
        return _PLAIN[sign]
    category = unicodedata.category(sign)
    if category == "Zs":
        return " "
    # ½, ², ﬁ, ℃ and full-width letters are other letters; á is one with a mark that may go.
    taken_apart = unicodedata.normalize("NFKD", sign)
    kept = "".join(_PLAIN.get(part, part) for part in taken_apart if not unicodedata.combining(part))
    if kept and kept != sign and is_gsm7(kept):
        return kept
    return "" if category in _DROPPED or category == "Mn" else sign


def _single_spaced(line: str) -> str:
    # What was dropped leaves two spaces behind.
    return " ".join(part for part in line.split(" ") if part)


def _septets(sign: str) -> int:
    if sign in _BASIC:
        return 1
    if sign in _EXTENSION:
        return 2
    raise ValueError("a character outside the GSM 7-bit alphabet")


def _parts(widths: list[int], whole: int, part: int) -> int:
    """Return the number of parts; a character of two units is never cut in half, so a part may stay one short."""
    if sum(widths) <= whole:
        return 1
    parts, filled = 1, 0
    for width in widths:
        if filled + width > part:
            parts, filled = parts + 1, 0
        filled += width
    return parts
