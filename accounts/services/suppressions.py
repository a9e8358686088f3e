"""Values that nothing may be sent to, whoever they belong to, and the refusals that lead there.

What a server says against a mailbox is believed at once where it is sure; else when it says so again on another day,
or in five different weeks that it can take nothing for now. Anything that arrives in between begins anew.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

from django.contrib.admin.models import DELETION, LogEntry
from django.db import transaction
from django.db.models import QuerySet

from accounts.enums import AccessAction, Cause
from accounts.fields import lookup_hash, lookup_hashes
from accounts.models import ContactPoint, Refusal, Suppression, User
from accounts.services import ledger
from accounts.services.audit import record_access
from accounts.signals import last_taken_asked, suppression_lifted

#: For so long a refusal counts, and is kept: two meetings a month apart still meet in it.
REFUSALS_KEPT: Final = dt.timedelta(days=60)
#: A mailbox that takes nothing for now in so many different weeks is one that nobody empties.
SOFT_WEEKS: Final = 5
#: Where so many people are told the same, it may be about whoever sends, or passes on, and not about them.
SEVERAL: Final = 3
#: A mail server tries for four or five days before it gives up (RFC 5321 section 4.5.4.1): until then what was taken
#: may still come back.
RETURNS_WITHIN: Final = dt.timedelta(days=5)


class ByThemselves(Exception):
    """The person asked for nothing more, and only they can undo it."""


@transaction.atomic
def suppress(*, channel: str, value: str, reason: str, answer: str = "", now: dt.datetime) -> None:
    """Let nothing more go to an address or number on a channel. Again is harmless, and keeps the first reason.

    But where a server refused before and the person says so now: their word replaces the server's.
    """
    row, is_new = Suppression.objects.get_or_create(
        channel=channel, value_hash=lookup_hash(value), defaults={"reason": reason[:120], "answer": answer[:80]}
    )
    own = Suppression(channel=channel, value_hash=row.value_hash, reason=reason[:120])
    if not is_new and row.cause == Cause.REFUSED != own.cause:
        row.delete()
        own.save()
        is_new = True
    if is_new:
        ledger.note(word=ledger.Word.SUPPRESSED, name=value, about=channel, reason=reason[:120], now=now)


def suppress_unknown(*, channel: str, value_hash: str, reason: str) -> None:
    """The same for a value that is known by its hash alone, as the ledger has it."""
    Suppression.objects.get_or_create(channel=channel, value_hash=value_hash, defaults={"reason": reason[:120]})


@transaction.atomic
def record_refusal(*, channel: str, value: str, reason: str, answer: str, is_sure: bool, now: dt.datetime) -> bool:
    """Record that a server refused a message for what is wrong with its mailbox. Returns whether it is suppressed now.

    At once where `is_sure`; else at the second refusal on another day (UTC) with nothing taken in between. `reason` is
    for people to read; `answer` is what the server says to all such ("550 5.1.1"). Neither holds an address.
    """
    _keep(channel, value, answer, is_soft=False, now=now)
    if is_sure or len(_days(_refused(channel, value, now))) > 1:
        _believe(channel, value, reason, answer, now)
    return _is_suppressed(channel, value)


@transaction.atomic
def record_report(*, channel: str, value: str, reason: str, answer: str, now: dt.datetime) -> bool:
    """Record a refusal that nobody has compared with what others are told. Returns whether it is suppressed now.

    As a refusal that is not sure, but for the days on which several got the same `answer`: these do not count.
    """
    _keep(channel, value, answer, is_soft=False, now=now)
    if len(_days(row for row in _refused(channel, value, now) if not _is_said_to_several(row))) > 1:
        _believe(channel, value, reason, answer, now)
    return _is_suppressed(channel, value)


@transaction.atomic
def record_soft_refusal(*, channel: str, value: str, reason: str, answer: str, now: dt.datetime) -> bool:
    """Record that a mailbox could take nothing for now. Returns whether it is suppressed now.

    It is after five different weeks (ISO 8601) with nothing delivered in between.
    """
    _keep(channel, value, answer, is_soft=True, now=now)
    days = _days(_counting(channel, value, now, until=now - RETURNS_WITHIN).filter(is_soft=True))
    if len({on_day.isocalendar()[:2] for on_day in days}) >= SOFT_WEEKS:
        _believe(channel, value, reason, answer, now)
    return _is_suppressed(channel, value)


@transaction.atomic
def lift(*, channel: str, value: str, because: str, now: dt.datetime) -> bool:
    """Let messages go to a value again that was suppressed for a reason that holds `because`; return whether it was."""
    mine = Suppression.objects.filter(channel=channel, value_hash__in=lookup_hashes(value), reason__contains=because)
    if not mine.delete()[0]:
        return False
    _refusals(channel, value).delete()
    ledger.note(word=ledger.Word.LIFTED, name=value, about=channel, reason=because, now=now)
    return True


@transaction.atomic
def lift_by_staff(*, suppression: Suppression, actor: User, reason: str, now: dt.datetime) -> bool:
    """Let messages go again where somebody of the staff has learned that they may; `reason` is for the admin's log.

    Returns False where that is so already. Raises ByThemselves where the person asked for nothing more: no word of
    anybody else undoes that (47 CFR 64.1200(a)(10)).
    """
    row = Suppression.objects.select_for_update().filter(pk=suppression.pk).first()
    if row is None:
        return False
    if row.cause == Cause.STOPPED:
        raise ByThemselves
    LogEntry.objects.log_actions(actor.pk, [row], DELETION, reason, single_object=True)
    owners = ContactPoint.objects.filter(channel=row.channel, value_hash=row.value_hash)
    _record(AccessAction.LIFTED_BLOCK, owners, actor, now)
    _lift(row, [row.value_hash], now)
    return True


@transaction.atomic
def lift_refusal(*, channel: str, value: str, now: dt.datetime) -> bool:
    """Let messages go again to a value that only a server spoke against; returns whether that changed anything.

    A complaint and a STOP stay.
    """
    hashes = lookup_hashes(value)
    rows = Suppression.objects.select_for_update().filter(channel=channel, value_hash__in=hashes).order_by("pk")
    refused = [row for row in rows if row.cause == Cause.REFUSED]
    for row in refused:
        _lift(row, hashes, now)
    return bool(refused)


def record_finding(*, actor: User, channel: str, value: str, now: dt.datetime) -> None:
    """Record that `actor` looked whether anything may be sent to `value`, with whoever has it."""
    _record(AccessAction.SAW_MESSAGES, ContactPoint.objects.with_value(channel, value), actor, now)


def _record(action: AccessAction, points: QuerySet[ContactPoint], actor: User, now: dt.datetime) -> None:
    owners = list(points.filter(is_nobodys=False).values_list("user_id", "pk"))
    members = {user for user, _pk in owners if user is not None}
    guests = {pk for user, pk in owners if user is None}
    record_access(actor=actor, about_users=members, about_guests=guests, action=action, now=now)


@transaction.atomic
def undo_refusal(*, channel: str, value: str, answer: str, now: dt.datetime) -> None:
    """Take back what was recorded today under `answer`, and what came of it: the server said so to everyone."""
    hashes = lookup_hashes(value)
    _refusals(channel, value).filter(answer=answer[:80], on_day=_day(now)).delete()
    mine = Suppression.objects.select_for_update().filter(channel=channel, value_hash__in=hashes, answer=answer[:80])
    for row in mine.order_by("pk"):
        _end(row, hashes, now)


def _lift(row: Suppression, hashes: list[str], now: dt.datetime) -> None:
    Refusal.objects.filter(channel=row.channel, value_hash__in=hashes).delete()
    _end(row, hashes, now)


def _end(row: Suppression, hashes: list[str], now: dt.datetime) -> None:
    # Under the reason that it was made for: by that a restored backup knows which of several is meant.
    ledger.note_unknown(word=ledger.Word.LIFTED, subject=row.value_hash, about=row.channel, reason=row.reason, now=now)
    row.delete()
    suppression_lifted.send(sender=Suppression, channel=row.channel, value_hashes=hashes, now=now)


def purge_refusals(*, now: dt.datetime) -> int:
    """Delete the refusals that count for nothing any more; returns how many."""
    return Refusal.objects.filter(at__lt=now - REFUSALS_KEPT).delete()[0]


def _is_suppressed(channel: str, value: str) -> bool:
    return Suppression.objects.filter(channel=channel, value_hash__in=lookup_hashes(value)).exists()


def _refusals(channel: str, value: str) -> QuerySet[Refusal]:
    return Refusal.objects.filter(channel=channel, value_hash__in=lookup_hashes(value))


def _believe(channel: str, value: str, reason: str, answer: str, now: dt.datetime) -> None:
    suppress(channel=channel, value=value, reason=reason, answer=answer, now=now)
    _refusals(channel, value).delete()


def _days(rows: Iterable[Refusal]) -> set[dt.date]:
    return {row.on_day for row in rows}


def _refused(channel: str, value: str, now: dt.datetime) -> QuerySet[Refusal]:
    return _counting(channel, value, now, until=now).filter(is_soft=False)


def _is_said_to_several(row: Refusal) -> bool:
    same = Refusal.objects.filter(channel=row.channel, is_soft=False, on_day=row.on_day, answer=row.answer)
    return same.count() >= SEVERAL


def _counting(channel: str, value: str, now: dt.datetime, *, until: dt.datetime) -> QuerySet[Refusal]:
    """Return the refusals since a message was last taken, of those handed over before `until`."""
    rows = _refusals(channel, value).filter(at__gte=now - REFUSALS_KEPT)
    if not rows.exists():
        return rows
    for _receiver, taken in last_taken_asked.send(sender=Suppression, channel=channel, value=value, before=until):
        rows = rows.filter(at__gt=taken) if taken is not None else rows
    return rows


def _keep(channel: str, value: str, answer: str, *, is_soft: bool, now: dt.datetime) -> None:
    Refusal.objects.update_or_create(
        channel=channel,
        value_hash=lookup_hash(value),
        is_soft=is_soft,
        on_day=_day(now),
        defaults={"answer": answer[:80], "at": now},
    )


def _day(now: dt.datetime) -> dt.date:
    return now.astimezone(dt.UTC).date()
