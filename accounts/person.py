"""One person, as far as this site can tell: an account, and the addresses that are proven to be theirs."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import phones
from accounts.enums import Channel
from accounts.models import ContactPoint, User

#: Digits that no id of ours has.
TOO_LONG = 16


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


def people_reached_by(channel: str, value: str) -> list[Person]:
    """Return everyone that an address or a number (as kept) belongs to, proven or not: members, then a guest."""
    points = ContactPoint.objects.with_value(channel, value)
    members = Q(contact_points__in=points)
    if channel == Channel.EMAIL:
        members |= Q(email=value) | Q(emailaddress__email=value)
    found = [of_member(user) for user in User.objects.filter(members).distinct().order_by("pk")]
    known = {point.pk for person in found for point in person.contact_points}
    return found + [of_guest(point) for point in points.of_guests().exclude(pk__in=known).order_by("pk")]


def read_contact(text: str) -> tuple[str, str]:
    """Return the channel and the value, as it is kept, of an address or a number that somebody typed.

    Raises ValueError where it is neither.
    """
    if number := phones.normal(text):
        return Channel.SMS, number
    try:
        validate_email(text.strip())
    except ValidationError as error:
        raise ValueError("neither an address nor a number") from error
    return Channel.EMAIL, text.strip().lower()


def number_of(*, user_id: int | None, contact_point_id: int) -> str:
    """Return what staff call a person: "Member #5", "Guest #12". It says who somebody is to nobody but themselves."""
    if user_id is not None:
        return _("Member #%(number)s") % {"number": user_id}
    return _("Guest #%(number)s") % {"number": contact_point_id}


def read_number(words: str) -> tuple[int | None, int | None]:
    """Return the ids that `number_of` was given, of a user or of a contact point, whatever language it was read in.

    Raises ValueError for anything else.
    """
    digits = "".join(sign for sign in words if sign.isdecimal())
    if digits and len(digits) < TOO_LONG:
        number, said = int(digits), words.strip().casefold()
        for language, _name in settings.LANGUAGES:
            with translation.override(language):
                if said == number_of(user_id=number, contact_point_id=0).casefold():
                    return number, None
                if said == number_of(user_id=None, contact_point_id=number).casefold():
                    return None, number
    raise ValueError("not the number of a person")
