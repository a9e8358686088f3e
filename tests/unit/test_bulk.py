"""Rows written many at once are what one by one would have made of them, on either database."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext

from accounts.enums import Channel
from meetings.reminders.enums import EventKind, ReminderKind
from meetings.reminders.models import DeliveryEvent, Reminder
from support.bulk import insert_new
from tests.conftest import NOW
from tests.factories import make_signup

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

HOUR = dt.timedelta(hours=1)


def row(number: int, **other: object) -> Reminder:
    signup = make_signup()
    fields = {
        "signup": signup,
        "contact_point": signup.participant.contact_point,
        "kind": ReminderKind.MOVED,
        "channel": Channel.EMAIL,
        "dedupe_key": f"key {number}",
        "due_at": NOW,
        "deadline_at": NOW + HOUR,
        "created_at": NOW,
    } | other
    return Reminder(public_id=uuid.UUID(int=number), **fields)


def kept() -> list[dict[str, object]]:
    rows = [dict(each) for each in Reminder.objects.order_by("dedupe_key").values()]
    for each in rows:
        del each["id"]
    return rows


def of_all_kinds() -> list[Reminder]:
    """Rows that differ in everything that can: what is missing, what is odd, what looks like something else."""
    return [
        row(1),
        row(2, kind=ReminderKind.REMINDER, lead=2 * HOUR, lead_key="two_hours", is_asked=True, schedule_seq=3),
        row(3, told_seq=0, reason='it\'s {odd}, \\ "quoted", NULL, ñ 漢, 100 %s', due_at=NOW - HOUR),
        row(4, told_seq=2, submitted_at=NOW, claim_token=uuid.UUID(int=9), lease_until=NOW, attempt=4),
        row(5, reason="", template="null", message_id="{1,2}"),
    ]


def test_they_say_what_django_would_have_written() -> None:
    rows = of_all_kinds()
    insert_new(rows)
    written = kept()
    Reminder.objects.all().delete()
    for each in rows:
        each.save(force_insert=True)
    assert len(written) == len(rows)
    assert written == kept()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_any_number_of_them(count: int) -> None:
    insert_new(row(number) for number in range(count))
    assert Reminder.objects.count() == count


def test_one_that_is_there_stays_and_the_others_are_written() -> None:
    insert_new([row(1, reason="first")])
    insert_new([row(2), row(3), row(4, dedupe_key="key 1", reason="second"), row(5, dedupe_key="key 2")])
    found = list(Reminder.objects.order_by("dedupe_key").values_list("dedupe_key", "reason"))
    assert found == [("key 1", "first"), ("key 2", ""), ("key 3", "")]


def test_rows_that_are_alike_are_all_written() -> None:
    insert_new([row(1)])
    reminder = Reminder.objects.get()
    insert_new(DeliveryEvent(reminder=reminder, kind=EventKind.PLANNED, at=NOW) for _number in range(3))
    assert DeliveryEvent.objects.count() == 3


def test_many_take_one_statement() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite takes so many values in one statement")
    rows = [row(number) for number in range(50)]
    with CaptureQueriesContext(connection) as queries:
        insert_new(rows)
    assert len(queries) == 1


def test_what_is_too_long_is_refused_not_cut() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: SQLite knows no lengths")
    with pytest.raises(DataError, match="too long"):
        insert_new([row(1, reason="x" * 201), row(2)])
