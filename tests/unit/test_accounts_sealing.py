"""A copy of the database alone tells nobody who anybody is."""

from __future__ import annotations

import base64
import binascii
import contextlib
import datetime as dt
import re
import sqlite3
import zlib
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from cryptography.fernet import Fernet, InvalidToken
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail
from django.core.exceptions import FieldError
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from accounts import fields
from accounts.fields import SEALED_EMAIL_LENGTH, lookup_hash, seal, seal_email, unseal, unseal_email
from accounts.models import ContactPoint, Disclosure, User
from accounts.person import of_member
from accounts.services.clean_time import keep_clean_date
from accounts.services.exports import ask_for_export, build_waiting_exports
from accounts.services.profile import update_profile
from meetings.enums import Attendance, SignupStatus
from meetings.models import Favourite, Participant, Signup
from meetings.services.attendance import record_attendance
from meetings.services.calendar_addresses import renew_calendar_address
from meetings.services.favourites import add_favourite, choose_home_group
from meetings.services.occurrences import cancel_occurrence
from meetings.services.signups import SignupRefused, create_member_signup, request_guest_signup
from tests.conftest import NOW
from tests.factories import make_favourite, make_meeting, make_occurrence, make_participant, make_signup
from tests.factories.accounts import make_contact_point, make_user

#: What databases make of a seal differs.
pytestmark = pytest.mark.postgres

CODE = re.compile(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b")
OLD_KEY, NEW_KEY = (Fernet.generate_key().decode() for _ in range(2))


def raw_database(tmp_path: Path) -> bytes:
    """Return what a thief of the database holds: every byte of the file, or of every row on PostgreSQL."""
    if connection.vendor == "sqlite":
        copy = sqlite3.connect(tmp_path / "copy.sqlite3")
        connection.connection.backup(copy)
        copy.close()
        return (tmp_path / "copy.sqlite3").read_bytes()
    rows = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608  # table names of our own schema
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows).encode()


def files_of_sqlite() -> bytes:
    """Return the bytes of the database's own files, with free pages and the log beside it; none of PostgreSQL's."""
    if connection.vendor != "sqlite":
        return b""
    path = Path(connection.settings_dict["NAME"])
    return b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))


def peeled(raw: bytes) -> bytes:
    """Return `raw` with what hides in it without a key: base64, packed or not, as Django keeps sessions."""
    found = [raw]
    for run in re.findall(rb"[A-Za-z0-9_-]{24,}", raw):
        with contextlib.suppress(binascii.Error):
            opened = base64.urlsafe_b64decode(run + b"=" * (-len(run) % 4))
            found.append(opened)
            with contextlib.suppress(zlib.error):
                found.append(zlib.decompress(opened))
    return b"\n".join(found)


def fill_in(user: User) -> None:
    """Let somebody say who they are, wherever the site lets them."""
    update_profile(user=user, display_name="Hepzibah Q", tz="UTC", language="en", hour_cycle="h12", now=NOW)
    create_member_signup(meeting=make_meeting(), user=user, date=None, every=True, now=NOW)
    request_guest_signup(
        meeting=make_meeting(),
        date=None,
        every=True,
        email="quimby@example.org",
        display_name="Leocadia",
        tz="UTC",
        language="en",
        hour_cycle="h12",
        now=NOW,
    )
    Authenticator.objects.create(user=user, type="webauthn", data={"name": "Moonstone phone", "credential": {}})
    UserSession.objects.create(user=user, session_key="x" * 32, ip="127.0.0.1", user_agent="Firefox, Android")


@pytest.mark.django_db(transaction=True)
def test_raw_database_shows_no_name_address_number_date_note_or_code(client: Client, tmp_path: Path) -> None:
    make_user()
    client.post("/accounts/login/", {"login": "zebulon@example.org"})
    code = CODE.search(str(mail.outbox[0].body))
    assert code
    waiting = raw_database(tmp_path)
    # The session of somebody half-way in holds the address and the code: it is there, and tells nothing.
    awaited = SessionStore(client.session.session_key).load()["account_login"]["state"]["stages"]["login_by_code"]
    assert awaited["data"]["code"] == code.group()
    client.post("/accounts/login/code/confirm/", {"code": code.group()})
    user = User.objects.get(email="zebulon@example.org")
    fill_in(user)
    make_contact_point(channel="sms", value="+12125550199")
    keep_clean_date(user=user, clean_on=dt.date(2019, 3, 4))
    address = renew_calendar_address(user=user, now=NOW).token
    cancel_occurrence(occurrence=make_occurrence(), message="Wilhelmina is ill", now=NOW)
    Disclosure.objects.create(
        about_user=user,
        disclosed_on=NOW.date(),
        recipient="Judge Featherstone",
        what="Barnaby came",
        purpose="Ordered by Cuthbert",
        recorded_at=NOW,
    )
    ask_for_export(person=of_member(user), now=NOW)
    assert build_waiting_exports(now=NOW) == 1
    Client().post("/accounts/login/", {"login": "quimby@example.org"})
    for raw in (peeled(waiting), peeled(raw_database(tmp_path))):
        assert b"siv1." in raw  # it is the database, and not an empty file
        secrets = ["zebulon", "quimby", "2125550199", "2019-03-04", address.lower(), code.group().lower()]
        notes = ["wilhelmina", "featherstone", "barnaby", "cuthbert"]
        # Who they are to others, what they call their phone, and what it is.
        notes += ["hepzibah", "leocadia", "moonstone", "firefox"]
        assert [secret for secret in secrets + notes if secret.encode() in raw.lower()] == []


@pytest.mark.django_db(transaction=True)
def test_thief_would_see_through_sessions_that_are_only_signed(client: Client, tmp_path: Path, settings: Any) -> None:
    # The test above could not fail if this one did not hold.
    settings.SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
    client.post("/accounts/login/", {"login": "zebulon@example.org"})
    assert b"zebulon" in peeled(raw_database(tmp_path))


@pytest.mark.django_db
def test_sealed_address_reads_back_and_is_found_in_any_case() -> None:
    user = make_user(email="Ana@Example.org")
    assert User.objects.get(email="ana@example.org").email == "ana@example.org"
    assert User.objects.get(email__iexact="ANA@example.org") == user
    assert User.objects.get(email__in=["x@example.org", "Ana@example.org"]) == user
    assert not User.objects.filter(email="ana@example.com").exists()
    assert not User.objects.exclude(email="ana@example.org").exists()
    assert User.objects.values_list("email", flat=True).get() == "ana@example.org"


@pytest.mark.django_db
def test_part_of_an_address_cannot_be_asked_for() -> None:
    with pytest.raises(FieldError):
        User.objects.filter(email__startswith="ana").exists()


@pytest.mark.django_db
def test_sealed_text_cannot_be_asked_for() -> None:
    make_user(display_name="Ana M.")
    for question in ({"display_name": "Ana M."}, {"display_name__startswith": "A"}, {"display_name__in": ["Ana M."]}):
        with pytest.raises(FieldError):
            User.objects.filter(**question).exists()
    with pytest.raises(FieldError):
        Authenticator.objects.filter(data__name="My phone").exists()
    assert User.objects.exclude(display_name="").exists()
    assert not User.objects.filter(display_name="").exists()


@pytest.mark.django_db
def test_same_address_twice_is_refused_by_the_database() -> None:
    make_user(email="ana@example.org")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.bulk_create([User(email="ANA@example.org")])
    user = make_user()
    EmailAddress.objects.create(user=user, email="one@example.org", verified=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        EmailAddress.objects.create(user=make_user(), email="one@example.org", verified=True)


@pytest.mark.django_db
def test_rows_do_not_name_themselves_by_address() -> None:
    user = make_user(email="ana@example.org", display_name="")
    address = EmailAddress.objects.create(user=user, email="ana@example.org")
    point = make_contact_point(value="ana@example.org")
    for text in (str(user), repr(user), str(address), repr(address), str(point), repr(point)):
        assert "ana" not in text.lower()


@pytest.mark.parametrize(
    "address", ["a@b.co", "ana@example.org", "x" * 64 + "@" + "d" * 63 + ".example.org", "ana@münchen.example"]
)
def test_address_of_any_length_seals_and_opens(address: str) -> None:
    sealed = seal_email(address)
    assert unseal_email(sealed) == address
    assert len(sealed) <= SEALED_EMAIL_LENGTH
    assert address.partition("@")[0] not in sealed or len(address) < 8


def test_tampered_or_foreign_seal_is_refused(settings: Any) -> None:
    sealed = seal_email("ana@example.org")
    with pytest.raises(ValueError, match="no key"):
        unseal_email(sealed[:-6] + "AAAA" + sealed[-2:])
    with pytest.raises(ValueError, match="not a sealed"):
        unseal_email("ana@example.org")
    with pytest.raises(InvalidToken):
        unseal("nonsense")
    settings.CONTACT_KEYS = [NEW_KEY]
    with pytest.raises(ValueError, match="no key"):
        unseal_email(sealed)


def test_old_key_still_opens_and_finds_while_keys_change(settings: Any) -> None:
    settings.CONTACT_KEYS = [OLD_KEY]
    text, address = seal("note"), seal_email("ana@example.org")
    settings.CONTACT_KEYS = [NEW_KEY, OLD_KEY]
    assert unseal(text) == "note"
    assert unseal_email(address) == "ana@example.org"
    assert seal_email("ana@example.org") != address
    assert lookup_hash("x") != lookup_hash("x", OLD_KEY)


@pytest.mark.django_db
def test_people_are_found_while_keys_change(settings: Any) -> None:
    settings.CONTACT_KEYS = [OLD_KEY]
    user = make_user(email="ana@example.org")
    point = make_contact_point(value="ana@example.org")
    settings.CONTACT_KEYS = [NEW_KEY, OLD_KEY]
    assert User.objects.get(email="Ana@example.org") == user
    assert User.objects.get(email__in=["ana@example.org"]) == user
    assert ContactPoint.objects.with_value("email", "ana@example.org").get() == point


@pytest.mark.django_db
def test_session_that_cannot_be_opened_is_empty(client: Client, settings: Any) -> None:
    client.force_login(make_user())
    key = client.session.session_key
    settings.CONTACT_KEYS = [NEW_KEY]
    assert SessionStore(key).load() == {}


@pytest.mark.django_db(transaction=True)
def test_words_that_were_kept_open_are_sealed_by_the_migration() -> None:
    change = cancel_occurrence(occurrence=make_occurrence(), message="Wilhelmina is ill", now=NOW)
    executor = MigrationExecutor(connection)
    executor.migrate([("meetings", "0004_coordinators_and_invitations")])
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT message FROM meetings_occurrencechange")
            assert cursor.fetchall() == [("Wilhelmina is ill",)]
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
    with connection.cursor() as cursor:
        cursor.execute("SELECT message FROM meetings_occurrencechange")
        ((kept,),) = cursor.fetchall()
    assert "Wilhelmina" not in kept
    change.refresh_from_db()
    assert change.message == "Wilhelmina is ill"


def column(table: str, name: str) -> list[str]:
    """Return what lies in a column, as the database has it."""
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT "{name}" FROM "{table}" ORDER BY id')  # noqa: S608  # names of our own schema
        return [str(value) for (value,) in cursor.fetchall()]


#: What was in the clear before, with the release that it was in the clear in.
OPEN_ONCE = {
    ("accounts_user", "display_name"): "Hepzibah Q",
    ("meetings_participant", "display_name"): "Leocadia",
    ("mfa_authenticator", "data"): "Moonstone phone",
    ("usersessions_usersession", "user_agent"): "Firefox, Android",
}


@pytest.mark.django_db(transaction=True)
def test_people_who_were_kept_open_are_sealed_by_the_migrations(monkeypatch: pytest.MonkeyPatch) -> None:
    # Fewer to a batch than there are rows.
    monkeypatch.setattr(fields, "_BATCH", 2)
    users = [make_user(display_name=name) for name in ("Hepzibah Q", "", "Hepzibah Q", "Hepzibah Q", "Hepzibah Q")]
    participants = [make_participant(display_name=user.display_name and "Leocadia") for user in users]
    for number, user in enumerate(users):
        Authenticator.objects.create(user=user, type="webauthn", data={"name": "Moonstone phone"})
        UserSession.objects.create(user=user, session_key=f"{number}", ip="127.0.0.1", user_agent="Firefox, Android")
    meeting = make_meeting()
    kept = [make_favourite(user=user, meeting=meeting, is_home_group=True) for user in users]
    make_favourite(user=users[0], meeting=make_meeting())
    gone = make_meeting()
    make_favourite(user=users[1], meeting=gone)
    gone.delete()
    came, missed, coming = (
        make_signup(participant=each, attendance=said)
        for each, said in zip(participants, ("attended", "missed", ""), strict=False)
    )
    executor = MigrationExecutor(connection)
    # Just before, whatever that is: an older one may end all sessions on the way back.
    sealing = executor.loader.get_migration("accounts", "0011_seal_names_and_devices")
    before = [parent for parent in sealing.dependencies if parent[0] == "accounts"]
    executor.migrate([*before, ("meetings", "0005_seal_words_to_those_coming")])
    try:
        for (table, name), words in OPEN_ONCE.items():
            assert sum(words in value for value in column(table, name)) >= 4, table
        assert column("meetings_favourite", "meeting_id").count(str(meeting.pk)) == 5
        assert len(column("meetings_favourite", "id")) == 6
        assert column("meetings_signup", "status") == ["attended", "missed", "confirmed"]
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
    for (table, name), words in OPEN_ONCE.items():
        assert not any(words in value for value in column(table, name)), table
        assert words.encode() not in files_of_sqlite(), table
    assert column("meetings_signup", "status") == ["confirmed"] * 3
    assert [each.display_name for each in User.objects.order_by("pk")] == [user.display_name for user in users]
    assert [each.display_name for each in Participant.objects.order_by("pk")] == ["Leocadia", "", *["Leocadia"] * 3]
    assert {each.data["name"] for each in Authenticator.objects.all()} == {"Moonstone phone"}
    assert {each.user_agent for each in UserSession.objects.all()} == {"Firefox, Android"}
    assert [each.meeting_id for each in Favourite.objects.order_by("pk")[:5]] == [each.meeting_id for each in kept]
    assert [each.attendance for each in Signup.objects.order_by("pk")] == ["attended", "missed", ""]
    assert {came.pk, missed.pk, coming.pk} == set(Signup.objects.values_list("pk", flat=True))


@pytest.mark.django_db
def test_kind_of_device_fits_its_column_sealed_whatever_a_browser_calls_itself() -> None:
    for number, claimed in enumerate(("Firefox, Android", "é" * 40, "x" * 200, "", "€" * 13)):
        kept = UserSession.objects.create(user=make_user(), session_key=f"{number}", ip="::1", user_agent=claimed)
        assert len(column("usersessions_usersession", "user_agent")[-1]) <= 200
        kept.refresh_from_db()
        assert len(kept.user_agent.encode()) <= 40


@pytest.mark.django_db
def test_which_meeting_is_kept_cannot_be_told_by_its_column() -> None:
    user, meeting = make_user(), make_meeting(pk=7_777_777)
    for _ in range(2):
        add_favourite(user=user, meeting=meeting, now=NOW)
        choose_home_group(user=user, meeting=meeting, now=NOW)
    ((_id, *kept),) = Favourite.objects.values_list("id", "sealed_meeting")
    assert kept == ["7777777"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM meetings_favourite")
        assert "7777777" not in str(cursor.fetchall())


@pytest.mark.django_db
def test_whether_somebody_came_is_kept_and_taken_back_sealed() -> None:
    signup = make_signup(occurrence=make_occurrence(on=dt.date(2026, 11, 10)))
    seals = set()
    for attendance in Attendance:
        for _ in range(2):
            record_attendance(signup=signup, attendance=attendance, now=NOW)
        (seal_of_it,) = column("meetings_signup", "attendance")
        signup.refresh_from_db()
        assert (signup.attendance, signup.status) == (attendance, SignupStatus.CONFIRMED)
        assert attendance not in seal_of_it
        seals.add(len(seal_of_it))
    # Not even their length tells one from the other.
    assert len(seals) == 1
    record_attendance(signup=signup, attendance=None, now=NOW)
    assert column("meetings_signup", "attendance") == [""]


@pytest.mark.django_db
def test_nobody_came_who_had_no_place_or_before_it_began() -> None:
    waiting = make_signup(occurrence=make_occurrence(on=dt.date(2026, 11, 10)), status=SignupStatus.WAITLISTED)
    for signup in (waiting, make_signup(occurrence=make_occurrence(on=dt.date(2026, 11, 24)))):
        with pytest.raises(SignupRefused):
            record_attendance(signup=signup, attendance=Attendance.ATTENDED, now=NOW)
        signup.refresh_from_db()
        assert signup.attendance == ""
