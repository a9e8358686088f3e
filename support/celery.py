"""The Celery application. Rows are the schedule; what goes through the broker is only a hint to look at them now."""

from __future__ import annotations

import os
import warnings
from typing import Any

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import beat_init, celeryd_init, setup_logging, worker_init, worker_process_init
from kombu import Exchange, Queue

from support.collector import leave_loaded_alone
from support.lifeline import die_with_parent
from support.workspace import keep_private

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "support.settings")

# It is about pickled messages from strangers; we accept JSON alone, and a container's only user is often root.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("homegroup")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# A worker that is not told which queues to serve serves all of these. One that is told `--queues sweeps`, as the second
# of script/server, never has a backlog before it.
app.conf.task_queues = [Queue(name, Exchange(name), routing_key=name) for name in ("celery", "sweeps")]


@setup_logging.connect
def leave_logging_alone(**_: Any) -> None:
    """Keep Celery from setting up logging of its own: settings.LOGGING holds for every process."""


@worker_init.connect
def share_what_is_loaded(**_: Any) -> None:
    """Before the pool forks, so that its processes share the memory as well."""
    leave_loaded_alone()


@worker_process_init.connect
def end_with_the_worker(**_: Any) -> None:
    """Tie a pool process to its worker: one that is killed outright would otherwise leave them behind."""
    die_with_parent()


@celeryd_init.connect
@beat_init.connect
def write_for_the_owner_alone(**_: Any) -> None:
    keep_private()


@beat_init.connect
def ask_for_everything_once(**_: Any) -> None:
    """Send each periodic task when beat starts.

    Beat keeps no file of what it last sent, so without this an hourly task would never run on a machine that is
    restarted more often. Every task may run at any time.
    """
    for entry in app.conf.beat_schedule.values():
        app.send_task(entry["task"], **entry.get("options", {}))
