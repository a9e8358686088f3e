"""The whole way through the house, for real: script/server's processes, a browser, and messages as they arrive.

A list comes in, a guest finds a meeting, signs up and confirms; the worker is killed; the facilitator moves the date;
one message says so, and the reminder comes at the new time.
"""

from __future__ import annotations

import datetime as dt
import email
import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from email import policy
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.helpers.environment import bare_environment
from tests.helpers.words import OF_PLACES
from tests.helpers.zones import midday_zone

pytestmark = [pytest.mark.browser, pytest.mark.worker, pytest.mark.timeout(400)]

ROOT = Path(__file__).parents[2]
GUEST = "whole.way@example.org"
FACILITATOR = "runs.it@example.org"


class Site:
    """A running site, and what it has written to its outbox."""

    def __init__(self, data: Path) -> None:
        self.data = data
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://localhost:{self.port}"
        self.env = bare_environment() | {"DATA_DIR": str(data), "PORT": str(self.port)}
        self.log = (data.parent / "server.log").open("wb")
        command = [sys.executable, "-m", "support.supervisor", "--port", str(self.port), "--data", str(data), "--empty"]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=self.log, stderr=self.log)

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.address}/healthz", timeout=2) as answer:  # noqa: S310  # loopback
                    assert json.load(answer)["status"] == "ok"
                    return
            except OSError:
                time.sleep(0.3)
        raise AssertionError((self.data.parent / "server.log").read_text()[-3000:])

    def manage(self, *arguments: str) -> str:
        command = ["script/manage", "--data", str(self.data), *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.env, check=True, capture_output=True, text=True).stdout

    def messages(self, to: str) -> list[EmailMessage]:
        files = sorted((self.data / "outbox").glob("*.eml"))
        read = [email.message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
        return [message for message in read if isinstance(message, EmailMessage) and message["To"] == to]

    def wait_for(self, to: str, subject: str, *, seconds: float = 120) -> EmailMessage:
        pattern = re.compile(subject)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for message in self.messages(to):
                if pattern.match(message["Subject"]):
                    return message
            time.sleep(0.5)
        raise AssertionError(f"no {subject!r} among {[message['Subject'] for message in self.messages(to)]}")

    def workers(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if "worker" in child.cmdline() and child.is_running()]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=90)
        self.log.close()


@pytest.fixture
def tz() -> str:
    """One zone for all of a test, which may run across midnight."""
    return midday_zone()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    running = Site(tmp_path / "data")
    try:
        running.wait_until_up()
        yield running
    finally:
        running.stop()


@pytest.fixture
def open_page(browser: Browser, site: Site, tz: str) -> Iterator[Callable[[], Page]]:
    contexts = []

    def open_one() -> Page:
        contexts.append(
            browser.new_context(
                base_url=site.address, timezone_id=tz, locale="en-US", viewport={"width": 375, "height": 800}
            )
        )
        return contexts[-1].new_page()

    yield open_one
    for context in contexts:
        context.close()


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def link_in(message: EmailMessage, path: str) -> str:
    found = re.search(rf"https?://\S+{path}\S+", text_of(message))
    assert found, text_of(message)
    return found.group()


def feed(tz: str) -> list[dict[str, object]]:
    """An invented list of two: one to find, and one that the search should leave out."""
    now = dt.datetime.now(ZoneInfo(tz))
    tomorrow = now + dt.timedelta(days=1)
    row = {
        "day": (tomorrow.weekday() + 1) % 7,
        "time": "19:00",
        "end_time": "20:00",
        "timezone": tz,
        "location": "Linden Hall",
        "formatted_address": "48 Linden Street, Albany, NY 12208, USA",
        "latitude": 42.6571,
        "longitude": -73.7871,
    }
    return [
        {"slug": "porch-light", "name": "Porch Light", "types": ["C"], **row},
        {"slug": "open-door", "name": "Open Door", "types": ["O"], **row},
    ]


def test_the_whole_way(site: Site, open_page: Callable[[], Page], tz: str, tmp_path: Path) -> None:
    source = tmp_path / "river-area.json"
    source.write_text(json.dumps(feed(tz)))
    assert "created=2 changed=0 unchanged=0 rejected=0" in site.manage("import_meetings", str(source))
    assert "created=0 changed=0 unchanged=2 rejected=0" in site.manage("import_meetings", str(source))

    guest = open_page()
    # The first page learns the browser's zone: "tomorrow" is the guest's own from then on.
    guest.goto("/")
    guest.goto("/meetings/?near=Albany, NY&radius=10&unit=km&day=tomorrow&from=17:00&until=23:00&format=closed")
    expect(guest.get_by_role("link", name="Open Door")).to_have_count(0)
    guest.get_by_role("link", name="Porch Light").click()
    guest.get_by_role("link", name="Remind me").first.click()
    guest.get_by_label("Your email address").fill(GUEST)
    guest.get_by_role("button", name="Remind me").click()
    expect(guest.get_by_role("heading", level=1)).to_have_text("One more step")

    request = site.wait_for(GUEST, "Please confirm")
    guest.goto(link_in(request, "/signups/confirm/"))
    assert len(site.messages(GUEST)) == 1
    guest.get_by_role("button", name="Yes, remind me").click()
    expect(guest.get_by_role("heading", level=1)).to_have_text("We’ll remind you")
    # When, as it is planned.
    promise = guest.get_by_text(re.compile(r"We’ll email you \w{3} at \d")).first
    expect(promise).to_be_visible()
    confirmation = site.wait_for(GUEST, "Confirmed for")
    for words in ("Porch Light", "Linden", "Albany"):
        assert words not in confirmation.as_string(), "a message names neither the meeting nor the place"

    for worker in site.workers():
        worker.kill()

    site.manage("add_facilitator", FACILITATOR, find_slug(site, "porch-light"))
    facilitator = open_page()
    facilitator.goto("/my/meetings/")
    facilitator.get_by_label("Email").first.fill(FACILITATOR)
    facilitator.keyboard.press("Enter")
    expect(facilitator.get_by_label("Code")).to_be_visible()
    code = re.search(r"^\s*([A-Z0-9]{4}-[A-Z0-9]{4})\s*$", text_of(site.wait_for(FACILITATOR, ".*code")), re.MULTILINE)
    assert code
    facilitator.get_by_label("Code").fill(code.group(1))
    facilitator.keyboard.press("Enter")
    facilitator.get_by_role("link", name="Porch Light", exact=True).click()
    facilitator.locator(".timetable a").first.click()
    expect(facilitator.get_by_text("1 person asked for a reminder")).to_be_visible()
    facilitator.get_by_role("link", name="Move this date").click()
    # A reminder goes out two hours before: at the next full minute that is far enough away to be planned.
    moved_to = dt.datetime.now(ZoneInfo(tz)) + dt.timedelta(hours=2, seconds=85)
    facilitator.get_by_label("New date").fill(f"{moved_to:%Y-%m-%d}")
    facilitator.get_by_label("New time").fill(f"{moved_to:%H:%M}")
    facilitator.get_by_role("button", name="Move and notify everyone").click()
    expect(facilitator.get_by_text("We’re letting people know")).to_be_visible()

    moved = site.wait_for(GUEST, "Moved to")
    new_time = f"{moved_to:%-I:%M}"
    assert new_time in text_of(moved)
    reminder = site.wait_for(GUEST, "Reminder for", seconds=240)
    assert new_time in text_of(reminder)
    time.sleep(12)
    subjects = [message["Subject"].split(" for ")[0].split(" to ")[0] for message in site.messages(GUEST)]
    assert subjects == ["Please confirm", "Confirmed", "Moved", "Reminder"], "each once, in this order"
    for message in site.messages(GUEST):
        words = re.sub(r"https?://\S+", "", f"{message['Subject']}\n{text_of(message)}")
        assert not OF_PLACES.search(words), "nobody keeps a place at a meeting that anyone may come to"


def find_slug(site: Site, name: str) -> str:
    with urllib.request.urlopen(f"{site.address}/meetings/", timeout=10) as page:  # noqa: S310  # loopback
        found = re.search(rf'href="/meetings/({name}[\w-]*)/"', page.read().decode())
    assert found
    return found.group(1)
