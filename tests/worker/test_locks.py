"""Two who change the same thing, the second while the first is not done: it waits, and acts on what it sees then."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

import pytest
from django.db import connection, transaction

from accounts.enums import OFFERED_PURPOSES, Purpose
from accounts.models import Consent, Preferences
from accounts.person import of_guest
from accounts.services.consents import choose
from accounts.services.preferences import save_preferences
from meetings.enums import SignupPolicy, SignupStatus
from meetings.models import Meeting, Occurrence, OccurrenceChange, Signup, StandingSignup
from meetings.services import roles
from meetings.services.occurrences import cancel_occurrence, move_occurrence
from meetings.services.signups import create_member_signup, end_standing_signup, extend_standing_signups
from tests.conftest import NOW
from tests.factories import make_contact_point, make_meeting, make_occurrence, make_user

# SQLite has no locks of rows: there, whoever writes has the whole database.
pytestmark = [
    pytest.mark.postgres,
    pytest.mark.usefixtures("postgres"),
    pytest.mark.django_db(transaction=True),
]

DATE = dt.date(2026, 11, 24)
WEEK = dt.timedelta(days=7)

T = TypeVar("T")


def begin(job: Callable[[], T]) -> Future[T]:
    """Begin `job` on a connection of its own; return once it waits for a lock of somebody else's, or is done."""
    backends: SimpleQueue[int] = SimpleQueue()

    def run() -> T:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                backends.put(cursor.fetchone()[0])
            return job()
        finally:
            connection.close()

    pool = ThreadPoolExecutor(max_workers=1)
    begun = pool.submit(run)
    pool.shutdown(wait=False)
    backend = backends.get(timeout=20)
    while not begun.done() and not _waits(backend):
        time.sleep(0.01)
    return begun


def _waits(backend: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [backend])
        return bool(cursor.fetchone()[0])


@pytest.fixture
def meeting() -> Meeting:
    return make_meeting(signup_policy=SignupPolicy.SIGN_UP, capacity=1)


def move(occurrence: Occurrence) -> OccurrenceChange:
    return move_occurrence(occurrence=occurrence, starts_at=NOW + 2 * WEEK, now=NOW)


def cancel(occurrence: Occurrence) -> OccurrenceChange:
    return cancel_occurrence(occurrence=occurrence, now=NOW)


@pytest.mark.parametrize("change", [move, cancel])
def test_a_date_changed_in_two_tabs_is_one_change(change: Callable[[Occurrence], OccurrenceChange]) -> None:
    occurrence = make_occurrence()
    with transaction.atomic():
        first = change(occurrence)
        second = begin(lambda: change(occurrence))
        assert not second.done()
    assert second.result() == first
    assert OccurrenceChange.objects.get().schedule_seq == 1


def test_a_place_freed_while_somebody_joins_the_waitlist_is_theirs(meeting: Meeting) -> None:
    create_member_signup(meeting=meeting, user=make_user(), date=None, every=True, now=NOW)
    standing = StandingSignup.objects.get()
    with transaction.atomic():
        (joined,) = create_member_signup(meeting=meeting, user=make_user(), date=DATE, every=False, now=NOW)
        assert joined.status == SignupStatus.WAITLISTED
        freeing = begin(lambda: end_standing_signup(standing=standing, now=NOW))
        assert not freeing.done()
    freeing.result()
    joined.refresh_from_db()
    assert joined.status == SignupStatus.CONFIRMED


def test_whoever_stops_coming_while_the_coming_weeks_are_filled_in_gets_no_more_places(meeting: Meeting) -> None:
    create_member_signup(meeting=meeting, user=make_user(), date=None, every=True, now=NOW)
    with transaction.atomic():
        end_standing_signup(standing=StandingSignup.objects.get(), now=NOW)
        filling = begin(lambda: extend_standing_signups(now=NOW + WEEK))
        assert not filling.done()
    assert filling.result() == 0
    assert set(Signup.objects.values_list("status", flat=True)) == {SignupStatus.CANCELLED}


def test_an_invitation_taken_by_two_at_once_is_the_first_ones(meeting: Meeting) -> None:
    staff, first, late = make_user(is_staff=True), make_user(), make_user()
    invitation = roles.invite_facilitator(meeting=meeting, actor=staff, now=NOW)
    with transaction.atomic():
        roles.accept_invitation(invitation=invitation, user=first, now=NOW)
        second = begin(lambda: roles.accept_invitation(invitation=invitation, user=late, now=NOW))
        assert not second.done()
    with pytest.raises(roles.InvitationOver):
        second.result()
    assert list(meeting.facilitators.all()) == [first]


def test_a_choice_saved_in_two_tabs_is_recorded_once() -> None:
    point = make_contact_point()

    def say_yes() -> list[Consent]:
        return choose(contact_point=point, wanted=[Purpose.CHANGES], wording="w1", source="test", now=NOW)

    with transaction.atomic():
        assert len(say_yes()) == len(OFFERED_PURPOSES)
        second = begin(say_yes)
        assert not second.done()
    assert second.result() == []
    assert Consent.objects.count() == len(OFFERED_PURPOSES)


def test_the_last_of_two_choices_made_at_once_holds() -> None:
    person = of_guest(make_contact_point())
    save_preferences(person=person, wording="discreet", now=NOW)
    with transaction.atomic():
        save_preferences(person=person, wording="detailed", now=NOW)
        # What it asks for is what anybody else still sees: it must not take that for "nothing to do".
        second = begin(lambda: save_preferences(person=person, wording="discreet", now=NOW))
        assert not second.done()
    second.result()
    assert Preferences.objects.get().wording == "discreet"
