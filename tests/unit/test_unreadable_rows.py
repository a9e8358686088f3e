"""What cannot be opened here stops nobody, and waits for whoever has the key."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.test import Client

from accounts.enums import Channel
from accounts.fields import Unreadable, keyring, seal, seal_email, unseal, unseal_email
from meetings.enums import SignupPolicy, SignupStatus
from meetings.models import Participant, Signup
from meetings.reminders.enums import EventKind, ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.queries.timelines import Reader, timeline
from meetings.reminders.rendering import Renderer
from meetings.reminders.services import plan, texts
from meetings.reminders.services.deliver import UNOPENED, UNWRITTEN_PAUSE, deliver_due
from meetings.reminders.services.instead import by_email_instead
from meetings.reminders.services.sweep import sweep
from meetings.services.occurrences import move_occurrence
from support.messaging import SmsGateway
from tests.conftest import NOW
from tests.factories import (
    make_contact_point,
    make_meeting,
    make_occurrence,
    make_participant,
    make_reminder,
    make_signup,
)
from tests.helpers.gateways import CountingGateway

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
OLD_KEY, NEW_KEY, LOST_KEY = (Fernet.generate_key().decode() for _number in range(3))


def run(*, at: dt.datetime = NOW) -> int:
    """Send what is due, and return how many messages went out."""
    post = CountingGateway()
    deliver_due(read_clock=lambda: at, gateway=post)
    return post.taken


@pytest.fixture(autouse=True)
def _old_host(settings: Any) -> None:
    settings.CONTACT_KEYS = [OLD_KEY]


def sealed_elsewhere(settings: Any, key: str, **fields: Any) -> Reminder:
    """Make a message that a host with another key planned."""
    ours, settings.CONTACT_KEYS = settings.CONTACT_KEYS, [key]
    row = make_reminder(**fields)
    settings.CONTACT_KEYS = ours
    return row


def state(row: Reminder) -> str:
    # Not by refresh_from_db, which would read what goes with it.
    return Reminder.objects.values_list("state", flat=True).get(pk=row.pk)


def test_what_no_key_opens_is_said_as_that() -> None:
    for opens, sealed in ((unseal, seal("robin@example.org")), (unseal_email, seal_email("robin@example.org"))):
        with pytest.raises(Unreadable):
            opens(sealed[:-8] + "AAAAAAAA")


def test_keyring_tells_keys_apart_and_not_their_order(settings: Any) -> None:
    settings.CONTACT_KEYS = [OLD_KEY, NEW_KEY]
    both = keyring()
    settings.CONTACT_KEYS = [NEW_KEY, OLD_KEY]
    assert keyring() == both
    settings.CONTACT_KEYS = [NEW_KEY]
    assert keyring() != both
    assert keyring() not in NEW_KEY


def test_one_row_that_cannot_be_opened_stops_no_other(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    rows = [make_reminder(), make_reminder()]
    bad = sealed_elsewhere(settings, LOST_KEY, due_at=NOW - 2 * HOUR)
    rows += [make_reminder(), make_reminder()]
    with caplog.at_level(logging.ERROR):
        assert run() == 4
    assert {state(row) for row in rows} == {"accepted"}
    found = Reminder.objects.get(pk=bad.pk)
    assert (found.state, found.reason, found.attempt, found.due_at) == ("planned", UNOPENED, 0, bad.due_at)
    assert "whose address no key here opens: 1" in caplog.text


def test_staff_and_monitors_see_what_cannot_be_opened(settings: Any, client: Client) -> None:
    bad = sealed_elsewhere(settings, LOST_KEY)
    run()
    events = [(event.kind, event.detail) for event in bad.events.all()]
    assert events == [(EventKind.RETRY, "This server has no key that opens its address")]
    assert client.get("/healthz").json()["unreadable_addresses"] == 1


def test_host_with_the_key_sends_at_once_what_another_could_not_open(settings: Any) -> None:
    [ours, theirs] = make_reminder(), sealed_elsewhere(settings, NEW_KEY)
    assert run() == 1
    settings.CONTACT_KEYS = [NEW_KEY]
    assert run() == 1
    assert (state(ours), state(theirs)) == ("accepted", "accepted")


def test_two_hosts_with_different_keys_lose_nothing(settings: Any) -> None:
    for _number in range(4):
        make_reminder()
        sealed_elsewhere(settings, NEW_KEY)
    sent = {OLD_KEY: 0, NEW_KEY: 0}
    # The new host comes first, and takes what it cannot open, too.
    for key in (NEW_KEY, OLD_KEY, NEW_KEY):
        settings.CONTACT_KEYS = [key]
        sent[key] += run()
    assert sent == {OLD_KEY: 4, NEW_KEY: 4}


def test_same_keys_are_not_tried_again_at_once_and_then_in_a_while(settings: Any) -> None:
    bad = sealed_elsewhere(settings, LOST_KEY)
    tallies = []
    for minutes in (0, 1, 14, 15, 16):
        tallies.append(deliver_due(read_clock=lambda at=NOW + minutes * MINUTE: at, gateway=CountingGateway()))  # type: ignore[misc]  # bound at once
    assert [tally.other for tally in tallies] == [1, 0, 0, 1, 0]
    # It is said once, however often it is tried.
    assert bad.events.count() == 1


def test_hosts_of_which_none_has_the_key_take_turns_at_leisure(settings: Any) -> None:
    bad = sealed_elsewhere(settings, LOST_KEY)
    tried = Counter[str]()
    for minute in range(31):
        for key in (OLD_KEY, NEW_KEY):
            settings.CONTACT_KEYS = [key]
            tried[key] += deliver_due(read_clock=lambda at=NOW + minute * MINUTE: at, gateway=CountingGateway()).other  # type: ignore[misc]  # bound at once
    assert max(tried.values()) <= 3
    assert bad.events.count() == 2


def test_key_that_is_put_back_is_tried_at_once(settings: Any) -> None:
    bad = sealed_elsewhere(settings, LOST_KEY)
    run()
    settings.CONTACT_KEYS = [OLD_KEY, LOST_KEY]
    assert run() == 1
    assert state(bad) == "accepted"


def test_what_nobody_opened_in_time_ends(settings: Any) -> None:
    bad = sealed_elsewhere(settings, LOST_KEY, deadline_at=NOW + UNWRITTEN_PAUSE)
    run()
    sweep(now=NOW + UNWRITTEN_PAUSE)
    assert state(bad) == ReminderState.EXPIRED
    assert next(event.detail for event in bad.events.all()) == UNOPENED


def test_message_that_needs_something_else_sealed_waits_for_the_key_too(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, render = make_reminder(), Renderer.render

    def fails(self: Renderer, reminder: Reminder, *, now: dt.datetime) -> Any:
        return unseal("nonsense") if reminder.pk == bad.pk else render(self, reminder, now=now)

    monkeypatch.setattr(Renderer, "render", fails)
    make_reminder()
    assert run() == 1
    assert Reminder.objects.get(pk=bad.pk).reason == UNOPENED


def test_timeline_says_why_it_waits(settings: Any) -> None:
    bad = sealed_elsewhere(settings, LOST_KEY)
    run()
    lines = timeline(bad.signup, reader=Reader(tz="America/New_York", hour_cycle="h12"))
    assert lines[-1].sentence == "Confirmation: Not sent yet: this server has no key that opens its address."


# -- other batches ---------------------------------------------------------------------------------------------------


def name_from_elsewhere(person: Participant, settings: Any) -> None:
    ours, settings.CONTACT_KEYS = settings.CONTACT_KEYS, [LOST_KEY]
    Participant.objects.filter(pk=person.pk).update(display_name="Robin M")
    settings.CONTACT_KEYS = ours


def test_name_that_cannot_be_opened_keeps_no_message_back(settings: Any) -> None:
    row = make_reminder()
    name_from_elsewhere(row.signup.participant, settings)
    assert run() == 1


def test_one_name_that_cannot_be_opened_keeps_nobody_from_hearing_of_a_move(settings: Any) -> None:
    occurrence = make_occurrence(meeting=make_meeting(signup_policy=SignupPolicy.SIGN_UP))
    places = [make_signup(occurrence=occurrence) for _number in range(3)]
    name_from_elsewhere(places[1].participant, settings)
    move_occurrence(occurrence=occurrence, starts_at=occurrence.starts_at + HOUR, now=NOW)
    told = Reminder.objects.filter(kind=ReminderKind.MOVED, state=ReminderState.PLANNED)
    assert set(told.values_list("signup_id", flat=True)) == {place.pk for place in places}
    assert run() == 3


def test_email_instead_of_a_text_needs_no_name(settings: Any) -> None:
    phone = make_contact_point(channel=Channel.SMS, value="+12025550143")
    row = make_reminder(ReminderState.FAILED, channel=Channel.SMS, contact_point=phone)
    name_from_elsewhere(row.signup.participant, settings)
    assert len(by_email_instead([row.pk], why="test", now=NOW)) == 1


def unclear_text(settings: Any, key: str, number: str) -> Reminder:
    ours, settings.CONTACT_KEYS = settings.CONTACT_KEYS, [key]
    phone = make_contact_point(channel=Channel.SMS, value=number)
    settings.CONTACT_KEYS = ours
    return make_reminder(
        ReminderState.AMBIGUOUS, channel=Channel.SMS, contact_point=phone, lease_until=NOW, attempt=1,
        submitted_at=NOW - 5 * MINUTE,
    )  # fmt: skip


def test_unclear_text_that_cannot_be_opened_keeps_no_other_from_being_looked_into(settings: Any) -> None:
    bad = unclear_text(settings, LOST_KEY, "+12025550143")
    good = unclear_text(settings, OLD_KEY, "+12025550144")

    class Knows(SmsGateway):
        def look_up(self, **_: Any) -> list[Any]:
            return []

    assert texts.reconcile(now=NOW, gateway=Knows()) == 1
    assert (state(bad), state(good)) == ("ambiguous", "planned")
    # Another host may have the key; after a quarter of an hour nobody will.
    assert texts.reconcile(now=NOW + 12 * MINUTE, gateway=Knows()) == 1
    assert state(bad) == ReminderState.ASSUMED_SENT


def test_plans_of_those_who_can_be_read_go_on(settings: Any) -> None:
    place: Signup = make_signup(participant=make_participant(), status=SignupStatus.CONFIRMED)
    name_from_elsewhere(place.participant, settings)
    plan.plan_reminders(signups=[make_signup(occurrence=place.occurrence)], now=NOW)
    assert Reminder.objects.count() == 1
