"""The coming dates of meetings: the rule, and the occurrences that are exceptions to it, read as one list."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from meetings.models import Meeting, Occurrence
from meetings.recurrence import Slot

#: A year of dates is enough for any page, and keeps a rule that has ended from being searched for ever.
HORIZON = dt.timedelta(days=366)
#: How far ahead a wish to come every time becomes signups, and a message about every time names dates; the next date is
#: among them however far it is.
STANDING_HORIZON: Final = dt.timedelta(days=28)
#: An occurrence can have been moved this far from its date and still be found beside its neighbours.
MOVE_SLACK = dt.timedelta(days=60)
#: As many dates as a meeting's own page shows, and can be chosen from, without scrolling for long.
DATES_SHOWN = 6


@dataclass(frozen=True, slots=True)
class DatedOccurrence:
    """One date of a meeting as a page shows it. `old_starts_at` is set where a facilitator moved the date."""

    original_date: dt.date
    starts_at: dt.datetime
    ends_at: dt.datetime
    is_cancelled: bool = False
    old_starts_at: dt.datetime | None = None
    occurrence: Occurrence | None = None

    @property
    def is_moved(self) -> bool:
        return self.old_starts_at is not None


def upcoming_dates(meeting: Meeting, *, now: dt.datetime, limit: int) -> list[DatedOccurrence]:
    """Return the next `limit` dates that have not ended, cancelled and moved ones among them, earliest first."""
    return _merge(meeting, list(_exceptions([meeting], now)[meeting.pk]), now=now, limit=limit)


def shown_dates(meeting: Meeting, *, now: dt.datetime) -> list[DatedOccurrence]:
    """Return the next dates that a meeting's pages show, canceled and moved ones too; none while it is closed."""
    return [] if meeting.is_temporarily_closed else upcoming_dates(meeting, now=now, limit=DATES_SHOWN)


def next_dates(meetings: Iterable[Meeting], *, now: dt.datetime) -> dict[int, DatedOccurrence]:
    """Return the next date of each meeting by its id, cancelled and moved ones as such, in one query."""
    page = [meeting for meeting in meetings if not meeting.is_by_appointment]
    exceptions = _exceptions(page, now)
    found = {meeting.pk: _merge(meeting, exceptions[meeting.pk], now=now, limit=1) for meeting in page}
    return {pk: dates[0] for pk, dates in found.items() if dates}


def soonest_first(date: DatedOccurrence | None) -> tuple[bool, float]:
    """Return what a list with dates is sorted by: the soonest first, what has no date last."""
    return (False, date.starts_at.timestamp()) if date else (True, 0.0)


def date_of(meeting: Meeting, date: dt.date) -> DatedOccurrence | None:
    """Return what happens on `date` by the rule (the meeting's own date), moved or cancelled as it may be."""
    row = Occurrence.objects.filter(meeting=meeting, original_date=date).first()
    slot = meeting.rule.on(date) if meeting.rule else None
    if row is not None:
        row.meeting = meeting
        return _from_row(row, slot)
    return _from_slot(slot) if slot else None


def _exceptions(meetings: list[Meeting], now: dt.datetime) -> dict[int, list[Occurrence]]:
    by_meeting: dict[int, list[Occurrence]] = defaultdict(list)
    rows = Occurrence.objects.filter(meeting__in=meetings, original_date__gte=now.date() - MOVE_SLACK)
    for row in rows:
        by_meeting[row.meeting_id].append(row)
    return by_meeting


def _merge(meeting: Meeting, rows: list[Occurrence], *, now: dt.datetime, limit: int) -> list[DatedOccurrence]:
    rule = meeting.rule
    dates: list[DatedOccurrence] = []
    if rule is not None:
        by_row = replace(rule, excluded=frozenset(row.original_date for row in rows))
        for row in rows:
            row.meeting = meeting
            dates.append(_from_row(row, rule.on(row.original_date)))
        # One that is on now began less than its own duration ago.
        coming_slots = (slot for slot in by_row.between(now - meeting.duration, now + HORIZON) if slot.ends_at > now)
        dates.extend(_from_slot(slot) for slot in islice(coming_slots, limit))
    coming = [date for date in dates if date.ends_at > now]
    return sorted(coming, key=lambda date: (date.starts_at, date.original_date))[:limit]


def _from_slot(slot: Slot) -> DatedOccurrence:
    return DatedOccurrence(slot.original_date, slot.starts_at, slot.ends_at)


def _from_row(row: Occurrence, slot: Slot | None) -> DatedOccurrence:
    moved_from = slot.starts_at if row.is_moved and slot and slot.starts_at != row.starts_at else None
    return DatedOccurrence(
        original_date=row.original_date,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        is_cancelled=row.is_cancelled,
        old_starts_at=moved_from,
        occurrence=row,
    )
