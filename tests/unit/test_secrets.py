from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from support import settings as site


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "DATA_DIR", tmp_path)


def slowly() -> str:
    time.sleep(0.01)
    return os.urandom(8).hex()


def test_secret_made_by_many_at_once_is_one_and_whole(tmp_path: Path) -> None:
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = set(pool.map(lambda _n: site.generated_secret("WATCHWORD", slowly), range(8)))
    assert len(found) == 1
    (path,) = (tmp_path / "secrets").iterdir()
    assert path.read_text() in found
    assert path.stat().st_mode & 0o777 == 0o600


def test_secret_in_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WATCHWORD", "given")
    assert site.generated_secret("WATCHWORD", slowly) == "given"
    assert not (tmp_path / "secrets").exists()


def test_secret_that_cannot_be_kept_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("in the way")
    with pytest.raises(ImproperlyConfigured, match="WATCHWORD is not set"):
        site.generated_secret("WATCHWORD", slowly)
