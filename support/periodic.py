"""Does the periodic work of CELERY_BEAT_SCHEDULE in this process: `python -m support.periodic`, where no broker is.

`manage.py send_reminders --loop` sends meanwhile; what it does is left out here.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from typing import cast

import django
from django.conf import settings
from django.db import close_old_connections

from support.workspace import keep_private

logger = logging.getLogger(__name__)

#: What `send_reminders --loop` does.
SENT_ELSEWHERE = frozenset({"reminders.deliver", "reminders.sweep"})


def run(*, run_task: Callable[[str], object], stopping: threading.Event) -> None:
    """Run each task at its interval, all of them once at the beginning, until `stopping` is set.

    A task that fails is tried again at its next turn: all of them may run at any time.
    """
    intervals = {
        str(entry["task"]): cast(float, entry["schedule"])
        for entry in settings.CELERY_BEAT_SCHEDULE.values()
        if str(entry["task"]) not in SENT_ELSEWHERE
    }
    due = dict.fromkeys(intervals, time.monotonic())
    while not stopping.is_set():
        task = min(due, key=lambda name: due[name])
        if stopping.wait(max(0.0, due[task] - time.monotonic())):
            return
        close_old_connections()
        try:
            run_task(task)
        except Exception as error:  # noqa: BLE001  # whatever one task meets, the others go on
            # The kind alone: the text of an error can hold values.
            logger.error("%s failed with %s", task, type(error).__name__)
        due[task] = time.monotonic() + intervals[task]


def main() -> None:
    keep_private()
    django.setup()
    from support.celery import app  # noqa: PLC0415  # app ready: its tasks import models

    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    app.loader.import_default_modules()

    def run_task(name: str) -> None:
        # As with Celery, what hangs is ended; script/server starts this process again.
        signal.alarm(settings.CELERY_TASK_TIME_LIMIT)
        app.tasks[name]()
        signal.alarm(0)

    run(run_task=run_task, stopping=stopping)


if __name__ == "__main__":
    main()
