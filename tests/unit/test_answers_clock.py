"""An answer by text tells a date by the clock that its mails tell it by: the room's, where there is one."""

from __future__ import annotations

import pytest

from meetings.enums import Held, VenueType
from meetings.models import Signup
from meetings.reminders import replies
from tests.factories import make_meeting, make_occurrence, make_participant, make_signup

pytestmark = pytest.mark.django_db


def place(venue_type: VenueType) -> Signup:
    """A place at 7 PM in New York of somebody in Los Angeles."""
    reader = make_participant(tz="America/Los_Angeles", has_own_zone=True)
    meeting = make_meeting(venue_type=venue_type, **({"venue": None} if venue_type == VenueType.ONLINE else {}))
    return make_signup(occurrence=make_occurrence(meeting=meeting), participant=reader)


@pytest.mark.parametrize(
    ("venue_type", "time"),
    [
        (VenueType.IN_PERSON, "7:00\u202fPM (New York time)"),
        (VenueType.HYBRID, "7:00\u202fPM (New York time)"),
        (VenueType.ONLINE, "4:00\u202fPM"),
    ],
)
def test_one_date(venue_type: VenueType, time: str) -> None:
    words = replies.when(place(venue_type)).replace("\u00a0", "\u202f")
    assert words.endswith(time)


def test_several_dates_each_by_its_own() -> None:
    said = replies.all_given_back([place(VenueType.IN_PERSON), place(VenueType.ONLINE)], [Held.PLACE, Held.PLACE])
    assert "7:00 PM (New York time)" in said
    assert "4:00 PM." in said
