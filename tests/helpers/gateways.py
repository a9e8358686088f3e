"""Gateways for tests that ask only whether messages went out."""

from __future__ import annotations

from typing import Any

from support.messaging import Accepted, Result, Transient


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
