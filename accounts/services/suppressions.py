"""Values that nothing may be sent to, whoever they belong to."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.fields import lookup_hash, lookup_hashes
from accounts.models import Suppression
from accounts.services import ledger


@transaction.atomic
def suppress(*, channel: str, value: str, reason: str, now: dt.datetime) -> None:
    """Let nothing more go to an address or number on a channel. Again is harmless, and keeps the first reason."""
    _row, is_new = Suppression.objects.get_or_create(
        channel=channel, value_hash=lookup_hash(value), defaults={"reason": reason[:120]}
    )
    if is_new:
        ledger.note(word=ledger.Word.SUPPRESSED, name=value, about=channel, reason=reason[:120], now=now)


def suppress_unknown(*, channel: str, value_hash: str, reason: str) -> None:
    """The same for a value that is known by its hash alone, as the ledger has it."""
    Suppression.objects.get_or_create(channel=channel, value_hash=value_hash, defaults={"reason": reason[:120]})


@transaction.atomic
def lift(*, channel: str, value: str, because: str, now: dt.datetime) -> bool:
    """Let messages go to a value again that was suppressed for a reason that holds `because`; return whether it was."""
    mine = Suppression.objects.filter(channel=channel, value_hash__in=lookup_hashes(value), reason__contains=because)
    if not mine.delete()[0]:
        return False
    ledger.note(word=ledger.Word.LIFTED, name=value, about=channel, reason=because, now=now)
    return True
