"""Gateways for tests that ask whether messages went out, and which."""

from __future__ import annotations

from typing import Any

from support.messaging import Accepted, Letter, Result, Transient


class CountingGateway:
    """Takes everything, and counts it."""

    def __init__(self) -> None:
        self.taken = 0

    def open(self) -> Transient | None:
        return None

    def send(self, message: object, /, **_: Any) -> Result:
        self.taken += 1
        return Accepted()

    def close(self) -> None:
        pass


class Mail(CountingGateway):
    """Takes every letter, and keeps it."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[Letter] = []

    def send(self, message: Letter, /, **_: Any) -> Result:  # type: ignore[override]  # email alone
        self.letters.append(message)
        return super().send(message)

    @property
    def subjects(self) -> list[str]:
        """Return what each letter is about, without the date: "Moved"."""
        return [letter.subject.partition(":")[0] for letter in self.letters]
