"""A guest on a waitlist who asks again is told so: the page says that a message is on its way to whoever asks."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from meetings.enums import SignupPolicy, SignupStatus
from meetings.models import Meeting, Signup
from meetings.reminders.services.deliver import claim
from meetings.services import signups
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_user
from tests.unit.test_reminder_engine import run

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

MINUTE = dt.timedelta(minutes=1)
ON = dt.date(2026, 11, 24)


@pytest.fixture
def full() -> Meeting:
    """A meeting whose one place on a date is taken."""
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP, capacity=1)
    make_occurrence(meeting=meeting, on=ON)
    signups.create_member_signup(meeting=meeting, user=make_user(), date=ON, every=False, now=NOW)
    run()
    return meeting


def ask(meeting: Meeting, *, at: dt.datetime = NOW, every: bool = False) -> list[Signup]:
    return signups.request_guest_signup(
        meeting=meeting,
        date=None if every else ON,
        every=every,
        email="guest@example.org",
        tz="America/New_York",
        language="en",
        hour_cycle="h12",
        now=at,
    )


def on_the_waitlist(meeting: Meeting) -> Signup:
    [signup] = ask(meeting)
    run()
    signups.confirm_signups(signup=signup, now=NOW)
    signup.refresh_from_db()
    assert signup.status == SignupStatus.WAITLISTED
    return signup


def test_confirming_onto_a_waitlist_is_answered_with_a_link_that_lasts(full: Meeting) -> None:
    [signup] = ask(full)
    run()
    for _twice in range(2):
        signups.confirm_signups(signup=signup, now=NOW + MINUTE)
    [letter] = run(at=NOW + MINUTE).letters
    assert letter.subject == "On the waitlist: Tue, Nov 24, 7:00 PM"
    assert "Details, and how to leave the waitlist:" in letter.text
    assert letter.calendars == ()
    # And once a place is free, of that.
    taken = Signup.objects.get(status=SignupStatus.CONFIRMED)
    signups.cancel_signup(signup=taken, now=NOW + 20 * MINUTE)
    mine = [each.subject for each in run(at=NOW + 20 * MINUTE).letters if each.to == "guest@example.org"]
    assert mine == ["Confirmed for Tue, Nov 24, 7:00 PM"]


def test_member_on_a_waitlist_is_told_so(full: Meeting) -> None:
    user = make_user()
    signups.create_member_signup(meeting=full, user=user, date=ON, every=False, now=NOW)
    assert run().subjects == ["On the waitlist: Tue, Nov 24, 7:00 PM"]


def test_place_that_is_free_while_the_answer_is_in_a_workers_hand_is_told_alone(full: Meeting) -> None:
    on_the_waitlist(full)
    claim(now=NOW, token=uuid.uuid4())
    taken = Signup.objects.get(status=SignupStatus.CONFIRMED)
    signups.cancel_signup(signup=taken, now=NOW + MINUTE)
    mine = [each.subject for each in run(at=NOW + 20 * MINUTE).letters if each.to == "guest@example.org"]
    assert mine == ["Confirmed for Tue, Nov 24, 7:00 PM"]


def test_asking_again_says_where_they_stand_and_puts_nothing_into_a_calendar(full: Meeting) -> None:
    on_the_waitlist(full)
    run()
    ask(full, at=NOW + 20 * MINUTE)
    [letter] = run(at=NOW + 20 * MINUTE).letters
    assert letter.subject == "On the waitlist: Tue, Nov 24, 7:00 PM"
    assert "You’re on the waitlist. We’ll write to you as soon as a place is free:" in letter.text
    assert "Details, and how to leave the waitlist:" in letter.text
    assert "You have a place" not in letter.text + letter.html
    assert "give your place back" not in letter.text + letter.html
    assert letter.calendars == ()


def test_asking_twice_at_once_is_answered_once(full: Meeting) -> None:
    on_the_waitlist(full)
    run()
    ask(full, at=NOW + 20 * MINUTE)
    ask(full, at=NOW + 20 * MINUTE)
    assert len(run(at=NOW + 20 * MINUTE).letters) == 1


def test_place_that_came_free_before_the_answer_left_is_what_it_says(full: Meeting) -> None:
    signup = on_the_waitlist(full)
    run()
    ask(full, at=NOW + 20 * MINUTE)
    taken = Signup.objects.get(status=SignupStatus.CONFIRMED)
    signups.cancel_signup(signup=taken, now=NOW + 20 * MINUTE)
    mine = [each.subject for each in run(at=NOW + 20 * MINUTE).letters if each.to == "guest@example.org"]
    signup.refresh_from_db()
    assert signup.status == SignupStatus.CONFIRMED
    assert mine == ["Confirmed for Tue, Nov 24, 7:00 PM"]


def test_who_has_some_dates_and_waits_for_others_reads_of_what_is_certain(full: Meeting) -> None:
    signups.confirm_signups(signup=ask(full, every=True)[0], now=NOW)
    run()
    ask(full, at=NOW + 20 * MINUTE, every=True)
    [letter] = run(at=NOW + 20 * MINUTE).letters
    assert letter.subject.startswith("Confirmed for ")
    assert "waitlist" not in letter.text
