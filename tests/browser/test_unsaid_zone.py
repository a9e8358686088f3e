"""An account made with scripts off was given the site's zone as if its owner had said so: no page named it any more.

Los Angeles read "8:00 PM" for what began at 5 there, for good, even after the browser had said where it was.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from meetings.enums import VenueType
from support import wording
from tests.browser.test_signin import at, sign_in
from tests.helpers.browsing import listed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HERE, THERE = "America/New_York", "America/Los_Angeles"
WHERE = {"timezone_id": THERE, "locale": "en-US"}


def row(page: Page) -> str:
    return page.locator(".timetable__row", has_text="Across the Water").locator(".timetable__when").first.inner_text()


def test_account_made_with_scripts_off_reads_named_times_until_the_browser_says_its_own(
    browser: Browser, live_server: LiveServer
) -> None:
    meeting = listed(name="Across the Water", slug="across", venue_type=VenueType.ONLINE, venue=None)
    assert meeting.next_starts_at is not None
    here, there = (wording.time_words(meeting.next_starts_at, tz) for tz in (HERE, THERE))
    without = browser.new_context(java_script_enabled=False, **WHERE)  # type: ignore[arg-type]
    page = without.new_page()
    sign_in(page, live_server, "new@example.org")
    for path in ("/", "/meetings/?venue=online"):
        page.goto(at(live_server, path))
        assert here in row(page)
        assert "New York time" in row(page), path
    page.goto(at(live_server, "/meetings/across/"))
    assert "New York time" in page.locator(".detail__date").first.inner_text()
    page.goto(at(live_server, "/meetings/across/sign-up/"))
    assert "New York time" in page.locator("form legend").first.inner_text()
    page.locator("main form").get_by_role("button").last.click()
    page.goto(at(live_server, "/my/meetings/"))
    assert "Times are in New York time" in page.locator("main").inner_text()
    page.goto(at(live_server, "/my/account/"))
    expect(page.get_by_label("Time zone")).to_have_value("")
    assert "You haven’t said yours yet: times are in New York time." in page.locator("main").inner_text()

    with_scripts = browser.new_context(storage_state=without.storage_state(), **WHERE)  # type: ignore[arg-type]
    page = with_scripts.new_page()
    page.goto(at(live_server, "/meetings/?venue=online"))
    expect(page.locator(".timetable__row strong").first).to_have_text(there)
    page.goto(at(live_server, "/my/meetings/"))
    assert there in row(page)
    assert "Times are in" not in page.locator("main").inner_text()
    page.goto(at(live_server, "/my/account/"))
    expect(page.get_by_label("Time zone")).to_have_value("Los Angeles")
    assert not User.objects.get().has_own_zone
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert User.objects.get().own_tz == THERE
    for context in (without, with_scripts):
        context.close()
