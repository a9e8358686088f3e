"""Providers of text messages as real HTTP servers on this machine, which can answer as badly as real ones do.

`behaviour` is for every message, `for_number[number]` for one recipient, `script` for the next messages in turn:
"accept" · "delay" (answers late) · "hang" (takes it and never answers) · "drop" (takes it and closes the connection) ·
"vanish" (closes without taking it) · "busy" (429) · "fail" (503, not taken) · "fail_after" (500, and taken) ·
"nonsense" (200 and no JSON) · "refuse:21610" (a definite no with that code) · "answer:400:[]" (that status and body,
not taken). What was taken is in `taken`, whatever was answered, as it would be at a real provider.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hmac
import json
import random
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ACCOUNT, TOKEN = "AC" + "0" * 32, "token-for-tests"


@dataclass
class Taken:
    """One message that the provider took."""

    provider_id: str
    to: str
    text: str
    status_url: str
    seconds_to_live: int | None
    values: dict[str, str]
    at: dt.datetime = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class FakeProvider:
    """What every fake has in common: how it behaves, and what it took."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.url = ""
        self.reset()

    def reset(self) -> None:
        with self.lock:
            self.taken: list[Taken] = []
            self.requests = 0
            self.behaviour = "accept"
            self.for_number: dict[str, str] = {}
            self.script: list[str] = []
            self.retry_after = "7"
            self.delay = 0.2
            self.let_go = threading.Event()
            #: What its own clock shows.
            self.clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)

    def next_behaviour(self, number: str) -> str:
        with self.lock:
            self.requests += 1
            return self.for_number.get(number) or (self.script.pop(0) if self.script else self.behaviour)

    def take(self, taken: Taken) -> None:
        with self.lock:
            taken.at = self.clock()
            self.taken.append(taken)


@dataclass(frozen=True)
class Call:
    """One call that a provider makes to us: the address, the body, and the headers that prove who calls."""

    url: str
    values: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""


def twice_and_shuffled(calls: list[Call], *, seed: int) -> list[Call]:
    """Return calls as a bad day brings them: each twice, in no order."""
    doubled = calls * 2
    random.Random(seed).shuffle(doubled)  # noqa: S311  # no secret
    return doubled


class FakeTwilio(FakeProvider):
    """Twilio's Messages resource, with its own shapes and error codes."""

    def reset(self) -> None:
        super().reset()
        #: What was asked for in look-ups: the paths with their queries.
        self.lookups: list[str] = []
        #: How many seconds an answer to one takes.
        self.lookup_delay = 0.0
        #: It never puts more than this on a page of a look-up, whatever it is asked for.
        self.page_length = 1000
        #: What the records of a look-up say otherwise, and where a page says that the next one is.
        self.in_records: dict[str, object] = {}
        self.in_pages: dict[str, object] = {}

    def receipts(self, taken: Taken, *statuses: str, code: str = "") -> list[Call]:
        """Return the calls to a message's own address, signed."""
        return [self._signed(taken.status_url, self._status(taken, status, code)) for status in statuses]

    def inbound(self, url: str, *, sender: str, text: str, sid: str = "", **more: str) -> Call:
        """Return the call that brings a text from `sender`."""
        values = {
            "MessageSid": sid or f"SM{uuid.uuid4().hex}",
            "AccountSid": ACCOUNT,
            "From": sender,
            "To": "+15185550100",
            "Body": text,
            "NumMedia": "0",
            **more,
        }
        return self._signed(url, values)

    def _status(self, taken: Taken, status: str, code: str) -> dict[str, str]:
        values = {"MessageSid": taken.provider_id, "MessageStatus": status, "To": taken.to, "AccountSid": ACCOUNT}
        return {**values, **({"ErrorCode": code} if code and status in ("undelivered", "failed") else {})}

    def _signed(self, url: str, values: dict[str, str]) -> Call:
        """Sign as https://www.twilio.com/docs/usage/security says, each name being given once."""
        text = url + "".join(f"{name}{values[name]}" for name in sorted(values))
        signature = base64.b64encode(hmac.new(TOKEN.encode(), text.encode(), "sha1").digest()).decode()
        return Call(url, values, {"X-Twilio-Signature": signature})


class _Handler(BaseHTTPRequestHandler):
    fake: ClassVar[FakeProvider]
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status: int, content: object, **headers: str) -> None:
        body = json.dumps(content).encode() if not isinstance(content, bytes) else content
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def go_away(self) -> None:
        self.close_connection = True
        self.connection.close()

    def misbehave(self, behaviour: str, take: Callable[[], None], refuse: Callable[[str], None]) -> bool:
        """Do what is told other than accepting. Returns False for "accept" and "delay", which are answered well."""
        if behaviour in ("hang", "drop", "fail_after", "nonsense", "delay", "accept"):
            take()
        if behaviour == "delay":
            time.sleep(self.fake.delay)
        if behaviour in ("accept", "delay"):
            return False
        if behaviour == "hang":
            self.fake.let_go.wait(60)
            self.go_away()
        elif behaviour in ("drop", "vanish"):
            self.go_away()
        elif behaviour == "busy":
            self.answer(429, self.error_of("busy"), Retry_After=self.fake.retry_after)
        elif behaviour in ("fail", "fail_after"):
            self.answer(503 if behaviour == "fail" else 500, self.error_of("fail"))
        elif behaviour == "nonsense":
            self.answer(200, b"<html>hello</html>")
        elif behaviour.startswith("answer:"):
            _answer, status, body = behaviour.split(":", 2)
            self.answer(int(status), body.encode())
        else:
            refuse(behaviour.partition(":")[2])
        return True

    def error_of(self, kind: str) -> object:
        return {"status": kind}


class _TwilioHandler(_Handler):
    fake: FakeTwilio  # type: ignore[misc]  # set for each server

    def is_known(self) -> bool:
        expected = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if self.headers.get("Authorization") == f"Basic {expected}":
            return True
        self.answer(401, {"code": 20003, "message": "Authenticate", "status": 401})
        return False

    def do_POST(self) -> None:
        values = {name: given[0] for name, given in parse_qs(self.body().decode()).items()}
        if not self.is_known():
            return
        assert self.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", self.path
        life = values.get("ValidityPeriod")
        taken = Taken(
            provider_id=f"SM{uuid.uuid4().hex}",
            to=values["To"],
            text=values["Body"],
            status_url=values.get("StatusCallback", ""),
            seconds_to_live=int(life) if life else None,
            values=values,
        )
        if not self.misbehave(self.fake.next_behaviour(taken.to), lambda: self.fake.take(taken), self._refuse):
            self.answer(201, _message(taken, "queued"))

    def do_GET(self) -> None:
        if not self.is_known():
            return
        if self.fake.behaviour == "fail":
            self.answer(503, self.error_of("fail"))
            return
        self.fake.lookups.append(self.path)
        self.fake.let_go.wait(self.fake.lookup_delay)
        target = urlsplit(self.path)
        query = {name: given[0] for name, given in parse_qs(target.query).items()}
        since = query.get("DateSent>", "")
        with self.fake.lock:
            found = [
                _message(each, "sent") | self.fake.in_records
                for each in self.fake.taken
                if each.to == query.get("To", each.to) and each.at.strftime("%Y-%m-%dT%H:%M:%SZ") >= since
            ]
        page, length = int(query.get("Page", 0)), min(int(query.get("PageSize", 50)), self.fake.page_length)
        following = urlencode({**query, "Page": page + 1, "PageToken": f"PA{page}"})
        content = {
            "messages": found[page * length : (page + 1) * length],
            "page": page,
            "page_size": length,
            "next_page_uri": f"{target.path}?{following}" if found[(page + 1) * length :] else None,
            "uri": self.path,
        }
        self.answer(200, content | self.fake.in_pages)

    def _refuse(self, code: str) -> None:
        status = 401 if code == "20003" else 429 if code == "20429" else 400
        message = f"The 'To' number {self.path} is not a valid phone number."
        self.answer(status, {"code": int(code), "message": message, "more_info": "", "status": status})

    def error_of(self, kind: str) -> object:
        code, status = (20429, 429) if kind == "busy" else (20500, 503)
        return {"code": code, "message": "Too Many Requests", "status": status}


def _message(taken: Taken, status: str) -> dict[str, object]:
    return {
        "sid": taken.provider_id,
        "to": taken.to,
        "from": taken.values.get("From"),
        "body": taken.text,
        "status": status,
        "direction": "outbound-api",
        "error_code": None,
        "num_segments": "1",
        "date_created": format_datetime(taken.at),
        "date_sent": format_datetime(taken.at),
        "date_updated": format_datetime(taken.at),
    }


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing where a caller went away in the middle: they are killed on purpose."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def _served(fake: FakeProvider, handler: type[_Handler]) -> Iterator[None]:
    own = type(handler.__name__, (handler,), {"fake": fake})
    with _Server(("127.0.0.1", 0), own) as server:
        server.daemon_threads = True
        fake.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            fake.let_go.set()
            server.shutdown()
            thread.join()


class FakeTelnyx(FakeProvider):
    """Telnyx's messages, with its own shapes, error codes and signatures."""

    KEY: ClassVar = Ed25519PrivateKey.from_private_bytes(b"telnyx-key-for-tests-32-octets-x")
    PUBLIC_KEY: ClassVar = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()

    def receipts(self, taken: Taken, *statuses: str, code: str = "") -> list[Call]:
        """Return the calls to a message's own address, signed."""
        return [
            self._signed(
                taken.status_url,
                "message.finalized",
                {
                    "id": taken.provider_id,
                    "to": [{"phone_number": taken.to, "status": status}],
                    "errors": [{"code": code, "title": "undelivered"}] if code else [],
                },
            )
            for status in statuses
        ]

    def inbound(self, url: str, *, sender: str, text: str, sid: str = "") -> Call:
        """Return the call that brings a text from `sender`."""
        payload = {"id": sid or str(uuid.uuid4()), "from": {"phone_number": sender}, "text": text, "to": []}
        return self._signed(url, "message.received", payload)

    def _signed(self, url: str, event: str, payload: dict[str, Any]) -> Call:
        body = json.dumps({"data": {"event_type": event, "payload": payload}}).encode()
        timestamp = str(int(self.clock().timestamp()))
        signature = base64.b64encode(self.KEY.sign(timestamp.encode() + b"|" + body)).decode()
        return Call(url, {}, {"Telnyx-Signature-Ed25519": signature, "Telnyx-Timestamp": timestamp}, body)


class _TelnyxHandler(_Handler):
    fake: FakeTelnyx  # type: ignore[misc]  # set for each server

    def do_POST(self) -> None:
        content = json.loads(self.body())
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.answer(401, {"errors": [{"code": "10009", "title": "Authentication failed"}]})
            return
        assert self.path == "/v2/messages", self.path
        taken = Taken(
            provider_id=str(uuid.uuid4()),
            to=content["to"],
            text=content["text"],
            status_url=content.get("webhook_url", ""),
            seconds_to_live=None,
            values=content,
        )
        if not self.misbehave(self.fake.next_behaviour(taken.to), lambda: self.fake.take(taken), self._refuse):
            self.answer(200, {"data": {"id": taken.provider_id, "to": [{"status": "queued"}], "parts": 1}})

    def _refuse(self, code: str) -> None:
        self.answer(400, {"errors": [{"code": code, "title": "Refused", "detail": "+12025550143 is not"}]})

    def error_of(self, kind: str) -> object:
        return {"errors": [{"code": "10011" if kind == "busy" else "10007", "title": kind}]}


@contextlib.contextmanager
def telnyx_server() -> Iterator[FakeTelnyx]:
    """Run a Telnyx of our own; yield it."""
    fake = FakeTelnyx()
    with _served(fake, _TelnyxHandler):
        yield fake


@contextlib.contextmanager
def twilio_server() -> Iterator[FakeTwilio]:
    """Run a Twilio of our own; yield it."""
    fake = FakeTwilio()
    with _served(fake, _TwilioHandler):
        yield fake
