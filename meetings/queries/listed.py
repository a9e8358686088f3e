"""How many meetings a stranger can find here."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from meetings.enums import VenueType
from meetings.models import Meeting


@dataclass(frozen=True, slots=True)
class Listed:
    """All that are listed, and those of them that can be joined online."""

    meetings: int
    online: int


def listed() -> Listed:
    """Count them, in one query."""
    is_online = Q(venue_type__in=(VenueType.ONLINE, VenueType.HYBRID))
    counted = Meeting.objects.listed().aggregate(meetings=Count("pk"), online=Count("pk", filter=is_online))
    return Listed(**counted)
