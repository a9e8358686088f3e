"""Keep what is derived from a meeting's rule: the weekdays it falls on and when it starts next."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import replace

from django.db import transaction

from meetings.enums import OccurrenceStatus
from meetings.models import DateState, Meeting, Occurrence, OccurrenceChange
from meetings.recurrence import Rule
from meetings.signals import meeting_rescheduled
from support import clock

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

    A date that a facilitator moved stays where they put it, and one that they cancelled stays off; moved to a day that
    the rule has now instead of its own, it is that day's. A date that the rule no longer has is cancelled, and on again
    once the rule has it again; one whose time changed is moved. Returns the changes made, none where the rule still
    says the same. They are announced at once, so that people hear of them in one message.
    """
    changes: list[OccurrenceChange] = []
    with transaction.atomic():
        coming = Occurrence.objects.select_for_update(of=("self",)).filter(meeting=meeting, starts_at__gt=now)
        for row in coming.scheduled().filter(is_moved=True).order_by("pk"):
            row.meeting = meeting
            _take_the_rules_day(row)
        rows = coming.filter(is_moved=False)
        for row in rows.order_by("pk").prefetch_related("changes"):
            row.meeting = meeting
            change = _follow_rule(row, now)
            if change is not None:
                changes.append(change)
        refresh_next(meeting, now=now)
        if changes:
            meeting_rescheduled.send(sender=Meeting, meeting=meeting, changes=changes, now=now)
    return changes


def is_by_hand(row: Occurrence) -> bool:
    """Return whether a date is at other times than its meeting's rule has it."""
    slot = row.meeting.rule.on(row.original_date) if row.meeting.rule else None
    return slot is None or (slot.starts_at, slot.ends_at) != (row.starts_at, row.ends_at)


def _take_the_rules_day(row: Occurrence) -> None:
    """Let a date moved by hand stand for the rule's on the day it was moved to, where its own is gone."""
    rule, day = row.meeting.rule, clock.to_wall(row.starts_at, row.meeting.tz).date()
    if rule is None or rule.on(row.original_date) is not None or rule.on(day) is None:
        return
    if Occurrence.objects.filter(meeting=row.meeting, original_date=day).exists():
        return
    row.original_date = day
    row.is_moved = is_by_hand(row)
    row.save(update_fields=["original_date", "is_moved"])


def _follow_rule(row: Occurrence, now: dt.datetime) -> OccurrenceChange | None:
    """Let one date follow the rule of its meeting; return the change, or None where there is none."""
    rule = row.meeting.rule
    slot = rule.on(row.original_date) if rule else None
    is_on = slot is not None and slot.starts_at > now
    before = DateState(row.starts_at, row.ends_at, row.is_cancelled)
    if before.is_cancelled:
        latest = list(row.changes.all())[-1:]
        if not is_on or not latest or not latest[0].is_by_rule:
            return None
    if slot is not None and is_on:
        row.starts_at, row.ends_at, row.status = slot.starts_at, slot.ends_at, OccurrenceStatus.SCHEDULED
    else:
        row.status = OccurrenceStatus.CANCELLED
    if before == DateState(row.starts_at, row.ends_at, row.is_cancelled):
        return None
    return record_change(row, before, is_by_rule=True, now=now)


def record_change(
    occurrence: Occurrence, before: DateState, *, message: str = "", is_by_rule: bool = False, now: dt.datetime
) -> OccurrenceChange:
    """Write a locked date as it is now, one `schedule_seq` on, and what was changed: it was as in `before`."""
    occurrence.schedule_seq += 1
    occurrence.save(update_fields=["starts_at", "ends_at", "status", "is_moved", "schedule_seq"])
    return OccurrenceChange.objects.create(
        occurrence=occurrence,
        schedule_seq=occurrence.schedule_seq,
        old_starts_at=before.starts_at,
        new_starts_at=occurrence.starts_at,
        old_ends_at=before.ends_at,
        new_ends_at=occurrence.ends_at,
        is_cancellation=occurrence.is_cancelled,
        is_restoration=before.is_cancelled and not occurrence.is_cancelled,
        is_by_rule=is_by_rule,
        message=message,
        created_at=now,
    )


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
