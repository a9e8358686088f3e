"""How long it is kept what became of a message."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from meetings.reminders.enums import EventKind, ReminderState
from meetings.reminders.models import DeliveryEvent, Reminder, ReminderPart
from meetings.reminders.services import retention
from meetings.reminders.services.retention import purge
from tests.factories import make_occurrence, make_reminder, make_signup

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _kept_for_100_days(settings: Any) -> None:
    settings.RETENTION = settings.RETENTION | {"messages": 100 * DAY}


def make_old(now: dt.datetime, days: int, state: str = ReminderState.ACCEPTED, **fields: Any) -> Reminder:
    """Make a message about a date so many days ago, with one event."""
    at = now - days * DAY
    occurrence = make_occurrence(on=at.date(), starts_at=at)
    reminder = make_reminder(state, signup=make_signup(occurrence=occurrence), due_at=at - DAY, **fields)
    DeliveryEvent.objects.create(reminder=reminder, kind=EventKind.ACCEPTED, at=at)
    return reminder


def test_message_is_deleted_with_its_timeline_once_its_time_is_over(now: dt.datetime) -> None:
    make_old(now, 102)
    kept = make_old(now, 98)
    assert purge(now=now) == 1
    assert list(Reminder.objects.all()) == [kept]
    assert [event.reminder for event in DeliveryEvent.objects.all()] == [kept]
    assert purge(now=now) == 0


@pytest.mark.parametrize("state", ReminderState.values)
def test_message_that_somebody_looks_after_stays(state: str, now: dt.datetime) -> None:
    make_old(now, 102, state)
    is_open = state in ("planned", "claimed", "submitting", "ambiguous")
    assert purge(now=now) == (0 if is_open else 1)


def test_message_about_a_date_that_was_moved_later_stays(now: dt.datetime) -> None:
    make_reminder(ReminderState.ACCEPTED, signup=make_old(now, 98).signup, deadline_at=now - 150 * DAY)
    assert purge(now=now) == 0


def test_message_that_speaks_of_a_later_date_too_stays(now: dt.datetime) -> None:
    reminder, later = make_old(now, 102), make_old(now, 98)
    ReminderPart.objects.create(reminder=reminder, signup=later.signup, lead_key="2h", schedule_seq=0)
    assert purge(now=now) == 0


def test_more_than_one_batch_is_deleted(now: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for _number in range(5):
        make_old(now, 102)
    assert purge(now=now) == 5
    assert not DeliveryEvent.objects.exists()
