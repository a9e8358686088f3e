"""On a phone the account's tabs hid the page one was on; addresses to pass on had to be selected by hand.

A picture of a phone had another clock than its reader.
"""

from __future__ import annotations

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from meetings.services.calendar_addresses import renew_calendar_address
from support import clock
from tests.factories import make_user
from tests.helpers.browsing import enter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_tab_of_the_page_is_seen_on_a_phone_and_an_address_is_copied_by_one_press(
    page: Page, live_server: LiveServer
) -> None:
    user = make_user()
    address = renew_calendar_address(user=user, now=clock.now()).token
    own = enter(page.context, live_server, user)
    own.set_viewport_size({"width": 375, "height": 740})
    for path in ("/my/account/data/", "/my/account/messages/"):
        own.goto(live_server.url + path)
        box = own.locator(".account-menu [aria-current]").bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 375

    # And the heading is near the top: all tabs are there after one press, and on the first page of the account at once.
    for path in ("/my/account/messages/", "/my/account/phone/", "/accounts/email/", "/accounts/2fa/"):
        own.goto(live_server.url + path)
        heading = own.locator("h1").bounding_box()
        assert heading
        assert heading["y"] < 200
    others = own.locator(".account-menu").get_by_role("link")
    expect(others).to_have_count(1)
    own.get_by_text("Account menu").click()
    expect(others).to_have_count(8)
    own.goto(live_server.url + "/my/account/")
    expect(others).to_have_count(8)

    own.context.grant_permissions(["clipboard-read", "clipboard-write"])
    own.goto(f"{live_server.url}/my/meetings/")
    own.get_by_role("button", name="Copy", exact=True).click()
    expect(own.get_by_text("Copied.")).to_be_visible()
    assert address in own.evaluate("navigator.clipboard.readText()")


def test_recovery_codes_stand_in_rows_within_their_frame(page: Page, live_server: LiveServer) -> None:
    user = make_user()
    RecoveryCodes.activate(user)
    own = enter(page.context, live_server, user)
    own.set_viewport_size({"width": 375, "height": 740})
    own.goto(f"{live_server.url}/accounts/2fa/recovery-codes/")
    frame = own.locator("#recovery-codes").bounding_box()
    first, second = (own.locator("#recovery-codes li").nth(place).bounding_box() for place in (0, 1))
    assert frame
    assert first
    assert second
    assert first["x"] - frame["x"] >= 12
    assert first["y"] - frame["y"] >= 12
    assert first["y"] == second["y"]


def test_picture_of_a_phone_keeps_the_clock_of_its_reader(page: Page, live_server: LiveServer) -> None:
    own = enter(page.context, live_server, make_user(hour_cycle="h12"))
    own.goto(f"{live_server.url}/my/account/messages/")
    own.get_by_text("Messages say only the day and the time").click()
    picture = own.locator(".lock-screen").first
    expect(picture.locator(".lock-screen__clock")).to_have_text("5:00 PM")
    expect(picture).to_contain_text("7:00 PM")
