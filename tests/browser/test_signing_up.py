"""Asking for a reminder or a place as a guest, on a phone: what the pages say on the way is so, and can be undone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts import links
from meetings.enums import SignupPolicy
from meetings.models import Meeting, Signup
from support import clock
from tests.factories import make_meeting, make_participant
from tests.helpers.browsing import listed
from tests.helpers.words import OF_PLACES

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("at_this_machine"),
]


@pytest.fixture
def phone(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A page on a phone without scripts."""
    context = browser.new_context(
        base_url=live_server.url,
        java_script_enabled=False,
        locale="en-US",
        viewport={"width": 375, "height": 800},
        reduced_motion="reduce",
    )
    yield context.new_page()
    context.close()


def coming(**fields: object) -> Meeting:
    """A meeting every day, with dates to come at any hour."""
    return listed(name="Evening Light", slug="evening-light", rrule="FREQ=DAILY", venue=None, **fields)


def ask(page: Page, email: str = "guest@example.org", *, every: bool = False, button: str = "Remind me") -> None:
    page.goto(reverse("meetings:sign_up", args=["evening-light"]))
    if every:
        page.get_by_label("Every time").check()
    page.get_by_label("Your email address").fill(email)
    page.get_by_role("button", name=button).click()


def follow_link(page: Page, purpose: str = "confirm") -> None:
    """Open the link of the message that went out about the first date."""
    first = Signup.objects.order_by("occurrence__starts_at")[0]
    page.goto(reverse(f"meetings:signup_{purpose}", args=[links.sign(purpose, first.public_id)]))


def says_nothing_of_places(page: Page) -> None:
    words = page.locator("main").inner_text()
    assert not OF_PLACES.search(words), words


def test_a_reminder_takes_three_presses_and_one_field_and_is_no_place(phone: Page) -> None:
    """Pages spoke of a place that nobody has, asked for a name that nobody is shown, and took a stop for good."""
    coming()
    presses = []

    def press(role: str, name: str | re.Pattern[str]) -> None:
        presses.append(name)
        phone.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]  # a role
        says_nothing_of_places(phone)

    phone.goto(reverse("meetings:detail", args=["evening-light"]))
    press("link", "Remind me")
    fields = phone.locator("main input:not([type=hidden]):not([type=radio])")
    expect(fields).to_have_count(1)
    fields.fill("guest@example.org")
    press("button", "Remind me")
    expect(phone.get_by_role("heading", level=1)).to_have_text("One more step")
    follow_link(phone)
    press("button", "Yes, remind me")
    assert presses == ["Remind me", "Remind me", "Yes, remind me"]

    # Within two hours of the meeting, and in quiet hours, there is no reminder to stop.
    stop = re.compile("Don’t remind me about this date|I don’t want it anymore")
    press("button", stop)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Reminder stopped")
    press("button", "Remind me after all")
    expect(phone.get_by_text("Done.")).to_be_visible()
    expect(phone.get_by_role("button", name=stop)).to_be_visible()


def test_a_place_is_given_back_and_taken_back_or_waited_for(phone: Page) -> None:
    """One press gave a place up for good; and who waited was offered to give back a place, and a calendar entry."""
    meeting = coming(signup_policy=SignupPolicy.SIGN_UP, capacity=1)
    ask(phone, button="Keep my place")
    follow_link(phone)
    phone.get_by_role("button", name="Yes, keep my place").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("You have a place")
    phone.get_by_role("button", name="Give this place back").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("You’re not coming")

    # Somebody else is quicker.
    first = Signup.objects.get()
    Signup.objects.create(
        occurrence=first.occurrence,
        participant=make_participant(),
        status="confirmed",
        created_at=clock.now(),
        confirmed_at=clock.now(),
    )
    phone.get_by_role("button", name="I’m coming after all").click()
    expect(phone.get_by_text("Someone else took the place in the meantime")).to_be_visible()
    expect(phone.get_by_role("button", name="Leave the waitlist")).to_be_visible()
    expect(phone.get_by_role("link", name="Add to a calendar")).to_have_count(0)
    expect(phone.get_by_role("link", name=meeting.name).first).to_be_visible()


def test_every_time_is_confirmed_as_a_rule(phone: Page) -> None:
    """Whoever asked for every time was shown one date, and no word that it goes on."""
    coming()
    ask(phone, every=True)
    follow_link(phone)
    rule = re.compile(r"Every day at 7:00\sPM.*, until you cancel")
    expect(phone.get_by_text(rule)).to_be_visible()
    phone.get_by_role("button", name="Yes, remind me").click()
    expect(phone.get_by_text(rule)).to_be_visible()


def test_the_first_sentence_of_a_dead_end_says_what_is_so(phone: Page) -> None:
    """ "You can just come" stood right above "This meeting is closed for now"."""
    coming(is_temporarily_closed=True)
    phone.goto(reverse("meetings:sign_up", args=["evening-light"]))
    expect(phone.locator(".lede")).to_have_text("This meeting is closed for now.")
    expect(phone.get_by_text("You can just come")).to_have_count(0)
    phone.get_by_role("link", name="See the meeting’s page").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Evening Light")
    make_meeting(slug="call-first", rrule="", starts_on=None, start_time=None)
    phone.goto(reverse("meetings:sign_up", args=["call-first"]))
    expect(phone.locator(".lede")).to_contain_text("This meeting is by appointment")
    expect(phone.get_by_text("You can just come")).to_have_count(0)


def test_the_address_that_was_typed_is_shown_and_written_to_again(phone: Page) -> None:
    """A typo could not be seen, and asking again was ignored for two minutes without a word."""
    coming()
    ask(phone, "gest@example.org")
    expect(phone.get_by_text("gest@example.org")).to_be_visible()
    assert "@" not in phone.url
    phone.get_by_role("button", name="Send it again").click()
    expect(phone.get_by_text("We sent it a moment ago. You can ask again in 2 minutes.")).to_be_visible()
    phone.get_by_role("link", name="Type it again").click()
    phone.get_by_label("Your email address").fill("guest@example.org")
    phone.get_by_role("button", name="Remind me").click()
    expect(phone.get_by_text("guest@example.org", exact=True)).to_be_visible()
    expect(phone.get_by_text("We sent it a moment ago")).to_have_count(0)


def test_axe_finds_nothing_on_the_way_in_the_dark(
    browser: Browser, live_server: LiveServer, axe: Callable[[Page], list[str]]
) -> None:
    context = browser.new_context(
        base_url=live_server.url,
        locale="en-US",
        viewport={"width": 375, "height": 800},
        color_scheme="dark",
        reduced_motion="reduce",
    )
    page, found = context.new_page(), {}
    coming()
    ask(page, every=True)
    found["requested"] = axe(page)
    follow_link(page)
    found["confirm"] = axe(page)
    page.get_by_role("button", name="Yes, remind me").click()
    found["confirmed"] = axe(page)
    page.get_by_role("button", name="Stop all reminders for this meeting").click()
    found["stopped"] = axe(page)
    context.close()
    assert {name: complaints for name, complaints in found.items() if complaints} == {}
