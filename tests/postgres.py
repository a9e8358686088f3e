"""Run a command against a PostgreSQL of its own: `python -m tests.postgres pytest -m postgres`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from support.lifeline import tied
from tests.servers import postgres_server


def end(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + signum)


def main() -> None:
    signal.signal(signal.SIGTERM, end)
    command = sys.argv[1:]
    if command[:1] == ["pytest"]:
        command = [sys.executable, "-m", *command]
    with postgres_server() as url:
        done = subprocess.run(
            command,
            env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"},
            cwd=Path(__file__).resolve().parent.parent,
            preexec_fn=tied(),
            check=False,
        )
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
