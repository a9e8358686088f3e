"""What else there is where a meeting is, or by the same group."""

from __future__ import annotations

import re
from typing import Final

from django.db.models import Q

from meetings.gazetteer import fold
from meetings.models import Meeting

#: As many as help somebody choose another day.
MOST = 5
#: A group meets in a place or two. A name that meetings in more places share is a district's or a town's.
_MOST_PLACES: Final = 3
#: Many lists put the district where the group's name should stand: "D27", "District 13", "D54 / GSO #112235".
_DISTRICT: Final = re.compile(r"\b(?:[a-z] ?\d+|dist|districts?|distritos?|area|region|zone|zona|gso|intergroup)\b")
_WORD: Final = re.compile(r"[^\W\d]{3}")


def siblings_of(meeting: Meeting) -> list[Meeting]:
    """Return up to `MOST` listed meetings in the same place or by the same group, those with the next date first."""
    alike = Q()
    if meeting.is_in_person and meeting.venue_id:
        alike |= Q(venue=meeting.venue_id)
    by_group = Q(service_body=meeting.service_body_id, group_name=meeting.group_name)
    if _may_name_a_group(meeting) and _places(by_group) <= _MOST_PLACES:
        alike |= by_group
    if not alike:
        return []
    others = Meeting.objects.listed().filter(alike, is_temporarily_closed=False, next_starts_at__isnull=False)
    return list(others.exclude(pk=meeting.pk).order_by("next_starts_at", "pk")[:MOST])


def _may_name_a_group(meeting: Meeting) -> bool:
    """Return whether what stands as the group's name reads as one, and not as where the meeting belongs."""
    name = fold(meeting.group_name)
    venue = meeting.venue
    around = [meeting.region, meeting.service_body.name]
    if venue:
        around += [venue.city, venue.district, venue.county, venue.state]
    return bool(_WORD.search(name)) and not _DISTRICT.search(name) and name not in map(fold, around)


def _places(alike: Q) -> int:
    return Meeting.objects.filter(alike, venue__isnull=False).order_by().values("venue").distinct().count()
