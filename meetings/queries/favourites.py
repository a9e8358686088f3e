"""The meetings that a member keeps at hand. Which they are is sealed: a look-up opens all that one member keeps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from meetings.models import Favourite, Meeting
from meetings.queries.occurrences import DatedOccurrence, next_dates, soonest_first


@dataclass(frozen=True, slots=True)
class KeptMeeting:
    """A meeting that somebody keeps at hand, and its next date, if it has one."""

    meeting: Meeting
    is_home_group: bool
    date: DatedOccurrence | None


def favourites_of(user: User, *, now: dt.datetime) -> list[KeptMeeting]:
    """Return the published meetings that a member keeps, with their next dates: the home group, then the soonest."""
    is_home = {kept.meeting_id: kept.is_home_group for kept in Favourite.objects.filter(user=user)}
    meetings = list(Meeting.objects.published().filter(pk__in=is_home).select_related("venue").order_by("name", "pk"))
    dates = next_dates(meetings, now=now)
    kept = [KeptMeeting(meeting, is_home[meeting.pk], dates.get(meeting.pk)) for meeting in meetings]
    return sorted(kept, key=lambda each: (not each.is_home_group, *soonest_first(each.date)))


def favourite_of(user: User, meeting_pk: int) -> Favourite | None:
    """Return a member's favourite for one meeting, or None where it is not kept."""
    return next((kept for kept in Favourite.objects.filter(user=user) if kept.meeting_id == meeting_pk), None)


def kept_among(user: Any, meeting_pks: Iterable[int]) -> set[int] | None:
    """Return which of these meetings a reader keeps; None for a visitor, who cannot keep any."""
    if not isinstance(user, User):
        return None
    return {kept.meeting_id for kept in Favourite.objects.filter(user=user)}.intersection(meeting_pks)
