# ruff: noqa: T201  # what it is for is printing
"""What is lost and what is doubled when everything that can be killed is killed: `script/bench crash`.

Reminders go out through real workers, beats and loops, a real broker, database and mail server, while processes are
killed with SIGKILL at random, the broker is emptied and the database's connections are cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django
import redis
from aiosmtpd.smtp import SMTP, Envelope
from django.core.management import call_command

from support.lifeline import tied
from tests.sms_servers import ACCOUNT, TOKEN, twilio_server

ROOT = Path(__file__).resolve().parent.parent
_MESSAGE_ID = re.compile(rb"^Message-ID: (\S+)", re.MULTILINE | re.IGNORECASE)
_SENT = ("accepted", "delivered")
#: How long to wait for the last row: a killed sender's claims come free after their lease, and unclear ones are settled
#: after that.
LONGEST_TAIL = 900.0


# -- the mail server ---------------------------------------------------------------------------------------------------


class Recorder:
    """Writes down each message's id before it says that it took it: what is not answered was received all the same."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    async def handle_DATA(self, server: object, session: object, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        content = envelope.original_content or b""
        found = _MESSAGE_ID.search(content)
        os.write(self._file, (found.group(1) if found else b"?") + b"\n")
        return "250 2.0.0 Taken"


async def run_recorder(port: int, file: Path) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Recorder(file), hostname="sink", loop=loop), "127.0.0.1", port)
    await server.serve_forever()


# -- those that are killed ---------------------------------------------------------------------------------------------


@dataclass
class Victim:
    """One process and its children, started again after each death."""

    name: str
    command: list[str]
    env: dict[str, str]
    log: Path
    can_send: bool
    deaths: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        with self.log.open("ab") as written:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                start_new_session=True,
                preexec_fn=tied(),
            )

    def kill(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def crowd(
    env: dict[str, str], folder: Path, *, workers: int, beats: int, loops: int, sweepers: int = 0
) -> list[Victim]:
    celery = [sys.executable, "-m", "celery", "--app", "support.celery", "--quiet"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    found = [
        Victim(
            f"worker {number}",
            [*celery, "worker", "--concurrency", "1", *quiet, "--hostname", f"crash{number}@%h"],
            env,
            folder / "workers.log",
            can_send=True,
        )
        for number in range(workers)
    ]
    found += [
        Victim(
            f"sweeper {number}",
            [*celery, "worker", "--queues", "sweeps", "--pool", "solo", *quiet, "--hostname", f"sweeps{number}@%h"],
            env,
            folder / "workers.log",
            can_send=False,
        )
        for number in range(sweepers)
    ]
    found += [
        Victim(
            f"beat {number}",
            [*celery, "beat", "--schedule", str(folder / f"beat{number}"), "--pidfile", ""],
            env,
            folder / "beats.log",
            can_send=False,
        )
        for number in range(beats)
    ]
    found += [
        Victim(
            f"loop {number}",
            [sys.executable, "manage.py", "send_reminders", "--loop", "--interval", "1"],
            env,
            folder / "loops.log",
            can_send=True,
        )
        for number in range(loops)
    ]
    return found


# -- the run -----------------------------------------------------------------------------------------------------------


def run(*, count: int, kills: int, workers: int, beats: int, loops: int, seed: int, is_sms: bool) -> int:
    """Send `count` messages while `kills` processes die; print what became of them. Returns 0 if the promise held."""
    with contextlib.ExitStack() as stack:
        return _run(
            stack, count=count, kills=kills, workers=workers, beats=beats, loops=loops, seed=seed, is_sms=is_sms
        )


def _run(
    stack: contextlib.ExitStack,
    *,
    count: int,
    kills: int,
    workers: int,
    beats: int,
    loops: int,
    seed: int,
    is_sms: bool,
) -> int:
    django.setup()
    from django.db import connection  # noqa: PLC0415  # app ready: after django.setup()

    from meetings.reminders.models import Reminder  # noqa: PLC0415  # app ready
    from meetings.services.occurrences import move_occurrence  # noqa: PLC0415  # app ready
    from support import clock  # noqa: PLC0415  # app ready
    from tests.bench import make_places  # noqa: PLC0415  # app ready

    chance = random.Random(seed)  # noqa: S311  # which process dies is no secret
    folder = Path(os.environ["DATA_DIR"])
    call_command("migrate", verbosity=0)
    occurrence = make_places(count)
    move_occurrence(occurrence=occurrence, starts_at=clock.now() + dt.timedelta(days=20), now=clock.now())
    due = Reminder.objects.filter(kind="moved")
    assert due.count() == count

    more, provider = {}, None
    if is_sms:
        provider = stack.enter_context(twilio_server())
        more = {
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "SMS_PER_DAY": "1000000000",
            "TWILIO_FROM": "+15185550199",
            "TWILIO_API_BASE": provider.url,
        }
        _by_text(due)
    victims = crowd({**os.environ, **more}, folder, workers=workers, beats=beats, loops=loops)
    begun = time.monotonic()
    flushes = cuts = in_flight = 0
    for victim in victims:
        victim.start()
        stack.callback(victim.kill)
    for number in _moments(kills, chance):
        victim = chance.choice(victims)
        victim.kill()
        victim.deaths += 1
        in_flight += victim.can_send
        victim.start()
        if number in (kills // 3, 2 * kills // 3):
            flushes += _flush()
            cuts += _cut(connection)
    print(f"  {kills} kills done after {time.monotonic() - begun:.0f} s; {_open_rows(due)} rows to go", flush=True)
    deadline = time.monotonic() + LONGEST_TAIL
    while (left := _open_rows(due)) and time.monotonic() < deadline:
        # A worker that was killed with its task unacknowledged leaves the rest to the next hint.
        time.sleep(1)
    told: dict[str, Any]
    if provider is not None:
        sent_to = {f"+1518{2000000 + row.signup_id % 7000000}": str(row.pk) for row in due}
        arrived = Counter(sent_to[taken.to] for taken in provider.taken)
        told = {str(row["pk"]): row for row in due.values("pk", "state", "reason")}
    else:
        arrived = Counter((folder / "arrived").read_text().split())
        told = {row["message_id"]: row for row in due.values("message_id", "state", "reason")}
    figures = {"kills": kills, "in_flight": in_flight, "flushes": flushes, "cuts": cuts, "left": left, "begun": begun}
    # A provider that can be asked leaves no excuse.
    return _report(due, told, arrived, excused=0 if is_sms else in_flight, **figures)


def _moments(kills: int, chance: random.Random) -> Iterator[int]:
    """Wait a random while before each kill: long enough that most fall among sends, and not into starting Python."""
    for number in range(kills):
        time.sleep(chance.uniform(0.3, 2.2))
        yield number


def _open_rows(due):  # type: ignore[no-untyped-def]  # models load only where the settings are known
    return due.filter(state__in=("planned", "claimed", "submitting", "ambiguous")).count()


def _flush() -> int:
    redis.Redis.from_url(os.environ["REDIS_URL"]).flushall()
    return 1


def _cut(connection) -> int:  # type: ignore[no-untyped-def]  # Django's, of whichever database
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        return int(cursor.fetchone()[0])


def _by_text(due) -> None:  # type: ignore[no-untyped-def]  # as above
    """Turn planned emails into texts to numbers that were proven, each with a recorded yes."""
    from accounts.fields import lookup_hash  # noqa: PLC0415  # app ready
    from accounts.models import Consent, ContactPoint  # noqa: PLC0415  # app ready
    from meetings.reminders.models import Reminder  # noqa: PLC0415  # app ready
    from support import clock  # noqa: PLC0415  # app ready

    now, rows = clock.now(), list(due.order_by("pk"))
    numbers = [f"+1518{2000000 + row.signup_id % 7000000}" for row in rows]
    points = ContactPoint.objects.bulk_create(
        [ContactPoint(channel="sms", value=each, value_hash=lookup_hash(each), verified_at=now) for each in numbers],
        batch_size=1000,
    )
    Consent.objects.bulk_create(
        [
            Consent(
                contact_point=point, purpose="changes", is_given=True, wording="bench", source="bench", recorded_at=now
            )
            for point in points
        ],
        batch_size=1000,
    )
    for row, point in zip(rows, points, strict=True):
        row.contact_point, row.channel, row.message_id = point, "sms", ""
    Reminder.objects.bulk_update(rows, ["contact_point", "channel", "message_id"], batch_size=500)


def _report(due, told, arrived, *, excused, kills, in_flight, flushes, cuts, left, begun):  # type: ignore[no-untyped-def]  # as above
    states = Counter(due.values_list("state", flat=True))
    lost = [each for each, row in told.items() if row["state"] in _SENT and each not in arrived]
    never = [each for each in told if each not in arrived]
    doubled = {each: number for each, number in arrived.items() if number > 1}
    silent = [each for each, row in told.items() if row["state"] not in _SENT and not row["reason"]]
    extra = sum(number - 1 for number in doubled.values())
    lines = [
        ("reminders", len(told)),
        ("seconds", round(time.monotonic() - begun)),
        ("processes killed", kills),
        ("of these, processes that send", in_flight),
        ("broker emptied", flushes),
        ("database connections cut", cuts),
        ("states at the end", ", ".join(f"{state} {number}" for state, number in sorted(states.items()))),
        ("lost: called sent, never arrived", len(lost)),
        ("never arrived at all", len(never)),
        ("sent more than once", len(doubled)),
        ("rows without an end", left),
        ("rows without a reason", len(silent)),
    ]
    for name, value in lines:
        print(f"| {name} | {value} |")
    held = not never and not left and not silent and extra <= excused
    print("The promise held." if held else "THE PROMISE DID NOT HOLD.")
    return 0 if held else 1
