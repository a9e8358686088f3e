"""Keep what is derived from a meeting's rule: the weekdays it falls on and when it starts next."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import replace

from django.db import transaction

from meetings.enums import OccurrenceStatus
from meetings.models import Meeting, Occurrence, OccurrenceChange
from meetings.recurrence import Rule
from meetings.signals import occurrence_cancelled, occurrence_moved

#: Meetings whose next start is worked out between two writes: bounds the memory and the time a lock is held.
BATCH = 500


def derive(meeting: Meeting, *, now: dt.datetime) -> None:
    """Set `weekday_mask` and `next_starts_at` of a meeting that has no occurrences yet; saves nothing.

    `next_starts_at` is the first start at or after `now`. Raises recurrence.InvalidRule for a rule that is none.
    """
    _set_derived(meeting, [], now)


def refresh_next(meeting: Meeting, *, now: dt.datetime) -> None:
    """Work out and save what is derived from the rule of `meeting`, its cancelled and moved dates considered."""
    _set_derived(meeting, list(meeting.occurrences.all()), now)
    Meeting.objects.filter(pk=meeting.pk).update(
        next_starts_at=meeting.next_starts_at, weekday_mask=meeting.weekday_mask
    )


def roll_forward(*, now: dt.datetime) -> int:
    """Bring `next_starts_at` of every meeting that has begun since to its next start. Returns how many it changed.

    Safe to run twice or at once: each run writes what follows from the rule and `now` alone.
    """
    changed = 0
    last_pk = 0
    while True:
        page = list(Meeting.objects.filter(next_starts_at__lt=now, pk__gt=last_pk).order_by("pk")[:BATCH])
        if not page:
            return changed
        last_pk = page[-1].pk
        rows: dict[int, list[Occurrence]] = defaultdict(list)
        for row in Occurrence.objects.filter(meeting__in=page):
            rows[row.meeting_id].append(row)
        for meeting in page:
            _set_derived(meeting, rows[meeting.pk], now)
        changed += Meeting.objects.bulk_update(page, ["next_starts_at", "weekday_mask"])


def follow_zone_data(*, now: dt.datetime) -> int:
    """Let all that is derived from wall times follow new time-zone data. Returns how many dates it moved.

    A date that a facilitator moved stays at its instant: which wall time they meant by the older data is not kept.
    """
    last_pk = 0
    while page := list(Meeting.objects.filter(pk__gt=last_pk).exclude(rrule="").order_by("pk")[:BATCH]):
        last_pk = page[-1].pk
        rows: dict[int, list[Occurrence]] = defaultdict(list)
        for row in Occurrence.objects.filter(meeting__in=page):
            rows[row.meeting_id].append(row)
        for meeting in page:
            _set_derived(meeting, rows[meeting.pk], now)
        Meeting.objects.bulk_update(page, ["next_starts_at", "weekday_mask"])
    coming = Occurrence.objects.scheduled().filter(is_moved=False, starts_at__gt=now)
    meetings = Meeting.objects.filter(pk__in=coming.values("meeting")).order_by("pk")
    return sum(len(reschedule(meeting, now=now)) for meeting in meetings.iterator(chunk_size=BATCH))


def reschedule(meeting: Meeting, *, now: dt.datetime) -> list[OccurrenceChange]:
    """Let the future occurrences of `meeting` follow its changed rule, and say so to everyone who signed up.

    A date that a facilitator moved stays where they put it. A date that the rule no longer has is cancelled; one whose
    time changed is moved. Returns the changes made, none where the rule still says the same.
    """
    changes: list[OccurrenceChange] = []
    with transaction.atomic():
        rows = Occurrence.objects.select_for_update().filter(
            meeting=meeting, status=OccurrenceStatus.SCHEDULED, is_moved=False, starts_at__gt=now
        )
        for row in rows:
            row.meeting = meeting
            slot = meeting.rule.on(row.original_date) if meeting.rule else None
            old = row.starts_at
            if slot is None or slot.starts_at <= now:
                row.status = OccurrenceStatus.CANCELLED
            elif (slot.starts_at, slot.ends_at) == (row.starts_at, row.ends_at):
                continue
            else:
                row.starts_at, row.ends_at = slot.starts_at, slot.ends_at
            row.schedule_seq += 1
            row.save(update_fields=["starts_at", "ends_at", "status", "schedule_seq"])
            change = OccurrenceChange.objects.create(
                occurrence=row,
                schedule_seq=row.schedule_seq,
                old_starts_at=old,
                new_starts_at=row.starts_at,
                is_cancellation=row.is_cancelled,
                created_at=now,
            )
            signal = occurrence_cancelled if row.is_cancelled else occurrence_moved
            signal.send(sender=Occurrence, occurrence=row, change=change, now=now)
            changes.append(change)
        refresh_next(meeting, now=now)
    return changes


def _set_derived(meeting: Meeting, rows: list[Occurrence], now: dt.datetime) -> None:
    rule = meeting.rule
    if rule is None:
        meeting.weekday_mask, meeting.next_starts_at = 0, None
        return
    meeting.weekday_mask = rule.weekday_mask()
    slot = with_exceptions(rule, rows).first_after(now)
    meeting.next_starts_at = slot.starts_at if slot else None


def with_exceptions(rule: Rule, rows: list[Occurrence]) -> Rule:
    """Return `rule` with the cancelled dates among `rows` left out and the others where their rows say."""
    return replace(
        rule,
        excluded=frozenset(row.original_date for row in rows if row.is_cancelled),
        moved={row.original_date: row.starts_at for row in rows if not row.is_cancelled},
    )
