"""What somebody sees where the database cannot be used just now, and what they need not type again."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.db import DataError, IntegrityError, OperationalError, ProgrammingError, connection
from django.test import Client
from django.utils.html import escape

from meetings.models import Meeting
from meetings.services import signups
from support import outage
from support.redaction import RedactingFormatter
from tests.factories import make_meeting, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

SessionStore = import_module(settings.SESSION_ENGINE).SessionStore
TYPED = {"when": "2026-11-24", "email": "sam@example.org", "display_name": 'Sam "T" <b>\nand more'}


class PostgresqlError(Exception):
    """As psycopg's own, which always say which error of the server's they are, or None."""

    def __init__(self, sqlstate: str | None) -> None:
        self.sqlstate = sqlstate


def sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error at sam@example.org")
    error.sqlite_errorcode, error.sqlite_errorname = code, f"SQLITE_{code}"
    return error


def failing(error: Exception, cause: Exception) -> Callable[..., Any]:
    def fail(*args: object, **kwargs: object) -> None:
        raise error from cause

    return fail


@pytest.fixture
def client() -> Client:
    """A browser that gets a page for an error, and has to bring its tokens."""
    return Client(raise_request_exception=False, enforce_csrf_checks=True)


@pytest.fixture
def meeting() -> Meeting:
    return make_meeting(slug="quiet", signup_policy="sign_up")


@pytest.fixture
def _full(monkeypatch: pytest.MonkeyPatch) -> None:
    fail = failing(OperationalError("disk I/O error"), sqlite_error(sqlite3.SQLITE_IOERR | 19 << 8))
    monkeypatch.setattr(signups, "request_guest_signup", fail)
    monkeypatch.setattr(SessionStore, "save", fail)


def token(client: Client, path: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(path).content.decode())
    assert found
    return found.group(1)


@pytest.mark.usefixtures("_full", "meeting")
def test_a_form_that_could_not_be_taken_is_sent_again_with_one_press(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/meetings/quiet/sign-up/?date=2026-11-24"
    response = client.post(path, TYPED | {"csrfmiddlewaretoken": token(client, path)})
    assert response.status_code == 503
    assert response["Retry-After"] == "30"
    assert response["Cache-Control"] == "no-store"
    page = response.content.decode()
    assert f'<form class="form stack" method="post" action="{path}">' in page
    for name, value in TYPED.items():
        assert f'<input type="hidden" name="{name}" value="{escape(value)}">' in page
    assert 'href="tel:988"' in page
    assert "What you typed is kept on this page" in page
    monkeypatch.undo()
    fresh = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[-1]
    assert client.post(path, TYPED | {"csrfmiddlewaretoken": fresh}).status_code == 302


@pytest.mark.usefixtures("_full", "meeting")
def test_it_is_said_in_spanish_too(client: Client) -> None:
    path = "/meetings/quiet/sign-up/"
    spanish = {"accept-language": "es"}
    page = client.post(path, TYPED | {"csrfmiddlewaretoken": token(client, path)}, headers=spanish).content.decode()
    assert '<html lang="es"' in page
    assert "Intentar de nuevo" in page
    assert "That didn’t work" not in page


@pytest.mark.usefixtures("_full", "meeting")
def test_what_another_sites_page_sent_is_not_offered_to_be_sent_again(client: Client) -> None:
    path = "/accounts/login/"
    token(client, path)
    client.cookies["sessionid"] = "a-session-that-cannot-be-read"
    # Whoever is signed in is read before the token is looked at.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SessionStore, "load", failing(OperationalError("x"), sqlite_error(sqlite3.SQLITE_CANTOPEN)))
        for sent in ({}, {"csrfmiddlewaretoken": "a" * 32}):
            response = client.post(path, {"login": "thief@example.org", **sent})
            assert response.status_code == 503
            assert "thief@example.org" not in response.content.decode()
            # Another language is all that can be sent from it.
            assert re.findall(r'<form[^>]* action="([^"]*)"', response.content.decode()) == ["/i18n/setlang/"]


@pytest.mark.usefixtures("_full")
def test_passwords_and_codes_are_in_no_page_and_are_asked_for_again(client: Client) -> None:
    user = make_user(email="ana@example.org")
    user.set_password("long-and-secret-words")
    user.save()
    sent = {"login": "ana@example.org", "password": "long-and-secret-words"}
    response = client.post("/accounts/login/", sent | {"csrfmiddlewaretoken": token(client, "/accounts/login/")})
    assert response.status_code == 503
    page = response.content.decode()
    assert "long-and-secret" not in page
    # Not all that was typed is, and a code's tries are counted.
    assert ("What you typed is kept" in page, "does no harm" in page) == (False, False)
    assert '<input type="hidden" name="login" value="ana@example.org">' in page
    assert re.search(r'<input id="again-password" name="password" type="password"[^>]* required', page)


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        ("/accounts/password/set/", {"password1": "long-and-secret-words", "password2": "long-and-secret-words"}),
        ("/accounts/2fa/webauthn/login/", {"credential": "long-and-secret-words"}),
    ],
)
def test_what_only_its_own_page_can_ask_for_leads_back_there(
    client: Client, monkeypatch: pytest.MonkeyPatch, path: str, secret: dict[str, str]
) -> None:
    csrf = token(client, "/accounts/login/")
    client.cookies["sessionid"] = "a-session-that-cannot-be-read"
    monkeypatch.setattr(SessionStore, "load", failing(OperationalError("x"), sqlite_error(sqlite3.SQLITE_BUSY)))
    response = client.post(path, secret | {"csrfmiddlewaretoken": csrf})
    assert response.status_code == 503
    assert "long-and-secret" not in response.content.decode()
    assert f'href="{path}">Go back</a>' in response.content.decode()


def test_a_page_that_cannot_be_read_offers_itself(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    fail = failing(OperationalError("x"), sqlite_error(sqlite3.SQLITE_BUSY))
    monkeypatch.setattr("meetings.views.finder.render", fail)
    response = client.get("/meetings/?q=noon&near=Troy")
    assert response.status_code == 503
    assert 'href="/meetings/?q=noon&amp;near=Troy">Try again</a>' in response.content.decode()


def test_a_quick_button_says_it_where_the_page_says_what_happened(
    client: Client, meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(make_user())
    csrf = token(client, "/meetings/quiet/")
    fail = failing(OperationalError("x"), sqlite_error(sqlite3.SQLITE_BUSY))
    monkeypatch.setattr("meetings.views.favourites.access.meeting_for_favourites", fail)
    sent = {"keep": "1", "csrfmiddlewaretoken": csrf}
    response = client.post("/meetings/quiet/favourite/", sent, headers={"hx-request": "true"})
    assert response.status_code == 503
    assert response["HX-Retarget"] == ".messages"
    assert response.content.decode().strip().startswith('<p class="notice notice--warn" role="alert">')
    assert '{"code": "503", "swap": true}' in client.get("/meetings/quiet/").content.decode()


@pytest.mark.parametrize("path", ["/webhooks/twilio/inbound/", "/unsubscribe/x/"])
def test_programs_get_one_line_and_come_again(client: Client, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(SessionStore, "load", failing(OperationalError("x"), sqlite_error(sqlite3.SQLITE_BUSY)))
    client.cookies["sessionid"] = "a-session-that-cannot-be-read"
    response = client.post(path, {"List-Unsubscribe": "One-Click"}, headers={"accept": "*/*"})
    assert response.status_code == 503
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Retry-After"] == "30"


@pytest.mark.parametrize(
    ("error", "cause", "is_outage"),
    [
        (OperationalError, sqlite_error(sqlite3.SQLITE_BUSY), True),
        (OperationalError, sqlite_error(sqlite3.SQLITE_BUSY | 2 << 8), True),
        (OperationalError, sqlite_error(sqlite3.SQLITE_FULL), True),
        (OperationalError, sqlite_error(sqlite3.SQLITE_READONLY), True),
        (OperationalError, sqlite_error(sqlite3.SQLITE_ERROR), False),
        (OperationalError, sqlite3.OperationalError("no such table: x"), False),
        (OperationalError, PostgresqlError(None), True),
        (OperationalError, PostgresqlError("53100"), True),
        (OperationalError, PostgresqlError("53300"), True),
        (OperationalError, PostgresqlError("55P03"), True),
        (OperationalError, PostgresqlError("40001"), True),
        (OperationalError, PostgresqlError("57P01"), True),
        (DataError, PostgresqlError("22001"), False),
        (IntegrityError, PostgresqlError("23505"), False),
        (IntegrityError, sqlite_error(sqlite3.SQLITE_CONSTRAINT), False),
        (ProgrammingError, PostgresqlError("42P01"), False),
        (ProgrammingError, sqlite3.ProgrammingError("Incorrect number of bindings"), False),
        (ValueError, sqlite3.OperationalError("x"), False),
    ],
)
def test_what_passes_is_503_and_what_is_a_mistake_of_ours_is_500(
    client: Client, monkeypatch: pytest.MonkeyPatch, error: type[Exception], cause: Exception, is_outage: bool
) -> None:
    monkeypatch.setattr("meetings.views.finder.render", failing(error("x"), cause))
    response = client.get("/meetings/")
    assert response.status_code == (503 if is_outage else 500)
    assert response.has_header("Retry-After") == is_outage


def test_a_log_says_it_in_one_line_with_nobody_in_it() -> None:
    lines = []
    for error in (OperationalError("at sam@example.org"), ValueError("a mistake")):
        try:
            raise error from sqlite_error(sqlite3.SQLITE_FULL)
        except Exception as caught:  # noqa: BLE001  # whatever Django would have caught
            info = (type(caught), caught, caught.__traceback__)
        record = logging.LogRecord("django.request", logging.ERROR, "", 1, "%s: %s", ("Service Unavailable", "/"), info)
        outage.OneLine().filter(record)
        lines.append(RedactingFormatter("%(message)s").format(record).splitlines())
    assert lines[0] == [f"Service Unavailable: / (the database cannot be used: SQLITE_{sqlite3.SQLITE_FULL})"]
    assert len(lines[1]) > 1


def test_a_page_is_shown_though_its_session_cannot_be_kept(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.force_login(make_user())
    session = client.session
    session["_messages"] = '[["__json_message",0,25,"Saved, it said"]]'
    session.save()
    fail = failing(OperationalError("x"), sqlite_error(sqlite3.SQLITE_FULL))
    monkeypatch.setattr(SessionStore, "save", fail)
    response = client.get("/my/account/")
    assert response.status_code == 200
    assert "Saved, it said" in response.content.decode()


# -- PostgreSQL ------------------------------------------------------------------------------------------------------


@pytest.fixture
def postgresql(postgres: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A site that waits a second for locks, on connections made for its requests."""
    monkeypatch.setattr("support.patience.FOR_A_PERSON", 1.0)
    connection.close()
    yield
    connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("postgresql")
def test_a_lock_of_postgresql_is_given_up_in_time(client: Client) -> None:
    make_user(email="ana@example.org")
    csrf = token(client, "/accounts/login/")
    connection.close()
    with closing(connection.copy("default")) as other, other.cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE django_session IN ACCESS EXCLUSIVE MODE")
        response = client.post("/accounts/login/", {"login": "ana@example.org", "csrfmiddlewaretoken": csrf})
        cursor.execute("ROLLBACK")
    assert response.status_code == 503
    assert '<input type="hidden" name="login" value="ana@example.org">' in response.content.decode()
    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("postgresql")
def test_a_connection_that_postgresql_ended_is_503_and_the_next_request_is_well(client: Client) -> None:
    assert client.get("/meetings/").status_code == 200

    def end_own(*args: object, **kwargs: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("meetings.views.finder.render", end_own)
        assert client.get("/meetings/").status_code == 503
    connection.close()
    assert client.get("/meetings/").status_code == 200
