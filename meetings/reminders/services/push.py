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
from meetings.reminders.services.instead import by_email_instead

GONE = _("The browser is no longer subscribed")
INSTEAD = _("By email, since the browser is no longer subscribed")
FAILED = _("By email, since the notification could not be sent")


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
    """Forget a subscription; what was still to go there goes by email. What somebody holds now, the last look stops."""
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
    by_email_instead([row.pk for row in rows], why=INSTEAD, now=now)


def follow_up(reminder: Reminder, *, is_gone: bool, now: dt.datetime) -> None:
    """Say by email what could not be sent as a notification; where the browser `is_gone`, forget it as well.

    Runs in the transaction that records the failure.
    """
    if is_gone:
        drop(contact_point=reminder.contact_point, source="push service", now=now)
    by_email_instead([reminder.pk], why=INSTEAD if is_gone else FAILED, now=now)
