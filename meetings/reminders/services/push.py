"""Notifications in a member's browser: from the first yes to the day when the browser is gone."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_noop as _

from accounts.enums import Channel
from accounts.models import ContactPoint, User
from accounts.person import Person, of_member
from accounts.queries import push_subscriptions as push_subscriptions_of
from accounts.services import push_subscriptions
from accounts.services.preferences import save_preferences
from meetings.reminders.enums import EventKind, ReminderState
from meetings.reminders.models import DeliveryEvent, Reminder
from meetings.reminders.services.instead import by_email_instead
from meetings.reminders.services.replan import replan_person

TURNED_ON = _("Notifications were switched on")
GONE = _("The browser is no longer subscribed")
INSTEAD = _("By email, since the browser is no longer subscribed")
FAILED = _("By email, since the notification could not be sent")
#: As many browsers as one person may be reached in; the longest known makes room.
_MOST = 8


@transaction.atomic
def turn_on(*, user: User, subscription: str, now: dt.datetime) -> ContactPoint:
    """Send a member's reminders to the browser that `subscription` (checked text) is of, from now on.

    Word of changes stays where it is, by email at first: with it comes what puts their calendar right. A browser is its
    last subscriber's: what somebody else had there ends.
    """
    for other in ContactPoint.objects.with_value(Channel.PUSH, subscription).exclude(user=user):
        drop(contact_point=other, source="another person", now=now)
    contact_point = push_subscriptions.subscribe(user=user, subscription=subscription, now=now)
    for surplus in push_subscriptions_of(user)[_MOST:]:
        drop(contact_point=surplus, source="too many", now=now)
    person = of_member(user)
    save_preferences(person=person, reminder_channel=Channel.PUSH, now=now)
    # Also where that was their wish already: this browser is the newest.
    replan_person(person=person, why=TURNED_ON, now=now)
    return contact_point


def turn_off(*, user: User, subscription: str, now: dt.datetime) -> bool:
    """End what a member gets in one browser; another takes over, or email.

    Returns False where they got nothing there.
    """
    found = ContactPoint.objects.filter(user=user).with_value(Channel.PUSH, subscription).first()
    if found is None:
        return False
    push_subscriptions.end_subscriptions(user=user, contact_points=[found], source="notification button", now=now)
    return True


def follow_end(*, person: Person, contact_points: list[ContactPoint], now: dt.datetime) -> None:
    """Plan a member's reminders anew without these browsers; what was still to go there goes by email."""
    replan_person(person=person, why=GONE, now=now)
    for contact_point in contact_points:
        _hand_over(contact_point, now=now)


@transaction.atomic
def drop(*, contact_point: ContactPoint, source: str, now: dt.datetime) -> None:
    """Forget a subscription; what was still to go there goes by email. What somebody holds now, the last look stops.

    Waits for nobody, since whoever calls may hold a row of its own.
    """
    push_subscriptions.forget(contact_point=contact_point, source=source, now=now)
    _hand_over(contact_point, now=now)


def follow_up(reminder: Reminder, *, is_gone: bool, now: dt.datetime) -> None:
    """Say by email what could not be sent as a notification; where the browser `is_gone`, forget it as well.

    Runs in the transaction that records the failure.
    """
    if is_gone:
        drop(contact_point=reminder.contact_point, source="push service", now=now)
    by_email_instead([reminder.pk], why=INSTEAD if is_gone else FAILED, now=now)


def _hand_over(contact_point: ContactPoint, *, now: dt.datetime) -> None:
    """Send by email what was still to go to a browser that is gone."""
    unsent = Reminder.objects.unsent().filter(contact_point=contact_point)
    # Whoever holds one of them is beginning or replacing it.
    rows = list(unsent.select_for_update(skip_locked=True, of=("self",)).order_by("pk"))
    Reminder.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=ReminderState.SKIPPED, reason=GONE, claim_token=None, lease_until=None, settled_at=now
    )
    DeliveryEvent.objects.bulk_create(
        DeliveryEvent(reminder=row, kind=EventKind.SKIPPED, attempt=row.attempt, detail=GONE, at=now) for row in rows
    )
    by_email_instead([row.pk for row in rows], why=INSTEAD, now=now)
