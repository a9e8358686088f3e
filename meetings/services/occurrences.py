"""The verbs of one date: bring it into being, move it, cancel it, bring it back."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from meetings.enums import OccurrenceStatus
from meetings.models import DateState, Meeting, Occurrence, OccurrenceChange
from meetings.queries.occurrences import DatedOccurrence
from meetings.services import schedule
from meetings.signals import occurrence_cancelled, occurrence_moved, occurrence_restored


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

    Moved back to where the rule has it, it follows the rule again.
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
        refuse_unless_changeable(locked, now=now)
        if locked.starts_at == starts_at:
            raise ChangeRefused(_("It already starts then."))
        before = _state(locked)
        # In UTC, where hours are added as they pass.
        locked.ends_at = starts_at.astimezone(dt.UTC) + (locked.ends_at - locked.starts_at)
        locked.starts_at = starts_at
        locked.is_moved = schedule.is_by_hand(locked)
        change = _record(locked, before, message, now)
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
        refuse_unless_changeable(locked, now=now)
        before = _state(locked)
        locked.status = OccurrenceStatus.CANCELLED
        change = _record(locked, before, message, now)
        occurrence_cancelled.send(sender=Occurrence, occurrence=locked, change=change, now=now)
    return change


def restore_occurrence(*, occurrence: Occurrence, message: str = "", now: dt.datetime) -> OccurrenceChange:
    """Bring back a date that was cancelled: at the time it had where a facilitator had moved it, else by the rule.

    Places stand as they were, free ones go to the waitlist, and everyone who signed up hears of it once. Restoring
    again changes nothing and returns the latest change. Raises ChangeRefused for a date that was never cancelled, that
    would begin in the past, or that the meeting's rule no longer has.
    """
    with transaction.atomic():
        locked = _lock(occurrence)
        latest = locked.changes.last()
        if latest is not None and latest.is_restoration and not locked.is_cancelled:
            return latest
        before = _state(locked)
        locked.starts_at, locked.ends_at = times_once_restored(locked, now=now)
        locked.status = OccurrenceStatus.SCHEDULED
        change = _record(locked, before, message, now)
        occurrence_restored.send(sender=Occurrence, occurrence=locked, change=change, now=now)
    return change


def refuse_unless_changeable(date: Occurrence | DatedOccurrence, *, now: dt.datetime) -> None:
    """Raise ChangeRefused where a date can be neither moved nor cancelled."""
    if date.is_cancelled:
        raise ChangeRefused(_("This date is canceled."))
    if date.ends_at <= now:
        raise ChangeRefused(_("This date is over."))


def times_once_restored(occurrence: Occurrence, *, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Return from when to when a cancelled date would be, were it brought back.

    Raises ChangeRefused where it cannot be.
    """
    if not occurrence.is_cancelled:
        raise ChangeRefused(_("This date is not canceled."))
    starts_at, ends_at = occurrence.starts_at, occurrence.ends_at
    if not occurrence.is_moved:
        slot = occurrence.meeting.rule.on(occurrence.original_date) if occurrence.meeting.rule else None
        if slot is None:
            raise ChangeRefused(_("The meeting is no longer on this day. Change its schedule first."))
        starts_at, ends_at = slot.starts_at, slot.ends_at
    if starts_at <= now:
        raise ChangeRefused(_("It would have started already, so it can’t be brought back."))
    return starts_at, ends_at


def _lock(occurrence: Occurrence) -> Occurrence:
    return Occurrence.objects.select_for_update(of=("self",)).select_related("meeting").get(pk=occurrence.pk)


def _state(occurrence: Occurrence) -> DateState:
    return DateState(occurrence.starts_at, occurrence.ends_at, occurrence.is_cancelled)


def _record(occurrence: Occurrence, before: DateState, message: str, now: dt.datetime) -> OccurrenceChange:
    change = schedule.record_change(occurrence, before, message=message, now=now)
    schedule.refresh_next(occurrence.meeting, now=now)
    return change
