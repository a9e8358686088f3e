"""What meetings keep about one person, for their own copy of it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from accounts.person import Person
from meetings.models import (
    CalendarAddress,
    Coordinator,
    Favourite,
    Invitation,
    Meeting,
    Participant,
    Signup,
    StandingSignup,
)


def kept_about(person: Person) -> dict[str, list[dict[str, Any]]]:
    """Return the sections that meetings add to a person's export; see accounts.signals.data_asked."""
    mine = Q(participant__contact_point__in=person.contact_points)
    if person.user is not None:
        mine |= Q(participant__user=person.user)
    signups = Signup.objects.filter(mine).select_related("occurrence__meeting", "participant").order_by("pk")
    standing = StandingSignup.objects.filter(mine).select_related("meeting").order_by("pk")
    run = Meeting.objects.filter(facilitators=person.user).order_by("pk") if person.user else Meeting.objects.none()
    kept = list(Favourite.objects.filter(user=person.user, user__isnull=False).order_by("pk"))
    kept_meetings = Meeting.objects.in_bulk([row.meeting_id for row in kept])
    address = CalendarAddress.objects.filter(user=person.user, user__isnull=False)
    coordinates = Coordinator.objects.filter(user=person.user, user__isnull=False).select_related("service_body")
    invitations = Invitation.objects.filter(invited_by=person.user, invited_by__isnull=False).order_by("pk")
    who = Participant.objects.filter(
        Q(contact_point__in=person.contact_points) | Q(user=person.user, user__isnull=False)
    ).order_by("pk")
    return {
        "participant": [
            {
                "name_shown": row.display_name,
                "tz": row.tz,
                "has_own_zone": row.has_own_zone,
                "language": row.language,
                "since": row.created_at,
            }
            for row in who
        ],
        "signups": [
            {
                "meeting": signup.occurrence.meeting.name,
                "starts_at": signup.occurrence.starts_at,
                "status": signup.status,
                "attendance": signup.attendance,
                "name_shown": signup.participant.display_name,
                "asked_at": signup.created_at,
                "confirmed_at": signup.confirmed_at,
                "cancelled_at": signup.cancelled_at,
            }
            for signup in signups
        ],
        "standing_signups": [
            {"meeting": row.meeting.name, "since": row.created_at, "ended_at": row.ended_at} for row in standing
        ],
        "favourites": [
            {
                "meeting": kept_meetings[row.meeting_id].name,
                "is_home_group": row.is_home_group,
                "since": row.created_at,
            }
            for row in kept
            if row.meeting_id in kept_meetings
        ],
        "calendar_address": [{"since": row.created_at} for row in address],
        "service_bodies": [{"service_body": row.service_body.name, "since": row.since} for row in coordinates],
        "meetings_run": [{"meeting": meeting.name} for meeting in run],
        "invitations": [{"invited_at": row.created_at, "accepted_at": row.accepted_at} for row in invitations],
    }
