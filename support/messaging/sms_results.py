"""What providers of text messages tell us, in our words; and what follows from how a message ended. Pure."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from typing import Final


class Stage(enum.Enum):
    """How far a provider says that a message has come."""

    TAKEN = "taken"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


@dataclass(frozen=True)
class Receipt:
    """`code` says why it was not delivered, as the provider's own number."""

    provider_id: str
    stage: Stage
    code: str = ""


@dataclass(frozen=True)
class Found:
    """A message that a provider has on record; `content_hash` is SHA-256 of its words, in hex."""

    provider_id: str
    stage: Stage
    code: str
    content_hash: str
    taken_at: dt.datetime


@dataclass(frozen=True)
class Inbound:
    """A text that somebody wrote to us. `sender` is a number as the provider writes it."""

    provider_id: str
    sender: str
    text: str
    #: The provider has answered it by itself already.
    is_answered: bool = False


class Aftermath(enum.Enum):
    """What to do about a message that was taken and then not delivered."""

    #: Perhaps the phone is off: once more in a while, then another channel.
    ONCE_MORE = "once_more"
    #: Nothing comes through this way: say it by another channel.
    OTHER_CHANNEL = "other_channel"
    #: The number takes nothing from us: never again, and say it by another channel.
    SUPPRESS = "suppress"
    #: They asked us to stop: never again, and nothing instead of it.
    OPTED_OUT = "opted_out"


@dataclass(frozen=True)
class Outcome:
    """`pause` is how long to wait before trying once more; `is_alarm`: somebody should look at our sending."""

    aftermath: Aftermath
    words: str
    pause: dt.timedelta = dt.timedelta()
    is_alarm: bool = False


_QUARTER: Final = dt.timedelta(minutes=15)

#: By Twilio's error codes of receipts (https://www.twilio.com/docs/api/errors); other providers' are put into these.
OUTCOMES: Final = {
    "30003": Outcome(Aftermath.ONCE_MORE, "The phone could not be reached", _QUARTER),
    "30004": Outcome(Aftermath.SUPPRESS, "The network blocks messages to this number"),
    "30005": Outcome(Aftermath.OTHER_CHANNEL, "The number does not exist, or is switched off"),
    "30006": Outcome(Aftermath.OTHER_CHANNEL, "A landline, or a network that cannot be reached"),
    "30007": Outcome(Aftermath.OTHER_CHANNEL, "A network took it for spam", is_alarm=True),
    "30008": Outcome(Aftermath.ONCE_MORE, "It was lost on the way", _QUARTER),
    "30036": Outcome(Aftermath.OTHER_CHANNEL, "It could not be delivered in time"),
    "21610": Outcome(Aftermath.OPTED_OUT, "The recipient wrote STOP"),
}
_UNKNOWN: Final = Outcome(Aftermath.OTHER_CHANNEL, "It could not be delivered")


def outcome(code: str) -> Outcome:
    """Return what follows from a receipt's error code; from one that nobody knows, to use another channel."""
    return OUTCOMES.get(code, _UNKNOWN)
