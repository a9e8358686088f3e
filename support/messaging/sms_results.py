"""What providers of text messages tell us, in our words; and what follows from how a message ended. Pure."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_noop as _

from support.messaging.results import Ambiguous, Refused, Result, Transient, with_detail


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
    #: They asked the provider to stop it: the same as if they had written STOP to us. What it was to say goes by email.
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


class Cause(enum.Enum):
    """What an answer is about that does not say that a message was taken."""

    #: Our credentials, account, sender or plan: the next message would fare no better.
    OURS = "ours"
    #: There is no such account or address: our settings name another one.
    NOT_FOUND = "not_found"
    #: Too much at once.
    BUSY = "busy"
    #: It may have been taken.
    UNCLEAR = "unclear"
    #: Certainly not taken, for a reason that passes.
    AGAIN = "again"
    #: The recipient wrote STOP to the provider.
    OPTED_OUT = "opted_out"
    #: A number that takes no texts.
    NO_NUMBER = "no_number"
    #: A country or network that we may not send to.
    NOT_THERE = "not_there"
    #: Any other definite no to this one message.
    REFUSED = "refused"


#: By HTTP status, where no code of the provider's own says more: RFC 9110 section 15.5, and what the two say of theirs.
STATUSES: Final = {
    401: Cause.OURS,
    403: Cause.OURS,
    # Where a message is posted to there is nothing but our account.
    404: Cause.NOT_FOUND,
    405: Cause.NOT_FOUND,
    # By the RFC the request did not arrive whole; by what stands before a service, the answer did not come in time.
    408: Cause.UNCLEAR,
    409: Cause.UNCLEAR,
    410: Cause.NOT_FOUND,
    429: Cause.BUSY,
}

#: By Twilio's own codes, as far as sending a message meets them: https://www.twilio.com/docs/api/errors/NUMBER.
TWILIO: Final = {
    **dict.fromkeys((20003, 20005, 20006, 20403), Cause.OURS),
    **dict.fromkeys((21212, 21603, 21606, 21659, 21660, 21701, 21703, 21704, 21705), Cause.OURS),
    **dict.fromkeys((20404, 30404), Cause.NOT_FOUND),
    **dict.fromkeys((14107, 20429, 21611, 30001, 30022, 63018, 63038), Cause.BUSY),
    # A conflict (409), of which Twilio says that nothing was saved and trying again is safe.
    59102: Cause.AGAIN,
    21610: Cause.OPTED_OUT,
    **dict.fromkeys((21211, 21214, 21217, 21401, 21407, 21421, 21614), Cause.NO_NUMBER),
    **dict.fromkeys((21408, 21612), Cause.NOT_THERE),
}

#: By Telnyx's: https://developers.telnyx.com/docs/messaging/messages/error-codes and, below 40000,
#: https://developers.telnyx.com/development/api-fundamentals/api-errors.
TELNYX: Final = {
    **dict.fromkeys(("10009", "10010", "20002", "20012", "20100"), Cause.OURS),
    **dict.fromkeys(("40305", "40306", "40312", "40313", "40333"), Cause.OURS),
    "10005": Cause.NOT_FOUND,
    **dict.fromkeys(("10011", "40014", "40318"), Cause.BUSY),
    # It timed out there; it is a duplicate, so one like it is there.
    **dict.fromkeys(("10008", "10012"), Cause.UNCLEAR),
    "40300": Cause.OPTED_OUT,
    **dict.fromkeys(("40001", "40310"), Cause.NO_NUMBER),
}

#: Causes that somebody who runs the site has to do something about.
ALARMING: Final = frozenset({Cause.OURS, Cause.NOT_FOUND, Cause.NOT_THERE})
#: Wait this long where a busy provider names no time.
_BUSY_PAUSE: Final = dt.timedelta(seconds=30)


def cause_of(status: int, coded: Cause | None) -> Cause:
    """Return what an answer is about: its HTTP status, and what the provider's own code means, where it is known."""
    if coded in (Cause.OURS, Cause.BUSY):
        return coded
    if 300 <= status < 400:
        return Cause.NOT_FOUND
    if status >= 500 or status < 300:
        return Cause.UNCLEAR
    return coded or STATUSES.get(status, Cause.REFUSED)


def verdict(cause: Cause, code: object, *, pause: dt.timedelta | None = None) -> Result:
    """Return what becomes of a message; `code` is named in the words, `pause` is what the provider asked for."""
    match cause:
        case Cause.OURS:
            return Transient(with_detail(_("The text message service does not let us in"), code), is_outage=True)
        case Cause.NOT_FOUND:
            return Transient(
                with_detail(_("The text message service knows no such account or address"), code), is_outage=True
            )
        case Cause.BUSY:
            asked = with_detail(_("The text message service asked for a pause"), code)
            return Transient(asked, pause or _BUSY_PAUSE, is_outage=True)
        case Cause.UNCLEAR:
            return Ambiguous(with_detail(_("The text message service failed"), code))
        case Cause.AGAIN:
            return Transient(with_detail(_("The text message service did not take it this time"), code), pause)
        case Cause.OPTED_OUT:
            return Refused(with_detail(_("The recipient wrote STOP"), code), suppress=True, is_opt_out=True)
        case Cause.NO_NUMBER:
            return Refused(with_detail(_("No number that takes text messages"), code), suppress=True)
        case Cause.NOT_THERE:
            return Refused(with_detail(_("The text message service may not send there"), code))
        case Cause.REFUSED:
            return Refused(with_detail(_("Refused by the text message service"), code))
