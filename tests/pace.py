# ruff: noqa: T201  # what it is for is printing
"""How soon, by how many, and at what cost when there is nothing to do: the rest of `script/bench reminders`.

Each prints one line of a table. Run by tests.bench, in an environment with a mail server, a database and a broker.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import django
import psutil
from django.core.management import call_command
from django.db import connection, transaction

from support.collector import leave_loaded_alone
from support.lifeline import tied
from tests import cpu
from tests.crash import Victim, crowd

ROOT = Path(__file__).resolve().parent.parent
#: Seconds that an idle engine is watched for, once its processes have settled.
IDLE_SETTLE, IDLE_WATCH = 20.0, 60.0
DUE_IN_ONE_MINUTE = 1000
#: What is moved in order to plan very many messages anew, and how many: a series of twenty dates for everyone who has
#: all of them, and one date that everybody has.
PLANS, SIZES = ("series", "date"), (10_000, 100_000)
DATES_OF_SERIES = 20


def row(name: str, value: str) -> None:
    print(f"| {name} | {value} |", flush=True)


def measure_rest(count: int) -> None:
    """Print how late the last of a busy minute is, and what idling costs."""
    django.setup()
    from tests.bench import make_places  # noqa: PLC0415  # app ready: after django.setup()

    call_command("migrate", verbosity=0)
    Moving(make_places(count)).move()
    drained(1)
    late = _lateness()
    row(f"{DUE_IN_ONE_MINUTE} due within a minute: the last is sent", f"{late[-1]:.1f} s after it is due")
    row("the latest of them, and half of them", f"{max(late):.1f} s, and {statistics.median(late):.1f} s or less")
    row("idle workers and beat", f"{_idle():.2f} % of a core")


class Moving:
    """One date that moves again and again, so that everyone who comes has to be told."""

    def __init__(self, occurrence) -> None:  # type: ignore[no-untyped-def]  # models load only where the settings are known
        self._occurrence = occurrence

    @property
    def seq(self) -> int:
        """How often it has changed."""
        self._occurrence.refresh_from_db()
        seq: int = self._occurrence.schedule_seq
        return seq

    def move(self) -> None:
        """Move it half an hour on from where it is."""
        from meetings.services.occurrences import move_occurrence  # noqa: PLC0415  # app ready
        from support import clock  # noqa: PLC0415  # app ready

        self._occurrence.refresh_from_db()
        starts_at = self._occurrence.starts_at + dt.timedelta(minutes=30)
        move_occurrence(occurrence=self._occurrence, starts_at=starts_at, now=clock.now())


def plan_many(what: str, messages: int) -> None:
    """Print the CPU time and the memory that planning about so many `messages` anew takes."""
    django.setup()
    from meetings.reminders.models import Reminder  # noqa: PLC0415  # app ready: after django.setup()

    call_command("migrate", verbosity=0)
    move, words = _a_series(messages) if what == "series" else _a_date(messages)
    # Once before, so that there is something planned to be replaced.
    _look_at_tables()
    move()
    _look_at_tables()
    leave_loaded_alone()
    # The highest mark so far is that of making the places, which would hide planning's own.
    Path("/proc/self/clear_refs").write_text("5")
    before = _memory("VmRSS")
    with cpu.measured() as spent:
        move()
    peak = _memory("VmHWM")
    rows = Reminder.objects.filter(state="planned").count()
    floor = _written_by_django_alone()
    took = f"{spent.total:.1f} s of CPU: {spent.engine:.1f} planning, {spent.database:.1f} database"
    row(f"planning {rows:,} messages anew, {words}", took)
    row("beside reading, replacing and writing as many rows by Django alone", f"{spent.total / floor.total:.2f}")
    row("memory at its highest meanwhile, and before", f"{peak:.0f} MB, {before:.0f} MB")


def _look_at_tables() -> None:
    """Have the database look at its tables, as it does by itself within minutes; these are seconds old."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _written_by_django_alone() -> cpu.Spent:
    """Return what it takes to read all that is planned and to put other rows in its place, with no thought at all.

    Planning takes the same, and has to look whom it is for, what they know and what they wish.
    """
    from meetings.reminders.models import Reminder  # noqa: PLC0415  # app ready
    from meetings.reminders.services.replan import CHUNK  # noqa: PLC0415  # app ready
    from support import clock  # noqa: PLC0415  # app ready

    planned = Reminder.objects.filter(state="planned")
    ids = list(planned.order_by("pk").values_list("pk", flat=True))
    with cpu.measured() as spent, transaction.atomic():
        for start in range(0, len(ids), CHUNK):
            some = Reminder.objects.filter(pk__in=ids[start : start + CHUNK])
            rows = list(some.select_for_update())
            some.update(state="superseded", reason="floor", settled_at=clock.now())
            for each in rows:
                each.pk, each.public_id, each.dedupe_key = None, uuid.uuid4(), f"{each.dedupe_key}:floor"
            Reminder.objects.bulk_create(rows, ignore_conflicts=True)
    return spent


def _a_date(messages: int) -> tuple[Callable[[], object], str]:
    """Make a date with half as many places as messages: each is told of the move, and reminded anew."""
    from tests.bench import make_places  # noqa: PLC0415  # app ready

    places = messages // 2
    return Moving(make_places(places)).move, f"for a moved date with {places:,} places"


def _a_series(messages: int) -> tuple[Callable[[], object], str]:
    """Make a weekly meeting of which people have the same twenty dates each, and whose rule moves by a quarter hour."""
    from meetings.models import Signup  # noqa: PLC0415  # app ready
    from meetings.services import schedule  # noqa: PLC0415  # app ready
    from support import clock  # noqa: PLC0415  # app ready
    from tests.bench import make_places  # noqa: PLC0415  # app ready
    from tests.factories import make_occurrence  # noqa: PLC0415  # app ready

    # A reminder of each date, and one message that names them all.
    people = messages // (DATES_OF_SERIES + 1)
    first = make_places(people, make_occurrence())
    meeting, now = first.meeting, clock.now()
    for week in range(1, DATES_OF_SERIES):
        date = make_occurrence(meeting=meeting, on=first.original_date + dt.timedelta(weeks=week))
        places = list(first.signups.order_by("pk"))
        for place in places:
            place.pk, place.public_id = None, Signup._meta.get_field("public_id").get_default()
            place.occurrence = date
        Signup.objects.bulk_create(places, batch_size=1000)

    def move() -> None:
        meeting.start_time = (dt.datetime.combine(now.date(), meeting.start_time) + dt.timedelta(minutes=15)).time()
        meeting.save(update_fields=["start_time"])
        schedule.reschedule(meeting, now=now)

    return move, f"for a moved series of {DATES_OF_SERIES} dates with {people:,} people"


def _memory(name: str) -> float:
    """Return one of this process's figures of memory in MB: what is resident (VmRSS), or was at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


def drain(go: Path) -> None:
    """Wait for the file `go`, send all that is due, and end: one of several.

    Prints the CPU seconds that this took, and when it began and was done by the machine's clock (time.monotonic).
    """
    django.setup()
    from meetings.reminders.services.deliver import deliver_due  # noqa: PLC0415  # app ready
    from support import clock  # noqa: PLC0415  # app ready

    leave_loaded_alone()
    print("ready", flush=True)
    while not go.exists():
        time.sleep(0.005)
    before, began = cpu.own(), time.monotonic()
    deliver_due(read_clock=clock.now, seconds=3600)
    print(cpu.own() - before, began, time.monotonic(), flush=True)


def drained(workers: int) -> cpu.Spent:
    """Let `workers` processes send all that is due. Returns what it took them and the servers."""
    from meetings.reminders.models import Reminder  # noqa: PLC0415  # app ready
    from support import clock  # noqa: PLC0415  # app ready

    with tempfile.TemporaryDirectory(dir=os.environ["DATA_DIR"]) as folder:
        go = Path(folder) / "go"
        command = [sys.executable, "-m", "tests.bench", "drain", str(go)]
        processes = [
            subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, preexec_fn=tied())
            for _number in range(workers)
        ]
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        with cpu.measured() as spent:
            go.touch()
            said = [process.communicate()[0] for process in processes]
    # From the first to the last, without what it takes to look at the servers and to end a process.
    engines, begun, done = zip(*(map(float, each.split()) for each in said), strict=True)
    spent.engine, spent.wall = sum(engines), max(done) - min(begun)
    if Reminder.objects.due(clock.now()).exists():
        sys.exit("Not all of it was sent.")
    return spent


@contextlib.contextmanager
def _engine() -> Iterator[list[Victim]]:
    """Run a worker, one for sweeps alone, and beat, as script/server does."""
    running = crowd(dict(os.environ), Path(os.environ["DATA_DIR"]), workers=1, beats=1, loops=0, sweepers=1)
    try:
        for each in running:
            each.start()
        yield running
    finally:
        for each in running:
            each.kill()


def _lateness() -> list[float]:
    """Return how many seconds after its due time each reminder of a busy minute went out, by due time."""
    from meetings.reminders.models import Reminder  # noqa: PLC0415  # app ready
    from support import clock  # noqa: PLC0415  # app ready

    with _engine():
        time.sleep(IDLE_SETTLE)
        starts = clock.now() + dt.timedelta(seconds=5)
        keys = list(Reminder.objects.filter(kind="moved", state="accepted").values_list("pk", flat=True))
        keys = keys[:DUE_IN_ONE_MINUTE]
        # They went out before; what is new about them is when they are due.
        fresh = list(Reminder.objects.filter(pk__in=keys).select_related("signup__occurrence"))
        for number, each in enumerate(fresh):
            each.pk, each.public_id = None, each._meta.get_field("public_id").get_default()
            each.dedupe_key, each.state, each.attempt = f"pace:{number}", "planned", 0
            each.schedule_seq = each.signup.occurrence.schedule_seq
            each.due_at = starts + dt.timedelta(seconds=60 * number / len(fresh))
            each.settled_at = each.submitted_at = None
        Reminder.objects.bulk_create(fresh, batch_size=500)
        waiting = Reminder.objects.filter(dedupe_key__startswith="pace:")
        while waiting.filter(settled_at=None).exists() and clock.now() < starts + dt.timedelta(minutes=5):
            time.sleep(0.5)
    sent = waiting.exclude(settled_at=None).order_by("due_at").values_list("due_at", "settled_at")
    late = [(settled - due).total_seconds() for due, settled in sent if settled is not None]
    if len(late) != DUE_IN_ONE_MINUTE:
        sys.exit(f"Only {len(late)} of {DUE_IN_ONE_MINUTE} were sent.")
    return late


def _idle() -> float:
    """Return the share of one core, in per cent, that the workers and beat take while nothing is due."""
    with _engine() as running:
        time.sleep(IDLE_SETTLE)
        processes = [
            process
            for each in running
            if each.process is not None
            for process in (
                psutil.Process(each.process.pid),
                *psutil.Process(each.process.pid).children(recursive=True),
            )
        ]
        before = sum(sum(process.cpu_times()[:2]) for process in processes)
        time.sleep(IDLE_WATCH)
        after = sum(sum(process.cpu_times()[:2]) for process in processes)
    return (after - before) / IDLE_WATCH * 100
