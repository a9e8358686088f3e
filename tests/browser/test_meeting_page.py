"""A meeting's page, as somebody on a phone reads it.

Six times "Remind me" pushed the place and the way to join off the screen; every tab was called "Meeting"; and the way
back led to an empty finder, so that the search was lost.
"""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from meetings.enums import VenueType
from support import clock
from tests.factories import make_service_body, make_venue
from tests.helpers.browsing import listed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _listed(db: None) -> None:
    for number in range(30):
        listed(name=f"Evening Light {number}", slug=f"evening-{number}", rrule="FREQ=DAILY")
    hour = clock.to_wall(clock.now(), "America/New_York").hour
    listed(
        # At no time on now, when how to join is what comes first.
        start_time=dt.time(9, 0) if 15 <= hour < 22 else dt.time(19, 0),
        name="Both",
        slug="both",
        rrule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        venue_type=VenueType.HYBRID,
        venue=make_venue(city="Buffalo", latitude=42.8864, longitude=-78.8784),
        conference_url="https://meet.example.org/room",
        conference_phone="+19292056099,,184879080#,,#,,#",
    )


def bottom(page: Page, name: str) -> float:
    box = page.get_by_role("link", name=name).bounding_box()
    assert box is not None
    return box["y"] + box["height"]


def test_when_and_where_are_on_the_first_screen_and_how_to_join_next(page: Page, live_server: LiveServer) -> None:
    page.set_viewport_size({"width": 375, "height": 812})
    page.goto(f"{live_server.url}/meetings/both/")
    bar = page.locator(".bar--foot").bounding_box()
    assert bar is not None
    assert bottom(page, "Remind me") < bar["y"]
    where = page.locator("address").bounding_box()
    assert where is not None
    assert where["y"] + where["height"] < bar["y"]
    assert bottom(page, "Join online") < 2 * 812
    assert page.get_by_role("link", name="Remind me").count() == 1
    expect(page.locator(".lede")).to_contain_text("Weekdays")
    expect(page.get_by_role("link", name="(929) 205-6099, then 184879080#")).to_be_visible()
    assert page.title() == "Meeting: Weekdays – Homegroup"
    page.get_by_text("5 more dates").click()
    assert page.get_by_role("link", name="Remind me").count() == 6


def test_another_group_of_the_same_district_is_not_named_as_the_same_group(page: Page, live_server: LiveServer) -> None:
    body = make_service_body()
    listed(name="Rebos", slug="rebos", service_body=body, group_name="D27")
    listed(name="Thursday Night Owl", service_body=body, group_name="D27")
    page.goto(f"{live_server.url}/meetings/rebos/")
    expect(page.get_by_role("heading", name="Rebos")).to_be_visible()
    expect(page.get_by_text("Thursday Night Owl")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_the_way_back_keeps_the_search(browser: Browser, live_server: LiveServer, scripts: bool) -> None:
    # The page glides back to its place, for who wants that: here it is there at once.
    context = browser.new_context(
        viewport={"width": 375, "height": 812},
        java_script_enabled=scripts,
        timezone_id="America/New_York",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(live_server.url)
    page.get_by_role("textbox", name="Near").fill("Albany, NY")
    page.get_by_role("button", name="Find meetings").click()
    page.get_by_role("link", name="Next", exact=True).click()
    row = page.get_by_role("link", name="Evening Light 28")
    row.scroll_into_view_if_needed()
    results, place = page.url, row.bounding_box()
    assert "page=2" in results
    row.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Evening Light 28")
    # The address is what people share and keep.
    assert page.url == f"{live_server.url}/meetings/evening-28/"
    page.get_by_role("link", name="Back to results").click()
    expect(row).to_be_visible()
    assert page.url == results
    if scripts:
        # The browser's own step back: to the same row.
        assert row.bounding_box() == place
        page.go_forward()
        expect(page.get_by_role("heading", level=1)).to_have_text("Evening Light 28")
    context.close()
