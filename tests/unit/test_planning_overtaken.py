"""What changes between a planner's look and its writing, by somebody whose lock it could not see, doubles and loses
nothing. The other is played: what it does is done right after the look."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from meetings.models import Participant, Signup
from meetings.reminders.enums import ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services import plan, replan
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_signup

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

DAY = dt.date(2026, 11, 24)


def evening(hour: int, participant: Participant) -> Signup:
    """Give somebody a reminder of a meeting to which one just comes, two hours before."""
    meeting = make_meeting(start_time=dt.time(hour))
    return make_signup(
        occurrence=make_occurrence(meeting=meeting, on=DAY), participant=participant, created_at=NOW, confirmed_at=NOW
    )


def after_the_look(monkeypatch: pytest.MonkeyPatch, deed: Callable[[], object]) -> None:
    """Let `deed` be done once, when a planner has looked and has not written yet."""
    deeds = [deed]
    look = replan.known_people

    def looked(*args: Any, **kwargs: Any) -> Any:
        found = look(*args, **kwargs)
        if deeds:
            deeds.pop()()
        return found

    monkeypatch.setattr(replan, "known_people", looked)


def said() -> list[tuple[int, str]]:
    """Return each (signup, lead) that a reminder says, sent or still to come, as often as one does."""
    rows = Reminder.objects.filter(kind=ReminderKind.REMINDER).exclude(state=ReminderState.SUPERSEDED)
    wishes = [(row.signup_id, row.lead_key) for row in rows]
    wishes += [(part.signup_id, part.lead_key) for row in rows for part in row.parts.all()]
    return sorted(wishes)


def test_reminder_that_a_deliverer_takes_meanwhile_is_not_said_again(monkeypatch: pytest.MonkeyPatch) -> None:
    guest = make_participant()
    first = evening(17, guest)
    plan.plan_reminders(signups=[first], now=NOW)
    second = evening(19, guest)
    after_the_look(
        monkeypatch,
        lambda: Reminder.objects.filter(signup=first).update(state=ReminderState.ACCEPTED, submitted_at=NOW),
    )
    plan.plan_reminders(signups=[second], now=NOW)
    assert said() == [(first.pk, "2h"), (second.pk, "2h")]


def test_reminder_that_another_planner_writes_meanwhile_takes_no_other_date_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    guest = make_participant()
    first, second = evening(17, guest), evening(19, guest)

    def plan_the_first_alone() -> None:
        Signup.objects.filter(pk=second.pk).update(status="pending")
        plan.plan_reminders(signups=[first], now=NOW)
        Signup.objects.filter(pk=second.pk).update(status="confirmed")

    after_the_look(monkeypatch, plan_the_first_alone)
    plan.plan_reminders(signups=[second], now=NOW)
    assert said() == [(first.pk, "2h"), (second.pk, "2h")]
