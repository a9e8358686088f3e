"""Whoever never said a zone is reminded by the clock of the room; of what has no room, by the site's, and by name."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from accounts import links
from meetings.enums import SignupPolicy, VenueType
from meetings.models import Meeting, Participant, Signup
from meetings.reminders.enums import ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services import plan
from meetings.services.signups import confirm_signups, request_guest_signup
from support import clock
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_signup
from tests.unit.test_reminder_engine import run

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

LONDON, NEW_YORK, TOKYO = "Europe/London", "America/New_York", "Asia/Tokyo"


def place(wall: str, tz: str, participant: Participant, **meeting: object) -> Signup:
    """Give somebody a certain place in a booked meeting in `tz`, at "24 13:00" of November 2026 on its clocks."""
    starts_at = clock.to_instant(dt.datetime.strptime(f"2026-11-{wall}", "%Y-%m-%d %H:%M"), tz)  # noqa: DTZ007
    occurrence = make_occurrence(
        on=clock.to_wall(starts_at, tz).date(),
        starts_at=starts_at,
        meeting=make_meeting(signup_policy=SignupPolicy.SIGN_UP, tz=tz, **meeting),
    )
    signup = make_signup(occurrence=occurrence, participant=participant, created_at=NOW)
    plan.plan_reminders(signups=[signup], now=NOW)
    return signup


def planned(tz: str, signup: Signup | None = None) -> list[str]:
    """Return when reminders are to go out, "24 17:00", on the clocks of `tz`."""
    rows = Reminder.objects.unsent().filter(kind=ReminderKind.REMINDER).order_by("due_at")
    mine = rows if signup is None else rows.filter(signup=signup)
    return [clock.to_wall(row.due_at, tz).strftime("%d %H:%M") for row in mine]


@pytest.fixture
def unsaid() -> Participant:
    return make_participant(tz=NEW_YORK, has_own_zone=False)


def test_day_before_and_quiet_hours_are_the_rooms(unsaid: Participant) -> None:
    place("25 13:00", LONDON, unsaid)
    # By New York's clocks the second would go out at 23:00 in London, in the quiet hours of everyone there.
    assert planned(LONDON) == ["22 13:00", "24 18:00"]


def test_nothing_comes_at_night_and_nothing_is_skipped_for_another_continents_night(unsaid: Participant) -> None:
    # 9:30 in London is 4:30 in New York, and three days before, too: quiet there alone.
    place("26 09:30", LONDON, unsaid)
    assert planned(LONDON) == ["23 09:30", "25 18:00"]
    assert not Reminder.objects.filter(state=ReminderState.SKIPPED).exists()


def test_zone_that_somebody_said_is_theirs_wherever_the_room_is() -> None:
    place("25 13:00", LONDON, make_participant(tz=NEW_YORK, has_own_zone=True))
    assert planned(NEW_YORK)[-1] == "24 18:00"


def test_of_two_rooms_each_has_its_own_clock(unsaid: Participant) -> None:
    here, there = place("25 13:00", LONDON, unsaid), place("27 18:00", TOKYO, unsaid)
    assert planned(LONDON, here)[-1] == "24 18:00"
    assert planned(TOKYO, there) == ["24 18:00", "26 18:00"]


def test_what_has_no_room_goes_by_the_sites_clock(unsaid: Participant) -> None:
    place("25 13:00", LONDON, unsaid, venue_type=VenueType.ONLINE, venue=None)
    assert "24 18:00" in planned(NEW_YORK)


def test_last_look_at_quiet_hours_is_by_the_rooms_clock(unsaid: Participant) -> None:
    place("25 13:00", LONDON, unsaid)
    # Ten at night in London, five in the afternoon in New York: it waits for London's morning.
    late = clock.to_instant(dt.datetime(2026, 11, 24, 22), LONDON)  # a wall time
    assert run(at=late).subjects == []
    assert planned(LONDON)[-1] == "25 08:00"


def test_pages_and_letters_say_when_on_that_clock_and_name_it(unsaid: Participant, client: Client) -> None:
    signup = place("25 13:00", LONDON, unsaid)
    page = client.get(reverse("meetings:signup_manage", args=[links.sign("manage", signup.public_id)]))
    assert "email you Sun at 1:00 PM (London time)" in page.content.decode().replace("\u00a0", " ")
    listed = client.get(reverse("reminders:plan_by_link", args=[links.sign("data", unsaid.contact_point.public_id)]))
    words = listed.content.decode().replace("\u00a0", " ")
    assert "6:00 PM" in words
    assert "London" in words


def test_guest_whose_browser_says_no_zone_is_reminded_by_the_rooms_clock() -> None:
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP, tz=LONDON, start_time=dt.time(13))
    occurrence = make_occurrence(meeting=meeting)
    (asked,) = request_guest_signup(
        meeting=Meeting.objects.get(),
        date=occurrence.original_date,
        every=False,
        email="newcomer@example.org",
        tz=None,
        language="en",
        hour_cycle="h12",
        now=NOW,
    )
    confirm_signups(signup=asked, now=NOW)
    assert planned(LONDON)[-1].endswith("18:00")
