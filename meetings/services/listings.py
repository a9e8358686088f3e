"""Changing a listing by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from meetings.models import Meeting, Venue
from meetings.services import schedule
from meetings.services.signups import fill_coming_dates

#: What a listing's own row says; the venue has a row of its own.
MEETING_FIELDS = (
    "name", "notes", "rrule", "starts_on", "start_time", "duration", "tz", "venue_type", "conference_url",
    "conference_phone", "signup_policy", "capacity", "is_temporarily_closed", "is_published", "first_time_expect",
    "first_time_entrance", "first_time_greeter",
)  # fmt: skip
VENUE_FIELDS = ("name", "street", "city", "state", "postal_code")


@transaction.atomic
def update_listing(
    *, meeting: Meeting, values: Mapping[str, Any], place: Mapping[str, str], formats: list[int], now: dt.datetime
) -> Meeting:
    """Write what a coordinator says about a meeting: `values` by MEETING_FIELDS, `place` by VENUE_FIELDS, all valid.

    Everyone who signed up for a date whose time changes hears of it once, and more places go to those who wait. An
    address that other meetings share, or that changes, becomes a new one without a position: a wrong pin is worse than
    none.
    """
    meeting = Meeting.objects.select_for_update(of=("self",)).select_related("venue").get(pk=meeting.pk)
    kept_places = meeting.keeps_places
    for name in MEETING_FIELDS:
        setattr(meeting, name, values[name])
    begin_names(meeting, kept_places=kept_places, now=now)
    meeting.venue = _venue(meeting, place)
    meeting.updated_at = now
    schedule.derive(meeting, now=now)
    meeting.save()
    meeting.formats.set(formats)
    schedule.reschedule(meeting, now=now)
    fill_coming_dates(meeting=meeting, now=now)
    return meeting


def begin_names(meeting: Meeting, *, kept_places: bool, now: dt.datetime) -> None:
    """Note on a meeting, without saving it, that people sign up from now on where they only asked for reminders."""
    if meeting.keeps_places and not kept_places:
        meeting.named_since = now


def _venue(meeting: Meeting, place: Mapping[str, str]) -> Venue | None:
    old = meeting.venue
    if old is not None and all(getattr(old, name) == place[name] for name in VENUE_FIELDS):
        return old
    if not any(place.values()):
        return None
    return Venue.objects.create(**place, notes=old.notes if old else "", country=old.country if old else "")
