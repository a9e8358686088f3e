"""Who answers in a crisis: in each language with its own keys, on every page and in every text."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import translation

from meetings.reminders import replies
from support import clock, crisis, pages
from support.crisis import CRISIS_LINES

pytestmark = pytest.mark.django_db

#: What reaches somebody who answers in English, and only there.
ENGLISH_KEYS = re.compile(r"\bHOME\b|mensaje al 988\b")
REPLIES: list[Callable[[str], str]] = [
    replies.crisis,
    replies.emergency,
    replies.after_using,
    replies.help_words,
    replies.read_by_a_person,
    lambda region: replies.stopped(region, is_crisis=True),
]


def in_spanish(client: Client, path: str) -> str:
    return client.get(path, headers={"accept-language": "es"}).content.decode()


@pytest.mark.parametrize("path", ["/crisis/", "/about/", "/privacy/", "/", "/meetings/", "/accounts/login/", "/none/"])
def test_page_in_spanish_names_the_keys_that_are_answered_in_spanish(client: Client, path: str) -> None:
    html = in_spanish(client, path)
    assert ENGLISH_KEYS.findall(html) == []
    for words in ("Llamar al 988 y marcar 2", "Enviar AYUDA al 988", "Enviar AYUDA al 741741"):
        assert words in html
    for address in ("sms:988?&amp;body=AYUDA", "sms:741741?&amp;body=AYUDA", "https://wa.me/14422983263"):
        assert f'href="{address}"' in html


@pytest.mark.parametrize("view", [pages.bad_request, pages.csrf_failure, pages.too_many_requests, pages.server_error])
def test_error_page_in_spanish_names_the_same(rf: RequestFactory, view: Callable[[HttpRequest], object]) -> None:
    with translation.override("es"):
        html = view(rf.get("/")).content.decode()  # type: ignore[attr-defined]
    assert ENGLISH_KEYS.findall(html) == []
    assert "Enviar AYUDA al 741741" in html


def test_page_of_an_outage_in_spanish_names_the_same() -> None:
    with translation.override("es"):
        html = render_to_string("503.html", {"crisis_lines": CRISIS_LINES, "path": "/", "site_name": "Homegroup"})
    assert ENGLISH_KEYS.findall(html) == []
    assert "Enviar AYUDA al 741741" in html


def test_page_in_english_says_how_to_be_answered_in_spanish(client: Client) -> None:
    html = client.get("/crisis/").content.decode()
    assert 'href="sms:741741?&amp;body=HOME"' in html
    assert "In Spanish: call 988 and press 2, or text AYUDA to 988." in html
    assert "In Spanish: text AYUDA to 741741." in html


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("region", ["US", "PR"])
def test_text_in_spanish_names_the_spanish_keys(reply: Callable[[str], str], region: str) -> None:
    with translation.override("es"):
        words = reply(region)
    assert "988 y marca 2" in words
    assert "AYUDA al 988" in words


@pytest.mark.parametrize("reply", REPLIES)
def test_text_to_canada_promises_no_spanish(reply: Callable[[str], str]) -> None:
    with translation.override("es"):
        words = reply("CA")
    assert "9-8-8" in words
    assert "AYUDA" not in words


def test_country_without_a_line_is_named_none() -> None:
    assert crisis.in_short("DE") == ""


def test_crisis_page_names_every_line_with_its_source(client: Client) -> None:
    for language in ("en", "es"):
        html = client.get("/crisis/", headers={"accept-language": language}).content.decode()
        with translation.override(language):
            for line in CRISIS_LINES:
                assert f'href="{line.here.source.url}"' in html
                assert all(way.href.replace("&", "&amp;") in html for way in line.here.ways)


@pytest.mark.real_clock
def test_everything_that_lives_hang_on_was_compared_with_a_source() -> None:
    found = list(crisis.sources())
    assert len(found) > len(CRISIS_LINES)
    for source in found:
        assert source.url.startswith("https://")
        assert source.name
        assert source.verified_on <= clock.now().date()


def test_every_line_is_reached_in_english() -> None:
    assert all(line.access["en"].ways for line in CRISIS_LINES)
