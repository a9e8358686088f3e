"""A page of one's own dates was as long as they were many: somebody who comes every day had a row for each of 28."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from meetings.models import Signup
from meetings.services.signups import create_member_signup
from support import clock
from tests.factories import make_meeting, make_user
from tests.helpers.browsing import enter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DAILY = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU"


def test_dates_of_every_time_are_one_entry_and_a_later_one_can_be_given_up(
    browser: Browser, live_server: LiveServer
) -> None:
    user, now = make_user(), clock.now()
    meeting = make_meeting(name="Evening Light", rrule=DAILY, weekday_mask=127)
    create_member_signup(meeting=meeting, user=user, date=None, every=True, now=now)
    count = Signup.objects.count()
    assert count > 20
    context = browser.new_context(java_script_enabled=False, locale="en-US", viewport={"width": 375, "height": 740})
    page = enter(context, live_server, user)
    page.goto(f"{live_server.url}/my/meetings/")
    expect(page.get_by_role("heading", name="Evening Light")).to_have_count(1)
    end = page.get_by_role("heading", name="Every time").bounding_box()
    assert end
    assert end["y"] < 2 * 740
    page.get_by_text(f"{count - 1} more dates").click()
    page.get_by_role("button", name="Stop the reminder").nth(3).click()
    expect(page.get_by_text(f"{count - 2} more dates")).to_be_visible()
    context.close()
