"""Messages of a guest who turns out to be a member: each goes on as the member's, and none is sent twice."""

from __future__ import annotations

import datetime as dt

from accounts.models import ContactPoint
from meetings.models import Participant, Signup
from meetings.reminders.enums import UNSENT, ReminderKind, ReminderState
from meetings.reminders.models import InboundText, Reminder, ReminderPart
from meetings.reminders.services.replan import JOINED, lock_unsent, replan


def become_one(*, gone: Signup, kept: Signup, now: dt.datetime) -> None:
    """Let what was said of `gone` count as said of `kept`; what else was still to be said of it need not be."""
    lock_unsent({gone.participant_id, kept.participant_id})
    news = Reminder.objects.filter(signup=gone, state__in=UNSENT).exclude(kind=ReminderKind.REMINDER)
    news.update(
        state=ReminderState.SUPERSEDED, reason=JOINED, claim_token=None, lease_until=None, settled_at=now
    )  # fmt: skip
    Reminder.objects.filter(signup=gone).update(signup=kept)
    ReminderPart.objects.filter(signup=gone).update(signup=kept)
    InboundText.objects.filter(signup=gone).update(signup=kept)


def follow(
    *, participant: Participant, visitor: Participant, guest: ContactPoint, own: ContactPoint, now: dt.datetime
) -> None:
    """Readdress messages about a member's places from the contact point `guest` to their `own`, and plan anew."""
    lock_unsent({participant.pk, visitor.pk})
    Reminder.objects.filter(signup__participant=participant, contact_point=guest).update(contact_point=own)
    replan(participants=[participant.pk, visitor.pk], why=JOINED, now=now)
