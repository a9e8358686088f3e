"""Keeping a meeting at hand, and calling one the home group. Each is safe to repeat."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.models import User
from meetings.models import Favourite, Meeting
from meetings.queries.favourites import favourite_of


@transaction.atomic
def add_favourite(*, user: User, meeting: Meeting, now: dt.datetime) -> Favourite:
    """Keep a meeting among a member's favourites; one kept already stays as it is."""
    _lock(user)
    kept = favourite_of(user, meeting.pk)
    return kept or Favourite.objects.create(user=user, sealed_meeting=str(meeting.pk), created_at=now)


def remove_favourite(*, user: User, meeting: Meeting) -> None:
    """Let go of a meeting; where it was the home group, there is none then."""
    kept = favourite_of(user, meeting.pk)
    if kept is not None:
        kept.delete()


@transaction.atomic
def choose_home_group(*, user: User, meeting: Meeting, now: dt.datetime) -> None:
    """Make a meeting a member's home group, and a favourite with it. There is one at a time."""
    kept = add_favourite(user=user, meeting=meeting, now=now)
    Favourite.objects.filter(user=user, is_home_group=True).exclude(pk=kept.pk).update(is_home_group=False)
    Favourite.objects.filter(pk=kept.pk).update(is_home_group=True)


def leave_home_group(*, user: User, meeting: Meeting) -> None:
    """Have no home group any more, if it was this meeting. It stays a favourite."""
    kept = favourite_of(user, meeting.pk)
    if kept is not None:
        Favourite.objects.filter(pk=kept.pk).update(is_home_group=False)


def _lock(user: User) -> None:
    """Make whatever else this member keeps wait: two tabs at once must not both find that a meeting is not kept."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
