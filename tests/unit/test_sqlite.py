"""SQLite's write lock, held by somebody else for longer than one try waits."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import User
from support.sqlite import base
from tests.factories import make_user

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL locks rows"),
]


@contextmanager
def write_lock_held(seconds: float) -> Iterator[None]:
    """Let another connection hold the write lock for so long, and this one wait only a moment for each try."""
    holder = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")

    def let_go() -> None:
        time.sleep(seconds)
        holder.rollback()
        holder.close()

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 100")
    thread = threading.Thread(target=let_go)
    thread.start()
    yield
    thread.join()
    connection.close()


def in_a_transaction() -> None:
    with transaction.atomic():
        User.objects.update(display_name="Sam")


def without_one() -> None:
    User.objects.update(display_name="Sam")


@pytest.mark.parametrize("write", [in_a_transaction, without_one])
def test_write_that_waited_too_long_is_tried_again(write: Callable[[], None]) -> None:
    make_user()
    with write_lock_held(0.3):
        write()
    assert list(User.objects.values_list("display_name", flat=True)) == ["Sam"]


def test_write_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "TRIES", 2)
    with write_lock_held(1.0), pytest.raises(OperationalError, match="database is locked"):
        without_one()


def test_other_errors_are_raised_at_once() -> None:
    with connection.cursor() as cursor, pytest.raises(OperationalError, match="no such table"):
        cursor.execute("SELECT * FROM nowhere")
