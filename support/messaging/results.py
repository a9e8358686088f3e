"""What became of one attempt to send, and the protocol that every gateway keeps."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from django.utils.translation import gettext_noop as _

from support import clock


class Limit(enum.Enum):
    """How many messages a provider takes: on one line, in a minute, in a day (or hour)."""

    SESSION = enum.auto()
    MINUTE = enum.auto()
    DAY = enum.auto()


@dataclass(frozen=True)
class Accepted:
    """The provider took it over; `provider_id` is its own name for the message, where it gives one."""

    provider_id: str = ""


@dataclass(frozen=True)
class Refused:
    """Definitely not sent, and trying again would change nothing. `suppress`: nothing may go to that address again.

    `is_sure` says that this one word is enough for that; else it takes a second one, another day. `answer` is what the
    provider says to all such ("550 5.1.1"), and `said` all its words, without an address; "" where it said nothing.
    `is_opt_out`: its owner told the provider so, which is as good as telling us.
    """

    reason: str
    suppress: bool = False
    is_sure: bool = True
    answer: str = ""
    said: str = ""
    is_opt_out: bool = False


@dataclass(frozen=True)
class Transient:
    """Definitely not sent, and worth another try, after `retry_after` where the provider named it.

    `is_outage` says that it was not about this message: the next one would fare no better now. `is_counted` says that
    it speaks against this message, which is given up after too many of them. `said` is what the provider said, without
    an address. `is_personal`: it says so to each newcomer, or of one mailbox, so that it means nobody else. `answer` is
    what it says to all whose mailbox takes nothing for now ("552 5.2.2"), and "" where it says something else.
    """

    reason: str
    retry_after: dt.timedelta | None = None
    is_outage: bool = False
    is_counted: bool = True
    said: str = ""
    is_personal: bool = False
    answer: str = ""
    #: What there was too much of, where that is so.
    limit: Limit | None = None

    @property
    def is_for_now(self) -> bool:
        """Whether the server's own code says that another try may be taken: 4yz, RFC 5321 section 4.2.1."""
        return self.said.startswith("4")


@dataclass(frozen=True)
class Ambiguous:
    """Handed over without an answer: it may or may not have been sent."""

    reason: str


Result = Accepted | Refused | Transient | Ambiguous

#: A sender that stood still (a suspended machine, a stopped process) wakes when its message is somebody else's.
HELD_UP: Final = Transient(_("The sender stood still until it was too late"), is_counted=False)


def with_detail(reason: str, detail: object) -> str:
    """Return a reason with what it was in brackets: a code, or the kind of an error. Pages translate the reason."""
    return f"{reason} ({detail})"


def is_over(until: dt.datetime) -> bool:
    """Return whether a lease has ended. By the wall clock: a monotonic one stands still with a suspended machine."""
    return clock.now() >= until


Message = TypeVar("Message", contravariant=True)


class Gateway(Protocol[Message]):
    """One way to send messages: letters, text messages or notifications.

    Open it, send many, close it; `send` opens it again where the line was lost.
    """

    def open(self) -> Transient | None:
        """Reach the provider. Returns why that is not possible now, or None."""

    def send(self, message: Message, /, *, until: dt.datetime) -> Result:
        """Try once to send one message, within a hard total time.

        From `until` (aware), the end of the sender's lease, it hands nothing over any more, and returns HELD_UP.
        """

    def close(self) -> None:
        """Say goodbye. Never raises."""
