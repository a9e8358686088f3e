"""Forgetting who was where, by the organisation's own rule."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction

from accounts.enums import Forgotten
from accounts.services.purges import record_purge
from meetings.models import PlaceChange, Signup, StandingSignup
from meetings.services.leaving import make_nobodys
from meetings.signals import signups_forgotten

BATCH = 200


def forget_attendance(*, now: dt.datetime) -> int:
    """Make past places nobody's once settings.RETENTION_ATTENDANCE is over; figures stay. Returns how many.

    Nothing happens where the organisation keeps them for ever (None).
    """
    kept_for = settings.RETENTION_ATTENDANCE
    if kept_for is None:
        return 0
    before = now - kept_for
    forgotten = 0
    while batch := _forget_batch(before, now):
        forgotten += batch
    # Whoever stopped coming every time, that long ago, need not be known for it.
    StandingSignup.objects.filter(ended_at__lt=before).exclude(signups__occurrence__ends_at__gte=before).delete()
    record_purge(kind=Forgotten.ATTENDANCE, count=forgotten, now=now)
    return forgotten


def forget_places(*, now: dt.datetime) -> int:
    """Forget where meetings were once, as long after as messages are kept. Returns how many changes."""
    return PlaceChange.objects.filter(created_at__lt=now - settings.RETENTION["messages"]).delete()[0]


@transaction.atomic
def _forget_batch(before: dt.datetime, now: dt.datetime) -> int:
    somebodys = Signup.objects.filter(
        participant__contact_point__is_nobodys=False, occurrence__ends_at__lt=before
    ).select_for_update(of=("self",), skip_locked=True)
    signups = list(somebodys.order_by("pk")[:BATCH])
    make_nobodys(signups)
    if signups:
        signups_forgotten.send(sender=Signup, signups=signups, now=now)
    return len(signups)
