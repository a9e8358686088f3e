"""What changed about where a meeting is, or how it is joined, since somebody asked to come."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from meetings.models import PlaceChange, Signup
from meetings.whereabouts import Part, Whereabouts

#: For so long a page says what changed; whoever comes every week knows it by then.
SHOWN: Final = dt.timedelta(days=60)


@dataclass(frozen=True, slots=True)
class ChangedPlace:
    """Where a meeting was, and what of that is another thing now."""

    old: Whereabouts
    parts: frozenset[Part]

    @property
    def has_new_way(self) -> bool:
        return Part.WAY in self.parts

    @property
    def has_new_place(self) -> bool:
        return Part.PLACE in self.parts

    @property
    def has_new_entrance(self) -> bool:
        return Part.ENTRANCE in self.parts

    @property
    def has_new_link(self) -> bool:
        return Part.LINK in self.parts


def changed_place(signup: Signup, *, now: dt.datetime) -> ChangedPlace | None:
    """Return what changed since a participant asked to come, within the last two months, or None."""
    meeting = signup.occurrence.meeting
    since = max((signup.standing or signup).created_at, now - SHOWN)
    first = PlaceChange.objects.filter(meeting=meeting, created_at__gt=since).first()
    parts = meeting.whereabouts.changed_from(first.whereabouts) if first else frozenset()
    return ChangedPlace(first.whereabouts, parts) if first and parts else None
