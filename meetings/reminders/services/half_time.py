"""Saying by email, while there is time, what its own channel will not bring: it is shut, or has too much before it."""

from __future__ import annotations

import datetime as dt
import math
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import (
    BooleanField,
    Case,
    CharField,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext_noop as _

from accounts.enums import Channel
from accounts.models import Consent, Suppression
from accounts.queries import closed_channels
from meetings.reminders.enums import PURPOSES, EventKind, Lane, ReminderState
from meetings.reminders.models import ChannelOutage, ChannelPause, DeliveryEvent, Reminder
from meetings.reminders.models.reminder import ReminderQuerySet
from meetings.reminders.services.instead import by_email_instead

SHUT: Final = _("By email, since it could not go out for half of its time")
NO_WAY_LEFT: Final = _("Neither this nor an email in its place could go out in time")
#: What goes out within so many seconds at its channel's pace is left to it.
_NEXT_IN_LINE: Final = 60.0
#: Rows said by email in one transaction.
_CHUNK: Final = 500


def go_by_email(*, now: dt.datetime) -> int:
    """Put an email in the place of each text and notification that waits for a shut channel since half of its time.

    Its time is from when it was due, or planned where that was later, to its deadline. Where a channel keeps a pace,
    what is far down the line counts as waiting too. Left alone is whoever no email reaches, and everything while email
    is shut itself: a channel may open again. Returns how many were replaced.
    """
    if Channel.EMAIL in _shut(now):
        return 0
    return sum(_replace(late, now) for late in _late(now))


def _late(now: dt.datetime) -> list[QuerySet[Reminder]]:
    """Return what is to go by email: for each channel that is shut, or slow, its rows."""
    moment = Value(now, DateTimeField())
    gone = ExpressionWrapper(moment - Greatest(F("due_at"), F("created_at")), DurationField())
    left = ExpressionWrapper(F("deadline_at") - moment, DurationField())
    half = _due(now).filter(deadline_at__gt=now).annotate(gone=gone, left=left).filter(gone__gte=F("left"))
    stuck = stuck_channels()
    late: list[QuerySet[Reminder]] = [half.filter(channel__in=stuck)] if stuck else []
    for channel, rate in settings.SEND_RATES.items():
        if rate and channel not in stuck and channel != Channel.EMAIL:
            line = _due(now).filter(channel=channel).order_by("lane", "due_at", "pk")
            first = list(line.values_list("pk", flat=True)[: max(1, math.ceil(rate * _NEXT_IN_LINE))])
            late.append(half.filter(channel=channel).exclude(pk__in=first))
    return late


def _due(now: dt.datetime) -> ReminderQuerySet:
    # By lane, so that the index on what is due serves.
    return Reminder.objects.due(now).filter(lane__in=Lane.values)


def stuck_channels() -> set[str]:
    """Return the channels but email that nothing comes through.

    One whose provider failed counts until something was taken again: between two tries it is no better.
    """
    outages = set(ChannelOutage.objects.values_list("channel", flat=True))
    return (closed_channels() | _paused() | outages) - {Channel.EMAIL.value}


def _shut(now: dt.datetime) -> set[str]:
    """Return the channels that nothing is tried by at this moment."""
    return (
        closed_channels()
        | _paused()
        | set(ChannelOutage.objects.filter(until__gt=now).values_list("channel", flat=True))
    )


def _paused() -> set[str]:
    return set(ChannelPause.objects.values_list("channel", flat=True))


def _replace(late: QuerySet[Reminder], now: dt.datetime) -> int:
    """Plan the emails and supersede the rows that they are for, in one transaction: never do both go out."""
    total = last = 0
    while True:
        with transaction.atomic():
            rows = _reachable(late).filter(pk__gt=last).select_for_update(skip_locked=True, of=("self",))
            pks = list(rows.order_by("pk").values_list("pk", flat=True)[:_CHUNK])
            replaced = by_email_instead(pks, why=SHUT, now=now)
            Reminder.objects.filter(pk__in=replaced).update(
                state=ReminderState.SUPERSEDED, reason=SHUT, claim_token=None, lease_until=None, settled_at=now
            )
            attempts = dict(Reminder.objects.filter(pk__in=replaced).values_list("pk", "attempt"))
            DeliveryEvent.objects.bulk_create(
                DeliveryEvent(reminder_id=pk, kind=EventKind.SUPERSEDED, attempt=attempt, detail=SHUT, at=now)
                for pk, attempt in attempts.items()
            )
        total += len(replaced)
        if len(pks) < _CHUNK:
            return total
        # What another message says already stays as it is.
        last = pks[-1]


def _reachable(rows: QuerySet[Reminder]) -> QuerySet[Reminder]:
    """Return those of `rows` whose people an email reaches: proven, not suppressed, and with no word against it."""
    own = "signup__participant__contact_point"
    ended = Suppression.objects.filter(channel=Channel.EMAIL, value_hash=OuterRef(f"{own}__value_hash"))
    purpose = Case(
        *(When(kind=kind, then=Value(str(purpose))) for kind, purpose in PURPOSES.items()),
        default=Value(""),
        output_field=CharField(),
    )
    said = Consent.objects.filter(contact_point=OuterRef(own), purpose=OuterRef("needed")).order_by(
        "-recorded_at", "-pk"
    )
    # Asking for a place by email is asking to hear of it there: silence is a yes.
    word = Coalesce(Subquery(said.values("is_given")[:1]), Value(True), output_field=BooleanField())
    return (
        rows.filter(**{f"{own}__channel": Channel.EMAIL, f"{own}__verified_at__isnull": False})
        .filter(~Exists(ended))
        .annotate(needed=purpose)
        .annotate(is_wanted=word)
        .filter(is_wanted=True)
    )
