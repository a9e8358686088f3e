"""Nothing of somebody erased is left in SQLite's files: not in free pages, and not in the log beside them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection, transaction
from django.db.models import Model
from django.test import Client

from accounts.models import Disclosure, User
from accounts.person import of_guest, of_member
from accounts.services.erasure import erase
from accounts.services.profile import update_profile
from accounts.tasks import purge
from meetings.models import Coordinator
from meetings.services.favourites import choose_home_group
from meetings.services.signups import create_member_signup
from support.sqlite.forgetting import empty_log
from tests.conftest import NOW
from tests.factories import make_meeting, make_participant, make_reminder, make_service_body, make_signup, make_user

CODE = re.compile(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b")

in_files = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has files of its own")


@pytest.fixture
def reader() -> Iterator[sqlite3.Connection]:
    """Another process, as a site has several: while it has the database open, closing ours cleans nothing up."""
    other = sqlite3.connect(connection.settings_dict["NAME"])
    other.execute("SELECT 1 FROM django_migrations").fetchall()
    yield other
    other.close()


def files() -> bytes:
    path = Path(connection.settings_dict["NAME"])
    return b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))


def seals_of_everybody() -> list[bytes]:
    """Return all that is sealed, as it lies in the database: bytes that occur nowhere else."""
    found: list[bytes] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608  # table names of our own schema
            found += [str(value).encode() for row in cursor.fetchall() for value in row if is_seal(value)]
    return found + [row.session_data.encode() for row in Session.objects.all()]


def is_seal(value: object) -> bool:
    return str(value).startswith(("gAAAA", "siv1."))


def sign_in(client: Client, user: User) -> None:
    client.post("/accounts/login/", {"login": user.email})
    code = CODE.search(str(mail.outbox[-1].body))
    assert code
    assert client.post("/accounts/login/code/confirm/", {"code": code.group()})["Location"] == "/my/meetings/"


def make_person() -> User:
    user = make_user(email="zebulon@example.org", display_name="Hepzibah")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    create_member_signup(meeting=make_meeting(), user=user, date=None, every=True, now=NOW)
    choose_home_group(user=user, meeting=make_meeting(), now=NOW)
    sign_in(Client(), user)
    make_reminder(signup=make_signup(participant=user.participant))
    return user


@in_files
@pytest.mark.django_db(transaction=True)
def test_nothing_of_somebody_erased_is_left_in_any_file(reader: sqlite3.Connection) -> None:
    user = make_person()
    update_profile(user=user, display_name="Hepzibah Q", tz="UTC", language="en", hour_cycle="h12", now=NOW)
    guest = make_participant(display_name="Leocadia")
    make_signup(participant=guest)
    seals = seals_of_everybody()
    assert len(seals) == 9
    assert all(seal in files() for seal in seals)
    erase(person=of_member(user), now=NOW)
    erase(person=of_guest(guest.contact_point), now=NOW)
    left = set(seals_of_everybody())
    gone = [seal for seal in seals if seal not in left]
    assert len(gone) == 9
    assert [seal for seal in gone if seal in files()] == []


@in_files
@pytest.mark.django_db(transaction=True)
def test_log_that_others_keep_is_emptied_by_the_hourly_purge(reader: sqlite3.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 1")
    user = make_person()
    seals = seals_of_everybody()
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM accounts_user").fetchall()
    erase(person=of_member(user), now=NOW)
    # Somebody reads on: that is no reason for the erasure to fail, nor to wait for ever.
    assert any(seal in files() for seal in seals)
    reader.rollback()
    purge()
    left = set(seals_of_everybody())
    assert [seal for seal in seals if seal in files() and seal not in left] == []
    connection.close()


@in_files
@pytest.mark.django_db(transaction=True)
def test_log_is_left_alone_while_we_are_in_the_middle_of_something() -> None:
    with transaction.atomic():
        make_user()
        assert empty_log() is False
    assert empty_log() is True


@pytest.mark.django_db
@pytest.mark.postgres
def test_admins_log_forgets_who_was_erased_and_nobody_else() -> None:
    staff, user, other = make_user(is_staff=True), make_user(), make_user()
    about: list[Model] = [user, other, Permission.objects.earliest("pk")]
    for person in (user, other):
        about.append(Coordinator.objects.create(user=person, service_body=make_service_body(), since=NOW))
        words = {"recipient": "A court", "what": "A date", "purpose": "An order"}
        about.append(Disclosure.objects.create(about_user=person, disclosed_on=NOW, recorded_at=NOW, **words))
    for row in about:
        LogEntry.objects.log_actions(staff.pk, [row], 2, [{"changed": {"fields": ["Name"]}}])
    assert LogEntry.objects.count() == 7
    erase(person=of_member(user), now=NOW)
    assert set(LogEntry.objects.values_list("content_type__model", "object_id")) == {
        ("user", str(other.pk)),
        ("permission", str(about[2].pk)),
        ("coordinator", str(other.coordinations.get().pk)),
        ("disclosure", str(other.disclosures.get().pk)),
    }
