"""Saying by email what did not come through by another channel: each in a row of its own, and once."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection

from accounts.enums import Channel
from meetings.reminders.enums import BY_EMAIL_INSTEAD, NEVER_SENT, EventKind, ReminderState
from meetings.reminders.models import DeliveryEvent, Reminder, ReminderPart
from support.messaging.letter import message_id

#: Whoever such a row was for has not heard what it says.
_NOT_TOLD = (*NEVER_SENT, ReminderState.UNDELIVERED, ReminderState.BOUNCED)


def by_email_instead(pks: Collection[int], *, why: str, now: dt.datetime) -> set[int]:
    """Plan an email in place of each message of `pks`, due when that was due, or now. Returns those that got one.

    Left out is what would come too late, what another row says already, and who signed up without an email address.
    It only inserts, so that whoever calls may hold rows. Again plans nothing more; the last look is the email's own.
    """
    rows = list(
        Reminder.objects.filter(pk__in=pks, deadline_at__gt=now)
        .exclude(channel=Channel.EMAIL)
        .filter(signup__participant__contact_point__channel=Channel.EMAIL)
        .select_related("signup__participant")
        .defer("signup__attendance", "signup__participant__display_name")
        .prefetch_related("parts")
        .order_by("pk")
    )
    twins = [(row, _twin(row, now)) for row in rows if not is_said(row, elsewhere=True)]
    Reminder.objects.bulk_create([twin for _row, twin in twins], ignore_conflicts=True)
    # Where somebody else planned the same meanwhile, ours is not there.
    written = dict(
        Reminder.objects.filter(public_id__in=[twin.public_id for _row, twin in twins]).values_list("public_id", "pk")
    )
    fresh = [(row, written[twin.public_id]) for row, twin in twins if twin.public_id in written]
    ReminderPart.objects.bulk_create(
        ReminderPart(
            reminder_id=pk,
            signup_id=part.signup_id,
            lead_key=part.lead_key,
            schedule_seq=part.schedule_seq,
            told_seq=part.told_seq,
        )
        for row, pk in fresh
        for part in row.parts.all()
    )
    DeliveryEvent.objects.bulk_create(
        DeliveryEvent(reminder_id=pk, kind=EventKind.PLANNED, detail=why, at=now) for _row, pk in fresh
    )
    return {row.pk for row, _pk in fresh}


def is_said(row: Reminder, *, elsewhere: bool = False) -> bool:
    """Return whether another message says, has said or will say what `row` was to; `elsewhere`: to another address."""
    others = Reminder.objects.filter(
        signup=row.signup_id, kind=row.kind, lead_key=row.lead_key, schedule_seq=row.schedule_seq
    )
    if elsewhere:
        others = others.exclude(contact_point=row.contact_point_id)
    return others.exclude(pk=row.pk).exclude(state__in=_NOT_TOLD).exists()


def _twin(row: Reminder, now: dt.datetime) -> Reminder:
    public_id = uuid.uuid4()
    return Reminder(
        public_id=public_id,
        signup_id=row.signup_id,
        contact_point_id=row.signup.participant.contact_point_id,
        kind=row.kind,
        channel=Channel.EMAIL,
        lead=row.lead,
        lead_key=row.lead_key,
        is_asked=row.is_asked,
        schedule_seq=row.schedule_seq,
        told_seq=row.told_seq,
        dedupe_key=f"{row.dedupe_key}{BY_EMAIL_INSTEAD}",
        lane=row.lane,
        due_at=max(row.due_at, now),
        deadline_at=row.deadline_at,
        message_id=message_id(public_id),
        created_at=now,
    )
