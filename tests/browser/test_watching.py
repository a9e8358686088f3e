"""The staff's pages as they are seen: nothing for axe to find, nothing wider than a phone, all by keyboard."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.enums import Channel
from meetings.reminders.enums import EventKind, ReminderState
from meetings.reminders.models import ChannelOutage, ChannelPause, DeliveryEvent, Reminder
from meetings.reminders.services.inbound import take
from support import clock
from support.messaging.sms_results import Inbound
from tests.factories import make_reminder

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "Refused by the mail server (550 5.1.1), which had a great deal to say about it and said all of it at once"


@pytest.fixture
def failed() -> Reminder:
    reminder = make_reminder(ReminderState.FAILED, reason=LONG, attempt=1)
    DeliveryEvent.objects.create(reminder=reminder, kind=EventKind.REFUSED, attempt=1, detail=LONG, at=clock.now())
    return reminder


@pytest.mark.parametrize("width", [375, 1280])
def test_pages_are_accessible_and_fit(
    staff: Page, live_server: LiveServer, failed: Reminder, axe: Callable[[Page], list[str]], width: int
) -> None:
    ChannelPause.objects.create(channel=Channel.SMS, reason="The contract has run out", since=clock.now())
    ChannelOutage.objects.create(
        channel=Channel.EMAIL,
        until=clock.now() + dt.timedelta(hours=1),
        since=clock.now(),
        reason="The mail server takes no more messages today",
        said="550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to … gsmtp",
    )
    take(inbound=Inbound(provider_id="1", sender="+15185550123", text="I can't stop smiling " * 9), now=clock.now())
    take(inbound=Inbound(provider_id="2", sender="+15185550124", text="I want to die"), now=clock.now())
    staff.set_viewport_size({"width": width, "height": 800})
    for name, argument in (
        ("watch", None),
        ("watch_channels", None),
        ("watch_texts", None),
        ("watch_message", failed.public_id),
        ("watch_signup", failed.signup.public_id),
    ):
        address = reverse(f"reminders:{name}", args=[argument] if argument else [])
        staff.goto(live_server.url + address + ("?state=trouble" if name == "watch" else ""))
        assert axe(staff) == [], name
        wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert staff.evaluate(wider) == 0, name


def test_a_message_is_planned_again_by_keyboard(staff: Page, live_server: LiveServer, failed: Reminder) -> None:
    staff.goto(live_server.url + reverse("reminders:watch_message", args=[failed.public_id]))
    staff.get_by_role("textbox", name="Reason").focus()
    staff.keyboard.press("Enter")
    # What is wrong is read first, and leads to the field.
    expect(staff.get_by_role("alert")).to_be_focused()
    staff.get_by_role("link", name="Say why, in a few words.").press("Enter")
    expect(staff.get_by_role("textbox", name="Reason")).to_be_focused()
    staff.keyboard.type("The mailbox is back")
    staff.keyboard.press("Enter")
    expect(staff.get_by_text("It will be sent again.")).to_be_visible()
    expect(staff.get_by_text("Planned again by staff: “The mailbox is back”")).to_be_visible()
