from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from support import pages
from tests.helpers.browsing import open_elsewhere

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("at_this_machine"),
]

PAGES = ["/styleguide/", "/crisis/", "/about/", "/privacy/", "/accounts/login/", "/no-such-page/"]
ERROR_VIEWS: list[Callable[[HttpRequest], HttpResponse]] = [
    pages.bad_request,
    pages.permission_denied,
    pages.csrf_failure,
    pages.too_many_requests,
    pages.server_error,
]


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """What the browser complains of: refused styles and scripts, and errors in them."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on(
        "console", lambda message: heard.append(message.text) if "Content Security Policy" in message.text else None
    )
    yield heard
    assert heard == []


def show(page: Page, url: str, html: str) -> None:
    """Open `html` as if the site had answered it at `url`, with the site's own style sheets."""

    def answer(route: Route) -> None:
        route.fulfill(body=html, content_type="text/html")

    page.route(url, answer)
    page.goto(url)
    page.unroute(url, answer)


def overflow(page: Page) -> int:
    """Return how many pixels the page is wider than its window."""
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_axe_finds_nothing(
    page: Page,
    live_server: LiveServer,
    complaints: list[str],
    width: int,
    scheme: str,
    axe: Callable[[Page], list[str]],
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    found = {}
    for path in PAGES:
        page.goto(live_server.url + path)
        found[path] = axe(page)
    for view in ERROR_VIEWS:
        show(page, f"{live_server.url}/specimen/", view(RequestFactory().get("/")).content.decode())
        found[view.__name__] = axe(page)
    assert {path: violations for path, violations in found.items() if violations} == {}


@pytest.mark.parametrize(("width", "text_size"), [(320, 16), (375, 32), (1280, 32)])
def test_page_fits_its_window_with_large_text(page: Page, live_server: LiveServer, width: int, text_size: int) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    # What a reader sets in the browser, so that media queries in rem follow it too.
    devtools = page.context.new_cdp_session(page)
    devtools.send("Page.setFontSizes", {"fontSizes": {"standard": text_size}})
    too_wide = {}
    for path in PAGES:
        page.goto(live_server.url + path)
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == f"{text_size}px"
        too_wide[path] = overflow(page)
    assert {path: pixels for path, pixels in too_wide.items() if pixels > 0} == {}


def test_every_control_is_large_enough_for_a_thumb(page: Page, live_server: LiveServer) -> None:
    page.set_viewport_size({"width": 375, "height": 800})
    page.goto(f"{live_server.url}/styleguide/")
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, .button, .chip, .bar a, .quick-exit, .site-footer a, summary,"
            + "select, textarea, input:not([type=hidden]):not([type=checkbox]):not([type=radio]), .choice label,"
            + ".field__line, .tabs a")]
          .filter(control => control.checkVisibility())
          .map(control => [control.outerHTML.slice(0, 80), control.getBoundingClientRect()])
          .filter(([, box]) => box.height < 44 || box.width < 44).map(([html, box]) => html + box.height)"""
    )
    assert small == []


@pytest.mark.parametrize(("width", "text_size"), [(375, 100), (320, 150), (375, 200), (320, 200)])
def test_bar_covers_nothing_at_the_end_of_the_page(
    page: Page, live_server: LiveServer, width: int, text_size: int
) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(f"{live_server.url}/about/")
    page.evaluate(f"document.documentElement.style.fontSize = '{text_size}%'")
    page.evaluate("window.scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' })")
    last = page.locator(".site-footer p").last.bounding_box()
    bar = page.locator(".bar--foot").bounding_box()
    assert last is not None
    assert bar is not None
    assert last["y"] + last["height"] <= bar["y"]


def test_leave_button_leads_out_and_back_button_does_not_lead_in(page: Page, live_server: LiveServer) -> None:
    page.route(f"{settings.QUICK_EXIT_URL}**", open_elsewhere)
    page.goto(f"{live_server.url}/about/")
    page.goto(f"{live_server.url}/crisis/")
    page.get_by_role("link", name="Leave this site now").click()
    page.wait_for_url(f"{settings.QUICK_EXIT_URL}**")
    page.go_back()
    page.wait_for_url(f"{settings.QUICK_EXIT_URL}**")
    page.goto(f"{live_server.url}/crisis/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_escape_twice_leads_out_and_once_does_not(page: Page, live_server: LiveServer) -> None:
    page.route(f"{settings.QUICK_EXIT_URL}**", open_elsewhere)
    page.goto(f"{live_server.url}/crisis/")
    page.keyboard.press("Escape")
    page.wait_for_timeout(1200)
    assert page.url.endswith("/crisis/")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.wait_for_url(f"{settings.QUICK_EXIT_URL}**")


def test_language_changes_and_way_out_works_with_scripts_off(browser: Browser, live_server: LiveServer) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.route(f"{settings.QUICK_EXIT_URL}**", open_elsewhere)
    page.goto(f"{live_server.url}/crisis/")
    page.get_by_role("button", name="Español").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    assert page.url.endswith("/crisis/")
    page.locator(".quick-exit:visible").click()
    page.wait_for_url(f"{settings.QUICK_EXIT_URL}**")
    context.close()


def test_nothing_moves_for_who_wants_less_of_it(page: Page, live_server: LiveServer) -> None:
    moving = """() => [...document.querySelectorAll("*")].filter(each => {
        const style = getComputedStyle(each);
        return style.scrollBehavior === "smooth" || style.animationName !== "none"
            || style.transitionDuration.split(", ").some(part => parseFloat(part) > 0);
    }).map(each => each.localName)"""
    page.emulate_media(reduced_motion="no-preference")
    page.goto(f"{live_server.url}/styleguide/")
    assert {"html", "a", "button"} <= set(page.evaluate(moving))
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == []


def test_skip_link_is_first_and_leads_past_the_menu(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/crisis/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_refused_form_is_read_first_and_leads_to_the_field(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/styleguide/")
    summary = page.get_by_role("alert").first
    expect(summary).to_be_focused()
    summary.get_by_role("link", name="Email address").click()
    expect(page.locator("#id_lightw-email")).to_be_focused()
    summary.get_by_role("link", name="Which dates?").click()
    expect(page.locator("#id_lightw-which_0")).to_be_focused()


def test_button_pressed_twice_sends_once(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/styleguide/")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    held: list[Route] = []
    page.route("**/styleguide/", lambda route: held.append(route))
    # In one breath, since Playwright waits for a page that is on its way.
    is_marked = page.get_by_role("button", name="Save").first.evaluate(
        "button => { button.click(); button.click(); return button.getAttribute('aria-disabled') }"
    )
    page.wait_for_timeout(300)
    assert len(sent) == 1
    assert is_marked == "true"
    held[0].abort()


def test_browser_tells_its_zone_and_clock_and_nothing_more(browser: Browser, live_server: LiveServer) -> None:
    context = browser.new_context(timezone_id="Europe/London", locale="en-GB")
    page = context.new_page()
    page.goto(f"{live_server.url}/about/")
    cookies = {cookie["name"]: cookie["value"] for cookie in context.cookies()}
    assert cookies.pop(settings.CSRF_COOKIE_NAME)
    assert cookies == {"tz": "Europe/London", "clock": "h24"}
    context.close()


def test_nothing_is_asked_of_another_site(page: Page, live_server: LiveServer) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in PAGES:
        page.goto(live_server.url + path)
    assert [url for url in asked if not url.startswith((live_server.url, "data:"))] == []
