"""Texts end to end, over the fake of Twilio: sent, lost, doubted, found again, refused, and said by email instead."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.enums import Channel, Purpose
from accounts.models import Suppression
from accounts.person import of_member
from accounts.services.phones import add_phone
from meetings.enums import SignupPolicy
from meetings.models import Signup
from meetings.reminders.enums import EventKind, ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services import texts
from meetings.reminders.services.deliver import deliver_due
from meetings.reminders.services.replan import WISHES, replan_person
from meetings.reminders.services.sweep import sweep
from support.messaging import SmsGateway
from support.messaging.sms_results import Found
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_reminder, make_signup, make_user
from tests.sms_servers import ACCOUNT, TOKEN, Call, FakeTwilio, twice_and_shuffled, twilio_server

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NUMBER = "+12025550143"
MINUTE = dt.timedelta(minutes=1)
BASE = "https://meetings.example.org"


@pytest.fixture(scope="module")
def _server() -> Iterator[FakeTwilio]:
    with twilio_server() as fake:
        yield fake


@pytest.fixture
def fake(_server: FakeTwilio, settings: Any) -> Iterator[FakeTwilio]:
    _server.reset()
    settings.SMS_PROVIDER = "twilio"
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = ACCOUNT, TOKEN
    settings.TWILIO_MESSAGING_SERVICE_SID, settings.TWILIO_FROM = "MG0", ""
    settings.TWILIO_API_BASE = _server.url
    settings.PUBLIC_BASE_URL = BASE
    settings.SMS_TIMEOUT = 0.7
    _server.clock = lambda: NOW
    yield _server
    _server.let_go.set()


@pytest.fixture
def signup() -> Signup:
    """A member's place on Tuesday 24 November, 19:00 in New York; everything goes to their phone."""
    user = make_user()
    participant = make_participant(user=user)
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP)
    signup = make_signup(occurrence=make_occurrence(meeting=meeting), participant=participant)
    add_phone(user=user, number=NUMBER, wanted=[Purpose.REMINDERS, Purpose.CHANGES], now=NOW)
    return signup


def rows(**fields: Any) -> list[Reminder]:
    return list(Reminder.objects.filter(**fields).order_by("due_at", "pk"))


def letters() -> list[Reminder]:
    """What is said by email instead of by text."""
    return rows(dedupe_key__endswith=":instead")


def text(signup: Signup, kind: ReminderKind = ReminderKind.REMINDER, **fields: Any) -> Reminder:
    """A text that is due now, beside whatever is planned."""
    phone = signup.participant.user.contact_points.get(channel=Channel.SMS)  # type: ignore[union-attr]  # a member's
    fields.setdefault("due_at", NOW)
    return make_reminder(signup=signup, contact_point=phone, kind=kind, channel=Channel.SMS, **fields)


def deliver(at: dt.datetime = NOW) -> None:
    deliver_due(read_clock=lambda: at)


def state(row: Reminder) -> str:
    row.refresh_from_db()
    return row.state


def events(row: Reminder) -> list[str]:
    return list(row.events.values_list("kind", flat=True))


def post(client: Client, call: Call) -> int:
    return client.post(call.url.removeprefix(BASE), call.values, headers=call.headers).status_code


def test_reminder_goes_out_by_text_and_is_heard_of(fake: FakeTwilio, signup: Signup, client: Client) -> None:
    planned = rows(kind=ReminderKind.REMINDER, state=ReminderState.PLANNED)
    assert [row.channel for row in planned] == ["sms", "sms"]
    deliver(planned[0].due_at)
    (taken,) = fake.taken
    assert taken.to == NUMBER
    assert taken.text.startswith("Homegroup: Reminder for ")
    remaining = planned[0].deadline_at - planned[0].due_at
    assert planned[0].events.get(kind=EventKind.ACCEPTED).detail == texts.ONE_PART
    assert taken.seconds_to_live == min(36_000, int(remaining.total_seconds()))
    for call in twice_and_shuffled(fake.receipts(taken, "queued", "sent", "delivered"), seed=1):
        assert post(client, call) == 200
    assert state(planned[0]) == ReminderState.DELIVERED


# -- silence ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", ["drop", "hang", "fail_after", "nonsense"])
def test_text_that_was_taken_in_silence_is_never_sent_twice(fake: FakeTwilio, signup: Signup, behaviour: str) -> None:
    fake.script = [behaviour]
    row = text(signup)
    deliver()
    assert state(row) == ReminderState.AMBIGUOUS
    for minutes in range(1, 8):
        sweep(now=NOW + minutes * MINUTE)
        deliver(NOW + minutes * MINUTE)
    assert (state(row), len(fake.taken)) == (ReminderState.ACCEPTED, 1)
    assert row.message_id == fake.taken[0].provider_id
    assert EventKind.RECONCILED in events(row)


@pytest.mark.parametrize("behaviour", ["vanish", "fail"])
def test_text_that_was_not_taken_is_sent_again(fake: FakeTwilio, signup: Signup, behaviour: str) -> None:
    fake.script = [behaviour]
    row = text(signup)
    deliver()
    assert state(row) == ReminderState.AMBIGUOUS
    sweep(now=NOW + MINUTE)
    deliver(NOW + MINUTE)
    assert (state(row), len(fake.taken)) == (ReminderState.AMBIGUOUS, 0)  # its record may lag
    sweep(now=NOW + 4 * MINUTE)
    deliver(NOW + 4 * MINUTE)
    assert (state(row), len(fake.taken)) == (ReminderState.ACCEPTED, 1)


def test_receipt_that_comes_first_settles_it(fake: FakeTwilio, signup: Signup, client: Client) -> None:
    fake.script = ["drop"]
    row = text(signup)
    deliver()
    assert post(client, fake.receipts(fake.taken[0], "sent")[0]) == 200
    assert state(row) == ReminderState.ACCEPTED
    sweep(now=NOW + 5 * MINUTE)
    deliver(NOW + 5 * MINUTE)
    assert len(fake.taken) == 1


def test_worker_that_vanished_while_sending_leaves_enough_to_find_it(fake: FakeTwilio, signup: Signup) -> None:
    row = text(signup)
    deliver()
    # As a kill between Twilio's answer and our writing it down leaves the row.
    Reminder.objects.filter(pk=row.pk).update(
        state=ReminderState.AMBIGUOUS, content_hash="", message_id="", lease_until=NOW
    )
    sweep(now=NOW + 4 * MINUTE)
    assert (state(row), row.message_id) == (ReminderState.ACCEPTED, fake.taken[0].provider_id)


def test_other_text_of_the_same_words_is_not_taken_for_it(fake: FakeTwilio, signup: Signup) -> None:
    first = text(signup)
    deliver()
    second = text(signup, dedupe_key="other")
    fake.script = ["vanish"]
    # The same words, but for its own link: make them the same.
    deliver()
    Reminder.objects.filter(pk=second.pk).update(content_hash=Reminder.objects.get(pk=first.pk).content_hash)
    sweep(now=NOW + 4 * MINUTE)
    assert state(second) == ReminderState.PLANNED


def test_reminder_that_is_too_late_to_repeat_goes_by_email(fake: FakeTwilio, signup: Signup) -> None:
    row = text(signup, deadline_at=NOW + 50 * MINUTE)
    fake.script = ["vanish"]
    deliver()
    sweep(now=NOW + 4 * MINUTE)
    assert state(row) == ReminderState.FAILED
    (letter,) = letters()
    assert (letter.state, letter.kind) == (ReminderState.PLANNED, ReminderKind.REMINDER)


def test_news_is_sent_again_however_late(fake: FakeTwilio, signup: Signup) -> None:
    signup.occurrence.status = "cancelled"
    signup.occurrence.save()
    row = text(signup, ReminderKind.CANCELLED, deadline_at=NOW + 30 * MINUTE)
    fake.script = ["vanish"]
    deliver()
    sweep(now=NOW + 4 * MINUTE)
    assert state(row) == ReminderState.PLANNED


def test_text_that_stays_unclear_is_sent_four_times_at_most_and_then_by_email(fake: FakeTwilio, signup: Signup) -> None:
    row = text(signup)
    sent = 0
    for minutes in range(0, 60, 4):
        fake.script = ["vanish"]
        sweep(now=NOW + minutes * MINUTE)
        deliver(NOW + minutes * MINUTE)
        sent += not fake.script
    assert (state(row), row.reason, row.attempt, sent) == (ReminderState.FAILED, texts.NO_TIME, 4, 4)
    assert [(letter.channel, letter.kind) for letter in letters()] == [("email", ReminderKind.REMINDER)]


def test_provider_that_cannot_be_asked_is_not_sent_to_again(fake: FakeTwilio, signup: Signup) -> None:
    fake.script = ["drop"]
    row = text(signup)
    deliver()
    fake.behaviour = "fail"
    for minutes in (3, 6, 9, 12):
        sweep(now=NOW + minutes * MINUTE)
        assert state(row) == ReminderState.AMBIGUOUS
    sweep(now=NOW + 20 * MINUTE)
    assert state(row) == ReminderState.ASSUMED_SENT
    assert row.reason == texts.NOBODY_KNOWS


def test_two_sweepers_look_into_a_row_once(fake: FakeTwilio, signup: Signup) -> None:
    fake.script = ["vanish"]
    text(signup)
    deliver()
    asked = fake.requests
    assert texts.reconcile(now=NOW + 4 * MINUTE) == 1
    assert texts.reconcile(now=NOW + 4 * MINUTE) == 0
    assert fake.requests == asked


def test_text_that_was_sent_again_while_it_was_looked_into_is_not_settled(fake: FakeTwilio, signup: Signup) -> None:
    fake.script = ["vanish"]
    row = text(signup)
    deliver()

    class Slow(SmsGateway):
        def look_up(self, *, to: str, since: dt.datetime, **more: Any) -> list[Found] | None:
            Reminder.objects.filter(pk=row.pk).update(attempt=2)
            return super().look_up(to=to, since=since, **more)

    assert texts.reconcile(now=NOW + 4 * MINUTE, gateway=Slow()) == 0
    assert (state(row), row.attempt) == (ReminderState.AMBIGUOUS, 2)


# -- what does not arrive --------------------------------------------------------------------------------------------


def undelivered(client: Client, fake: FakeTwilio, code: str) -> None:
    call = fake.receipts(fake.taken[-1], "undelivered", code=code)[0]
    assert [post(client, call), post(client, call)] == [200, 200]


def test_phone_that_is_off_is_tried_once_more_and_then_by_email(
    fake: FakeTwilio, signup: Signup, client: Client, settings: Any
) -> None:
    row = text(signup)
    deliver()
    undelivered(client, fake, "30003")
    assert state(row) == ReminderState.UNDELIVERED
    # The receipt is heard now; the clock of these tests is another.
    (second,) = rows(dedupe_key__endswith=":second")
    Reminder.objects.filter(pk=second.pk).update(due_at=NOW, deadline_at=row.deadline_at)
    assert letters() == []
    deliver(NOW + 15 * MINUTE)
    assert len(fake.taken) == 2
    assert fake.taken[0].status_url != fake.taken[1].status_url


@pytest.mark.parametrize("code", ["30005", "30006", "30007", "30004", "21610"])
def test_what_does_not_come_through_is_said_by_email(fake: FakeTwilio, signup: Signup, code: str) -> None:
    row = text(signup)
    deliver()
    receipt = texts.Receipt("SM1", texts.Stage.UNDELIVERED, code)
    for _twice in range(2):
        assert texts.take_receipt(public_id=row.public_id, receipt=receipt, now=NOW + MINUTE)
    (letter,) = letters()
    assert (letter.kind, letter.due_at) == (ReminderKind.REMINDER, NOW + MINUTE)
    assert Suppression.objects.exists() == (code in ("30004", "21610"))


def test_second_failure_of_a_phone_that_is_off_goes_by_email(fake: FakeTwilio, signup: Signup) -> None:
    row = text(signup)
    deliver()
    receipt = texts.Receipt("SM1", texts.Stage.UNDELIVERED, "30003")
    texts.take_receipt(public_id=row.public_id, receipt=receipt, now=NOW + MINUTE)
    (second,) = rows(dedupe_key__endswith=":second")
    assert second.due_at == NOW + 16 * MINUTE
    deliver(second.due_at)
    texts.take_receipt(public_id=second.public_id, receipt=receipt, now=NOW + 17 * MINUTE)
    assert len(letters()) == 1
    assert len(rows(channel=Channel.SMS, dedupe_key__endswith=":second")) == 1


@pytest.mark.parametrize("code", ["21610", "21614", "21408", "21617"])
def test_refused_text_is_said_by_email(fake: FakeTwilio, signup: Signup, code: str) -> None:
    fake.script = [f"refuse:{code}"]
    row = text(signup)
    deliver()
    assert state(row) == ReminderState.FAILED
    assert [each.kind for each in letters()] == [ReminderKind.REMINDER]


def test_number_that_takes_nothing_more_moves_its_owner_to_email(fake: FakeTwilio, signup: Signup) -> None:
    fake.script = ["refuse:21614"]
    text(signup)
    deliver()
    planned = [row for row in rows(kind=ReminderKind.REMINDER, state=ReminderState.PLANNED) if row.channel == "sms"]
    # What was planned before meets the last look, and is said by email.
    deliver(planned[0].due_at)
    assert state(planned[0]) == ReminderState.SKIPPED
    assert [row.channel for row in rows(dedupe_key__endswith=":instead", lead_key=planned[0].lead_key)] == ["email"]
    # What is planned from now on goes there at once.
    assert signup.participant.user is not None
    replan_person(person=of_member(signup.participant.user), why=WISHES, now=NOW)
    assert {row.channel for row in rows(kind=ReminderKind.REMINDER, state=ReminderState.PLANNED)} == {"email"}


def test_outage_parks_texts_and_leaves_email_alone(fake: FakeTwilio, signup: Signup, mailoutbox: list[Any]) -> None:
    fake.behaviour = "busy"
    row, letter = text(signup, lane=0), make_reminder(signup=signup, due_at=NOW, dedupe_key="letter")
    deliver()
    deliver(NOW + dt.timedelta(seconds=1))
    assert (state(row), state(letter), fake.requests) == (ReminderState.PLANNED, ReminderState.ACCEPTED, 1)
    fake.behaviour = "accept"
    deliver(NOW + dt.timedelta(seconds=8))
    assert state(row) == ReminderState.ACCEPTED


def test_receipt_again_shortly_before_it_is_too_late_does_not_say_it_by_email_too(
    fake: FakeTwilio, signup: Signup
) -> None:
    row = text(signup)
    deliver()
    receipt = texts.Receipt("SM1", texts.Stage.UNDELIVERED, "30003")
    texts.take_receipt(public_id=row.public_id, receipt=receipt, now=NOW + MINUTE)
    # The provider repeats itself when a text would come too late; the second one is on its way.
    texts.take_receipt(public_id=row.public_id, receipt=receipt, now=row.deadline_at - MINUTE)
    assert letters() == []
