"""Staff, browsers and workers at once, on real locks: nothing stopped is sent, nothing given up is lost or doubled."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connections

from accounts.enums import Channel
from accounts.models import Consent, User
from accounts.services.push_subscriptions import subscribe
from meetings.reminders.enums import ReminderKind, ReminderState
from meetings.reminders.models import DeliveryEvent, Reminder
from meetings.reminders.services.deliver import deliver_due
from meetings.reminders.services.watching import STOPPED, NotPossible, abort, pause_channel, replay
from support.messaging import Accepted, Letter, Result, Transient
from support.messaging.push import read_subscription
from tests.conftest import NOW
from tests.factories import make_participant, make_reminder, make_signup, make_user
from tests.push_service import PushService, push_service

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


class Slow:
    """A gateway that takes its time, and keeps what it was given."""

    def __init__(self, *, seconds: float = 0.002) -> None:
        self.seconds = seconds
        self.sent: list[str] = []

    def open(self) -> Transient | None:
        return None

    def send(self, letter: Letter, /, *, until: dt.datetime) -> Result:
        time.sleep(self.seconds)
        self.sent.append(letter.message_id)
        return Accepted()

    def close(self) -> None:
        pass


def at_once(*jobs: Callable[[], object]) -> list[object]:
    """Run each job on a thread with a database connection of its own; all begin together."""
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> object:
        try:
            start.wait(60)
            return job()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=len(jobs)) as pool:
        return list(pool.map(run, jobs))


@pytest.fixture
def staff() -> User:
    return make_user(is_staff=True)


def test_what_staff_stop_while_workers_send_is_sent_or_stopped_and_never_both(staff: User) -> None:
    reminders = [make_reminder() for _n in range(60)]
    gateway = Slow()
    stopped: list[int] = []

    def stop() -> None:
        for reminder in reversed(reminders):
            try:
                if abort(reminder=reminder, actor=staff, reason="Wrong date", now=NOW):
                    stopped.append(reminder.pk)
            except NotPossible:
                continue

    def send() -> None:
        deliver_due(read_clock=lambda: NOW, gateway=gateway, batch=10)

    at_once(stop, send, send)
    rows = {row.pk: row for row in Reminder.objects.all()}
    assert {pk for pk, row in rows.items() if row.reason == STOPPED} == set(stopped)
    assert {pk for pk, row in rows.items() if row.state == ReminderState.ACCEPTED} == set(rows) - set(stopped)
    assert len(gateway.sent) == len(set(gateway.sent)) == len(rows) - len(stopped)


def test_many_who_plan_one_message_again_send_it_once(staff: User) -> None:
    reminder = make_reminder(ReminderState.FAILED)
    gateway = Slow()
    answers = at_once(*[lambda: replay(reminder=reminder, actor=staff, reason="Mended", now=NOW)] * 6)
    assert Counter(answers) == {True: 1, False: 5}
    deliver_due(read_clock=lambda: NOW, gateway=gateway)
    assert len(gateway.sent) == 1


def test_a_pause_stops_workers_at_the_next_message(staff: User) -> None:
    for _n in range(120):
        make_reminder()
    gateway = Slow(seconds=0.01)

    def send() -> None:
        deliver_due(read_clock=lambda: NOW, gateway=gateway, batch=100)

    def pause() -> int:
        while len(gateway.sent) < 5:
            time.sleep(0.005)
        pause_channel(channel=Channel.EMAIL, actor=staff, reason="Moving", now=NOW)
        return len(gateway.sent)

    *_, sent_when_paused = at_once(send, send, pause)
    assert isinstance(sent_when_paused, int)
    # Each worker's message under way, and where one was claiming at that very moment, no more than that.
    assert len(gateway.sent) <= sent_when_paused + 4
    states = Counter(Reminder.objects.values_list("state", flat=True))
    assert states == {ReminderState.ACCEPTED: len(gateway.sent), ReminderState.PLANNED: 120 - len(gateway.sent)}


@pytest.fixture
def service() -> Iterator[PushService]:
    with push_service() as running:
        yield running


def test_when_a_browser_is_gone_each_reminder_comes_by_email_once(service: PushService) -> None:
    member = make_user()
    participant = make_participant(user=member)
    subscription = read_subscription(service.browser().subscription).as_text()
    point = subscribe(user=member, subscription=subscription, now=NOW)
    for number in range(40):
        make_reminder(
            signup=make_signup(participant=participant),
            contact_point=point,
            channel=Channel.PUSH,
            kind=ReminderKind.REMINDER,
            due_at=NOW - dt.timedelta(seconds=number),
        )
    service.answers = [(410, {})] * 200

    def send() -> None:
        deliver_due(read_clock=lambda: NOW, batch=5)

    at_once(send, send, send)
    deliver_due(read_clock=lambda: NOW)
    states = Counter(Reminder.objects.values_list("channel", "state"))
    # Some were refused, the others never tried.
    assert states.pop(("email", "accepted")) == 40
    assert set(states) <= {("push", "failed"), ("push", "skipped")}
    assert sum(states.values()) == len(mail.outbox) == 40
    assert set(Reminder.objects.filter(channel=Channel.EMAIL).values_list("signup", flat=True)) == set(
        Reminder.objects.filter(channel=Channel.PUSH).values_list("signup", flat=True)
    )
    assert not Consent.objects.filter(contact_point=point).order_by("-recorded_at", "-pk")[0].is_given
    assert DeliveryEvent.objects.filter(detail="No longer wanted").count() == 0
