"""A new release of the time-zone data: clocks somewhere will show another time than was thought."""

from __future__ import annotations

import datetime as dt

import pytest

from meetings.enums import SignupPolicy
from meetings.models import Meeting, Occurrence
from meetings.reminders.models import Reminder, ZoneRelease
from meetings.reminders.services import plan
from meetings.reminders.services.zones import ZONES, follow_zone_data
from meetings.services import schedule
from support import clock
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_signup

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

HOUR = dt.timedelta(hours=1)


def test_release_names_the_data_and_is_the_same_each_time() -> None:
    assert clock.zone_release() == clock.zone_release()
    assert len(clock.zone_release()) == 32


def test_first_time_and_the_same_release_change_nothing() -> None:
    assert not follow_zone_data(release="a", now=NOW)
    assert not follow_zone_data(release="a", now=NOW + HOUR)
    assert ZoneRelease.objects.get().applied_at == NOW


def test_new_release_moves_dates_and_what_is_planned_for_them() -> None:
    follow_zone_data(release="a", now=NOW)
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP)
    schedule.refresh_next(meeting, now=NOW)
    # By the older data New York was an hour off.
    right = make_occurrence(meeting=meeting).starts_at
    Occurrence.objects.update(starts_at=right - HOUR, ends_at=right)
    Meeting.objects.update(next_starts_at=NOW)
    signup = make_signup(occurrence=Occurrence.objects.get())
    plan.plan_reminders(signups=[signup], now=NOW)
    assert follow_zone_data(release="b", now=NOW)
    signup.occurrence.refresh_from_db()
    assert (signup.occurrence.starts_at, signup.occurrence.schedule_seq) == (right, 1)
    meeting.refresh_from_db()
    # 19:00 that same Tuesday.
    assert meeting.next_starts_at == NOW + HOUR
    unsent = Reminder.objects.unsent().filter(kind="reminder").order_by("due_at")
    assert list(unsent.values_list("due_at", flat=True)) == [right - 3 * 24 * HOUR, right - 25 * HOUR]
    assert ZoneRelease.objects.get().version == "b"
    assert not follow_zone_data(release="b", now=NOW)


def test_new_release_reaches_meetings_that_are_not_published_yet() -> None:
    meeting = make_meeting(is_published=False, next_starts_at=NOW)
    follow_zone_data(release="a", now=NOW)
    assert follow_zone_data(release="b", now=NOW)
    meeting.refresh_from_db()
    assert meeting.next_starts_at == NOW + HOUR


def test_new_release_moves_a_readers_day_and_says_why() -> None:
    follow_zone_data(release="a", now=NOW)
    signup = make_signup(
        occurrence=make_occurrence(meeting=make_meeting(signup_policy=SignupPolicy.SIGN_UP)),
        participant=make_participant(),
    )
    plan.plan_reminders(signups=[signup], now=NOW)
    evening = Reminder.objects.get(lead_key="1d@18:00")
    # By the older data six in the evening was an hour later.
    Reminder.objects.filter(pk=evening.pk).update(due_at=evening.due_at + HOUR)
    assert follow_zone_data(release="b", now=NOW)
    again = Reminder.objects.unsent().get(lead_key="1d@18:00")
    assert again.due_at == evening.due_at
    evening.refresh_from_db()
    assert (evening.state, evening.reason) == ("superseded", ZONES)
