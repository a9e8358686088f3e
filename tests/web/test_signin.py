"""Signing in, or making an account, by emailed code: one door, the same words for everybody."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.middleware import rest_of_beat
from accounts.models import User
from support.http import HOLD_UNTIL
from tests.factories.accounts import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

CODE = re.compile(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b")


def code_in(message: Any) -> str:
    found = CODE.search(str(message.body))
    assert found, message.body
    return found.group()


def ask_for_code(client: Client, email: str, **extra: str) -> Any:
    return client.post("/accounts/login/", {"login": email, **extra})


def test_code_signs_in_to_my_meetings(client: Client) -> None:
    user = make_user(email="ana@example.org")
    response = ask_for_code(client, "Ana@Example.org")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/code/confirm/"
    response = client.post(response["Location"], {"code": code_in(mail.outbox[0])})
    assert response.status_code == 302
    assert response["Location"] == "/my/meetings/"
    assert client.session["_auth_user_id"] == str(user.pk)
    # One message: an account made by a command needs no second code to prove the same address.
    assert len(mail.outbox) == 1
    assert list(EmailAddress.objects.values_list("user", "verified", "primary")) == [(user.pk, True, True)]


def test_session_is_renewed_at_sign_in(client: Client) -> None:
    make_user(email="ana@example.org")
    url = ask_for_code(client, "ana@example.org")["Location"]
    before = client.session.session_key
    client.post(url, {"code": code_in(mail.outbox[0])})
    assert client.session.session_key != before


def test_next_page_is_remembered_through_code(client: Client) -> None:
    make_user(email="ana@example.org")
    page = client.get("/accounts/login/?next=/my/account/")
    assert '<input type="hidden" name="next" value="/my/account/">' in page.content.decode()
    response = ask_for_code(client, "ana@example.org", next="/my/account/")
    page = client.get(response["Location"])
    assert '<input type="hidden" name="next" value="/my/account/">' in page.content.decode()
    response = client.post("/accounts/login/code/confirm/", {"code": code_in(mail.outbox[0]), "next": "/my/account/"})
    assert response["Location"] == "/my/account/"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_foreign_next_page_is_not_followed(client: Client, target: str) -> None:
    make_user(email="ana@example.org")
    response = ask_for_code(client, "ana@example.org", next=target)
    response = client.post("/accounts/login/code/confirm/", {"code": code_in(mail.outbox[0]), "next": target})
    assert response["Location"] == "/my/meetings/"


def without_tokens(html: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", html)


def test_unknown_address_gets_same_pages_and_one_message(client: Client) -> None:
    make_user(email="known@example.org")
    pages = []
    for number, email in enumerate(["known@example.org", "other@example.org"]):
        visitor = Client()
        response = ask_for_code(visitor, email)
        confirm = visitor.get(response["Location"])
        wrong = visitor.post(response["Location"], {"code": "AAAA-AAAA"})
        pages.append(
            [
                (answer.status_code, without_tokens(answer.content.decode()).replace(email, "X"))
                for answer in (response, confirm, wrong)
            ]
        )
        assert len(mail.outbox) == number + 1
    assert pages[0] == pages[1]
    # Not even the mailbox is told: nobody looks whether somebody is known before the code is typed.
    assert [CODE.sub("CODE", str(message.body)) for message in mail.outbox] == [
        CODE.sub("CODE", str(mail.outbox[0].body))
    ] * 2
    assert not User.objects.filter(email="other@example.org").exists()


def test_nobody_is_looked_for_before_the_code_is_right() -> None:
    make_user(email="known@example.org")
    for email in ("known@example.org", "other@example.org"):
        visitor = Client()
        with CaptureQueriesContext(connection) as captured:
            path = ask_for_code(visitor, email)["Location"]
            visitor.get(path)
            visitor.post(path, {"code": "AAAA-AAAA"})
            visitor.post(path, {"action": "resend"})
        assert [
            each["sql"] for each in captured if "accounts_user" in each["sql"] or "emailaddress" in each["sql"]
        ] == []


def test_answers_to_strangers_come_on_a_beat(client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.EVEN_PACE_SECONDS = 0.25
    waited: list[float] = []
    monkeypatch.setattr("support.http.time.sleep", waited.append)
    user = make_user(email="ana@example.org")
    for path, fields in (
        ("/accounts/login/", {"login": "ana@example.org"}),
        ("/meetings/no-such-meeting/sign-up/", {}),
    ):
        Client().post(path, fields)
    assert len(waited) == 2
    assert all(0 < each <= 0.25 for each in waited)
    client.get("/accounts/login/")
    client.post("/i18n/setlang/", {"language": "en"})
    client.force_login(user)
    client.post("/meetings/no-such-meeting/sign-up/", {})
    assert len(waited) == 2


def test_what_is_refused_before_anyone_is_looked_for_does_not_wait(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EVEN_PACE_SECONDS, settings.POSTS_PER_MINUTE = 0.25, 2
    waited: list[float] = []
    monkeypatch.setattr("support.http.time.sleep", waited.append)
    codes = [Client().post("/accounts/login/", {"login": "ana@example.org"}).status_code for _n in range(4)]
    forged = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "new@example.org"}).status_code
    assert (codes, forged, len(waited)) == ([302, 302, 429, 429], 403, 2)


def test_answer_that_waits_holds_no_thread_where_the_server_can_hold_it(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EVEN_PACE_SECONDS = 0.25
    monkeypatch.delattr("support.http.time.sleep")
    held: list[float] = []
    server: dict[str, Any] = {HOLD_UNTIL: held.append}
    Client().post("/accounts/login/", {"login": "ana@example.org"}, **server)
    assert len(held) == 1


def join(client: Client, email: str = "new@example.org", **extra: str) -> Any:
    """Make an account as anybody does: an address, then the code that was mailed to it."""
    path = ask_for_code(client, email, **extra)["Location"]
    return client.post(path, {"code": code_in(mail.outbox[-1])})


def test_code_makes_an_account_where_there_is_none_and_no_sooner(client: Client) -> None:
    client.cookies["tz"] = "Europe/Madrid"
    client.cookies["clock"] = "h24"
    path = client.post("/accounts/login/", {"login": "New@example.org"}, headers={"accept-language": "es"})["Location"]
    assert not User.objects.exists()
    response = client.post(path, {"code": code_in(mail.outbox[0])}, headers={"accept-language": "es"})
    assert response["Location"] == "/my/meetings/"
    user = User.objects.get(email="new@example.org")
    assert (user.display_name, user.tz, user.language, user.hour_cycle) == ("", "Europe/Madrid", "es", "h24")
    assert client.session["_auth_user_id"] == str(user.pk)
    assert not user.has_usable_password()
    assert list(EmailAddress.objects.values_list("user", "verified", "primary")) == [(user.pk, True, True)]
    assert len(mail.outbox) == 1


def test_the_same_code_twice_at_once_makes_one_account() -> None:
    first, second = Client(), Client()
    ways = [(each, ask_for_code(each, "new@example.org")["Location"]) for each in (first, second)]
    for (visitor, path), message in zip(ways, mail.outbox, strict=True):
        visitor.post(path, {"code": code_in(message)})
        assert "_auth_user_id" in visitor.session
    assert User.objects.count() == 1


def test_what_sign_up_was_leads_to_the_same_door(client: Client) -> None:
    for path in ("/accounts/signup/", "/accounts/signup/passkey/"):
        response = client.get(f"{path}?next=/my/account/")
        assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/my/account/")
    client.post("/accounts/signup/", {"email": "new@example.org"})
    assert (User.objects.count(), len(mail.outbox)) == (0, 0)


def test_who_just_made_an_account_is_proven(client: Client) -> None:
    join(client)
    for path in ("/my/account/phone/", "/accounts/email/", "/my/account/data/erase/"):
        assert client.get(path).status_code == 200, path


def test_where_one_was_going_is_kept_for_somebody_new_and_through_every_turn(client: Client) -> None:
    target = "/invitations/some-token/"
    path = ask_for_code(client, "new@example.org", next=target)["Location"]
    # A mistake, a new code, the door again, a page that forgot: none of them loses it.
    client.post(path, {"code": "AAAA-AAAA"})
    client.post("/accounts/login/code/confirm/", {"action": "resend"})
    assert client.get("/accounts/login/")["Location"] == "/accounts/login/code/confirm/"
    response = client.post("/accounts/login/code/confirm/", {"code": code_in(mail.outbox[-1])})
    assert response["Location"] == target


def test_another_page_to_go_to_is_taken_along_by_a_code_that_is_awaited(client: Client) -> None:
    ask_for_code(client, "new@example.org", next="/my/account/")
    response = client.get("/accounts/login/?next=/my/account/phone/")
    assert response["Location"] == "/accounts/login/code/confirm/?next=%2Fmy%2Faccount%2Fphone%2F"


def test_last_try_leads_to_the_door_on_the_way_to_the_same_page(client: Client) -> None:
    path = ask_for_code(client, "new@example.org", next="/my/account/")["Location"]
    for _try in range(3):
        response = client.post(path, {"code": "AAAA-AAAA"})
    assert response["Location"] == "/accounts/login/?next=%2Fmy%2Faccount%2F"


def test_new_code_replaces_the_one_before(client: Client) -> None:
    make_user(email="ana@example.org")
    path = ask_for_code(client, "ana@example.org")["Location"]
    assert "Send a new code" in client.get(path).content.decode()
    client.post(path, {"code": "AAAA-AAAA"})
    assert client.post(path, {"action": "resend"})["Location"] == path
    old, new = (code_in(message) for message in mail.outbox)
    assert "We sent a new code." in client.get(path).content.decode()
    wrong = client.post(path, {"code": old})
    assert "press “Send a new code”" in wrong.content.decode()
    client.post(path, {"code": new})
    assert "_auth_user_id" in client.session


def test_new_codes_are_limited_like_first_ones(client: Client) -> None:
    path = ask_for_code(client, "nobody@example.org")["Location"]
    for _press in range(4):
        client.post(path, {"action": "resend"})
    assert len(mail.outbox) == 3
    assert "Too many tries in a short time." in client.get(path).content.decode()
    # The code that did arrive still works.
    client.post(path, {"code": code_in(mail.outbox[-1])})
    assert "_auth_user_id" in client.session


def test_wrong_code_three_times_ends_the_attempt(client: Client) -> None:
    make_user(email="ana@example.org")
    url = ask_for_code(client, "ana@example.org")["Location"]
    code = code_in(mail.outbox[0])
    for _ in range(3):
        response = client.post(url, {"code": "AAAA-AAAA"})
    assert response.status_code == 302
    response = client.post(url, {"code": code})
    assert "_auth_user_id" not in client.session


def test_code_of_another_browser_does_not_sign_in(client: Client) -> None:
    make_user(email="ana@example.org")
    ask_for_code(client, "ana@example.org")
    other = Client()
    other.post("/accounts/login/code/confirm/", {"code": code_in(mail.outbox[0])})
    assert "_auth_user_id" not in other.session


def test_sign_ins_from_one_place_are_limited_on_a_page_of_ours() -> None:
    for _ in range(31):
        response = Client().post("/accounts/login/", {"login": ""})
    assert response.status_code == 429
    assert '<main id="main"' in response.content.decode()


def test_code_message_is_discreet_and_made_by_a_machine(client: Client) -> None:
    make_user(email="ana@example.org", display_name="Ana M.")
    ask_for_code(client, "ana@example.org")
    message = mail.outbox[0]
    assert isinstance(message, EmailMultiAlternatives)
    assert message.subject == "Your sign-in code"
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"
    html = str(message.alternatives[0][0])
    for text in (message.body, html):
        assert code_in(message) in text
        for word in ("meeting", "recovery", "NA ", "group", "Ana"):
            assert word not in text


def test_mail_that_cannot_be_sent_becomes_a_page(client: Client, settings: Any, caplog: Any) -> None:
    make_user(email="ana@example.org")
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    response = ask_for_code(client, "ana@example.org")
    assert response.status_code == 503
    assert "could not be sent" in response.content.decode()
    assert "ana@example.org" not in caplog.text


def test_sign_out_acts_on_post_alone(client: Client) -> None:
    client.force_login(make_user())
    assert client.get("/accounts/logout/").status_code == 200
    assert "_auth_user_id" in client.session
    response = client.post("/accounts/logout/")
    assert response["Location"] == "/"
    assert "_auth_user_id" not in client.session


def test_closed_account_is_said_to_be_closed_to_whoever_has_its_address_alone(client: Client) -> None:
    make_user(email="ana@example.org", is_active=False)
    response = join(client, "ana@example.org")
    assert response["Location"] == "/accounts/inactive/"
    assert "_auth_user_id" not in client.session


def test_admin_asks_at_the_same_door(client: Client) -> None:
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0] == "/accounts/login/?next=%2Fadmin%2F"


def test_second_way_to_ask_for_code_leads_to_the_door(client: Client) -> None:
    response = client.get("/accounts/login/code/?next=/my/account/")
    assert response.status_code == 302
    assert response["Location"] == "/accounts/login/?next=/my/account/"


def test_tab_titles_name_nobody(client: Client) -> None:
    make_user(email="ana@example.org", display_name="Ana M.")
    url = ask_for_code(client, "ana@example.org")["Location"]
    for address in ("/accounts/login/", url):
        page = client.get(address, follow=True).content.decode()
        title = re.search(r"<title>(.*?)</title>", page, re.DOTALL)
        assert title
        assert "ana" not in title.group(1).lower().replace("account", "")


@pytest.mark.parametrize(
    ("spent", "beat", "rest"), [(0.0, 0.25, 0.25), (0.1, 0.25, 0.15), (0.3, 0.25, 0.2), (0.25, 0.25, 0.25), (9.0, 0, 0)]
)
def test_beat_is_filled_up(spent: float, beat: float, rest: float) -> None:
    assert rest_of_beat(spent, beat=beat) == pytest.approx(rest)
