"""What members do with their account, as people do it: scripts on and off, by keyboard alone, in light and dark."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts import links
from accounts.enums import Channel
from accounts.models import CleanTime, ContactPoint, Export, Preferences, User
from accounts.queries import is_given
from accounts.services.clean_time import keep_clean_date
from meetings.models import Favourite, Signup
from meetings.queries.occurrences import upcoming_dates
from meetings.services.calendar_addresses import renew_calendar_address
from meetings.services.favourites import choose_home_group
from meetings.services.signups import create_member_signup
from support import clock
from support.messaging import outbox
from support.messaging.reading import read
from tests.factories import make_user
from tests.factories.accounts import make_contact_point
from tests.helpers.browsing import enter, listed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def user() -> User:
    return make_user(email="ana@example.org", tz="America/New_York")


def sign_up_for_next(user: User) -> None:
    now = clock.now()
    meeting = listed(slug="evening-light", name="Evening Light", signup_policy="sign_up", capacity=1)
    date = upcoming_dates(meeting, now=now, limit=1)[0].original_date
    create_member_signup(meeting=meeting, user=user, date=date, every=False, now=now)


def texted_code() -> str:
    newest = next(read(file) for file in outbox.newest_first() if read(file).segments)
    found = re.search(r"code is (\d{6})", newest.text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("has_scripts", [True, False])
def test_member_lives_with_their_account(
    browser: Browser, live_server: LiveServer, user: User, has_scripts: bool, tmp_path: Path
) -> None:
    sign_up_for_next(user)
    waiting = make_user()
    context = browser.new_context(java_script_enabled=has_scripts, locale="en-US", timezone_id="America/New_York")
    page = enter(context, live_server, user)

    # Keep a meeting, and call it the home group.
    page.goto(live_server.url + "/meetings/evening-light/")
    star = page.get_by_role("button", name="Favorite")
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    page.goto(live_server.url + "/my/meetings/")
    page.get_by_role("button", name="home group").click()
    expect(page.locator(".badge", has_text="Home group")).to_be_visible()
    assert Favourite.objects.get().is_home_group

    # A calendar that follows.
    page.get_by_role("button", name="Create an address").click()
    address = page.get_by_label("Your private address").input_value()
    answer = page.request.get(live_server.url + "/" + address.split("/", 3)[3])
    assert answer.text().count("SUMMARY:Appointment") == 1

    # Clean time, and beginning again.
    page.get_by_role("link", name="Set it up").click()
    page.get_by_label("Clean since").fill("2020-01-01")
    page.get_by_role("button", name="Save the date").click()
    page.locator("main").get_by_text("Start again").click()
    page.get_by_role("button", name="Count from today").click()
    expect(page.get_by_text("Today is day one")).to_be_visible()
    assert CleanTime.objects.get().clean_on > dt.date(2020, 1, 1)

    # A no, and quieter nights.
    page.goto(live_server.url + "/my/account/messages/")
    page.get_by_label("Moved and canceled dates", exact=True).uncheck()
    page.get_by_text("Quiet hours: 9:00").click()
    page.get_by_label("Quiet from").fill("22:30")
    page.get_by_label("until", exact=True).fill("07:15")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    point = ContactPoint.objects.get(user=user, channel=Channel.EMAIL)
    assert [is_given(point, purpose) for purpose in ("reminders", "changes")] == [True, False]
    kept = Preferences.objects.get(user=user)
    assert (kept.quiet_from, kept.quiet_until) == (dt.time(22, 30), dt.time(7, 15))

    # A phone, proven by a code.
    page.goto(live_server.url + "/my/account/phone/")
    page.get_by_label("Mobile number").fill("(202) 555-0143")
    page.get_by_label("Remind me by text message").check()
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Code").fill(texted_code())
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Your number is confirmed.")).to_be_visible()

    # Everything back …
    page.goto(live_server.url + "/my/account/data/")
    page.get_by_role("button", name="Make a copy").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download it").click()
    download.value.save_as(tmp_path / "copy.zip")
    with zipfile.ZipFile(tmp_path / "copy.zip") as archive:
        told = archive.read("data.json").decode()
    for part in ("ana@example.org", "+12025550143", "Evening Light", "22:30", str(CleanTime.objects.get().clean_on)):
        assert part in told

    # … and everything forgotten; the place goes to whoever waits.
    signup = Signup.objects.get()
    date = signup.occurrence.original_date
    create_member_signup(meeting=signup.occurrence.meeting, user=waiting, date=date, every=False, now=clock.now())
    page.get_by_role("link", name="Erase my account").click()
    page.get_by_role("button", name="Erase my account").click()
    expect(page.get_by_text("Check the box if you’re sure").first).to_be_visible()
    page.get_by_label("Erase everything about me").check()
    page.get_by_role("button", name="Erase my account").click()
    expect(page.get_by_text("Everything has been erased.")).to_be_visible()
    assert set(User.objects.all()) == {waiting}
    assert Signup.objects.get(participant__user=waiting).status == "confirmed"
    assert not ContactPoint.objects.filter(channel=Channel.SMS).exists()
    assert not Export.objects.exists()
    context.close()


def tab_to(page: Page, target: Locator) -> None:
    for _ in range(80):
        if target.evaluate("each => each === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"the keyboard does not reach {target}")


def test_choices_and_leaving_by_keyboard_alone(browser: Browser, live_server: LiveServer, user: User) -> None:
    sign_up_for_next(user)
    context = browser.new_context(locale="en-US")
    page = enter(context, live_server, user)
    page.goto(live_server.url + "/meetings/evening-light/")
    tab_to(page, page.get_by_role("button", name="Favorite"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Favorite")).to_have_attribute("aria-pressed", "true")
    # The button that took its place has the focus still.
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"

    page.goto(live_server.url + "/my/account/messages/")
    tab_to(page, page.get_by_label("Reminders", exact=True))
    page.keyboard.press("Space")
    tab_to(page, page.locator("summary", has_text="Quiet hours"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Quiet from"))
    page.keyboard.type("1030PM")
    tab_to(page, page.get_by_role("button", name="Save"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert not is_given(ContactPoint.objects.get(user=user), "reminders")
    assert Preferences.objects.get(user=user).quiet_from == dt.time(22, 30)

    page.goto(live_server.url + "/my/account/data/")
    tab_to(page, page.get_by_role("button", name="Make a copy"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Download it")).to_be_visible()
    tab_to(page, page.get_by_role("link", name="Erase my account"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/erase/")
    tab_to(page, page.get_by_role("button", name="Erase my account"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Check the box if you’re sure").first).to_be_visible()
    tab_to(page, page.get_by_label("Erase everything about me"))
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Everything has been erased.")).to_be_visible()
    assert not User.objects.exists()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_axe_finds_nothing_on_a_members_own_pages(
    browser: Browser,
    live_server: LiveServer,
    user: User,
    width: int,
    scheme: str,
    axe: Callable[[Page], list[str]],
) -> None:
    now = clock.now()
    sign_up_for_next(user)
    choose_home_group(user=user, meeting=Signup.objects.get().occurrence.meeting, now=now)
    renew_calendar_address(user=user, now=now)
    keep_clean_date(user=user, clean_on=now.date() - dt.timedelta(days=90))
    make_contact_point(user=user, channel=Channel.SMS, value="+12025550143")
    point = make_contact_point()
    guest, data, keep = (links.sign(purpose, point.public_id) for purpose in ("choices", "data", "keep"))
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = enter(context, live_server, user)
    found: dict[str, list[str]] = {}
    for path in (
        "/my/meetings/",
        "/my/account/clean-time/",
        "/my/account/messages/",
        "/my/reminders/",
        "/my/account/phone/",
        "/my/account/data/",
        "/my/account/data/erase/",
        f"/my/account/data/{data}/",
        f"/my/account/keep/{keep}/",
        f"/my/account/messages/{guest}/",
        "/meetings/",
        "/meetings/evening-light/",
    ):
        page.goto(live_server.url + path)
        for folded in page.locator("main details").all():
            folded.evaluate("each => { each.open = true }")
        found[path.replace(guest, "guest")] = axe(page)
        if page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") > 0:
            found[path].append("wider than the screen")
    assert {path: violations for path, violations in found.items() if violations} == {}
    context.close()
