"""One text message as it goes to a provider."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from support.messaging.gsm7 import Size, measure

#: The shortest time to live that providers take in earnest.
_SHORTEST_LIFE = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class TextMessage:
    """`to` is a number by E.164 ("+15185550123"); `text` is written as it is to be read, transliterated already.

    `status_url` is where the provider says what became of it; after `expires_at` it must not be delivered any more.
    `reference` is our own name for it, for providers that give one back.
    """

    to: str
    text: str
    sent_at: dt.datetime
    expires_at: dt.datetime | None = None
    status_url: str = ""
    reference: str = ""
    #: To a number that nobody has proven yet; and one whose leaving was counted already (support.messaging.allowance).
    is_code: bool = False
    is_admitted: bool = False

    @property
    def size(self) -> Size:
        return measure(self.text)

    def validity(self, *, at_most: dt.timedelta) -> dt.timedelta:
        """Return for how long a provider may still try to deliver it."""
        if self.expires_at is None:
            return at_most
        return min(max(self.expires_at - self.sent_at, _SHORTEST_LIFE), at_most)
