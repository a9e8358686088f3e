"""A crisis, the hour after, and leaving in a hurry, as somebody with a phone, a keyboard or a screen reader meets them.

In Spanish the crisis lines named keys that are answered in English. Nobody said who runs the site. Starting again
led to no meeting and no number. The Leave button was explained nowhere before it was needed, and was no link that a
keyboard comes to early.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from meetings.enums import VenueType
from meetings.services.formats import keep_own_formats
from support import clock
from tests.helpers.browsing import listed, open_elsewhere

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("at_this_machine"),
]


@pytest.fixture
def spanish(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="es-MX", viewport={"width": 375, "height": 812})
    yield context.new_page()
    context.close()


def test_crisis_lines_in_spanish_lead_to_whoever_answers_in_spanish(spanish: Page, live_server: LiveServer) -> None:
    for path in ("/crisis/", "/", "/no-such-page/"):
        spanish.goto(live_server.url + path)
        expect(spanish.get_by_role("link", name="Enviar AYUDA al 741741")).to_have_attribute(
            "href", "sms:741741?&body=AYUDA"
        )
        expect(spanish.get_by_role("link", name="Llamar al 988 y marcar 2")).to_be_visible()
        expect(spanish.locator("body")).not_to_contain_text("HOME")


def test_about_and_privacy_say_whom_to_ask(page: Page, live_server: LiveServer) -> None:
    for path in ("/about/", "/privacy/"):
        page.goto(live_server.url + path)
        expect(page.get_by_role("main").get_by_role("link", name="help@example.org")).to_be_visible()


def test_starting_again_sends_nobody_to_a_meeting_that_is_only_for_others(page: Page, live_server: LiveServer) -> None:
    formats = keep_own_formats()
    at = clock.to_wall(clock.now() + dt.timedelta(minutes=50), "America/New_York")
    daily = {
        "rrule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU",
        "weekday_mask": 0b1111111,
        "start_time": at.time().replace(second=0, microsecond=0),
    }
    women = listed(name="Women in the Boathouse", **daily)
    women.formats.set([formats["closed"], formats["women"]])
    page.goto(f"{live_server.url}/start-again/?near=12207")
    expect(page.get_by_role("main")).to_contain_text("Listed for some people only: Women.")
    listed(name="Evening Light", **daily).formats.set([formats["closed"]])
    page.reload()
    expect(page.get_by_role("link", name="Evening Light")).to_be_visible()
    expect(page.get_by_role("link", name=women.name)).to_have_count(0)
    expect(page.get_by_role("main")).not_to_contain_text("for some people only")


def test_starting_again_leads_to_a_meeting_and_to_somebody_who_answers(
    page: Page, live_server: LiveServer, axe: Callable[[Page], list[str]]
) -> None:
    at = clock.to_wall(clock.now() + dt.timedelta(minutes=50), "America/New_York")
    listed(
        name="Soon and online",
        venue=None,
        venue_type=VenueType.ONLINE,
        conference_url="https://m.example/1",
        rrule="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU",
        weekday_mask=0b1111111,
        start_time=at.time().replace(second=0, microsecond=0),
    )
    page.set_viewport_size({"width": 375, "height": 812})
    page.goto(live_server.url)
    page.get_by_role("contentinfo").get_by_role("link", name="Start again").click()
    expect(page.get_by_text("After a break your body can take far less.")).to_be_in_viewport()
    expect(page.get_by_role("link", name="Call 988")).to_be_visible()
    expect(page.get_by_role("link", name="Soon and online")).to_be_visible()
    page.get_by_role("textbox", name="Near").fill("12207")
    page.get_by_role("main").get_by_role("button", name="Find meetings").click()
    expect(page.get_by_role("heading", name="The next meeting near")).to_be_in_viewport()
    assert page.title().startswith("Start again")
    assert axe(page) == []


def test_starting_again_works_with_scripts_off(browser: Browser, live_server: LiveServer) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/start-again/")
    page.get_by_role("textbox", name="Near").fill("Nowhereville Zz")
    page.get_by_role("main").get_by_role("button", name="Find meetings").click()
    expect(page.get_by_role("textbox", name="Near")).to_have_value("Nowhereville Zz")
    expect(page.get_by_role("textbox", name="Near")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("link", name="Call 988")).to_be_visible()
    context.close()


def test_leaving_is_explained_before_it_is_needed(
    page: Page, live_server: LiveServer, axe: Callable[[Page], list[str]]
) -> None:
    page.goto(live_server.url)
    page.get_by_role("contentinfo").get_by_role("link", name="How to leave quickly").click()
    expect(page.get_by_role("heading", name="How to leave quickly")).to_be_visible()
    assert axe(page) == []


def test_second_link_of_each_page_leads_out(page: Page, live_server: LiveServer) -> None:
    page.route(f"{settings.QUICK_EXIT_URL}**", open_elsewhere)
    for path in ("/crisis/", "/meetings/", "/no-such-page/"):
        page.goto(live_server.url + path)
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Exit this page now")).to_be_focused()
        expect(page.get_by_role("link", name="Exit this page now")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{settings.QUICK_EXIT_URL}**")
    page.go_back()
    page.wait_for_url(f"{settings.QUICK_EXIT_URL}**")


@pytest.mark.parametrize(
    ("width", "height", "text_size"),
    [(375, 812, 16), (375, 812, 20), (375, 812, 32), (320, 640, 32), (812, 375, 16), (1280, 800, 16), (1280, 800, 32)],
)
def test_leave_stays_in_sight_on_every_window_with_every_text(
    page: Page, live_server: LiveServer, width: int, height: int, text_size: int
) -> None:
    page.emulate_media(reduced_motion="reduce")
    devtools = page.context.new_cdp_session(page)
    devtools.send("Page.setFontSizes", {"fontSizes": {"standard": text_size}})
    page.set_viewport_size({"width": width, "height": height})
    for path in ("/privacy/", "/no-such-page/"):
        page.goto(live_server.url + path)
        leave = page.locator(".quick-exit:visible")
        expect(leave).to_have_count(1)
        expect(leave).to_be_in_viewport(ratio=1)
        page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
        expect(leave).to_be_in_viewport(ratio=1)
        # And it lies over nothing that cannot be scrolled from under it.
        assert page.evaluate(
            """() => {
              const last = [...document.querySelectorAll(".site-footer a, .site-footer p")].at(-1);
              const leave = [...document.querySelectorAll(".quick-exit")].find((each) => each.offsetHeight);
              const [text, exit] = [last, leave].map((each) => each.getBoundingClientRect());
              return text.bottom <= exit.top || exit.bottom <= text.top;
            }"""
        )


def test_page_is_blank_at_once_however_long_the_other_site_takes(page: Page, live_server: LiveServer) -> None:
    held: list[Route] = []
    page.route(f"{settings.QUICK_EXIT_URL}**", lambda route: held.append(route))
    page.goto(f"{live_server.url}/start-again/")
    page.evaluate("sessionStorage.setItem('draft', 'what somebody wrote')")
    page.get_by_role("textbox", name="Near").fill("Albany")
    # In one breath, since Playwright waits for a page that is on its way.
    left = page.evaluate(
        """() => {
            [...document.querySelectorAll(".quick-exit")].find(exit => exit.offsetParent).click();
            const alert = document.querySelector("[role=alert]");
            return [document.title, document.body.innerText.trim(), document.forms.length, sessionStorage.draft ?? null,
                    alert.getBoundingClientRect().width <= 1];
        }"""
    )
    assert left == ["", "Loading.", 0, None, True]
    page.wait_for_timeout(200)
    held[0].fulfill(body="<title>Elsewhere</title>", content_type="text/html")
    page.wait_for_url(f"{settings.QUICK_EXIT_URL}**")


def test_first_escape_says_that_another_one_leaves(page: Page, live_server: LiveServer) -> None:
    page.route(f"{settings.QUICK_EXIT_URL}**", open_elsewhere)
    # As narrow as a page is at 400 %, where another bar is the one that shows.
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(f"{live_server.url}/crisis/")
    said = page.get_by_role("banner").get_by_role("status")
    page.keyboard.press("Escape")
    expect(said).to_have_text("Press Esc once more to leave this site.")
    page.keyboard.press("Tab")  # anything else, and it is off
    expect(said).to_have_text("")
    page.keyboard.press("Escape")
    expect(said).to_have_text("Press Esc once more to leave this site.")
    page.keyboard.press("Escape")
    page.wait_for_url(f"{settings.QUICK_EXIT_URL}**")
