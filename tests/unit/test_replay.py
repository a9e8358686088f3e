"""A restored backup brings nobody back who was erased since, and writes to nobody who stopped since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core import mail
from django.db import transaction
from django.test import TestCase

from accounts.enums import Channel, Purpose
from accounts.fields import lookup_hash
from accounts.models import ContactPoint, Suppression, User
from accounts.person import of_guest, of_member
from accounts.queries import is_given, is_suppressed
from accounts.services import ledger, suppressions
from accounts.services.consents import choose, record_consent
from accounts.services.erasure import erase
from accounts.services.idle import forget_idle, keep
from accounts.services.keys import reseal_everything
from accounts.services.phones import remove_phone
from meetings.reminders.enums import ReminderState
from meetings.reminders.management.commands import restore
from meetings.reminders.services import inbound
from meetings.reminders.services.optout import withdraw
from meetings.reminders.services.replay import Replayed, replay
from tests.factories import make_contact_point, make_reminder, make_signup, make_user
from tests.unit.test_idle import DAY, idle_guest

pytestmark = pytest.mark.django_db

NUMBER = "+12125550100"
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


class Undone(Exception):
    """Ends what happened after a backup."""


@contextmanager
def after_the_backup() -> Iterator[None]:
    """Let happen what is in the block, with all that the ledger hears of it, and put the database back."""
    with suppress(Undone), transaction.atomic():
        yield
        # What on_commit would do, since this transaction never is.
        ledger.write_down()
        raise Undone


def again(now: dt.datetime) -> Replayed:
    """Replay the ledger as a restore does, twice; return what the first time did."""
    first = replay(lines=ledger.read(), now=now)
    assert replay(lines=ledger.read(), now=now) == Replayed(erased=0, renewed=0)
    return first


def phone(user: User | None = None) -> ContactPoint:
    return make_contact_point(user=user or make_user(), channel=Channel.SMS, value=NUMBER)


def test_erased_account_is_erased_again(now: dt.datetime) -> None:
    user, kept = make_user(), make_user()
    make_contact_point(user=user, value=user.email)
    with after_the_backup():
        erase(person=of_member(user), now=now)
    assert User.objects.count() == 2
    assert again(now + HOUR).erased == 1
    assert (list(User.objects.all()), ContactPoint.objects.count()) == ([kept], 0)


def test_account_that_changed_its_address_before_it_was_erased_is_erased_again(now: dt.datetime) -> None:
    user = make_user(email="before@example.org")
    with after_the_backup():
        user.email = "after@example.org"
        user.save()
        erase(person=of_member(user), now=now)
    again(now + HOUR)
    assert not User.objects.exists()


def test_erased_guest_is_erased_again_and_gets_no_reminder(now: dt.datetime) -> None:
    reminder = make_reminder()
    point = reminder.contact_point
    member = make_user(email=point.value)
    with after_the_backup():
        erase(person=of_guest(point), now=now)
    assert again(now + HOUR).erased == 1
    assert not ContactPoint.objects.filter(pk=point.pk).exists()
    assert not type(reminder).objects.filter(contact_point=point.pk).exists()
    assert list(User.objects.all()) == [member]


def test_whoever_came_back_before_the_backup_stays(now: dt.datetime) -> None:
    user = make_user(email="back@example.org")
    old = user.pk
    with TestCase.captureOnCommitCallbacks(execute=True):
        erase(person=of_member(user), now=now)
    # As a database may give it after a restore: the same number once more.
    back = make_user(pk=old, email="back@example.org")
    User.objects.filter(pk=old).update(joined_at=now + HOUR)
    assert again(now + 2 * HOUR).erased == 0
    assert list(User.objects.all()) == [back]


def test_unsubscribed_guest_gets_no_reminder(now: dt.datetime) -> None:
    reminder = make_reminder(kind="reminder")
    point = reminder.contact_point
    record_consent(
        contact_point=point, purpose=Purpose.REMINDERS, is_given=True, wording="w", source="test", now=now - HOUR
    )
    with after_the_backup():
        withdraw(contact_point=point, purposes=[Purpose.REMINDERS], source="test", now=now)
    assert is_given(point, Purpose.REMINDERS)
    assert again(now + HOUR).renewed == 1
    reminder.refresh_from_db()
    assert not is_given(point, Purpose.REMINDERS)
    assert reminder.state in (ReminderState.SKIPPED, ReminderState.SUPERSEDED)


def test_whoever_said_yes_after_their_no_is_left_as_the_backup_has_them(now: dt.datetime) -> None:
    point = make_contact_point()
    with after_the_backup():
        for wanted in ([], list(Purpose.values)):
            choose(contact_point=point, wanted=wanted, wording="w", source="test", now=now)
    assert again(now + HOUR).renewed == 0
    assert not point.consents.exists()


def test_no_from_before_the_backup_does_not_undo_a_later_yes(now: dt.datetime) -> None:
    point = make_contact_point()
    with TestCase.captureOnCommitCallbacks(execute=True):
        choose(contact_point=point, wanted=[], wording="w", source="test", now=now)
    # A yes that the ledger has lost: the backup has it all the same.
    choose(contact_point=point, wanted=[Purpose.CHANGES], wording="w", source="test", now=now + HOUR)
    assert again(now + 2 * HOUR).renewed == 0
    assert is_given(point, Purpose.CHANGES)


def test_number_that_wrote_stop_gets_no_text(now: dt.datetime) -> None:
    point = phone()
    choose(contact_point=point, wanted=[Purpose.REMINDERS], wording="w", source="test", now=now - HOUR)
    reminder = make_reminder(contact_point=point, channel=Channel.SMS)
    with after_the_backup():
        inbound.stop(number=NUMBER, contact_points=[point], now=now)
    assert not is_suppressed(point)
    again(now + HOUR)
    reminder.refresh_from_db()
    assert is_suppressed(point)
    assert not is_given(point, Purpose.REMINDERS)
    assert reminder.state == ReminderState.SUPERSEDED
    # As old as it was: soon after a STOP, a START is believed without a question.
    assert list(Suppression.objects.values_list("created_at", flat=True)) == [now]


def test_number_that_nobody_has_stays_stopped(now: dt.datetime) -> None:
    with after_the_backup():
        inbound.stop(number=NUMBER, contact_points=[], now=now)
    again(now + HOUR)
    assert is_suppressed(phone())


def test_start_after_stop_holds(now: dt.datetime) -> None:
    point = phone()
    choose(contact_point=point, wanted=[Purpose.REMINDERS], wording="w", source="test", now=now - HOUR)
    with after_the_backup():
        inbound.stop(number=NUMBER, contact_points=[point], now=now)
        inbound.start(number=NUMBER, contact_points=[point], now=now + HOUR)
    assert again(now + 2 * HOUR) == Replayed(erased=0, renewed=0)
    assert not is_suppressed(point)
    assert is_given(point, Purpose.REMINDERS)


def test_start_after_a_stop_that_the_backup_has_is_done_again(now: dt.datetime) -> None:
    point = phone()
    choose(contact_point=point, wanted=[Purpose.REMINDERS], wording="w", source="test", now=now - HOUR)
    inbound.stop(number=NUMBER, contact_points=[point], now=now)
    with after_the_backup():
        inbound.start(number=NUMBER, contact_points=[point], now=now + HOUR)
    assert is_suppressed(point)
    again(now + 2 * HOUR)
    assert not is_suppressed(point)
    assert is_given(point, Purpose.REMINDERS)


def test_start_does_not_lift_a_later_stop(now: dt.datetime) -> None:
    point = phone()
    with after_the_backup():
        suppressions.suppress(channel=Channel.SMS, value=NUMBER, reason=inbound.STOPPED, now=now)
        inbound.start(number=NUMBER, contact_points=[point], now=now + HOUR)
    inbound.stop(number=NUMBER, contact_points=[point], now=now + 2 * HOUR)
    Suppression.objects.update(created_at=now + 2 * HOUR)
    again(now + 3 * HOUR)
    assert is_suppressed(point)


def test_address_that_complained_gets_nothing(now: dt.datetime) -> None:
    point = make_contact_point()
    with after_the_backup():
        suppressions.suppress(channel=Channel.EMAIL, value=point.value, reason="complained", now=now)
    again(now + HOUR)
    assert Suppression.objects.get().reason == "complained"
    assert is_suppressed(point)


def test_forgotten_phone_is_forgotten_again(now: dt.datetime) -> None:
    point = phone()
    with after_the_backup():
        remove_phone(contact_point=point, now=now)
    again(now + HOUR)
    point.refresh_from_db()
    assert (point.value, point.verified_at) == (f"gone:{point.public_id}", None)


def test_all_of_it_works_while_keys_are_changed(now: dt.datetime, settings: Any) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    settings.CONTACT_KEYS = [old]
    user, point = make_user(), phone()
    with after_the_backup():
        erase(person=of_member(user), now=now)
        inbound.stop(number=NUMBER, contact_points=[point], now=now)
        settings.CONTACT_KEYS = [new, old]
        reseal_everything()
        inbound.start(number=NUMBER, contact_points=[point], now=now + HOUR)
        suppressions.suppress(channel=Channel.EMAIL, value="gone@example.org", reason="complained", now=now)
    assert {line.key for line in ledger.read()} == set(ledger.key_ids())
    again(now + 2 * HOUR)
    assert not User.objects.filter(pk=user.pk).exists()
    assert Suppression.objects.get().value_hash == lookup_hash("gone@example.org")


def test_places_of_the_erased_are_given_back(now: dt.datetime) -> None:
    signup = make_signup()
    point = signup.participant.contact_point
    with after_the_backup():
        erase(person=of_guest(point), now=now)
    assert again(now + HOUR).erased == 1
    assert not type(signup).objects.filter(pk=signup.pk, status="confirmed").exists()


def test_whoever_said_since_that_they_are_still_here_is_not_forgotten_by_an_old_notice(now: dt.datetime) -> None:
    point = idle_guest(now)
    forget_idle(now=now)
    with after_the_backup():
        keep(person=of_guest(point), now=now + 5 * DAY)
    restore._make_ready(None, now + 20 * DAY)
    assert forget_idle(now=now + 31 * DAY) == 0
    assert ContactPoint.objects.filter(pk=point.pk).exists()
    # They are told anew, and have their month again.
    assert len(mail.outbox) == 2
