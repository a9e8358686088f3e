"""Signed links: what lets a person without an account see and change their own, and nobody else's.

A link carries a random id and a signature, nothing else: no address, no name. It shows on GET and acts on POST, since
mail scanners follow links.

One link, one power: a message that is forwarded, or kept by a mail program's provider, gives away that power and no
other. Whatever shows or erases all of a person's data is mailed on request, and good for days.
"""

from __future__ import annotations

import datetime as dt
from typing import Final
from uuid import UUID

from django.core import signing

#: How long a link of each purpose is good for.
LIFETIMES: Final = {
    "confirm": dt.timedelta(days=2),
    # One place or reminder: seen, put in a calendar, given up and taken back; and with it those that come by the same
    # standing signup. When its reminder comes; and for guests what they are written to about, which shows less than the
    # place does. It ends earlier, some time after its date (meetings.queries.access): dates may be up to a year off.
    "manage": dt.timedelta(days=400),
    # Coming every time on the days that a meeting moved to: seen, and said yes to.
    "new_day": dt.timedelta(days=60),
    # Messages to one address: stopped, and nothing else. Mail programs know it, and whoever reads a gateway's headers.
    "unsubscribe": dt.timedelta(days=400),
    # What one is written to about, how and when: chosen and stopped. It shows no dates, and nothing of who one is. It
    # is where a guest asks for the link to their data, so it lasts about as long as these.
    "choices": dt.timedelta(days=400),
    # All that is kept of a guest: seen, copied, erased.
    "data": dt.timedelta(days=7),
    # Saying that one is still here; as long as the notice that asks.
    "keep": dt.timedelta(days=31),
    "invitation": dt.timedelta(days=7),
    # For machines alone: where a provider says what became of one message.
    "receipt": dt.timedelta(days=30),
}


class BadLink(ValueError):
    """A link that was not made here, or not for this."""


class ExpiredLink(BadLink):
    """A link that was good once."""


def sign(purpose: str, public_id: UUID) -> str:
    """Return a URL-safe token that names `public_id` for one purpose (a key of LIFETIMES) from now on."""
    return _signer(purpose).sign(signing.b64_encode(public_id.bytes).decode())


def read(token: str, purpose: str, *, max_age: dt.timedelta | None = None) -> UUID:
    """Return the id in a token made by `sign` for the same purpose, `max_age` old at the most.

    Raises ExpiredLink for one that is too old, and BadLink for any other that cannot be read.
    """
    try:
        value = _signer(purpose).unsign(token, max_age=max_age or LIFETIMES[purpose])
        return UUID(bytes=signing.b64_decode(value.encode()))
    except signing.SignatureExpired as error:
        raise ExpiredLink from error
    except (signing.BadSignature, ValueError) as error:
        raise BadLink from error


def _signer(purpose: str) -> signing.TimestampSigner:
    if purpose not in LIFETIMES:
        raise ValueError(f"no link has the purpose {purpose}")
    return signing.TimestampSigner(salt=f"homegroup.link.{purpose}", sep="~")
