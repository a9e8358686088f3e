"""What the engine keeps about one person, for their own copy of it."""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q, QuerySet

from accounts.person import Person
from meetings.models import Participant
from meetings.reminders.models import ChannelPause, DeliveryEvent, PutAside, Reminder


def participants_of(person: Person) -> QuerySet[Participant]:
    """Return who a person is at meetings: a member, with the guest they were; or a guest, and nobody's account."""
    if person.user is None:
        return Participant.objects.filter(contact_point__in=person.contact_points, user=None).order_by("pk")
    mine = Q(user=person.user) | Q(contact_point__in=person.contact_points)
    return Participant.objects.filter(mine).order_by(F("user").asc(nulls_last=True), "pk")


def messages_to(person: Person) -> list[dict[str, Any]]:
    """Return every message that was planned for or sent to a person; their words are kept nowhere."""
    rows = Reminder.objects.filter(contact_point__in=person.contact_points).select_related(
        "signup__occurrence__meeting"
    )
    return [
        {
            "kind": row.kind,
            "channel": row.channel,
            "about": row.signup.occurrence.meeting.name,
            "also_about": ", ".join(part.signup.occurrence.meeting.name for part in row.parts.all()),
            "due_at": row.due_at,
            "state": row.state,
            "reason": row.reason,
            "asked_for": row.is_asked,
            "sent_at": row.submitted_at,
            "settled_at": row.settled_at,
            "name_on_the_way": row.message_id,
        }
        for row in rows.prefetch_related("parts__signup__occurrence__meeting").order_by("due_at", "pk")
    ]


def what_became_of_messages(person: Person) -> list[dict[str, Any]]:
    """Return each thing that happened to a message to a person, oldest first."""
    events = DeliveryEvent.objects.filter(reminder__contact_point__in=person.contact_points).select_related("reminder")
    return [
        {"message": event.reminder.kind, "channel": event.reminder.channel, "at": event.at, "what": event.kind}
        | {"detail": event.detail}
        for event in events.order_by("at", "pk")
    ]


def times_put_aside(person: Person) -> list[dict[str, Any]]:
    """Return since when, and why, no reminders can be planned for a person."""
    rows = PutAside.objects.filter(participant__in=participants_of(person))
    return [{"since": row.since, "last_tried": row.tried_at, "reason": row.reason} for row in rows.order_by("pk")]


def channels_paused_by(person: Person) -> list[dict[str, Any]]:
    """Return the channels that somebody stopped who looks after the site."""
    paused = ChannelPause.objects.filter(paused_by=person.user, paused_by__isnull=False)
    return [{"channel": row.channel, "since": row.since, "reason": row.reason} for row in paused.order_by("pk")]
