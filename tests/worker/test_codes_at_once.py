"""Many guesses at one code at once, many requests for one: what strangers do costs its owner nothing."""

from __future__ import annotations

import copy
import http.cookiejar
import re
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.forms.codes import ConfirmLoginCodeForm
from accounts.views import phones
from tests.helpers.visitor import Visitor
from tests.worker.test_outage import EMAIL, member
from tests.worker.test_server import Start, start

__all__ = ["start"]

pytestmark = [pytest.mark.worker, pytest.mark.site]

AT_ONCE = 40


def guess_at_once(visitor: Visitor, path: str, guesses: list[str]) -> list[Visitor]:
    """Send all guesses at the same time from one browser; return its tabs, each with what it was answered."""
    tabs = []
    for _guess in guesses:
        cookies = http.cookiejar.CookieJar()
        for cookie in visitor.cookies:
            cookies.set_cookie(copy.copy(cookie))
        tabs.append(Visitor(visitor.address, cookies))
        tabs[-1].page = visitor.page
    with ThreadPoolExecutor(len(guesses)) as pool:
        list(pool.map(lambda tab, guess: tab.post(path, code=guess), tabs, guesses))
    return tabs


def said(tabs: list[Visitor], words: str) -> int:
    return sum(words in tab.page for tab in tabs)


def test_of_forty_guesses_at_a_code_that_signs_in_three_are_compared(start: Start) -> None:
    site = start(WEB_WORKERS="2")
    visitor = Visitor(site.address)
    member(site)
    visitor.get("/accounts/login/")
    visitor.post("/accounts/login/", login=EMAIL)
    tabs = guess_at_once(visitor, "/accounts/login/code/confirm/", ["AAAA-AAAA"] * AT_ONCE)
    assert 1 <= said(tabs, "isn’t the code we sent") <= ConfirmLoginCodeForm.tries


def test_of_forty_guesses_at_a_code_sent_to_a_phone_five_are_compared(start: Start) -> None:
    site = start(WEB_WORKERS="2")
    visitor = member(site)
    visitor.get("/my/account/phone/")
    assert visitor.post("/my/account/phone/", number="(202) 555-0143") == 200
    assert re.search(r'name="code"', visitor.page)
    tabs = guess_at_once(visitor, "/my/account/phone/code/", ["no"] * AT_ONCE)
    assert 1 <= said(tabs, "isn’t the code we sent") <= phones.MAX_TRIES


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have 127.0.0.1 alone")
def test_three_strangers_elsewhere_keep_nobody_from_a_code(start: Start) -> None:
    site = start()
    known = member(site)
    known.get("/accounts/logout/")
    known.post("/accounts/logout/")
    outbox = site.folder / "outbox"
    before = len(list(outbox.glob("*.eml")))
    strangers = [Visitor(site.address, place=f"127.0.0.{number}") for number in (2, 3, 4) for _press in range(3)]
    # The owner with a browser that was never here, and with one that was.
    for visitor in [*strangers, Visitor(site.address, place="127.0.0.5"), known]:
        visitor.get("/accounts/login/")
        assert visitor.post("/accounts/login/", login=EMAIL) == 200
        assert 'name="code"' in visitor.page
    assert len(list(outbox.glob("*.eml"))) - before == len(strangers) + 2
