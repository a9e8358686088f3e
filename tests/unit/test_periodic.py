"""The periodic work where there is no broker: all of it at the beginning, then each in its time, whatever fails."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from support import periodic

#: Between tasks it lets go of the connection that another test may have left open.
pytestmark = pytest.mark.django_db(transaction=True)


def test_each_task_runs_at_the_beginning_and_one_that_fails_stops_no_other(settings: Any) -> None:
    settings.CELERY_BEAT_SCHEDULE = {
        name: {"task": name, "schedule": seconds}
        for name, seconds in (("broken", 0.001), ("quick", 0.001), ("hourly", 3600.0), ("reminders.deliver", 0.001))
    }
    stopping = threading.Event()
    ran: list[str] = []

    def run_task(name: str) -> None:
        ran.append(name)
        if len(ran) == 9:
            stopping.set()
        if name == "broken":
            raise ValueError(name)

    periodic.run(run_task=run_task, stopping=stopping)
    assert sorted(ran[:3]) == ["broken", "hourly", "quick"]
    assert ran.count("hourly") == 1
    assert min(ran.count("broken"), ran.count("quick")) > 1


def test_all_that_beat_sends_is_done_by_one_loop_or_the_other(settings: Any) -> None:
    stopping = threading.Event()
    wanted = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    ran: set[str] = set()

    def run_task(name: str) -> None:
        ran.add(name)
        if len(ran) == len(wanted - periodic.SENT_ELSEWHERE):
            stopping.set()

    periodic.run(run_task=run_task, stopping=stopping)
    assert ran == wanted - {"reminders.deliver", "reminders.sweep"}
