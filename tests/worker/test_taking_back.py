"""Messages that are taken back or planned anew at the very moment a worker begins them, on real locks.

Whoever changes something waits until the worker has begun, and goes by what it finds then: nothing is both sent and
taken back, and nothing is said twice.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.enums import Channel, Purpose
from accounts.person import of_guest, of_member
from accounts.services.preferences import save_preferences
from meetings.models import Signup
from meetings.reminders.enums import Lane, ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services import hot, inbound, plan
from meetings.reminders.services.deliver import LEASE, claim
from meetings.reminders.services.optout import withdraw
from meetings.reminders.services.replan import WISHES, replan
from meetings.services.occurrences import cancel_occurrence, move_occurrence
from meetings.services.signups import cancel_signup, create_member_signup, member_participant
from tests.conftest import NOW
from tests.factories import make_contact_point, make_meeting, make_reminder, make_signup, make_user

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("postgres")]

HOUR = dt.timedelta(hours=1)

Begin = Callable[..., Future[object]]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """A function that begins a job on a connection of its own, and returns once it waits for this one's locks.

    Where another is named, once it waits for that.
    """

    def run(job: Callable[[], object]) -> object:
        try:
            return job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=1) as pool:

        def begin(job: Callable[[], object], holder: BaseDatabaseWrapper = connection) -> Future[object]:
            running = pool.submit(run, job)
            wait_for(running, holder)
            return running

        yield begin


def wait_for(running: Future[object], holder: BaseDatabaseWrapper) -> None:
    """Return once a job waits for a lock that `holder` has."""
    with holder.cursor() as cursor:
        while True:
            cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid)))")
            if cursor.fetchone()[0]:
                return
            assert not running.done(), f"it waited for nothing: {running.exception() or running.result()}"
            time.sleep(0.01)


@pytest.fixture
def elsewhere() -> Iterator[BaseDatabaseWrapper]:
    """Another connection to the same database, in a transaction of its own."""
    other = connection.copy()
    other.set_autocommit(False)
    yield other
    other.close()


def in_hand(reminder: Reminder) -> uuid.UUID:
    """Let a worker claim a reminder, and nothing else."""
    token = uuid.uuid4()
    Reminder.objects.filter(pk=reminder.pk).update(lane=Lane.URGENT, due_at=NOW)
    assert claim(now=NOW, token=token, limit=1) == [reminder.pk]
    return token


def begin_sending(reminder: Reminder, token: uuid.UUID) -> None:
    assert hot.begin(pk=reminder.pk, attempt=1, token=token, now=NOW, lease_until=NOW + LEASE)


def states(kind: ReminderKind) -> list[str]:
    return list(Reminder.objects.filter(kind=kind).order_by("pk").values_list("state", flat=True))


@pytest.mark.parametrize(
    "change",
    [
        lambda signup: withdraw(
            contact_point=signup.participant.contact_point, purposes=[Purpose.CHANGES], source="test", now=NOW
        ),
        lambda signup: cancel_signup(signup=signup, now=NOW),
        lambda signup: cancel_occurrence(occurrence=signup.occurrence, now=NOW),
        lambda signup: move_occurrence(
            occurrence=signup.occurrence, starts_at=signup.occurrence.starts_at + HOUR, now=NOW
        ),
    ],
    ids=["consent withdrawn", "place given back", "date canceled", "date moved"],
)
def test_message_that_is_being_begun_is_not_taken_back(begin: Begin, change: Callable[[Signup], object]) -> None:
    reminder = make_reminder(kind=ReminderKind.MOVED)
    token = in_hand(reminder)
    signup = Signup.objects.select_related("occurrence__meeting", "participant__contact_point").get()
    with transaction.atomic():
        begin_sending(reminder, token)
        changing = begin(lambda: change(signup))
    changing.result()
    reminder.refresh_from_db()
    assert (reminder.state, reminder.claim_token, reminder.attempt) == (ReminderState.SUBMITTING, token, 1)


def test_text_that_is_being_begun_when_stop_comes_is_not_taken_back(begin: Begin) -> None:
    phone = make_contact_point(user=make_user(), channel=Channel.SMS, value="+12025550143")
    reminder = make_reminder(kind=ReminderKind.MOVED, channel=Channel.SMS, contact_point=phone)
    make_reminder(kind=ReminderKind.MOVED, channel=Channel.SMS, contact_point=phone)
    token = in_hand(reminder)
    with transaction.atomic():
        begin_sending(reminder, token)
        stopping = begin(lambda: inbound.stop(number=phone.value, contact_points=[phone], now=NOW))
    stopping.result()
    assert states(ReminderKind.MOVED) == [ReminderState.SUBMITTING, ReminderState.SUPERSEDED]


def test_standing_confirmation_that_is_being_begun_is_not_sent_again_when_a_date_moves(begin: Begin) -> None:
    places = create_member_signup(meeting=make_meeting(), user=make_user(), date=None, every=True, now=NOW)
    confirmation = Reminder.objects.get(kind=ReminderKind.CONFIRMATION)
    token = in_hand(confirmation)
    date = places[2].occurrence
    with transaction.atomic():
        begin_sending(confirmation, token)
        moving = begin(lambda: move_occurrence(occurrence=date, starts_at=date.starts_at + HOUR, now=NOW))
    moving.result()
    # It says the old time, so that the new one is news.
    assert (states(ReminderKind.CONFIRMATION), states(ReminderKind.MOVED)) == (["submitting"], ["planned"])


def test_reminder_that_is_being_begun_is_not_planned_for_another_time(begin: Begin) -> None:
    signup = make_signup()
    plan.plan_reminders(signups=[signup], now=NOW)
    reminder = Reminder.objects.get()
    token = in_hand(reminder)
    guest = of_guest(signup.participant.contact_point)
    with transaction.atomic():
        begin_sending(reminder, token)
        # With these wishes, two hours before would be in quiet hours.
        wishing = begin(
            lambda: save_preferences(person=guest, quiet_from=dt.time(16), quiet_until=dt.time(17, 30), now=NOW)
        )
    wishing.result()
    assert states(ReminderKind.REMINDER) == [ReminderState.SUBMITTING]


def test_reminder_that_came_in_meanwhile_and_is_being_begun_is_not_superseded(
    begin: Begin, elsewhere: BaseDatabaseWrapper
) -> None:
    """One that was planned after the locks were taken, and begun before the new plan was written."""
    signup = make_signup()
    plan.plan_reminders(signups=[signup], now=NOW)
    first = Reminder.objects.get()
    with elsewhere.cursor() as cursor:
        cursor.execute("SELECT 1 FROM reminders_reminder WHERE id = %s FOR UPDATE", [first.pk])
    planning = begin(lambda: replan(participants=[signup.participant_id], why=WISHES, now=NOW), elsewhere)
    second = make_reminder(signup=signup, kind=ReminderKind.REMINDER, lead_key="7d")
    token = in_hand(second)
    with transaction.atomic():
        begin_sending(second, token)
        elsewhere.commit()
        wait_for(planning, connection)
    planning.result()
    second.refresh_from_db()
    assert (second.state, second.claim_token) == (ReminderState.SUBMITTING, token)


def test_wishes_hold_for_a_place_that_is_being_taken_at_that_moment(begin: Begin) -> None:
    user = make_user()
    meeting = make_meeting()
    member_participant(user=user, now=NOW)
    with transaction.atomic():
        create_member_signup(meeting=meeting, user=user, date=dt.date(2026, 11, 24), every=False, now=NOW)
        wishing = begin(lambda: save_preferences(person=of_member(user), drop_in_leads=["1h"], now=NOW))
    wishing.result()
    unsent = Reminder.objects.unsent().filter(kind=ReminderKind.REMINDER)
    assert Counter(unsent.values_list("lead_key", flat=True)) == {"1h": 1}
