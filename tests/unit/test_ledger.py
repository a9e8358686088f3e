"""The ledger keeps what people asked for, names nobody, and loses nothing to a full disk or a crash."""

from __future__ import annotations

import datetime as dt
import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from cryptography.fernet import Fernet
from django.db import transaction
from django.test import TestCase

from accounts.enums import Channel, Purpose
from accounts.fields import lookup_hash
from accounts.models import ContactPoint, LedgerLine
from accounts.person import of_guest, of_member
from accounts.services import ledger
from accounts.services.consents import choose
from accounts.services.erasure import erase
from accounts.services.ledger import Word, name_of
from accounts.services.phones import remove_phone
from accounts.tasks import write_ledger
from meetings.reminders.enums import ReminderState
from meetings.reminders.services import inbound
from meetings.reminders.services.optout import withdraw
from meetings.reminders.services.receipts import record_receipt
from tests.architecture.test_walls import found
from tests.factories import make_contact_point, make_reminder, make_user

pytestmark = pytest.mark.django_db

NUMBER = "+12125550100"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


class Undone(Exception):
    """Ends a transaction."""


def after(act: Callable[[], object]) -> list[tuple[Word, str, str]]:
    """Return what the ledger says once the transaction in which `act` ran is committed."""
    with TestCase.captureOnCommitCallbacks(execute=True):
        act()
    return [(line.word, line.about, line.subject) for line in ledger.read()]


def of_row(point: ContactPoint) -> str:
    return lookup_hash(name_of(contact_point_id=point.pk))


def test_member_and_their_addresses_are_noted_when_erased(now: dt.datetime) -> None:
    user = make_user()
    point = make_contact_point(user=user, value=user.email)
    expected = {(Word.ERASED, "", lookup_hash(name_of(user_id=user.pk))), (Word.ERASED, "", of_row(point))}
    assert set(after(lambda: erase(person=of_member(user), now=now))) == expected


def test_guest_is_noted_when_erased(now: dt.datetime) -> None:
    point = make_contact_point()
    assert after(lambda: erase(person=of_guest(point), now=now)) == [(Word.ERASED, "", of_row(point))]


def test_addresses_that_strangers_typed_and_nobody_confirmed_are_not_noted() -> None:
    assert after(make_contact_point(verified_at=None).delete) == []
    user = make_user()
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)
    assert after(user.delete) == []


def test_whoever_is_deleted_in_the_admin_is_noted_too() -> None:
    user = make_user()
    expected = [(Word.ERASED, "", lookup_hash(name_of(user_id=user.pk)))]
    assert after(user.delete) == expected


def test_unsubscribing_is_noted_and_the_yes_after_it(now: dt.datetime) -> None:
    point = make_contact_point()
    no = (Word.NO, Purpose.REMINDERS, of_row(point))

    def say_no() -> None:
        withdraw(contact_point=point, purposes=[Purpose.REMINDERS], source="test", now=now)

    assert after(say_no) == [no]
    assert after(say_no) == [no]
    wanted: list[str] = list(Purpose.values)
    later = now + dt.timedelta(minutes=1)
    said = after(lambda: choose(contact_point=point, wanted=wanted, wording="w", source="test", now=later))
    assert said == [no, (Word.YES, Purpose.REMINDERS, of_row(point))]


def test_stop_and_start_are_noted(now: dt.datetime) -> None:
    def stop() -> None:
        inbound.stop(number=NUMBER, contact_points=[], now=now)

    suppressed = (Word.SUPPRESSED, Channel.SMS, lookup_hash(NUMBER))
    assert after(stop) == [suppressed]
    assert after(stop) == [suppressed]
    later = now + dt.timedelta(minutes=1)
    said = after(lambda: inbound.start(number=NUMBER, contact_points=[], now=later))
    assert said == [suppressed, (Word.LIFTED, Channel.SMS, lookup_hash(NUMBER))]


def test_complaint_is_noted(now: dt.datetime) -> None:
    row = make_reminder(ReminderState.ACCEPTED, submitted_at=now)
    said = after(
        lambda: record_receipt(public_id=row.public_id, state=ReminderState.COMPLAINED, suppress=True, now=now)
    )
    assert said == [(Word.SUPPRESSED, Channel.EMAIL, lookup_hash(row.contact_point.value))]


def test_removed_phone_is_noted(now: dt.datetime) -> None:
    point = make_contact_point(user=make_user(), channel=Channel.SMS, value=NUMBER)
    assert (Word.REMOVED, "", of_row(point)) in after(lambda: remove_phone(contact_point=point, now=now))


def test_nothing_else_writes_suppressions() -> None:
    """They all go through one door, or the ledger would not hear of them."""
    writers = found(r"Suppression(\.objects)?\.(get_or_create|create|bulk_create|update_or_create)", ".py")
    assert {line.split(":")[0] for line in writers} == {"accounts/services/suppressions.py"}
    assert {line.split(":")[0] for line in found(r"Consent(\.objects)?\.(bulk_)?create", ".py")} == {
        "accounts/services/consents.py"
    }


def test_ledger_names_nobody_and_is_for_its_owner_alone(now: dt.datetime, folder: Path) -> None:
    point = make_contact_point(value="robin@example.org")
    after(lambda: erase(person=of_guest(point), now=now))
    after(lambda: inbound.stop(number=NUMBER, contact_points=[], now=now))
    written = (folder / "ledger").read_text()
    assert written.count("\n") == 2
    assert [word for word in ("robin", "example", NUMBER, f"contact_point:{point.pk}") if word in written] == []
    assert stat.S_IMODE((folder / "ledger").stat().st_mode) == 0o600


def test_nothing_is_noted_where_the_transaction_failed(now: dt.datetime) -> None:
    user = make_user()

    @transaction.atomic
    def fail() -> None:
        erase(person=of_member(user), now=now)
        raise Undone

    with pytest.raises(Undone):
        after(fail)
    assert (ledger.read(), LedgerLine.objects.count()) == ([], 0)


def test_full_disk_loses_neither_the_erasure_nor_the_line(
    now: dt.datetime, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    after(lambda: inbound.stop(number=NUMBER, contact_points=[], now=now))
    before = (folder / "ledger").read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    point = make_contact_point()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        after(lambda: erase(person=of_guest(point), now=now))
    assert not ContactPoint.objects.filter(pk=point.pk).exists()
    assert (folder / "ledger").read_bytes() == before
    assert "The ledger cannot be written (OSError)" in caplog.text
    for _twice in range(2):
        write_ledger()
    assert [line.word for line in ledger.read()] == [Word.SUPPRESSED, Word.ERASED]
    assert not LedgerLine.objects.exists()


def test_line_torn_by_a_crash_is_left_out_and_the_next_is_whole(now: dt.datetime, folder: Path) -> None:
    after(lambda: inbound.stop(number=NUMBER, contact_points=[], now=now))
    whole = (folder / "ledger").read_bytes()
    (folder / "ledger").write_bytes(whole + whole[:40])
    assert len(ledger.read()) == 1
    after(lambda: inbound.stop(number="+12125550101", contact_points=[], now=now))
    assert len(ledger.read()) == 2


def test_line_tells_under_which_key_it_was_hashed(now: dt.datetime, settings: Any) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    settings.CONTACT_KEYS = [old]
    after(lambda: inbound.stop(number=NUMBER, contact_points=[], now=now))
    (line,) = ledger.read()
    settings.CONTACT_KEYS = [new, old]
    assert ledger.key_ids().index(line.key) == 1
    settings.CONTACT_KEYS = [new]
    assert line.key not in ledger.key_ids()
