"""The site as its web server speaks to it: a few threads make the pages, and nobody slow holds one of them.

A request is given to a thread once it is whole, and its answer leaves without one. So a client that keeps its body or
its reading back costs a socket and what it has sent, and that for BODY_TIMEOUT seconds at most.
"""

from __future__ import annotations

import asyncio
import io
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication, WSGIEnvironment

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.conf import settings

from support.http import HOLD_UNTIL
from support.wsgi import application as site

#: Seconds in which a body has to be here, from first to last. Forms are small: a phone with one bar needs a few.
BODY_TIMEOUT = 20.0
#: A body of up to so many octets is always taken; what is above it shares BODIES_LIMIT with all others of the process.
SMALL_BODY = 16 * 1024
BODIES_LIMIT = 16 * 1024 * 1024
#: What has a thread of its own: cheap, and needed while a crowd is waiting for pages.
NEVER_QUEUED = ("/crisis/", "/healthz", "/static/")


#: More than so many whole requests at once are turned away: connections are limited, but a sender need not keep one.
MOST_WAITING = 1000


class Refused(Exception):
    """The request is not taken, for the reason in `status`."""

    def __init__(self, status: HTTPStatus) -> None:
        self.status = status


class Gone(Exception):
    """Nobody waits for the answer any more."""


@dataclass
class Answer:
    """What a WSGI application answers, whole."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    #: The moment of time.monotonic() before which it may not leave.
    hold_until: float = 0.0


class Application:
    """An ASGI application (https://asgi.readthedocs.io) that answers with a WSGI application (PEP 3333)."""

    def __init__(self, wsgi: WSGIApplication, *, threads: int, body_limit: int) -> None:
        self.wsgi = wsgi
        self.body_limit = body_limit
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="pages")
        self.own_thread = ThreadPoolExecutor(1, thread_name_prefix="never-queued")
        #: Octets above SMALL_BODY that are held for requests that are not whole yet.
        self.held = 0
        #: Requests that are whole and not answered yet, those included whose clients are gone.
        self.waiting = 0

    async def __call__(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        try:
            body = await self.whole_body(scope, receive)
        except Refused as refusal:
            # What it goes on sending is not read: the connection has to end.
            await leave(send, plain(refusal.status, close=True))
            return
        except Gone:
            return
        threads = self.own_thread if scope["path"].startswith(NEVER_QUEUED) else self.threads
        if threads is self.threads and self.waiting >= MOST_WAITING:
            await leave(send, plain(HTTPStatus.SERVICE_UNAVAILABLE, close=True))
            return
        # What comes after the body is that the client is gone. A page that nobody waits for any more is not made; what
        # was sent is done, though its sender pressed Leave at once, or is a program that does not wait.
        left = asyncio.ensure_future(receive())
        is_of_no_use: Callable[[], bool] = left.done if scope["method"] in ("GET", "HEAD") else never
        self.waiting += 1
        try:
            asked = environ(scope, body)
            answer = await asyncio.get_running_loop().run_in_executor(threads, run, self.wsgi, asked, is_of_no_use)
            await asyncio.sleep(answer.hold_until - time.monotonic())
        except Gone:
            return
        finally:
            self.waiting -= 1
            left.cancel()
        await leave(send, answer)

    async def whole_body(self, scope: HTTPScope, receive: ASGIReceiveCallable) -> bytes:
        """Return the body. Raises Refused where it is too large, too slow, or one too many; Gone where it ends."""
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self.body_limit:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = bytearray()
        held = 0
        try:
            async with asyncio.timeout(BODY_TIMEOUT):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        raise Gone
                    body += message["body"]
                    if len(body) > self.body_limit:
                        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                    more = max(0, len(body) - SMALL_BODY) - held
                    held, self.held = held + more, self.held + more
                    if not message["more_body"]:
                        return bytes(body)
                    if more and self.held > BODIES_LIMIT:
                        raise Refused(HTTPStatus.SERVICE_UNAVAILABLE)
        except TimeoutError as error:
            raise Refused(HTTPStatus.REQUEST_TIMEOUT) from error
        finally:
            self.held -= held


def environ(scope: HTTPScope, body: bytes) -> WSGIEnvironment:
    """Return the request as PEP 3333 has it.

    Headers whose names have an underscore are left out, as nginx does: X_Forwarded_For would be the same here as
    X-Forwarded-For, which a proxy sets.
    """
    headers = defaultdict(list)
    for name, value in scope["headers"]:
        if b"_" not in name:
            headers[name.decode("latin-1").upper().replace("-", "_")].append(value.decode("latin-1"))
    host, port = scope["server"] or ("localhost", None)
    found: WSGIEnvironment = {
        f"HTTP_{name}": ("; " if name == "COOKIE" else ",").join(values) for name, values in headers.items()
    }
    found |= {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "CONTENT_TYPE": found.pop("HTTP_CONTENT_TYPE", ""),
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    found.pop("HTTP_CONTENT_LENGTH", None)
    return found


def never() -> bool:
    return False


def run(wsgi: WSGIApplication, environ: WSGIEnvironment, is_of_no_use: Callable[[], bool]) -> Answer:
    """Return what the application answers to a request. Raises Gone where that is of no use to anybody any more."""
    if is_of_no_use():
        raise Gone
    answer = Answer(status=0, headers=[], body=b"")

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> Callable[..., object]:
        answer.status, answer.headers = int(status.split(" ", 1)[0]), headers
        return io.BytesIO().write  # nothing of ours writes: PEP 3333 has it for old frameworks

    def hold_until(moment: float) -> None:
        answer.hold_until = moment

    environ[HOLD_UNTIL] = hold_until
    parts = wsgi(environ, start_response)
    try:
        answer.body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    return answer


def plain(status: HTTPStatus, *, close: bool) -> Answer:
    """Return the words for a status and nothing else; with `close` the connection ends after it."""
    body = f"{status.value} {status.phrase}\n".encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    return Answer(status, [*headers, *([("Connection", "close")] if close else [])], body)


async def leave(send: ASGISendCallable, answer: Answer) -> None:
    headers = [(name.lower().encode("latin-1"), value.strip().encode("latin-1")) for name, value in answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


application = Application(site, threads=settings.WEB_THREADS, body_limit=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
