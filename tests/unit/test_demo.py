"""The demo data: the README's first steps work at any hour, and nothing but the demo's own is touched."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client

from accounts.models import User
from meetings.management.commands.load_demo import GUEST, SOON, soon
from meetings.models import Meeting, Occurrence, OccurrenceChange, Signup
from meetings.queries.occurrences import upcoming_dates
from meetings.reminders.models import Reminder
from meetings.services.occurrences import cancel_occurrence, move_occurrence
from meetings.services.signups import confirm_signups, request_guest_signup
from support import clock
from tests.factories import make_meeting

pytestmark = pytest.mark.django_db

NEW_YORK = "America/New_York"
#: Before breakfast and late in the evening, in New York.
SIX, TEN = dt.time(6), dt.time(22)
SOON_ENOUGH = dt.timedelta(hours=2, minutes=2)
NOT_LATER = dt.timedelta(hours=2, minutes=10)


def at(day: dt.date, time: dt.time) -> dt.datetime:
    return clock.to_instant(dt.datetime.combine(day, time), NEW_YORK)


def started(moment: dt.datetime) -> Meeting:
    """Return the meeting of the first steps as a start of the site at `moment` makes it."""
    with time_machine.travel(moment, tick=False):
        call_command("load_demo", stdout=io.StringIO())
    found = soon()
    assert found is not None
    assert list(Meeting.objects.listed().filter(name=SOON, source="demo")) == [found]
    return found


def ask(meeting: Meeting, moment: dt.datetime, *, every: bool = False) -> Signup:
    """Ask to be reminded of the next date, and confirm it."""
    date = None if every else upcoming_dates(meeting, now=moment, limit=1)[0].original_date
    asked = request_guest_signup(
        meeting=meeting, date=date, every=every, email=GUEST, tz="Europe/Berlin", language="en", hour_cycle="h12",
        now=moment,
    )  # fmt: skip
    return confirm_signups(signup=asked[0], now=moment)[0]


@pytest.mark.parametrize("time", [SIX, TEN, dt.time(12, 30), dt.time(23, 58)])
@pytest.mark.parametrize("days", [0, 1, 400])
def test_meeting_of_the_first_steps_starts_soon_after_each_start(now: dt.datetime, time: dt.time, days: int) -> None:
    started(now)
    moment = at(now.date() + dt.timedelta(days=1 + days), time)
    meeting = started(moment)
    starts_at = upcoming_dates(meeting, now=moment, limit=1)[0].starts_at
    assert moment + SOON_ENOUGH <= starts_at <= moment + NOT_LATER
    assert meeting.next_starts_at == starts_at


@pytest.mark.parametrize("time", [SIX, TEN])
def test_guest_of_the_demo_is_reminded_within_minutes_at_night_too(now: dt.datetime, time: dt.time) -> None:
    moment = at(now.date(), time)
    ask(started(moment), moment)
    reminder = Reminder.objects.get(kind="reminder")
    assert reminder.state == "planned"
    assert moment < reminder.due_at <= moment + dt.timedelta(minutes=10)


def test_start_in_the_same_minutes_changes_nothing(now: dt.datetime) -> None:
    started(now)
    before = list(Meeting.objects.order_by("pk").values())
    started(now + dt.timedelta(minutes=2))
    assert list(Meeting.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("every", [False, True])
def test_what_somebody_asked_for_stays_and_another_meeting_starts_soon(now: dt.datetime, every: bool) -> None:
    first = started(now)
    place = ask(first, now, every=every)
    dates = list(Occurrence.objects.values_list("meeting", "starts_at", "status", "is_moved"))
    facilitator = User.objects.get(email="facilitator@example.org")
    for hours in (1, 2):
        again = started(now + dt.timedelta(hours=hours))
        assert again != first
        assert (list(again.facilitators.all()), again.venue, again.formats.count()) == ([facilitator], first.venue, 2)
    assert Meeting.objects.filter(name=SOON).count() == 2, "nobody knows of the other's dates, so that it moves"
    place.refresh_from_db()
    assert place.status == "confirmed"
    assert list(Occurrence.objects.values_list("meeting", "starts_at", "status", "is_moved")) == dates
    assert not OccurrenceChange.objects.exists()
    first.refresh_from_db()
    assert first.is_published


@pytest.mark.parametrize("change", [move_occurrence, cancel_occurrence])
def test_after_a_change_of_its_date_page_and_log_say_when_the_next_start_makes_it_start(
    client: Client, now: dt.datetime, change: Callable[..., object]
) -> None:
    """As README's step 4 has it, and then its step 3: start the server again."""
    first = started(now)
    place = ask(first, now)
    elsewhen = {"starts_at": place.occurrence.starts_at + dt.timedelta(hours=2)} if change is move_occurrence else {}
    change(occurrence=place.occurrence, now=now, **elsewhen)
    log = io.StringIO()
    with time_machine.travel(now + dt.timedelta(minutes=35), tick=False):
        call_command("load_demo", stdout=log)
        html = client.get(first.get_absolute_url()).content.decode()
    said = re.search(r"starts at (\d+:\d\d) PM New York time", log.getvalue())
    assert said
    assert said[1] == "8:43"
    assert f"{said[1]}–9:43" in html
    assert "Moved from" not in html
    assert "Canceled" not in html


def test_those_who_run_it_do_not_run_more_with_each_start(now: dt.datetime) -> None:
    for day in range(3):
        moment = now + dt.timedelta(days=day)
        ask(started(moment), moment)
    facilitator = User.objects.get(email="facilitator@example.org")
    assert facilitator.facilitated_meetings.filter(name=SOON).count() == 1


def test_listings_of_the_operator_are_never_touched(now: dt.datetime) -> None:
    make_meeting(name=SOON)
    meeting = started(now)
    Meeting.objects.filter(pk=meeting.pk).update(name="Front Step")
    before = list(Meeting.objects.order_by("pk").values())
    with time_machine.travel(now + dt.timedelta(days=1), tick=False):
        call_command("load_demo", stdout=io.StringIO())
    assert list(Meeting.objects.order_by("pk").values()) == before


def test_first_steps_name_what_the_demo_has() -> None:
    steps = (Path(__file__).parents[2] / "README.md").read_text().partition("## First steps")[2]
    assert all(name in steps for name in (SOON, GUEST, "facilitator@example.org"))
