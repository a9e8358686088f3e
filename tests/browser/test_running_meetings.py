"""Those who run meetings and look after listings. What was wrong: dates out of order, far from where they are moved; a
list of zones in no order; formats to be chosen with Ctrl held down; somebody removed, oneself too, by one press; staff
who had to guess by a name to whom they gave a task, and an icon that was not there; the name of an imported file shown
as who runs a meeting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from meetings.models import Coordinator, Meeting, OccurrenceChange
from meetings.services.formats import keep_own_formats
from support import clock
from tests.factories import make_service_body, make_user
from tests.helpers.browsing import enter, listed
from tests.unit.test_tidy_lists import ROW, imported

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(
        java_script_enabled=False,
        locale="en-US",
        timezone_id="America/New_York",
        viewport={"width": 375, "height": 812},
    ) as context:
        yield context


@pytest.fixture
def staff(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A page of somebody who may do everything in the admin, which needs scripts."""
    user = make_user(is_staff=True, is_superuser=True)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "unused"})
    with browser.new_context(locale="en-US") as context:
        yield enter(context, live_server, user)


def meeting_in(days: int, name: str, slug: str) -> Meeting:
    """Return a weekly meeting whose next date is so many days away."""
    day = (clock.to_wall(clock.now(), "America/New_York").date().weekday() + days) % 7
    names = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
    return listed(name=name, slug=slug, rrule=f"FREQ=WEEKLY;BYDAY={names[day]}")


def test_facilitator_moves_the_next_date_in_three_taps(context: BrowserContext, live_server: LiveServer) -> None:
    user = make_user(tz="America/New_York")
    later, sooner = meeting_in(5, "Aster", "aster"), meeting_in(2, "Zinnia", "zinnia")
    user.facilitated_meetings.add(later, sooner)
    page = enter(context, live_server, user)
    page.goto(live_server.url)
    page.get_by_role("link", name="My meetings").first.click()
    run = page.get_by_role("region", name="Meetings I run")
    assert run.get_by_role("heading", level=3).all_inner_texts() == ["Zinnia", "Aster"]
    run.get_by_role("link", name=re.compile("Move ?: Zinnia")).click()
    page.get_by_label("New time").fill("18:30")
    page.get_by_role("button", name="Move and notify everyone").click()
    expect(page.get_by_text("Moved from")).to_have_count(2)
    assert page.get_by_role("listitem").filter(has_text="Moved from").inner_text().count("6:30") == 1
    assert not OccurrenceChange.objects.get().is_cancellation


def test_coordinator_edits_a_listing_and_is_asked_before_anybody_is_removed(
    context: BrowserContext, live_server: LiveServer
) -> None:
    keep_own_formats()
    meeting = meeting_in(2, "Evening Light", "evening-light")
    user = make_user(tz="America/New_York")
    Coordinator.objects.create(service_body=meeting.service_body, user=user, since=clock.now())
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "unused"})
    meeting.facilitators.add(user)
    page = enter(context, live_server, user)
    page.goto(live_server.url + "/my/listings/evening-light/")
    zones = page.get_by_label("Time zone").locator("option").all_inner_texts()
    assert zones[:2] == ["New York", "Detroit"]
    assert "Factory" not in zones
    expect(page.get_by_role("group", name="Place", exact=True).get_by_label("City")).to_be_visible()
    page.get_by_text("Formats", exact=False).first.click()
    page.get_by_text("Candlelight", exact=True).click()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("summary", has_text="Candlelight")).to_be_visible()
    assert [each.slug for each in meeting.formats.all()] == ["candlelight"]

    sure = page.get_by_role("button", name="Remove myself")
    expect(sure).to_be_hidden()
    page.locator("summary", has_text="Remove").click()
    expect(page.get_by_text("you will lose its list of who is coming")).to_be_visible()
    sure.click()
    expect(page.get_by_text("No one yet.")).to_be_visible()
    assert not meeting.facilitators.exists()


def test_staff_give_a_task_to_somebody_by_their_whole_address(staff: Page, live_server: LiveServer) -> None:
    robin, _other = make_user(email="robin@example.org", display_name="Robin"), make_user(display_name="Robin")
    body = make_service_body(name="River Area")
    staff.goto(live_server.url + "/admin/meetings/coordinator/add/")
    for field, typed, offered in (("service_body", "River", "River Area"), ("user", robin.email, f"#{robin.pk}")):
        staff.locator(f".field-{field} .select2-selection").click()
        staff.locator(".select2-search__field").fill(typed)
        # What is offered before anything is typed goes away.
        expect(staff.get_by_role("option")).to_have_text([offered])
        staff.get_by_role("option", name=offered, exact=True).click()
    staff.get_by_role("button", name="Save", exact=True).click()
    expect(staff.get_by_text("was added successfully")).to_be_visible()
    assert Coordinator.objects.get(service_body=body).user == robin


def test_no_page_of_the_admin_asks_for_what_is_not_there(staff: Page, live_server: LiveServer) -> None:
    failed: list[str] = []
    staff.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
    staff.on("requestfailed", lambda request: failed.append(request.url))
    staff.goto(live_server.url + "/admin/")
    lists = staff.locator("#content-main th a").evaluate_all("links => links.map(each => each.href)")
    icons = {"/favicon.ico"}
    for address in (*lists, f"{live_server.url}/admin/meetings/coordinator/add/"):
        staff.goto(address)
        icons.add(str(staff.locator("link[rel=icon]").get_attribute("href")))
    # A browser without a window asks for none of them by itself.
    for icon in icons:
        assert staff.request.get(live_server.url + icon).headers["content-type"].startswith("image/"), icon
    assert failed == []


def test_page_of_an_imported_meeting_reads_as_people_write(
    context: BrowserContext, live_server: LiveServer, tmp_path: Path
) -> None:
    imported(tmp_path, ROW)
    page = context.new_page()
    page.goto(live_server.url + Meeting.objects.get().get_absolute_url())
    shown = page.locator("main").inner_text()
    for words in ("area-2022-10", ",,", "USA", "Run by", "Good to know"):
        assert words not in shown
    expect(page.get_by_role("region", name="Format").get_by_role("term")).to_have_text(["Open to everyone", "Topic"])
    call = page.get_by_role("link", name="(518) 555-0123, then 184879080#")
    expect(call).to_have_attribute("href", "tel:+15185550123,,184879080%23,,%23,,%23")

    imported(tmp_path, ROW | {"formatted_address": "", "location": "", "conference_url": "https://meet.example.org/1"})
    page.goto(live_server.url + "/meetings/")
    expect(page.locator(".timetable__what p").first).to_have_text("Online · Fishtown")
