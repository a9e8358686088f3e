"""How many presses the main tasks take on a phone, and how many fields are typed into: few enough for a stranger.

What the mail program asks for, to open a message and its link, is not counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts import links
from accounts.models import User
from meetings.models import Signup
from support.messaging import outbox
from support.messaging.reading import read
from tests.browser.test_signin import last_code
from tests.factories import make_venue
from tests.helpers.browsing import listed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Thumb:
    """A thumb on a phone, which counts what it does."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.taps = 0
        self.fields = 0

    def tap(self, where: Locator) -> None:
        self.taps += 1
        where.tap()

    def type(self, label: str, words: str) -> None:
        self.fields += 1
        self.page.get_by_label(label, exact=True).fill(words)


@pytest.fixture
def thumb(browser: Browser, live_server: LiveServer) -> Iterator[Thumb]:
    """A page that is not open yet, on a phone that has never been on the site."""
    context = browser.new_context(
        base_url=live_server.url,
        viewport={"width": 375, "height": 740},
        has_touch=True,
        is_mobile=True,
        locale="en-US",
        timezone_id="America/New_York",
    )
    page = context.new_page()
    yield Thumb(page)
    context.close()


def list_one() -> str:
    """List a meeting of every day in Albany; return where its page is."""
    venue = make_venue(city="Albany")
    return listed(name="Porch Light", slug="porch-light", rrule="FREQ=DAILY", venue=venue).get_absolute_url()


def confirmed(thumb: Thumb) -> None:
    """Ask for a reminder as a guest, from the page of a meeting to the page that says that it comes."""
    page = thumb.page
    page.goto(list_one())
    thumb.tap(page.get_by_role("link", name="Remind me").first)
    thumb.type("Your email address", "guest@example.org")
    thumb.tap(page.get_by_role("button", name="Remind me"))
    expect(page.get_by_role("heading", level=1)).to_have_text("One more step")
    token = links.sign("confirm", Signup.objects.order_by("occurrence__starts_at")[0].public_id)
    page.goto(reverse("meetings:signup_confirm", args=[token]))
    thumb.tap(page.get_by_role("button", name="Yes, remind me"))
    expect(page.get_by_role("heading", name="Your reminder", exact=True)).to_be_visible()


def test_a_meeting_near_a_zip_code(thumb: Thumb) -> None:
    """The button for a day threw away what was typed, and the first meeting was below the first screen."""
    list_one()
    page = thumb.page
    page.goto("/")
    thumb.type("Near", "12207")
    thumb.tap(page.get_by_role("button", name="Tomorrow", exact=True))
    meeting = page.get_by_role("link", name="Porch Light")
    expect(meeting).to_be_in_viewport()
    assert (thumb.taps, thumb.fields) == (1, 1)
    thumb.tap(meeting)
    expect(page.get_by_role("heading", level=1)).to_have_text("Porch Light")
    assert thumb.taps == 2


def test_a_reminder_for_a_guest_and_another_time_for_it(thumb: Thumb) -> None:
    """A name was asked for that is shown to nobody, and another time was four presses and 2,000 pixels away."""
    confirmed(thumb)
    assert (thumb.taps, thumb.fields) == (3, 1)
    thumb.taps = 0
    time = thumb.page.locator("button[name=leads][aria-pressed=false]").first
    words = time.inner_text()
    thumb.tap(time)
    expect(thumb.page.get_by_role("button", name=words, exact=True, pressed=True)).to_be_visible()
    assert thumb.taps == 1


def test_an_account_and_a_phone(thumb: Thumb) -> None:
    """There were two doors, and a phone asked for a second code right after the first."""
    page = thumb.page
    page.goto("/")
    thumb.tap(page.get_by_role("link", name="Sign in"))
    thumb.type("Email", "new@example.org")
    thumb.tap(page.get_by_role("button", name="Continue"))
    expect(page.get_by_label("Code")).to_be_visible()
    thumb.type("Code", last_code())
    thumb.tap(page.get_by_role("button", name="Continue"))
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert User.objects.filter(email="new@example.org").exists()
    assert (thumb.taps, thumb.fields) == (3, 2)

    thumb.taps = thumb.fields = 0
    thumb.tap(page.get_by_role("link", name="Account"))
    thumb.tap(page.get_by_role("link", name="Phone", exact=True))
    thumb.type("Mobile number", "(202) 555-0143")
    thumb.tap(page.get_by_label("Remind me by text message"))
    thumb.tap(page.get_by_role("button", name="Send me a code"))
    expect(page.get_by_label("Code")).to_be_visible()
    (code,) = re.findall(r"code is (\d{6})", next(read(file).text for file in outbox.newest_first()))
    thumb.type("Code", code)
    thumb.tap(page.get_by_role("button", name="Confirm"))
    expect(page.get_by_text("Your number is confirmed.")).to_be_visible()
    assert (thumb.taps, thumb.fields) == (5, 2)
