"""What a server says against a mailbox: when that ends all mail to it, and when it is forgotten."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from accounts.enums import Cause, Forgotten
from accounts.fields import lookup_hash
from accounts.models import ContactPoint, LedgerLine, Refusal, Suppression
from accounts.person import of_guest
from accounts.queries import is_suppressed
from accounts.services import suppressions
from accounts.services.erasure import erase
from accounts.services.retention import purge
from accounts.services.suppressions import record_refusal, record_soft_refusal, suppress
from meetings.reminders.enums import ReminderState
from tests.conftest import NOW
from tests.factories import make_reminder
from tests.factories.accounts import make_contact_point

pytestmark = pytest.mark.django_db

ANA = "ana@example.org"
DAY, WEEK = dt.timedelta(days=1), dt.timedelta(days=7)


def refused(at: dt.datetime, *, is_sure: bool = False, value: str = ANA) -> bool:
    words = {"reason": "Refused by the mail server (550)", "answer": "550 no mailbox"}
    return record_refusal(channel="email", value=value, is_sure=is_sure, now=at, **words)


def full(at: dt.datetime) -> bool:
    words = {"reason": "bounced 5.2.2", "answer": "5.2.2"}
    return record_soft_refusal(channel="email", value=ANA, now=at, **words)


def taken(at: dt.datetime, state: ReminderState = ReminderState.ACCEPTED) -> None:
    point = ContactPoint.objects.filter(value_hash=lookup_hash(ANA)).first() or make_contact_point(value=ANA)
    make_reminder(contact_point=point, state=state, submitted_at=at, attempt=1)


def ended() -> bool:
    return is_suppressed(ContactPoint(channel="email", value=ANA))


def test_sure_refusal_ends_all_mail_at_once() -> None:
    assert refused(NOW, is_sure=True)
    assert ended()
    kept = Suppression.objects.get()
    assert (kept.reason, kept.answer) == ("Refused by the mail server (550)", "550 no mailbox")


def test_second_refusal_ends_all_mail_on_another_day_only() -> None:
    # NOW is 23:00 UTC: an hour later is another day.
    assert [refused(NOW - 2 * dt.timedelta(hours=at)) for at in (3, 2, 1, 0)] == [False] * 4
    assert Refusal.objects.count() == 1
    assert not ended()
    assert refused(NOW + dt.timedelta(hours=2))
    assert ended()
    assert not Refusal.objects.exists()


def test_refusal_of_one_says_nothing_of_another() -> None:
    assert not refused(NOW, value="quim@example.org")
    assert not refused(NOW + DAY)


@pytest.mark.parametrize(
    ("state", "is_ended"),
    [
        (ReminderState.ACCEPTED, False),
        (ReminderState.DELIVERED, False),
        (ReminderState.BOUNCED, True),
        (ReminderState.FAILED, True),
    ],
)
def test_message_that_is_taken_in_between_clears_the_first(state: ReminderState, is_ended: bool) -> None:
    refused(NOW)
    taken(NOW + DAY, state)
    assert refused(NOW + 2 * DAY) is is_ended
    assert ended() is is_ended


def test_message_taken_before_clears_nothing() -> None:
    taken(NOW - DAY)
    refused(NOW)
    assert refused(NOW + DAY)


def test_refusals_two_months_apart_are_two_first_ones() -> None:
    refused(NOW)
    assert not refused(NOW + suppressions.REFUSALS_KEPT + DAY)


def test_refusals_are_forgotten_after_their_weeks_and_counted() -> None:
    refused(NOW)
    full(NOW + DAY)
    assert purge(now=NOW + suppressions.REFUSALS_KEPT + dt.timedelta(hours=1))[Forgotten.REFUSALS] == 1
    assert Refusal.objects.get().is_soft


def test_refusals_go_with_the_person() -> None:
    guest = make_contact_point(value=ANA)
    refused(NOW)
    refused(NOW, value="quim@example.org")
    erase(person=of_guest(guest), now=NOW)
    assert Refusal.objects.get().value_hash == lookup_hash("quim@example.org")


def test_mailbox_that_is_full_in_five_weeks_ends_all_mail() -> None:
    assert [full(NOW + week * WEEK) for week in range(5)] == [False] * 4 + [True]
    assert ended()


def test_mailbox_that_is_full_every_day_of_four_weeks_does_not() -> None:
    # From a Monday on: 28 days are four weeks.
    assert not any(full(NOW - DAY + day * DAY) for day in range(28))
    assert full(NOW - DAY + 28 * DAY)


@pytest.mark.parametrize(
    ("after_weeks", "state", "is_ended"),
    [
        # Whoever took it may still send it back.
        (3.9, ReminderState.ACCEPTED, True),
        (3.0, ReminderState.ACCEPTED, False),
        (3.9, ReminderState.DELIVERED, False),
        (3.0, ReminderState.BOUNCED, True),
    ],
)
def test_message_that_arrives_begins_the_five_weeks_anew(
    after_weeks: float, state: ReminderState, is_ended: bool
) -> None:
    for week in range(4):
        full(NOW + week * WEEK)
    taken(NOW + after_weeks * WEEK + dt.timedelta(minutes=1), state)
    assert full(NOW + 4 * WEEK) is is_ended


def test_full_mailbox_does_not_make_a_refusal_the_second() -> None:
    full(NOW)
    assert not refused(NOW + DAY)


# -- whose word --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("Refused by the mail server (550 5.1.1)", Cause.REFUSED),
        ("bounced 5.1.1", Cause.REFUSED),
        ("bounced bounced", Cause.REFUSED),
        ("undelivered 30004", Cause.REFUSED),
        ("The mail service knows this address as one that takes no mail", Cause.REFUSED),
        ("complained", Cause.COMPLAINED),
        ("complained spam", Cause.COMPLAINED),
        ("bounced spam", Cause.COMPLAINED),
        ("bounced unsubscribed", Cause.STOPPED),
        ("The recipient wrote STOP", Cause.STOPPED),
        ("The recipient wrote STOP (40300)", Cause.STOPPED),
        ("undelivered 21610", Cause.STOPPED),
    ],
)
def test_reason_says_whose_word_it_was(reason: str, cause: Cause) -> None:
    assert Suppression(reason=reason).cause == cause


def test_what_a_person_says_replaces_what_a_server_said() -> None:
    refused(NOW, is_sure=True)
    suppress(channel="email", value=ANA, reason="complained", now=NOW + DAY)
    refused(NOW + 2 * DAY, is_sure=True)
    kept = Suppression.objects.get()
    assert (kept.reason, kept.answer) == ("complained", "")


# -- what stood before -------------------------------------------------------------------------------------------------

BEFORE, AFTER = ("accounts", "0014_user_has_own_zone"), ("accounts", "0015_refusals")


@pytest.mark.django_db(transaction=True)
def test_what_one_bare_refusal_had_ended_is_lifted_and_nothing_else() -> None:
    executor = MigrationExecutor(connection)
    leaves = executor.loader.graph.leaf_nodes()
    executor.migrate([BEFORE])
    old = executor.loader.project_state([BEFORE]).apps.get_model("accounts", "Suppression")
    kept = [
        ("email", "Refused by the mail server (550 5.1.1)"),
        ("email", "bounced 5.1.1"),
        ("email", "complained"),
        ("sms", "The recipient wrote STOP"),
    ]
    lifted = [("email", f"Refused by the mail server ({code})") for code in (550, 551, 553)]
    try:
        for each, (channel, reason) in enumerate(kept + lifted):
            old.objects.create(channel=channel, value_hash=f"{each:064}", reason=reason)
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(leaves)
    assert list(Suppression.objects.order_by("pk").values_list("channel", "reason")) == kept
    lines = [json.loads(each) for each in LedgerLine.objects.values_list("line", flat=True)]
    assert [(line["word"], line["about"], line["subject"]) for line in lines] == [
        ("lifted", "email", f"{each:064}") for each in (4, 5, 6)
    ]
