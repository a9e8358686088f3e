"""What the head of a page says to search engines, and loads before anything is seen."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import suppress

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from accounts.models import Export
from tests.architecture.access_matrix import MATRIX
from tests.conftest import NOW
from tests.factories import make_favourite, make_meeting, make_user

pytestmark = pytest.mark.django_db


def public_addresses() -> Iterator[str]:
    """Yield the addresses that anybody may open without a link of their own."""
    for name, row in MATRIX.items():
        if row.visitor == 200:
            with suppress(NoReverseMatch):
                yield reverse(name)


def descriptions(html: str) -> list[str]:
    return re.findall(r'<meta name="description" content="([^"]*)">', html)


@pytest.mark.parametrize("language", ["en", "es"])
def test_each_public_page_says_once_what_it_is_and_no_two_say_the_same(client: Client, language: str) -> None:
    meeting = make_meeting()
    pages = [*public_addresses(), meeting.get_absolute_url(), reverse("meetings:sign_up", args=[meeting.slug])]
    answers = {path: client.get(path, headers={"Accept-Language": language}) for path in pages}
    said = {
        path: descriptions(answer.content.decode())
        for path, answer in answers.items()
        if answer["Content-Type"].startswith("text/html")
    }
    assert {"/", "/meetings/", "/print/", "/crisis/", "/start-again/", "/accounts/login/"} < set(said)
    for path, words in said.items():
        assert len(words) == 1, path
        # More is cut off by those who show it.
        assert 40 <= len(words[0]) <= 170, (path, words)
    assert len({words[0] for words in said.values()}) == len(said), said


def is_in_step(client: Client, address: str) -> bool:
    """Return whether a page has what htmx acts on. Raises AssertionError where the one is there without the other."""
    html = client.get(address).content.decode()
    has_script, has_use = "htmx.min.js" in html, bool(re.search(r"\shx-(get|post)=", html))
    assert has_script == has_use, address
    return has_use


def test_htmx_is_loaded_where_it_is_used_and_nowhere_else(client: Client) -> None:
    meeting = make_meeting(slug="evening-light")
    ways = [reverse("home"), reverse("meetings:list"), meeting.get_absolute_url()]
    assert [is_in_step(client, address) for address in ways] == [False, True, False]
    user = make_user()
    client.force_login(user)
    own = [meeting.get_absolute_url(), reverse("meetings:my_meetings"), reverse("accounts:data")]
    assert [is_in_step(client, address) for address in own] == [True, False, False]
    make_favourite(user=user, meeting=meeting)
    Export.objects.create(user=user, asked_at=NOW, expires_at=NOW + dt.timedelta(days=1))
    assert [is_in_step(client, address) for address in own] == [True, True, True]
