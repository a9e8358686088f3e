"""Where messages for people go: by the channel they chose where that is open and proven, else as they signed up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from accounts.enums import Channel, Purpose
from accounts.models import ContactPoint, Suppression
from accounts.queries import closed_channels, kept_preferences, newest_words
from support.messaging import sms


@dataclass(frozen=True, slots=True)
class Address:
    """A contact point and its channel; `is_instead` where another was asked for."""

    contact_point: int
    channel: str
    is_instead: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """Who is to be reached, by which channel, and by what where that cannot be."""

    user: int | None
    channel: str
    own: Address


def open_channels() -> frozenset[str]:
    """Return the channels that this site can send by."""
    return frozenset({Channel.EMAIL.value, Channel.PUSH.value, *([Channel.SMS.value] if sms.is_open() else [])}) - (
        closed_channels()
    )


def addresses_for_changes(people: Mapping[int, tuple[int, int | None]]) -> dict[int, Address]:
    """Return where people hear of changed dates, by participant's id; a thousand or so at a time.

    `people` are the contact point that each signed up with and their user, if they are a member, by the same id.
    """
    kept = kept_preferences(dict(people.values()))
    points = [point for point, _user in people.values()]
    channels = dict(ContactPoint.objects.filter(pk__in=points).values_list("pk", "channel"))
    wishes = [
        Wish(user, kept[point].change_channel if point in kept else Channel.EMAIL, Address(point, channels[point]))
        for point, user in people.values()
    ]
    return dict(zip(people, resolve(wishes, purpose=Purpose.CHANGES), strict=True))


def resolve(wishes: Iterable[Wish], *, purpose: str) -> list[Address]:
    """Return an address for each wish, in their order, in no query where all want what they signed up with."""
    asked = list(wishes)
    possible = open_channels()
    elsewhere = {
        wish.user
        for wish in asked
        if wish.user is not None and wish.channel != wish.own.channel and wish.channel in possible
    }
    found = _proven(elsewhere, purpose) if elsewhere else {}
    return [
        wish.own
        if wish.user is None or wish.channel == wish.own.channel
        else found.get((wish.user, wish.channel)) or Address(wish.own.contact_point, wish.own.channel, is_instead=True)
        for wish in asked
    ]


def _proven(users: set[int], purpose: str) -> dict[tuple[int | None, str], Address]:
    """Return, by member and channel, the newest contact point that is proven to be theirs, with a yes and no STOP."""
    ended = Suppression.objects.filter(channel=OuterRef("channel"), value_hash=OuterRef("value_hash"))
    points = ContactPoint.objects.verified().filter(~Exists(ended), user__in=users)
    rows = list(points.order_by("created_at", "pk").values_list("pk", "user_id", "channel"))
    words = newest_words([pk for pk, _user, _channel in rows], purpose)
    return {(user, channel): Address(pk, channel) for pk, user, channel in rows if words.get(pk)}
