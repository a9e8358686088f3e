"""Each channel is claimed and paced by itself: what holds one up is nothing to another."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from accounts.enums import Channel, Purpose
from accounts.services.consents import record_consent
from meetings.reminders.enums import Lane, ReminderKind, ReminderState
from meetings.reminders.models import ChannelPause, Reminder
from meetings.reminders.services import side_by_side
from meetings.reminders.services.deliver import Tally, claim, deliver_due, due_channels
from meetings.reminders.services.side_by_side import deliver_side_by_side
from support import clock
from support.messaging import Accepted, Result, Transient, gateways
from tests.factories import make_contact_point, make_occurrence, make_reminder, make_signup

_NUMBERS = itertools.count()

pytestmark = [pytest.mark.real_clock, pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


class Post:
    """A provider that takes everything, once it does not hang."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.asked = 0
        self.outage: Transient | None = None
        self.error: Exception | None = None
        self.taken: list[float] = []

    def open(self) -> Transient | None:
        if self.error:
            raise self.error
        return self.outage

    def send(self, message: object, /, **_: Any) -> Result:
        self.asked += 1
        assert self.goes_on.wait(60)
        self.taken.append(time.monotonic())
        return Accepted()

    def close(self) -> None:
        pass


@pytest.fixture
def posts(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[dict[str, Post]]:
    settings.REDIS_URL = ""
    made = {channel.value: Post() for channel in Channel}
    monkeypatch.setattr(gateways, "_MADE_BY", {channel: (lambda post=post: post) for channel, post in made.items()})
    yield made
    for post in made.values():
        post.goes_on.set()


def due(channel: Channel, count: int, *, lane: Lane = Lane.CHANGE) -> list[Reminder]:
    """Messages about a change, due now, whose readers have no quiet hours at this moment."""
    now = clock.now()
    occurrence = make_occurrence(on=(now + dt.timedelta(days=7)).date())
    rows = []
    for _number in range(count):
        signup = make_signup(occurrence=occurrence)
        point = signup.participant.contact_point
        if channel == Channel.SMS:
            point = make_contact_point(channel=channel, value=f"+1202555{next(_NUMBERS):04}")
            record_consent(
                contact_point=point, purpose=Purpose.CHANGES, is_given=True, wording="test", source="test", now=now
            )
        rows.append(
            make_reminder(
                signup=signup, contact_point=point, channel=channel, kind=ReminderKind.MOVED, lane=lane, due_at=now,
                created_at=now, deadline_at=occurrence.starts_at,
            )
        )  # fmt: skip
    return rows


def state_of(channel: Channel) -> Counter[str]:
    return Counter(Reminder.objects.filter(channel=channel).values_list("state", flat=True))


def in_background(**how: Any) -> tuple[threading.Thread, list[Tally]]:
    tallies: list[Tally] = []

    def run() -> None:
        try:
            tallies.append(deliver_side_by_side(read_clock=clock.now, **how))
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, tallies


def until(condition: Any, *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_forty_texts_at_a_pace_delay_no_email(posts: dict[str, Post], settings: Any) -> None:
    settings.SEND_RATES = {"sms": 4.0, "email": 0.0}
    due(Channel.SMS, 40)
    due(Channel.EMAIL, 40)
    began = time.monotonic()
    tally = deliver_side_by_side(read_clock=clock.now)
    assert len(posts["email"].taken) == 40
    # Forty texts at this pace take forty seconds.
    assert posts["email"].taken[-1] - began < 20
    assert 1 <= len(posts["sms"].taken) < 40
    assert tally.accepted == 40 + len(posts["sms"].taken)
    assert state_of(Channel.SMS) == {"accepted": len(posts["sms"].taken), "planned": 40 - len(posts["sms"].taken)}


def test_a_provider_that_hangs_holds_up_its_own_messages_alone(posts: dict[str, Post]) -> None:
    posts["sms"].goes_on.clear()
    due(Channel.SMS, 3)
    due(Channel.EMAIL, 5)
    thread, tallies = in_background()
    until(lambda: posts["sms"].asked and len(posts["email"].taken) == 5)
    # What becomes due meanwhile waits no longer than until the next look.
    due(Channel.EMAIL, 2)
    until(lambda: len(posts["email"].taken) == 7)
    assert posts["sms"].taken == []
    posts["sms"].goes_on.set()
    thread.join(30)
    assert tallies == [Tally(accepted=10)]


def test_an_outage_ends_the_run_of_its_channel_alone(posts: dict[str, Post]) -> None:
    posts["sms"].outage = Transient("Away", is_outage=True)
    due(Channel.SMS, 3)
    due(Channel.EMAIL, 5)
    assert deliver_side_by_side(read_clock=clock.now) == Tally(accepted=5, is_outage=True)
    assert (state_of(Channel.SMS), state_of(Channel.EMAIL)) == ({"planned": 3}, {"accepted": 5})


def test_a_fault_of_one_channel_lets_the_others_finish_and_is_raised_then(posts: dict[str, Post]) -> None:
    posts["sms"].error = ValueError("no such setting")
    due(Channel.SMS, 1)
    due(Channel.EMAIL, 30)
    with pytest.raises(ValueError, match="no such setting"):
        deliver_side_by_side(read_clock=clock.now)
    assert state_of(Channel.EMAIL) == {"accepted": 30}


def test_a_channel_with_a_pace_leaves_its_process_to_others_after_a_moment(
    posts: dict[str, Post], settings: Any
) -> None:
    settings.SEND_RATES = {"sms": 40.0}
    due(Channel.SMS, 40)
    began = time.monotonic()
    deliver_side_by_side(read_clock=clock.now, paced_seconds=0.5)
    assert time.monotonic() - began < 3
    assert 1 <= len(posts["sms"].taken) < 40
    # One that has a process to itself goes on.
    deliver_side_by_side(read_clock=clock.now, paced_seconds=60)
    assert state_of(Channel.SMS) == {"accepted": 40}


def test_nothing_due_takes_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    make_reminder(due_at=clock.now() + dt.timedelta(hours=1))
    monkeypatch.setattr(side_by_side, "deliver_due", None)
    assert deliver_side_by_side(read_clock=clock.now) == Tally()


def test_channels_that_are_due_leave_out_what_is_paused() -> None:
    due(Channel.SMS, 1)
    due(Channel.EMAIL, 1)
    assert due_channels(now=clock.now()) == ["email", "sms"]
    ChannelPause.objects.create(channel=Channel.EMAIL, reason="Moving", since=clock.now())
    assert due_channels(now=clock.now()) == ["sms"]


def test_one_after_the_other_each_channel_claims_by_its_own_pace(posts: dict[str, Post], settings: Any) -> None:
    """Emails are not claimed by the handful because texts are slow."""
    settings.SEND_RATES = {"sms": 0.1}
    due(Channel.EMAIL, 30)
    due(Channel.SMS, 3)
    claimed = []
    posts["email"].open = lambda: claimed.append(state_of(Channel.EMAIL)["claimed"])  # type: ignore[method-assign]  # looks at our rows
    deliver_due(read_clock=clock.now, seconds=1)
    assert max(claimed) == 30


def test_the_most_urgent_of_a_channel_goes_first() -> None:
    [late] = due(Channel.SMS, 1, lane=Lane.LATER)
    [email] = due(Channel.EMAIL, 1, lane=Lane.URGENT)
    [urgent] = due(Channel.SMS, 1, lane=Lane.URGENT)
    assert claim(now=clock.now(), token=uuid.uuid4(), channels=["sms"]) == [urgent.pk, late.pk]
    email.refresh_from_db()
    assert email.state == ReminderState.PLANNED
