"""One person, one address: whether they come as a guest, as a member or as both, in whatever order, each date is theirs
once and each message reaches them once."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from itertools import product

import pytest

from accounts.models import User
from accounts.services.guests import join_guest
from meetings.enums import SignupPolicy, SignupStatus
from meetings.models import Meeting, Occurrence, Signup
from meetings.reminders.models import Reminder
from meetings.services import handover, signups
from meetings.services.occurrences import cancel_occurrence, move_occurrence
from tests.conftest import NOW
from tests.factories import make_meeting
from tests.unit.test_guest_becomes_member import asked_by_guest, member
from tests.unit.test_reminder_engine import Told, run

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

HOUR = dt.timedelta(hours=1)
TUESDAY = dt.date(2026, 11, 24)


def guest_asks(meeting: Meeting, *, every: bool) -> Signup:
    return asked_by_guest(meeting, every=every)


def guest_confirms(signup: Signup) -> None:
    """Press the button behind the link in the mail, as meetings.views.signups does."""
    signup = Signup.objects.select_related("participant__contact_point").get(pk=signup.pk)
    signups.confirm_signups(signup=handover.as_members(signup=signup, now=NOW), now=NOW)


def member_signs_up(user: User, meeting: Meeting, *, every: bool) -> None:
    signups.create_member_signup(meeting=meeting, user=user, date=None if every else TUESDAY, every=every, now=NOW)


def heard(gateway: Told) -> Counter[tuple[str, dt.datetime]]:
    """Return how often each message reached them, but for the request to confirm, which answers a press of its own."""
    letters = [letter for letter in gateway.letters if letter.subject != "Please confirm"]
    return Counter((letter.subject, letter.sent_at) for letter in letters)


def live() -> Counter[int]:
    """Return how many live signups each date has."""
    return Counter(Signup.objects.live().values_list("occurrence_id", flat=True))


@pytest.mark.parametrize(
    ("is_guest_first", "guest_every", "member_every", "policy"),
    list(product([True, False], [True, False], [True, False], list(SignupPolicy))),
)
def test_both_ways_at_once_make_one_place_and_one_message_each(
    is_guest_first: bool, guest_every: bool, member_every: bool, policy: SignupPolicy
) -> None:
    meeting = make_meeting(signup_policy=policy)
    if is_guest_first:
        guest_confirms(guest_asks(meeting, every=guest_every))
        user = member()
        join_guest(user=user, now=NOW)
        member_signs_up(user, meeting, every=member_every)
    else:
        user = member()
        member_signs_up(user, meeting, every=member_every)
        guest_confirms(guest_asks(meeting, every=guest_every))
    assert set(live().values()) == {1}
    assert set(Signup.objects.live().values_list("participant__user", flat=True)) == {user.pk}
    date = Occurrence.objects.get(original_date=TUESDAY)
    gateway = run(at=NOW)
    move_occurrence(occurrence=date, starts_at=date.starts_at + HOUR, now=NOW + HOUR)
    for hours in range(2, 24 * 8):
        run(gateway, at=NOW + hours * HOUR)
    assert [letter for letter, times in heard(gateway).items() if times > 1] == []


@pytest.mark.parametrize("is_member", [True, False])
@pytest.mark.parametrize("has_place", [True, False])
def test_asking_as_a_guest_answers_alike_whoever_has_the_address(is_member: bool, has_place: bool) -> None:
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP)
    user = member() if is_member else None
    if user and has_place:
        member_signs_up(user, meeting, every=False)
        run(at=NOW - HOUR)
        Reminder.objects.all().delete()
    assert guest_asks(meeting, every=False).status == SignupStatus.PENDING
    assert run(at=NOW).subjects == ["Please confirm"]


@pytest.mark.parametrize("every", [True, False])
def test_unconfirmed_request_of_a_member_brings_no_second_news_of_a_change(every: bool) -> None:
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP)
    user = member()
    member_signs_up(user, meeting, every=every)
    guest_asks(meeting, every=every)
    gateway = run(at=NOW)
    date = Occurrence.objects.get(original_date=TUESDAY)
    move_occurrence(occurrence=date, starts_at=date.starts_at + HOUR, now=NOW + HOUR)
    run(gateway, at=NOW + HOUR)
    date.refresh_from_db()
    cancel_occurrence(occurrence=date, now=NOW + 2 * HOUR)
    run(gateway, at=NOW + 2 * HOUR)
    assert sorted(subject.split()[0] for subject, _at in heard(gateway).elements()) == [
        "Canceled:",
        "Confirmed",
        "Moved",
    ]


@pytest.mark.parametrize("is_seen", [True, False])
def test_whoever_never_confirms_hears_of_nothing_else(is_seen: bool) -> None:
    """The message says so: do nothing, and you won't hear from us again."""
    asked = guest_asks(make_meeting(signup_policy=SignupPolicy.SIGN_UP), every=False)
    gateway = Told()
    if is_seen:
        run(gateway, at=NOW)
    date = Occurrence.objects.get(pk=asked.occurrence_id)
    move_occurrence(occurrence=date, starts_at=date.starts_at + HOUR, now=NOW + HOUR)
    run(gateway, at=NOW + HOUR)
    date.refresh_from_db()
    cancel_occurrence(occurrence=date, now=NOW + 2 * HOUR)
    run(gateway, at=NOW + 2 * HOUR)
    assert gateway.subjects == ["Please confirm"]


def test_request_that_waits_in_the_mailbox_shows_the_new_time() -> None:
    asked = guest_asks(make_meeting(signup_policy=SignupPolicy.SIGN_UP), every=False)
    gateway = run(at=NOW)
    date = Occurrence.objects.get(pk=asked.occurrence_id)
    move_occurrence(occurrence=date, starts_at=date.starts_at + HOUR, now=NOW + HOUR)
    guest_confirms(asked)
    run(gateway, at=NOW + HOUR)
    assert gateway.subjects[1:] == ["Confirmed for Tue, Nov 24, 8:00 PM"]
    assert Signup.objects.get().status == SignupStatus.CONFIRMED
