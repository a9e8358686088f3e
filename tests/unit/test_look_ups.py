"""Asking a provider what became of texts takes seconds at the most, and reaches everyone in turn."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.enums import Channel
from meetings.reminders.enums import ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services import texts
from meetings.reminders.services.sweep import sweep
from support.messaging import SmsGateway
from support.messaging.sms_results import Found
from tests.conftest import NOW
from tests.factories import make_contact_point, make_reminder, make_signup
from tests.sms_servers import ACCOUNT, TOKEN, FakeTwilio, twilio_server

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

MINUTE = dt.timedelta(minutes=1)


class Slow(SmsGateway):
    """A provider that takes a fifth of a second to say that it cannot say."""

    def __init__(self, seconds: float = 0.2) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.given: list[float] = []
        self._seconds = seconds

    def look_up(self, *, to: str, since: dt.datetime, seconds: float = 15.0) -> list[Found] | None:
        self.asked.append(to)
        self.given.append(seconds)
        time.sleep(self._seconds)
        return None


def unclear(count: int, *, minutes: int = 3) -> list[str]:
    """Texts of which nobody knows, begun some minutes ago; returns their numbers."""
    signup = make_signup()
    numbers = [f"+1202555{number:04}" for number in range(count)]
    for number in numbers:
        make_reminder(
            ReminderState.AMBIGUOUS,
            signup=signup,
            contact_point=make_contact_point(channel=Channel.SMS, value=number),
            channel=Channel.SMS,
            kind=ReminderKind.REMINDER,
            submitted_at=NOW - minutes * MINUTE,
            lease_until=NOW,
        )
    return numbers


def test_slow_provider_is_asked_for_the_budget_alone_and_everyone_has_their_turn() -> None:
    numbers, asked, most = unclear(10), [], 0
    for turn in range(6):
        slow = Slow()
        began = time.monotonic()
        texts.reconcile(now=NOW + turn * dt.timedelta(seconds=10), gateway=slow, seconds=0.5)
        most = max(most, len(slow.asked))
        assert time.monotonic() - began < 1.5
        assert all(given <= 0.5 for given in slow.given)
        asked += slow.asked
    assert most < len(numbers)
    # Oldest first, and none a second time before all had their turn.
    assert asked == numbers


def test_who_was_asked_about_goes_to_the_end_of_the_line() -> None:
    first, second = unclear(2)
    slow = Slow(0.0)
    texts.reconcile(now=NOW, gateway=slow)
    # The second has waited longer this time.
    Reminder.objects.filter(pk=Reminder.objects.latest("pk").pk).update(lease_until=NOW + MINUTE)
    texts.reconcile(now=NOW + 3 * MINUTE, gateway=slow)
    assert slow.asked == [first, second, second, first]


def test_young_one_is_left_to_its_receipt_and_costs_no_call() -> None:
    unclear(1, minutes=1)
    slow = Slow(0.0)
    texts.reconcile(now=NOW, gateway=slow)
    texts.reconcile(now=NOW + MINUTE, gateway=slow)
    assert len(slow.asked) == 1


@pytest.fixture
def fake(settings: Any) -> Iterator[FakeTwilio]:
    with twilio_server() as fake:
        settings.SMS_PROVIDER = "twilio"
        settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = ACCOUNT, TOKEN
        settings.TWILIO_API_BASE = fake.url
        settings.SMS_TIMEOUT = 15
        yield fake
        fake.let_go.set()


def test_provider_that_never_answers_holds_up_a_sweep_for_no_longer_than_that(
    fake: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    unclear(5)
    fake.lookup_delay = 60.0
    monkeypatch.setattr(texts, "BUDGET", 0.7)
    began = time.monotonic()
    sweep(now=NOW)
    assert time.monotonic() - began < 3
    assert len(fake.lookups) == 1


def test_text_that_cannot_be_written_again_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = unclear(2)
    real = texts.Renderer.render

    def render(self: texts.Renderer, row: Reminder, *, now: dt.datetime) -> Any:
        if row.contact_point.value == bad:
            raise ZeroDivisionError
        return real(self, row, now=now)

    class Nothing(Slow):
        def look_up(self, *, to: str, since: dt.datetime, seconds: float = 15.0) -> list[Found] | None:
            return []

    monkeypatch.setattr(texts.Renderer, "render", render)
    texts.reconcile(now=NOW, gateway=Nothing(0))
    assert states_of(bad, good) == [ReminderState.AMBIGUOUS, ReminderState.PLANNED]
    # It cannot be compared, so nobody can say whether it went; it is not sent again.
    texts.reconcile(now=NOW + 20 * MINUTE, gateway=Nothing(0))
    assert states_of(bad) == [ReminderState.ASSUMED_SENT]


def states_of(*numbers: str) -> list[str]:
    rows = {row.contact_point.value: row.state for row in Reminder.objects.select_related("contact_point")}
    return [rows[number] for number in numbers]
