"""The house keeps its shape: floors, migrations, and habits that a search can check."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent.parent
#: Longer than this a task would sit in a worker, unacknowledged, until the broker hands it to another as well.
LONGEST_COUNTDOWN = 60  # seconds


def sources(*suffixes: str, tests: bool = False) -> Iterator[tuple[str, str]]:
    """Yield the name and text of our own files of these kinds; vendored and generated ones are not ours."""
    folders = ["accounts", "meetings", "support", "templates", *(["tests"] if tests else [])]
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in suffixes and not {"vendor", "__pycache__"} & set(path.parts):
                yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def found(pattern: str, *suffixes: str, flags: re.RegexFlag = re.NOFLAG) -> list[str]:
    return [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match.group(0)}"
        for name, text in sources(*suffixes)
        for match in re.finditer(pattern, text, flags)
    ]


@pytest.mark.django_db
def test_no_migration_is_pending(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("makemigrations", "--check", "--dry-run")
    assert "No changes detected" in capsys.readouterr().out


def test_import_floors_are_kept() -> None:
    lint = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert lint.returncode == 0, lint.stdout


def test_no_task_is_sent_far_ahead() -> None:
    assert found(r"\beta\s*=", ".py") == []
    far = [
        line
        for line in found(r"\bcountdown\s*=\s*[^,)\n]+", ".py")
        if not (number := re.search(r"=\s*([0-9.]+)$", line)) or float(number.group(1)) > LONGEST_COUNTDOWN
    ]
    assert far == []


def test_clock_is_read_in_one_place() -> None:
    elsewhere = [
        line
        for line in found(r"\b(?:datetime\.now\(|utcnow\(|timezone\.now\(|date\.today\(|localdate\()", ".py")
        if not line.startswith("support/clock.py:")
    ]
    assert elsewhere == []


def test_no_business_query_asks_the_database_for_the_time() -> None:
    assert found(r"\bNow\(\)", ".py") == []


def test_templates_hold_no_inline_code_or_style() -> None:
    # Letters have no style sheet to link to: mail clients drop it.
    styled = found(r"<style\b|\sstyle\s*=", ".html")
    pages = [line for line in styled if "/reminders/" not in line and "/email/" not in line]
    assert pages == []
    # A block of JSON is no code, and the policy lets no browser run it.
    assert found(r"<script\b(?![^>]*(?:\bsrc=|application/json))[^>]*>", ".html") == []
    assert found(r"\son[a-z]+\s*=\s*[\"']", ".html") == []
    assert found(r"javascript:", ".html") == []


def test_pages_fetch_nothing_from_elsewhere() -> None:
    tags = r"<(?:script|link|img|iframe|source|video|audio|form|embed|object)\b"
    fetched = tags + r"[^>]*\b(?:src|href|action|data)\s*=\s*[\"'](?:https?:)?//[^>]*>"
    assert found(fetched, ".html", flags=re.IGNORECASE) == []
    assert found(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", ".css") == []
    assert found(r"(?:fetch|import|WebSocket|EventSource|sendBeacon)\(\s*[\"'`](?:https?:)?//", ".js") == []
