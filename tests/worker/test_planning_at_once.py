"""Several who change what the same people are to get, at the same moment."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection

from accounts.person import of_guest
from accounts.services.preferences import save_preferences
from meetings.models import Occurrence, Participant, Signup
from meetings.reminders.enums import ReminderKind
from meetings.reminders.models import Reminder, ReminderPart
from meetings.reminders.services import plan
from meetings.reminders.services.anyway import remind_anyway
from meetings.reminders.services.deliver import deliver_due
from meetings.services.occurrences import move_occurrence
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_signup
from tests.unit.test_reminder_engine import Told

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

HOUR = dt.timedelta(hours=1)


def at_once(*jobs: Callable[[], object]) -> None:
    """Run jobs in threads of their own, begun together; raise what one of them raised."""
    together = threading.Barrier(len(jobs))
    failures: list[BaseException] = []

    def run(job: Callable[[], object]) -> None:
        try:
            together.wait(timeout=60)
            job()
        except BaseException as error:  # noqa: BLE001  # told to the test below
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert failures == []


def test_two_dates_of_the_same_people_moved_at_once_and_wishes_changed_meanwhile() -> None:
    meetings = [make_meeting(start_time=dt.time(17)), make_meeting(start_time=dt.time(19))]
    dates = [make_occurrence(meeting=meeting) for meeting in meetings]
    people = [make_participant() for _n in range(12)]
    # In different orders, so that whoever locks by the order of rows meets the other.
    for occurrence, order in zip(dates, (people, people[::-1]), strict=True):
        plan.plan_reminders(signups=[make_signup(occurrence=occurrence, participant=each) for each in order], now=NOW)
    for number in range(1, 4):
        now = NOW + number * HOUR

        def move(occurrence: Occurrence, now: dt.datetime = now) -> None:
            fresh = Occurrence.objects.get(pk=occurrence.pk)
            move_occurrence(occurrence=fresh, starts_at=fresh.starts_at + HOUR, now=now)

        def wish(now: dt.datetime = now, number: int = number) -> None:
            for each in Participant.objects.select_related("contact_point").order_by("-pk")[:6]:
                save_preferences(
                    person=of_guest(each.contact_point), drop_in_leads=["2h", "1h"][: number % 2 + 1], now=now
                )

        at_once(lambda: move(dates[0]), lambda: move(dates[1]), wish)
    starts = {each.pk: each.starts_at for each in Occurrence.objects.all()}
    assert sorted(starts.values()) == [each.starts_at + 3 * HOUR for each in dates]
    # Whatever was planned without seeing the other change is found out in time: nobody misses a date, none is wrong.
    gateway = Told()
    for quarter in range(4 * 24 * 8):
        moment = NOW + 4 * HOUR + quarter * HOUR / 4
        deliver_due(read_clock=lambda moment=moment: moment, gateway=gateway)  # type: ignore[misc]  # bound at once
    sent = Reminder.objects.filter(kind=ReminderKind.REMINDER, state="accepted")
    told = Counter[tuple[int, str]](sent.values_list("signup_id", "lead_key"))
    told.update(ReminderPart.objects.filter(reminder__in=sent).values_list("signup_id", "lead_key"))
    assert set(told.values()) == {1}
    assert len({signup for signup, _lead in told}) == 24
    assert all(
        "9:30" in letter.text or "11:30" in letter.text for letter in gateway.letters if "Reminder" in letter.subject
    )


def test_one_who_presses_several_times_at_once_gets_one_reminder() -> None:
    early = dt.datetime(2026, 11, 24, 10, 44, tzinfo=dt.UTC)
    signup = make_signup(occurrence=make_occurrence(meeting=make_meeting(start_time=dt.time(7, 48))))
    plan.plan_reminders(signups=[signup], now=early)
    answers: list[bool] = []

    def press() -> None:
        answers.append(remind_anyway(signup=Signup.objects.get(pk=signup.pk), now=early))

    at_once(press, press, press, press)
    assert sorted(answers) == [False, False, False, True]
    asked = Reminder.objects.filter(kind=ReminderKind.REMINDER, is_asked=True)
    assert [row.state for row in asked] == ["planned"]
