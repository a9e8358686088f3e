# ruff: noqa: T201  # what it is for is printing
"""What is lost, wrongly suppressed or out of date after a bad day: `script/bench crash --refusals`.

The same date is moved again and again, and everyone who comes is told, by real workers and loops over a mail server
that answers in turn as real ones do when they say no. Meanwhile one sender is frozen for longer than its lease, one
process has a clock an hour ahead, one host has a new key before the others, and the database is away for twelve
seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import django
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.core.management import call_command

from tests.crash import LONGEST_TAIL, Victim, crowd

_SEQUENCE = re.compile(rb"^SEQUENCE:(\d+)", re.MULTILINE)
#: How a mail server answers, in the order of the run: after so many messages, at which step, with which words.
MOODS = ("exim", "gmail", "stalwart", "greylisting", "hanging", "well")
#: Messages that the quota leaves for one "day", and a session of Stalwart's.
QUOTA, SESSION = 50, 10
#: Seconds that each mood lasts.
EACH = 30.0
#: Longer than a lease.
FROZEN = 150.0
AWAY = 12.0
#: People: more would take longer and say no more.
MOST = 300


class Relay:
    """A mail server whose mood stands in a file; it writes down what it took, for whom and of which SEQUENCE."""

    def __init__(self, folder: Path) -> None:
        self._mood = folder / "mood"
        self._file = os.open(folder / "arrived", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._seen: set[str] = set()
        self._taken_today = 0

    def mood(self) -> str:
        """Return how it answers now."""
        with contextlib.suppress(FileNotFoundError):
            return self._mood.read_text().strip()
        return "well"

    # aiosmtpd calls these by name.

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mood() == "stalwart" and getattr(session, "taken", 0) >= SESSION:
            return "452 4.4.5 Maximum number of messages per session exceeded."
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        mood = self.mood()
        is_first = mood == "greylisting" and address not in self._seen
        if is_first:
            self._seen.add(address)
        if mood == "exim":
            return "550 relay not permitted"
        if is_first:
            return f"450 4.2.0 <{address}>: Recipient address rejected: Greylisted, see http://postgrey.example.org/"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        mood = self.mood()
        if mood == "gmail":
            if self._taken_today >= QUOTA:
                return "550 5.4.5 Daily user sending limit exceeded. For more information, ask Gmail"
            self._taken_today += 1
        content = envelope.original_content or b""
        found = _SEQUENCE.search(content.replace(b"=\r\n", b""))
        os.write(self._file, f"{envelope.rcpt_tos[0]} {found.group(1).decode() if found else '-'}\n".encode())
        session.taken = getattr(session, "taken", 0) + 1  # type: ignore[attr-defined]  # the session's own note
        if mood == "hanging":
            await asyncio.sleep(3600)
        return "250 2.0.0 Taken"


async def run_relay(port: int, folder: Path) -> None:
    """Serve for ever on a port of this machine."""
    loop, relay = asyncio.get_running_loop(), Relay(folder)
    server = await loop.create_server(lambda: SMTP(relay, hostname="relay", loop=loop), "127.0.0.1", port)
    await server.serve_forever()


# -- the run -----------------------------------------------------------------------------------------------------------


def run(*, count: int) -> int:
    """Tell `count` people of each move through it all; print what became of them. Returns 0 if the promise held."""
    django.setup()
    from accounts.models import Suppression  # noqa: PLC0415  # app ready: after django.setup()
    from meetings.reminders.models import Reminder  # noqa: PLC0415  # app ready
    from tests.bench import make_places  # noqa: PLC0415  # app ready
    from tests.pace import Moving  # noqa: PLC0415  # app ready

    folder = Path(os.environ["DATA_DIR"])
    call_command("migrate", verbosity=0)
    occurrence = make_places(count)
    under_new_key = _seal_some_anew(os.environ["NEW_KEY"])
    place = Moving(occurrence)
    place.move()
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        victims = _crowd(folder)
        for victim in victims.values():
            victim.start()
            stack.callback(victim.kill)
        frozen = Freezer(victims["loop 0"])
        for number, mood in enumerate(MOODS):
            print(f"  {time.monotonic() - begun:4.0f} s: the mail server is {mood}; {_open_rows()} to go", flush=True)
            (folder / "mood").write_text(mood)
            _let_probes_come()
            if number == 1:
                frozen.freeze()
            if number:
                # Each mood meets news for everybody; one sender stands still with what it took before.
                place.move()
            if number == 3:
                _database_away()
            time.sleep(EACH)
        time.sleep(max(0.0, FROZEN - frozen.seconds))
        frozen.thaw()
        _wait_for_the_last()
    arrived = _arrived(folder / "arrived")
    seq = Moving(occurrence).seq
    told = {f"guest{number}@example.org" for number in range(count)}
    lost = [each for each in told if seq not in arrived[each]]
    stale = [each for each, seqs in arrived.items() if seqs != sorted(seqs)]
    failed = Reminder.objects.filter(kind="moved").exclude(state__in=("accepted", "superseded", "assumed_sent"))
    doubled = sum(len(seqs) - len(set(seqs)) for seqs in arrived.values())
    figures = [
        ("people to be told of each move", count),
        ("moves", seq),
        ("of these under a key that one host alone has", under_new_key),
        ("seconds", round(time.monotonic() - begun)),
        ("lost: never told of the last move", len(lost)),
        ("wrongly suppressed", Suppression.objects.count()),
        ("stale: an older time after a newer one", len(stale)),
        ("failed, expired or without an end", failed.count()),
        ("sent more than once", doubled),
    ]
    for name, value in figures:
        print(f"| {name} | {value} |")
    held = not lost and not stale and not Suppression.objects.exists() and not failed.exists()
    print("The promise held." if held else "THE PROMISE DID NOT HOLD.")
    return 0 if held else 1


def _crowd(folder: Path) -> dict[str, Victim]:
    """Return two workers, a beat and a loop as they should be; a loop an hour ahead, and one that has a new key."""
    env = dict(os.environ)
    good = {each.name: each for each in crowd(env, folder, workers=2, beats=1, loops=1)}
    loop = good["loop 0"]
    ahead = [sys.executable, "-m", "tests.ahead", "3600", *loop.command[2:]]
    keys = f"{env['NEW_KEY']},{env['CONTACT_KEYS']}"
    return {
        **good,
        "ahead": replace(loop, name="ahead", command=ahead, log=folder / "ahead.log"),
        "new key": replace(loop, name="new key", env={**env, "CONTACT_KEYS": keys}, log=folder / "new-key.log"),
    }


class Freezer:
    """Stops a process as a suspended machine would, and lets it go on."""

    def __init__(self, victim: Victim) -> None:
        self._victim = victim
        self._since = 0.0

    @property
    def seconds(self) -> float:
        """How long it has stood still."""
        return time.monotonic() - self._since

    def freeze(self) -> None:
        assert self._victim.process is not None
        self._since = time.monotonic()
        os.killpg(self._victim.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._victim.process is not None
        os.killpg(self._victim.process.pid, signal.SIGCONT)


def _seal_some_anew(key: str) -> int:
    """Seal every fifth address under a key that the other hosts do not have. Returns how many."""
    from django.test import override_settings  # noqa: PLC0415  # app ready

    from accounts.models import ContactPoint  # noqa: PLC0415  # app ready

    points = list(ContactPoint.objects.order_by("pk"))[::5]
    with override_settings(CONTACT_KEYS=[key]):
        ContactPoint.objects.bulk_update(points, ["value"], batch_size=500)
    return len(points)


def _let_probes_come() -> None:
    """Let a parked channel be tried again now, as it would be an hour (or, after a quota, a day) later."""
    from django.db.models import F  # noqa: PLC0415  # app ready
    from django.db.models.functions import Least  # noqa: PLC0415  # app ready

    from meetings.reminders.models import ChannelOutage, Reminder  # noqa: PLC0415  # app ready
    from support import clock  # noqa: PLC0415  # app ready

    now = clock.now()
    ChannelOutage.objects.update(until=now)
    Reminder.objects.filter(state="planned").update(due_at=Least(F("due_at"), now))


def _database_away() -> None:
    """Take the database away from everyone for a while."""
    from django.db import connection  # noqa: PLC0415  # app ready

    if connection.vendor != "postgresql":
        return
    until = time.monotonic() + AWAY
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        time.sleep(0.05)


def _open_rows() -> int:
    from meetings.reminders.models import Reminder  # noqa: PLC0415  # app ready

    return Reminder.objects.filter(kind="moved", state__in=("planned", "claimed", "submitting", "ambiguous")).count()


def _wait_for_the_last() -> None:
    """Wait until every row has its end; what waits for its time is let come."""
    deadline = time.monotonic() + LONGEST_TAIL
    while _open_rows() and time.monotonic() < deadline:
        time.sleep(5)
        _let_probes_come()


def _arrived(file: Path) -> dict[str, list[int]]:
    """Return which SEQUENCE of the date's calendar entry arrived at each address, in order."""
    found: dict[str, list[int]] = defaultdict(list)
    for line in file.read_text().splitlines():
        address, seq = line.split()
        found[address].append(int(seq))
    return found
