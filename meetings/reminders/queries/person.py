"""What the engine keeps about one person, for their own copy of it."""

from __future__ import annotations

from typing import Any

from accounts.person import Person
from meetings.reminders.models import Reminder


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
            "due_at": row.due_at,
            "state": row.state,
            "reason": row.reason,
            "settled_at": row.settled_at,
        }
        for row in rows.order_by("due_at", "pk")
    ]
