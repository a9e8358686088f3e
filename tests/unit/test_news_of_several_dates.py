"""News of several dates is one message that names them all."""

from __future__ import annotations

import datetime as dt

import pytest

from meetings.enums import SignupStatus
from meetings.models import Signup
from meetings.reminders.enums import Lane, ReminderKind
from meetings.reminders.models import Reminder, ReminderPart
from meetings.reminders.queries import to_send
from meetings.reminders.rendering import Renderer
from meetings.reminders.services import hot, plan
from support.messaging import Letter
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_signup

FIRST, WEEK = dt.date(2026, 11, 24), dt.timedelta(days=7)

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def three_places() -> list[Signup]:
    meeting, participant = make_meeting(), make_participant()
    return [
        make_signup(occurrence=make_occurrence(meeting=meeting, on=FIRST + week * WEEK), participant=participant)
        for week in range(3)
    ]


def written(kind: ReminderKind, places: list[Signup]) -> Reminder:
    first, *others = places
    for _time in range(2):
        row = plan._row(first, kind, lane=Lane.CHANGE, due_at=NOW, deadline_at=first.occurrence.starts_at, now=NOW)
        plan._write([plan.Draft(row, [plan._part(each) for each in others])])
    return Reminder.objects.get(kind=kind)


def stale(row: Reminder) -> bool:
    return hot.read(pk=row.pk, hashes=["x"], purpose="changes", is_joined=True).is_part_stale


def test_row_with_parts_is_written_once_and_names_every_date() -> None:
    row = written(ReminderKind.MOVED, three_places())
    assert ReminderPart.objects.count() == 2
    letter = Renderer().render(to_send([row.pk])[0], now=NOW).message
    assert isinstance(letter, Letter)
    assert letter.subject.endswith("and 2 more")
    assert all(date in letter.text for date in ("November 24", "December 1", "December 8"))


def test_news_is_stale_once_one_of_its_dates_changes_or_is_given_back() -> None:
    places = three_places()
    second, third = places[1:]
    row = written(ReminderKind.MOVED, places)
    Signup.objects.filter(pk=second.pk).update(status=SignupStatus.WAITLISTED)
    assert not stale(row)
    third.occurrence.schedule_seq += 1
    third.occurrence.save()
    assert stale(row)
