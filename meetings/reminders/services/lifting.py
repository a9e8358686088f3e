"""What an address gets that may be written to again: all that is still of use."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Iterable

from django.db import transaction
from django.utils.translation import gettext_noop as _

from accounts.models import ContactPoint
from accounts.person import of_guest, of_member
from meetings.reminders.enums import EventKind, ReminderState
from meetings.reminders.models import DeliveryEvent, Reminder
from meetings.reminders.services.instead import is_said
from meetings.reminders.services.last_moment import SUPPRESSED
from meetings.reminders.services.replan import replan_person
from support.messaging.letter import message_id

LIFTED = _("The address gets messages again")
#: What a server turned away, or what did not even go out.
_TURNED_AWAY = (ReminderState.FAILED, ReminderState.BOUNCED)


@transaction.atomic
def plan_again(*, channel: str, value_hashes: Collection[str], now: dt.datetime) -> int:
    """Plan again what was not sent, or came back, while nothing could be sent to a value. Returns how many messages.

    Left out is what would come too late, and what another message says. What came back gets a name of its own, since a
    report about the first time may come still.
    """
    points = list(
        ContactPoint.objects.filter(channel=channel, value_hash__in=value_hashes, is_nobodys=False)
        .select_related("user")
        .order_by("pk")
    )
    # People before their messages, as everywhere; and first, since what is planned again is not of the plan.
    for point in points:
        replan_person(person=of_member(point.user) if point.user else of_guest(point), why=LIFTED, now=now)
    missed = Reminder.objects.filter(contact_point__in=points, channel=channel, deadline_at__gt=now)
    missed = missed.filter(state__in=_TURNED_AWAY) | missed.filter(state=ReminderState.SKIPPED, reason=SUPPRESSED)
    rows = _once_each(row for row in missed.select_for_update(of=("self",)).order_by("pk") if not is_said(row))
    for row in rows:
        if row.state == ReminderState.BOUNCED:
            row.public_id = uuid.uuid4()
            row.message_id = message_id(row.public_id)
        row.state, row.reason, row.due_at, row.settled_at = ReminderState.PLANNED, "", now, None
    Reminder.objects.bulk_update(rows, ["public_id", "message_id", "state", "reason", "due_at", "settled_at"])
    DeliveryEvent.objects.bulk_create(
        DeliveryEvent(reminder=row, kind=EventKind.PLANNED, attempt=row.attempt, detail=LIFTED, at=now) for row in rows
    )
    return len(rows)


def _once_each(rows: Iterable[Reminder]) -> list[Reminder]:
    """Return the last of the rows that say the same: a message and its second try may both have come back."""
    return list({(row.signup_id, row.kind, row.lead_key, row.schedule_seq): row for row in rows}.values())
