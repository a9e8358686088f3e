"""Many at once for few places, on real locks: never one too many, first come first served, nobody twice."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from accounts.models import ContactPoint
from meetings.enums import SignupPolicy, SignupStatus
from meetings.models import Meeting, Signup, StandingSignup
from meetings.services import signups as services
from meetings.services.occurrences import ensure_occurrence
from tests.conftest import NOW
from tests.factories import make_meeting, make_user

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

DATE = dt.date(2026, 11, 24)
PLACES = 20


def at_once(work: Callable[[int], object], count: int) -> list[object]:
    """Run `work` for 0 to `count` - 1 on eight threads, each with a database connection of its own."""

    def run(number: int) -> object:
        try:
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=8) as pool:
        return list(pool.map(run, range(count)))


@pytest.fixture
def meeting() -> Meeting:
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP, capacity=PLACES)
    ensure_occurrence(meeting=meeting, date=DATE, now=NOW)
    return meeting


def ask(meeting: Meeting, email: str, *, every: bool = False) -> list[Signup]:
    return services.request_guest_signup(
        meeting=meeting,
        date=None if every else DATE,
        every=every,
        email=email,
        tz="America/New_York",
        language="en",
        hour_cycle="h12",
        now=NOW,
    )


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_five_hundred_at_once_get_twenty_places(meeting: Meeting) -> None:
    waiting = [ask(meeting, f"guest{number}@example.org")[0] for number in range(500)]
    at_once(lambda number: services.confirm_signups(signup=waiting[number], now=NOW), 500)
    statuses = Counter(Signup.objects.values_list("status", flat=True))
    assert statuses == {SignupStatus.CONFIRMED: PLACES, SignupStatus.WAITLISTED: 500 - PLACES}


def test_places_given_back_at_once_go_to_the_first_who_wait(meeting: Meeting) -> None:
    users = [make_user() for _ in range(40)]
    made = [
        services.create_member_signup(meeting=meeting, user=user, date=DATE, every=False, now=NOW)[0] for user in users
    ]
    at_once(lambda number: services.cancel_signup(signup=made[number], now=NOW), 15)
    in_order = list(Signup.objects.order_by("created_at", "pk").values_list("status", flat=True))
    assert in_order == ["cancelled"] * 15 + ["confirmed"] * PLACES + ["waitlisted"] * 5


@pytest.mark.parametrize("every", [False, True])
def test_one_person_who_clicks_in_many_tabs_is_one_signup(meeting: Meeting, every: bool) -> None:
    at_once(lambda _number: ask(meeting, "hurried@example.org", every=every), 12)
    assert ContactPoint.objects.count() == 1
    assert StandingSignup.objects.count() == (1 if every else 0)
    dates = list(Signup.objects.values_list("occurrence__original_date", flat=True))
    assert len(dates) == len(set(dates)) == (4 if every else 1)


def test_confirming_twice_at_once_takes_one_place_and_keeps_it(meeting: Meeting) -> None:
    Meeting.objects.update(capacity=1)
    signup = ask(meeting, "hurried@example.org")[0]
    at_once(lambda _number: services.confirm_signups(signup=Signup.objects.get(pk=signup.pk), now=NOW), 8)
    assert list(Signup.objects.values_list("status", flat=True)) == [SignupStatus.CONFIRMED]


def test_confirming_and_giving_back_at_once_leaves_one_answer_and_no_place_lost(meeting: Meeting) -> None:
    Meeting.objects.update(capacity=1)
    signups = [ask(meeting, f"guest{number}@example.org")[0] for number in range(10)]

    def confirm_or_give_back(number: int) -> None:
        signup = Signup.objects.get(pk=signups[number // 2].pk)
        verb = services.confirm_signups if number % 2 else services.cancel_signup
        verb(signup=signup, now=NOW)

    at_once(confirm_or_give_back, 20)
    found = Counter(Signup.objects.values_list("status", flat=True))
    assert found[SignupStatus.PENDING] == 0
    assert found[SignupStatus.CONFIRMED] == min(1, 10 - found[SignupStatus.CANCELLED])
