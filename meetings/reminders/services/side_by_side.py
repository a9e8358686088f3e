"""Sending by each channel beside the others: a provider that hangs, or a pace, holds up its own messages alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final

from django.conf import settings
from django.db import connection

from accounts.enums import Channel
from meetings.reminders.services.deliver import Clock, Tally, deliver_due, due_channels

#: Seconds after which channels by which nothing was due are looked at again, while others are at work.
LOOK_AGAIN: Final = 1.0
#: Seconds that a worker's process gives a channel with a pace: as long as until beat asks again, so that waiting for
#: its turn takes one process of the worker's, and leaves the others for all else.
PACED_TURN: Final = 2.0


def deliver_side_by_side(
    *,
    read_clock: Clock,
    seconds: float = 180.0,
    paced_seconds: float = PACED_TURN,
    should_stop: Callable[[], bool] = lambda: False,
) -> Tally:
    """Send everything that is due, each channel in a thread of its own; none waits for another. Returns what was done.

    It ends once nothing is due, or all that is waits for its pace, after `seconds` at most. A channel with a pace has
    `paced_seconds` at a time. What one channel raises is raised again once the others are through.
    """
    until = time.monotonic() + seconds
    stopping = threading.Event()
    tally, failures = Tally(), list[BaseException]()

    def is_over() -> bool:
        return stopping.is_set() or should_stop() or time.monotonic() >= until

    def run(channel: str) -> Tally:
        try:
            turn = paced_seconds if settings.SEND_RATES.get(channel) else seconds
            return deliver_due(read_clock=read_clock, seconds=turn, should_stop=is_over, channels=[channel])
        finally:
            # It is this thread's own, and so is its end.
            connection.close()

    running: dict[str, Future[Tally]] = {}
    rested_at: dict[str, float] = {}
    with ThreadPoolExecutor(len(Channel), thread_name_prefix="channel") as threads:
        try:
            while True:
                for channel in [] if is_over() else due_channels(now=read_clock()):
                    if channel not in running and time.monotonic() >= rested_at.get(channel, 0.0):
                        running[channel] = threads.submit(run, channel)
                if not running:
                    break
                wait(running.values(), timeout=LOOK_AGAIN, return_when=FIRST_COMPLETED)
                for channel in [channel for channel, future in running.items() if future.done()]:
                    ended = running.pop(channel)
                    if error := ended.exception():
                        failures.append(error)
                        rested_at[channel] = until
                        continue
                    done = ended.result()
                    tally += done
                    if not done.touched or done.is_outage or settings.SEND_RATES.get(channel):
                        rested_at[channel] = time.monotonic() + LOOK_AGAIN
        finally:
            stopping.set()
    if failures:
        raise failures[0]
    return tally
