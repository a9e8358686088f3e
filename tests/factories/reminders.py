from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from accounts.enums import Channel
from meetings.reminders.enums import Lane, ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from support import clock
from tests.factories.meetings import make_signup


def make_reminder(state: str = ReminderState.PLANNED, **fields: Any) -> Reminder:
    """Make a confirmation by email that has been due for an hour."""
    signup = fields.pop("signup", None) or make_signup()
    due_at = clock.now() - dt.timedelta(hours=1)
    if state in (ReminderState.CLAIMED, ReminderState.SUBMITTING):
        fields.setdefault("claim_token", uuid.uuid4())
        fields.setdefault("lease_until", due_at + dt.timedelta(hours=2))
    fields.setdefault("contact_point", signup.participant.contact_point)
    fields.setdefault("kind", ReminderKind.CONFIRMATION)
    fields.setdefault("channel", Channel.EMAIL)
    fields.setdefault("dedupe_key", str(uuid.uuid4()))
    fields.setdefault("lane", Lane.CHANGE)
    fields.setdefault("due_at", due_at)
    fields.setdefault("deadline_at", signup.occurrence.starts_at)
    fields.setdefault("created_at", due_at)
    return Reminder.objects.create(signup=signup, state=state, **fields)
