"""What the head of a page says to search engines, and loads before anything is seen."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Export
from tests.conftest import NOW
from tests.factories import make_favourite, make_meeting, make_user

pytestmark = pytest.mark.django_db

PUBLIC = ["home", "meetings:list", "crisis", "about", "privacy", "account_login"]


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_page_says_once_what_it_is(client: Client, name: str, language: str) -> None:
    html = client.get(reverse(name), headers={"Accept-Language": language}).content.decode()
    (said,) = re.findall(r'<meta name="description" content="([^"]*)">', html)
    # More is cut off by those who show it.
    assert 40 <= len(said) <= 170


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
