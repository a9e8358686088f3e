from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, connection

from meetings.reminders.services.side_by_side import deliver_side_by_side
from meetings.reminders.services.sweep import sweep
from support import clock
from support.collector import leave_loaded_alone

#: Seconds between two looks for what was left half-way.
_SWEEP_EVERY = 30.0
#: Seconds of one run, after which connections to providers are made anew.
_RUN = 30.0


class Command(BaseCommand):
    help = "Send every message that is due, from the database alone: no broker, no worker is needed."

    def add_arguments(self, parser: CommandParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--once", action="store_true", help="send what is due now, then end (the default)")
        how.add_argument("--loop", action="store_true", help="go on until stopped")
        parser.add_argument("--interval", type=float, default=5.0, help="seconds between looks, with --loop")

    def handle(self, *args: Any, loop: bool, interval: float, **options: Any) -> None:
        if not loop:
            sweep(now=clock.now())
            tally = deliver_side_by_side(read_clock=clock.now, paced_seconds=180.0)
            self.stdout.write(f"accepted={tally.accepted} other={tally.other}")
            return
        leave_loaded_alone()
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        # What was left half-way waits for no backlog, and nothing that is due for a provider that has to be asked.
        with ThreadPoolExecutor(1, thread_name_prefix="sweeper") as sweeper:
            sweeping = sweeper.submit(self._repeat, lambda: sweep(now=clock.now()), _SWEEP_EVERY, stopping)
            self._repeat(lambda: _deliver(stopping), interval, stopping)
        sweeping.result()

    def _repeat(self, work: Callable[[], object], interval: float, stopping: threading.Event) -> None:
        """Do `work` every `interval` seconds until `stopping` is set, through absences of the database.

        Whatever else ends it sets `stopping`: half of the work is no work.
        """
        try:
            while not stopping.is_set():
                try:
                    work()
                except (OperationalError, InterfaceError) as error:
                    # The database is away; the rows are not. Look again in a moment.
                    self.stderr.write(f"The database cannot be reached ({type(error).__name__}).")
                    connection.close()
                stopping.wait(interval)
        finally:
            stopping.set()
            if threading.current_thread() is not threading.main_thread():
                connection.close()


def _deliver(stopping: threading.Event) -> None:
    deliver_side_by_side(read_clock=clock.now, seconds=_RUN, paced_seconds=_RUN, should_stop=stopping.is_set)
