"""What mail servers write back: read, recorded, and acted on once."""

from __future__ import annotations

import datetime as dt
import io
import mailbox
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Suppression
from accounts.queries import is_suppressed
from meetings.reminders.enums import EventKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services.bounces import record_bounce
from meetings.reminders.services.receipts import record_receipt
from support.messaging.bounces import Bounce, BounceKind, read_bounce
from tests.factories import make_reminder

OURS = uuid.UUID("5f3c0000-0000-4000-8000-000000000001")
MESSAGE_ID = f"<{OURS}@meetings.example.org>"


def report(
    *,
    action: str = "failed",
    status: str = "5.1.1",
    message_id: str = MESSAGE_ID,
    returned: str = "text/rfc822-headers",
    remote: str = "dns; mx.example.org",
    said: str | None = None,
) -> bytes:
    """A delivery report, in the shape of RFC 3464's own examples: of what `remote` said, or by the relay itself."""
    reply = f"smtp; {'450' if status.startswith('4') else '550'} {status} <guest@example.org>" if said is None else said
    fields = {"Remote-MTA": remote, "Diagnostic-Code": reply if status != "nonsense" else said}
    more = "".join(f"\n{name}: {value}" for name, value in fields.items() if value)
    return f"""From: Mail Delivery Subsystem <mailer-daemon@mx.example.net>
To: no-reply@meetings.example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

I am sorry to say that your message could not be delivered.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Arrival-Date: Tue, 17 Nov 2026 18:00:00 -0500

Final-Recipient: rfc822; guest@example.org
Action: {action}
Status: {status}{more}

--b1
Content-Type: {returned}

From: Homegroup <no-reply@meetings.example.org>
To: guest@example.org
Message-ID: {message_id}
Subject: Reminder for Tue 7:00 PM

--b1--
""".encode()


COMPLAINT = f"""From: feedback@provider.example.net
Subject: FW: Reminder
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b2"

--b2
Content-Type: text/plain

This is an abuse report.

--b2
Content-Type: message/feedback-report

Feedback-Type: abuse
Version: 1

--b2
Content-Type: message/rfc822

Message-ID: {MESSAGE_ID}
Subject: Reminder for Tue 7:00 PM

Tuesday.

--b2--
""".encode()


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (report(), BounceKind.HARD, "5.1.1"),
        (report(status="5.1.10"), BounceKind.HARD, "5.1.10"),
        (report(status="5.1.100"), BounceKind.TURNED_AWAY, "5.1.100"),
        (report(status="5.2.2 (mailbox full)"), BounceKind.SOFT, "5.2.2"),
        (report(status="5.2.1"), BounceKind.UNSURE, "5.2.1"),
        (report(status="5.7.1"), BounceKind.TURNED_AWAY, "5.7.1"),
        (report(status="4.4.7"), BounceKind.SOFT, "4.4.7"),
        (report(status="5.4.7"), BounceKind.SOFT, "5.4.7"),
        (report(status="nonsense"), BounceKind.TURNED_AWAY, ""),
        (report(returned="message/rfc822"), BounceKind.HARD, "5.1.1"),
        (report(status="5.1.6"), BounceKind.HARD, "5.1.6"),
        # Not by the mailbox's own server, or not by a code that names it.
        (report(remote=""), BounceKind.UNSURE, "5.1.1"),
        (report(remote="", said="x-unix; user unknown"), BounceKind.UNSURE, "5.1.1"),
        (report(status="5.1.2"), BounceKind.UNSURE, "5.1.2"),
        (report(status="5.1.0"), BounceKind.TURNED_AWAY, "5.1.0"),
        # Sendmail writes 5.1.1 where a server gave no such code, and Exim writes 5.0.0 whatever it gave.
        (report(said="smtp; 550 relay not permitted"), BounceKind.TURNED_AWAY, "5.1.1"),
        (report(said="smtp; 550 No such user here"), BounceKind.UNSURE, "5.1.1"),
        (report(status="5.0.0", said="smtp; 550 5.1.1 <guest@example.org> User unknown"), BounceKind.HARD, "5.0.0"),
        (report(status="5.0.0", said="smtp; 550-5.1.1 The account\n does not exist."), BounceKind.HARD, "5.0.0"),
        (report(status="5.1.1", said="smtp; 550 5.7.1 Blocked"), BounceKind.TURNED_AWAY, "5.1.1"),
        (report(status="5.5.0", said="smtp; 552 mailbox full"), BounceKind.SOFT, "5.5.0"),
        (report(status="4.7.1", said="smtp; 450 4.7.1 Client host blocked"), BounceKind.TURNED_AWAY, "4.7.1"),
        (report(status="5.4.7", remote="", said="X-Postfix; delivery time expired"), BounceKind.SOFT, "5.4.7"),
        (report(action="delivered", status="2.0.0"), BounceKind.DELIVERED, "2.0.0"),
        (COMPLAINT, BounceKind.COMPLAINT, ""),
    ],
)
def test_report_is_read(content: bytes, kind: BounceKind, status: str) -> None:
    assert read_bounce(content) == Bounce(OURS, kind, status)
    assert read_bounce(content.replace(b"\n", b"\r\n")) == Bounce(OURS, kind, status)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: Out of office\n\nBack on Monday.\n",
        report(action="delayed", status="4.4.1"),
        report(message_id=""),
        report().replace(b"Action: failed\n", b""),
        report()[:600],
    ],
)
def test_what_is_no_final_report_is_left_alone(content: bytes) -> None:
    assert read_bounce(content) is None


@pytest.fixture
def sent(now: dt.datetime) -> Reminder:
    return make_reminder(public_id=OURS, state=ReminderState.ACCEPTED, attempt=1, submitted_at=now)


def after(sent: Reminder) -> SimpleNamespace:
    sent.refresh_from_db()
    receipts = sent.events.filter(kind=EventKind.RECEIPT)
    return SimpleNamespace(state=sent.state, receipts=[event.detail for event in receipts])


@pytest.mark.django_db
def test_hard_bounce_ends_all_mail_to_its_address_and_says_it_once(sent: Reminder, now: dt.datetime) -> None:
    assert record_bounce(content=report(), now=now)
    assert record_bounce(content=report(), now=now)
    assert after(sent) == SimpleNamespace(state=ReminderState.BOUNCED, receipts=["bounced 5.1.1"])
    assert is_suppressed(sent.contact_point)
    assert Suppression.objects.count() == 1


@pytest.mark.django_db
def test_full_mailbox_is_no_reason_to_stop(sent: Reminder, now: dt.datetime) -> None:
    assert record_bounce(content=report(status="5.2.2"), now=now)
    assert after(sent).state == ReminderState.BOUNCED
    assert not is_suppressed(sent.contact_point)


@pytest.mark.django_db
def test_complaint_ends_all_mail(sent: Reminder, now: dt.datetime) -> None:
    assert record_bounce(content=COMPLAINT, now=now)
    assert after(sent).state == ReminderState.COMPLAINED
    assert is_suppressed(sent.contact_point)


@pytest.mark.django_db
@pytest.mark.parametrize("message_id", [f"<{uuid.UUID(int=7)}@x>", "<not-ours@example.org>"])
def test_report_about_an_unknown_message_changes_nothing(sent: Reminder, now: dt.datetime, message_id: str) -> None:
    assert not record_bounce(content=report(message_id=message_id), now=now)
    assert after(sent) == SimpleNamespace(state=ReminderState.ACCEPTED, receipts=[])


@pytest.mark.django_db
def test_receipts_out_of_order_only_raise_the_state(sent: Reminder, now: dt.datetime) -> None:
    for state in (ReminderState.DELIVERED, ReminderState.ACCEPTED, ReminderState.UNDELIVERED, ReminderState.DELIVERED):
        record_receipt(public_id=OURS, state=state, now=now)
    assert after(sent) == SimpleNamespace(
        state=ReminderState.DELIVERED, receipts=["delivered", "accepted", "undelivered"]
    )


@pytest.mark.django_db
def test_first_of_two_receipts_that_say_the_same_gives_the_reason(sent: Reminder, now: dt.datetime) -> None:
    for minutes, code in enumerate(("30003", "30005")):
        record_receipt(
            public_id=OURS, state=ReminderState.UNDELIVERED, detail=code, now=now + dt.timedelta(minutes=minutes)
        )
    assert after(sent).receipts == ["undelivered 30003", "undelivered 30005"]
    assert (sent.reason, sent.settled_at) == ("30003", now)


@pytest.mark.django_db
def test_receipt_settles_a_message_that_was_about_to_be_sent_again(sent: Reminder, now: dt.datetime) -> None:
    Reminder.objects.update(state=ReminderState.CLAIMED, claim_token=uuid.uuid4(), lease_until=now)
    assert record_receipt(public_id=OURS, state=ReminderState.DELIVERED, now=now)
    sent.refresh_from_db()
    assert (sent.state, sent.claim_token) == (ReminderState.DELIVERED, None)


@pytest.mark.django_db
def test_receipt_for_a_message_that_never_left_is_not_believed(sent: Reminder, now: dt.datetime) -> None:
    Reminder.objects.update(state=ReminderState.PLANNED, attempt=0, submitted_at=None)
    assert not record_receipt(public_id=OURS, state=ReminderState.DELIVERED, now=now)
    assert after(sent).state == ReminderState.PLANNED


# -- the command -------------------------------------------------------------------------------------------------------


def run(source: Path | str) -> str:
    out = io.StringIO()
    call_command("read_bounces", str(source), stdout=out)
    return out.getvalue().strip()


@pytest.mark.django_db
def test_command_reads_a_maildir_and_leaves_it_read(sent: Reminder, tmp_path: Path) -> None:
    folder = mailbox.Maildir(tmp_path / "bounces")
    folder.add(report())
    folder.add(b"Subject: Out of office\n\nBack on Monday.\n")
    assert run(tmp_path / "bounces") == "reports=1 unblocked=0 other=1"
    assert run(tmp_path / "bounces") == "reports=0 unblocked=0 other=0"
    assert after(sent).state == ReminderState.BOUNCED


@pytest.mark.django_db
def test_command_reads_one_file_and_standard_input(
    sent: Reminder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one.eml").write_bytes(report(status="5.2.2"))
    assert run(tmp_path / "one.eml") == "reports=1 unblocked=0 other=0"
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(report())))
    assert run("-") == "reports=1 unblocked=0 other=0"
    assert after(sent).receipts == ["bounced 5.2.2", "bounced 5.1.1"]


@pytest.mark.parametrize("name", ["absent", "."])
def test_command_says_what_it_cannot_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match=r"cannot be read|no Maildir folder"):
        run(tmp_path / name)
