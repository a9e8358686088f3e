"""The meetings that a member keeps at hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from accounts.models import User
from meetings.models import Favourite
from meetings.queries.occurrences import DatedOccurrence, next_dates


def favourites_of(user: User, *, now: dt.datetime) -> list[tuple[Favourite, DatedOccurrence | None]]:
    """Return a member's favourites, each with the meeting's next date: the home group first, then by name."""
    kept = list(
        Favourite.objects.filter(user=user, meeting__is_published=True)
        .select_related("meeting__venue")
        .order_by("-is_home_group", "meeting__name", "pk")
    )
    dates = next_dates([each.meeting for each in kept], now=now)
    return [(each, dates.get(each.meeting_id)) for each in kept]


def favourite_of(user: User, meeting_pk: int) -> Favourite | None:
    """Return a member's favourite for one meeting, or None where it is not kept."""
    return Favourite.objects.filter(user=user, meeting=meeting_pk).first()


def kept_among(user: Any, meeting_pks: Iterable[int]) -> set[int] | None:
    """Return which of these meetings a reader keeps; None for a visitor, who cannot keep any."""
    if not isinstance(user, User):
        return None
    return set(Favourite.objects.filter(user=user, meeting__in=list(meeting_pks)).values_list("meeting_id", flat=True))
