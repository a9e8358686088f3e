"""What Celery runs for messages: hints to look at the rows now. Running them twice, or at once, is harmless."""

from __future__ import annotations

from celery import shared_task

from meetings.reminders.services import inbound, meeting_news, retention
from meetings.reminders.services.side_by_side import deliver_side_by_side
from meetings.reminders.services.sweep import sweep as sweep_rows
from meetings.reminders.services.zones import follow_zone_data as follow_release
from support import clock


@shared_task(name="reminders.deliver")
def deliver() -> None:
    deliver_side_by_side(read_clock=clock.now)


@shared_task(name="reminders.sweep")
def sweep() -> None:
    sweep_rows(now=clock.now())


@shared_task(name="reminders.follow_meetings")
def follow_meetings() -> None:
    now = clock.now()
    meeting_news.warn(now=now)
    meeting_news.catch_up(now=now)


@shared_task(name="reminders.follow_zone_data")
def follow_zone_data() -> None:
    follow_release(release=clock.zone_release(), now=clock.now())


@shared_task(name="reminders.purge_texts")
def purge_texts() -> None:
    inbound.purge(now=clock.now())


@shared_task(name="reminders.purge")
def purge() -> None:
    retention.purge(now=clock.now())
