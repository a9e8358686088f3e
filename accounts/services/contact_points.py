"""The verbs of contact points."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import IntegrityError, transaction

from accounts.enums import Channel
from accounts.models import ContactPoint, User
from accounts.queries import member_point_of
from accounts.signals import address_changed


def guest_email(*, value: str) -> ContactPoint:
    """Return the contact point of a guest with this address, made (unverified) where there is none."""
    return _get_or_create(user=None, value=value)


def member_email(*, user: User, now: dt.datetime) -> ContactPoint:
    """Return the contact point for the address that a member signs in with; signing in has verified it."""
    contact_point = _get_or_create(user=user, value=user.email)
    verify_contact_point(contact_point=contact_point, now=now)
    return contact_point


@transaction.atomic
def follow_email(*, user: User, old_email: str, new_email: str, now: dt.datetime) -> None:
    """Send to a member's new, proven address what was to go to the old one; consents go with the person.

    Links in what was sent to the old one lead nowhere any more: whoever reads that mailbox may be why it was left.
    """
    old = ContactPoint.objects.filter(user=user).with_value(Channel.EMAIL, old_email).select_for_update().first()
    if old is None or ContactPoint.objects.filter(user=user).with_value(Channel.EMAIL, new_email).exists():
        return
    # What was a guest's there is this member's since long: what is left of it is a name for links that must die.
    for guest in ContactPoint.objects.of_guests().with_value(Channel.EMAIL, old_email):
        if member_point_of(guest) == old:
            guest.delete()
    old.value = new_email.strip().lower()
    old.verified_at = now
    old.public_id = uuid.uuid4()
    old.save(update_fields=["value", "value_hash", "verified_at", "public_id"])
    address_changed.send(sender=ContactPoint, contact_point=old, now=now)


def verify_contact_point(*, contact_point: ContactPoint, now: dt.datetime) -> None:
    """Record that the person can read what is sent there. Doing it again keeps the first time."""
    if contact_point.verified_at is None:
        contact_point.verified_at = now
        contact_point.save(update_fields=["verified_at"])


def _get_or_create(*, user: User | None, value: str) -> ContactPoint:
    normal = value.strip().lower()
    mine = ContactPoint.objects.filter(user=user).with_value(Channel.EMAIL, normal)
    existing = mine.first()
    if existing is not None:
        return existing
    try:
        with transaction.atomic():
            return ContactPoint.objects.create(user=user, channel=Channel.EMAIL, value=normal)
    except IntegrityError:
        # The same person clicked twice, and the other click was first.
        return mine.get()
