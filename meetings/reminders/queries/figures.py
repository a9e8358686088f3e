"""Numbers about messages for monitors: how many, where, how late. Nothing in them is about a person."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Min, Q

from accounts.enums import Channel
from meetings.reminders import timing
from meetings.reminders.enums import ReminderState
from meetings.reminders.models import ChannelOutage, ChannelPause, InboundText, PutAside, Reminder

#: Seconds by which lateness is counted, the usual steps of a histogram.
LATENESS = (1, 5, 15, 60, 300, 900)
#: How far back lateness looks.
RECENT = dt.timedelta(hours=1)


@dataclass(frozen=True)
class ChannelFigures:
    """What a monitor asks about one channel."""

    channel: str
    #: By state, states without a row left out.
    by_state: dict[str, int]
    due: int
    oldest_due_seconds: float
    is_paused: bool
    #: Its provider cannot be reached.
    is_out: bool
    #: Of the sends that began in the last hour, how many began at most so many seconds after they were due.
    begun_within: dict[int, int]
    begun: int


def figures(*, now: dt.datetime) -> list[ChannelFigures]:
    """Return the figures of every channel, in five queries. They read the whole table: ask a few times a minute."""
    by_state: dict[str, dict[str, int]] = {channel: {} for channel in Channel.values}
    for channel, state, number in Reminder.objects.values_list("channel", "state").annotate(number=Count("pk")):
        by_state[channel][state] = number
    due = Reminder.objects.due(now).values("channel")
    waiting = {row["channel"]: row for row in due.annotate(number=Count("pk"), oldest=Min("due_at"))}
    lateness = {
        f"within_{seconds}": Count("pk", filter=Q(submitted_at__lte=F("due_at") + dt.timedelta(seconds=seconds)))
        for seconds in LATENESS
    }
    recent = Reminder.objects.filter(submitted_at__gt=now - RECENT).values("channel")
    late: dict[str, dict[str, Any]] = {
        row["channel"]: dict(row) for row in recent.annotate(number=Count("pk"), **lateness)
    }
    parked = parked_channels(now=now)
    return [
        ChannelFigures(
            channel=channel,
            by_state=by_state[channel],
            due=waiting[channel]["number"] if channel in waiting else 0,
            oldest_due_seconds=(now - waiting[channel]["oldest"]).total_seconds() if channel in waiting else 0.0,
            is_paused=channel in parked.paused,
            is_out=channel in parked.out,
            begun_within={s: late[channel][f"within_{s}"] if channel in late else 0 for s in LATENESS},
            begun=late[channel]["number"] if channel in late else 0,
        )
        for channel in Channel.values
    ]


def texts_to_read() -> int:
    """Return how many texts from outside wait for a person."""
    return InboundText.objects.waiting().count()


def people_put_aside() -> int:
    """Return how many people's reminders cannot be planned."""
    return PutAside.objects.count()


@dataclass(frozen=True)
class Parked:
    """Channels that nothing is claimed for now: paused by staff, or out of reach."""

    paused: list[str]
    out: list[str]
    #: Why those are out of reach, and those that are to be tried again about now: what their providers said.
    why: dict[str, str]
    #: For how long nothing was taken by the one of these that has been out longest.
    out_seconds: int


def parked_channels(*, now: dt.datetime) -> Parked:
    """Return the channels that nothing is claimed for now."""
    # Where few messages are due, the next to try one is due this much after a pause ends, at the most.
    trying = timing.back_off(attempt=100)
    outages = list(ChannelOutage.objects.filter(until__gt=now - trying).order_by("channel"))
    return Parked(
        paused=sorted(ChannelPause.objects.values_list("channel", flat=True)),
        out=[outage.channel for outage in outages if outage.until > now],
        why={outage.channel: outage.words for outage in outages},
        out_seconds=max((int((now - outage.since).total_seconds()) for outage in outages), default=0),
    )


def unopened(*, now: dt.datetime) -> int:
    """Return how many due messages wait for a host that has the key to their address."""
    return Reminder.objects.due(now).exclude(unopened_by="").count()


def oldest_due_seconds(*, now: dt.datetime) -> int:
    """Return for how many seconds the oldest due message has been waiting, 0 where none is: the health figure.

    What a member of staff paused waits as they want it to. What an outage holds back counts: somebody should look.
    """
    in_hand = Reminder.objects.filter(state=ReminderState.CLAIMED)
    planned = Reminder.objects.due(now)
    oldest = [
        rows.exclude(channel__in=ChannelPause.objects.values("channel"))
        .filter(due_at__lte=now)
        .aggregate(oldest=Min("due_at"))["oldest"]
        for rows in (planned, in_hand)
    ]
    return max((int((now - due_at).total_seconds()) for due_at in oldest if due_at), default=0)
