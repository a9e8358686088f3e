"""A letter from a blocked address lets messages go there again: what a server said is undone, and nothing else."""

from __future__ import annotations

import io
from typing import Any

import hypothesis
import pytest
from django.core.management import call_command
from hypothesis import strategies as st

from accounts.models import AccessRecord, Suppression
from accounts.services.suppressions import record_refusal, suppress
from meetings.reminders.enums import ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services.bounces import record_return, unblock_by_mail
from meetings.reminders.services.last_moment import SUPPRESSED
from support.messaging.bounce_address import bounce_address
from support.messaging.bounces import BounceKind
from support.messaging.incoming import who_asks
from support.messaging.letter import message_id
from tests.conftest import NOW
from tests.factories import make_contact_point, make_reminder
from tests.unit.test_bounce_address import OTHER
from tests.unit.test_bounces import report

pytestmark = pytest.mark.django_db

ANA = "ana@example.org"
UNBLOCK = "unblock@example.org"


@pytest.fixture(autouse=True)
def _unblock_address(settings: Any) -> None:
    settings.UNBLOCK_ADDRESS, settings.BOUNCE_ADDRESS = UNBLOCK, "bounces@example.org"


def letter(sender: str = f"Ana <{ANA}>", to: str = UNBLOCK, **headers: str) -> bytes:
    more = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    return f"From: {sender}\nTo: {to}\nSubject: \n{more}\n\n".encode()


def refused(value: str = ANA) -> None:
    words = {"reason": "Refused by the mail server (550 5.1.1)", "answer": "550 5.1.1"}
    record_refusal(channel="email", value=value, is_sure=True, now=NOW, **words)


@pytest.mark.parametrize("sender", [ANA, f"<{ANA}>", f"Ana <{ANA.upper()}>", f'"quim@example.org" <{ANA}>'])
def test_letter_from_a_blocked_address_unblocks_it(sender: str) -> None:
    refused()
    refused("quim@example.org")
    assert unblock_by_mail(content=letter(sender), now=NOW)
    assert not unblock_by_mail(content=letter(sender), now=NOW)
    assert Suppression.objects.count() == 1
    # It is the person's own deed.
    assert not AccessRecord.objects.exists()


def test_what_is_still_of_use_goes_out_again() -> None:
    point = make_contact_point(value=ANA)
    refused()
    row = make_reminder(ReminderState.SKIPPED, contact_point=point, reason=SUPPRESSED, kind=ReminderKind.MOVED)
    assert unblock_by_mail(content=letter(), now=NOW)
    assert Reminder.objects.get(pk=row.pk).state == ReminderState.PLANNED


def test_message_and_its_second_try_that_both_came_back_go_out_once() -> None:
    row = make_reminder(ReminderState.ACCEPTED, contact_point=make_contact_point(value=ANA), submitted_at=NOW)
    record_return(public_id=row.public_id, kind=BounceKind.SOFT, detail="5.2.2", now=NOW)
    twin = Reminder.objects.exclude(pk=row.pk).get()
    Reminder.objects.filter(pk=twin.pk).update(state=ReminderState.ACCEPTED, attempt=1, submitted_at=NOW)
    record_return(public_id=twin.public_id, kind=BounceKind.HARD, detail="5.1.1", now=NOW)
    assert unblock_by_mail(content=letter(), now=NOW)
    assert [each.pk for each in Reminder.objects.filter(state=ReminderState.PLANNED)] == [twin.pk]


def test_what_came_back_goes_out_under_a_new_name() -> None:
    row = make_reminder(
        ReminderState.ACCEPTED, contact_point=make_contact_point(value=ANA), attempt=1, submitted_at=NOW
    )
    old = row.public_id
    assert record_return(public_id=old, kind=BounceKind.HARD, detail="5.1.1", now=NOW)
    assert unblock_by_mail(content=letter(), now=NOW)
    row.refresh_from_db()
    assert (row.state, row.message_id) == (ReminderState.PLANNED, message_id(row.public_id))
    # The same report, read again, is about the letter that is gone.
    assert not record_return(public_id=old, kind=BounceKind.HARD, detail="5.1.1", now=NOW)
    assert not Suppression.objects.exists()
    # Another one about the new letter is news.
    Reminder.objects.update(state=ReminderState.ACCEPTED, attempt=2, submitted_at=NOW)
    assert record_return(public_id=row.public_id, kind=BounceKind.HARD, detail="5.1.1", now=NOW)
    assert Suppression.objects.exists()
    assert Reminder.objects.get().state == ReminderState.BOUNCED


def test_old_report_that_is_read_again_blocks_nobody_who_was_unblocked() -> None:
    row = make_reminder(
        ReminderState.ACCEPTED,
        contact_point=make_contact_point(value=ANA),
        attempt=1,
        submitted_at=NOW,
        deadline_at=NOW,
    )
    for _again in range(2):
        assert record_return(public_id=row.public_id, kind=BounceKind.HARD, detail="5.1.1", now=NOW)
    assert unblock_by_mail(content=letter(), now=NOW)
    assert record_return(public_id=row.public_id, kind=BounceKind.HARD, detail="5.1.1", now=NOW)
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("channel", "value", "reason"),
    [
        ("email", ANA, "complained"),
        ("email", ANA, "bounced spam"),
        ("email", ANA, "bounced unsubscribed"),
        ("sms", "+15185550123", "The recipient wrote STOP"),
    ],
)
def test_letter_in_anothers_name_undoes_no_complaint_and_no_stop(channel: str, value: str, reason: str) -> None:
    suppress(channel=channel, value=value, reason=reason, now=NOW)
    for sender in (ANA, value):
        assert not unblock_by_mail(content=letter(sender), now=NOW)
    assert Suppression.objects.exists()


@pytest.mark.parametrize(
    "content",
    [
        letter(to="bounces@example.org"),
        letter(to=f"{UNBLOCK}.example.net"),
        letter(Auto_Submitted="auto-replied"),
        letter(Precedence="bulk"),
        letter(List_Id="<all.example.org>"),
        letter(Return_Path="<>"),
        letter(Authentication_Results="mx.example.org; spf=none; dmarc=fail (p=reject) header.from=example.org"),
        letter("Ana"),
        letter(f"{ANA}, quim@example.org"),
        letter(From=ANA),
        report().replace(b"To: no-reply@meetings.example.org", f"To: {UNBLOCK}".encode()),
        b"",
    ],
)
def test_what_no_person_wrote_there_unblocks_nothing(content: bytes) -> None:
    refused()
    assert who_asks(content) is None
    assert not unblock_by_mail(content=content, now=NOW)
    assert Suppression.objects.exists()


def test_what_a_machine_answers_to_a_message_unblocks_nothing(settings: Any) -> None:
    settings.UNBLOCK_ADDRESS = "bounces@example.org"
    to = f"bounces@example.org, {bounce_address(OTHER)}"
    assert who_asks(letter(to=to)) is None
    assert who_asks(letter(to="bounces@example.org", Auto_Submitted="no")) == ANA


def test_nobody_is_listened_to_where_no_such_address_is_configured(settings: Any) -> None:
    settings.UNBLOCK_ADDRESS = ""
    assert who_asks(letter()) is None
    assert who_asks(letter(to="")) is None


@hypothesis.given(st.binary(max_size=400), st.text(max_size=200))
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture], max_examples=60)
def test_no_letter_breaks_the_reading(content: bytes, sender: str) -> None:
    who_asks(content)
    who_asks(b"To: unblock@example.org\nFrom: " + sender.encode(errors="replace") + b"\n\n" + content)


def test_command_counts_it(tmp_path: Any) -> None:
    refused()
    (tmp_path / "one.eml").write_bytes(letter())
    out = io.StringIO()
    call_command("read_bounces", str(tmp_path / "one.eml"), stdout=out)
    assert out.getvalue().strip() == "reports=0 unblocked=1 other=0"
