"""Whoever was reminded as a guest and made an account with the same address found "Nothing yet" under My meetings.

Their reminders went on, from a place that they could neither see nor stop.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from meetings.models import Signup
from meetings.services import signups
from support import clock
from tests.browser.test_signin import last_code
from tests.factories.meetings import coming_tuesday
from tests.helpers.browsing import listed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_new_account_shows_and_stops_what_was_asked_for_as_a_guest(page: Page, live_server: LiveServer) -> None:
    meeting = listed(name="Porch Light")
    (asked,) = signups.request_guest_signup(
        meeting=meeting,
        date=coming_tuesday(),
        every=False,
        email="guest@example.org",
        tz="America/New_York",
        language="en",
        hour_cycle="h12",
        now=clock.now(),
    )
    signups.confirm_signups(signup=asked, now=clock.now())
    page.goto(f"{live_server.url}/my/meetings/")
    page.get_by_label("Email", exact=True).fill("guest@example.org")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Code").fill(last_code())
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("main").get_by_text("Porch Light").first).to_be_visible()
    page.locator('main form[action$="/cancel/"] button').click()
    expect(page.locator(".messages")).to_contain_text("Done.")
    assert Signup.objects.get().status == "cancelled"
