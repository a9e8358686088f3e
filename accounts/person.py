"""One person, as far as this site can tell: an account, and the addresses that are proven to be theirs."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.enums import Channel
from accounts.models import ContactPoint, User


@dataclass(frozen=True)
class Person:
    """`user` is None for a guest; `contact_points` are all that are theirs."""

    user: User | None
    contact_points: tuple[ContactPoint, ...]


def of_member(user: User) -> Person:
    """Return a member with their contact points, and the guest they were when they used the same address."""
    own = list(ContactPoint.objects.filter(user=user).order_by("pk"))
    as_guest = ContactPoint.objects.of_guests().with_value(Channel.EMAIL, user.email)
    return Person(user=user, contact_points=(*own, *as_guest))


def of_guest(contact_point: ContactPoint) -> Person:
    """Return whoever holds a link that was sent to `contact_point`: that address, and nothing beside it."""
    return Person(user=None, contact_points=(contact_point,))
