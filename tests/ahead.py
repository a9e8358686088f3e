"""Run a management command in a process whose clock is ahead: `python -m tests.ahead 3600 send_reminders --loop`."""

from __future__ import annotations

import datetime as dt
import os
import sys

from support import clock


def main() -> None:
    by = dt.timedelta(seconds=float(sys.argv[1]))
    right = clock.now
    clock.now = lambda: right() + by
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "support.settings")
    # Models load only once the clock is wrong.
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    execute_from_command_line(["manage.py", *sys.argv[2:]])


if __name__ == "__main__":
    main()
