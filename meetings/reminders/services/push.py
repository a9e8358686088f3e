"""Notifications in a member's browser: from the first yes to the day when the browser is gone."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_noop as _

from accounts.enums import Channel
from accounts.models import ContactPoint, User
from accounts.services import push_subscriptions
from meetings.reminders.enums import EventKind, ReminderState
from meetings.reminders.models import DeliveryEvent, Reminder

GONE = _("The browser is no longer subscribed")


@transaction.atomic
def unsubscribe(*, user: User, subscription: str, now: dt.datetime) -> bool:
    """End what a member gets in one browser. Returns False where they got nothing there."""
    found = ContactPoint.objects.filter(user=user).with_value(Channel.PUSH, subscription).first()
    if found is None:
        return False
    drop(contact_point=found, source="notification button", now=now)
    return True


@transaction.atomic
def drop(*, contact_point: ContactPoint, source: str, now: dt.datetime) -> None:
    """Forget a subscription and what was still to go there. What somebody else holds now, the last look will stop."""
    push_subscriptions.forget(contact_point=contact_point, source=source, now=now)
    unsent = Reminder.objects.unsent().filter(contact_point=contact_point)
    # Never waiting: whoever calls may hold a row of its own.
    rows = list(unsent.select_for_update(skip_locked=True, of=("self",)).order_by("pk"))
    Reminder.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=ReminderState.SKIPPED, reason=GONE, claim_token=None, lease_until=None, settled_at=now
    )
    DeliveryEvent.objects.bulk_create(
        DeliveryEvent(reminder=row, kind=EventKind.SKIPPED, attempt=row.attempt, detail=GONE, at=now) for row in rows
    )
