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
import time
from collections.abc import Iterator
from pathlib import Path

import django
import psutil
from django.core.management import call_command

from support.lifeline import tied
from tests.crash import Victim, crowd

ROOT = Path(__file__).resolve().parent.parent
#: Seconds that an idle engine is watched for, once its processes have settled.
IDLE_SETTLE, IDLE_WATCH = 20.0, 60.0
DUE_IN_ONE_MINUTE = 1000
#: Places of a date that moves. Each is told of it and reminded anew, which is two rows.
PLACES = 50_000


def row(name: str, value: str) -> None:
    print(f"| {name} | {value} |", flush=True)


def measure_rest(count: int) -> None:
    """Print what two workers do, how late the last of a busy minute is, and what idling costs."""
    django.setup()
    call_command("migrate", verbosity=0)
    alone, together = _drained(count, 1), _drained(count, 2)
    row("one worker", f"{count / alone:.0f} emails a second")
    row("two workers", f"{count / together:.0f} a second: {alone / together:.2f} times one")
    late = _lateness()
    row(f"{DUE_IN_ONE_MINUTE} due within a minute: the last is sent", f"{late[-1]:.1f} s after it is due")
    row("the latest of them, and half of them", f"{max(late):.1f} s, and {statistics.median(late):.1f} s or less")
    row("an idle worker and beat", f"{_idle():.2f} % of a core")


def plan_many() -> None:
    """Print how long planning takes for a moved date with very many places, and how much memory."""
    django.setup()
    from meetings.reminders.models import Reminder  # noqa: PLC0415  # app ready: after django.setup()
    from meetings.services.occurrences import move_occurrence  # noqa: PLC0415  # app ready
    from support import clock  # noqa: PLC0415  # app ready
    from tests.bench import make_places  # noqa: PLC0415  # app ready

    call_command("migrate", verbosity=0)
    occurrence = make_places(PLACES)
    # The highest mark so far is that of making the places, which would hide planning's own.
    Path("/proc/self/clear_refs").write_text("5")
    before = _memory("VmRSS")
    begun = time.perf_counter()
    move_occurrence(occurrence=occurrence, starts_at=occurrence.starts_at + dt.timedelta(hours=1), now=clock.now())
    seconds = time.perf_counter() - begun
    peak = _memory("VmHWM")
    rows = Reminder.objects.filter(state="planned").count()
    row(f"planning {rows:,} messages anew, for a moved date with {PLACES:,} places", f"{seconds:.1f} s")
    row("memory at its highest meanwhile, and before", f"{peak:.0f} MB, {before:.0f} MB")


def _memory(name: str) -> float:
    """Return one of this process's figures of memory in MB: what is resident (VmRSS), or was at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


def drain(go: Path) -> None:
    """Wait for the file `go`, send all that is due, and end: one worker of several."""
    django.setup()
    from meetings.reminders.services.deliver import deliver_due  # noqa: PLC0415  # app ready
    from support import clock  # noqa: PLC0415  # app ready

    print("ready", flush=True)
    while not go.exists():
        time.sleep(0.005)
    deliver_due(read_clock=clock.now, seconds=3600)


def _drained(count: int, workers: int) -> float:
    """Return the seconds that `workers` processes need for `count` emails that are all due."""
    from meetings.models import Occurrence  # noqa: PLC0415  # app ready
    from meetings.reminders.models import Reminder  # noqa: PLC0415  # app ready
    from meetings.services.occurrences import move_occurrence  # noqa: PLC0415  # app ready
    from support import clock  # noqa: PLC0415  # app ready
    from tests.bench import make_places  # noqa: PLC0415  # app ready

    found = Occurrence.objects.order_by("pk").first() or make_places(count)
    now = clock.now()
    move_occurrence(occurrence=found, starts_at=found.starts_at + dt.timedelta(minutes=30 * workers), now=now)
    go = Path(os.environ["DATA_DIR"]) / f"go{workers}"
    command = [sys.executable, "-m", "tests.bench", "drain", str(go)]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, preexec_fn=tied()) for _number in range(workers)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    begun = time.perf_counter()
    go.touch()
    for process in processes:
        process.wait()
    seconds = time.perf_counter() - begun
    if Reminder.objects.due(clock.now()).exists():
        sys.exit("Not all of it was sent.")
    return seconds


@contextlib.contextmanager
def _engine() -> Iterator[list[Victim]]:
    """Run one worker and one beat, as script/server does."""
    running = crowd(dict(os.environ), Path(os.environ["DATA_DIR"]), workers=1, beats=1, loops=0)
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
    """Return the share of one core, in per cent, that a worker and beat take while nothing is due."""
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
