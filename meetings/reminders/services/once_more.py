"""Sending once more what a phone or a mailbox could not take for now."""

from __future__ import annotations

import datetime as dt
import uuid

from meetings.reminders.enums import ONCE_MORE, EventKind
from meetings.reminders.models import DeliveryEvent, Reminder, ReminderPart
from support.messaging.letter import message_id


def once_more(row: Reminder, *, due_at: dt.datetime, why: str, now: dt.datetime) -> Reminder | None:
    """Plan the same message once more, as a row of its own, whose receipts cannot be taken for the first one's.

    Returns that row, also where it was planned before. None where `row` is such a second one itself, or where one at
    `due_at` would come too late.
    """
    if row.dedupe_key.endswith(ONCE_MORE):
        return None
    before = Reminder.objects.filter(dedupe_key=f"{row.dedupe_key}{ONCE_MORE}").first()
    if before is not None or due_at >= row.deadline_at:
        return before
    public_id = uuid.uuid4()
    twin, is_new = Reminder.objects.get_or_create(
        dedupe_key=f"{row.dedupe_key}{ONCE_MORE}",
        defaults={
            "public_id": public_id,
            "signup_id": row.signup_id,
            "contact_point_id": row.contact_point_id,
            "kind": row.kind,
            "channel": row.channel,
            "lead": row.lead,
            "lead_key": row.lead_key,
            "is_asked": row.is_asked,
            "schedule_seq": row.schedule_seq,
            "told_seq": row.told_seq,
            "lane": row.lane,
            "due_at": due_at,
            "deadline_at": row.deadline_at,
            "message_id": message_id(public_id),
            "created_at": now,
        },
    )
    if is_new:
        ReminderPart.objects.bulk_create(
            ReminderPart(
                reminder=twin,
                signup_id=part.signup_id,
                lead_key=part.lead_key,
                schedule_seq=part.schedule_seq,
                told_seq=part.told_seq,
            )
            for part in row.parts.all()
        )
        DeliveryEvent.objects.create(reminder=twin, kind=EventKind.PLANNED, detail=why, at=now)
    return twin
