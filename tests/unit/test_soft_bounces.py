"""Mail that came back for a reason that passes: sent once more, and not for ever."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from accounts.models import Refusal, Suppression
from meetings.reminders.enums import EventKind, ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services.bounces import ONCE_MORE, record_bounce, record_return
from meetings.reminders.services.deliver import deliver_due
from support.messaging.bounces import BounceKind
from support.messaging.results import Accepted
from tests.conftest import NOW
from tests.factories import make_reminder
from tests.unit.test_bounces import report
from tests.unit.test_reminder_engine import Told

pytestmark = pytest.mark.django_db

HOUR, DAY, WEEK = dt.timedelta(hours=1), dt.timedelta(days=1), dt.timedelta(days=7)


def sent(at: dt.datetime = NOW, like: Reminder | None = None, deadline_at: dt.datetime | None = None) -> Reminder:
    where = {"signup": like.signup, "contact_point": like.contact_point} if like else {}
    return make_reminder(
        ReminderState.ACCEPTED,
        kind=ReminderKind.CONFIRMATION,
        attempt=1,
        submitted_at=at,
        deadline_at=deadline_at or at + 2 * DAY,
        **where,
    )


def came_back(row: Reminder, at: dt.datetime, status: str = "5.2.2", action: str = "failed") -> None:
    content = report(status=status, action=action, message_id=f"<{row.public_id}@meetings.example.org>")
    assert record_bounce(content=content, now=at)


def others(row: Reminder) -> list[Reminder]:
    return list(Reminder.objects.exclude(pk=row.pk).order_by("pk"))


@pytest.mark.parametrize("status", ["4.2.2", "4.4.7", "5.2.2", "5.4.7"])
def test_full_mailbox_gets_the_message_once_more_an_hour_later(status: str) -> None:
    row = sent()
    for _again in range(2):
        came_back(row, NOW + HOUR, status)
    (again,) = others(row)
    assert (again.state, again.due_at) == (ReminderState.PLANNED, NOW + 2 * HOUR)
    assert again.events.get().detail == ONCE_MORE
    told = Told(Accepted())
    deliver_due(read_clock=lambda: NOW + 2 * HOUR, gateway=told)
    again.refresh_from_db()
    assert again.state == ReminderState.ACCEPTED
    # It has a name of its own, and comes back no third time.
    assert again.message_id != row.message_id
    came_back(again, NOW + 3 * HOUR, status)
    assert others(row) == [again]
    assert not Suppression.objects.exists()


def test_what_would_come_too_late_is_not_sent_again() -> None:
    row = sent(deadline_at=NOW + 90 * dt.timedelta(minutes=1))
    came_back(row, NOW + HOUR)
    assert not others(row)


@pytest.mark.parametrize("status", ["5.7.1", "5.3.4", "5.0.0", "nonsense"])
def test_what_was_not_about_the_mailbox_is_neither_sent_again_nor_counted(status: str) -> None:
    row = sent()
    came_back(row, NOW, status)
    assert not others(row)
    assert not Refusal.objects.exists()


def test_five_in_different_weeks_end_all_mail_and_each_report_counts_once() -> None:
    first = sent()
    for week in range(5):
        at = NOW + week * WEEK
        row = sent(at, like=first) if week else first
        assert not Suppression.objects.exists()
        came_back(row, at)
        # The mailbox that keeps the reports is read again: old ones are not news.
        came_back(first, at)
    assert Suppression.objects.get().answer == "5.2.2"
    # Nothing is planned that cannot go out.
    assert not Reminder.objects.filter(dedupe_key__startswith=row.dedupe_key).exclude(pk=row.pk).exists()


def test_one_that_arrives_in_between_begins_the_five_anew() -> None:
    first = sent()
    came_back(first, NOW)
    for week in range(1, 4):
        came_back(sent(NOW + week * WEEK, like=first), NOW + week * WEEK)
    came_back(sent(NOW + 3 * WEEK + DAY, like=first), NOW + 3 * WEEK + DAY, "2.0.0", action="delivered")
    came_back(sent(NOW + 4 * WEEK, like=first), NOW + 4 * WEEK)
    assert not Suppression.objects.exists()


def test_mailbox_that_is_switched_off_ends_all_mail_on_the_second_day() -> None:
    row = sent()
    came_back(row, NOW, "5.2.1")
    came_back(row, NOW + DAY, "5.2.1")
    assert not Suppression.objects.exists()
    came_back(sent(NOW + DAY, like=row), NOW + DAY, "5.2.1")
    assert Suppression.objects.get().reason == "bounced 5.2.1"
    assert not row.events.filter(kind=EventKind.PLANNED).exists()


def test_several_told_the_same_by_our_own_relay_on_one_day_are_not_believed() -> None:
    """Its name servers were down: nobody's address is wrong."""
    rows = [sent() for _person in range(4)]
    for day in range(2):
        for row in rows:
            again = sent(NOW + day * DAY, like=row) if day else row
            came_back(again, NOW + day * DAY, "5.1.2")
    assert not Suppression.objects.exists()
    # Who is told so on another day, alone, is.
    came_back(sent(NOW + 2 * DAY, like=rows[0]), NOW + 2 * DAY, "5.1.2")
    assert not Suppression.objects.exists()
    came_back(sent(NOW + 3 * DAY, like=rows[0]), NOW + 3 * DAY, "5.1.2")
    assert Suppression.objects.get().answer == "5.1.2"


def test_soft_report_about_what_a_provider_says_arrived_for_good_changes_nothing() -> None:
    row = sent()
    record_return(public_id=row.public_id, kind=BounceKind.COMPLAINT, detail="spam", now=NOW)
    record_return(public_id=row.public_id, kind=BounceKind.SOFT, detail="", now=NOW)
    assert not others(row)
    assert not record_return(public_id=uuid.uuid4(), kind=BounceKind.SOFT, detail="", now=NOW)
