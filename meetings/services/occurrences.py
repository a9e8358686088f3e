"""The verbs of one date: bring it into being, move it, cancel it."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from meetings.enums import OccurrenceStatus
from meetings.models import Meeting, Occurrence, OccurrenceChange
from meetings.services import schedule
from meetings.signals import occurrence_cancelled, occurrence_moved


class NotAnOccurrence(ValueError):
    """The meeting does not happen on that date."""


class ChangeRefused(ValueError):
    """A change of one date that cannot be made; `args[0]` says why in words for the person who asked."""


def ensure_occurrence(*, meeting: Meeting, date: dt.date, now: dt.datetime) -> Occurrence:
    """Return the occurrence of `date` (the meeting's own date by its rule), made where there is none yet.

    Raises NotAnOccurrence where the rule has nothing on that date and nothing was ever kept for it.
    """
    existing = Occurrence.objects.filter(meeting=meeting, original_date=date).first()
    if existing is not None:
        existing.meeting = meeting
        return existing
    slot = meeting.rule.on(date) if meeting.rule else None
    if slot is None:
        raise NotAnOccurrence(date.isoformat())
    occurrence, _created = Occurrence.objects.get_or_create(
        meeting=meeting,
        original_date=date,
        defaults={"starts_at": slot.starts_at, "ends_at": slot.ends_at},
    )
    return occurrence


def move_occurrence(
    *, occurrence: Occurrence, starts_at: dt.datetime, message: str = "", now: dt.datetime
) -> OccurrenceChange:
    """Move one date to the aware instant `starts_at`; it lasts as long as before, and its identity stays.

    Everyone who signed up hears of it once: asking for the same again makes no second change and returns the first.
    Raises ChangeRefused for a start in the past, and for a date that is cancelled or over.
    """
    with transaction.atomic():
        locked = _lock(occurrence)
        latest = locked.changes.last()
        if latest is not None and not locked.is_cancelled and locked.starts_at == starts_at:
            return latest
        if starts_at <= now:
            raise ChangeRefused(_("That is in the past. Choose a later time."))
        _refuse_unless_changeable(locked, now)
        if locked.starts_at == starts_at:
            raise ChangeRefused(_("It already starts then."))
        old = locked.starts_at
        # In UTC, where hours are added as they pass.
        locked.ends_at = starts_at.astimezone(dt.UTC) + (locked.ends_at - locked.starts_at)
        locked.starts_at = starts_at
        locked.is_moved = True
        change = _record(locked, old_starts_at=old, message=message, now=now)
        occurrence_moved.send(sender=Occurrence, occurrence=locked, change=change, now=now)
    return change


def cancel_occurrence(*, occurrence: Occurrence, message: str = "", now: dt.datetime) -> OccurrenceChange:
    """Cancel one date. Everyone who signed up hears of it once; cancelling again returns the first change.

    Raises ChangeRefused for a date that is over.
    """
    with transaction.atomic():
        locked = _lock(occurrence)
        latest = locked.changes.last()
        if latest is not None and locked.is_cancelled:
            return latest
        _refuse_unless_changeable(locked, now)
        locked.status = OccurrenceStatus.CANCELLED
        change = _record(locked, old_starts_at=locked.starts_at, message=message, now=now)
        occurrence_cancelled.send(sender=Occurrence, occurrence=locked, change=change, now=now)
    return change


def _lock(occurrence: Occurrence) -> Occurrence:
    return Occurrence.objects.select_for_update(of=("self",)).select_related("meeting").get(pk=occurrence.pk)


def _refuse_unless_changeable(occurrence: Occurrence, now: dt.datetime) -> None:
    if occurrence.is_cancelled:
        raise ChangeRefused(_("This date is canceled."))
    if occurrence.ends_at <= now:
        raise ChangeRefused(_("This date is over."))


def _record(occurrence: Occurrence, *, old_starts_at: dt.datetime, message: str, now: dt.datetime) -> OccurrenceChange:
    occurrence.schedule_seq += 1
    occurrence.save(update_fields=["starts_at", "ends_at", "status", "is_moved", "schedule_seq"])
    change = OccurrenceChange.objects.create(
        occurrence=occurrence,
        schedule_seq=occurrence.schedule_seq,
        old_starts_at=old_starts_at,
        new_starts_at=occurrence.starts_at,
        is_cancellation=occurrence.is_cancelled,
        message=message,
        created_at=now,
    )
    schedule.refresh_next(occurrence.meeting, now=now)
    return change
