from __future__ import annotations

import signal
import threading
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, connection

from meetings.reminders.services.deliver import deliver_due
from meetings.reminders.services.sweep import sweep
from support import clock
from support.collector import leave_loaded_alone

#: Seconds between two looks for what was left half-way.
_SWEEP_EVERY = 30.0


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
            tally = deliver_due(read_clock=clock.now)
            self.stdout.write(f"accepted={tally.accepted} other={tally.other}")
            return
        leave_loaded_alone()
        stopping = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopping.set())
        next_sweep = 0.0
        while not stopping.is_set():
            try:
                if time.monotonic() >= next_sweep:
                    sweep(now=clock.now())
                    next_sweep = time.monotonic() + _SWEEP_EVERY
                deliver_due(read_clock=clock.now, seconds=_SWEEP_EVERY, should_stop=stopping.is_set)
            except (OperationalError, InterfaceError) as error:
                # The database is away; the rows are not. Look again in a moment.
                self.stderr.write(f"The database cannot be reached ({type(error).__name__}).")
                connection.close()
            stopping.wait(interval)
