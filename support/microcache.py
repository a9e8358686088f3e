"""What many ask for at the same moment, made once: answers kept for seconds in the memory of one process."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Microcache(Generic[Answer]):
    """Answers to what was asked within one slice of the clock, `seconds` long and counted from the hour.

    A new slice starts empty, so that no answer is older than `seconds`, and where they divide a minute none outlives
    the minute it was made in. Nothing is kept longer than that either, nor anywhere but in memory.
    """

    def __init__(self, *, seconds: int, most: int, patience: float = 2.0) -> None:
        """Keep up to `most` answers; whoever waited `patience` seconds for another's makes their own."""
        self.seconds = seconds
        self.most = most
        self.patience = patience
        self._slice = 0
        self._entries: dict[Hashable, _Entry[Answer]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get_or_make(self, key: Hashable, make: Callable[[], Answer], *, now: dt.datetime) -> Answer:
        """Return the answer to `key`, made by the first who asks while the others wait; what fails is not kept.

        The key holds all that `make` depends on, but for what may be `seconds` old.
        """
        entry = self._entry(key, int(now.timestamp()) // self.seconds)
        if entry is None or not entry.lock.acquire(timeout=self.patience):
            return make()
        try:
            if not entry.made:
                entry.made.append(make())
            return entry.made[0]
        finally:
            entry.lock.release()

    def clear(self) -> None:
        """Forget all answers, those in the making too."""
        with self._lock:
            self._entries = {}

    def _entry(self, key: Hashable, slice_: int) -> _Entry[Answer] | None:
        with self._lock:
            if slice_ != self._slice:
                self._slice, self._entries = slice_, {}
                # Not only when somebody asks again: nothing of what was asked stays on a quiet site.
                timer = threading.Timer(self.seconds, self._forget, (slice_,))
                timer.daemon = True
                timer.start()
            if key not in self._entries and len(self._entries) >= self.most:
                return None
            return self._entries.setdefault(key, _Entry())

    def _forget(self, slice_: int) -> None:
        with self._lock:
            if slice_ == self._slice:
                self._entries = {}


class _Entry(Generic[Answer]):
    """An answer, once it is made, and the lock of whoever makes it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.made: list[Answer] = []
