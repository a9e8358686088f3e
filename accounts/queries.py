"""What accounts are asked: may this be sent there, and how and when?"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from allauth.account.models import EmailAddress
from django.db.models import Max, Q

from accounts.enums import OFFERED_PURPOSES, Channel
from accounts.fields import lookup_hashes
from accounts.models import CleanTime, Consent, ContactPoint, Preferences, Suppression, User, VendorAgreement
from accounts.organisation import needs_agreements, vendor_of
from accounts.person import Person
from accounts.signals import activity_asked
from support.messaging import sms


def newest_word(contact_point: ContactPoint, purpose: str) -> bool | None:
    """Return the newest yes or no on `purpose` for this contact point, or None where nothing was ever said."""
    newest = (
        Consent.objects.filter(contact_point=contact_point, purpose=purpose).order_by("-recorded_at", "-pk").first()
    )
    return None if newest is None else newest.is_given


def is_given(contact_point: ContactPoint, purpose: str) -> bool:
    """Return whether the newest word on `purpose` for this contact point is yes. Silence is no."""
    return newest_word(contact_point, purpose) is True


def wanted_purposes(contact_point: ContactPoint) -> list[str]:
    """Return the purposes that messages go out for: those with a yes, and by email those with no word at all.

    Asking for a place by email is asking to hear of it there; a text message needs a recorded yes.
    """
    words = {purpose: newest_word(contact_point, purpose) for purpose in OFFERED_PURPOSES}
    silence = contact_point.channel == Channel.EMAIL
    return [purpose for purpose, word in words.items() if word or (word is None and silence)]


def member_at(guest: ContactPoint) -> User | None:
    """Return the member who has proven that a guest's address is theirs, or None."""
    proven = EmailAddress.objects.filter(email=guest.value, verified=True, user__is_active=True)
    address = proven.select_related("user").first() if guest.channel == Channel.EMAIL else None
    return address.user if address is not None and address.user.email == guest.value else None


def member_point_of(point: ContactPoint) -> ContactPoint | None:
    """Return what speaks for a guest's contact point since its owner is a member, or None where it speaks for itself.

    All that was said there is said at the member's own since then (services.guests), which nothing else does: whoever
    confirmed an address has said something there.
    """
    if point.user_id is not None or point.verified_at is None or point.consents.exists():
        return None
    same = ContactPoint.objects.with_value(point.channel, point.value).verified()
    return same.filter(user__isnull=False).first()


def is_suppressed(contact_point: ContactPoint) -> bool:
    """Return whether nothing may be sent there any more, whoever else has the same address or number."""
    return Suppression.objects.filter(
        channel=contact_point.channel, value_hash__in=lookup_hashes(contact_point.value)
    ).exists()


def closed_channels() -> set[str]:
    """Return the channels that nothing may go through: no agreement with their vendor is on record, and one is due."""
    if not needs_agreements():
        return set()
    agreed = set(VendorAgreement.objects.in_force().values_list("channel", "vendor"))
    vendors = {channel: vendor_of(channel) for channel in Channel.values}
    return {channel for channel, vendor in vendors.items() if vendor and (channel, vendor.lower()) not in agreed}


def channels_of(person: Person) -> list[str]:
    """Return the channels that a person is proven to be reached by and that are open, the one they came by first."""
    own = [point for point in person.contact_points if person.user is not None or point == person.contact_points[0]]
    proven = {point.channel for point in own if point.verified_at is not None}
    if person.user is not None:
        # Signing in proves it, whether anything went there yet or not.
        proven.add(Channel.EMAIL.value)
    shut = closed_channels() | (set() if sms.is_open() else {Channel.SMS.value})
    return [channel for channel in Channel.values if channel in proven and channel not in shut]


def push_subscriptions(user: User) -> list[ContactPoint]:
    """Return the browsers that a member gets notifications in, the newest first."""
    mine = ContactPoint.objects.filter(user=user, channel=Channel.PUSH).verified()
    return list(mine.order_by("-created_at", "-pk"))


def last_seen(people: Sequence[Person], *, now: dt.datetime) -> dict[Person, dt.datetime]:
    """Return when each was last seen to be here, by any floor's account; `now` or later is "needed today"."""
    users = [person.user for person in people if person.user is not None]
    points = [point for person in people for point in person.contact_points]
    by_user: defaultdict[int, list[dt.datetime]] = defaultdict(list)
    by_point: defaultdict[int, list[dt.datetime]] = defaultdict(list)
    for user in users:
        by_user[user.pk] += [user.joined_at, user.last_login or user.joined_at]
    for point in points:
        by_point[point.pk] += filter(None, (point.created_at, point.verified_at, point.kept_at))
    said = Consent.objects.filter(contact_point__in=points).values_list("contact_point").annotate(Max("recorded_at"))
    for pk, at in said:
        by_point[pk].append(at)
    for _receiver, answer in activity_asked.send(sender=Person, users=users, contact_points=points, now=now):
        of_users, of_points = cast("tuple[dict[int, dt.datetime], dict[int, dt.datetime]]", answer)
        for pk, at in of_users.items():
            by_user[pk].append(at)
        for pk, at in of_points.items():
            by_point[pk].append(at)
    return {
        person: max(
            [at for point in person.contact_points for at in by_point[point.pk]]
            + (by_user[person.user.pk] if person.user else [])
        )
        for person in people
    }


def clean_date_of(user: User) -> dt.date | None:
    """Return since when a member has been clean, or None where they keep no date. For that member alone."""
    kept = CleanTime.objects.filter(user=user).first()
    return kept.clean_on if kept else None


def preferences_for(person: Person) -> Preferences:
    """Return how a person wants to be written to; unsaved defaults where they never said."""
    if person.user is not None:
        return Preferences.objects.filter(user=person.user).first() or Preferences(user=person.user)
    return preferences_of(person.contact_points[0])


def preferences_of(contact_point: ContactPoint) -> Preferences:
    """Return the preferences of whoever a contact point belongs to; unsaved defaults where they never said."""
    return preferences_of_all([contact_point])[contact_point.pk]


def preferences_of_all(contact_points: Iterable[ContactPoint]) -> dict[int, Preferences]:
    """Return the preferences for each contact point, by its id, in one query; see `kept_preferences`."""
    owners = {point.pk: point.user_id for point in contact_points}
    kept = kept_preferences(owners)
    return {pk: kept.get(pk) or Preferences(**_owner(pk, user)) for pk, user in owners.items()}


def kept_preferences(owners: Mapping[int, int | None]) -> dict[int, Preferences]:
    """Return the rows there are for contact points, by their ids; `owners` names the member behind each, if any.

    One query for as many as fit into a statement: callers come with a thousand or so.
    """
    users = {user for user in owners.values() if user is not None}
    guests = [pk for pk, user in owners.items() if user is None]
    kept = list(Preferences.objects.filter(Q(user__in=users) | Q(contact_point__in=guests)))
    of_user = {row.user_id: row for row in kept if row.user_id is not None}
    of_guest = {row.contact_point_id: row for row in kept if row.contact_point_id is not None}
    found = {pk: of_guest.get(pk) if user is None else of_user.get(user) for pk, user in owners.items()}
    return {pk: row for pk, row in found.items() if row is not None}


def _owner(contact_point: int, user: int | None) -> dict[str, int]:
    return {"contact_point_id": contact_point} if user is None else {"user_id": user}


def newest_words(contact_points: Sequence[int], purpose: str) -> dict[int, bool]:
    """Return the newest yes or no on `purpose` by contact point's id; those that nothing was said for are left out."""
    said = Consent.objects.filter(contact_point__in=contact_points, purpose=purpose)
    return dict(said.order_by("recorded_at", "pk").values_list("contact_point_id", "is_given"))
