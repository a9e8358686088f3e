"""The staff's pages about blocked addresses, as they are seen."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Suppression
from accounts.services.suppressions import record_refusal, suppress
from support import clock

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ANSWER = "550 relay not permitted by a policy that the server explains at length"


@pytest.fixture
def blocked() -> Suppression:
    now = clock.now()
    suppress(channel="sms", value="+15185550123", reason="The recipient wrote STOP", now=now)
    suppress(channel="email", value="quim@example.org", reason="complained", now=now)
    for each in range(3):
        reason = "Refused by the mail server (550)"
        value = f"a{each}@example.org"
        record_refusal(channel="email", value=value, reason=reason, answer=ANSWER, is_sure=True, now=now)
    return Suppression.objects.filter(answer=ANSWER).earliest("created_at")


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("language", ["en", "es"])
def test_pages_are_accessible_and_fit(
    staff: Page,
    live_server: LiveServer,
    blocked: Suppression,
    axe: Callable[[Page], list[str]],
    width: int,
    language: str,
) -> None:
    staff.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": live_server.url}])
    staff.set_viewport_size({"width": width, "height": 800})
    stopped = Suppression.objects.get(channel="sms")
    for name, argument in (("watch_blocks", None), ("watch_block", blocked.pk), ("watch_block", stopped.pk)):
        staff.goto(live_server.url + reverse(f"reminders:{name}", args=[argument] if argument else []))
        if folder := os.environ.get("PICTURES"):
            staff.screenshot(path=f"{folder}/{name}-{argument}-{width}-{language}.png", full_page=True)
        assert axe(staff) == [], name
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert staff.evaluate(wider) == 0, name


def test_one_story_is_lifted_by_keyboard_with_a_reason(
    staff: Page, live_server: LiveServer, blocked: Suppression
) -> None:
    staff.goto(live_server.url + reverse("reminders:watch_blocks"))
    staff.locator("summary", has_text="Unblock all 3").press("Enter")
    staff.get_by_role("textbox", name="Reason").press("Enter")
    expect(staff.get_by_role("alert")).to_be_focused()
    staff.get_by_role("link", name="Say why, in a few words.").press("Enter")
    expect(staff.get_by_role("textbox", name="Reason")).to_be_focused()
    staff.keyboard.type("The mail server had a wrong setting")
    staff.keyboard.press("Enter")
    expect(staff.get_by_text("3 unblocked.")).to_be_visible()
    expect(staff.get_by_role("row")).to_have_count(3)
