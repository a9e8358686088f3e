"""Reading a letter that a person wrote to the site: of all that it says, only from which address it came."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from typing import Final

from django.conf import settings

from support.messaging.bounce_address import message_of

_SIGNS: Final = r"[^\s<>,;:@\"()]"
_ADDRESS: Final = re.compile(rf"{_SIGNS}{{1,64}}@{_SIGNS}{{1,255}}")
#: The one address of a From line, bare or after a name.
_FROM: Final = re.compile(rf"(?:^|<)\s*({_SIGNS}{{1,64}}@{_SIGNS}{{1,255}})\s*>?\s*$")
#: How lists and programs mark what they send: RFC 3834 section 5, RFC 2919, and what was usual before.
_BY_A_PROGRAM: Final = {
    "Auto-Submitted": re.compile(r"\s*(?!no\b)\S", re.IGNORECASE),
    "Precedence": re.compile(r"\s*(bulk|list|junk|auto_reply)\b", re.IGNORECASE),
    "Return-Path": re.compile(r"\s*<\s*>"),
    "List-Id": re.compile(""),
    "X-Autoreply": re.compile(""),
}
#: What our own mail server wrote down where the sender's domain says that the letter is not from there (RFC 8601).
_FORGED: Final = re.compile(r"\bdmarc\s*=\s*fail\b", re.IGNORECASE)


def who_asks(content: bytes) -> str | None:
    """Return the address, in lower case, that a person wrote from to settings.UNBLOCK_ADDRESS; None for all else.

    Nothing proves it: whoever sends mail can write any address there, unless our own mail server looked into that.
    """
    # Headers as they stand: see support.messaging.bounces.
    message = message_from_bytes(content, policy=policy.compat32)

    def said(name: str) -> list[str]:
        return [str(value) for value in message.get_all(name, [])]

    to = [address.lower() for name in ("To", "Cc") for value in said(name) for address in _ADDRESS.findall(value)]
    if not settings.UNBLOCK_ADDRESS or settings.UNBLOCK_ADDRESS not in to or any(map(message_of, to)):
        return None
    if message.get_content_type() == "multipart/report":
        return None
    if any(mark.match(value) for name, mark in _BY_A_PROGRAM.items() for value in said(name)):
        return None
    if any(_FORGED.search(value) for value in said("Authentication-Results")):
        return None
    written = said("From")
    found = _FROM.search(written[0]) if len(written) == 1 else None
    return found.group(1).lower() if found else None
