"""What a refusal means beside the others: is it about this message, or does the provider say so to everyone?

One answer alone cannot say. A server that tells several people in a row the same, and takes nothing in between, means
the site, whatever its code says; one that says "not from you" of one message again and again, and takes others in
between, means that message.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Final

from django.db import transaction
from django.db.models import Max, QuerySet

from accounts.enums import Channel
from accounts.services.suppressions import SEVERAL, undo_refusal
from meetings.reminders import timing
from meetings.reminders.enums import EventKind, ReminderState
from meetings.reminders.models import DeliveryEvent, Reminder
from support.messaging import Accepted, Ambiguous, Refused, Result, Transient
from support.messaging.results import HELD_UP

#: So many messages taken without an answer, one after the other.
HANGS: Final = 2
#: What was said longer ago is another story.
_RECENT: Final = dt.timedelta(days=1)
_REFUSALS: Final = (EventKind.REFUSED, EventKind.RETRY)
#: So many of the newest events are looked through, however long it is since anything was taken.
_LOOKED_THROUGH: Final = 100_000


def detail(result: Refused | Transient | Ambiguous) -> str:
    """Return what a timeline keeps of an answer: why, and the server's own words in quotes."""
    said = result.said if isinstance(result, Refused | Transient) else ""
    return f"{result.reason} “{said}”"[:200] if said else result.reason[:200]


def in_context(reminder: Reminder, result: Result, *, now: dt.datetime) -> tuple[Result, Transient | None]:
    """Return what an answer means in the light of those before it, and the outage of its channel that it shows, if any.

    Where several were refused before it turned out to be about everyone, they are planned again, and what was recorded
    against their addresses is undone. Every push service speaks for its own browsers only.
    """
    if isinstance(result, Accepted) or result is HELD_UP or reminder.channel == Channel.PUSH:
        return result, None
    if isinstance(result, Ambiguous):
        is_run = _told(reminder.channel, detail(result), (EventKind.AMBIGUOUS,), now).count() + 1 >= HANGS
        return result, Transient(result.reason, is_outage=True) if is_run else None
    if isinstance(result, Transient) and result.is_outage:
        if result.said and result.limit is None and _is_meant_alone(reminder, detail(result), times=SEVERAL - 1):
            return _of_one_message(result), None
        return result, result
    return _unless_all_are_told(reminder, result, now)


def _unless_all_are_told(
    reminder: Reminder, result: Refused | Transient, now: dt.datetime
) -> tuple[Result, Transient | None]:
    if reminder.channel != Channel.EMAIL or _is_of_one(result):
        return result, None
    # Several of whom it is true, one after the other: once others were taken, each of them is believed.
    if isinstance(result, Refused) and _is_meant_alone(reminder, detail(result), times=1):
        return result, None
    told = _told(reminder.channel, detail(result), _REFUSALS, now).exclude(
        reminder__contact_point=reminder.contact_point_id
    )
    if told.values("reminder__contact_point").distinct().count() + 1 < SEVERAL:
        return result, None
    if isinstance(result, Transient):
        return replace(result, is_outage=True), replace(result, is_outage=True)
    outage = Transient(result.reason, is_outage=True, is_counted=False, said=result.said)
    _plan_again(set(told.values_list("reminder", flat=True)), result, now)
    return outage, outage


def _of_one_message(result: Transient) -> Result:
    """Return what an answer about the site means where it turned out to be about one message only."""
    if result.is_for_now:
        return replace(result, is_outage=False)
    return Refused(result.reason, said=result.said)


def _is_of_one(result: Refused | Transient) -> bool:
    """Return whether an answer can be about nobody else: the provider knows this address, or it was never asked."""
    if isinstance(result, Transient):
        return result.is_personal
    return not result.said or (result.suppress and result.is_sure)


@transaction.atomic
def _plan_again(pks: set[int], result: Refused, now: dt.datetime) -> None:
    failed = Reminder.objects.filter(pk__in=pks, state=ReminderState.FAILED, deadline_at__gt=now)
    rows = list(failed.select_for_update(of=("self",)).select_related("contact_point").order_by("pk"))
    for row in rows:
        row.state, row.settled_at = ReminderState.PLANNED, None
        row.due_at = timing.again_at(row.attempt, now=now, deadline_at=row.deadline_at) or now
        if result.suppress:
            undo_refusal(channel=row.channel, value=row.contact_point.value, answer=result.answer, now=now)
    Reminder.objects.bulk_update(rows, ["state", "settled_at", "due_at"])
    DeliveryEvent.objects.bulk_create(
        DeliveryEvent(reminder=row, kind=EventKind.RETRY, attempt=row.attempt, detail=detail(result), at=now)
        for row in rows
    )


def _told(channel: str, words: str, kinds: tuple[EventKind, ...], now: dt.datetime) -> QuerySet[DeliveryEvent]:
    """Return where a channel's provider has said the same since it last took something."""
    rows = DeliveryEvent.objects.filter(reminder__channel=channel, kind__in=kinds, detail=words, at__gt=now - _RECENT)
    return rows.filter(pk__gt=max(_last_taken(channel), _oldest())).order_by()


def _oldest() -> int:
    return (DeliveryEvent.objects.aggregate(newest=Max("pk"))["newest"] or 0) - _LOOKED_THROUGH


def _last_taken(channel: str, *, before: int | None = None) -> int:
    taken = DeliveryEvent.objects.filter(reminder__channel=channel, kind=EventKind.ACCEPTED, pk__gt=_oldest())
    if before is not None:
        taken = taken.filter(pk__lt=before)
    return taken.order_by("-pk").values_list("pk", flat=True).first() or 0


def _is_meant_alone(reminder: Reminder, words: str, *, times: int) -> bool:
    """Return whether this message was told so so many times before, and others were taken after each of them."""
    told = DeliveryEvent.objects.filter(reminder=reminder.pk, kind=EventKind.RETRY, detail=words).order_by("-pk")
    earlier = list(told.values_list("pk", flat=True)[:times])
    until = [None, *earlier]
    return len(earlier) == times and all(
        _last_taken(reminder.channel, before=end) > pk for pk, end in zip(earlier, until, strict=False)
    )
