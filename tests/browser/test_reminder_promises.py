"""When the next reminder comes, as people see it: nothing promised that is not planned, and changed with one press."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts import links
from accounts.models import User
from accounts.person import of_guest, of_member
from accounts.services.preferences import save_preferences
from meetings.models import Meeting, Signup
from meetings.reminders.models import Reminder
from meetings.services import signups
from meetings.services.occurrences import move_occurrence
from support import clock, wording
from tests.factories import make_meeting, make_user
from tests.helpers.browsing import enter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TZ = "America/New_York"
HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)


def starting(at: dt.datetime, name: str = "Porch Light") -> Meeting:
    """Make a daily meeting that starts at an instant, to the minute."""
    wall = at.astimezone(ZoneInfo(TZ)).replace(second=0, microsecond=0)
    return make_meeting(
        name=name, rrule="FREQ=DAILY", weekday_mask=0b1111111, starts_on=wall.date(), start_time=wall.time(), tz=TZ
    )


def quiet_around(now: dt.datetime) -> dict[str, Any]:
    """Return wishes of somebody whose quiet hours began an hour ago and last for three more."""
    wall = now.astimezone(ZoneInfo(TZ)).replace(minute=0, second=0, microsecond=0)
    return {
        "quiet_from": (wall - HOUR).time(),
        "quiet_until": (wall + 4 * HOUR).time(),
        "booked_leads": ["2h"],
        "online_leads": ["2h"],
    }


def guest_of(meeting: Meeting, now: dt.datetime, **wishes: Any) -> Signup:
    on = clock.to_wall(now + 2 * HOUR + 10 * MINUTE, TZ).date()
    asked = signups.request_guest_signup(
        meeting=meeting,
        date=on,
        every=False,
        email="ana@example.org",
        tz=TZ,
        language="en",
        hour_cycle="h12",
        now=now,
    )
    save_preferences(person=of_guest(asked[0].participant.contact_point), now=now, **wishes)
    return signups.confirm_signups(signup=asked[0], now=now)[0]


def member_page(browser: Browser, server: LiveServer, user: User, **context: Any) -> Page:
    return enter(browser.new_context(locale="en-US", timezone_id=TZ, **context), server, user)


def said(row: Reminder, now: dt.datetime, *, is_own_clock: bool = True) -> str:
    return f"We’ll email you {wording.moment_words(row.due_at, TZ, now=now, is_read_now=is_own_clock)}"


def planned() -> Reminder:
    return Reminder.objects.unsent().get(kind="reminder")


def test_guest_in_their_quiet_hours_is_promised_nothing_and_has_it_sent_anyway(
    browser: Browser, live_server: LiveServer, axe: Callable[[Page], list[str]]
) -> None:
    """The page said "You will be reminded. We write to you before it starts" and nothing was planned."""
    now = clock.now()
    signup = guest_of(starting(now + 2 * HOUR + 10 * MINUTE), now, **quiet_around(now))
    assert not Reminder.objects.unsent().filter(kind="reminder").exists()
    context = browser.new_context(
        java_script_enabled=False, locale="en-US", viewport={"width": 375, "height": 812}, timezone_id=TZ
    )
    page = context.new_page()
    page.goto(f"{live_server.url}/signups/{links.sign('manage', signup.public_id)}/")
    expect(page.get_by_text("No reminder will come: that would be in your quiet hours")).to_be_visible()
    expect(page.get_by_text("We’ll remind you")).to_have_count(0)
    expect(page.get_by_text("before it starts")).to_have_count(0)
    page.get_by_role("button", name="Send it anyway").click()
    row = planned()
    assert row.due_at == signup.occurrence.starts_at - 2 * HOUR
    expect(page.get_by_text(said(row, now, is_own_clock=False)).first).to_be_visible()
    expect(page.get_by_role("heading", name="We’ll remind you")).to_be_visible()
    expect(page.get_by_role("button", name="Send it anyway")).to_have_count(0)

    # Another time with one press; what was asked for stays as well.
    page.get_by_role("button", name="30 minutes before").click()
    expect(page.get_by_role("button", name="30 minutes before")).to_have_attribute("aria-pressed", "true")
    context.close()

    # With scripts, wide and narrow, light and dark: nothing wrong, and nothing wider than the screen.
    context = browser.new_context(locale="en-US", timezone_id=TZ, color_scheme="dark")
    page = context.new_page()
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{live_server.url}/signups/{links.sign('manage', signup.public_id)}/")
        page.get_by_text("What you will get about this date, and when").first.click()
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    context.close()


def test_member_changes_when_with_one_press(browser: Browser, live_server: LiveServer) -> None:
    """It took four taps and two thousand pixels, and no word of what it changed for the dates one has."""
    user, now = make_user(tz=TZ), clock.now()
    save_preferences(person=of_member(user), ignores_quiet=True, now=now)
    meeting = starting(now + 5 * HOUR)
    on = clock.to_wall(now + 5 * HOUR, TZ).date()
    [signup] = signups.create_member_signup(meeting=meeting, user=user, date=on, every=False, now=now)
    page = member_page(browser, live_server, user, viewport={"width": 375, "height": 812})
    page.goto(live_server.url + "/my/meetings/")
    expect(page.get_by_text(said(planned(), now))).to_be_visible()
    page.get_by_role("button", name="30 minutes before").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    row = planned()
    assert row.due_at == signup.occurrence.starts_at - 30 * MINUTE
    assert page.get_by_text(said(row, now)).count() == 2

    # The page of all choices: Save is near, and says what comes.
    page.goto(live_server.url + "/my/account/messages/")
    save = page.get_by_role("button", name="Save", exact=True)
    box = save.bounding_box()
    assert box is not None
    assert box["y"] < 2 * 812
    expect(page.get_by_text("Messages from the facilitator")).to_have_count(0)
    page.locator("#id_drop_in_leads").get_by_label("One hour before").check()
    page.locator("#id_drop_in_leads").get_by_label("30 minutes before").uncheck()
    save.click()
    first = Reminder.objects.unsent().filter(kind="reminder").order_by("due_at")[0]
    expect(page.get_by_text(f"Saved. {said(first, now)}")).to_be_visible()
    page.context.close()


def test_plan_of_a_moved_date_does_not_contradict_itself(browser: Browser, live_server: LiveServer) -> None:
    """It said that the reminder of the new time comes, and in the next list that it does not."""
    user, now = make_user(tz=TZ), clock.now()
    save_preferences(person=of_member(user), now=now, **quiet_around(now))
    meeting = starting(now + 2 * HOUR + 10 * MINUTE)
    on = clock.to_wall(now + 2 * HOUR + 10 * MINUTE, TZ).date()
    [signup] = signups.create_member_signup(meeting=meeting, user=user, date=on, every=False, now=now)
    move_occurrence(occurrence=signup.occurrence, starts_at=signup.occurrence.starts_at + 5 * HOUR, now=now)
    page = member_page(browser, live_server, user)
    # It is found from the account.
    page.goto(live_server.url + "/my/account/")
    page.get_by_role("link", name="What you will get").click()
    expect(page.get_by_role("heading", name="What’s coming")).to_be_visible()
    expect(page.get_by_text("Two hours before")).to_have_count(1)
    expect(page.get_by_role("heading", name="What isn’t coming, and why")).to_have_count(0)
    page.goto(live_server.url + "/my/meetings/")
    expect(page.get_by_text("Moved", exact=True)).to_be_visible()
    page.context.close()
