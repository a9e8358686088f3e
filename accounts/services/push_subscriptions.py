"""A member's browsers that take notifications. Each is a contact point; its value is the subscription, sealed."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction

from accounts.enums import Channel, Purpose
from accounts.models import ContactPoint, User
from accounts.person import of_member
from accounts.queries import is_given, preferences_for, push_subscriptions
from accounts.services import ledger
from accounts.services.consents import give_consent_once, record_consent
from accounts.services.preferences import PreferenceFields, save_preferences
from accounts.signals import push_ended

#: Which wording a member saw beside the button; raised when its words change.
WORDING = "push-2026-11"
_PURPOSES: list[str] = [Purpose.REMINDERS, Purpose.CHANGES]
#: Where a session remembers the number of the subscription that was switched on in its own browser.
SESSION_KEY = "push_subscription"


@transaction.atomic
def subscribe(*, user: User, subscription: str, now: dt.datetime) -> ContactPoint:
    """Record that a member wants notifications in the browser that `subscription` (checked text) is of.

    Again is harmless.
    """
    contact_point = _get_or_create(user, subscription, now)
    give_consent_once(
        contact_point=contact_point, purposes=_PURPOSES, wording=WORDING, source="notification button", now=now
    )
    return contact_point


@transaction.atomic
def forget(*, contact_point: ContactPoint, source: str, now: dt.datetime) -> None:
    """End a subscription: where it led is forgotten, and a no is recorded for each yes. Again is harmless.

    The row stays, since what was sent there is told by it.
    """
    for purpose in _PURPOSES:
        if is_given(contact_point, purpose):
            record_consent(
                contact_point=contact_point, purpose=purpose, is_given=False, wording=WORDING, source=source, now=now
            )
    ledger.note(word=ledger.Word.REMOVED, name=ledger.name_of(contact_point_id=contact_point.pk), now=now)
    contact_point.value = f"gone:{contact_point.public_id}"
    contact_point.verified_at = None
    contact_point.save(update_fields=["value", "value_hash", "verified_at"])


@transaction.atomic
def end_subscriptions(*, user: User, contact_points: list[ContactPoint], source: str, now: dt.datetime) -> None:
    """End what a member gets in these browsers of theirs; another browser takes over, or email. Again is harmless."""
    for contact_point in contact_points:
        forget(contact_point=contact_point, source=source, now=now)
    person = of_member(user)
    if not push_subscriptions(user):
        chosen = preferences_for(person)
        back: PreferenceFields = {}
        if chosen.reminder_channel == Channel.PUSH:
            back["reminder_channel"] = Channel.EMAIL
        if chosen.change_channel == Channel.PUSH:
            back["change_channel"] = Channel.EMAIL
        save_preferences(person=person, now=now, **back)
    push_ended.send(sender=ContactPoint, person=person, contact_points=contact_points, now=now)


def _get_or_create(user: User, subscription: str, now: dt.datetime) -> ContactPoint:
    mine = ContactPoint.objects.filter(user=user).with_value(Channel.PUSH, subscription)
    existing = mine.first()
    if existing is not None:
        return existing
    try:
        with transaction.atomic():
            # The browser itself handed it over: that is the proof that it is theirs.
            return ContactPoint.objects.create(user=user, channel=Channel.PUSH, value=subscription, verified_at=now)
    except IntegrityError:
        # The same person clicked twice, and the other click was first.
        return mine.get()
