"""Whatever a stranger or a provider sends to an address for machines is taken or refused, and never a fault."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.test import Client, override_settings
from django.urls import reverse
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts import links
from accounts.enums import Channel
from meetings.reminders.enums import ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services.bounces import record_bounce
from support import environment
from support.messaging import telnyx
from tests.conftest import NOW
from tests.factories import make_contact_point, make_reminder, make_signup, make_user
from tests.sms_servers import TOKEN, FakeTelnyx, FakeTwilio

pytestmark = pytest.mark.django_db

PUBLIC_ID = uuid.UUID("5f3c0000-0000-4000-8000-000000000002")
BASE = "https://meetings.example.org"
EMAIL = "/webhooks/email/"
often = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)

#: Half of a surrogate pair can be written in JSON, and nowhere else.
words = st.text(st.characters(codec=None), max_size=20)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | words
    | st.sampled_from(["", "\x00", "\ud800", "9" * 5000, "-1", "1e999", str(PUBLIC_ID), "delivered", 10**400, -1.5])
)
anything = st.recursive(
    scalars, lambda each: st.lists(each, max_size=3) | st.dictionaries(words, each, max_size=3), max_leaves=6
)
#: What no program that means well would send as a body.
rubbish = st.binary(max_size=60) | st.sampled_from(
    [
        b"",
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"null",
        b"\xff\xfe",
        b"\x00",
        b"9" * 10_000,
        b'{"data": NaN}',
        '{"data": {"payload": {"id": "ü"}}}'.encode("utf-16"),
        b"Body=%FF%FE&From=%00",
    ]
)
headers = st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters="\r\n"), max_size=40) | (
    st.sampled_from(["", "0", "-1", "1.5", "²", "9" * 5000, "Basic", "Basic Og==", "Basic /w==", "é" * 40])
)
types = st.sampled_from(
    [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "",
        "é;=",
    ]
)


def places(value: Any, *before: Any) -> list[tuple[Any, ...]]:
    """Return the way to each part of a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(*before, key) for key, _part in inside] + [
        way for key, part in inside for way in places(part, *before, key)
    ]


@st.composite
def spoiled(draw: Callable[[Any], Any], genuine: Any) -> Any:
    """Draw a genuine value in which one part or two are gone or another thing, or another value altogether."""
    if not draw(st.integers(0, 7)):
        return draw(anything)
    value = copy.deepcopy(genuine)
    for _ in range(draw(st.integers(1, 2))):
        if not (ways := places(value)):
            break
        *way, last = draw(st.sampled_from(ways))
        part = value
        for key in way:
            part = part[key]
        if draw(st.booleans()) and isinstance(part, dict):
            del part[last]
        else:
            part[last] = draw(anything)
    return value


def as_bytes(values: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    return values.map(json.dumps).map(str.encode)


@pytest.fixture
def row() -> Reminder:
    phone = make_contact_point(channel=Channel.SMS, value="+12025550143")
    return make_reminder(
        ReminderState.ACCEPTED,
        public_id=PUBLIC_ID,
        signup=make_signup(),
        contact_point=phone,
        channel=Channel.SMS,
        attempt=1,
        submitted_at=NOW,
    )


@pytest.fixture
def client() -> Client:
    # A fault is raised here; an answer of 500 would be one as well.
    return Client(enforce_csrf_checks=True)


def addresses(provider: str) -> list[str]:
    return [
        reverse(f"reminders:{provider}_inbound"),
        reverse(f"reminders:{provider}_status", args=[links.sign("receipt", PUBLIC_ID)]),
        reverse(f"reminders:{provider}_status", args=["x~y~z"]),
    ]


# -- texts -----------------------------------------------------------------------------------------------------------


def of_telnyx() -> Any:
    return override_settings(
        SMS_PROVIDER="telnyx",
        TELNYX_API_KEY=TOKEN,
        TELNYX_PUBLIC_KEY=FakeTelnyx.PUBLIC_KEY,
        TELNYX_FROM="+15185550100",
        TELNYX_API_BASE="http://127.0.0.1:9",
        SMS_TIMEOUT=0.2,
    )


def of_twilio() -> Any:
    return override_settings(
        SMS_PROVIDER="twilio", TWILIO_AUTH_TOKEN=TOKEN, TWILIO_ACCOUNT_SID="AC1", PUBLIC_BASE_URL=BASE
    )


@often
@given(body=rubbish, signature=headers, timestamp=headers, kind=types, which=st.integers(0, 2))
@example(b"{}", "AAAA", "999999999999", "application/json", 0)
def test_unsigned_call_of_telnyx_is_refused(
    client: Client, body: bytes, signature: str, timestamp: str, kind: str, which: int
) -> None:
    with of_telnyx():
        answer = client.generic(
            "POST",
            addresses("telnyx")[which],
            body,
            content_type=kind,
            headers={"Telnyx-Signature-Ed25519": signature, "Telnyx-Timestamp": timestamp},
        )
    assert answer.status_code in (400, 403)


def signed_by_telnyx(body: bytes) -> dict[str, str]:
    timestamp = str(int(NOW.timestamp()))
    signature = FakeTelnyx.KEY.sign(timestamp.encode() + b"|" + body)
    return {"Telnyx-Signature-Ed25519": base64.b64encode(signature).decode(), "Telnyx-Timestamp": timestamp}


TELNYX_TEXT = {
    "data": {
        "event_type": "message.received",
        "payload": {"id": "1", "from": {"phone_number": "+12025550143"}, "text": "STOP", "to": []},
    }
}
TELNYX_RECEIPT = {
    "data": {
        "event_type": "message.finalized",
        "payload": {
            "id": "id-1",
            "to": [{"phone_number": "+12025550143", "status": "delivery_failed"}],
            "errors": [{"code": "40001", "title": "undelivered"}],
        },
    }
}


@often
@given(
    body=rubbish | as_bytes(spoiled(TELNYX_TEXT) | spoiled(TELNYX_RECEIPT)),
    which=st.integers(0, 2),
)
def test_signed_call_of_telnyx_is_taken_whatever_it_says(
    client: Client, row: Reminder, body: bytes, which: int
) -> None:
    with of_telnyx():
        answer = client.generic(
            "POST", addresses("telnyx")[which], body, "application/json", headers=signed_by_telnyx(body)
        )
    assert answer.status_code == 200


@given(timestamp=st.text(max_size=30) | headers, signature=st.text(max_size=90) | headers, body=rubbish)
def test_telnyx_signature_is_checked_without_a_fault(timestamp: str, signature: str, body: bytes) -> None:
    with of_telnyx():
        assert not telnyx.verify(body=body, signature=signature, timestamp=timestamp, now=NOW)


@often
@given(body=rubbish, signature=headers, kind=types, which=st.integers(0, 2))
def test_unsigned_call_of_twilio_is_refused(client: Client, body: bytes, signature: str, kind: str, which: int) -> None:
    with of_twilio():
        answer = client.generic(
            "POST", addresses("twilio")[which], body, content_type=kind, headers={"X-Twilio-Signature": signature}
        )
    assert answer.status_code in (400, 403)


fields = st.sampled_from(["Body", "From", "MessageSid", "MessageStatus", "ErrorCode", "OptOutType", "é", ""])


@often
@given(
    values=st.dictionaries(fields, st.text(max_size=30) | st.sampled_from(["\x00", "9" * 5000, "+12025550143"])),
    status=st.sampled_from(["delivered", "undelivered", "sent"]),
    which=st.integers(0, 2),
)
def test_signed_call_of_twilio_is_taken_whatever_it_says(
    client: Client, row: Reminder, values: dict[str, str], status: str, which: int
) -> None:
    with of_twilio():
        path = addresses("twilio")[which]
        call = FakeTwilio()._signed(BASE + path, {"From": "+12025550143", "MessageStatus": status, **values})
        answer = client.post(path, call.values, headers=call.headers)
    assert answer.status_code == 200


# -- email -----------------------------------------------------------------------------------------------------------

POSTMARK = {
    "RecordType": "Bounce",
    "Type": "HardBounce",
    "Metadata": {"message": str(PUBLIC_ID)},
    "Email": "guest@example.org",
    "BouncedAt": "2026-11-17T12:00:00Z",
    "ID": 42,
    "Tag": "x",
    "Details": "gone",
}
BREVO = {
    "event": "hard_bounce",
    "email": "guest@example.org",
    "ts_epoch": 1794440000000,
    "message-id": "<x@example.org>",
    "X-Mailin-custom": json.dumps({"message": str(PUBLIC_ID)}),
    "tags": ["x"],
    "reason": "gone",
}
RESEND = {
    "type": "email.bounced",
    "created_at": "2026-11-17T12:00:00Z",
    "data": {
        "email_id": "x",
        "to": ["guest@example.org"],
        "headers": [{"name": "X-Metadata", "value": json.dumps({"message": str(PUBLIC_ID)})}],
        "bounce": {"message": "gone", "type": "Permanent"},
        "tags": {"x": "y"},
    },
}
MAILGUN = {
    "event": "failed",
    "severity": "permanent",
    "timestamp": 1794440000,
    "user-variables": {"message": str(PUBLIC_ID)},
    "delivery-status": {"code": 550, "bounce-type": "hard"},
    "message": {"headers": {"message-id": "x@example.org", "to": "guest@example.org"}},
    "reason": "bounce",
    "recipient": "guest@example.org",
    "tags": [],
}
BY_PASSWORD = {"postmark": POSTMARK, "brevo": BREVO, "resend": RESEND}
PASSWORD = {"Authorization": f"Basic {base64.b64encode(b'user:password').decode()}"}


def using(provider: str) -> Any:
    secret = "signing-key" if provider == "mailgun" else "user:password"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMAIL_URL", f"{provider}://their-key@example.org")
        patch.setenv("EMAIL_WEBHOOK_SECRET", secret)
        found = environment.email_server("EMAIL_URL")
    assert found is not None
    return override_settings(**found)


def to_email(client: Client, provider: str, body: bytes, headers: Mapping[str, str], kind: str = "") -> int:
    with using(provider):
        answer = client.generic("POST", EMAIL, body, content_type=kind or "application/json", headers=headers)
    return answer.status_code


def by_mailgun(event: Any) -> Any:
    signature = hmac.new(b"signing-key", b"1794440000token", hashlib.sha256).hexdigest()
    return {"signature": {"timestamp": "1794440000", "token": "token", "signature": signature}, "event-data": event}


@often
@given(
    provider=st.sampled_from(["postmark", "brevo", "resend", "mailgun"]),
    body=rubbish
    | spoiled({"signature": {"timestamp": 1, "token": "é", "signature": 2}}).map(json.dumps).map(str.encode),
    password=headers,
    kind=types,
)
@example("mailgun", b"[" * 200_000, "", "application/json")
@example("mailgun", '{"signature": {"timestamp": 1, "token": "é", "signature": ""}}'.encode(), "", "application/json")
@example("mailgun", b'{"signature": null}', "", "application/json")
def test_unsigned_receipt_of_email_is_refused(
    client: Client, provider: str, body: bytes, password: str, kind: str
) -> None:
    assert to_email(client, provider, body, {"Authorization": password}, kind) in (400, 403)


@often
@given(data=st.data(), provider=st.sampled_from([*BY_PASSWORD]))
def test_receipt_of_email_is_taken_or_refused_whatever_it_says(
    client: Client, row: Reminder, data: st.DataObject, provider: str
) -> None:
    body = data.draw(rubbish | as_bytes(spoiled(BY_PASSWORD[provider])))
    assert to_email(client, provider, body, PASSWORD) in (200, 400)


@often
@given(event=spoiled(MAILGUN))
def test_signed_receipt_of_mailgun_is_taken_or_refused_whatever_it_says(
    client: Client, row: Reminder, event: Any
) -> None:
    assert to_email(client, "mailgun", json.dumps(by_mailgun(event)).encode(), {}) in (200, 400)


@pytest.mark.parametrize(
    ("provider", "spoilt"),
    [
        ("postmark", POSTMARK | {"Metadata": None}),
        ("postmark", POSTMARK | {"Metadata": [1]}),
        ("postmark", POSTMARK | {"BouncedAt": 3}),
        ("postmark", [POSTMARK]),
        ("brevo", BREVO | {"ts_epoch": "soon"}),
        ("resend", RESEND | {"data": None}),
    ],
)
def test_receipt_that_cannot_be_read_is_one_line_of_the_log(
    client: Client, caplog: pytest.LogCaptureFixture, provider: str, spoilt: Any
) -> None:
    assert to_email(client, provider, json.dumps(spoilt).encode(), PASSWORD) == 400
    assert [record.exc_info for record in caplog.records if record.name.startswith("meetings")] == [None]


REPORT = b"""\
From: mailer-daemon@example.org
Content-Type: multipart/report; report-type=delivery-status; boundary="x"

--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Action: failed
Status: 5.1.1

--x
Content-Type: text/rfc822-headers

Message-ID: <5f3c0000-0000-4000-8000-000000000002@example.org>

--x--
"""


@st.composite
def spoiled_report(draw: Callable[[Any], Any]) -> bytes:
    lines = REPORT.split(b"\n")
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        name = lines[at].partition(b":")[0]
        value = draw(
            st.binary(max_size=40)
            | st.sampled_from(
                [
                    b"<[@]>", b"<" * 400, b"=?utf-8?q?=00?=", b"=?x?b?!!?=", b"multipart/report", b"message/rfc822",
                    b"multipart/mixed; boundary*0*=x'y'%ff", b'a@b.c, "', b"(" * 300, b"text/plain; charset=nonsense",
                    b"<@>", b"message/delivery-status; x=%", b"; ; =",
                ]
            )
        )  # fmt: skip
        lines[at] = name + b": " + value if draw(st.booleans()) else value
    return draw(st.sampled_from([b"\n", b"\r\n"])).join(lines)


@often
@given(content=spoiled_report() | st.binary(max_size=200))
@example(b"Content-Type: multipart/report; report-type=feedback-report; boundary=x\n\n" + b"--x\n" * 3)
@example(REPORT.replace(b"Message-ID: <", b"Message-ID: <[").replace(b"Action: failed", b"Action: =?utf-8?q?=ff?="))
def test_mail_that_came_back_is_read_or_left_whatever_it_says(row: Reminder, content: bytes) -> None:
    assert record_bounce(content=content, now=NOW) in (True, False)


# -- notifications ---------------------------------------------------------------------------------------------------

SUBSCRIPTION = {
    "endpoint": "https://fcm.googleapis.com/x",
    "keys": {"p256dh": "BNQ" + "A" * 84, "auth": "A" * 22},
    "expirationTime": None,
}


@often
@given(
    text=st.text(max_size=60)
    | spoiled(SUBSCRIPTION).map(json.dumps)
    | st.sampled_from(
        ["[" * 1990, '{"endpoint": "https://[", "keys": {}}', '{"endpoint": "https://x:99999/"}', "9" * 1900]
    ),
    name=st.sampled_from(["push_on", "push_off"]),
)
def test_subscription_is_taken_or_refused_whatever_it_says(text: str, name: str) -> None:
    client = Client()
    client.force_login(make_user())
    assert client.post(reverse(f"reminders:{name}"), {"subscription": text}).status_code in (204, 422)
