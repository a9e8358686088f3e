"""Finding a meeting tonight, on a phone and without one: what was typed stays, and the first meeting is in sight.

What was wrong: Today, Tomorrow and Online on the first page threw away the place that was typed; on a phone the first
meeting found stood below the first screen, under the whole form, and only its name could be pressed; nothing led past
the questions; a slip in a place's name showed all meetings there are as if they were near it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories import make_format, make_user, make_venue
from tests.helpers.browsing import enter, listed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EVERY_DAY = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU"


@pytest.fixture
def meetings(db: None) -> None:
    albany = make_venue(name="Linden Street Hall", street="48 Linden Street", city="Albany")
    for number in range(12):
        listed(rrule=EVERY_DAY, name=f"Porch Light {number}", slug=f"porch-{number}", venue=albany).formats.add(
            make_format(name="Women", slug="women") if number == 0 else make_format()
        )
    listed(rrule=EVERY_DAY, name="By the Lake", venue=make_venue(city="Buffalo", latitude=42.8864, longitude=-78.8784))
    listed(rrule=EVERY_DAY, name="Anywhere", venue_type="online", venue=None)


@pytest.fixture(params=[True, False], ids=["scripts on", "scripts off"])
def phone(request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": 375, "height": 812}, java_script_enabled=request.param, has_touch=True
    )
    yield opened(context, live_server)
    context.close()


def opened(context: BrowserContext, live_server: LiveServer) -> Page:
    context.add_cookies([{"name": "tz", "value": "America/New_York", "url": live_server.url}])
    page = context.new_page()
    page.goto(live_server.url)
    return page


def top_of(locator: Locator) -> float:
    box = locator.bounding_box()
    assert box is not None
    return box["y"]


def assert_is_on_the_first_screen(page: Page) -> None:
    """The first meeting's name and where it is are above the fixed bar, with nothing scrolled."""
    row = page.locator(".timetable__row").first
    expect(row).to_be_visible()
    # The words are there before the style sheet, which says where they stand.
    page.wait_for_load_state()
    bar = top_of(page.locator(".bar--foot"))
    for part in (row.locator("a").first, row.locator(".timetable__what p").first):
        box = part.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= bar
    scrolled = page.evaluate("window.scrollY")
    assert scrolled == 0


@pytest.mark.usefixtures("meetings")
def test_today_tomorrow_and_online_keep_the_place_that_was_typed(phone: Page) -> None:
    for name, words in (
        ("Today", "today near Buffalo, NY"),
        ("Tomorrow", "tomorrow near Buffalo, NY"),
        ("Online", "1 online meeting"),
    ):
        phone.get_by_role("textbox", name="Near").fill("Buffalo, NY")
        phone.get_by_role("button", name=name, exact=True).tap()
        expect(phone.locator("#results-heading")).to_contain_text(words)
        expect(phone.get_by_role("textbox", name="Near")).to_have_value("Buffalo, NY")
        phone.go_back()
    phone.get_by_role("textbox", name="Near").fill("")
    phone.get_by_role("button", name="Online", exact=True).tap()
    expect(phone.locator("#results-heading")).to_have_text("1 online meeting")


@pytest.mark.usefixtures("meetings")
def test_no_meeting_is_too_small_to_press_where_the_bar_lies_over_it(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/meetings/")
    # So that the bar meets a name at its top, its middle and its foot.
    for height in range(700, 780, 8):
        page.set_viewport_size({"width": 375, "height": height})
        found = Axe().run(page, options={"runOnly": ["target-size"]}).response["violations"]
        assert [node["html"] for each in found for node in each["nodes"]] == [], height


def test_longest_words_of_a_row_fit_a_small_phone_with_text_twice_as_large(page: Page, live_server: LiveServer) -> None:
    listed(rrule=EVERY_DAY, venue_type="hybrid")
    page.set_viewport_size({"width": 320, "height": 800})
    page.goto(f"{live_server.url}/meetings/")
    expect(page.get_by_text("In person and online", exact=True).first).to_be_attached()
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.usefixtures("meetings")
def test_a_meeting_tonight_near_a_zip_code_is_two_taps_and_in_sight(phone: Page) -> None:
    assert_is_on_the_first_screen(phone)
    phone.get_by_role("textbox", name="Near").tap()
    phone.keyboard.type("12207")
    phone.get_by_role("button", name="Tomorrow").tap()
    expect(phone).to_have_title("12 meetings tomorrow near Albany, NY 12207 – Homegroup")
    assert_is_on_the_first_screen(phone)
    # Another place, asked for from here, is in sight as well.
    phone.get_by_role("textbox", name="Near").fill("Buffalo, NY")
    phone.get_by_role("button", name="Find meetings").tap()
    expect(phone.locator("#results-heading")).to_contain_text("near Buffalo, NY")
    assert_is_on_the_first_screen(phone)


@pytest.mark.usefixtures("meetings")
def test_choices_are_folded_and_a_press_shows_what_they_find(phone: Page) -> None:
    phone.get_by_role("button", name="Find meetings").tap()
    expect(phone.locator("#results-heading")).to_have_text("14 meetings")
    assert_is_on_the_first_screen(phone)
    expect(phone.get_by_role("group", name="Day", exact=True)).to_be_hidden()
    phone.get_by_text("More choices").tap()
    phone.locator(".choice", has_text="Women").tap()
    phone.get_by_role("button", name="Show meetings").tap()
    expect(phone.locator("#results-heading")).to_have_text("1 meeting")
    expect(phone.get_by_role("group", name="Day", exact=True)).to_be_hidden()
    assert_is_on_the_first_screen(phone)
    expect(phone.locator("#choice-count")).to_have_text(re.compile("1"))
    phone.get_by_role("button", name="Remove: Women").tap()
    expect(phone.locator("#results-heading")).to_have_text("14 meetings")


@pytest.mark.usefixtures("meetings")
def test_nothing_beside_the_box_throws_away_what_is_typed_in_it(phone: Page) -> None:
    phone.goto(f"{phone.url}meetings/?near=Albany,+NY&day=mon&day=tue")
    for press, words in (
        ("Nearest first", "1 meeting near Buffalo, NY"),
        ("Remove: Tuesday", "1 meeting on Monday near Buffalo, NY"),
        ("See online meetings you can join from anywhere", "1 online meeting on Monday"),
    ):
        phone.get_by_role("textbox", name="Near").fill("Buffalo, NY")
        phone.get_by_role("button", name=press).tap()
        expect(phone.locator("#results-heading")).to_have_text(words)
        expect(phone.get_by_role("textbox", name="Near")).to_have_value("Buffalo, NY")
    address = phone.url
    words = phone.locator("#results-heading").inner_text()
    phone.goto(address)
    expect(phone.locator("#results-heading")).to_have_text(words)


@pytest.mark.usefixtures("meetings")
def test_the_whole_row_leads_to_the_meeting(phone: Page) -> None:
    for part in (".timetable__when strong", ".timetable__what p", ".timetable__how"):
        phone.goto(re.sub(r"(//[^/]+).*", r"\1/meetings/?near=Albany,+NY", phone.url))
        row = phone.locator(".timetable__row").first
        assert row.get_by_role("link").count() == 1
        box = row.locator(part).first.bounding_box()
        assert box is not None
        phone.touchscreen.tap(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
        expect(phone.get_by_role("heading", level=1)).to_have_text("Porch Light 0")


@pytest.mark.usefixtures("meetings")
def test_the_star_in_a_row_keeps_the_meeting_and_leads_nowhere(phone: Page, live_server: LiveServer) -> None:
    page = enter(phone.context, live_server, make_user())
    page.goto(f"{live_server.url}/meetings/?near=Albany,+NY")
    star = page.get_by_role("button", name=re.compile("Favorite")).first
    star.tap()
    expect(page.get_by_role("button", name=re.compile("Favorite"), pressed=True)).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_text("Find a meeting")


@pytest.mark.usefixtures("meetings")
def test_a_slip_in_a_name_is_mended_by_one_press(phone: Page) -> None:
    phone.get_by_role("textbox", name="Near").fill("Bufallo")
    phone.get_by_role("button", name="Find meetings").tap()
    expect(phone.locator(".errorlist")).to_contain_text("We don’t know this place.")
    expect(phone.locator(".timetable__row")).to_have_count(0)
    phone.get_by_role("button", name="Buffalo, NY").tap()
    expect(phone.locator("#results-heading")).to_have_text("1 meeting near Buffalo, NY")
    expect(phone.locator(".timetable__link")).to_have_text(["By the Lake"])
    expect(phone.locator(".errorlist")).to_have_count(0)


@pytest.mark.usefixtures("meetings")
def test_words_over_a_list_say_what_is_in_it(page: Page, live_server: LiveServer) -> None:
    """What was "near you" was anywhere; Amman was offered for Philadelphia; day and meeting were of one level."""
    page.goto(live_server.url)
    soon = page.get_by_role("region", name="Next to start, anywhere")
    assert soon.get_by_role("heading", level=3).count() == soon.locator(".timetable__row").count() > 0
    near = page.get_by_role("textbox", name="Near")
    near.fill("Philadelphia")
    near.press("Enter")
    expect(page.locator("#results-heading")).to_contain_text("near Philadelphia, PA")
    expect(page.get_by_text("did you mean")).to_have_count(0)
    near.fill("Albany, NY")
    near.press("Enter")
    expect(page.get_by_role("heading", name="near Albany, NY", level=2)).to_be_visible()
    results = page.locator("#results")
    assert results.get_by_role("heading", level=3).count() == results.locator(".timetable").count() > 0
    assert results.get_by_role("heading", level=4).count() == results.locator(".timetable__row").count() == 12


@pytest.mark.usefixtures("meetings")
def test_no_other_place_is_asked_for_where_one_joins_from_anywhere(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/meetings/?near=Albany")
    expect(page.get_by_text("Or did you mean")).to_be_visible()
    page.goto(f"{live_server.url}/meetings/?near=Albany&venue=online")
    expect(page.locator("#results-heading")).to_be_visible()
    expect(page.get_by_text("did you mean")).to_have_count(0)


@pytest.mark.usefixtures("meetings")
def test_the_keyboard_skips_to_the_results_and_no_heading_hides_what_it_reaches(
    page: Page, live_server: LiveServer
) -> None:
    # Nothing glides: where it is going is where it is.
    page.emulate_media(reduced_motion="reduce")
    page.set_viewport_size({"width": 1280, "height": 700})
    page.goto(f"{live_server.url}/meetings/?near=Albany,+NY")
    expect(page.get_by_role("group", name="Day", exact=True)).to_be_visible()
    for _skip_exit_skip in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to results")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#results")).to_be_focused()
    page.locator(".timetable__link").last.focus()
    for _row in range(11):
        page.keyboard.press("Shift+Tab")
        hidden = page.evaluate(
            """() => {
              const link = document.activeElement.getBoundingClientRect();
              const days = [...document.querySelectorAll(".timetable__day")].map((day) => day.getBoundingClientRect());
              return days.some((day) => day.top <= link.top && day.bottom > link.top + 2);
            }"""
        )
        assert not hidden
    # Far down, the day is still in sight.
    page.locator(".timetable__row").nth(9).scroll_into_view_if_needed()
    page.mouse.wheel(0, 300)
    expect(page.locator(".timetable__day").first).to_be_in_viewport()


@pytest.mark.usefixtures("meetings")
def test_the_finder_fits_a_narrow_window_and_large_text(browser: Browser, live_server: LiveServer) -> None:
    for width, size in ((320, 16), (375, 32)):
        context = browser.new_context(viewport={"width": width, "height": 700})
        page = opened(context, live_server)
        devtools = context.new_cdp_session(page)
        devtools.send("Page.setFontSizes", {"fontSizes": {"standard": size}})
        for path in ("/", "/meetings/?near=Albany&day=today&day=tomorrow", "/meetings/?near=Albny"):
            page.goto(live_server.url + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, size)
        context.close()
