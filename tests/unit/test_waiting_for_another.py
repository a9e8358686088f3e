"""A correction waits for what it corrects: in one line of its timeline, ever less often, for minutes at the most."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from accounts.enums import Channel, Purpose
from accounts.services.consents import record_consent
from meetings.reminders.enums import EventKind, ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services import last_moment
from meetings.reminders.services.deliver import LEASE, deliver_due
from meetings.reminders.services.sweep import sweep
from support.messaging import Accepted, Result, Transient
from tests.conftest import NOW
from tests.factories import make_contact_point, make_reminder, make_signup

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

SECOND, MINUTE = dt.timedelta(seconds=1), dt.timedelta(minutes=1)


class Told:
    """A gateway that takes everything."""

    def open(self) -> Transient | None:
        return None

    def send(self, letter: Any, /, **_: Any) -> Result:
        return Accepted("1")

    def close(self) -> None:
        pass


def unclear_and_its_correction(**fields: Any) -> tuple[Reminder, Reminder]:
    """A text about an old time of which nobody knows whether it went, and the news of the new time, due now."""
    signup = make_signup()
    signup.occurrence.schedule_seq = 1
    signup.occurrence.save()
    phone = make_contact_point(channel=Channel.SMS, value="+12025550143")
    record_consent(
        contact_point=phone, purpose=Purpose.CHANGES, is_given=True, wording="w", source="test", now=NOW - MINUTE
    )
    common = {"signup": signup, "contact_point": phone, "channel": Channel.SMS, "created_at": NOW - MINUTE}
    values: dict[str, Any] = {"submitted_at": NOW - SECOND, "lease_until": NOW, "attempt": 1, **common, **fields}
    values.setdefault("state", ReminderState.AMBIGUOUS)
    first = make_reminder(**values, kind=ReminderKind.REMINDER)
    news: dict[str, Any] = {**common, "kind": ReminderKind.MOVED, "schedule_seq": 1, "due_at": NOW}
    return first, make_reminder(**news)


def sent_after(row: Reminder, meanwhile: Callable[[int], None] = lambda seconds: None) -> int:
    """Return after how many seconds a row waits no more, while deliverers and sweepers look every five."""
    for seconds in range(0, 1200, 5):
        at = NOW + seconds * SECOND
        meanwhile(seconds)
        sweep(now=at)
        deliver(at)
        row.refresh_from_db()
        if row.state != ReminderState.PLANNED:
            return seconds
    return 1200


def deliver(at: dt.datetime) -> None:
    deliver_due(read_clock=lambda: at, gateway=Told())


def waits(row: Reminder) -> int:
    return row.events.filter(kind=EventKind.RETRY, detail=last_moment.AFTER_ANOTHER).count()


def test_correction_behind_a_provider_that_cannot_be_asked_is_minutes_late_and_waits_in_one_line() -> None:
    unclear, news = unclear_and_its_correction()
    seconds = sent_after(news)
    assert LEASE < seconds * SECOND <= 3 * MINUTE
    unclear.refresh_from_db()
    assert (unclear.state, waits(news), news.attempt) == (ReminderState.AMBIGUOUS, 1, 1)


def test_what_is_unclear_is_not_sent_again_once_its_correction_went(monkeypatch: pytest.MonkeyPatch) -> None:
    unclear, news = unclear_and_its_correction()
    sent_after(news)
    monkeypatch.setattr("support.messaging.SmsGateway.look_up", lambda *_args, **_more: [])
    at = NOW + 10 * MINUTE
    sweep(now=at)
    deliver(at)
    unclear.refresh_from_db()
    assert unclear.state == ReminderState.SUPERSEDED


def test_it_goes_as_soon_as_the_earlier_one_is_settled() -> None:
    unclear, news = unclear_and_its_correction()

    def settle(seconds: int) -> None:
        if seconds == 30:
            Reminder.objects.filter(pk=unclear.pk).update(state=ReminderState.DELIVERED)

    assert sent_after(news, settle) <= 60
    assert waits(news) == 1


def test_nothing_overtakes_what_may_still_be_handed_over() -> None:
    """Its worker is frozen, and nobody has swept."""
    _first, news = unclear_and_its_correction(
        state=ReminderState.SUBMITTING, submitted_at=NOW - SECOND, lease_until=NOW - SECOND + LEASE
    )
    for seconds in range(0, int(LEASE.total_seconds()), 5):
        deliver(NOW + seconds * SECOND)
    news.refresh_from_db()
    assert (news.state, news.reason, waits(news)) == (ReminderState.PLANNED, last_moment.AFTER_ANOTHER, 1)


def test_it_looks_ever_less_often() -> None:
    _unclear, news = unclear_and_its_correction()
    dues: list[dt.datetime] = []
    for seconds in range(180):
        deliver(NOW + seconds * SECOND)
        news.refresh_from_db()
        if news.due_at not in dues:
            dues.append(news.due_at)
    assert [(due - NOW).total_seconds() for due in dues] == [5, 10, 20, 40, 80, 140, 180]


def test_waiting_a_second_time_is_a_wait_of_its_own() -> None:
    unclear, news = unclear_and_its_correction()
    deliver(NOW)
    # It was given back meanwhile for another reason, much later.
    at = NOW + 60 * MINUTE
    Reminder.objects.filter(pk=news.pk).update(reason="The worker that had it vanished", due_at=at)
    Reminder.objects.filter(pk=unclear.pk).update(submitted_at=at)
    deliver(at)
    news.refresh_from_db()
    assert (news.state, news.due_at, waits(news)) == (ReminderState.PLANNED, at + 5 * SECOND, 2)


def test_after_the_wait_all_else_is_judged() -> None:
    _unclear, news = unclear_and_its_correction()
    deliver(NOW)
    news.signup.occurrence.schedule_seq = 2
    news.signup.occurrence.save()
    sent_after(news)
    assert (news.state, news.events.count()) == (ReminderState.SUPERSEDED, 2)
