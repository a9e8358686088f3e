"""What follows from a new release of the time-zone data: clocks somewhere will show another time than was thought."""

from __future__ import annotations

import datetime as dt
import logging

from django.utils.translation import gettext_noop as _

from meetings.reminders.models import ZoneRelease
from meetings.reminders.services.replan import replan_everyone
from meetings.services import schedule

logger = logging.getLogger(__name__)

ZONES = _("Time-zone data changed")


def follow_zone_data(*, release: str, now: dt.datetime) -> bool:
    """Plan everything anew where `release` (support.clock.zone_release) is not the one that plans were last made with.

    Dates follow their walls' clocks, and reminders the dates and their readers' days. What crashes half-way is done
    again from the start, and doing it again changes nothing. Returns whether there was anything to follow.
    """
    known = ZoneRelease.objects.order_by("pk").first()
    if known is None:
        # A new site: nothing was planned by older data.
        ZoneRelease.objects.create(version=release, applied_at=now)
        return False
    if known.version == release:
        return False
    moved = schedule.follow_zone_data(now=now)
    people = replan_everyone(why=ZONES, now=now)
    known.version, known.applied_at = release, now
    known.save(update_fields=["version", "applied_at"])
    logger.info("Time-zone data changed: %s dates moved, reminders of %s people planned anew", moved, people)
    return True
