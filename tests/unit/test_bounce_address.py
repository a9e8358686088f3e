"""Where mail comes back to: each message under an address of its own, which nobody else can make."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from meetings.reminders.enums import ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services.bounces import record_bounce
from support import environment
from support.messaging.bounce_address import bounce_address, message_of
from support.messaging.bounces import Bounce, BounceKind, read_bounce
from support.messaging.letter import Letter, message_id
from tests.conftest import NOW
from tests.factories import make_reminder
from tests.unit.test_bounces import OURS, report

OTHER = uuid.UUID(int=7)


@pytest.fixture(autouse=True)
def _bounce_address(settings: Any) -> None:
    settings.BOUNCE_ADDRESS = "bounces@example.org"


def letter(name: str = "") -> Letter:
    return Letter(
        sender="Homegroup <no-reply@example.org>",
        to="guest@example.org",
        subject="Reminder",
        text="Tuesday",
        html="<p>Tuesday</p>",
        message_id=name or message_id(OURS),
        sent_at=NOW,
    )


@hypothesis.given(st.uuids(), st.booleans())
@hypothesis.settings(suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_address_names_its_message_however_servers_write_it(message: uuid.UUID, is_folded: bool) -> None:
    address = bounce_address(message)
    local = address.partition("@")[0]
    assert address == address.lower()
    assert len(local) <= 64
    assert message_of(f"<{address.upper() if is_folded else address}>") == message


def test_longest_address_that_may_be_configured_has_room(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOUNCE_ADDRESS", f"{'b' * 20}@Example.org")
    settings.BOUNCE_ADDRESS = environment.address("BOUNCE_ADDRESS", longest=20)
    assert len(bounce_address(OURS).partition("@")[0]) <= 64
    assert message_of(bounce_address(OURS)) == OURS


@pytest.mark.parametrize(
    "given", ["bounces", "b@localhost", "A <b@example.org>", "b+c@example.org", "b" * 21 + "@a.org"]
)
def test_address_that_cannot_be_used_stops_the_start(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOUNCE_ADDRESS", given)
    with pytest.raises(environment.ImproperlyConfigured, match="BOUNCE_ADDRESS"):
        environment.address("BOUNCE_ADDRESS", longest=20)


def forged() -> list[str]:
    right = bounce_address(OURS)
    local, _at, domain = right.partition("@")
    other = bounce_address(OTHER).partition("@")[0]
    return [
        f"bounces@{domain}",
        f"{local}@elsewhere.example.org",
        f"elsewhere+{local.partition('+')[2]}@{domain}",
        # The name of one message with another's signature.
        f"{local[:30]}{other[30:]}@{domain}",
        f"{local[:-2]}{'aa' if not local.endswith('aa') else 'bb'}@{domain}",
        f"{local}a@{domain}",
        f"{local[:-1]}@{domain}",
        f"bounces+{'1' * 42}@{domain}",
        f"bounces+{'ü' * 42}@{domain}",
        "",
    ]


def test_forged_address_names_nothing() -> None:
    assert [message_of(address) for address in forged()] == [None] * len(forged())


def test_address_under_another_key_names_nothing_until_it_is_a_fallback(settings: Any) -> None:
    address, key = bounce_address(OURS), settings.SECRET_KEY
    settings.SECRET_KEY = "another key"
    assert message_of(address) is None
    settings.SECRET_KEY_FALLBACKS = ["a third key", key]
    assert message_of(address) == OURS


def test_letter_comes_back_to_its_own_address(settings: Any) -> None:
    assert letter().sender_address == bounce_address(OURS)
    assert b"From: Homegroup <no-reply@example.org>" in letter().as_bytes()
    assert letter("<written-by-hand@example.org>").sender_address == "no-reply@example.org"
    settings.BOUNCE_ADDRESS = ""
    assert letter().sender_address == "no-reply@example.org"


def returned(to: str, header: str = "To", *, of: str = "") -> bytes:
    """A report that was sent to an address, about a message that it gives back nothing of."""
    content = report(message_id=of)
    if header == "To":
        return content.replace(b"To: no-reply@meetings.example.org", f"To: {to}".encode())
    return f"{header}: {to}\n".encode() + content


@pytest.mark.parametrize("header", ["To", "Delivered-To", "X-Original-To", "Envelope-To"])
def test_report_that_gives_nothing_back_is_read_by_where_it_went(header: str) -> None:
    for written in (bounce_address(OURS), f"<{bounce_address(OURS).upper()}>", f"a@b.org, {bounce_address(OURS)}"):
        assert read_bounce(returned(written, header)) == Bounce(OURS, BounceKind.HARD, "5.1.1")


def test_where_it_went_counts_before_what_it_gives_back() -> None:
    found = read_bounce(returned(bounce_address(OURS), of=f"<{OTHER}@example.org>"))
    assert found == Bounce(OURS, BounceKind.HARD, "5.1.1")


def test_report_to_a_forged_address_is_read_as_if_it_had_none() -> None:
    for address in forged():
        assert read_bounce(returned(address)) is None
        known = read_bounce(returned(address, of=f"<{OTHER}@example.org>"))
        assert known == Bounce(OTHER, BounceKind.HARD, "5.1.1")


@pytest.mark.django_db
def test_report_is_recorded_with_the_message_that_its_address_names(now: dt.datetime) -> None:
    row = make_reminder(ReminderState.ACCEPTED, public_id=OURS, attempt=1, submitted_at=now)
    assert record_bounce(content=returned(bounce_address(OURS)), now=now)
    assert Reminder.objects.get().state == ReminderState.BOUNCED
    assert row.events.get().detail == "bounced 5.1.1"
