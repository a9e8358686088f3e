"""Web push (RFC 8030): a short notification to a browser, encrypted so that the push service in between reads nothing.

The address is a subscription, as a browser hands it over: where to post (`endpoint`) and two keys (RFC 8291). Since it
comes from outside and we post to it, only known push services are taken.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.utils.translation import gettext_noop as _

from support import vapid
from support.loopback import is_loopback
from support.messaging.calls import read_pause
from support.messaging.results import HELD_UP, Accepted, Ambiguous, Refused, Result, Transient, is_over, with_detail
from support.messaging.webpush_encryption import encrypt

#: Seconds to connect, and to wait for the answer's head; its body is not read.
_TIMEOUTS: Final = (5, 10)
#: Seconds for which a push service that did not answer is not asked again: those behind in the queue would wait for it.
_REST: Final = 30
#: How long a token of ours is good for; push services refuse more than a day (RFC 8292 section 2).
_TOKEN_LIFE: Final = dt.timedelta(hours=12)
#: Texts are filled up to a multiple of this, so that their length tells nothing either.
_STEP: Final = 256
#: What a push service must take, at least (RFC 8030 section 7.2), less what encryption adds.
_LONGEST: Final = 3800
_LONGEST_SUBSCRIPTION: Final = 2000
#: A push service that asks for more patience than this is asked again all the same.
_LONGEST_PAUSE: Final = dt.timedelta(days=1)
#: A push service remembers for four weeks at most.
_LONGEST_TTL: Final = dt.timedelta(days=28)
_POINT_OCTETS, _SECRET_OCTETS = 65, 16


class BadSubscription(ValueError):
    """What came is not a subscription that can be posted to. The message says why, for a log; it repeats nothing."""


@dataclass(frozen=True)
class Subscription:
    """Where a browser is reached, and the keys that only it can read with."""

    endpoint: str
    p256dh: str
    auth: str

    @property
    def audience(self) -> str:
        """The push service's origin, which a token is for (RFC 8292 section 2)."""
        parts = urlsplit(self.endpoint)
        return f"{parts.scheme}://{parts.netloc}"

    def as_text(self) -> str:
        """Return it as it is kept: the same subscription is always the same text."""
        keys = {"auth": self.auth, "p256dh": self.p256dh}
        return json.dumps({"endpoint": self.endpoint, "keys": keys}, separators=(",", ":"))


@dataclass(frozen=True)
class Notification:
    """One notification to one browser.

    `tag`, up to 32 letters of base64url, is the same for all attempts: a second one replaces the first.
    """

    to: str
    title: str
    body: str
    url: str
    tag: str
    sent_at: dt.datetime
    #: Not shown after this.
    expires_at: dt.datetime
    is_urgent: bool = False

    def as_bytes(self) -> bytes:
        """Return what the service worker reads, filled up so that every length looks alike."""
        content = {"title": self.title, "body": self.body, "url": self.url, "tag": self.tag}
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        return text.ljust(-(-len(text) // _STEP) * _STEP)


def read_subscription(text: str) -> Subscription:
    """Return the subscription that a browser's `PushSubscription.toJSON()` describes. Raises BadSubscription."""
    if len(text) > _LONGEST_SUBSCRIPTION:
        raise BadSubscription("too long")
    try:
        given = json.loads(text)
        found = Subscription(
            endpoint=str(given["endpoint"]), p256dh=str(given["keys"]["p256dh"]), auth=str(given["keys"]["auth"])
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadSubscription("not a subscription") from error
    if not is_push_service(found.endpoint):
        raise BadSubscription("not a push service that this site knows")
    point, secret = _octets(found.p256dh), _octets(found.auth)
    if len(point) != _POINT_OCTETS or len(secret) != _SECRET_OCTETS:
        raise BadSubscription("not the keys of a subscription")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise BadSubscription("not the keys of a subscription") from error
    return found


def is_push_service(endpoint: str) -> bool:
    """Return whether we post to this address: https, at one of settings.PUSH_SERVICES or below it.

    While developing, a server on this machine will do.
    """
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        return False
    host = (parts.hostname or "").rstrip(".")
    # An address is ASCII (RFC 3986); half a surrogate pair could not even be sent.
    if parts.username or parts.fragment or not host or not all(" " < sign < "\x7f" for sign in endpoint):
        return False
    if settings.DEVELOPMENT and parts.scheme == "http" and is_loopback(host):
        return True
    is_known = any(host == name or host.endswith(f".{name}") for name in settings.PUSH_SERVICES)
    return parts.scheme == "https" and port in (None, 443) and is_known


@dataclass(frozen=True)
class _NoAnswer:
    """A push service said nothing, which says something about the next post to it as well."""

    result: Transient | Ambiguous


class PushGateway:
    """The gateway for web push. Every browser's maker has a push service of its own: no one outage parks them all."""

    def __init__(self) -> None:
        self._session = requests.Session()
        # Neither proxies nor passwords of this machine's environment.
        self._session.trust_env = False
        self._tokens: dict[str, str] = {}
        #: Push services that did not answer, and until when (by time.monotonic) they are left alone.
        self._resting: dict[str, float] = {}

    def open(self) -> Transient | None:
        return None

    def send(self, letter: Notification, /, *, until: dt.datetime) -> Result:
        try:
            subscription = read_subscription(letter.to)
        except BadSubscription:
            return Refused(_("The subscription cannot be used"), suppress=True)
        content = letter.as_bytes()
        if len(content) > _LONGEST:
            return Refused(_("The notification is too long"))
        if time.monotonic() < self._resting.get(subscription.audience, 0):
            return Transient(_("The push service did not answer a moment ago"))
        headers = self._headers(letter, subscription)
        body = encrypt(content, public_key=_octets(subscription.p256dh), secret=_octets(subscription.auth))
        if is_over(until):
            return HELD_UP
        result = self._post(subscription, body, headers, now=letter.sent_at)
        if isinstance(result, _NoAnswer):
            self._resting[subscription.audience] = time.monotonic() + _REST
            return result.result
        return result

    def _post(
        self, subscription: Subscription, body: bytes, headers: dict[str, str], *, now: dt.datetime
    ) -> Result | _NoAnswer:
        try:
            with self._session.post(
                subscription.endpoint,
                data=body,
                headers=headers,
                timeout=_TIMEOUTS,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return classify(answer.status_code, answer.headers.get("Retry-After", ""), now=now)
        except requests.ConnectTimeout:
            return _NoAnswer(Transient(_("The push service cannot be reached (ConnectTimeout)")))
        except requests.Timeout:
            return _NoAnswer(Ambiguous(_("The push service did not answer")))
        except requests.ConnectionError as error:
            # Also what a line is called that broke while the answer was awaited; the tag makes a second one harmless.
            return _NoAnswer(Transient(with_detail(_("The push service cannot be reached"), type(error).__name__)))
        except requests.RequestException as error:
            return Ambiguous(with_detail(_("The push service failed"), type(error).__name__))

    def close(self) -> None:
        self._session.close()

    def _headers(self, letter: Notification, subscription: Subscription) -> dict[str, str]:
        life = min(max(letter.expires_at - letter.sent_at, dt.timedelta(0)), _LONGEST_TTL)
        return {
            "Authorization": self._token(subscription.audience, letter.sent_at),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(int(life.total_seconds())),
            # What has not reached the browser yet is replaced by another attempt (RFC 8030 section 5.4).
            "Topic": letter.tag,
            "Urgency": "high" if letter.is_urgent else "normal",
        }

    def _token(self, audience: str, now: dt.datetime) -> str:
        if audience not in self._tokens:
            self._tokens[audience] = vapid.authorization(
                settings.VAPID_PRIVATE_KEY,
                audience=audience,
                expires_at=now + _TOKEN_LIFE,
                subject=settings.VAPID_SUBJECT,
            )
        return self._tokens[audience]


def classify(status: int, retry_after: str, *, now: dt.datetime) -> Result:
    """Return what a push service's answer means for the notification. Pure."""
    if status in (200, 201, 202, 204):
        return Accepted()
    if status in (404, 410):
        # RFC 8030 section 7.3: the browser has unsubscribed, or was never there.
        return Refused(with_detail(_("The browser is no longer subscribed"), status), suppress=True)
    if status == 429 or status >= 500:
        pause = read_pause(retry_after, now=now, at_most=_LONGEST_PAUSE)
        return Transient(with_detail(_("The push service asked to try again later"), status), retry_after=pause)
    return Refused(with_detail(_("Refused by the push service"), status))


def _octets(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except (binascii.Error, ValueError) as error:
        raise BadSubscription("not the keys of a subscription") from error
