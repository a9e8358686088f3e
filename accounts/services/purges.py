"""Writing down how much was forgotten by the calendar."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import F

from accounts.enums import Forgotten
from accounts.models import Purge


def record_purge(*, kind: Forgotten, count: int, now: dt.datetime) -> None:
    """Add `count` to what was forgotten today (in UTC) of one kind; nothing is written where there was nothing."""
    if count:
        with transaction.atomic():
            day, _is_new = Purge.objects.get_or_create(kind=kind, on_day=now.date(), defaults={"count": 0})
            Purge.objects.filter(pk=day.pk).update(count=F("count") + count)
