"""How the people who run a site are reached: an email address, a phone number, or a page of theirs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

#: What a text message has room for beside all that HELP has to say.
LONGEST: Final = 60
_EMAIL: Final = re.compile(r"[^\s@:/<>\"]+@[^\s@:/<>\"]+\.[^\s@:/<>\"]+")
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ().-]{5,}[0-9]", re.ASCII)
_PAGE: Final = re.compile(r"https://[^\s<>\"/]+\.[^\s<>\"]+")


@dataclass(frozen=True)
class Contact:
    """What a reader sees, and the address behind it."""

    shown: str
    href: str

    @property
    def is_web(self) -> bool:
        return self.href.startswith("https:")


def read(text: str) -> Contact | None:
    """Return the contact that somebody wrote down; None where it is no address, number or page, or too long."""
    if len(text) > LONGEST:
        return None
    if _PAGE.fullmatch(text):
        return Contact(text, text)
    if _EMAIL.fullmatch(text):
        return Contact(text, f"mailto:{text}")
    if _PHONE.fullmatch(text):
        return Contact(text, "tel:" + re.sub(r"[^+0-9]", "", text))
    return None
