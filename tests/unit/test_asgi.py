"""Between the web server and the site: a request is given on whole, and an answer leaves without a thread."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from django.test import Client

from support import asgi
from support.http import HOLD_UNTIL

LIMIT = 100_000


def scope(*headers: tuple[str, str], path: str = "/", method: str = "GET") -> dict[str, Any]:
    return {
        "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "path": path,
        "raw_path": path.encode(), "query_string": b"a=%C3%A9", "client": ("192.0.2.7", 4000),
        "server": ("127.0.0.1", 8000), "headers": [(name.encode(), value.encode()) for name, value in headers],
    }  # fmt: skip


class Visitor:
    """One request: sends the parts of a body, then waits for ever (`holds_on`) or is done; keeps the answer."""

    def __init__(self, *parts: bytes, holds_on: bool = False, leaves: bool = False) -> None:
        self.parts = list(parts) or [b""]
        self.holds_on, self.leaves = holds_on, leaves
        self.leaves_once_read = self.has_left = False
        self.told: list[Any] = []

    async def receive(self) -> dict[str, Any]:
        if self.parts:
            is_last = len(self.parts) == 1 and not self.holds_on and not self.leaves
            return {"type": "http.request", "body": self.parts.pop(0), "more_body": not is_last}
        if self.leaves or self.leaves_once_read:
            self.has_left = True
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(self, message: Any) -> None:
        self.told.append(message)

    @property
    def status(self) -> int | None:
        return int(self.told[0]["status"]) if self.told else None


class Echo:
    """A WSGI application that keeps what it was asked and answers with the body."""

    def __init__(self) -> None:
        self.asked: list[WSGIEnvironment] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.asked.append(environ)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", " a=b"), ("Set-Cookie", "c=d")])
        return [environ["wsgi.input"].read(), b"."]


def application(site: Any, *, threads: int = 1) -> Any:
    return asgi.Application(site, threads=threads, body_limit=LIMIT)


def ask(site: Any, visitor: Visitor, **request: Any) -> None:
    async def asked() -> None:
        await application(site)(request.get("scope") or scope(method="POST"), visitor.receive, visitor.send)

    asyncio.run(asked())


def test_request_is_given_on_as_pep_3333_has_it() -> None:
    site, visitor = Echo(), Visitor(b"on", b"e")
    headers = [
        ("host", "meetings.example.org"), ("content-type", "text/plain"), ("content-length", "3"),
        ("cookie", "a=1"), ("cookie", "b=2"), ("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "192.0.2.2"),
    ]  # fmt: skip
    ask(site, visitor, scope=scope(*headers, path="/a%2Fb%C3%A9/", method="POST"))
    (asked,) = site.asked
    assert {name: asked[name] for name in asked if not name.startswith(("wsgi.", "homegroup."))} == {
        "REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": "/a/bÃ©/", "QUERY_STRING": "a=%C3%A9",
        "CONTENT_TYPE": "text/plain", "CONTENT_LENGTH": "3", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "192.0.2.7", "HTTP_HOST": "meetings.example.org",
        "HTTP_COOKIE": "a=1; b=2", "HTTP_X_FORWARDED_FOR": "192.0.2.1,192.0.2.2",
    }  # fmt: skip
    start, body = visitor.told
    assert (start["status"], body["body"], body["more_body"]) == (200, b"one.", False)
    assert start["headers"] == [(b"content-type", b"text/plain"), (b"set-cookie", b"a=b"), (b"set-cookie", b"c=d")]


@pytest.mark.parametrize("name", ["x_forwarded_for", "x-forwarded_for", "x_forwarded-for"])
def test_header_with_an_underscore_is_not_the_one_with_a_dash(name: str) -> None:
    site = Echo()
    ask(site, Visitor(), scope=scope((name, "192.0.2.99"), ("x-forwarded-for", "192.0.2.7")))
    assert site.asked[0]["HTTP_X_FORWARDED_FOR"] == "192.0.2.7"
    ask(site, Visitor(), scope=scope((name, "192.0.2.99")))
    assert "HTTP_X_FORWARDED_FOR" not in site.asked[1]


def test_who_holds_a_body_back_holds_no_thread() -> None:
    """One thread, and far more slow bodies than that: the page is made while they go on waiting."""
    held, visitor, site = [Visitor(b"a", holds_on=True) for _n in range(40)], Visitor(), Echo()

    async def asked() -> list[int | None]:
        served = application(site)
        waiting = [asyncio.create_task(served(scope(), each.receive, each.send)) for each in held]
        await asyncio.sleep(0)
        await served(scope(), visitor.receive, visitor.send)
        found = [each.status for each in held]
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return found

    assert asyncio.run(asked()) == [None] * len(held)
    assert (visitor.status, len(site.asked)) == (200, 1)


@pytest.mark.parametrize(
    ("visitor", "headers", "status"),
    [
        (Visitor(b"a" * LIMIT), [], 200),
        (Visitor(b"a" * LIMIT, b"a"), [], 413),
        (Visitor(), [("content-length", str(LIMIT + 1))], 413),
        (Visitor(b"a", holds_on=True), [], 408),
        (Visitor(b"a", leaves=True), [], None),
    ],
)
def test_what_is_too_large_or_too_slow_is_refused_and_the_connection_ended(
    monkeypatch: pytest.MonkeyPatch, visitor: Visitor, headers: list[tuple[str, str]], status: int | None
) -> None:
    monkeypatch.setattr(asgi, "BODY_TIMEOUT", 0.1)
    site = Echo()
    ask(site, visitor, scope=scope(*headers, method="POST"))
    assert visitor.status == status
    assert len(site.asked) == (1 if status == 200 else 0)
    if status in (408, 413):
        assert (b"connection", b"close") in visitor.told[0]["headers"]


def test_large_bodies_share_what_memory_there_is_and_small_ones_always_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "BODIES_LIMIT", 50_000)
    large, larger = (Visitor(b"a" * (asgi.SMALL_BODY + 40_000), holds_on=True) for _n in range(2))
    small, site = Visitor(b"a" * asgi.SMALL_BODY), Echo()

    async def asked() -> list[int]:
        served = application(site)
        waiting = asyncio.create_task(served(scope(), large.receive, large.send))
        await asyncio.sleep(0)
        await served(scope(), larger.receive, larger.send)
        await served(scope(), small.receive, small.send)
        held = [served.held]
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return [*held, served.held]

    assert asyncio.run(asked()) == [40_000, 0]
    assert (large.status, larger.status, small.status) == (None, 503, 200)


def test_answer_is_held_back_without_the_thread_that_made_it() -> None:
    """The one thread is free for the next page while an answer waits for an event that comes after that page."""
    threads: list[threading.Thread] = []

    def site(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        threads.append(threading.current_thread())
        if environ["PATH_INFO"] == "/paced/":
            environ[HOLD_UNTIL](time.monotonic() + 3600)
        start_response("200 OK", [])
        return []

    paced, other = Visitor(), Visitor()

    async def asked() -> None:
        served = application(site)
        waiting = asyncio.create_task(served(scope(path="/paced/"), paced.receive, paced.send))
        while not threads:
            await asyncio.sleep(0)
        await served(scope(), other.receive, other.send)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(asked())
    assert (paced.status, other.status) == (None, 200)
    assert threads[0] is threads[1]
    assert threads[0] is not threading.current_thread()


def slow_site(free: threading.Event, asked: list[str]) -> WSGIApplication:
    """A WSGI application that notes what it is asked, and answers once `free` is set."""

    def site(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asked.append(environ["PATH_INFO"])
        free.wait(60)
        start_response("200 OK", [])
        return []

    return site


def test_page_that_nobody_waits_for_any_more_is_not_made() -> None:
    """Whoever loads a slow page again and again does not queue up behind themselves."""
    free, asked = threading.Event(), list[str]()
    site = slow_site(free, asked)

    first, again, last = Visitor(), Visitor(), Visitor()
    again.leaves_once_read = True

    async def queue_up() -> None:
        served = application(site)
        requests = [
            asyncio.create_task(served(scope(path=path), each.receive, each.send))
            for path, each in (("/1/", first), ("/2/", again), ("/3/", last))
        ]
        while not asked or not again.has_left:
            await asyncio.sleep(0)
        free.set()
        await asyncio.gather(*requests)

    asyncio.run(queue_up())
    assert (asked, first.status, again.status, last.status) == (["/1/", "/3/"], 200, None, 200)


def test_what_was_sent_is_done_though_its_sender_has_left() -> None:
    """Somebody who gives a place back and presses Leave; a provider that brings a STOP and does not wait."""
    free, asked = threading.Event(), list[str]()
    site = slow_site(free, asked)

    first, sender = Visitor(), Visitor()
    sender.leaves_once_read = True

    async def queue_up() -> None:
        served = application(site)
        page = asyncio.create_task(served(scope(path="/1/"), first.receive, first.send))
        sent = asyncio.create_task(served(scope(path="/2/", method="POST"), sender.receive, sender.send))
        while not asked or not sender.has_left:
            await asyncio.sleep(0)
        free.set()
        await asyncio.gather(page, sent)

    asyncio.run(queue_up())
    assert asked == ["/1/", "/2/"]


def test_more_than_can_be_answered_are_turned_away_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "MOST_WAITING", 3)
    free = threading.Event()
    site = slow_site(free, [])
    visitors = [Visitor() for _n in range(4)]

    async def queue_up() -> None:
        served = application(site)
        requests = [asyncio.create_task(served(scope(method="POST"), each.receive, each.send)) for each in visitors]
        while not visitors[3].told:
            await asyncio.sleep(0)
        free.set()
        await asyncio.gather(*requests)

    asyncio.run(queue_up())
    assert [each.status for each in visitors] == [200, 200, 200, 503]


def test_help_is_not_queued_behind_a_crowd() -> None:
    free = threading.Event()

    def site(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/meetings/":
            free.wait(60)
        start_response("200 OK", [])
        return []

    crowd, in_need = [Visitor() for _n in range(40)], [Visitor() for _path in asgi.NEVER_QUEUED]

    async def asked() -> list[int | None]:
        served = application(site)
        waiting = [asyncio.create_task(served(scope(path="/meetings/"), each.receive, each.send)) for each in crowd]
        await asyncio.sleep(0)
        for path, each in zip(asgi.NEVER_QUEUED, in_need, strict=True):
            await served(scope(path=path), each.receive, each.send)
        found = [each.status for each in crowd]
        free.set()
        await asyncio.gather(*waiting)
        return found

    assert asyncio.run(asked()) == [None] * len(crowd)
    assert [each.status for each in (*in_need, *crowd)] == [200] * (len(in_need) + len(crowd))


@pytest.mark.django_db
@pytest.mark.parametrize("path", asgi.NEVER_QUEUED)
def test_what_is_never_queued_is_there(client: Client, path: str) -> None:
    answer = client.get(path if path != "/static/" else "/static/vendor/htmx.min.js")
    answer.close()
    assert answer.status_code == 200


def test_what_a_view_opened_is_closed_in_its_thread() -> None:
    class Parts(list[bytes]):
        closed_in: threading.Thread | None = None

        def close(self) -> None:
            self.closed_in = threading.current_thread()

    parts = Parts([b"a"])
    made_in: list[threading.Thread] = []

    def site(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        made_in.append(threading.current_thread())
        start_response("200 OK", [])
        return parts

    ask(site, Visitor())
    assert [parts.closed_in] == made_in
