"""Forgetting what became of messages, once nobody asks any more."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction

from meetings.reminders.enums import UNSENT, ReminderState
from meetings.reminders.models import Reminder

#: Messages deleted in one transaction, each with its timeline.
BATCH = 500
#: Somebody still has to look after these, however old they are.
_OPEN = (*UNSENT, ReminderState.SUBMITTING, ReminderState.AMBIGUOUS)


def purge(*, now: dt.datetime) -> int:
    """Delete messages about dates that are over for longer than settings.RETENTION["messages"], with their timelines.

    Safe at any time, and by any number at once. Nothing is planned again for a date that is over, so that none of it
    comes back. Returns how many messages.
    """
    before = now - settings.RETENTION["messages"]
    deleted = 0
    while batch := _purge_batch(before):
        deleted += batch
    return deleted


@transaction.atomic
def _purge_batch(before: dt.datetime) -> int:
    over = Reminder.objects.filter(deadline_at__lt=before, signup__occurrence__ends_at__lt=before)
    # A message may speak of a later date as well.
    over = over.exclude(parts__signup__occurrence__ends_at__gte=before).exclude(state__in=_OPEN)
    # What somebody else holds is deleted the next time; nobody waits for anybody.
    locked = over.select_for_update(of=("self",), skip_locked=True).order_by("pk")
    keys = list(locked.values_list("pk", flat=True)[:BATCH])
    return Reminder.objects.filter(pk__in=keys).delete()[1].get(Reminder._meta.label, 0)
