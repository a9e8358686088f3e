"""When people were last seen at meetings, and how they read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db.models import Max, Q

from accounts.models import ContactPoint, User
from meetings.models import Participant, Signup, StandingSignup


def members_seen(users: Collection[User], *, now: dt.datetime) -> dict[int, dt.datetime]:
    """Return when members last had or asked for a place, by id; `now` for whoever comes every time or runs something.

    A date to come counts as its end: such a person is not idle.
    """
    seen = _seen(Q(participant__user__in=users), "participant__user", now)
    looks_after = Q(facilitated_meetings__isnull=False) | Q(coordinations__isnull=False)
    running = User.objects.filter(looks_after, pk__in=[user.pk for user in users])
    return seen | dict.fromkeys(running.values_list("pk", flat=True), now)


def guests_seen(contact_points: Collection[ContactPoint], *, now: dt.datetime) -> dict[int, dt.datetime]:
    """Return the same for guests, by the ids of their contact points."""
    return _seen(Q(participant__contact_point__in=contact_points), "participant__contact_point", now)


def language_of(contact_point: ContactPoint) -> str | None:
    """Return the language that somebody reads, where they have asked for a place."""
    return Participant.objects.filter(contact_point=contact_point).values_list("language", flat=True).first()


def _seen(mine: Q, key: str, now: dt.datetime) -> dict[int, dt.datetime]:
    rows = Signup.objects.filter(mine).values_list(key).annotate(Max("occurrence__ends_at"), Max("created_at"))
    seen = {pk: max(ends_at, created_at) for pk, ends_at, created_at in rows}
    standing = StandingSignup.objects.filter(mine, ended_at=None, confirmed_at__isnull=False)
    return seen | dict.fromkeys(standing.values_list(key, flat=True), now)
