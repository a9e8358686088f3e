from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _alone(settings: Any, tmp_path: Path) -> Iterator[None]:
    """No limits of other tests, no broker, and messages kept in a folder of this test."""
    settings.REDIS_URL = ""
    settings.OUTBOX_DIR = tmp_path
    cache.clear()
    yield
    cache.clear()
