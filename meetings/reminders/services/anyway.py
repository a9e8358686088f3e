"""Sending a reminder that the plan has no place for, because the person who gets it asks for this very one."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from meetings.models import Participant, Signup
from meetings.reminders.queries.next_reminder import next_reminder
from meetings.reminders.services.replan import WISHES, replan


@transaction.atomic
def remind_anyway(*, signup: Signup, now: dt.datetime) -> bool:
    """Plan the reminder of a place that `next_reminder` offers. Returns whether there was one to plan.

    It comes at its usual time where that is still ahead, else at once, and quiet hours do not hold it back. Asking
    again plans nothing more; whoever gets no reminders at all (turned off, paused, suppressed) gets none by this.
    """
    # Whoever signs up, and whoever asks at the same moment, waits for this lock as well.
    Participant.objects.select_for_update(no_key=True, of=("self",)).get(pk=signup.participant_id)
    found = next_reminder(signup, now=now)
    if found is None or found.offer is None:
        return False
    replan(participants=[signup.participant_id], why=WISHES, now=now, asked={signup.pk: found.offer.lead})
    return True
