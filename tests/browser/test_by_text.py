"""A meeting looked for by text message, as its reader sees the answer: on a phone, which the outbox shows.

Whoever asked for Troy was told "21 Orchard Terrace" and not that it is in Albany, and was sent to a family session,
where nobody comes in without signing up.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from meetings.enums import MeetingKind
from tests.factories import make_venue
from tests.helpers.browsing import listed

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("at_this_machine"),
]


def listed_at(street: str, city: str, **fields: Any) -> None:
    """List a meeting of every day in a house in the middle of Troy, whatever city its address names."""
    venue = make_venue(name="", street=street, city=city, latitude=42.7284, longitude=-73.6918)
    listed(rrule="FREQ=DAILY", venue=venue, **fields)


def test_an_answer_by_text_names_another_city_and_sends_nobody_to_a_family_session(
    page: Page, live_server: LiveServer
) -> None:
    listed_at("19 George Street", "Troy")
    listed_at("21 Orchard Terrace", "Albany")
    listed_at("7 Linden Street", "Troy", kind=MeetingKind.FAMILY_SESSION)
    page.goto(f"{live_server.url}/dev/outbox/")
    page.get_by_label("Text", exact=True).fill("Troy, NY")
    page.get_by_role("button", name="Send the text").click()
    page.get_by_role("link", name=re.compile("^Troy, NY:")).click()
    answer = page.get_by_role("main")
    expect(answer).to_contain_text("21 Orchard Terrace, Albany, 0.0 mi")
    expect(answer).to_contain_text("19 George Street, 0.0 mi")
    expect(answer).not_to_contain_text("Linden Street")
