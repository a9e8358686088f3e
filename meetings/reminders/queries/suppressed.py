"""Addresses that nothing may be sent to, as staff see them: by number, never whose they are."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from django.db.models import QuerySet

from accounts.enums import Cause
from accounts.fields import lookup_hashes
from accounts.models import Suppression

#: What one server said within so long is one story.
STORY: Final = dt.timedelta(hours=1)
#: Stories are told for so long, so many of them, and out of so many rows.
_TOLD_FOR: Final = dt.timedelta(days=30)
_STORIES: Final = 10
_ROWS: Final = 5000
#: Lifted in one go; who presses again lifts more.
MOST: Final = 200


@dataclass(frozen=True)
class Story:
    """Several addresses that one answer blocked within an hour; `first` is the id of the first."""

    first: int
    channel: str
    answer: str
    since: dt.datetime
    until: dt.datetime
    number: int


def blocks(*, channel: str = "") -> QuerySet[Suppression]:
    """Return what is blocked, the newest first; on one channel where it is named."""
    rows = Suppression.objects.order_by("-created_at", "-pk")
    return rows.filter(channel=channel) if channel else rows


def find(channel: str, value: str) -> Suppression | None:
    """Return what blocks an address or a number (as kept). Who asks must be put on record."""
    return Suppression.objects.filter(channel=channel, value_hash__in=lookup_hashes(value)).first()


def stories(*, now: dt.datetime) -> list[Story]:
    """Return the answers of the last month that blocked several addresses within an hour, the newest first.

    What people said themselves is no server's answer, however alike it is.
    """
    recent = Suppression.objects.filter(created_at__gt=now - _TOLD_FOR).exclude(answer="")
    newest = [row for row in recent.order_by("-created_at", "-pk")[:_ROWS] if row.cause == Cause.REFUSED]
    said = sorted((row.channel, row.answer, row.created_at, row.pk) for row in newest)
    told: list[Story] = []
    for (channel, answer), rows in groupby(said, key=lambda row: row[:2]):
        told += _stories(channel, answer, [(at, pk) for _channel, _answer, at, pk in rows])
    return sorted(told, key=lambda story: story.until, reverse=True)[:_STORIES]


def of_story(first: Suppression) -> list[Suppression]:
    """Return the addresses of the story that begins with `first`, up to MOST of them."""
    rows = Suppression.objects.filter(
        channel=first.channel,
        answer=first.answer,
        created_at__gte=first.created_at,
        created_at__lte=first.created_at + STORY,
    )
    return [row for row in rows.order_by("created_at", "pk")[:MOST] if row.cause == Cause.REFUSED]


def _stories(channel: str, answer: str, rows: list[tuple[dt.datetime, int]]) -> list[Story]:
    """Return the stories in `rows` of one answer, each an instant and an id, the oldest first."""
    found: list[list[tuple[dt.datetime, int]]] = []
    for row in rows:
        if found and row[0] - found[-1][0][0] <= STORY:
            found[-1].append(row)
        else:
            found.append([row])
    return [
        Story(each[0][1], channel, answer, since=each[0][0], until=each[-1][0], number=len(each))
        for each in found
        if len(each) > 1
    ]
