"""What Celery runs for meetings. Each task is thin, and safe to run twice or at once."""

from __future__ import annotations

from celery import shared_task

from meetings.services import missing, retention, schedule, signups
from support import clock


@shared_task(name="meetings.roll_forward")
def roll_forward() -> None:
    schedule.roll_forward(now=clock.now())


@shared_task(name="meetings.extend_standing_signups")
def extend_standing_signups() -> None:
    signups.extend_standing_signups(now=clock.now())


@shared_task(name="meetings.purge_unconfirmed")
def purge_unconfirmed() -> None:
    signups.purge_unconfirmed(now=clock.now())


@shared_task(name="meetings.forget_attendance")
def forget_attendance() -> None:
    retention.forget_attendance(now=clock.now())


@shared_task(name="meetings.forget_places")
def forget_places() -> None:
    retention.forget_places(now=clock.now())


@shared_task(name="meetings.settle_missing")
def settle_missing() -> None:
    now = clock.now()
    missing.decide_late(now=now)
    missing.ask(now=now)
