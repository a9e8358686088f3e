"""Somebody who came as a guest, and turns out to be a member: the address they used is proven to be this member's."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.enums import Channel, Purpose, Wording
from accounts.models import Consent, ContactPoint, IdleNotice, Preferences, User
from accounts.person import of_member
from accounts.queries import member_at, newest_word
from accounts.services.consents import record_consent
from accounts.services.contact_points import member_email
from accounts.signals import consents_changed, guest_joined, preferences_changed


@transaction.atomic
def join_guest(*, user: User, now: dt.datetime) -> None:
    """Make a member's own what a guest has with the very address that the member has proven; again is harmless.

    Where the two said different things, the stricter word holds: a no, the longer pause, the more discreet wording. The
    guest's contact point stays, empty, so that links in old messages lead somewhere: see queries.member_point_of.
    """
    guest = ContactPoint.objects.of_guests().verified().with_value(Channel.EMAIL, user.email).first()
    if guest is None or member_at(guest) != user:
        return
    own = member_email(user=user, now=now)
    # In the order of their ids, as everywhere: two who lock the same rows never wait for each other.
    both = ContactPoint.objects.filter(pk__in=[guest.pk, own.pk]).order_by("pk")
    list(both.select_for_update(no_key=True, of=("self",)).values_list("pk", flat=True))
    said_more = _join_consents(guest, own, now)
    chose_more = _join_preferences(guest, user, now)
    IdleNotice.objects.filter(contact_point=guest).delete()
    guest_joined.send(sender=ContactPoint, user=user, guest=guest, own=own, now=now)
    if said_more:
        consents_changed.send(sender=Consent, contact_point=own, now=now)
    if chose_more:
        preferences_changed.send(sender=Preferences, person=of_member(user), now=now)


def _join_consents(guest: ContactPoint, own: ContactPoint, now: dt.datetime) -> bool:
    """Let what was said as a guest be the member's word, and return whether anything was."""
    if not guest.consents.exists():
        return False
    refused = [
        purpose for purpose in Purpose.values if False in (newest_word(guest, purpose), newest_word(own, purpose))
    ]
    guest.consents.update(contact_point=own)
    for purpose in refused:
        newest = own.consents.filter(purpose=purpose).last()
        assert newest
        # Said anew even where it stands already: the ledger knows the guest's "no" by another name.
        record_consent(
            contact_point=own,
            purpose=purpose,
            is_given=False,
            wording=newest.wording,
            source="joined with a guest",
            now=now,
        )
    return True


def _join_preferences(guest: ContactPoint, user: User, now: dt.datetime) -> bool:
    """Let a guest's choices be the member's where these chose nothing, and return whether there were any."""
    theirs = Preferences.objects.filter(contact_point=guest).first()
    if theirs is None:
        return False
    kept = Preferences.objects.select_for_update(of=("self",)).filter(user=user).first()
    if kept is None:
        theirs.user, theirs.contact_point = user, None
        theirs.save(update_fields=["user", "contact_point"])
        return True
    days = [day for day in (kept.paused_until, theirs.paused_until) if day is not None]
    kept.paused_until = max(days, default=None)
    kept.wording = Wording.DETAILED if kept.is_detailed and theirs.is_detailed else Wording.DISCREET
    kept.ignores_quiet = kept.ignores_quiet and theirs.ignores_quiet
    kept.updated_at = now
    kept.save(update_fields=["paused_until", "wording", "ignores_quiet", "updated_at"])
    theirs.delete()
    return True
