"""What else there is where a meeting is, or by the same group."""

from __future__ import annotations

from django.db.models import Q

from meetings.models import Meeting

#: As many as help somebody choose another day.
MOST = 5


def siblings_of(meeting: Meeting) -> list[Meeting]:
    """Return up to `MOST` listed meetings in the same place or by the same group, those with the next date first."""
    alike = Q()
    if meeting.is_in_person and meeting.venue_id:
        alike |= Q(venue=meeting.venue_id)
    if meeting.group_name:
        alike |= Q(service_body=meeting.service_body_id, group_name=meeting.group_name)
    if not alike:
        return []
    others = Meeting.objects.listed().filter(alike, is_temporarily_closed=False, next_starts_at__isnull=False)
    return list(others.exclude(pk=meeting.pk).order_by("next_starts_at", "pk")[:MOST])
