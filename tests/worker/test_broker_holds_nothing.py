"""What the broker holds tells nobody what people asked, and runs nothing for whoever can write to it."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from support import workspace
from support.cache import SteadyCache
from support.celery import app
from tests.helpers.environment import bare_environment
from tests.servers import ROOT, CeleryWorker
from tests.worker.test_server import Site, start

__all__ = ["start"]

pytestmark = [pytest.mark.worker, pytest.mark.site]

NUMBER = "+15185550143"
#: A place, as it is kept for MORE, and the number that asked.
PERSONAL = (b"Poughkeepsie", b"41.7", b"-73.9", b"5185550143")
ASK = f"""
from support import clock
from support.messaging.sms_results import Inbound
from meetings.reminders.services.inbound import take
assert "Poughkeepsie" in take(inbound=Inbound("SM1", "{NUMBER}", "Poughkeepsie, NY tonight"), now=clock.now())
assert "Poughkeepsie" in take(inbound=Inbound("SM2", "{NUMBER}", "tomorrow"), now=clock.now())
"""


def told_by(content: bytes) -> list[bytes]:
    return [words for words in PERSONAL if words in content]


def test_place_asked_by_text_stands_in_no_file_and_in_no_key(start: Callable[..., Site], tmp_path: Path) -> None:
    old = tmp_path / "site" / "valkey" / "appendonlydir"
    old.mkdir(parents=True)
    (old / "appendonly.aof.1.incr.aof").write_bytes(b"label Poughkeepsie, NY")
    site = start()
    assert site.address
    url = workspace.published(site.folder)["REDIS_URL"]
    env = bare_environment() | {"DATA_DIR": str(site.folder), "DEVELOPMENT": "1", "REDIS_URL": url}
    subprocess.run([sys.executable, "manage.py", "shell", "-c", ASK], cwd=ROOT, env=env, check=True)
    with redis.Redis.from_url(url) as server:
        kept = [server.get(key) for key in server.scan_iter() if server.type(key) == b"string"]
        assert any(value.startswith(b"gAAAA") for value in kept)
        assert [told_by(value) for value in kept if told_by(value)] == []
        assert [file.name for file in (site.folder / "valkey").iterdir()] == ["valkey.log"]
        # A server of an operator's own may well keep files.
        server.config_set("rdbcompression", "no")
        server.save()
    files = [file for file in (site.folder / "valkey").rglob("*") if file.is_file()]
    assert {file.name for file in files} == {"valkey.log", "dump.rdb"}
    assert {file.name: told_by(file.read_bytes()) for file in files if told_by(file.read_bytes())} == {}


class Planted:
    """A pickle that makes a folder where it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.fixture
def shared(valkey: redis.Redis, valkey_url: str) -> SteadyCache:
    return SteadyCache(
        valkey_url,
        {"KEY_PREFIX": "homegroup", "OPTIONS": {"serializer": "accounts.sealed_cache.SealedJson"}},
    )


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_planted_pickle_is_a_miss_and_never_read(
    shared: SteadyCache, valkey: redis.Redis, tmp_path: Path, protocol: int
) -> None:
    valkey.set(shared.make_key("asked"), pickle.dumps(Planted(tmp_path / "ran"), protocol))
    assert shared.get("asked", "none") == "none"
    assert shared.get("asked") is None
    assert shared.get_many(["asked"]) == {}
    assert not (tmp_path / "ran").exists()
    shared.set("asked", {"label": "Albany, NY"})
    assert shared.get("asked") == {"label": "Albany, NY"}


@pytest.mark.parametrize("entry", [b"", b"gAAAA", b"\xff", b'{"label": "Albany"}', b"9" * 5000, pickle.dumps([1.5])])
def test_entry_that_was_not_sealed_here_is_a_miss(shared: SteadyCache, valkey: redis.Redis, entry: bytes) -> None:
    valkey.set(shared.make_key("asked"), entry)
    assert shared.get("asked", "none") == "none"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_pickled_message_is_refused_by_the_worker(
    celery_worker: CeleryWorker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begins = len(celery_worker.written())
    app.send_task("reminders.deliver", args=[Planted(tmp_path / "ran")], serializer="pickle")
    deadline = time.monotonic() + 60
    while b"ContentDisallowed" not in celery_worker.written(begins):
        assert time.monotonic() < deadline, celery_worker.written(begins).decode(errors="replace")
        time.sleep(0.05)
    assert not (tmp_path / "ran").exists()
    assert celery_worker.is_running()
