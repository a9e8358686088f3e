"""Spanish words are longer, and a reader's own zone adds some more: pages still fit, and read well aloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from meetings.enums import MeetingKind, SignupPolicy, VenueType
from tests.factories import make_format
from tests.helpers.browsing import listed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def addresses(db: None) -> list[str]:
    """Pages of visitors, with a meeting that has long words for all it is."""
    meeting = listed(
        slug="evening-light",
        kind=MeetingKind.FAMILY_SUPPORT,
        signup_policy=SignupPolicy.SIGN_UP,
        capacity=5,
        venue_type=VenueType.HYBRID,
        conference_url="https://meet.example.org/1",
    )
    meeting.formats.add(make_format(name="Wheelchair-accessible bathroom", slug="wheelchair-bathroom"))
    names = ["home", "meetings:list", "crisis", "about", "privacy", "account_login"]
    return [
        *(reverse(name) for name in names),
        meeting.get_absolute_url(),
        reverse("meetings:sign_up", args=[meeting.slug]),
        "/meetings/?near=nowhere-at-all&from=99",
        "/no-such-page/",
    ]


@pytest.fixture
def page_in_spanish(browser: Browser) -> Iterator[Page]:
    """A page of a reader far from New York, whose browser asks for Spanish and shows 12 hours."""
    context = browser.new_context(locale="es-US", timezone_id="America/Los_Angeles", reduced_motion="reduce")
    yield context.new_page()
    context.close()


def test_pages_in_spanish_fit_a_small_phone(
    page_in_spanish: Page, live_server: LiveServer, addresses: list[str]
) -> None:
    page_in_spanish.set_viewport_size({"width": 320, "height": 700})
    # The first page tells the site of the reader's zone and clock.
    page_in_spanish.goto(live_server.url)
    too_wide = {}
    for address in addresses:
        page_in_spanish.goto(live_server.url + address)
        width = page_in_spanish.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if width > 0:
            too_wide[address] = width
    assert too_wide == {}


@pytest.mark.parametrize("width", [375, 1280])
def test_axe_finds_nothing_in_spanish(
    page_in_spanish: Page, live_server: LiveServer, addresses: list[str], axe: Callable[[Page], list[str]], width: int
) -> None:
    page_in_spanish.set_viewport_size({"width": width, "height": 800})
    found = {}
    for address in addresses:
        page_in_spanish.goto(live_server.url + address)
        assert page_in_spanish.locator("html").get_attribute("lang") == "es"
        found[address] = axe(page_in_spanish)
    assert {address: complaints for address, complaints in found.items() if complaints} == {}
