"""Changing a listing by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.forms import model_to_dict

from meetings.models import Meeting, Signup, StandingSignup, Venue
from meetings.services import schedule
from meetings.services.news import telling
from meetings.services.signups import fill_coming_dates

#: What a listing's own row says; the venue has a row of its own.
MEETING_FIELDS = (
    "name", "notes", "rrule", "starts_on", "start_time", "duration", "tz", "venue_type", "conference_url",
    "conference_phone", "signup_policy", "capacity", "is_temporarily_closed", "is_published", "first_time_expect",
    "first_time_entrance", "first_time_greeter",
)  # fmt: skip
#: What of a venue says where it is; its notes say how to find it there.
ADDRESS_FIELDS = ("name", "street", "city", "state", "postal_code")
VENUE_FIELDS = (*ADDRESS_FIELDS, "notes")


@transaction.atomic
def update_listing(
    *, meeting: Meeting, values: Mapping[str, Any], place: Mapping[str, str], formats: list[int], now: dt.datetime
) -> Meeting:
    """Write what a coordinator says about a meeting: `values` by MEETING_FIELDS, `place` by VENUE_FIELDS, all valid.

    Everyone who signed up hears once of what changes: a date's time, the place or the link, that it is closed or open
    again. More places go to those who wait. An address that other meetings share, or that changes, becomes a new one
    without a position: a wrong pin is worse than none.
    """
    meeting = Meeting.objects.select_for_update(of=("self",)).select_related("venue").get(pk=meeting.pk)
    kept_places = meeting.keeps_places
    with telling([meeting.pk], now=now):
        for name in MEETING_FIELDS:
            setattr(meeting, name, values[name])
        begin_names(meeting, kept_places=kept_places, now=now)
        settle_doubt(meeting)
        meeting.venue = _venue(meeting, place)
        meeting.updated_at = now
        schedule.derive(meeting, now=now)
        meeting.save()
        meeting.formats.set(formats)
        schedule.reschedule(meeting, now=now)
        fill_coming_dates(meeting=meeting, now=now)
    return meeting


@transaction.atomic
def close(*, meetings: Iterable[Meeting], now: dt.datetime) -> int:
    """Show `meetings` no longer, and tell everyone who signed up that they are off.

    Whoever closes one for good has answered whether it goes on. Returns how many were shown, or in doubt.
    """
    ids = [each.pk for each in meetings]
    going = Meeting.objects.filter(Q(is_published=True) | Q(missing_since__isnull=False), pk__in=ids)
    with telling(ids, now=now):
        return going.update(is_published=False, missing_since=None, missing_asked_at=None, updated_at=now)


def is_asked_for(meeting: Meeting) -> bool:
    """Return whether anybody has, had or wants a place at a meeting: then it is closed for good, and not deleted."""
    asked = Signup.objects.filter(occurrence__meeting=meeting).exists()
    return asked or StandingSignup.objects.filter(meeting=meeting).exists()


def begin_names(meeting: Meeting, *, kept_places: bool, now: dt.datetime) -> None:
    """Note on a meeting, without saving it, that people sign up from now on where they only asked for reminders."""
    if meeting.keeps_places and not kept_places:
        meeting.named_since = now


def settle_doubt(meeting: Meeting) -> None:
    """Note on a meeting, without saving it, that somebody shows it by hand although its list has lost it."""
    if meeting.is_published and meeting.missing_since is not None:
        meeting.missing_since, meeting.missing_asked_at, meeting.is_kept = None, None, True


def _venue(meeting: Meeting, place: Mapping[str, str]) -> Venue | None:
    old = meeting.venue
    if old is not None and all(getattr(old, name) == place[name] for name in VENUE_FIELDS):
        return old
    if not any(place.values()):
        return None
    if old is not None and all(getattr(old, name) == place[name] for name in ADDRESS_FIELDS):
        kept = model_to_dict(old, exclude=["id"])
        return Venue.objects.create(**{**kept, "notes": place["notes"]})
    return Venue.objects.create(**place, country=old.country if old else "")
