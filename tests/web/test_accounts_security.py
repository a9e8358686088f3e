"""Ways in beside the code: passwords, authenticator apps, sessions, and who must have a second factor."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils.html import escape

from accounts.models import User
from accounts.wording import browser_words
from tests.factories.accounts import make_user
from tests.helpers.totp import totp_code

pytestmark = pytest.mark.django_db

CODE = re.compile(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b")
PHRASE = "correct horse battery"
FIREFOX = "Mozilla/5.0 (Android 14; Mobile; rv:131.0) Gecko/131.0 Firefox/131.0"


def sign_in(client: Client, user: User) -> Any:
    mail.outbox.clear()
    url = client.post("/accounts/login/", {"login": user.email})["Location"]
    code = CODE.search(str(mail.outbox[0].body))
    assert code
    return client.post(url, {"code": code.group()})


def test_password_is_optional_and_signs_in_once_set(client: Client) -> None:
    user = make_user(email="ana@example.org")
    sign_in(client, user)
    response = client.post("/accounts/password/set/", {"password1": PHRASE, "password2": PHRASE})
    assert response.status_code == 302
    user.refresh_from_db()
    assert user.password.startswith("argon2$")
    other = Client()
    mail.outbox.clear()
    response = other.post("/accounts/login/", {"login": "ana@example.org", "password": PHRASE})
    assert response["Location"] == "/my/meetings/"
    assert other.session["_auth_user_id"] == str(user.pk)
    assert mail.outbox == []


@pytest.mark.parametrize("email", ["ana@example.org", "code-only@example.org", "nobody@example.org"])
def test_wrong_password_says_the_same_to_everybody(client: Client, email: str) -> None:
    make_user(email="ana@example.org", password=PHRASE)
    make_user(email="code-only@example.org")
    response = client.post("/accounts/login/", {"login": email, "password": "not the right one"})
    assert response.status_code == 200
    assert "are not correct" in response.content.decode()
    assert mail.outbox == []


@pytest.mark.parametrize("weak", ["short", "password123", "1234567890"])
def test_weak_password_is_refused(client: Client, weak: str) -> None:
    user = make_user()
    sign_in(client, user)
    assert client.post("/accounts/password/set/", {"password1": weak, "password2": weak}).status_code == 200
    user.refresh_from_db()
    assert not user.has_usable_password()


def test_password_is_removed_on_post_alone_and_session_goes_on(client: Client) -> None:
    user = make_user(email="ana@example.org", password=PHRASE)
    client.force_login(user)
    assert client.get("/my/account/password/remove/").status_code == 405
    assert client.post("/my/account/password/remove/")["Location"] == "/accounts/2fa/"
    user.refresh_from_db()
    assert not user.has_usable_password()
    assert client.get("/my/account/").status_code == 200


def test_forgotten_password_leads_to_the_code(client: Client) -> None:
    for rest in ("", "done/", "key/1-no-such-key/", "key/done/"):
        assert client.get(f"/accounts/password/reset/{rest}")["Location"] == "/accounts/login/"


def test_authenticator_app_is_set_up_asked_for_and_sealed(client: Client) -> None:
    user = make_user(email="ana@example.org")
    sign_in(client, user)
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    # A phone cannot scan its own screen.
    assert 'href="otpauth://totp/' in page
    found = re.search(r"<code>([A-Z2-7]{16,})</code>", page)
    assert found
    response = client.post("/accounts/2fa/totp/activate/", {"code": totp_code(found.group(1))})
    assert response["Location"] == "/accounts/2fa/recovery-codes/"
    stored = Authenticator.objects.get(user=user, type="totp").data["secret"]
    assert found.group(1) not in stored
    cache.clear()
    other = Client()
    response = sign_in(other, user)
    assert response["Location"] == "/accounts/2fa/authenticate/"
    assert "_auth_user_id" not in other.session
    assert other.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert "_auth_user_id" not in other.session
    cache.clear()
    response = other.post("/accounts/2fa/authenticate/", {"code": totp_code(found.group(1))})
    assert response["Location"] == "/my/meetings/"


def test_recovery_code_signs_in_once(client: Client) -> None:
    user = make_user(email="ana@example.org")
    TOTP.activate(user, generate_totp_secret())
    code = RecoveryCodes.activate(user).get_unused_codes()[0]
    sign_in(client, user)
    assert client.post("/accounts/2fa/authenticate/", {"code": code})["Location"] == "/my/meetings/"
    cache.clear()
    again = Client()
    sign_in(again, user)
    again.post("/accounts/2fa/authenticate/", {"code": code})
    assert "_auth_user_id" not in again.session


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/admin/", "/admin/accounts/user/"])
def test_staff_without_second_factor_are_led_to_add_one(client: Client, path: str) -> None:
    client.force_login(make_user(is_staff=True, is_superuser=True))
    assert client.get(path)["Location"] == "/accounts/2fa/"
    assert client.get("/my/account/").status_code == 200


def test_staff_with_second_factor_reach_the_admin(client: Client) -> None:
    staff = make_user(is_staff=True, is_superuser=True)
    TOTP.activate(staff, generate_totp_secret())
    client.force_login(staff)
    assert client.get("/admin/").status_code == 200


def test_members_have_no_business_in_the_admin(client: Client) -> None:
    client.force_login(make_user())
    assert client.get("/admin/", follow=True).status_code == 403


def test_sessions_are_listed_and_ended_everywhere_else(client: Client) -> None:
    user = make_user(email="ana@example.org")
    phone = Client(headers={"user-agent": FIREFOX})
    sign_in(phone, user)
    cache.clear()
    sign_in(client, user)
    page = client.get("/accounts/sessions/").content.decode()
    assert "Firefox, Android" in page
    assert list(UserSession.objects.values_list("ip", flat=True).distinct()) == ["0.0.0.0"]  # noqa: S104
    client.post("/accounts/sessions/")
    assert client.get("/my/account/").status_code == 200
    assert phone.get("/my/account/").status_code == 302


def test_sign_out_everywhere_ends_this_session_and_unlisted_ones(client: Client) -> None:
    user = make_user()
    unlisted = Client()
    unlisted.force_login(user)
    client.force_login(User.objects.get(pk=user.pk))
    assert client.post("/my/account/sign-out-everywhere/")["Location"] == "/"
    assert client.get("/my/account/").status_code == 302
    assert unlisted.get("/my/account/").status_code == 302


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0", "Edge, Windows"),
        ("curl/8.0", ""),
        ("", ""),
    ],
)
def test_browser_is_named_by_kind_alone(user_agent: str, words: str) -> None:
    assert browser_words(user_agent) == words


def test_email_change_counts_once_the_new_address_is_proven(client: Client) -> None:
    user = make_user(email="old@example.org")
    sign_in(client, user)
    mail.outbox.clear()
    response = client.post("/accounts/email/", {"email": "new@example.org", "action_add": ""})
    user.refresh_from_db()
    assert user.email == "old@example.org"
    code = CODE.search(str(mail.outbox[0].body))
    assert code
    assert mail.outbox[0].to == ["new@example.org"]
    client.post(response["Location"], {"code": code.group()})
    user.refresh_from_db()
    assert user.email == "new@example.org"
    assert list(EmailAddress.objects.values_list("email", "verified", "primary")) == [("new@example.org", True, True)]


def test_email_change_to_somebody_elses_address_does_not_tell(client: Client) -> None:
    make_user(email="taken@example.org")
    user = make_user(email="old@example.org")
    sign_in(client, user)
    mail.outbox.clear()
    pages = []
    for address in ("taken@example.org", "free@example.org"):
        response = client.post("/accounts/email/", {"email": address, "action_add": ""})
        page = client.get(response["Location"])
        pages.append((response.status_code, response["Location"], page.status_code))
        cache.clear()
    assert pages[0] == pages[1]
    # Only who reads the mail of that address learns that it is taken.
    assert [message.to for message in mail.outbox] == [["taken@example.org"], ["free@example.org"]]


def test_email_of_somebody_else_is_not_taken_over_even_with_its_code(client: Client) -> None:
    make_user(email="taken@example.org")
    user = make_user(email="old@example.org")
    sign_in(client, user)
    mail.outbox.clear()
    response = client.post("/accounts/email/", {"email": "taken@example.org", "action_add": ""})
    code = CODE.search(str(mail.outbox[0].body))
    assert code
    assert client.post(response["Location"], {"code": code.group()}).status_code == 200
    user.refresh_from_db()
    assert user.email == "old@example.org"


def test_admin_offers_no_addresses_keys_or_devices(client: Client) -> None:
    staff = make_user(is_staff=True, is_superuser=True)
    TOTP.activate(staff, generate_totp_secret())
    client.force_login(staff)
    page = client.get("/admin/").content.decode()
    for path in ("/admin/account/emailaddress/", "/admin/mfa/authenticator/", "/admin/usersessions/usersession/"):
        assert path not in page
        assert client.get(path).status_code == 404


OWNERS_ALONE = ["/accounts/email/", "/accounts/password/set/", "/accounts/2fa/webauthn/add/"]


@pytest.mark.parametrize("path", OWNERS_ALONE)
def test_old_session_is_asked_who_it_is_and_led_back(client: Client, path: str) -> None:
    user = make_user(email="ana@example.org")
    # A session with no sign-in of late: a phone left on a table.
    client.force_login(user)
    response = client.get(path)
    assert response["Location"] == f"/my/account/prove/?next={path.replace('/', '%2F')}"
    assert mail.outbox == []
    client.get(response["Location"])
    assert mail.outbox == []
    client.post("/my/account/prove/", {"send": "1", "next": path})
    assert mail.outbox[0].to == ["ana@example.org"]
    code = CODE.search(str(mail.outbox[0].body))
    assert code
    assert client.post("/my/account/prove/", {"code": "AAAA-AAAA", "next": path}).status_code == 422
    assert client.post("/my/account/prove/", {"code": code.group(), "next": path})["Location"] == path
    assert client.get(path).status_code == 200


def test_proof_code_dies_after_three_tries(client: Client) -> None:
    client.force_login(make_user())
    client.post("/my/account/prove/", {"send": "1"})
    code = CODE.search(str(mail.outbox[0].body))
    assert code
    for _ in range(3):
        client.post("/my/account/prove/", {"code": "AAAA-AAAA"})
    assert client.post("/my/account/prove/", {"code": code.group()}).status_code == 422


def test_proof_leads_to_no_foreign_page(client: Client) -> None:
    client.force_login(make_user())
    response = client.post("/my/account/prove/", {"send": "1", "next": "https://evil.example/"})
    assert "evil" not in response["Location"]


def test_proof_codes_are_limited(client: Client) -> None:
    client.force_login(make_user())
    for _ in range(3):
        assert client.post("/my/account/prove/", {"send": "1"}).status_code == 302
    answer = client.post("/my/account/prove/", {"send": "1"})
    assert answer.status_code == 429
    assert "Too many tries in a short time." in answer.content.decode()
    assert len(mail.outbox) == 3


def test_second_factor_is_asked_of_who_has_one(client: Client) -> None:
    user = make_user()
    TOTP.activate(user, generate_totp_secret())
    client.force_login(user)
    assert client.get("/accounts/email/")["Location"].startswith("/accounts/2fa/reauthenticate/")


# -- the second factor belongs to the session ----------------------------------------------------------------------


@pytest.fixture
def staff() -> User:
    return make_user(email="staff@example.org", is_staff=True, is_superuser=True)


GUARDED = ["/admin/", "/admin/accounts/user/", "/staff/messages/", "/staff/texts/"]


@pytest.mark.parametrize("path", GUARDED)
def test_session_older_than_the_factor_confirms_it_and_is_led_back(client: Client, staff: User, path: str) -> None:
    client.force_login(staff)
    secret = generate_totp_secret()
    TOTP.activate(staff, secret)
    response = client.get(path)
    assert (response.status_code, response["Location"]) == (
        302,
        f"/accounts/2fa/reauthenticate/?next={quote(path, '')}",
    )
    answer = client.post(response["Location"], {"code": totp_code(secret)})
    assert answer["Location"] == path
    assert client.get(path).status_code == 200


def test_password_is_no_second_factor(client: Client, staff: User) -> None:
    staff.set_password(PHRASE)
    staff.save()
    client.force_login(staff)
    TOTP.activate(staff, generate_totp_secret())
    client.post("/accounts/reauthenticate/", {"password": PHRASE})
    assert client.get("/admin/")["Location"].startswith("/accounts/2fa/reauthenticate/")


def test_factor_that_was_taken_away_is_shown_no_longer(client: Client, staff: User) -> None:
    first = TOTP.activate(staff, generate_totp_secret()).instance
    client.force_login(staff)
    assert client.get("/admin/").status_code == 200
    first.delete()
    TOTP.activate(staff, generate_totp_secret())
    assert client.get("/admin/")["Location"].startswith("/accounts/2fa/reauthenticate/")


def test_form_that_waits_for_the_factor_is_sent_once_it_is_shown(client: Client, staff: User) -> None:
    client.force_login(staff)
    secret = generate_totp_secret()
    TOTP.activate(staff, secret)
    member = make_user(display_name="Before")
    path = f"/admin/accounts/user/{member.pk}/change/"
    typed = {"display_name": "After", "tz": "UTC", "language": "en", "is_active": "on"}
    response = client.post(path, typed)
    member.refresh_from_db()
    assert member.display_name == "Before"
    client.post(response["Location"], {"code": totp_code(secret)})
    member.refresh_from_db()
    assert member.display_name == "After"


@pytest.mark.django_db(transaction=True)
def test_adding_a_factor_ends_other_sessions_and_counts_as_showing_it(client: Client, staff: User) -> None:
    elsewhere = Client()
    sign_in(elsewhere, staff)
    cache.clear()
    sign_in(client, staff)
    assert client.get("/admin/")["Location"] == elsewhere.get("/admin/")["Location"] == "/accounts/2fa/"
    found = re.search(r"<code>([A-Z2-7]{16,})</code>", client.get("/accounts/2fa/totp/activate/").content.decode())
    assert found
    page = client.post("/accounts/2fa/totp/activate/", {"code": totp_code(found.group(1))}, follow=True)
    assert "signed out everywhere else" in page.content.decode()
    assert client.get("/admin/").status_code == 200
    assert elsewhere.get("/my/account/")["Location"].startswith("/accounts/login/")
    assert UserSession.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/admin/", "/staff/messages/?next=//evil.example/", "/staff/messages/"])
def test_who_was_asked_for_a_second_factor_is_led_on_once_it_is_there(client: Client, staff: User, path: str) -> None:
    sign_in(client, staff)
    way_on = f'href="{escape(path)}">Continue to where you were going'
    assert way_on not in client.get(path, follow=True).content.decode()
    set_up(client)
    for page in ("/accounts/2fa/recovery-codes/", "/accounts/2fa/"):
        assert way_on in client.get(page).content.decode()
    assert client.get(path).status_code == 200
    assert "Continue to where" not in client.get("/accounts/2fa/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_who_sets_up_a_second_factor_unasked_is_led_nowhere(client: Client) -> None:
    sign_in(client, make_user(email="ana@example.org"))
    assert "Continue to where" not in set_up(client)


def set_up(client: Client) -> str:
    """Set up an authenticator app, and return the page that this ends at."""
    found = re.search(r"<code>([A-Z2-7]{16,})</code>", client.get("/accounts/2fa/totp/activate/").content.decode())
    assert found
    page = client.post("/accounts/2fa/totp/activate/", {"code": totp_code(found.group(1))}, follow=True)
    return str(page.content.decode())


def test_second_step_offers_no_passkey_to_who_has_none(client: Client) -> None:
    user = make_user(email="ana@example.org")
    TOTP.activate(user, generate_totp_secret())
    page = client.get(sign_in(client, user)["Location"]).content.decode()
    assert "passkey" not in page.lower()
    # The link of that name at the foot leads to what to do after a relapse.
    assert page.count("Start again") == 1
