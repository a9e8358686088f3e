from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.fields import EncryptedTextField
from meetings.enums import OccurrenceStatus
from meetings.models.meeting import Meeting


@dataclass(frozen=True, slots=True)
class DateState:
    """What holds of a date at one time of its history."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    is_cancelled: bool


class OccurrenceQuerySet(models.QuerySet["Occurrence"]):
    def scheduled(self) -> Self:
        return self.filter(status=OccurrenceStatus.SCHEDULED)

    def upcoming(self, now: dt.datetime) -> Self:
        return self.filter(ends_at__gt=now)


class Occurrence(models.Model):
    """One dated instance of a meeting that has a signup or an exception; all others are computed from the rule.

    `(meeting, original_date)` is its identity for life, the date in the meeting's zone that the rule gave it. A move
    changes `starts_at` and raises `schedule_seq`; the identity and its signups, with their calendar UIDs, stay.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="occurrences")
    original_date = models.DateField(_("date by the rule"))
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    status = models.CharField(
        _("status"), max_length=10, choices=OccurrenceStatus.choices, default=OccurrenceStatus.SCHEDULED
    )
    # Set when a facilitator moved this date: a change of the meeting's rule leaves it where they put it.
    is_moved = models.BooleanField(_("moved"), default=False)
    schedule_seq = models.PositiveIntegerField(default=0)
    capacity = models.PositiveIntegerField(_("places"), null=True, blank=True)

    objects = OccurrenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("occurrence")
        verbose_name_plural = _("occurrences")
        ordering: ClassVar = ["starts_at", "pk"]
        indexes: ClassVar = [models.Index(fields=["starts_at"], name="occurrence_starts")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["meeting", "original_date"], name="occurrence_identity"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="occurrence_ends_after_start"),
            models.CheckConstraint(condition=Q(status__in=OccurrenceStatus.values), name="occurrence_status_known"),
        ]

    def __str__(self) -> str:
        return f"{self.meeting_id}/{self.original_date:%Y-%m-%d}"

    @property
    def is_cancelled(self) -> bool:
        return self.status == OccurrenceStatus.CANCELLED

    @property
    def moved_from(self) -> dt.datetime | None:
        """When it was to start before it was last moved, or None. In no query where `changes` is prefetched."""
        moves = [change for change in self.changes.all() if change.is_move]
        return moves[-1].old_starts_at if moves else None

    def starts_at_of(self, schedule_seq: int) -> dt.datetime:
        """Return when it was to start while `schedule_seq` was its own. In no query where `changes` is prefetched."""
        return self.as_of(schedule_seq).starts_at

    def as_of(self, schedule_seq: int) -> DateState:
        """Return what held while `schedule_seq` was its own. In no query where `changes` is prefetched."""
        changes = list(self.changes.all())
        overtaken_by = next((change for change in changes if change.schedule_seq > schedule_seq), None)
        if overtaken_by is None:
            return DateState(self.starts_at, self.ends_at, self.is_cancelled)
        starts_at = overtaken_by.old_starts_at
        ends_at = overtaken_by.old_ends_at or starts_at + (self.ends_at - self.starts_at)
        until_then = [change for change in changes if change.schedule_seq <= schedule_seq]
        return DateState(starts_at, ends_at, bool(until_then) and until_then[-1].is_cancellation)

    def seq_before(self, instant: dt.datetime) -> int:
        """Return the `schedule_seq` that it had just before `instant`. In no query where `changes` is prefetched."""
        return max((change.schedule_seq for change in self.changes.all() if change.created_at < instant), default=0)

    @property
    def effective_capacity(self) -> int | None:
        """Places on this date: its own number, or the meeting's, or None for as many as come.

        Nobody waits for a reminder: a meeting that keeps no places has as many as ask.
        """
        if not self.meeting.keeps_places:
            return None
        return self.capacity if self.capacity is not None else self.meeting.capacity


class OccurrenceChange(models.Model):
    """What was done to one date, and when: the history that corrections are worded from."""

    occurrence = models.ForeignKey(Occurrence, on_delete=models.CASCADE, related_name="changes")
    schedule_seq = models.PositiveIntegerField()
    old_starts_at = models.DateTimeField()
    new_starts_at = models.DateTimeField()
    # None in changes of a time when a length was not kept: then it was as long as the date is now.
    old_ends_at = models.DateTimeField(null=True, blank=True)
    new_ends_at = models.DateTimeField(null=True, blank=True)
    is_cancellation = models.BooleanField(default=False)
    is_restoration = models.BooleanField(default=False)
    # It follows from the meeting's rule, which takes back what it did; nobody decided it for this date.
    is_by_rule = models.BooleanField(default=False)
    # Free words, which may name somebody: sealed.
    message = EncryptedTextField(_("message to those coming"), blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("occurrence change")
        verbose_name_plural = _("occurrence changes")
        ordering: ClassVar = ["schedule_seq"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["occurrence", "schedule_seq"], name="occurrence_change_once_per_seq"),
        ]

    def __str__(self) -> str:
        return f"{self.occurrence} #{self.schedule_seq}"

    @property
    def is_move(self) -> bool:
        """Whether it gave the date another start."""
        return not self.is_cancellation and self.old_starts_at != self.new_starts_at
