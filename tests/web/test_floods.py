"""What strangers ask for in somebody's name: no flood for a mailbox, and nothing that its owner misses."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client, RequestFactory

from accounts import known_browsers
from meetings.enums import SignupPolicy
from tests.factories import make_meeting, make_user
from tests.web.test_signin import ask_for_code, code_in, without_tokens

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

OWNER, STRANGERS = "192.0.2.1", [f"198.51.100.{number}" for number in range(1, 100)]
WORDS = "Too many tries in a short time. Wait a while, then try again."


def known_browser(email: str, place: str = OWNER) -> Client:
    """Return a browser that signed in and out again."""
    browser = Client(REMOTE_ADDR=place)
    path = ask_for_code(browser, email)["Location"]
    browser.post(path, {"code": code_in(mail.outbox[-1])})
    browser.post("/accounts/logout/")
    mail.outbox.clear()
    return browser


def beside(response: Any, field: str) -> str:
    """Return what stands beside a field of a page."""
    html = response.content.decode()
    found = re.search(rf'<(?:ul|p|div)[^>]*id="id_{field}_error"[^>]*>(.*?)</(?:ul|p|div)>', html, re.DOTALL)
    return found[1] if found else ""


def test_three_strangers_keep_nobody_from_a_code() -> None:
    make_user(email="ana@example.org")
    known = known_browser("ana@example.org")
    for place in STRANGERS[:4]:
        for _press in range(3):
            assert ask_for_code(Client(REMOTE_ADDR=place), "ana@example.org").status_code == 302
        refused = ask_for_code(Client(REMOTE_ADDR=place), "ana@example.org")
        assert refused.status_code == 200
        assert WORDS in beside(refused, "login")
    mail.outbox.clear()
    assert ask_for_code(Client(REMOTE_ADDR=OWNER), "Ana@example.org").status_code == 302
    assert ask_for_code(known, "ana@example.org").status_code == 302
    assert len(mail.outbox) == 2
    assert all(message.to == ["ana@example.org"] for message in mail.outbox)


def test_many_strangers_flood_no_mailbox_and_leave_a_known_browser_its_share(settings: Any) -> None:
    make_user(email="ana@example.org")
    known = known_browser("ana@example.org")
    # The owner's own first code was the first.
    tries = [ask_for_code(Client(REMOTE_ADDR=place), "ana@example.org").status_code for place in STRANGERS]
    assert tries == [302] * (settings.ACCOUNT_MAILS_PER_HOUR - 1) + [200] * (80)
    assert len(mail.outbox) == settings.ACCOUNT_MAILS_PER_HOUR - 1
    # From wherever they are now.
    known.defaults["REMOTE_ADDR"] = STRANGERS[0]
    path = ask_for_code(known, "ana@example.org")["Location"]
    known.post(path, {"code": code_in(mail.outbox[-1])})
    assert "_auth_user_id" in known.session
    assert known.post("/my/account/prove/", {"send": "1"}).status_code == 302


@pytest.mark.parametrize("places", [STRANGERS[:1] * 6, STRANGERS[:25]])
def test_asking_again_and_again_does_not_tell_who_is_known(places: list[str]) -> None:
    """Limits are an answer, too: they must set in at the same try, and as many messages go out."""
    make_user(email="ana@example.org")
    answers = []
    for email in ("ana@example.org", "nobody@example.org"):
        cache.clear()
        mail.outbox.clear()
        tries = [ask_for_code(Client(REMOTE_ADDR=place), email) for place in places]
        pages = [
            (each.status_code, each.headers.get("Location"), without_tokens(each.content.decode()).replace(email, "X"))
            for each in tries
        ]
        answers.append((pages, len([each for each in mail.outbox if each.to == [email]])))
        assert WORDS in beside(tries[-1], "login")
    assert answers[0] == answers[1]
    assert answers[0][1] > 0


def test_wrong_passwords_of_strangers_keep_nobody_out() -> None:
    user = make_user(email="ana@example.org")
    user.set_password("long-and-secret-words")
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    wrong = {"login": "ana@example.org", "password": "wrong-wrong-wrong"}
    for place in STRANGERS[:3]:
        pages = [Client(REMOTE_ADDR=place).post("/accounts/login/", wrong).content.decode() for _try in range(6)]
        assert ["Too many tries" in page for page in pages] == [False] * 5 + [True]
    owner = Client(REMOTE_ADDR=OWNER)
    answer = owner.post("/accounts/login/", {"login": "ana@example.org", "password": "long-and-secret-words"})
    assert answer.status_code == 302
    # All strangers together have fifty tries an hour, and a known browser its own.
    for place in STRANGERS[3:]:
        last = Client(REMOTE_ADDR=place).post("/accounts/login/", wrong)
    assert "Too many tries" in last.content.decode()
    owner.post("/accounts/logout/")
    answer = owner.post("/accounts/login/", {"login": "ana@example.org", "password": "long-and-secret-words"})
    assert answer.status_code == 302


def test_guests_get_their_confirmation_whatever_strangers_asked_for(settings: Any) -> None:
    settings.SIGNUP_REQUESTS_PER_HOUR = 2
    make_meeting(slug="quiet", signup_policy=SignupPolicy.SIGN_UP)
    form = {"when": "2026-11-24", "email": "sam@example.org", "display_name": ""}

    def ask(place: str) -> Any:
        return Client(REMOTE_ADDR=place).post("/meetings/quiet/sign-up/", form)

    assert [ask(STRANGERS[0]).status_code for _press in range(3)] == [302, 302, 422]
    assert "many requests in a short time" in beside(ask(STRANGERS[0]), "email")
    assert ask(OWNER).status_code == 302
    assert [ask(place).status_code for place in STRANGERS[1:5]] == [302, 302, 302, 422]


def test_the_cookie_of_a_known_browser_says_of_nobody_that_it_was_they() -> None:
    for email in ("ana@example.org", "zoe@example.org"):
        make_user(email=email)
    browser = known_browser("ana@example.org")
    first = browser.cookies["known"]
    assert first["httponly"]
    assert first["samesite"] == "Lax"
    assert first["max-age"] == known_browsers.AGE
    path = ask_for_code(browser, "zoe@example.org")["Location"]
    browser.post(path, {"code": code_in(mail.outbox[-1])})
    second = browser.cookies["known"].value
    # As long for two people as for one; another browser's marks for the same person are others.
    assert re.fullmatch(r"[0-9a-f]{32}\.[0-9a-f]{96}", first.value)
    assert re.fullmatch(r"[0-9a-f]{32}\.[0-9a-f]{96}", second)
    other = known_browser("ana@example.org", STRANGERS[0]).cookies["known"].value
    marks = [set(re.findall("[0-9a-f]{32}", each.partition(".")[2])) for each in (second, other)]
    assert marks[0] & marks[1] == set()


def recognised(cookie: str, email: str) -> str:
    request = RequestFactory().get("/")
    request.COOKIES["known"] = cookie
    return known_browsers.recognise(request, email)


def test_a_browser_is_known_for_the_last_people_alone_and_nobody_can_make_its_cookie() -> None:
    request, people = RequestFactory().get("/"), [f"{name}@example.org" for name in ("ana", "bob", "cyn", "dan")]
    for email in people:
        response = HttpResponse()
        known_browsers.remember(request, response, email.upper())
        request.COOKIES["known"] = response.cookies["known"].value
    cookie = request.COOKIES["known"]
    assert [bool(recognised(cookie, email)) for email in people] == [False, True, True, True]
    name, _dot, marks = cookie.partition(".")
    for forged in ("", "x", f"{'0' * 32}.{marks}", f"{name}.{marks}0", f"{name}.{'0' * 96}"):
        assert [recognised(forged, email) for email in people] == [""] * 4
