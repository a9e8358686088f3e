"""A text or a notification whose channel is shut, or slow, goes by email when half of its time is gone; and once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from accounts.enums import Channel, Purpose
from accounts.models import ContactPoint
from accounts.services.consents import record_consent
from accounts.services.suppressions import suppress
from meetings.models import Signup
from meetings.reminders.enums import EventKind, Lane, ReminderKind, ReminderState
from meetings.reminders.models import ChannelOutage, ChannelPause, Reminder
from meetings.reminders.services import half_time
from meetings.reminders.services.deliver import deliver_due, park
from meetings.reminders.services.sweep import sweep
from meetings.reminders.timing import TOO_LATE
from support.messaging import Accepted, Result, TextMessage, Transient
from tests.conftest import NOW
from tests.factories import make_contact_point, make_participant, make_reminder, make_signup, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
AWAY = Transient("The text message service cannot be reached", is_outage=True)


class Told:
    """A gateway that is away for as long as it is told to be, and keeps what it took."""

    def __init__(self) -> None:
        self.is_away = False
        self.taken: list[Any] = []

    def open(self) -> Transient | None:
        return None

    def send(self, letter: Any, /, **_: Any) -> Result:
        if self.is_away and isinstance(letter, TextMessage):
            return AWAY
        self.taken.append(letter)
        return Accepted("1")

    def close(self) -> None:
        pass

    @property
    def ways(self) -> list[str]:
        return ["text" if isinstance(each, TextMessage) else "email" for each in self.taken]


def place() -> Signup:
    return make_signup(participant=make_participant(user=make_user()))


def waiting(*, hours: float = 2, signup: Signup | None = None, **fields: Any) -> Reminder:
    """A reminder by text that is due now and of use for so many hours."""
    signup = signup or place()
    number = f"+1202555{Reminder.objects.count():04}"
    phone = make_contact_point(user=signup.participant.user, channel=Channel.SMS, value=number)
    for purpose in (Purpose.REMINDERS, Purpose.CHANGES):
        record_consent(contact_point=phone, purpose=purpose, is_given=True, wording="w", source="test", now=NOW - HOUR)
    values: dict[str, Any] = {
        "kind": ReminderKind.REMINDER,
        "lead_key": "2h",
        "due_at": NOW,
        "created_at": NOW - 24 * HOUR,
    }
    values |= {"lane": Lane.SOON, "deadline_at": NOW + dt.timedelta(hours=hours), "channel": Channel.SMS}
    return make_reminder(signup=signup, contact_point=phone, **(values | fields))


def pause(channel: str = Channel.SMS) -> None:
    ChannelPause.objects.create(channel=channel, reason="test", since=NOW)


def state(row: Reminder) -> str:
    row.refresh_from_db()
    return row.state


def letters() -> list[Reminder]:
    return list(Reminder.objects.filter(channel=Channel.EMAIL).order_by("pk"))


def run(told: Told, at: dt.datetime) -> None:
    sweep(now=at)
    deliver_due(read_clock=lambda: at, gateway=told)


@pytest.mark.parametrize("hours", [2, 5])
def test_text_behind_a_pause_goes_by_email_at_half_time_and_never_twice(hours: int) -> None:
    row, told, half = waiting(hours=hours), Told(), NOW + dt.timedelta(hours=hours) / 2
    pause()
    run(told, half - MINUTE)
    assert (state(row), told.ways) == (ReminderState.PLANNED, [])
    run(told, half)
    run(told, half + MINUTE)
    assert (state(row), row.reason) == (ReminderState.SUPERSEDED, half_time.SHUT)
    assert list(row.events.values_list("kind", flat=True)) == [EventKind.SUPERSEDED]
    (letter,) = letters()
    assert (letter.state, letter.lead_key) == (ReminderState.ACCEPTED, "2h")
    ChannelPause.objects.all().delete()
    run(told, half + 2 * MINUTE)
    assert told.ways == ["email"]


def test_text_behind_an_outage_goes_by_email_although_the_provider_is_tried_again_and_again() -> None:
    row, told = waiting(), Told()
    told.is_away = True
    for minutes in range(0, 60, 2):
        run(told, NOW + minutes * MINUTE)
    assert (state(row), told.ways) == (ReminderState.PLANNED, [])
    # Between two tries no outage is in force: it is none the less there.
    ChannelOutage.objects.update(until=NOW)
    sweep(now=NOW + HOUR)
    run(told, NOW + HOUR)
    assert (state(row), told.ways) == (ReminderState.SUPERSEDED, ["email"])


def test_text_goes_as_a_text_where_its_channel_is_back_before_half_time() -> None:
    row, told = waiting(), Told()
    park(channel=Channel.SMS, outage=AWAY, now=NOW)
    run(told, NOW + 50 * MINUTE)
    run(told, NOW + HOUR)
    assert (state(row), told.ways, letters()) == (ReminderState.ACCEPTED, ["text"], [])


def test_time_runs_from_when_it_was_planned_where_that_was_later() -> None:
    row = waiting(created_at=NOW + HOUR)
    pause()
    sweep(now=NOW + HOUR)
    assert state(row) == ReminderState.PLANNED
    sweep(now=NOW + 90 * MINUTE)
    assert state(row) == ReminderState.SUPERSEDED


def test_news_and_what_one_message_says_of_several_dates_go_by_email_whole() -> None:
    row = waiting(kind=ReminderKind.MOVED, lead_key="")
    other = make_signup(participant=row.signup.participant)
    row.parts.create(signup=other, lead_key="", schedule_seq=0)
    pause()
    sweep(now=NOW + HOUR)
    (letter,) = letters()
    assert (letter.kind, [part.signup for part in letter.parts.all()]) == (ReminderKind.MOVED, [other])


def test_notification_goes_by_email_too() -> None:
    signup = place()
    browser = make_contact_point(user=signup.participant.user, channel=Channel.PUSH, value="{}")
    row = waiting(signup=signup)
    Reminder.objects.filter(pk=row.pk).update(channel=Channel.PUSH, contact_point=browser)
    pause(Channel.PUSH)
    sweep(now=NOW + HOUR)
    assert (state(row), len(letters())) == (ReminderState.SUPERSEDED, 1)


def test_nothing_is_done_while_email_is_shut_itself() -> None:
    row, told = waiting(), Told()
    pause()
    pause(Channel.EMAIL)
    run(told, NOW + 90 * MINUTE)
    assert (state(row), letters()) == (ReminderState.PLANNED, [])
    ChannelPause.objects.filter(channel=Channel.EMAIL).delete()
    run(told, NOW + 95 * MINUTE)
    assert (state(row), told.ways) == (ReminderState.SUPERSEDED, ["email"])


def _unproven(own: ContactPoint) -> None:
    own.verified_at = None
    own.save()


def _ended(own: ContactPoint) -> None:
    suppress(channel=Channel.EMAIL, value=own.value, reason="No such mailbox", now=NOW)


def _unwanted(own: ContactPoint) -> None:
    record_consent(
        contact_point=own, purpose=Purpose.REMINDERS, is_given=False, wording="w", source="test", now=NOW - HOUR
    )


@pytest.mark.parametrize("shut_out", [_unproven, _ended, _unwanted])
def test_text_whose_reader_has_no_email_waits_and_says_why_it_expired(shut_out: Any) -> None:
    row = waiting()
    shut_out(row.signup.participant.contact_point)
    pause()
    sweep(now=NOW + 90 * MINUTE)
    assert (state(row), letters()) == (ReminderState.PLANNED, [])
    sweep(now=NOW + 2 * HOUR)
    assert (state(row), row.reason) == (ReminderState.EXPIRED, half_time.NO_WAY_LEFT)
    assert row.events.get().detail == half_time.NO_WAY_LEFT


def test_what_expires_while_its_channel_is_open_came_too_late() -> None:
    row = waiting()
    sweep(now=NOW + 2 * HOUR)
    assert (state(row), row.reason) == (ReminderState.EXPIRED, TOO_LATE)


def test_no_to_one_kind_of_message_by_email_is_no_no_to_another() -> None:
    row = waiting(kind=ReminderKind.MOVED, lead_key="")
    _unwanted(row.signup.participant.contact_point)
    pause()
    sweep(now=NOW + HOUR)
    assert state(row) == ReminderState.SUPERSEDED


def test_far_down_a_slow_line_it_goes_by_email_and_at_its_head_as_a_text(settings: Any) -> None:
    settings.SEND_RATES = {"email": 0.0, "sms": 0.05}
    rows = [waiting() for _n in range(5)]
    sweep(now=NOW + 59 * MINUTE)
    assert letters() == []
    sweep(now=NOW + HOUR)
    assert [state(row) for row in rows] == [ReminderState.PLANNED] * 3 + [ReminderState.SUPERSEDED] * 2
    assert len(letters()) == 2


def test_many_go_in_several_transactions_and_those_that_stay_hold_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(half_time, "_CHUNK", 2)
    rows = [waiting() for _n in range(5)]
    # Of the first two another message says it already.
    for row in rows[:2]:
        make_reminder(ReminderState.DELIVERED, signup=row.signup, kind=ReminderKind.REMINDER, lead_key="2h")
    pause()
    assert half_time.go_by_email(now=NOW + HOUR) == 3
    assert half_time.go_by_email(now=NOW + HOUR) == 0
    assert [state(row) for row in rows] == [ReminderState.PLANNED] * 2 + [ReminderState.SUPERSEDED] * 3
