"""Doing again, in a restored database, what people asked for after its backup was made."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db import transaction

from accounts.enums import Channel, Purpose
from accounts.fields import lookup_hash, lookup_hashes
from accounts.models import Consent, ContactPoint, Suppression, User
from accounts.person import of_guest, of_member
from accounts.queries import newest_word
from accounts.services import push_subscriptions
from accounts.services.erasure import erase
from accounts.services.ledger import Line, Word, name_of
from accounts.services.phones import remove_phone
from accounts.services.suppressions import lift, suppress, suppress_unknown
from meetings.reminders.services.inbound import BY_STOP, start, stop
from meetings.reminders.services.optout import withdraw

#: How consents say that they were withdrawn here.
SOURCE = "restored backup"
#: What is said of one matter, of which the newest line holds.
_MATTERS = {
    Word.ERASED: "existence",
    Word.REMOVED: "reach",
    Word.NO: "consent",
    Word.YES: "consent",
    Word.SUPPRESSED: "suppression",
    Word.LIFTED: "suppression",
}


@dataclass(frozen=True)
class Replayed:
    """How many people were erased again, and how many wishes to get nothing more, or something again, were renewed."""

    erased: int
    renewed: int


@transaction.atomic
def replay(*, lines: Iterable[Line], now: dt.datetime) -> Replayed:
    """Bring a restored database in line with the ledger, by the verbs that wrote it. Doing it again changes nothing.

    A line speaks of what was there when it was written: whoever came back since, and what they have said since, stays.
    A yes that the backup does not know is not given again: whoever gave it is asked anew, which is the gentle side.
    """
    known = _Known(lines)
    erased = _erase_again(known, now)
    renewed = _remove_again(known, now) + _withdraw_again(known, now) + _suppress_again(known, now)
    return Replayed(erased=erased, renewed=renewed)


class _Known:
    """The newest line of each matter."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self.lines: dict[tuple[str, str, str], Line] = {}
        for line in sorted(lines, key=lambda line: line.at):
            self.lines[_MATTERS[line.word], line.about, line.subject] = line

    def has(self, *matters: str) -> bool:
        return any(matter in matters for matter, _about, _subject in self.lines)

    def about(self, matter: str, name: str, about: str = "") -> Line | None:
        """Return the newest line about what is called `name`, whichever key it was hashed under."""
        found = [self.lines.get((matter, about, subject)) for subject in lookup_hashes(name)]
        return max(filter(None, found), key=lambda line: line.at, default=None)


def _erase_again(known: _Known, now: dt.datetime) -> int:
    if not known.has("existence"):
        return 0
    members = [
        pk
        for pk, since in User.objects.order_by("pk").values_list("pk", "joined_at")
        if _was_there(known.about("existence", name_of(user_id=pk)), since)
    ]
    for user in User.objects.filter(pk__in=members):
        erase(person=of_member(user), now=now)
    guests = [
        pk
        for pk, since in ContactPoint.objects.of_guests().order_by("pk").values_list("pk", "created_at")
        if _was_there(known.about("existence", name_of(contact_point_id=pk)), since)
    ]
    for point in ContactPoint.objects.filter(pk__in=guests):
        erase(person=of_guest(point), now=now)
    return len(members) + len(guests)


def _was_there(line: Line | None, since: dt.datetime) -> bool:
    """Return whether a row is the one that a line is about, and not a later one with its number."""
    return line is not None and since <= line.at


def _points() -> list[ContactPoint]:
    return list(ContactPoint.objects.filter(is_nobodys=False).select_related("user").order_by("pk"))


def _remove_again(known: _Known, now: dt.datetime) -> int:
    gone = [
        point
        for point in (_points() if known.has("reach") else [])
        if point.verified_at is not None
        and _was_there(known.about("reach", name_of(contact_point_id=point.pk)), point.verified_at)
    ]
    for point in gone:
        if point.channel == Channel.PUSH:
            push_subscriptions.forget(contact_point=point, source=SOURCE, now=now)
        else:
            remove_phone(contact_point=point, now=now)
    return len(gone)


def _withdraw_again(known: _Known, now: dt.datetime) -> int:
    renewed = 0
    for point in _points() if known.has("consent") else []:
        refused = [purpose.value for purpose in Purpose if _is_refused(known, point, purpose.value)]
        if refused:
            withdraw(contact_point=point, purposes=refused, source=SOURCE, now=now)
            renewed += len(refused)
    return renewed


def _is_refused(known: _Known, point: ContactPoint, purpose: str) -> bool:
    """Return whether the newest word in the ledger is a no that these rows do not know yet."""
    line = known.about("consent", name_of(contact_point_id=point.pk), purpose)
    if line is None or line.word != Word.NO or point.created_at > line.at:
        return False
    is_older = not Consent.objects.filter(contact_point=point, purpose=purpose, recorded_at__gt=line.at).exists()
    return is_older and newest_word(point, purpose) is not False


def _suppress_again(known: _Known, now: dt.datetime) -> int:
    if not known.has("suppression"):
        return 0
    points: defaultdict[tuple[str, str], list[ContactPoint]] = defaultdict(list)
    values: dict[tuple[str, str], str] = {}
    for point in _points():
        points[point.channel, point.value].append(point)
        values |= {(point.channel, subject): point.value for subject in lookup_hashes(point.value)}
    # Where keys were changed between STOP and START, two hashes mean one number, and the newest line is about both.
    newest: dict[tuple[str, str], Line] = {}
    for (matter, channel, subject), line in known.lines.items():
        if matter == "suppression":
            value = values.get((channel, subject))
            own = lookup_hash(value) if value is not None else subject
            if (channel, own) not in newest or newest[channel, own].at < line.at:
                newest[channel, own] = replace(line, subject=own)
    renewed = 0
    for (channel, subject), line in newest.items():
        value = values.get((channel, subject))
        hashes = [subject] if value is None else lookup_hashes(value)
        rows = Suppression.objects.filter(channel=channel, value_hash__in=hashes)
        if line.word == Word.SUPPRESSED and not rows.exists():
            _suppress(line, value, points[channel, value or ""], now)
            renewed += 1
        elif line.word == Word.LIFTED and rows.filter(created_at__lte=line.at, reason__contains=line.reason).exists():
            if value is None:
                rows.delete()
            elif BY_STOP not in line.reason:
                lift(channel=channel, value=value, because=line.reason, now=now)
            else:
                start(number=value, contact_points=points[channel, value], now=now)
            renewed += 1
    return renewed


def _suppress(line: Line, value: str | None, points: list[ContactPoint], now: dt.datetime) -> None:
    if value is None:
        suppress_unknown(channel=line.about, value_hash=line.subject, reason=line.reason)
    elif line.about == Channel.SMS and BY_STOP in line.reason:
        stop(number=value, contact_points=points, now=now)
    else:
        suppress(channel=line.about, value=value, reason=line.reason, now=now)
    # It is as old as it was: soon after a STOP a START is believed without a question.
    Suppression.objects.filter(channel=line.about, value_hash=line.subject).update(created_at=line.at)
