"""Keeping a meeting at hand, and calling one the home group. Each is safe to repeat."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.models import User
from meetings.models import Favourite, Meeting


def add_favourite(*, user: User, meeting: Meeting, now: dt.datetime) -> Favourite:
    """Keep a meeting among a member's favourites; one kept already stays as it is."""
    kept, _is_new = Favourite.objects.get_or_create(user=user, meeting=meeting, defaults={"created_at": now})
    return kept


def remove_favourite(*, user: User, meeting: Meeting) -> None:
    """Let go of a meeting; where it was the home group, there is none then."""
    Favourite.objects.filter(user=user, meeting=meeting).delete()


def choose_home_group(*, user: User, meeting: Meeting, now: dt.datetime) -> None:
    """Make a meeting a member's home group, and a favourite with it. There is one at a time."""
    with transaction.atomic():
        # Two tabs that choose at once must not both find none.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        kept = add_favourite(user=user, meeting=meeting, now=now)
        Favourite.objects.filter(user=user, is_home_group=True).exclude(pk=kept.pk).update(is_home_group=False)
        Favourite.objects.filter(pk=kept.pk).update(is_home_group=True)


def leave_home_group(*, user: User, meeting: Meeting) -> None:
    """Have no home group any more, if it was this meeting. It stays a favourite."""
    Favourite.objects.filter(user=user, meeting=meeting).update(is_home_group=False)
