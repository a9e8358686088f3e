"""CPU time by process, for measurements on cores that others share: it says what work costs, where the wall clock says
what else was going on.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

#: Where the bench writes which processes serve it: "database=123,sink=456". SQLite has none: it is in the engine.
SERVERS = "BENCH_SERVERS"


@dataclass
class Spent:
    """CPU seconds of one stretch of work, by who spent them, and how long it took by the clock on the wall."""

    engine: float = 0.0
    database: float = 0.0
    sink: float = 0.0
    wall: float = 0.0

    @property
    def total(self) -> float:
        """All of them together, in CPU seconds."""
        return self.engine + self.database + self.sink

    def cells(self, count: int) -> str:
        """Return the CPU milliseconds for one of `count` messages as table cells: engine, database, sink, all."""
        return " | ".join(f"{s / count * 1000:.2f}" for s in (self.engine, self.database, self.sink, self.total))


@contextlib.contextmanager
def measured() -> Iterator[Spent]:
    """Yield figures that are filled in at the end: what this process and the servers spent in the block.

    Where the work is done by other processes, whoever started them sets `engine`.
    """
    spent, before = Spent(), _now()
    yield spent
    # Looking at the servers takes time, which is nobody's.
    mine, wall = own(), time.monotonic()
    _mine, database, sink, _wall = _now()
    after = (mine, database, sink, wall)
    spent.engine, spent.database, spent.sink, spent.wall = (b - a for a, b in zip(before, after, strict=True))


def own() -> float:
    """Return the CPU seconds of this process so far."""
    times = os.times()
    return times.user + times.system


def _now() -> tuple[float, float, float, float]:
    pairs = (each.split("=") for each in os.environ.get(SERVERS, "").split(",") if each)
    servers = {name: _tree(int(pid)) for name, pid in pairs}
    return own(), servers.get("database", 0.0), servers.get("sink", 0.0), time.monotonic()


def _tree(pid: int) -> float:
    """Return the CPU seconds of a process, of its children that run, and of its children that ended."""
    root = psutil.Process(pid)
    while True:
        # A backend ends a moment after who was served by it, and would then be counted twice, or by nobody.
        children = root.children(recursive=True)
        time.sleep(0.3)
        with contextlib.suppress(psutil.NoSuchProcess):
            running = sum(sum(child.cpu_times()[:2]) for child in children)
            times = root.cpu_times()
            if root.children(recursive=True) == children:
                return float(running + sum(times[:4]))
