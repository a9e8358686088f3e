# ruff: noqa: T201  # what it is for is printing
"""Whether pages come while many ask, many write and some hold everything back: `script/bench load`.

The whole site runs as script/server runs it, without a proxy, on a list of meetings of a large region. Each visitor
has a network address of its own (127.0.0.0/8), since forms are limited by it. The visitors share the machine with the
site, so the figures hold for less than it can do.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import django
import psutil
from django.test import Client

from support.lifeline import tied
from tests.helpers.environment import bare_environment

ROOT = Path(__file__).resolve().parent.parent
VISITORS = 200
POSTS_PER_SECOND = 50
HELD_BACK = 40
#: Seconds until an answer counts as lost.
PATIENCE = 30.0
#: How long a visitor reads what the finder found before the next question, in seconds, on average.
READING = 10.0
FINDER = "/meetings/?near=Albany"
TOKEN = "a" * 32
CITIES = [("Albany", 42.65, -73.76), ("Troy", 42.73, -73.69), ("Schenectady", 42.81, -73.94), ("Hudson", 42.25, -73.79)]


@dataclass
class Seen:
    """What became of the requests of one kind: how long each took, in seconds, and what was not 200 or a redirect."""

    seconds: list[float] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)

    @property
    def line(self) -> str:
        if not self.seconds:
            return f"none of {self.lost.total()} answered: {dict(self.lost)}"
        half, most = statistics.median(self.seconds), quantile(self.seconds, 0.95)
        lost = f"{self.lost.total()} lost" + (f" ({dict(self.lost)})" if self.lost else "")
        return f"{len(self.seconds):,} | {half:.2f} s | {most:.2f} s | {max(self.seconds):.2f} s | {lost}"


def quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


# -- the site --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def site(meetings: int, **settings: str) -> Iterator[tuple[str, int]]:
    """Run the site with so many meetings; yield its address and the process of its supervisor.

    `settings` are environment variables beside those that script/server comes with.
    """
    with tempfile.TemporaryDirectory(prefix="hg-load-", dir="/tmp") as folder:
        feed = Path(folder) / "feed.json"
        feed.write_text(json.dumps(listings(meetings)))
        data, log = Path(folder) / "data", Path(folder) / "log"
        command = [sys.executable, "-m", "support.supervisor", "--data", str(data), "--empty", "--port", "0"]
        env = {**bare_environment(), "LOG_LEVEL": "ERROR", **settings}
        with log.open("wb") as written:
            process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=written, stderr=written, preexec_fn=tied())
        try:
            while "ready in" not in (said := log.read_text(errors="replace")):
                if process.poll() is not None:
                    sys.exit(f"The site did not start:\n{said}")
                time.sleep(0.1)
            address = next(word for word in said.split() if word.startswith("http://")).rstrip("/")
            bring_in = [sys.executable, "manage.py", "import_meetings", str(feed), "--service-body", "River Area"]
            subprocess.run(bring_in, cwd=ROOT, env=own(process.pid), check=True, stdout=subprocess.DEVNULL)
            yield address, process.pid
        finally:
            process.terminate()
            process.wait()


def listings(count: int) -> list[dict[str, object]]:
    """Return invented meetings of Meeting Guide JSON, around four cities, all through the week."""
    found: list[dict[str, object]] = []
    for number in range(count):
        city, latitude, longitude = CITIES[number % len(CITIES)]
        found.append(
            {
                "slug": f"evening-light-{number}",
                "name": f"Evening Light {number}",
                "day": number % 7,
                "time": f"{6 + number % 17:02d}:{number % 4 * 15:02d}",
                "end_time": f"{7 + number % 17:02d}:{number % 4 * 15:02d}",
                "timezone": "America/New_York",
                "location": "Elm House",
                "formatted_address": f"{number} Elm Street, {city}, NY 12207, USA",
                "latitude": latitude + number % 50 / 500,
                "longitude": longitude + number % 30 / 300,
                "types": ["O", "D"] if number % 3 else ["C"],
            }
        )
    return found


def own(pid: int) -> dict[str, str]:
    """Return the environment of the site that the process `pid` supervises."""
    return next(child.environ() for child in psutil.Process(pid).children() if "support.web" in child.cmdline())


def cpu(pid: int, words: str) -> float:
    """Return the seconds of a core that the processes below `pid` have used whose command line has these words."""
    spent = 0.0
    for process in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if words in " ".join(process.cmdline()):
                spent += sum(process.cpu_times()[:2])
    return spent


# -- visitors --------------------------------------------------------------------------------------------------------


async def ask(port: int, source: str, sent: bytes, seen: Seen) -> bytes:
    """Send one request from an address of this machine, note what became of it, and return the answer."""
    begun = time.perf_counter()
    answer = b""
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
            writer.write(sent)
            answer = await reader.read()
            writer.close()
    except (OSError, TimeoutError) as error:
        seen.lost[type(error).__name__] += 1
        return b""
    status = answer[9:12].decode(errors="replace")
    if status in ("200", "302"):
        seen.seconds.append(time.perf_counter() - begun)
    else:
        seen.lost[status or "closed"] += 1
    return answer


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()


def post(path: str, **fields: str) -> bytes:
    body = urlencode({"csrfmiddlewaretoken": TOKEN, **fields})
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: csrftoken={TOKEN}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def address_of(number: int) -> str:
    return f"127.1.{number // 250}.{number % 250 + 1}"


async def hold_back(port: int) -> None:
    """Keep one connection open on which a form has begun, and open another when it is ended."""
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(post("/accounts/login/", login="x" * 1000)[:-1000])
            await reader.read()
            writer.close()


async def visit(port: int, number: int, until: float, seen: Seen) -> None:
    """Look at the finder, read, and look again."""
    chance = random.Random(number)  # noqa: S311  # no secret
    await asyncio.sleep(chance.uniform(0, 2 * READING))
    while time.monotonic() < until:
        await ask(port, address_of(number), get(FINDER), seen)
        await asyncio.sleep(chance.uniform(0, 2 * READING))


async def need_help(port: int, until: float, seen: Seen) -> None:
    """Look for the crisis lines, once a second."""
    while time.monotonic() < until:
        await ask(port, address_of(998), get("/crisis/"), seen)
        await asyncio.sleep(1.0)


async def write(port: int, until: float, dates: list[tuple[str, str]], seen: Seen) -> None:
    """Ask for a place and for a sign-in code in turn, so many times a second, however long answers take."""
    asked: list[asyncio.Task[bytes]] = []
    begun, number = time.monotonic(), 0
    while time.monotonic() < until:
        slug, when = dates[number // 2 % len(dates)]
        sent = post(f"/meetings/{slug}/sign-up/", when=when, email=f"guest{number}@example.org")
        if number % 2:
            sent = post("/accounts/login/", login=f"guest{number}@example.org")
        asked.append(asyncio.create_task(ask(port, address_of(1000 + number), sent, seen)))
        number += 1
        await asyncio.sleep(max(0.0, begun + number / POSTS_PER_SECOND - time.monotonic()))
    await asyncio.gather(*asked)


# -- the measurement -------------------------------------------------------------------------------------------------


def run(*, meetings: int, seconds: float) -> None:
    """Print a table of what everybody saw, and what a page cost beside the same page without any server."""
    busy = os.getloadavg()[0]
    print(f"{VISITORS} visitors, {meetings:,} meetings; {os.cpu_count()} cores, load {busy:.1f} before", flush=True)
    with site(meetings) as (address, pid):
        port = urlsplit(address).port
        assert port is not None
        floor = page_without_a_server(pid)
        print("| | answers | half within | 95 % within | the last | |\n|" + " --- |" * 6, flush=True)
        asyncio.run(measure(port, pid, seconds, floor))


async def measure(port: int, pid: int, seconds: float, floor: tuple[float, float]) -> None:
    found = await ask(port, address_of(999), get(FINDER), Seen())
    slugs = sorted(set(re.findall(r'href="/meetings/([\w-]+)/', found.decode(errors="replace"))))
    dates = [(slug, await last_date(port, slug)) for slug in slugs]
    await crowd(port, "warm-up: everybody at once", spoken=False)
    spent = cpu(pid, "support.web")
    await crowd(port, "the finder, everybody at once, nothing else")
    cost = (cpu(pid, "support.web") - spent) / VISITORS
    holding = [asyncio.create_task(hold_back(port)) for _n in range(HELD_BACK)]
    print(f"| **{HELD_BACK} hold a form back from here on:** | | | | | |")
    await crowd(port, "the finder, everybody at once")
    await crowd(port, "the same, with 20 questions among them", questions=20)
    await crowd(port, "the same, each with a question of their own", questions=VISITORS)
    posts, pages, help_ = Seen(), Seen(), Seen()
    until = time.monotonic() + seconds
    visitors = [visit(port, number, until, pages) for number in range(VISITORS)]
    await asyncio.gather(write(port, until, dates, posts), need_help(port, until, help_), *visitors)
    print(f"| the finder, everybody reading what they found for {READING:g} s | {pages.line} |")
    print(f"| {POSTS_PER_SECOND} forms a second meanwhile | {posts.line} |")
    print(f"| the crisis lines meanwhile, once a second | {help_.line} |")
    for each in holding:
        each.cancel()
    await asyncio.gather(*holding, return_exceptions=True)
    first, again = (each * 1000 for each in floor)
    print(f"a page of the finder costs {cost * 1000:.1f} ms of a core where {VISITORS} ask the same;", end=" ")
    print(f"without a server {again:.1f} ms, and {first:.1f} ms for the first who asks")
    print(f"load {os.getloadavg()[0]:.1f} after")


def question(number: int, of: int) -> str:
    """Return one of so many questions: a place, and a circle around it that no other crowd asks for."""
    if of == 1:
        return FINDER
    return f"/meetings/?near={CITIES[number % len(CITIES)][0]}&radius={10 + number % of / 10 + of / 1000:g}"


async def crowd(port: int, name: str, *, spoken: bool = True, questions: int = 1) -> None:
    """Let everybody ask at once, so many different questions among them."""
    seen = Seen()
    sent = [get(question(number, questions)) for number in range(VISITORS)]
    await asyncio.gather(*(ask(port, address_of(number), each, seen) for number, each in enumerate(sent)))
    if spoken:
        print(f"| {name} | {seen.line} |", flush=True)


async def last_date(port: int, slug: str) -> str:
    """Return the last date that the form of a meeting offers: it does not begin meanwhile."""
    page = await ask(port, address_of(999), get(f"/meetings/{slug}/sign-up/"), Seen())
    found = re.findall(rb'name="when" value="(\d{4}-\d\d-\d\d)"', page)
    if not found:
        sys.exit(f"{slug} offers no date.")
    return str(found[-1].decode())


def page_without_a_server(pid: int) -> tuple[float, float]:
    """Return how many seconds of a core one page of the finder takes in a process that does nothing else.

    For the first who asks, and for those who ask the same within seconds.
    """
    command = [sys.executable, "-m", "tests.bench", "page", FINDER]
    told = subprocess.run(command, cwd=ROOT, env=own(pid), check=True, capture_output=True, text=True).stdout
    first, again = map(float, told.split()[-2:])
    return first, again


def page(path: str, *, times: int = 40) -> None:
    """Print how many seconds of a core a page takes when nobody asked for it before, and when somebody has just now.

    Half of the times or less, that is.
    """
    django.setup()
    # Where the settings are known.
    from meetings.views.finder import visitors_answers  # noqa: PLC0415  # app ready

    client = Client(headers={"host": "localhost"})
    for is_first in (True, False):
        spent = []
        for _number in range(times):
            if is_first:
                visitors_answers.clear()
            begun = time.process_time()
            client.get(path)
            spent.append(time.process_time() - begun)
        print(statistics.median(spent))
