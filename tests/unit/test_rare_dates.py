"""Whoever comes every time to a meeting that is rare always has its next date, and hears what becomes of it."""

from __future__ import annotations

import datetime as dt

import pytest

from meetings.enums import SignupPolicy
from meetings.models import Meeting, Signup
from meetings.services import schedule, signups
from tests.conftest import NOW
from tests.factories import make_meeting, make_user
from tests.unit.test_reminder_engine import run

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

DAY = dt.timedelta(days=1)
#: The first Tuesday of December is over, and that of January is five weeks away.
THEN = NOW + 15 * DAY


@pytest.fixture
def monthly() -> Meeting:
    return make_meeting(signup_policy=SignupPolicy.SIGN_UP, rrule="FREQ=MONTHLY;BYDAY=1TU")


def come(meeting: Meeting, at: dt.datetime) -> list[Signup]:
    return signups.create_member_signup(meeting=meeting, user=make_user(), date=None, every=True, now=at)


def dates() -> list[dt.date]:
    return sorted(Signup.objects.live().values_list("occurrence__original_date", flat=True))


def test_asking_when_the_next_date_is_far_gives_a_place_on_it(monthly: Meeting) -> None:
    come(monthly, THEN)
    assert dates() == [dt.date(2027, 1, 5)]
    [letter] = run(at=THEN).letters
    assert "Tuesday, January 5" in letter.text


def test_next_one_is_made_once_the_last_is_over_and_only_that(monthly: Meeting) -> None:
    come(monthly, NOW)
    assert dates() == [dt.date(2026, 12, 1)]
    assert signups.extend_standing_signups(now=THEN) == 1
    assert signups.extend_standing_signups(now=THEN + DAY) == 0
    assert dates() == [dt.date(2026, 12, 1), dt.date(2027, 1, 5)]


@pytest.mark.parametrize("rrule", ["FREQ=MONTHLY;BYDAY=2TH", "FREQ=MONTHLY;BYDAY=3TU"])
def test_other_days_are_told_however_far_the_next_date_is(monthly: Meeting, rrule: str) -> None:
    come(monthly, NOW)
    signups.extend_standing_signups(now=THEN)
    run(at=THEN)
    monthly.rrule = rrule
    monthly.save(update_fields=["rrule"])
    schedule.reschedule(monthly, now=THEN)
    [letter] = run(at=THEN).letters
    assert letter.subject == "It moves to other days"


def test_another_time_is_told_however_far_the_next_date_is(monthly: Meeting) -> None:
    come(monthly, NOW)
    signups.extend_standing_signups(now=THEN)
    run(at=THEN)
    monthly.start_time = dt.time(18, 0)
    monthly.save(update_fields=["start_time"])
    schedule.reschedule(monthly, now=THEN)
    [letter] = run(at=THEN).letters
    assert letter.subject == "Starting Tue, Jan 5: 6:00 PM"


# -- and for as long as they come --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "subject"),
    [
        ({"start_time": dt.time(18, 0)}, "Starting Tue, Dec 29: 6:00 PM"),
        ({"duration": dt.timedelta(minutes=60)}, "Tue 7:00 PM and 3 more: now until 8:00 PM"),
        ({"rrule": "FREQ=WEEKLY;BYDAY=WE"}, "Tuesdays move to Wednesdays"),
        ({"rrule": "FREQ=WEEKLY;BYDAY=TU;UNTIL=20261220"}, "Canceled: Tue 7:00 PM and 3 more"),
    ],
)
def test_who_has_come_for_weeks_hears_of_a_change_of_the_rule_once(fields: dict[str, object], subject: str) -> None:
    """All of their dates were made later than their wish to come every time."""
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP)
    come(meeting, NOW)
    for days in range(0, 40, 3):
        signups.extend_standing_signups(now=NOW + days * DAY)
        run(at=NOW + days * DAY)
    then = NOW + 40 * DAY
    for name, value in fields.items():
        setattr(meeting, name, value)
    meeting.save(update_fields=list(fields))
    schedule.reschedule(meeting, now=then)
    assert [letter.subject for letter in run(at=then).letters] == [subject]
    signups.extend_standing_signups(now=then + DAY)
    schedule.reschedule(meeting, now=then + DAY)
    assert not [letter for letter in run(at=then + DAY).letters if "Reminder" not in letter.subject]


def test_date_that_is_made_after_the_rule_changed_is_known_by_the_new_rule() -> None:
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP)
    come(meeting, NOW)
    run()
    meeting.start_time = dt.time(18, 0)
    meeting.save(update_fields=["start_time"])
    schedule.reschedule(meeting, now=NOW + DAY)
    assert len(run(at=NOW + DAY).letters) == 1
    assert signups.extend_standing_signups(now=NOW + 8 * DAY) > 0
    assert [letter.subject for letter in run(at=NOW + 8 * DAY).letters if "Reminder" not in letter.subject] == []
