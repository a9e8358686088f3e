"""What an import changes about a meeting is told to those who come; what a list merely lost is asked about first."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from meetings.enums import MeetingState
from meetings.models import Meeting, PlaceChange
from meetings.reminders.enums import ReminderKind
from meetings.reminders.models import Reminder
from meetings.services import missing
from support import clock
from tests.conftest import NOW
from tests.factories import make_occurrence, make_signup, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

ROWS: list[dict[str, Any]] = [
    {
        "slug": f"porch-light-{number}",
        "name": f"Porch Light {number}",
        "day": 2,
        "time": "19:00",
        "end_time": "20:00",
        "timezone": "America/New_York",
        "location": "Elm House",
        "address": "12 Elm Street",
        "city": "Albany",
        "state": "NY",
        "postal_code": "12207",
        "country": "US",
        "types": ["O"],
    }
    for number in range(4)
]


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return tmp_path / "river.json"


def take_in(feed: Path, rows: list[dict[str, Any]]) -> None:
    feed.write_text(json.dumps(rows))
    how = {"unpublish_missing": True, "unpublish_many": True}
    call_command("import_meetings", str(feed), service_body="River Area", verbosity=0, **how)


def with_(**fields: Any) -> list[dict[str, Any]]:
    """Return the list with other `fields` in its first row."""
    return [ROWS[0] | fields, *ROWS[1:]]


@pytest.fixture
def expected(feed: Path) -> Meeting:
    """The first meeting of the list, with somebody who comes; nobody comes to the others."""
    take_in(feed, ROWS)
    meeting = Meeting.objects.get(source_id="porch-light-0")
    make_signup(occurrence=make_occurrence(meeting=meeting))
    return meeting


def planned() -> list[str]:
    news = Reminder.objects.unsent().exclude(kind=ReminderKind.REMINDER)
    return sorted(news.values_list("kind", flat=True))


def state_of(meeting: Meeting) -> MeetingState:
    return Meeting.objects.get(pk=meeting.pk).state


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({"address": "14 Oak Avenue"}, [ReminderKind.CHANGED]),
        ({"location": "Elm House, Room 3"}, [ReminderKind.CHANGED]),
        ({"types": ["O", "ONL"], "conference_url": "https://zoom.us/j/123"}, [ReminderKind.CHANGED]),
        ({"types": ["O", "TC"]}, [ReminderKind.OFF]),
        ({"address": "12 ELM ST"}, []),
        ({"notes": "Newcomers welcome"}, []),
        ({"latitude": 42.65, "longitude": -73.75}, []),
    ],
)
def test_import_tells_who_comes_what_changed(feed: Path, expected: Meeting, fields: Any, kinds: list[str]) -> None:
    take_in(feed, with_(**fields))

    assert planned() == kinds
    take_in(feed, with_(**fields))
    assert planned() == kinds


def test_what_its_list_has_lost_waits_for_an_answer_and_is_on_when_the_list_has_it_again(
    feed: Path, expected: Meeting
) -> None:
    take_in(feed, ROWS[1:])
    assert (state_of(expected), planned()) == (MeetingState.IN_DOUBT, [])

    take_in(feed, ROWS)
    assert (state_of(expected), planned()) == (MeetingState.ON, [])
    assert Meeting.objects.get(pk=expected.pk).missing_since is None


def test_who_said_that_it_is_on_is_not_asked_again_until_the_list_has_had_it_again(
    feed: Path, expected: Meeting
) -> None:
    take_in(feed, ROWS[1:])
    missing.keep(meeting=expected, now=clock.now())

    take_in(feed, ROWS[1:])
    assert state_of(expected) is MeetingState.ON
    take_in(feed, ROWS)
    take_in(feed, ROWS[1:])
    assert state_of(expected) is MeetingState.IN_DOUBT


def test_what_was_ended_is_on_again_when_its_list_has_it_again(feed: Path, expected: Meeting) -> None:
    take_in(feed, ROWS[1:])
    missing.end(meeting=expected, now=clock.now())
    assert planned() == [ReminderKind.OFF]

    take_in(feed, ROWS)

    # Nothing had gone out yet.
    assert (state_of(expected), planned()) == (MeetingState.ON, [])


def test_what_nobody_comes_to_is_taken_down_at_once_as_ever(feed: Path, expected: Meeting) -> None:
    take_in(feed, ROWS[:1])

    lost = Meeting.objects.exclude(pk=expected.pk)
    assert {each.state for each in lost} == {MeetingState.OFF}
    assert missing.ask(now=NOW) == 0


def test_list_that_lost_nearly_all_asks_in_one_letter(feed: Path, mailoutbox: list[Any]) -> None:
    make_user(email="staff@example.org", is_staff=True)
    many = [ROWS[0] | {"slug": f"lamp-{number}", "name": f"Lamp {number}"} for number in range(60)]
    take_in(feed, many)
    for meeting in Meeting.objects.all():
        make_signup(occurrence=make_occurrence(meeting=meeting))

    take_in(feed, many[:1])

    assert missing.ask(now=NOW + dt.timedelta(minutes=1)) == 1
    (letter,) = mailoutbox
    assert letter.to == ["staff@example.org"]
    assert letter.body.count("Lamp ") == 20
    assert "and 39 more" in letter.body


def test_place_of_a_meeting_to_which_nobody_comes_leaves_no_trace(feed: Path, expected: Meeting) -> None:
    take_in(feed, [ROWS[0], ROWS[1] | {"address": "14 Oak Avenue"}, *ROWS[2:]])

    assert not PlaceChange.objects.exists()
