from __future__ import annotations

import datetime as dt
from itertools import count
from typing import Any

from meetings.enums import SignupStatus
from meetings.models import Favourite, Format, Meeting, Occurrence, Participant, ServiceBody, Signup, Venue
from support import clock
from tests.factories.accounts import make_contact_point
from tests.helpers.zones import home_zone

_numbers = count(1)


def make_service_body(**fields: Any) -> ServiceBody:
    number = next(_numbers)
    fields.setdefault("name", f"River Area {number}")
    fields.setdefault("slug", f"river-area-{number}")
    return ServiceBody.objects.create(**fields)


def make_format(**fields: Any) -> Format:
    number = next(_numbers)
    fields.setdefault("key", f"F{number}")
    fields.setdefault("name", f"Format {number}")
    fields.setdefault("slug", f"format-{number}")
    return Format.objects.create(**fields)


def make_venue(**fields: Any) -> Venue:
    number = next(_numbers)
    fields.setdefault("name", f"Elm House {number}")
    fields.setdefault("street", f"{number} Elm Street")
    fields.setdefault("city", "Albany")
    fields.setdefault("state", "NY")
    fields.setdefault("postal_code", "12207")
    fields.setdefault("latitude", 42.6526)
    fields.setdefault("longitude", -73.7562)
    return Venue.objects.create(**fields)


def make_meeting(**fields: Any) -> Meeting:
    """Make a weekly meeting, Tuesdays 19:00 to 20:30 in New York, since 2026-01-06."""
    number = next(_numbers)
    fields.setdefault("name", f"Evening Light {number}")
    fields.setdefault("slug", f"evening-light-{number}")
    fields.setdefault("rrule", "FREQ=WEEKLY;BYDAY=TU")
    fields.setdefault("starts_on", dt.date(2026, 1, 6))
    fields.setdefault("start_time", dt.time(19, 0))
    fields.setdefault("duration", dt.timedelta(minutes=90))
    fields.setdefault("tz", "America/New_York")
    fields.setdefault("weekday_mask", 0b0000010)
    if "service_body" not in fields:
        fields["service_body"] = make_service_body()
    if "venue" not in fields:
        fields["venue"] = make_venue()
    return Meeting.objects.create(**fields)


def coming_tuesday() -> dt.date:
    """Return the Tuesday six to twelve days from now: a date of `make_meeting` that is still to come."""
    soonest = clock.to_wall(clock.now(), "America/New_York").date() + dt.timedelta(days=6)
    return soonest + dt.timedelta(days=(1 - soonest.weekday()) % 7)


def make_occurrence(*, on: dt.date | None = None, **fields: Any) -> Occurrence:
    """Make the occurrence of `on`, else of `coming_tuesday`, at the meeting's time unless `starts_at` is given."""
    on = on or coming_tuesday()
    meeting: Meeting = fields.pop("meeting", None) or make_meeting()
    assert meeting.start_time is not None
    starts_at = fields.pop("starts_at", None) or clock.to_instant(
        dt.datetime.combine(on, meeting.start_time), meeting.tz
    )
    fields.setdefault("ends_at", starts_at + meeting.duration)
    return Occurrence.objects.create(meeting=meeting, original_date=on, starts_at=starts_at, **fields)


def make_participant(**fields: Any) -> Participant:
    if "contact_point" not in fields:
        fields["contact_point"] = make_contact_point(user=fields.get("user"))
    fields.setdefault("tz", home_zone())
    fields.setdefault("has_own_zone", True)
    return Participant.objects.create(**fields)


def make_signup(**fields: Any) -> Signup:
    """Make a confirmed signup for an occurrence about a week from now."""
    if "occurrence" not in fields:
        fields["occurrence"] = make_occurrence()
    if "participant" not in fields:
        fields["participant"] = make_participant()
    fields.setdefault("status", SignupStatus.CONFIRMED)
    fields.setdefault("created_at", clock.now() - dt.timedelta(hours=11))
    if fields["status"] == SignupStatus.CONFIRMED:
        fields.setdefault("confirmed_at", fields["created_at"])
    return Signup.objects.create(**fields)


def make_favourite(*, meeting: Meeting | None = None, **fields: Any) -> Favourite:
    fields.setdefault("created_at", clock.now())
    return Favourite.objects.create(sealed_meeting=str((meeting or make_meeting()).pk), **fields)
