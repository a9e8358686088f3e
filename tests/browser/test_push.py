"""Notifications in a real browser: its own permission, service worker and notification; the push service is ours."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Iterator

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.enums import Channel
from accounts.models import ContactPoint, User
from accounts.queries import push_subscriptions
from accounts.services.push_subscriptions import forget
from support import clock
from support.messaging import Accepted
from support.messaging.push import Notification, PushGateway
from tests.factories import make_user
from tests.helpers.browsing import enter
from tests.helpers.leases import in_a_while
from tests.push_service import Browser, Post, PushService, push_service

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

#: Chromium's own push service is out of reach in a test, so the browser is handed a subscription with our endpoint.
SUBSCRIBE = """
  const subscription = %s;
  const make = (key) => ({
    endpoint: subscription.endpoint,
    options: { applicationServerKey: Uint8Array.from(key).buffer },
    toJSON: () => subscription,
    unsubscribe: async () => { sessionStorage.clear(); return true; },
  });
  PushManager.prototype.subscribe = async function (options) {
    window.askedFor = options;
    const key = Array.from(new Uint8Array(options.applicationServerKey));
    sessionStorage.setItem("key", JSON.stringify(key));
    return make(key);
  };
  PushManager.prototype.getSubscription = async function () {
    const key = sessionStorage.getItem("key");
    return key ? make(JSON.parse(key)) : null;
  };
"""


@pytest.fixture
def service() -> Iterator[PushService]:
    with push_service() as running:
        yield running


@pytest.fixture
def member() -> User:
    return make_user()


@pytest.fixture
def browser_keys(service: PushService) -> Browser:
    return service.browser()


@pytest.fixture
def my_meetings(context: BrowserContext, live_server: LiveServer, member: User, browser_keys: Browser) -> Page:
    page = enter(context, live_server, member)
    page.add_init_script(SUBSCRIBE % browser_keys.subscription)
    page.goto(live_server.url + reverse("meetings:my_meetings"))
    return page


def test_turned_on_by_a_press_and_off_by_another(
    my_meetings: Page, context: BrowserContext, live_server: LiveServer, member: User, service: PushService,
    browser_keys: Browser, axe: Callable[[Page], list[str]],
) -> None:  # fmt: skip
    page = my_meetings
    context.grant_permissions(["notifications"], origin=live_server.url)
    expect(page.get_by_role("heading", name="Notifications in this browser")).to_be_visible()
    assert ContactPoint.objects.count() == 0
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_text("They are on")).to_be_visible()
    expect(page.get_by_role("button", name="Turn off")).to_be_focused()
    assert page.evaluate("window.askedFor.userVisibleOnly")
    (point,) = push_subscriptions(member)
    assert axe(page) == []

    gateway = PushGateway()
    sent = gateway.send(
        Notification(
            to=point.value,
            title="Homegroup",
            body="Reminder for Tue 7:00 PM",
            url="/crisis/",
            tag="one",
            sent_at=clock.now(),
            expires_at=clock.now() + dt.timedelta(hours=1),
        ),
        until=in_a_while(),
    )
    gateway.close()
    assert sent == Accepted()
    assert shown(page, live_server.url, browser_keys, service.posts[0]) == [["Homegroup", "Reminder for Tue 7:00 PM"]]

    page.get_by_role("button", name="Turn off").click()
    expect(page.get_by_text("They are off")).to_be_visible()
    assert push_subscriptions(member) == []


def test_refused_permission_changes_nothing(my_meetings: Page, member: User) -> None:
    # A browser that nobody can ask refuses.
    my_meetings.get_by_role("button", name="Turn on").click()
    expect(my_meetings.get_by_text("Your browser blocks notifications from this site.")).to_be_visible()
    assert push_subscriptions(member) == []


def test_a_site_that_does_not_take_it_leaves_the_browser_unsubscribed(
    my_meetings: Page, context: BrowserContext, live_server: LiveServer, member: User
) -> None:
    context.grant_permissions(["notifications"], origin=live_server.url)
    my_meetings.route("**/my/push/on/", lambda route: route.fulfill(status=500))
    my_meetings.get_by_role("button", name="Turn on").click()
    expect(my_meetings.get_by_text("That didn’t work")).to_be_visible()
    subscription = """async () => {
        const found = await navigator.serviceWorker.getRegistration("/my/push/");
        return found.pushManager.getSubscription();
    }"""
    assert my_meetings.evaluate(subscription) is None
    assert push_subscriptions(member) == []


def test_a_browser_knows_whether_it_is_on_when_the_page_is_opened_again(
    my_meetings: Page, context: BrowserContext, live_server: LiveServer
) -> None:
    context.grant_permissions(["notifications"], origin=live_server.url)
    my_meetings.get_by_role("button", name="Turn on").click()
    expect(my_meetings.get_by_text("They are on")).to_be_visible()
    my_meetings.reload()
    expect(my_meetings.get_by_role("button", name="Turn off")).to_be_visible()
    # Subscribed to a key that the site no longer has, it never hears a thing.
    my_meetings.evaluate("sessionStorage.setItem('key', JSON.stringify(new Array(65).fill(4)))")
    my_meetings.reload()
    expect(my_meetings.get_by_role("button", name="Turn on")).to_be_visible()
    # Nor does it where the site knows nothing of it: it is somebody else's, or was given up.
    my_meetings.get_by_role("button", name="Turn on").click()
    expect(my_meetings.get_by_text("They are on")).to_be_visible()
    for point in ContactPoint.objects.filter(channel=Channel.PUSH):
        forget(contact_point=point, source="test", now=clock.now())
    my_meetings.reload()
    expect(my_meetings.get_by_role("button", name="Turn on")).to_be_visible()


def test_whoever_signs_out_takes_notifications_along(
    my_meetings: Page, context: BrowserContext, live_server: LiveServer, member: User
) -> None:
    context.grant_permissions(["notifications"], origin=live_server.url)
    my_meetings.get_by_role("button", name="Turn on").click()
    expect(my_meetings.get_by_text("They are on")).to_be_visible()
    # They came back later, and signed in anew: the session knows nothing of what was turned on before.
    page = enter(context, live_server, member)
    page.goto(live_server.url)
    registered = "async () => (await navigator.serviceWorker.getRegistrations()).length"
    assert page.evaluate(registered) == 1
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert page.evaluate(registered) == 0


def shown(page: Page, origin: str, keys: Browser, post: Post) -> list[list[str]]:
    """Hand the service worker what the push service got, as the browser would decrypt it; return what it shows."""
    client = page.context.new_cdp_session(page)
    registrations: list[str] = []
    client.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(each["registrationId"] for each in event["registrations"]),
    )
    client.send("ServiceWorker.enable")
    deadline = time.monotonic() + 20
    while not registrations and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    client.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": origin, "registrationId": registrations[0], "data": json.dumps(keys.read(post))},
    )
    notifications: list[list[str]] = []
    while not notifications and time.monotonic() < deadline:
        page.wait_for_timeout(50)
        notifications = page.evaluate(
            """async () => {
                const found = await navigator.serviceWorker.getRegistration("/my/push/");
                return (await found.getNotifications()).map((each) => [each.title, each.body]);
            }"""
        )
    return notifications
