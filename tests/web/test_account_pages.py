"""What the pages of an account are called, and what they say beside a number, a date and each file of a copy."""

from __future__ import annotations

import base64
import datetime as dt
import io
import re
import zipfile

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import translation

from accounts.enums import Purpose
from accounts.models import User
from accounts.person import of_member
from accounts.services.clean_time import keep_clean_date
from accounts.services.consents import choose
from accounts.services.exports import ask_for_export, build_waiting_exports, everything_about
from accounts.wording import section_words
from support import wording
from tests.conftest import NOW
from tests.factories import make_user
from tests.factories.accounts import make_contact_point
from tests.web.test_accounts_phone import proven
from tests.web.test_accounts_security import sign_in
from tests.web.test_signin import code_in

pytestmark = pytest.mark.django_db

PAGES = [
    "/my/account/",
    "/accounts/email/",
    "/my/account/phone/",
    "/my/account/messages/",
    "/my/reminders/",
    "/accounts/2fa/",
    "/accounts/2fa/webauthn/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/recovery-codes/generate/",
    "/accounts/password/set/",
    "/accounts/sessions/",
    "/my/account/data/",
    "/my/account/data/erase/",
    "/my/account/clean-time/",
    "/my/account/prove/",
]


@pytest.fixture
def user(client: Client) -> User:
    user = make_user(email="ana@example.org")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    proven(client, user)
    return user


@pytest.mark.parametrize("language", ["en", "es"])
def test_titles_tell_the_pages_of_an_account_apart(client: Client, user: User, language: str) -> None:
    User.objects.update(language=language)
    titles = []
    for path in PAGES:
        response = client.get(path)
        assert response.status_code == 200, path
        titles += re.findall(r"<title>(.*?)</title>", response.content.decode(), re.DOTALL)
    assert len(set(titles)) == len(titles) == len(PAGES)
    assert [title for title in titles if len(title.split(" – ")) != 3] == []


def test_number_that_nothing_is_sent_to_says_so(client: Client, user: User) -> None:
    point = make_contact_point(user=user, channel="sms", value="+12025550143")
    words = "Nothing is sent to this number until you check what you want."
    assert words in client.get("/my/account/phone/").content.decode()
    choose(contact_point=point, wanted=[Purpose.REMINDERS], wording="1", source="test", now=NOW)
    assert words not in client.get("/my/account/phone/").content.decode()


def test_clean_time_is_dated_like_everything_else(client: Client, user: User) -> None:
    keep_clean_date(user=user, clean_on=dt.date(2025, 11, 20))
    assert "Since Thu, Nov 20, 2025." in client.get("/my/account/clean-time/").content.decode()
    with translation.override("es"):
        assert wording.date_and_year_words(dt.date(2025, 11, 20)) == "jue, 20 nov 2025"


def test_copy_says_what_each_of_its_files_is(user: User) -> None:
    export = ask_for_export(person=of_member(user), now=NOW)
    build_waiting_exports(now=NOW)
    export.refresh_from_db()
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(export.archive))) as archive:
        told = archive.read("README.txt").decode()
        for name in archive.namelist():
            assert name == "README.txt" or f"\n{name}: " in told
    for name in everything_about(of_member(user)):
        assert section_words(name) != name.replace("_", " ")


def test_new_code_for_another_address_is_sent_by_one_press(client: Client, user: User) -> None:
    client.post("/accounts/email/", {"email": "new@example.org", "action_add": ""})
    page = client.get("/accounts/confirm-email/").content.decode()
    assert re.search(r'action="/accounts/email/">.*name="action_add">Send a new code<', page)
    # allauth takes two presses within ten seconds for one.
    cache.clear()
    client.post("/accounts/email/", {"email": "new@example.org", "action_add": ""})
    assert [message.to for message in mail.outbox] == [["new@example.org"]] * 2
    client.post("/accounts/confirm-email/", {"code": code_in(mail.outbox[-1])})
    user.refresh_from_db()
    assert user.email == "new@example.org"


@pytest.mark.parametrize(
    ("below", "tab"),
    [
        ("/accounts/password/set/", "/accounts/2fa/"),
        ("/accounts/2fa/webauthn/", "/accounts/2fa/"),
        ("/my/account/data/erase/", "/my/account/data/"),
    ],
)
def test_page_below_a_tab_marks_that_tab(client: Client, below: str, tab: str) -> None:
    sign_in(client, make_user())
    page = client.get(below).content.decode()
    assert f'<a href="{tab}" aria-current="true">' in page


@pytest.mark.parametrize(
    "address",
    ["/accounts/email/", "/accounts/password/set/", "/accounts/password/change/", "/accounts/2fa/totp/activate/"],
)
def test_label_is_not_said_again_within_its_field(client: Client, address: str) -> None:
    user = make_user()
    sign_in(client, user)
    if "change" in address:
        user.set_password("correct horse battery")
        user.save()
        client.force_login(user)
    page = client.get(address)
    assert page.status_code == 200
    assert "placeholder" not in page.content.decode()
    # It leads to the door, which sends on whoever is in already.
    assert "/accounts/password/reset/" not in page.content.decode()


def test_name_of_a_passkey_is_asked_for_in_spanish(client: Client) -> None:
    user = make_user(language="es")
    sign_in(client, user)
    key = Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "Phone", "credential": {}}
    )
    page = client.get(f"/accounts/2fa/webauthn/keys/{key.pk}/edit/").content.decode()
    assert "Cómo llamarla</label>" in page
