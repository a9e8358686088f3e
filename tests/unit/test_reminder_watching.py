"""What staff may do about messages, and that a second press does no harm."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from accounts.enums import AccessAction, Channel
from accounts.models import AccessRecord, User
from meetings.reminders.enums import EventKind, ReminderKind, ReminderState
from meetings.reminders.models import ChannelOutage, ChannelPause, DeliveryEvent, Reminder
from meetings.reminders.services import hot, watching
from meetings.reminders.services.deliver import claim, deliver_due
from support.messaging import Accepted, Letter, Result, Transient
from tests.conftest import NOW
from tests.factories import make_reminder, make_signup, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

HOUR = dt.timedelta(hours=1)


class Gateway:
    def __init__(self) -> None:
        self.letters: list[Letter] = []

    def open(self) -> Transient | None:
        return None

    def send(self, letter: Letter, /, *, until: dt.datetime) -> Result:
        self.letters.append(letter)
        return Accepted()

    def close(self) -> None:
        pass


@pytest.fixture
def staff() -> User:
    return make_user(is_staff=True)


def send(now: dt.datetime = NOW) -> Gateway:
    gateway = Gateway()
    deliver_due(read_clock=lambda: now, gateway=gateway)
    return gateway


# -- planning again --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", watching.REPLAYABLE)
def test_replay_sends_what_did_not_arrive_once(staff: User, state: str) -> None:
    reminder = make_reminder(state, attempt=2, settled_at=NOW - HOUR, reason="Refused")
    assert watching.replay(reminder=reminder, actor=staff, reason="The mailbox is back", now=NOW)
    assert not watching.replay(reminder=reminder, actor=staff, reason="The mailbox is back", now=NOW)
    assert len(send().letters) == 1
    reminder.refresh_from_db()
    assert (reminder.state, reminder.attempt, reminder.reason) == (ReminderState.ACCEPTED, 3, "")
    told = reminder.events.filter(kind=EventKind.REPLAYED).values_list("detail", flat=True)
    assert list(told) == ["The mailbox is back"]


@pytest.mark.parametrize("state", [ReminderState.ACCEPTED, ReminderState.DELIVERED, ReminderState.SUPERSEDED])
def test_replay_of_what_arrived_or_was_replaced_is_refused(staff: User, state: str) -> None:
    reminder = make_reminder(state)
    with pytest.raises(watching.NotPossible):
        watching.replay(reminder=reminder, actor=staff, reason="Once more", now=NOW)
    assert not send().letters
    assert not DeliveryEvent.objects.exists()


@pytest.mark.parametrize("state", [ReminderState.PLANNED, ReminderState.DELIVERED])
def test_replay_of_what_another_message_says_is_refused(staff: User, state: str) -> None:
    failed = make_reminder(ReminderState.FAILED, kind=ReminderKind.REMINDER, lead_key="2h")
    make_reminder(state, signup=failed.signup, kind=ReminderKind.REMINDER, lead_key="2h", due_at=NOW + HOUR)
    with pytest.raises(watching.NotPossible):
        watching.replay(reminder=failed, actor=staff, reason="Once more", now=NOW)


def test_replay_is_possible_where_the_others_say_something_else(staff: User) -> None:
    failed = make_reminder(ReminderState.FAILED, kind=ReminderKind.REMINDER, lead_key="2h")
    for fields in ({"lead_key": "1h"}, {"lead_key": "2h", "schedule_seq": 1}, {"kind": ReminderKind.MOVED}):
        make_reminder(ReminderState.DELIVERED, signup=failed.signup, **{"kind": ReminderKind.REMINDER, **fields})
    make_reminder(ReminderState.FAILED, signup=failed.signup, kind=ReminderKind.REMINDER, lead_key="2h")
    assert watching.replay(reminder=failed, actor=staff, reason="Once more", now=NOW)


@pytest.mark.parametrize("state", ReminderState.values)
def test_replay_is_possible_where_the_email_that_says_the_same_reached_nobody(staff: User, state: str) -> None:
    text = make_reminder(ReminderState.FAILED)
    make_reminder(state, signup=text.signup)
    reached_nobody = {"failed", "skipped", "superseded", "expired", "undelivered", "bounced"}
    assert watching.can_replay(text, now=NOW) == (state in reached_nobody)


def test_replay_after_the_deadline_is_refused(staff: User) -> None:
    reminder = make_reminder(ReminderState.FAILED, deadline_at=NOW)
    with pytest.raises(watching.NotPossible):
        watching.replay(reminder=reminder, actor=staff, reason="Once more", now=NOW)
    assert Reminder.objects.get().state == ReminderState.FAILED


def test_replay_is_checked_like_any_other_at_the_last_moment(staff: User) -> None:
    signup = make_signup()
    reminder = make_reminder(ReminderState.FAILED, signup=signup)
    signup.occurrence.schedule_seq = 1
    signup.occurrence.save()
    watching.replay(reminder=reminder, actor=staff, reason="Once more", now=NOW)
    assert not send().letters
    assert Reminder.objects.get().state == ReminderState.SUPERSEDED


# -- stopping --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "becomes"),
    [
        (ReminderState.PLANNED, ReminderState.SKIPPED),
        (ReminderState.CLAIMED, ReminderState.SKIPPED),
        (ReminderState.AMBIGUOUS, ReminderState.ASSUMED_SENT),
    ],
)
def test_abort_stops_what_is_not_sent(staff: User, state: str, becomes: str) -> None:
    reminder = make_reminder(state)
    assert watching.abort(reminder=reminder, actor=staff, reason="Wrong date", now=NOW)
    assert not watching.abort(reminder=reminder, actor=staff, reason="Wrong date", now=NOW)
    assert not send().letters
    row = Reminder.objects.get()
    assert (row.state, row.reason, row.settled_at) == (becomes, watching.STOPPED, NOW)
    assert row.events.get().detail == "Wrong date"


def test_abort_fences_out_the_worker_that_has_it_in_hand(staff: User) -> None:
    token = uuid.uuid4()
    reminder = make_reminder()
    assert claim(now=NOW, token=token) == [reminder.pk]
    watching.abort(reminder=reminder, actor=staff, reason="Wrong date", now=NOW)
    assert not hot.begin(pk=reminder.pk, attempt=1, token=token, now=NOW, lease_until=NOW + HOUR)


def test_abort_while_it_is_being_sent_is_refused(staff: User) -> None:
    reminder = make_reminder(ReminderState.SUBMITTING)
    with pytest.raises(watching.NotPossible):
        watching.abort(reminder=reminder, actor=staff, reason="Wrong date", now=NOW)
    assert Reminder.objects.get().state == ReminderState.SUBMITTING


def test_what_staff_do_is_on_record_with_the_person(staff: User) -> None:
    reminder = make_reminder()
    watching.record_looking(actor=staff, signups=[reminder.signup, reminder.signup], now=NOW)
    watching.abort(reminder=reminder, actor=staff, reason="Wrong date", now=NOW)
    records = AccessRecord.objects.order_by("pk").values_list("actor", "about_contact_point", "action")
    assert list(records) == [
        (staff.pk, reminder.contact_point_id, AccessAction.SAW_MESSAGES),
        (staff.pk, reminder.contact_point_id, AccessAction.CHANGED_MESSAGES),
    ]


# -- channels --------------------------------------------------------------------------------------------------------


def test_a_paused_channel_sends_nothing_until_it_is_resumed(staff: User) -> None:
    make_reminder()
    assert watching.pause_channel(channel=Channel.EMAIL, actor=staff, reason="Moving the mail server", now=NOW)
    assert not watching.pause_channel(channel=Channel.EMAIL, actor=staff, reason="Again", now=NOW)
    assert ChannelPause.objects.get().reason == "Moving the mail server"
    assert not send().letters
    assert watching.resume_channel(channel=Channel.EMAIL, actor=staff)
    assert not watching.resume_channel(channel=Channel.EMAIL, actor=staff)
    assert len(send().letters) == 1


def test_a_pause_takes_back_what_a_worker_has_in_hand(staff: User) -> None:
    token = uuid.uuid4()
    mine, other = make_reminder(), make_reminder(channel=Channel.SMS)
    claim(now=NOW, token=token)
    watching.pause_channel(channel=Channel.EMAIL, actor=staff, reason="Moving", now=NOW)
    assert not hot.begin(pk=mine.pk, attempt=1, token=token, now=NOW, lease_until=NOW + HOUR)
    assert hot.begin(pk=other.pk, attempt=1, token=token, now=NOW, lease_until=NOW + HOUR)
    mine.refresh_from_db()
    assert (mine.state, mine.claim_token) == (ReminderState.PLANNED, None)


def test_a_pause_outlives_the_end_of_an_outage(staff: User) -> None:
    make_reminder()
    ChannelOutage.objects.create(channel=Channel.EMAIL, until=NOW - HOUR, reason="Away", since=NOW - HOUR)
    watching.pause_channel(channel=Channel.EMAIL, actor=staff, reason="Moving", now=NOW)
    ChannelOutage.objects.all().delete()
    assert not send().letters
