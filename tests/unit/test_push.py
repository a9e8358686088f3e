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
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from support import vapid
from support.messaging import Accepted, Ambiguous, Refused, Transient
from support.messaging import push as pushing
from support.messaging.push import BadSubscription, Notification, PushGateway, is_push_service, read_subscription
from support.messaging.webpush_encryption import encrypt
from tests.conftest import NOW
from tests.helpers.leases import in_a_while
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


def octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def private_key(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(octets(text), "big"), ec.SECP256R1())


def jwt_claims(token: str, key: str) -> dict[str, Any]:
    """Return what a token claims, once its signature is found to be the key's (RFC 7515, ES256 of RFC 7518)."""
    header, claims, signature = token.split(".")
    assert json.loads(octets(header)) == {"typ": "JWT", "alg": "ES256"}
    assert len(octets(signature)) == 64
    r, s = (int.from_bytes(half, "big") for half in (octets(signature)[:32], octets(signature)[32:]))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), octets(key))
    public.verify(encode_dss_signature(r, s), f"{header}.{claims}".encode(), ec.ECDSA(SHA256()))
    found: dict[str, Any] = json.loads(octets(claims))
    return found


def test_notification_is_read_by_its_browser_alone(service: PushService, gateway: PushGateway) -> None:
    mine, other = service.browser(), service.browser("two")
    assert gateway.send(notification(mine), until=in_a_while()) == Accepted()
    (post,) = service.posts
    assert mine.read(post) == {
        "title": "Homegroup",
        "body": "Reminder for Tue 7:00 PM",
        "url": "http://testserver/signups/token/",
        "tag": "abcdefghijklmnopqrstuv",
    }
    assert b"Reminder" not in post.body
    with pytest.raises(InvalidTag):
        other.read(post)


def test_notification_says_whose_it_is_and_how_long_it_is_good(
    service: PushService, gateway: PushGateway, settings: Any
) -> None:
    gateway.send(notification(service.browser(), is_urgent=True), until=in_a_while())
    headers = service.posts[0].headers
    assert (headers["ttl"], headers["urgency"], headers["topic"]) == ("7200", "high", "abcdefghijklmnopqrstuv")
    token, key = (part.partition("=")[2] for part in headers["authorization"].removeprefix("vapid ").split(","))
    assert key == vapid.public_key(settings.VAPID_PRIVATE_KEY)
    assert jwt_claims(token, key) == {
        "aud": service.url,
        "exp": int((NOW + 12 * HOUR).timestamp()),
        "sub": "mailto:no-reply@testserver",
    }


def test_notifications_of_any_length_look_alike(service: PushService, gateway: PushGateway) -> None:
    browser = service.browser()
    gateway.send(notification(browser, body="Moved"), until=in_a_while())
    gateway.send(notification(browser, body="A place is free on Tuesday, November 24"), until=in_a_while())
    assert len({len(post.body) for post in service.posts}) == 1


def test_notification_that_no_push_service_must_take_is_not_posted(service: PushService, gateway: PushGateway) -> None:
    assert gateway.send(notification(service.browser(), body="x" * 3400), until=in_a_while()) == Accepted()
    for octets_of_body in (3500, 5000):
        result = gateway.send(notification(service.browser(), body="x" * octets_of_body), until=in_a_while())
        assert result == Refused("The notification is too long")
    assert [len(post.body) for post in service.posts] == [3687]


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
        (
            429,
            {"Retry-After": "9" * 5000},
            Transient("The push service asked to try again later (429)", retry_after=24 * HOUR),
        ),
        (
            503,
            {"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"},
            Transient("The push service asked to try again later (503)", retry_after=24 * HOUR),
        ),
        (
            503,
            {"Retry-After": f"Wed, 18 Nov 2026 00:00:00 +{'9' * 20}"},
            Transient("The push service asked to try again later (503)"),
        ),
        (500, {"Retry-After": "soon"}, Transient("The push service asked to try again later (500)")),
    ],
)
def test_answer_means(
    service: PushService, gateway: PushGateway, status: int, headers: dict[str, str], result: object
) -> None:
    service.answers = [(status, headers)]
    assert gateway.send(notification(service.browser()), until=in_a_while()) == result


def test_silence_after_the_post_is_unclear(
    service: PushService, gateway: PushGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushing, "_TIMEOUTS", (1, 0.1))
    service.delay = 0.5
    assert gateway.send(notification(service.browser()), until=in_a_while()) == Ambiguous(
        "The push service did not answer"
    )


def test_nobody_there_is_tried_again_and_parks_nothing(gateway: PushGateway) -> None:
    result = gateway.send(notification(Browser("http://127.0.0.1:9/push/one")), until=in_a_while())
    assert isinstance(result, Transient)
    assert not result.is_outage


def test_a_push_service_that_hangs_keeps_nobody_waiting_twice(
    service: PushService, gateway: PushGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushing, "_TIMEOUTS", (1, 0.1))
    service.delay = 0.3
    with push_service() as other:
        assert isinstance(gateway.send(notification(service.browser()), until=in_a_while()), Ambiguous)
        assert gateway.send(notification(service.browser()), until=in_a_while()) == Transient(
            "The push service did not answer a moment ago"
        )
        assert gateway.send(notification(other.browser()), until=in_a_while()) == Accepted()
    assert len(service.posts) == 1
    # After a rest it is asked again.
    service.delay = 0
    monkeypatch.setattr(pushing, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + 60))
    assert gateway.send(notification(service.browser()), until=in_a_while()) == Accepted()


# -- encryption ------------------------------------------------------------------------------------------------------

# RFC 8291 section 5 and appendix A.
WORDS = b"When I grow up, I want to be a watermelon"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
RECEIVER = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
RECEIVER_POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
SECRET = "BTBZMqHH6r4Tts7J_aSIgg"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
ENCRYPTED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_y"
    "l95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_encryption_is_that_of_the_standards_example() -> None:
    encrypted = encrypt(
        WORDS,
        public_key=octets(RECEIVER_POINT),
        secret=octets(SECRET),
        own_key=private_key(SENDER),
        salt=octets(SALT),
    )
    assert encrypted == octets(ENCRYPTED)


def test_browser_of_these_tests_reads_the_standards_example() -> None:
    browser = Browser("", key=private_key(RECEIVER), secret=octets(SECRET))
    assert browser.decrypt(octets(ENCRYPTED)) == WORDS


@pytest.mark.parametrize("content", [b"", b"x", b"\x00\x02\x00", b"x" * 4079])
def test_any_content_of_a_record_is_read(content: bytes) -> None:
    browser = Browser("")
    assert browser.decrypt(encrypt(content, public_key=browser.point, secret=browser.secret)) == content


def test_same_words_are_never_encrypted_the_same_way() -> None:
    browser = Browser("")
    first, second = (encrypt(WORDS, public_key=browser.point, secret=browser.secret) for _each in range(2))
    # Neither the salt nor the sender's key is used again.
    assert first[:16] != second[:16]
    assert first[21:86] != second[21:86]


def test_more_than_a_record_is_not_encrypted() -> None:
    browser = Browser("")
    with pytest.raises(ValueError, match="longer than a record"):
        encrypt(b"x" * 4080, public_key=browser.point, secret=browser.secret)


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
        "https://web.push.apple.com/é",
        "https://web.push.apple.com/\ud800",
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
        lambda given: "[" * 1999,
        lambda given: json.dumps({**given, "endpoint": given["endpoint"] + "\ud800"}),
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


def test_token_is_as_long_whatever_numbers_its_signature_has() -> None:
    """Each of the two begins with a zero octet once in 256 times, which belongs to it all the same."""
    key = vapid.new_private_key()
    for _each in range(600):
        given = vapid.authorization(
            key, audience="https://push.example", expires_at=NOW, subject="mailto:a@example.org"
        )
        token, public = (part.partition("=")[2] for part in given.removeprefix("vapid ").split(","))
        assert jwt_claims(token, public)["aud"] == "https://push.example"
