"""Guesses at a code count wherever they come from. Many at once all find the same session, as a replayed one does."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.core import mail
from django.http import HttpResponse
from django.test import Client

from accounts.forms.codes import ConfirmEmailCodeForm, ConfirmLoginCodeForm
from accounts.models import User
from accounts.views import phones, proof
from support import limits
from tests.factories import make_user
from tests.web.test_accounts_phone import ask, proven, texts
from tests.web.test_signin import ask_for_code, code_in

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture(autouse=True)
def _fresh(settings: Any, tmp_path: Any) -> None:
    settings.OUTBOX_DIR = tmp_path


def guess(client: Client, path: str, codes: list[str]) -> list[Any]:
    """Post each code with the session as it is now: as if all were on their way at once."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    key, kept = client.session.session_key, dict(client.session.items())
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    answers = []
    for code in codes:
        client.cookies[settings.SESSION_COOKIE_NAME] = cookie
        session = store(key)
        session.clear()
        session.update(kept)
        session.save(must_create=not session.exists(key))
        answers.append(client.post(path, {"code": code}))
    return answers


def compared(answers: list[Any]) -> int:
    return sum("isn’t the code we sent" in answer.content.decode() for answer in answers)


def sign_in(client: Client) -> tuple[str, str]:
    make_user(email="ana@example.org")
    return ask_for_code(client, "ana@example.org")["Location"], code_in(mail.outbox[0])


def sign_up(client: Client) -> tuple[str, str]:
    return ask_for_code(client, "new@example.org")["Location"], code_in(mail.outbox[0])


def change_address(client: Client) -> tuple[str, str]:
    proven(client, make_user())
    path = client.post("/accounts/email/", {"email": "new@example.org", "action_add": ""})["Location"]
    if path == "/accounts/email/":
        path = "/accounts/confirm-email/"
    return path, code_in(mail.outbox[0])


def add_phone(client: Client) -> tuple[str, str]:
    proven(client, make_user())
    path = ask(client)["Location"]
    found = re.search(r"code is (\d{6})", texts()[-1])
    assert found
    return path, found[1]


def prove(client: Client) -> tuple[str, str]:
    client.force_login(make_user())
    client.post("/my/account/prove/", {"send": "1"})
    return "/my/account/prove/", code_in(mail.outbox[0])


@pytest.mark.parametrize(
    ("begin", "tries"),
    [
        (sign_in, ConfirmLoginCodeForm.tries),
        (sign_up, ConfirmLoginCodeForm.tries),
        (change_address, ConfirmEmailCodeForm.tries),
        (add_phone, phones.MAX_TRIES),
        (prove, proof.MAX_TRIES),
    ],
)
def test_guesses_at_once_are_no_more_than_one_after_another(
    client: Client, begin: Callable[[Client], tuple[str, str]], tries: int
) -> None:
    path, code = begin(client)
    answers = guess(client, path, ["AAAA-AAAA"] * 8 + [code])
    assert compared(answers) == tries
    was_taken = answers[-1]
    assert not User.objects.filter(contact_points__channel="sms").exists()
    assert was_taken.get("Location", "") not in ("/my/meetings/", "/my/account/")


@pytest.mark.parametrize("begin", [sign_in, sign_up, change_address, add_phone, prove])
def test_the_last_try_may_be_the_right_one(client: Client, begin: Callable[[Client], tuple[str, str]]) -> None:
    path, code = begin(client)
    *_wrong, right = guess(client, path, ["AAAA-AAAA", "AAAA-AAAA", code])
    assert right.status_code == 302
    assert compared([right]) == 0


def test_guesses_at_once_do_not_tell_who_is_known() -> None:
    make_user(email="ana@example.org")
    answers = []
    for email in ("ana@example.org", "nobody@example.org"):
        visitor = Client()
        path = ask_for_code(visitor, email)["Location"]
        pages = guess(visitor, path, ["AAAA-AAAA"] * 6)
        answers.append([re.sub(r'value="[^"]*"', "", page.content.decode()).replace(email, "X") for page in pages])
    assert answers[0] == answers[1]


def test_without_the_cache_the_session_counts(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise OSError("away")

    path, code = sign_in(client)
    monkeypatch.setattr(limits.cache, "add", away)
    for _try in range(ConfirmLoginCodeForm.tries):
        response = client.post(path, {"code": "AAAA-AAAA"})
    assert response.status_code == 302
    client.post(path, {"code": code})
    assert "_auth_user_id" not in client.session


def test_guesses_at_an_authenticator_code_are_counted_once_for_all(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, code = sign_in(client)
    TOTP.activate(User.objects.get(), generate_totp_secret())
    answer = client.post(path, {"code": code})
    asked: list[str] = []

    def compare(secret: str, code: str) -> bool:
        asked.append(code)
        return False

    monkeypatch.setattr("allauth.mfa.totp.internal.auth.validate_totp_code", compare)
    answers: list[HttpResponse] = guess(client, answer["Location"], ["000000"] * 9)
    assert len(asked) == 5
    assert {each.status_code for each in answers} == {200}
