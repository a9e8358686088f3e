# ruff: noqa: T201  # what it is for is printing
"""Measurements that are printed, not asserted: `script/bench reminders`, `script/bench crash` (see tests.crash),
`script/bench load` (see tests.load), `script/bench lighthouse` (see tests.lighthouse) and `script/bench calendars` (see
tests.ical_js).

`reminders`: what an email (text, HTML, calendar part) costs one worker, the database and the mail server in CPU time
when all are due at once; beside it the floor of the same run, one process with no database that builds the same
messages with the standard library and sends them with smtplib over one connection.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime as dt
import itertools
import os
import smtplib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from functools import partial
from pathlib import Path

import django
import psutil
from aiosmtpd.smtp import SMTP
from cryptography.fernet import Fernet
from django.core.management import call_command

from support.lifeline import tied
from tests import cpu, crash, ical_js, lighthouse, load, pace, refusals
from tests.servers import postgres_server, valkey_server

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    reminders = commands.add_parser("reminders", help="emails a second, beside smtplib alone")
    reminders.add_argument("--count", type=int, default=10_000, help="emails in each pass")
    reminders.add_argument("--passes", type=int, default=3)
    reminders.add_argument("--sqlite", action="store_true", help="on SQLite instead of PostgreSQL")
    killing = commands.add_parser("crash", help="what is lost and doubled when everything is killed")
    killing.add_argument("--count", type=int, default=10_000, help="emails")
    killing.add_argument("--kills", type=int, default=60)
    killing.add_argument("--seed", type=int, default=1, help="which process dies when")
    killing.add_argument("--sms", action="store_true", help="texts through a provider that can be asked")
    killing.add_argument("--refusals", action="store_true", help="nobody dies; servers, clocks and keys say no")
    killing.add_argument("--sqlite", action="store_true", help="on SQLite, with one worker, one beat and one loop")
    loading = commands.add_parser("load", help="how soon pages come while many ask, write and hold back")
    loading.add_argument("--meetings", type=int, default=1_000)
    loading.add_argument("--seconds", type=float, default=30.0, help="of forms and readers")
    lighting = commands.add_parser("lighthouse", help="what Lighthouse says of the first pages, on a slow phone")
    lighting.add_argument("--meetings", type=int, default=1_000)
    lighting.add_argument("--passes", type=int, default=3)
    commands.add_parser("calendars", help="what ical.js makes of the calendar files")
    page = commands.add_parser("page", help=argparse.SUPPRESS)
    page.add_argument("path")
    sink = commands.add_parser("sink", help=argparse.SUPPRESS)
    sink.add_argument("port", type=int)
    measure = commands.add_parser("measure", help=argparse.SUPPRESS)
    measure.add_argument("count", type=int)
    measure.add_argument("passes", type=int)
    rest = commands.add_parser("rest", help=argparse.SUPPRESS)
    rest.add_argument("count", type=int)
    planning = commands.add_parser("plan", help=argparse.SUPPRESS)
    planning.add_argument("what", choices=pace.PLANS)
    planning.add_argument("messages", type=int)
    draining = commands.add_parser("drain", help=argparse.SUPPRESS)
    draining.add_argument("go", type=Path)
    recorder = commands.add_parser("recorder", help=argparse.SUPPRESS)
    recorder.add_argument("port", type=int)
    recorder.add_argument("file", type=Path)
    relay = commands.add_parser("relay", help=argparse.SUPPRESS)
    relay.add_argument("port", type=int)
    relay.add_argument("folder", type=Path)
    refused = commands.add_parser("refused", help=argparse.SUPPRESS)
    refused.add_argument("count", type=int)
    crashed = commands.add_parser("crashed", help=argparse.SUPPRESS)
    for name in ("count", "kills", "seed", "workers", "beats", "loops", "is_sms"):
        crashed.add_argument(name, type=int)
    given = parser.parse_args()
    if given.command == "load":
        load.run(meetings=given.meetings, seconds=given.seconds)
    elif given.command == "lighthouse":
        sys.exit(lighthouse.run(meetings=given.meetings, passes=given.passes))
    elif given.command == "calendars":
        sys.exit(ical_js.run())
    elif given.command == "page":
        load.page(given.path)
    elif given.command == "sink":
        asyncio.run(run_sink(given.port))
    elif given.command == "recorder":
        asyncio.run(crash.run_recorder(given.port, given.file))
    elif given.command == "crashed":
        sys.exit(
            crash.run(
                count=given.count,
                kills=given.kills,
                seed=given.seed,
                workers=given.workers,
                beats=given.beats,
                loops=given.loops,
                is_sms=bool(given.is_sms),
            )
        )
    elif given.command == "relay":
        asyncio.run(refusals.run_relay(given.port, given.folder))
    elif given.command == "refused":
        sys.exit(refusals.run(count=given.count))
    elif given.command == "crash" and given.refusals:
        with servers(is_sqlite=given.sqlite, serves="relay") as env, valkey_server() as redis_url:
            keys = {"NEW_KEY": Fernet.generate_key().decode(), "CONTACT_KEYS": Fernet.generate_key().decode()}
            env = {**env, **keys, "REDIS_URL": redis_url, "LOG_LEVEL": "WARNING"}
            count = min(given.count, refusals.MOST)
            print(f"{count} people; {'SQLite' if given.sqlite else 'PostgreSQL'}", flush=True)
            command = [sys.executable, "-m", "tests.bench", "refused", str(count)]
            sys.exit(subprocess.run(command, cwd=ROOT, env=env, check=False).returncode)
    elif given.command == "crash":
        crowd = ("1", "1", "1") if given.sqlite else ("4", "3", "2")
        with servers(is_sqlite=given.sqlite, serves="recorder") as env, valkey_server() as redis_url:
            command = [sys.executable, "-m", "tests.bench", "crashed", str(given.count), str(given.kills)]
            env = {**env, "REDIS_URL": redis_url, "LOG_LEVEL": "WARNING"}
            database = "SQLite" if given.sqlite else "PostgreSQL"
            what = "texts" if given.sms else "emails"
            print(f"{given.count} {what}, {database}; {'/'.join(crowd)} workers/beats/loops", flush=True)
            sys.exit(
                subprocess.run(
                    [*command, str(given.seed), *crowd, str(int(given.sms))], cwd=ROOT, env=env, check=False
                ).returncode
            )
    elif given.command == "measure":
        measure_reminders(given.count, given.passes)
    elif given.command == "rest":
        pace.measure_rest(given.count)
    elif given.command == "plan":
        pace.plan_many(given.what, given.messages)
    elif given.command == "drain":
        pace.drain(given.go)
    else:
        plans = [["plan", what, str(messages)] for what in pace.PLANS for messages in pace.SIZES]
        for part in (["measure", str(given.count), str(given.passes)], ["rest", str(given.count)], *plans):
            # Each with a database of its own.
            with servers(is_sqlite=given.sqlite) as env, valkey_server() as redis_url:
                command = [sys.executable, "-m", "tests.bench", *part]
                if subprocess.run(command, cwd=ROOT, env={**env, "REDIS_URL": redis_url}, check=False).returncode:
                    sys.exit(1)


# -- servers, each in a process of its own ---------------------------------------------------------------------------


@contextlib.contextmanager
def servers(*, is_sqlite: bool, serves: str = "sink") -> Iterator[dict[str, str]]:
    """Run a mail server and a database; yield the environment of a site that uses them.

    The mail server is one of this module's commands: "sink" keeps nothing, "recorder" and "relay" write what arrived to
    the file "arrived" in DATA_DIR.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hg-bench-"))
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        serve = [serves, str(port), *{"recorder": [f"{folder}/arrived"], "relay": [folder]}.get(serves, [])]
        sink = subprocess.Popen([sys.executable, "-m", "tests.bench", *serve], cwd=ROOT, preexec_fn=tied())
        stack.callback(sink.wait)
        stack.callback(sink.kill)
        wait_for(port)
        pids = {"sink": sink.pid}
        if is_sqlite:
            url = f"sqlite:///{folder}/bench.sqlite3"
        else:
            # The database that a new PostgreSQL comes with; tests have one of their own made.
            url = stack.enter_context(postgres_server()).removesuffix("homegroup") + "postgres"
            pids["database"] = next(each.pid for each in psutil.Process().children() if each.name() == "postgres")
        yield {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "DJANGO_SETTINGS_MODULE": "support.settings",
            "DATA_DIR": folder,
            "DATABASE_URL": url,
            "EMAIL_URL": f"smtp://127.0.0.1:{port}",
            "PUBLIC_BASE_URL": "https://meetings.example.org",
            "LOG_LEVEL": "WARNING",
            cpu.SERVERS: ",".join(f"{name}={pid}" for name, pid in pids.items()),
        }


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        if time.monotonic() > deadline:
            sys.exit("The mail server did not start.")
        time.sleep(0.05)


class Swallow:
    """A mail server's handler that takes everything and keeps nothing."""

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: N802  # aiosmtpd's name
        return "250 2.0.0 Taken"


async def run_sink(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Swallow(), hostname="sink", loop=loop), "127.0.0.1", port)
    await server.serve_forever()


# -- reminders -------------------------------------------------------------------------------------------------------


def measure_reminders(count: int, passes: int) -> None:
    """Print what one message costs in CPU time, with one worker and with two, beside the floor of the same pass."""
    django.setup()
    # Models and services load only where the settings are known.
    from django.db import connection  # noqa: PLC0415  # app ready: after django.setup()

    call_command("migrate", verbosity=0)
    place = pace.Moving(make_places(count))
    print(f"{count} emails of text, HTML and a calendar part; {connection.vendor}; {os.cpu_count()} cores", flush=True)
    print("| CPU ms a message | engine | database | sink | all | by the wall clock |", flush=True)
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    floors, ones, twos = [], [], []
    for _pass in range(passes):
        place.move()
        floors.append(floor(count, [partial(with_the_standard_library, each) for each in _letters()]))
        ones.append(pace.drained(1))
        place.move()
        twos.append(pace.drained(2))
        for name, spent in (("floor", floors[-1]), ("one worker", ones[-1]), ("two workers", twos[-1])):
            print(f"| {name} | {spent.cells(count)} | {count / spent.wall:.0f} a second |", flush=True)
    # Each beside its own pass: what else ran on these cores then, ran beside both.
    pairs = list(zip(floors, ones, twos, strict=True))
    by_floor = statistics.median(one.total / least.total for least, one, _two in pairs)
    by_one = statistics.median(two.total / one.total for _least, one, two in pairs)
    allowed = [2 * one.total / two.total for _least, one, two in pairs]
    reached = statistics.median(one.wall / two.wall / most for (_l, one, two), most in zip(pairs, allowed, strict=True))
    _bar("engine, database and sink beside the floor, in CPU time", by_floor, at_most=1.35)
    _bar("two workers beside one, in CPU time a message", by_one, at_most=1.15)
    _bar("two workers' throughput beside what the cores allow", reached, at_least=0.85)


def _bar(what: str, value: float, *, at_most: float | None = None, at_least: float | None = None) -> None:
    """Print one ratio, the bar it is held to, and whether it is kept."""
    is_kept = (at_most is None or value <= at_most) and (at_least is None or value >= at_least)
    bar = f"at most {at_most}" if at_most is not None else f"at least {at_least}"
    print(f"| {what} | {value:.2f} | {bar} | {'kept' if is_kept else 'MISSED'} |", flush=True)


def _letters():  # type: ignore[no-untyped-def]  # models load only where the settings are known
    """Return the letters of some of what is planned now, as the engine writes them."""
    from meetings.reminders.models import Reminder  # noqa: PLC0415  # app ready
    from meetings.reminders.queries import to_send  # noqa: PLC0415  # app ready
    from meetings.reminders.rendering import Renderer  # noqa: PLC0415  # app ready
    from support import clock  # noqa: PLC0415  # app ready
    from support.messaging import Letter  # noqa: PLC0415  # app ready

    now, renderer = clock.now(), Renderer()
    due = Reminder.objects.due(now).order_by("pk").values_list("pk", flat=True)
    found = [renderer.render(row, now=now).message for row in to_send(list(due[:200]))]
    return [each for each in found if isinstance(each, Letter)]


def floor(count: int, builders: Sequence[Callable[[], bytes]]) -> cpu.Spent:
    """Return what one process with no database spends on building and sending `count` messages."""
    builds = itertools.cycle(builders)
    host, port = os.environ["EMAIL_URL"].removeprefix("smtp://").split(":")
    with cpu.measured() as spent, smtplib.SMTP(host, int(port), local_hostname="localhost") as connection:
        for number in range(count):
            connection.sendmail("no-reply@example.org", [f"guest{number}@example.org"], next(builds)())
    return spent


def with_the_standard_library(letter: object) -> bytes:
    """Build a letter as anyone would: email.message.EmailMessage."""
    from support.messaging import Letter  # noqa: PLC0415  # app ready

    assert isinstance(letter, Letter)
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = letter.sender, letter.to, letter.subject
    message["Date"], message["Message-ID"] = format_datetime(letter.sent_at), letter.message_id
    for name, value in letter.headers.items():
        message[name] = value
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    for name, calendar in letter.calendar_files:
        method = {"method": calendar.method}
        message.add_alternative(calendar.content.decode(), subtype="calendar", params=method)
        message.add_attachment(calendar.content, maintype="application", subtype="ics", filename=name)
    return message.as_bytes(policy=SMTP_POLICY)


def make_places(count: int, occurrence=None):  # type: ignore[no-untyped-def]  # models load only where the settings are known
    """Make one date (or take `occurrence`) with `count` certain places, each of a guest who has been told of it."""
    from accounts.fields import lookup_hash  # noqa: PLC0415  # app ready
    from accounts.models import ContactPoint  # noqa: PLC0415  # app ready
    from meetings.models import Participant, Signup  # noqa: PLC0415  # app ready
    from support import clock  # noqa: PLC0415  # app ready
    from tests.factories import make_meeting, make_occurrence  # noqa: PLC0415  # app ready

    now = clock.now()
    occurrence = occurrence or make_occurrence(
        meeting=make_meeting(), on=(now + dt.timedelta(days=30)).date(), starts_at=now + dt.timedelta(days=30)
    )
    addresses = [f"guest{number}@example.org" for number in range(count)]
    points = ContactPoint.objects.bulk_create(
        [
            ContactPoint(channel="email", value=each, value_hash=lookup_hash(each), verified_at=now)
            for each in addresses
        ],
        batch_size=1000,
    )
    people = Participant.objects.bulk_create(
        [Participant(contact_point=point, tz="America/New_York") for point in points], batch_size=1000
    )
    Signup.objects.bulk_create(
        [
            Signup(occurrence=occurrence, participant=each, status="confirmed", created_at=now, confirmed_at=now)
            for each in people
        ],
        batch_size=1000,
    )
    return occurrence


if __name__ == "__main__":
    main()
