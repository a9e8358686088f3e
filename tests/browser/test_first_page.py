"""The first page of a visit told everybody New York time without saying so, and the next one their own.

It now names the zone; and with scripts on it says the reader's own times, on the page that is open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from meetings.enums import VenueType
from meetings.models import Meeting
from support import wording
from tests.factories import make_venue
from tests.helpers.browsing import listed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HERE, THERE = "America/New_York", "America/Los_Angeles"
Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Open a page as somebody new, whose browser is in Los Angeles and speaks English, unless told otherwise."""
    contexts: list[BrowserContext] = []

    def open_page(url: str, **options: object) -> Page:
        context = browser.new_context(**{"timezone_id": THERE, "locale": "en-US"} | options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(autouse=True)
def _listed(db: None) -> None:
    venue = make_venue(city="Albany")
    listed(name="Across the Water", slug="across", venue_type=VenueType.ONLINE, venue=None)
    listed(name="Evening Light", slug="evening", venue=venue)


def hours_of(slug: str, tz: str, hour_cycle: str = wording.H12, language: str = "en") -> str:
    meeting = Meeting.objects.get(slug=slug)
    assert meeting.next_starts_at is not None
    return wording.time_words(meeting.next_starts_at, tz, hour_cycle, language)


def row(page: Page, name: str) -> str:
    return page.locator(".timetable__row", has_text=name).locator(".timetable__when").inner_text()


def test_with_scripts_off_every_time_is_named(live_server: LiveServer, visit: Visit) -> None:
    page = visit(live_server.url, java_script_enabled=False)
    for path in ("/", "/meetings/"):
        page.goto(live_server.url + path)
        for name in ("Across the Water", "Evening Light"):
            assert "New York time" in row(page, name), path
    for path in ("/meetings/across/", "/meetings/evening/"):
        page.goto(live_server.url + path)
        assert "New York time" in page.locator(".detail__date").first.inner_text()
        assert "New York time" in page.locator(".lede").inner_text()
    page.goto(f"{live_server.url}/meetings/across/sign-up/")
    assert "New York time" in page.locator("form legend").first.inner_text()


@pytest.mark.parametrize("path", ["/", "/meetings/", "/meetings/?venue=online"])
def test_a_list_is_put_right_where_it_stands(live_server: LiveServer, visit: Visit, path: str) -> None:
    page = visit(live_server.url + path)
    online = page.locator(".timetable__row", has_text="Across the Water").locator(".timetable__when")
    expect(online.locator("strong")).to_have_text(hours_of("across", THERE))
    assert f"{hours_of('across', HERE)}, New York time" in online.inner_text()
    assert page.locator(".timetable__row", has_text="Evening Light").count() == ("online" not in path)
    if "online" not in path:
        # In a room, the room's own clock counts.
        assert hours_of("evening", HERE) in row(page, "Evening Light")
        assert "New York time" in row(page, "Evening Light")


def test_a_meeting_is_put_right_where_it_stands(live_server: LiveServer, visit: Visit) -> None:
    page = visit(f"{live_server.url}/meetings/across/")
    first = page.locator(".detail__date").first
    expect(first).to_contain_text("4:00")
    assert "New York time" in first.inner_text()
    page = visit(f"{live_server.url}/meetings/evening/")
    first = page.locator(".detail__date").first
    assert "7:00" in first.inner_text()
    assert "New York time" in first.inner_text()


def test_what_is_in_hand_stays_while_the_times_are_put_right(live_server: LiveServer, visit: Visit) -> None:
    page = visit("about:blank", viewport={"width": 375, "height": 500})
    asked = []

    def held(route: object) -> None:
        asked.append(route)

    # The second asking waits until the reader is in the middle of something.
    page.goto(f"{live_server.url}/meetings/across/sign-up/", wait_until="commit")
    page.wait_for_load_state()
    expect(page.locator("form label").first).to_contain_text("4:00")

    context = page.context
    context.clear_cookies()
    page.route(
        "**/sign-up/", lambda route: held(route) if route.request.resource_type == "fetch" else route.continue_()
    )
    page.goto(f"{live_server.url}/meetings/across/sign-up/")
    page.get_by_label("Email").fill("someone@example.org")
    page.locator("input[type=radio]").nth(2).check()
    page.get_by_label("Email").focus()
    page.evaluate("window.scrollBy(0, 150)")
    top = page.get_by_label("Email").bounding_box()
    assert "7:00" in page.locator("form label").first.inner_text()
    assert len(asked) == 1
    asked[0].continue_()  # type: ignore[attr-defined]
    expect(page.locator("form label").first).to_contain_text("4:00")
    expect(page.get_by_label("Email")).to_have_value("someone@example.org")
    expect(page.get_by_label("Email")).to_be_focused()
    expect(page.locator("input[type=radio]").nth(2)).to_be_checked()
    moved = page.get_by_label("Email").bounding_box()
    assert top is not None
    assert moved is not None
    assert abs(moved["y"] - top["y"]) < 2
    page.get_by_role("button", name="Remind me").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("One more step")


def test_a_page_is_asked_for_once_more_and_only_where_that_helps(live_server: LiveServer, visit: Visit) -> None:
    page = visit("about:blank")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.resource_type))
    page.goto(f"{live_server.url}/meetings/")
    expect(page.locator(".timetable__when strong").first).to_have_text(hours_of("across", THERE))
    page.wait_for_load_state("networkidle")
    assert asked.count("fetch") == 1
    assert len(asked) <= 8
    for path in ("/meetings/", "/meetings/across/", "/"):
        asked.clear()
        page.goto(live_server.url + path)
        page.wait_for_load_state("networkidle")
        assert "fetch" not in asked, path
    # Nor where the site's own clock is the reader's, nor where no time is shown.
    for path, zone in (("/meetings/", HERE), ("/about/", THERE)):
        page = visit("about:blank", timezone_id=zone)
        page.on("request", lambda request: asked.append(request.resource_type))
        asked.clear()
        page.goto(live_server.url + path)
        page.wait_for_load_state("networkidle")
        assert "fetch" not in asked, path


def test_where_the_second_asking_fails_the_zone_stays_named(live_server: LiveServer, visit: Visit) -> None:
    page = visit("about:blank")
    page.route("**/", lambda route: route.abort() if route.request.resource_type == "fetch" else route.continue_())
    with page.expect_event("requestfailed"):
        page.goto(f"{live_server.url}/meetings/across/")
    assert "7:00" in page.locator(".detail__date").first.inner_text()
    assert "New York time" in page.locator(".detail__date").first.inner_text()


def test_the_first_page_has_the_readers_hours_too(live_server: LiveServer, visit: Visit) -> None:
    page = visit(f"{live_server.url}/meetings/evening/", locale="es-ES", timezone_id=settings.DEFAULT_TIME_ZONE)
    first = page.locator(".detail__date").first
    expect(first).to_contain_text("19:00")
    assert "p.\u00a0m." not in page.locator("main").inner_text()
    assert "hora de" not in first.inner_text()
