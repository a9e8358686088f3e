"""One gateway for each channel, made when its first message comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from support.messaging.email import EmailGateway
from support.messaging.push import PushGateway
from support.messaging.results import Gateway
from support.messaging.sms import SmsGateway

_MADE_BY: Final[dict[str, Callable[[], Gateway[Any]]]] = {
    "email": EmailGateway,
    "sms": SmsGateway,
    "push": PushGateway,
}


class Gateways:
    """The gateways of one run, by the name of the channel. A test gives one that serves them all."""

    def __init__(self, given: Gateway[Any] | None = None) -> None:
        self._given = given
        self._made: dict[str, Gateway[Any]] = {}

    def of(self, channel: str) -> Gateway[Any]:
        """Return the gateway of a channel. Raises KeyError for one that nobody sends by."""
        if self._given is not None:
            return self._given
        if channel not in self._made:
            self._made[channel] = _MADE_BY[channel]()
        return self._made[channel]

    def close(self) -> None:
        """Say goodbye to all of them. Never raises."""
        for gateway in (self._given, *self._made.values()):
            if gateway is not None:
                gateway.close()
