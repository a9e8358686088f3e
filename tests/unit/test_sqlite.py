"""SQLite's write lock, held by somebody else for longer than one try waits."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import User
from support import patience
from tests.factories import make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL locks rows"),
]


@pytest.fixture
def holder() -> Iterator[sqlite3.Connection]:
    """Another connection, which holds the write lock; ours waits a moment for each try."""
    make_user()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()
    connection.close()


def in_a_transaction() -> None:
    with transaction.atomic():
        User.objects.update(display_name="Sam")


def without_one() -> None:
    User.objects.update(display_name="Sam")


def watch(see: Callable[[str], None]) -> None:
    """Let `see` have each statement as our connection begins it."""
    assert connection.connection is not None
    connection.connection.set_trace_callback(see)


@pytest.mark.parametrize("write", [in_a_transaction, without_one])
def test_write_that_waited_too_long_is_tried_again(holder: sqlite3.Connection, write: Callable[[], None]) -> None:
    begun: list[str] = []

    def see(statement: str) -> None:
        begun.append(statement)
        if len(begun) == 3:
            holder.rollback()

    watch(see)
    write()
    watch(begun.append)
    assert begun[0] == begun[1] == begun[2]
    assert list(User.objects.values_list("display_name", flat=True)) == ["Sam"]


def test_write_is_not_tried_for_ever(holder: sqlite3.Connection) -> None:
    begun: list[str] = []
    watch(begun.append)
    started = time.monotonic()
    with patience.waiting(0.5):
        for _write in range(2):
            with pytest.raises(OperationalError, match="database is locked"):
                without_one()
    # Both writes together waited as long as the request may; the second found it over, and tried once.
    assert 0.5 <= time.monotonic() - started < patience.FOR_A_PERSON
    assert len(begun) > 3


def test_other_errors_are_raised_at_once() -> None:
    calls = []

    def fail() -> None:
        calls.append(1)
        raise ValueError

    with connection.cursor() as cursor:
        assert connection.connection is not None
        connection.connection.create_function("fail", 0, fail)
        with pytest.raises(OperationalError, match="user-defined function raised exception"):
            cursor.execute("SELECT fail()")
    assert calls == [1]
