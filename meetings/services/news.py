"""Telling those who signed up what changes about a meeting as a whole: whether it takes place, where, and how to join.

Whoever writes a meeting or a venue does it within `telling`; tests/architecture/test_telling.py knows all who may.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import transaction

from meetings.enums import MeetingState
from meetings.models import Meeting, Occurrence, PlaceChange, Signup
from meetings.services.signups import fill_coming_dates
from meetings.signals import meeting_changed
from meetings.whereabouts import Whereabouts, to_text


@dataclass(frozen=True, slots=True)
class _Known:
    """What those who come know of a meeting."""

    state: MeetingState
    whereabouts: Whereabouts


@contextmanager
def telling(meetings: Iterable[int], *, now: dt.datetime) -> Iterator[None]:
    """Tell everyone who signed up for one of `meetings` (ids) what the block changes about it, in its transaction.

    Places that were not given out while a meeting was off go to those who wait.
    """
    with transaction.atomic():
        ids = sorted(set(meetings))
        before = {each.pk: _known(each) for each in _rows(ids)}
        yield
        changed = [each for each in _rows(ids) if each.pk in before and _known(each) != before[each.pk]]
        expected = _with_people(changed, now) if changed else set()
        for meeting in changed:
            if meeting.pk in expected:
                _tell(meeting, before[meeting.pk], now)


def _tell(meeting: Meeting, before: _Known, now: dt.datetime) -> None:
    has_moved = bool(meeting.whereabouts.changed_from(before.whereabouts))
    if has_moved:
        PlaceChange.objects.create(meeting=meeting, old=to_text(before.whereabouts), created_at=now)
    if has_moved or meeting.state != before.state:
        meeting_changed.send(sender=Meeting, meeting=meeting, now=now)
    if meeting.state != before.state:
        fill_coming_dates(meeting=meeting, now=now)


def _known(meeting: Meeting) -> _Known:
    return _Known(meeting.state, meeting.whereabouts)


def _rows(ids: list[int]) -> Iterable[Meeting]:
    return Meeting.objects.filter(pk__in=ids).select_related("venue").order_by("pk")


def _with_people(meetings: Iterable[Meeting], now: dt.datetime) -> set[int]:
    """Return those of `meetings` (ids) that somebody is to come to."""
    coming = Signup.objects.live().filter(occurrence__starts_at__gt=now)
    dates = Occurrence.objects.filter(meeting__in=list(meetings), signups__in=coming)
    return set(dates.values_list("meeting_id", flat=True))
