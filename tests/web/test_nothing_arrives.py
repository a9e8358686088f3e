"""What pages say to whoever waits for a message: what to do, in the same words whatever became of the address."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.services.suppressions import record_refusal, suppress
from meetings.enums import SignupPolicy
from meetings.models import Meeting
from support import contact
from tests.conftest import NOW
from tests.factories import make_contact_point, make_meeting, make_user

pytestmark = pytest.mark.django_db

ADDRESSES = ("known@example.org", "bounced@example.org", "complained@example.org", "unknown@example.org")
BLOCKED = {"en": "we stop writing to it", "es": "dejamos de escribirle"}


@pytest.fixture
def meeting() -> Meeting:
    return make_meeting(signup_policy=SignupPolicy.SIGN_UP)


@pytest.fixture(autouse=True)
def _addresses() -> None:
    make_user(email="known@example.org")
    make_contact_point(value="bounced@example.org")
    words = {"reason": "bounced 5.1.1", "answer": "5.1.1"}
    record_refusal(channel="email", value="bounced@example.org", is_sure=True, now=NOW, **words)
    suppress(channel="email", value="complained@example.org", reason="complained", now=NOW)


def after_sign_up(meeting: Meeting, address: str, language: str = "en") -> str:
    client = Client(headers={"accept-language": language})
    data = {"email": address, "when": "every", "display_name": "Ana"}
    answer = client.post(reverse("meetings:sign_up", args=[meeting.slug]), data, follow=True)
    assert answer.status_code == 200
    assert answer.redirect_chain
    return plain(answer.content.decode(), address)


def after_asking_for_a_code(address: str, language: str = "en") -> str:
    client = Client(headers={"accept-language": language})
    answer = client.post(reverse("account_login"), {"login": address}, follow=True)
    assert answer.status_code == 200
    assert answer.redirect_chain
    return plain(answer.content.decode(), address)


def plain(page: str, address: str) -> str:
    """A page without what is of one request alone: the address that was typed, and tokens against forgery."""
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page.replace(address, "…"))
    return re.sub(r'nonce="[^"]+"|nonce-[\w-]+', "", page)


@pytest.mark.parametrize("language", ["en", "es"])
def test_sign_up_says_the_same_for_every_address(meeting: Meeting, language: str, settings: Any) -> None:
    settings.UNBLOCK_ADDRESS = "unblock@example.org"
    pages = {after_sign_up(meeting, address, language) for address in ADDRESSES}
    assert len(pages) == 1
    (page,) = pages
    assert BLOCKED[language] in page
    assert 'href="mailto:unblock@example.org"' in page


@pytest.mark.parametrize("language", ["en", "es"])
def test_code_says_the_same_for_every_address_and_nothing_of_blocks(language: str, settings: Any) -> None:
    # A code goes out whatever came back before.
    settings.UNBLOCK_ADDRESS = "unblock@example.org"
    pages = {after_asking_for_a_code(address, language) for address in ADDRESSES}
    assert len(pages) == 1
    (page,) = pages
    assert {"en": "Try another address", "es": "Prueba con otra dirección"}[language] in page
    assert BLOCKED[language] not in page


def test_nothing_is_promised_that_is_not_configured(meeting: Meeting, settings: Any) -> None:
    settings.UNBLOCK_ADDRESS, settings.OPERATOR_CONTACT = "", contact.read("help@example.org")
    page = after_sign_up(meeting, "new@example.org")
    assert "send an email from it" not in page
    assert "The people who run this site can end that." in page
    assert '<a href="mailto:help@example.org">help@example.org</a>' in page
    settings.OPERATOR_CONTACT = None
    page = after_sign_up(meeting, "newer@example.org")
    assert "Whoever runs your meeting can have that ended." in page
    assert "Ask whoever runs your meeting." in page


def test_member_who_is_asked_for_a_code_again_reads_it_too(client: Client) -> None:
    client.force_login(make_user(email="ana@example.org"))
    answer = client.post(reverse("accounts:prove"), {"send": "1", "next": "/"}, follow=True)
    assert "Look in your spam folder." in answer.content.decode()
