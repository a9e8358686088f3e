"""On paper there was one page of the results, with no word of the others, and buttons that nobody can press."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from meetings.enums import VenueType
from tests.factories import make_format, make_venue
from tests.helpers.browsing import listed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _listed(db: None) -> None:
    venue = make_venue(city="Albany")
    formats = [make_format(description="In a few words.") for _number in range(4)]
    for number in range(30):
        meeting = listed(
            name=f"Evening Light {number}",
            slug=f"evening-{number}",
            venue=venue,
            venue_type=VenueType.HYBRID,
            conference_url="https://meet.example.org/room",
            conference_phone="+15185550100,,123#",
            notes="Ring twice.\nThe door is at the side.",
            rrule="FREQ=DAILY",
        )
        meeting.formats.set(formats)


def pressable(page: Page) -> list[str]:
    """Return what is shown and can only be pressed."""
    shown: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("button, summary, input, select, .button")]
          .filter(each => each.checkVisibility() && !/^(tel|sms):/.test(each.getAttribute("href")))
          .map(each => each.textContent.trim())"""
    )
    return shown


def test_results_printed_from_the_browser_say_what_is_missing(browser: Browser, live_server: LiveServer) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/meetings/?near=Albany")
    page.emulate_media(media="print")
    expect(page.get_by_text("This is page 1 of 2.")).to_be_visible()
    expect(page.get_by_text(re.compile(r"The whole list: http\S+/print/\?near=Albany"))).to_be_visible()
    expect(page.get_by_text("Printed ")).to_be_visible()
    for words in (re.compile("[Dd]id you mean"), re.compile("anywhere"), "Print this list"):
        expect(page.get_by_text(words)).to_be_hidden()
    page.emulate_media(media="screen")
    page.get_by_role("link", name="Print this list").click()
    assert page.locator(".timetable__row").count() == 30
    context.close()


def test_the_whole_list_prints_without_anything_to_press(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/print/?near=Albany")
    page.evaluate("window.print = () => document.body.setAttribute('data-printed', '')")
    page.get_by_role("button", name="Print").click()
    expect(page.locator("body[data-printed]")).to_have_count(1)
    page.emulate_media(media="print")
    assert pressable(page) == []
    assert page.locator(".timetable__row:visible").count() == 30


def test_a_meeting_prints_on_one_sheet(page: Page, live_server: LiveServer) -> None:
    page.set_viewport_size({"width": 375, "height": 812})
    page.goto(f"{live_server.url}/meetings/evening-0/")
    for sheet in ("Letter", "A4"):
        assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=sheet))) == 1
    page.emulate_media(media="print")
    assert pressable(page) == []
    for words in ("https://meet.example.org/room", "(518) 555-0100, then 123#", "Ring twice.", "Printed "):
        expect(page.get_by_text(words)).to_be_visible()


@pytest.mark.parametrize("path", ["/meetings/?q=screen", "/print/?q=screen", "/meetings/online/"])
def test_paper_names_the_zone_of_what_is_online(browser: Browser, live_server: LiveServer, path: str) -> None:
    """Whoever is given the sheet may live by other clocks than whoever printed it."""
    listed(
        name="On a screen", slug="online", venue=None, venue_type=VenueType.ONLINE, conference_url="https://a.example/"
    )
    context = browser.new_context(timezone_id="America/Los_Angeles", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(live_server.url + path)
    zones = page.get_by_text("Los Angeles time").locator("visible=true")
    expect(zones).to_have_count(0)
    page.emulate_media(media="print")
    expect(zones.first).to_be_visible()
    context.close()
