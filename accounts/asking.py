"""What may be asked for in the name of one address: counted by who asks, so that no stranger uses up its owner's share.

A stranger has the share of the place that they ask from, and all strangers together have one more, so that a mailbox
cannot be flooded from many places. The member with that address, and a browser that signed in with it before, have
shares of their own. None of this looks at whether anybody is known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from allauth.core.internal import ratelimit
from django.conf import settings
from django.http import HttpRequest

from accounts import known_browsers
from support import limits


@dataclass(frozen=True)
class Share:
    """How often `action` may be asked for (times, seconds): each of `rates` by one asker, `in_all` by all strangers."""

    action: str
    rates: tuple[tuple[int, int], ...]
    in_all: tuple[int, int]

    def consume(self, request: HttpRequest, email: str) -> None:
        """Count one more time. Raises limits.TooMany beyond the share of whoever asks."""
        for who, limit, seconds in self._counts(request, email):
            limits.consume(self.action, who, limit=limit, seconds=seconds)

    def is_spent(self, request: HttpRequest, email: str) -> bool:
        """Return whether `consume` would raise now; nothing is counted."""
        return any(limits.is_spent(self.action, who, limit=limit) for who, limit, _ in self._counts(request, email))

    def _counts(self, request: HttpRequest, email: str) -> Iterator[tuple[str, int, int]]:
        email = email.strip().lower()
        owner = owner_of(request, email)
        asker = owner or place_of(request)
        for limit, seconds in self.rates:
            yield f"{email} {asker} {seconds}", limit, seconds
        if not owner:
            yield email, *self.in_all


def place_of(request: HttpRequest) -> str:
    """Return where a request comes from; IPv6 by its network, since one line has as many addresses as it likes."""
    return str(ratelimit.get_ip(request))


def owner_of(request: HttpRequest, email: str) -> str:
    """Return a name for whoever asks where they have shown that `email` is theirs, here and now or before; else ""."""
    if request.user.is_authenticated and request.user.email.lower() == email:
        return f"member {request.user.pk}"
    return known_browsers.recognise(request, email)


def account_mail() -> Share:
    """Return how often codes and other account messages may be sent: at once as many as a lost one makes people ask."""
    return Share("account mail", rates=((3, 60), (12, 3600)), in_all=(settings.ACCOUNT_MAILS_PER_HOUR, 3600))
