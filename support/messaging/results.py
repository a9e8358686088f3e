"""What became of one attempt to send, and the protocol that every gateway keeps."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol, TypeVar


@dataclass(frozen=True)
class Accepted:
    """The provider took it over; `provider_id` is its own name for the message, where it gives one."""

    provider_id: str = ""


@dataclass(frozen=True)
class Refused:
    """Definitely not sent, and trying again would change nothing. `suppress`: nothing may go to that address again."""

    reason: str
    suppress: bool = False


@dataclass(frozen=True)
class Transient:
    """Definitely not sent, and worth another try, after `retry_after` where the provider named it.

    `is_outage` says that it was not about this message: the next one would fare no better now.
    """

    reason: str
    retry_after: dt.timedelta | None = None
    is_outage: bool = False


@dataclass(frozen=True)
class Ambiguous:
    """Handed over without an answer: it may or may not have been sent."""

    reason: str


Result = Accepted | Refused | Transient | Ambiguous


Message = TypeVar("Message", contravariant=True)


class Gateway(Protocol[Message]):
    """One way to send messages: letters, text messages or notifications.

    Open it, send many, close it; `send` opens it again where the line was lost.
    """

    def open(self) -> Transient | None:
        """Reach the provider. Returns why that is not possible now, or None."""

    def send(self, letter: Message, /) -> Result:
        """Try once to send one message, within a hard total time."""

    def close(self) -> None:
        """Say goodbye. Never raises."""
