"""Web push to a real HTTP server: what leaves us, who can read it, and what each answer means."""

from __future__ import annotations

import base64
import datetime as dt
import json
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from py_vapid import Vapid02

from support import vapid
from support.messaging import Accepted, Ambiguous, Refused, Transient
from support.messaging import push as pushing
from support.messaging.push import BadSubscription, Notification, PushGateway, is_push_service, read_subscription
from tests.conftest import NOW
from tests.push_service import Browser, PushService, push_service

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def service() -> Iterator[PushService]:
    with push_service() as running:
        yield running


@pytest.fixture
def gateway() -> Iterator[PushGateway]:
    gateway = PushGateway()
    yield gateway
    gateway.close()


def notification(browser: Browser, **fields: Any) -> Notification:
    return Notification(
        **{
            "to": read_subscription(browser.subscription).as_text(),
            "title": "Homegroup",
            "body": "Reminder for Tue 7:00 PM",
            "url": "http://testserver/signups/token/",
            "tag": "abcdefghijklmnopqrstuv",
            "sent_at": NOW,
            "expires_at": NOW + 2 * HOUR,
            **fields,
        }
    )


def test_notification_is_read_by_its_browser_alone(service: PushService, gateway: PushGateway) -> None:
    mine, other = service.browser(), service.browser("two")
    assert gateway.send(notification(mine)) == Accepted()
    (post,) = service.posts
    assert mine.read(post) == {
        "title": "Homegroup",
        "body": "Reminder for Tue 7:00 PM",
        "url": "http://testserver/signups/token/",
        "tag": "abcdefghijklmnopqrstuv",
    }
    assert b"Reminder" not in post.body
    with pytest.raises(Exception):  # noqa: B017, PT011  # whatever the library raises where nothing can be read
        other.read(post)


def test_notification_says_whose_it_is_and_how_long_it_is_good(service: PushService, gateway: PushGateway) -> None:
    gateway.send(notification(service.browser(), is_urgent=True))
    headers = service.posts[0].headers
    assert (headers["ttl"], headers["urgency"], headers["topic"]) == ("7200", "high", "abcdefghijklmnopqrstuv")
    assert Vapid02.verify(headers["authorization"])
    token, key = (part.partition("=")[2] for part in headers["authorization"].removeprefix("vapid ").split(","))
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims == {
        "aud": service.url,
        "exp": int((NOW + 12 * HOUR).timestamp()),
        "sub": "mailto:no-reply@testserver",
    }
    assert len(base64.urlsafe_b64decode(key + "=")) == 65


def test_notifications_of_any_length_look_alike(service: PushService, gateway: PushGateway) -> None:
    browser = service.browser()
    gateway.send(notification(browser, body="Moved"))
    gateway.send(notification(browser, body="A place is free on Tuesday, November 24"))
    assert len({len(post.body) for post in service.posts}) == 1


@pytest.mark.parametrize(
    ("status", "headers", "result"),
    [
        (200, {}, Accepted()),
        (404, {}, Refused("The browser is no longer subscribed (404)", suppress=True)),
        (410, {}, Refused("The browser is no longer subscribed (410)", suppress=True)),
        (403, {}, Refused("Refused by the push service (403)")),
        (413, {}, Refused("Refused by the push service (413)")),
        (301, {"Location": "http://127.0.0.1:1/"}, Refused("Refused by the push service (301)")),
        (
            429,
            {"Retry-After": "90"},
            Transient("The push service asked to try again later (429)", retry_after=dt.timedelta(seconds=90)),
        ),
        (
            503,
            {"Retry-After": "Wed, 18 Nov 2026 00:00:00 GMT"},
            Transient("The push service asked to try again later (503)", retry_after=HOUR),
        ),
        (500, {"Retry-After": "soon"}, Transient("The push service asked to try again later (500)")),
    ],
)
def test_answer_means(
    service: PushService, gateway: PushGateway, status: int, headers: dict[str, str], result: object
) -> None:
    service.answers = [(status, headers)]
    assert gateway.send(notification(service.browser())) == result


def test_silence_after_the_post_is_unclear(
    service: PushService, gateway: PushGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushing, "_TIMEOUTS", (1, 0.1))
    service.delay = 0.5
    assert gateway.send(notification(service.browser())) == Ambiguous("The push service did not answer")


def test_nobody_there_is_tried_again_and_parks_nothing(gateway: PushGateway) -> None:
    result = gateway.send(notification(Browser("http://127.0.0.1:9/push/one")))
    assert isinstance(result, Transient)
    assert not result.is_outage


def test_a_push_service_that_hangs_keeps_nobody_waiting_twice(
    service: PushService, gateway: PushGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushing, "_TIMEOUTS", (1, 0.1))
    service.delay = 0.3
    with push_service() as other:
        assert isinstance(gateway.send(notification(service.browser())), Ambiguous)
        assert gateway.send(notification(service.browser())) == Transient(
            "The push service did not answer a moment ago"
        )
        assert gateway.send(notification(other.browser())) == Accepted()
    assert len(service.posts) == 1
    # After a rest it is asked again.
    service.delay = 0
    monkeypatch.setattr(pushing, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + 60))
    assert gateway.send(notification(service.browser())) == Accepted()


# -- what a browser hands over ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/abc",
        "https://wns2-by3p.notify.windows.com/w/?token=abc",
        "https://web.push.apple.com/abc",
    ],
)
def test_known_push_services_are_posted_to(endpoint: str, settings: Any) -> None:
    settings.DEVELOPMENT = False
    assert is_push_service(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/fcm/send/abc",
        "https://fcm.googleapis.com:8443/fcm/send/abc",
        "https://fcm.googleapis.com@evil.example/",
        "https://user@fcm.googleapis.com/",
        "https://evilfcm.googleapis.com.example/",
        "https://notfcm.googleapis.community/",
        "https://127.0.0.1/",
        "http://127.0.0.1:6379/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]:80/",
        "https://push.apple.com\\@127.0.0.1/",
        "https://push.apple.com/\r\nX: y",
        "https://push.apple.com:port/",
        "file:///etc/passwd",
        "",
    ],
)
def test_other_addresses_are_never_posted_to(endpoint: str, settings: Any) -> None:
    settings.DEVELOPMENT = False
    assert not is_push_service(endpoint)


def test_a_server_on_this_machine_will_do_while_developing(settings: Any) -> None:
    settings.DEVELOPMENT = True
    assert is_push_service("http://127.0.0.1:5000/push/one")
    assert not is_push_service("http://192.168.1.1:5000/push/one")


def test_subscription_is_always_the_same_text(service: PushService) -> None:
    browser = service.browser()
    once = read_subscription(browser.subscription).as_text()
    assert read_subscription(once).as_text() == once
    assert "expirationTime" not in once


@pytest.mark.parametrize(
    "change",
    [
        lambda given: "",
        lambda given: "[]",
        lambda given: "null",
        lambda given: json.dumps({**given, "endpoint": "https://evil.example/"}),
        lambda given: json.dumps({"endpoint": given["endpoint"]}),
        lambda given: json.dumps({**given, "keys": {**given["keys"], "auth": "short"}}),
        lambda given: json.dumps({**given, "keys": {**given["keys"], "auth": "é"}}),
        lambda given: json.dumps({**given, "keys": {**given["keys"], "p256dh": "A" * 87}}),
        lambda given: json.dumps({**given, "endpoint": given["endpoint"] + "a" * 2000}),
    ],
)
def test_what_is_no_subscription_is_refused(service: PushService, change: Any) -> None:
    given = json.loads(service.browser().subscription)
    with pytest.raises(BadSubscription):
        read_subscription(change(given))


# -- the site's key --------------------------------------------------------------------------------------------------


def test_private_keys_are_told_from_other_texts() -> None:
    key = vapid.new_private_key()
    assert vapid.is_private_key(key)
    assert len(vapid.public_key(key)) == 87
    for other in ("", "secret", key[:-2], "é" * 43, "A" * 43):
        assert not vapid.is_private_key(other), other
