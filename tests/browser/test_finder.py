from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories import make_format, make_venue
from tests.helpers.browsing import listed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def meetings(db: None) -> None:
    listed(name="Evening Light", slug="evening-light").formats.add(make_format(name="Closed", slug="closed"))
    listed(name="Wednesday Lamp", rrule="FREQ=WEEKLY;BYDAY=WE")
    listed(name="By the Lake", venue=make_venue(city="Buffalo", latitude=42.8864, longitude=-78.8784))
    listed(name="Shut", is_temporarily_closed=True)


def named(page: Page) -> list[str]:
    return page.locator(".timetable__link").all_inner_texts()


def near(page: Page, place: str) -> None:
    box = page.get_by_role("textbox", name="Near")
    box.fill(place)
    box.press("Enter")


@pytest.mark.browser_context_args(timezone_id="America/New_York")
@pytest.mark.usefixtures("meetings")
def test_choices_refresh_the_results_and_the_address(page: Page, live_server: LiveServer) -> None:
    asked: list[str] = []
    page.goto(f"{live_server.url}/meetings/")
    page.on("request", lambda request: asked.append(request.url) if "/meetings/" in request.url else None)
    near(page, "Albany, NY")
    expect(page.get_by_role("heading", name="3 meetings near Albany, NY")).to_be_visible()
    page.locator("#id_day").get_by_text("Wed", exact=True).click()
    expect(page.get_by_role("heading", name="1 meeting on Wednesday near Albany, NY")).to_be_visible()
    assert named(page) == ["Wednesday Lamp"]
    expect(page.locator("#results-status")).to_have_text("1 meeting on Wednesday near Albany, NY")
    assert len(asked) == 2
    expect(page).to_have_url(re.compile(r"/meetings/\?near=Albany%2C\+NY&radius=15&unit=mi&day=wed$"))
    page.reload()
    assert named(page) == ["Wednesday Lamp"]
    page.go_back()
    expect(page.get_by_role("heading", name="3 meetings near Albany, NY")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Find a meeting")


@pytest.mark.usefixtures("meetings")
def test_a_place_we_do_not_know_is_told_and_mended_without_a_trace(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/meetings/")
    near(page, "xyzzy")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    expect(page.get_by_role("textbox", name="Near")).to_have_value("xyzzy")
    near(page, "Buffalo, NY")
    expect(page.get_by_role("heading", name="1 meeting near Buffalo, NY")).to_be_visible()
    expect(page.locator("[data-error-summary]")).to_have_count(0)
    expect(page.locator(".field--invalid")).to_have_count(0)


@pytest.mark.usefixtures("meetings")
def test_position_is_asked_for_on_a_press_and_told_to_a_kilometre(browser: Browser, live_server: LiveServer) -> None:
    context = browser.new_context(
        geolocation={"latitude": 42.88641, "longitude": -78.87837}, permissions=["geolocation"]
    )
    page = context.new_page()
    page.goto(live_server.url)
    page.get_by_role("button", name="Use my location").click()
    expect(page.get_by_role("heading", name="1 meeting near you")).to_be_visible()
    assert "lat=42.89&lon=-78.88" in page.url
    context.close()


@pytest.mark.usefixtures("meetings")
def test_finder_works_with_scripts_off(browser: Browser, live_server: LiveServer) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 375, "height": 800})
    page = context.new_page()
    page.goto(live_server.url)
    expect(page.get_by_role("button", name="Use my location")).to_have_count(0)
    page.get_by_role("textbox", name="Near").fill("Albany, NY")
    page.get_by_role("button", name="Find meetings").click()
    page.get_by_text("More choices").click()
    page.locator("#id_day").get_by_text("Tue", exact=True).click()
    page.get_by_role("button", name="Show meetings").click()
    assert named(page) == ["Evening Light", "Shut"]
    page.get_by_role("link", name="Evening Light").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Evening Light")
    context.close()


@pytest.mark.usefixtures("meetings")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_axe_finds_nothing_in_the_finder(
    browser: Browser, live_server: LiveServer, axe: Callable[[Page], list[str]], width: int, scheme: Any
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    for path in (
        "/",
        "/meetings/",
        "/meetings/?near=Albany&day=tue",
        "/meetings/?near=xyzzy&radius=-1&from=9",
        "/meetings/?near=Denver,+CO&day=sun",
        "/meetings/evening-light/",
    ):
        page.goto(live_server.url + path)
        assert axe(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()
