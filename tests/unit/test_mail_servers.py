"""The engine against real SMTP servers that say no as Exim, Gmail, Stalwart, Postfix and Postgrey do."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeVar

import pytest
import time_machine
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from accounts.models import Refusal, Suppression
from meetings.reminders.enums import ReminderState
from meetings.reminders.models import ChannelOutage, Reminder
from meetings.reminders.queries.timelines import Reader, stories
from meetings.reminders.services.deliver import deliver_due
from meetings.reminders.services.sweep import sweep
from support import clock
from support.messaging import Accepted
from support.messaging.smtp import SmtpServer, SmtpSession, forget_limits
from tests.conftest import NOW
from tests.factories import make_occurrence, make_participant, make_reminder, make_signup, make_user
from tests.mail_servers import (
    EXIM_RELAY,
    EXIM_SENDER,
    NOBODY,
    POSTFIX_RELAY,
    Anvil,
    Gmail,
    Hangs,
    Idle,
    MailServer,
    Postgrey,
    SaysNo,
    SaysNoToSome,
    Stalwart,
    serving,
)
from tests.unit.test_lease_end import letter

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

SECOND, MINUTE, HOUR, DAY = (dt.timedelta(**{name: 1}) for name in ("seconds", "minutes", "hours", "days"))
Server = TypeVar("Server", bound=MailServer)
Use = Callable[[Any], Any]


@pytest.fixture
def travels() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def use(settings: Any) -> Iterator[Use]:
    """Return a function that lets the site send its mail to a server."""
    forget_limits()
    with ExitStack() as stack:

        def run(server: Server) -> Server:
            stack.enter_context(serving(server))
            settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
            settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(server.url.rpartition(":")[2])
            # Only one that never answers is to be given up soon; a busy machine answers late.
            settings.EMAIL_TIMEOUT = 0.5 if isinstance(server, Hangs) else 10
            return server

        yield run
    forget_limits()


def due(count: int, **fields: Any) -> list[str]:
    """Make `count` messages that are due, for a date in a fortnight. Returns whom they are for, in their order."""
    occurrence = make_occurrence(on=(clock.now() + 14 * DAY).date())
    rows = [
        make_reminder(signup=make_signup(occurrence=occurrence), due_at=clock.now() - (count - n) * SECOND, **fields)
        for n in range(count)
    ]
    return [row.contact_point.value for row in rows]


def send() -> None:
    deliver_due(read_clock=clock.now)


def live(travels: time_machine.Traveller, span: dt.timedelta) -> None:
    """Let the site run for a span of time: send whenever something may be sent, and sweep."""
    end = clock.now() + span
    while clock.now() < end:
        sweep(now=clock.now())
        send()
        parked = ChannelOutage.objects.values_list("until", flat=True).first()
        waiting = Reminder.objects.filter(state=ReminderState.PLANNED).order_by("due_at")
        if not waiting.exists() and not Reminder.objects.filter(state=ReminderState.AMBIGUOUS).exists():
            break
        soonest = waiting.values_list("due_at", flat=True).first() or clock.now()
        travels.move_to(min(end, max(soonest, parked or soonest, clock.now() + SECOND)))
    travels.move_to(end)


def states() -> Counter[str]:
    return Counter(Reminder.objects.values_list("state", flat=True))


def nobody_is_suppressed() -> bool:
    return not Suppression.objects.exists() and not Refusal.objects.exists()


# -- about us --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (EXIM_RELAY, "550 relay not permitted"),
        (EXIM_SENDER, "550 Verification failed for … No Such User Here Sender verify failed"),
        (POSTFIX_RELAY, "554 5.7.1 … Relay access denied"),
        ("550 Administrative prohibition", "550 Administrative prohibition"),
        ("530 5.7.0 Authentication required", "530 5.7.0 Authentication required"),
        ("553 no", "553 no"),
    ],
)
def test_relay_that_does_not_know_us_costs_time_and_nothing_else(
    answer: str, said: str, use: Use, travels: time_machine.Traveller
) -> None:
    relay = use(SaysNo(answer))
    people = due(20)
    live(travels, HOUR)
    assert states() == {ReminderState.PLANNED: 20}
    assert nobody_is_suppressed()
    assert ChannelOutage.objects.get().said == said
    assert set(Reminder.objects.values_list("failures", flat=True)) == {0}
    # One look every five minutes, by another message each time.
    assert 10 < sum(relay.refused.values()) < 20
    assert max(relay.refused.values()) <= 2
    relay.mended = True
    live(travels, 20 * MINUTE)
    assert sorted(relay.recipients) == sorted(people)
    assert states() == {ReminderState.ACCEPTED: 20}
    assert not ChannelOutage.objects.exists()


def test_relay_that_calls_everybody_unknown_means_us(use: Use, travels: time_machine.Traveller) -> None:
    relay = use(SaysNo(NOBODY))
    people = due(12)
    for day in range(2):
        travels.move_to(NOW + day * DAY)
        live(travels, HOUR)
        assert states() == {ReminderState.PLANNED: 12}
        assert nobody_is_suppressed()
    assert ChannelOutage.objects.get().said.startswith("550 5.1.1 … Recipient address rejected")
    relay.mended = True
    live(travels, HOUR)
    assert sorted(relay.recipients) == sorted(people)


def test_refusals_before_the_relay_was_found_out_are_undone(use: Use, travels: time_machine.Traveller) -> None:
    """Each is sent by itself, in a run of its own: what is told to the third undoes what came of the first two."""
    relay = use(SaysNo(NOBODY))
    people = due(2)
    live(travels, MINUTE)
    assert states() == {ReminderState.FAILED: 2}
    assert Refusal.objects.count() == 2
    people += due(1)
    send()
    assert states() == {ReminderState.PLANNED: 3}
    assert nobody_is_suppressed()
    relay.mended = True
    live(travels, HOUR)
    assert sorted(relay.recipients) == sorted(people)


def test_answers_about_us_that_only_one_message_gets_are_about_that_message(
    use: Use, travels: time_machine.Traveller
) -> None:
    """A relay that passes on what a recipient's server says: the others must not wait for it for ever."""
    people = due(20)
    relay = use(SaysNoToSome({people[0]: "550 5.7.1 You are blocked"}))
    live(travels, MINUTE)
    assert sorted(relay.recipients) == sorted(people[1:])
    for _later in range(6):
        due(1)
        live(travels, 5 * MINUTE)
    assert states() == {ReminderState.ACCEPTED: 25, ReminderState.FAILED: 1}
    assert relay.refused[people[0]] == 3
    assert nobody_is_suppressed()


# -- about the mailbox -----------------------------------------------------------------------------------------------


def test_mailbox_that_is_not_there_fails_alone_and_is_suppressed_another_day(
    use: Use, travels: time_machine.Traveller
) -> None:
    reader = make_participant()
    gone = reader.contact_point.value
    relay = use(SaysNoToSome({gone: NOBODY}))
    for day in range(2):
        assert Suppression.objects.count() == 0
        make_reminder(signup=make_signup(participant=reader, occurrence=make_occurrence(on=(NOW + 9 * DAY).date())))
        due(5)
        live(travels, DAY)
        assert states() == {ReminderState.FAILED: day + 1, ReminderState.ACCEPTED: 5 * (day + 1)}
        assert not ChannelOutage.objects.exists()
    assert relay.refused == {gone: 2}
    assert Suppression.objects.get().answer == "550 5.1.1"


def test_timeline_says_what_the_server_said(use: Use, travels: time_machine.Traveller) -> None:
    [gone] = due(1)
    use(SaysNoToSome({gone: NOBODY}))
    send()
    [story] = stories(Reminder.objects.all(), reader=Reader("America/New_York", "h12"))
    assert story.lines[-1].sentence == (
        "It could not be sent: the mail server knows no such mailbox "
        "“550 5.1.1 … Recipient address rejected: User unknown in local recipient table”"
    )


# -- about now -------------------------------------------------------------------------------------------------------


def test_421_to_one_recipient_holds_up_nobody_else(use: Use, travels: time_machine.Traveller) -> None:
    people = due(20)
    relay = use(SaysNoToSome({people[0]: "421 4.3.2 Try again later, closing connection."}))
    send()
    assert sorted(relay.recipients) == sorted(people[1:])
    assert not ChannelOutage.objects.exists()
    live(travels, 4 * HOUR)
    assert states() == {ReminderState.ACCEPTED: 19, ReminderState.PLANNED: 1}
    assert relay.refused[people[0]] < 25
    relay.mended = True
    live(travels, 20 * MINUTE)
    assert states() == {ReminderState.ACCEPTED: 20}


def test_421_to_everybody_is_about_us(use: Use, travels: time_machine.Traveller) -> None:
    relay = use(SaysNo("421 4.3.2 Try again later, closing connection."))
    due(30)
    send()
    assert sum(relay.refused.values()) == 3
    assert ChannelOutage.objects.get().said == "421 4.3.2 Try again later, closing connection."
    relay.mended = True
    live(travels, 10 * MINUTE)
    assert states() == {ReminderState.ACCEPTED: 30}


def test_server_with_so_many_messages_a_line_takes_them_all(use: Use, travels: time_machine.Traveller) -> None:
    relay = use(Stalwart())
    people = due(150)
    send()
    assert relay.recipients == people
    assert (sum(relay.refused.values()), relay.connections) == (1, 15)
    # What was learned is kept for the next run.
    due(25)
    send()
    assert states() == {ReminderState.ACCEPTED: 175}
    assert (sum(relay.refused.values()), relay.connections) == (1, 18)
    assert not ChannelOutage.objects.exists()


def test_number_of_messages_that_a_server_announces_is_kept_to(use: Use, travels: time_machine.Traveller) -> None:
    relay = use(MailServer(offers=["LIMITS MAILMAX=3"]))  # RFC 9422
    people = due(10)
    send()
    assert (relay.recipients, relay.connections) == (people, 4)


def test_line_that_was_closed_for_standing_still_is_no_limit(use: Use, travels: time_machine.Traveller) -> None:
    relay = use(Idle())
    session = SmtpSession(SmtpServer("127.0.0.1", int(relay.url.rpartition(":")[2])))
    for letters in (1, 4, 4):
        for _letter in range(letters):
            assert isinstance(session.send(letter(), until=clock.now() + MINUTE), Accepted)
        travels.move_to(clock.now() + 5 * MINUTE)
    session.close()
    # A new line for each spell, and not one for each message.
    assert (len(relay.received), relay.connections) == (9, 3)


def test_number_of_messages_a_line_that_was_found_out_is_tried_anew(use: Use, travels: time_machine.Traveller) -> None:
    relay = use(Stalwart(2))
    due(4)
    send()
    relay.mended = True
    travels.move_to(NOW + 2 * HOUR)
    before = relay.connections
    due(10)
    send()
    assert relay.connections == before + 1


@pytest.mark.parametrize(
    ("answer", "between"),
    [
        ("450 4.7.1 Error: too much mail", 20 * MINUTE),
        ("550 5.4.5 Daily user sending limit exceeded", 5 * HOUR),
        ("450 4.7.1 Client host rejected: cannot find your hostname", 20 * MINUTE),
    ],
)
def test_limit_that_one_message_meets_again_and_again_never_fails_it(
    answer: str, between: dt.timedelta, use: Use, travels: time_machine.Traveller
) -> None:
    """Its turn always comes when the share is used up, or a name server is slow; others go through in between."""
    [unlucky] = due(1)
    relay = use(SaysNoToSome({unlucky: answer}))
    for _later in range(12):
        due(2)
        live(travels, between)
    assert relay.refused[unlucky] > 4
    assert set(states()) == {ReminderState.ACCEPTED, ReminderState.PLANNED}
    relay.mended = True
    live(travels, 8 * HOUR)
    assert states() == {ReminderState.ACCEPTED: 25}


def test_newcomers_are_taken_at_the_second_try(use: Use, travels: time_machine.Traveller) -> None:
    relay = use(Postgrey())
    people = due(20)
    send()
    assert sum(relay.refused.values()) == 20
    live(travels, 10 * MINUTE)
    assert sorted(relay.recipients) == sorted(people)
    assert not ChannelOutage.objects.exists()


def test_what_is_put_off_for_long_is_never_given_up_before_its_time(use: Use, travels: time_machine.Traveller) -> None:
    relay = use(SaysNo("451 4.7.1 Please try again later"))
    due(1)
    live(travels, 4 * HOUR)
    assert states() == {ReminderState.PLANNED: 1}
    assert sum(relay.refused.values()) > 15
    relay.mended = True
    live(travels, HOUR)
    assert states() == {ReminderState.ACCEPTED: 1}


def test_three_dead_addresses_first_hold_up_nobody_and_end(use: Use, travels: time_machine.Traveller) -> None:
    """They look like a relay that knows nobody; what it takes afterwards shows that it is none."""
    people = due(8)
    relay = use(SaysNoToSome(dict.fromkeys(people[:3], NOBODY)))
    live(travels, MINUTE)
    assert sorted(relay.recipients) == sorted(people[3:])
    live(travels, HOUR)
    assert states() == {ReminderState.ACCEPTED: 5, ReminderState.FAILED: 3}
    assert not ChannelOutage.objects.exists()
    assert relay.refused == dict.fromkeys(people[:3], 2)
    # Each is believed after another day, as if it had been refused by itself.
    assert (Refusal.objects.count(), Suppression.objects.count()) == (3, 0)


def test_mailbox_that_stays_full_for_five_weeks_gets_no_more(use: Use, travels: time_machine.Traveller) -> None:
    reader = make_participant()
    use(SaysNoToSome({reader.contact_point.value: "452 4.2.2 The email account is over quota"}))
    for week in range(5):
        assert not Suppression.objects.exists()
        travels.move_to(NOW + week * 7 * DAY)
        date = make_occurrence(on=(clock.now() + 3 * DAY).date())
        make_reminder(signup=make_signup(participant=reader, occurrence=date), due_at=clock.now())
        live(travels, DAY)
        # However often it was tried.
        assert Refusal.objects.filter(is_soft=True).count() <= 2 * (week + 1)
    assert Suppression.objects.get().answer == "452 4.2.2"


def test_full_mailbox_waits_and_is_not_held_against_it(use: Use, travels: time_machine.Traveller) -> None:
    people = due(6)
    relay = use(SaysNoToSome(dict.fromkeys(people[:5], "552 5.2.2 Mailbox full")))
    live(travels, HOUR)
    assert states() == {ReminderState.PLANNED: 5, ReminderState.ACCEPTED: 1}
    assert not Suppression.objects.exists()
    assert not ChannelOutage.objects.exists()
    relay.mended = True
    live(travels, HOUR)
    assert states() == {ReminderState.ACCEPTED: 6}


def test_quota_of_a_day_keeps_the_queue_until_the_next(use: Use, travels: time_machine.Traveller) -> None:
    relay = use(Gmail(5))
    people = due(30)
    send()
    assert len(relay.received) == 5
    outage = ChannelOutage.objects.get()
    assert outage.until == NOW + HOUR
    assert outage.said.startswith("550 5.4.5 Daily user sending limit exceeded.")
    live(travels, DAY - HOUR)
    assert states() == {ReminderState.ACCEPTED: 5, ReminderState.PLANNED: 25}
    assert sum(relay.refused.values()) <= 8
    assert nobody_is_suppressed()
    relay.most = 1000
    live(travels, 6 * HOUR)
    assert sorted(relay.recipients) == sorted(people)


def test_pace_that_a_server_asks_for_is_learned_and_kept(use: Use, travels: time_machine.Traveller) -> None:
    relay = use(Anvil(10))
    people = due(60)
    live(travels, 10 * MINUTE)
    assert sorted(relay.recipients) == sorted(people)
    assert sum(relay.refused.values()) == 1


# -- silence ---------------------------------------------------------------------------------------------------------


def test_server_that_takes_messages_and_says_nothing_is_left_alone_after_two(
    use: Use, travels: time_machine.Traveller
) -> None:
    relay = use(Hangs())
    people = due(20)
    send()
    assert len(relay.received) == 2
    first = ChannelOutage.objects.get()
    live(travels, MINUTE)
    assert ChannelOutage.objects.get().until - clock.now() > first.until - NOW
    live(travels, 10 * MINUTE)
    hung = len(relay.received)
    assert hung < 9
    relay.mended = True
    live(travels, 20 * MINUTE)
    assert set(relay.recipients) == set(people)
    counts = Counter(relay.recipients)
    assert sum(count - 1 for count in counts.values()) <= hung
    assert max(counts.values()) <= 2
    assert set(states()) == {ReminderState.ACCEPTED, ReminderState.ASSUMED_SENT} or set(states()) == {"accepted"}


# -- who reads it ----------------------------------------------------------------------------------------------------


def test_health_and_staff_read_what_the_server_said_without_an_address(
    use: Use, travels: time_machine.Traveller, client: Client
) -> None:
    use(SaysNo("550-5.7.1 <{recipient}> may not: see https://example.org/x\r\n550 5.7.1 mx.example.org"))
    [reader] = due(1)
    send()
    words = "The mail server refuses mail from this site “550 5.7.1 … may not: see …”"
    found = client.get("/healthz").json()
    assert found["unreachable_because"] == {"email": words}
    assert (found["unreachable_channels"], found["status"]) == (["email"], "ok")
    staff = make_user(is_staff=True)
    TOTP.activate(staff, generate_totp_secret())
    client.force_login(staff)
    page = client.get("/staff/channels/").content.decode()
    assert "The mail server refuses mail from this site." in page
    assert "The server said: “550 5.7.1 … may not: see …”" in page
    assert reader not in page
    # Nobody is told by the age of what waits, since each look is another message's.
    live(travels, 6 * MINUTE)
    send()
    assert client.get("/healthz").json()["status"] == "degraded"
