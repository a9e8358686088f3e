"""The web server as strangers meet it without a proxy: what they hold back costs their connection and nobody's page."""

from __future__ import annotations

import contextlib
import select
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.worker.test_server import Site

pytestmark = [pytest.mark.worker, pytest.mark.site]

#: As many connections as one computer opens without trying.
MANY = 40
#: Seconds; in no assertion about time: what does not answer at all fails.
PATIENCE = 120
PAGES = ["/healthz", "/crisis/", "/", "/meetings/?near=Albany", "/static/vendor/htmx.min.js"]

FORM = "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
#: With a token, without which Django refuses a form before it reads it; and where no token is asked for.
BODIES_HELD_BACK = {
    "sign-in": FORM.format(path="/accounts/login/") + f"Cookie: csrftoken={'a' * 32}\r\nContent-Length: 1000\r\n\r\na",
    "one-click": FORM.format(path="/unsubscribe/x/") + "Content-Length: 1000\r\n\r\na",
    "chunked": FORM.format(path="/unsubscribe/x/") + "Transfer-Encoding: chunked\r\n\r\n5\r\na",
}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """A site of two web processes of two threads, with fewer of each than there are slow clients."""
    with tempfile.TemporaryDirectory(prefix="hg-slow-", dir="/tmp") as folder:
        settings = {"WEB_WORKERS": "2", "WEB_THREADS": "2"}
        running = Site(Path(folder) / "data", Path(folder) / "log", "--port", "0", **settings)
        yield running
        running.process.terminate()
        running.process.wait(PATIENCE)


@pytest.fixture
def connect(site: Site) -> Iterator[Callable[[str], socket.socket]]:
    """Open a connection to the site and send what is given; all are closed at the end."""
    with contextlib.ExitStack() as stack:

        def connected(sent: str) -> socket.socket:
            port = urlsplit(site.address).port
            opened = stack.enter_context(socket.create_connection(("localhost", port), timeout=PATIENCE))
            opened.sendall(sent.encode("latin-1"))
            return opened

        yield connected


def statuses(site: Site, paths: list[str]) -> list[int]:
    found = []
    for path in paths:
        connection = HTTPConnection(urlsplit(site.address).netloc, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            found.append(answer.status)
    return found


def ended(held: list[socket.socket]) -> list[socket.socket]:
    """Return those that the site has answered or closed by now."""
    return select.select(held, [], [], 0)[0]


def last_words(held: list[socket.socket], *, goes_on: bytes) -> set[bytes]:
    """Return the first lines of what each is told until its end, while it sends a little more each second."""
    told: dict[socket.socket, bytes] = dict.fromkeys(held, b"")
    running = set(held)
    deadline = time.monotonic() + PATIENCE
    while running:
        assert time.monotonic() < deadline, f"{len(running)} connections are still open"
        for each in select.select(running, [], [], 1.0)[0]:
            with contextlib.suppress(ConnectionError):
                if received := each.recv(65536):
                    told[each] += received
                    continue
            running.remove(each)
        for each in running:
            with contextlib.suppress(ConnectionError):
                each.sendall(goes_on)
    return {words.split(b"\r\n", 1)[0] for words in told.values()}


@pytest.mark.parametrize("kind", BODIES_HELD_BACK)
def test_bodies_held_back_keep_nobody_waiting_and_are_given_up(
    site: Site, connect: Callable[[str], socket.socket], kind: str
) -> None:
    held = [connect(BODIES_HELD_BACK[kind]) for _n in range(MANY)]
    assert statuses(site, PAGES) == [200] * len(PAGES)
    assert ended(held) == []
    # One octet now and then does not help: the whole body has its time. In chunks it is the size of one.
    assert last_words(held, goes_on=b"a" if kind != "chunked" else b"") == {b"HTTP/1.1 408 Request Timeout"}
    assert statuses(site, PAGES) == [200] * len(PAGES)


def test_headers_held_back_keep_nobody_waiting_and_are_given_up(
    site: Site, connect: Callable[[str], socket.socket]
) -> None:
    held = [connect(begun) for begun in ("", "G", "GET / HTTP/1.1\r\nHost: localhost\r\nX: ") for _n in range(MANY)]
    assert statuses(site, PAGES) == [200] * len(PAGES)
    assert ended(held) == []
    assert last_words(held, goes_on=b"a") <= {b"", b"HTTP/1.1 400 Bad Request", b"HTTP/1.1 408 Request Timeout"}


def test_answers_that_nobody_reads_keep_nobody_waiting(site: Site) -> None:
    address = urlsplit(site.address)
    with contextlib.ExitStack() as stack:
        for _n in range(MANY):
            slow = stack.enter_context(socket.socket())
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # the least there is
            slow.connect(("127.0.0.1", address.port))
            # More than the buffers of both sides hold.
            slow.sendall(b"GET /static/vendor/htmx.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 20)
        assert statuses(site, PAGES) == [200] * len(PAGES)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Content-Length: 1048577\r\n\r\n", ""),
        ("Transfer-Encoding: chunked\r\n\r\n", f"{1048577:x}\r\n{'a' * 1048577}"),
    ],
)
def test_body_that_is_too_large_is_not_taken(connect: Callable[[str], socket.socket], headers: str, body: str) -> None:
    sending = connect(FORM.format(path="/unsubscribe/x/") + headers + body)
    assert last_words([sending], goes_on=b"") == {b"HTTP/1.1 413 Payload Too Large"}


def test_request_that_cannot_be_read_is_refused_without_a_word_in_the_log(
    site: Site, connect: Callable[[str], socket.socket]
) -> None:
    for given in ("charset*=foo''%41", "charset*=utf-8''%00", "charset*0*=x''%ff; charset*1*=%41"):
        asked = connect(
            "POST /unsubscribe/x/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1\r\n"
            f"Content-Type: multipart/form-data; {given}\r\n\r\na"
        )
        assert last_words([asked], goes_on=b"") == {b"HTTP/1.1 400 Bad Request"}, given
    assert "Traceback" not in site.said


def test_development_pages_are_for_a_browser_on_this_machine(
    site: Site, connect: Callable[[str], socket.socket]
) -> None:
    ask = "GET {path} HTTP/{version}\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n"
    # What a proxy on this machine sends of somebody elsewhere: with TLS before it, by its name, and as nginx by itself.
    passed_on = [
        ask.format(path="{path}", version="1.1", host="localhost:8000", more=more)
        for more in (
            "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n",
            "Via: 1.1 Caddy\r\n",
            "X-Real-IP: 203.0.113.7\r\n",
        )
    ] + [ask.format(path="{path}", version="1.0", host="localhost:8000", more="")]
    for path in ("/dev/outbox/", "/styleguide/"):
        own = connect(ask.format(path=path, version="1.1", host="localhost:8000", more=""))
        assert last_words([own], goes_on=b"") == {b"HTTP/1.1 200 OK"}
        others = [connect(each.format(path=path)) for each in passed_on]
        assert {words[9:] for words in last_words(others, goes_on=b"")} == {b"404 Not Found"}


@pytest.mark.parametrize(
    "others",
    [{"PUBLIC_BASE_URL": "http://meetings.example.org"}, {"HOST": "0.0.0.0"}],  # noqa: S104
)
def test_development_where_others_can_come_is_off_and_switched_on_is_one_line(
    tmp_path: Path, others: dict[str, str]
) -> None:
    refused = Site(tmp_path / "refused", tmp_path / "log", "--port", "0", DEVELOPMENT="1", **others)
    assert refused.process.wait(PATIENCE) == 1
    assert refused.verdict == (
        "script/server: DEVELOPMENT is on, with every message at /dev/outbox/, and PUBLIC_BASE_URL or HOST lets others "
        "in. Unset DEVELOPMENT; without EMAIL_URL messages are files in the data folder's outbox/. (homegroup.E003)\n"
    )
    taken = Site(tmp_path / "taken", tmp_path / "log", "--port", "0", **others)
    try:
        taken.until(rf"messages are not sent but kept in {tmp_path}/taken/outbox, ")
        port = int(taken.until(r"(?:listening on [0-9.]+|localhost):(\d+)").group(1))
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", "/dev/outbox/", headers={"Host": "localhost:8000"})
            assert connection.getresponse().status == 404
    finally:
        taken.process.terminate()
        taken.process.wait(PATIENCE)


def test_headers_spelled_with_underscores_are_not_a_proxys(tmp_path: Path) -> None:
    site = Site(
        tmp_path / "site", tmp_path / "log", "--port", "0", PUBLIC_BASE_URL="https://localhost", TRUST_PROXY="1"
    )
    port = int(site.until(r"listening on 127\.0\.0\.1:(\d+) ").group(1))
    told = []
    for name in ("X-Forwarded-Proto", "X_Forwarded_Proto", "X-Forwarded_Proto"):
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", "/crisis/", headers={"Host": "localhost", name: "https"})
            told.append(connection.getresponse().status)
    site.process.terminate()
    site.process.wait(PATIENCE)
    assert told == [200, 301, 301]


def test_site_stops_by_itself_while_clients_hold_it(tmp_path: Path) -> None:
    site = Site(tmp_path / "site", tmp_path / "log", "--port", "0")
    port = urlsplit(site.address).port
    with contextlib.ExitStack() as stack:
        for kind in (BODIES_HELD_BACK["sign-in"], "GET / HT"):
            for _n in range(MANY):
                held = stack.enter_context(socket.create_connection(("localhost", port), timeout=PATIENCE))
                held.sendall(kind.encode())
        site.process.terminate()
        assert site.process.wait(PATIENCE) == 0
    assert "did not end by itself" not in site.said
