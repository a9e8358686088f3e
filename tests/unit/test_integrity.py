"""Damage is found where there is any, and looking for it comes to an end."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from support.integrity import damage, unknown_migrations


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Two hundred pages, of which some in the middle are no longer what they were."""
    path = tmp_path / "database"
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, words TEXT)")
        made.executemany("INSERT INTO rows (words) VALUES (?)", ((f"{number:0200}",) for number in range(4000)))
    content = bytearray(path.read_bytes())
    content[100 * 4096 : 104 * 4096] = os.urandom(4 * 4096)
    path.write_bytes(content)
    with closing(sqlite3.connect(path)) as opened:
        yield opened


def test_damage_is_found(database: sqlite3.Connection) -> None:
    assert damage(database) != ""
    assert damage(database, seconds=60) != ""


def test_whole_database_is_well() -> None:
    with closing(sqlite3.connect(":memory:")) as whole:
        assert damage(whole) == ""


def test_looking_ends_when_its_time_is_over(database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("support.integrity._STEPS", 1)
    assert damage(database, seconds=0) == ""
    # And leaves nothing behind that would end what comes after it.
    assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (1,)


def test_only_migrations_of_our_apps_can_be_unknown() -> None:
    applied = [("accounts", "0001_initial"), ("accounts", "9999_later"), ("gone", "0001_initial")]
    assert unknown_migrations(applied) == ["accounts.9999_later"]
