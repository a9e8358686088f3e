"""What Celery runs for accounts. Each task is thin, and safe to run twice or at once."""

from __future__ import annotations

from celery import shared_task

from accounts.services import exports, idle, ledger, retention
from support import clock
from support.sqlite.forgetting import empty_log


@shared_task(name="accounts.build_exports")
def build_exports() -> None:
    exports.build_waiting_exports(now=clock.now())


@shared_task(name="accounts.purge")
def purge() -> None:
    retention.purge(now=clock.now())
    # For this, and for what was forgotten while others kept the log.
    empty_log()


@shared_task(name="accounts.forget_idle")
def forget_idle() -> None:
    idle.forget_idle(now=clock.now())


@shared_task(name="accounts.write_ledger")
def write_ledger() -> None:
    ledger.write_down()
