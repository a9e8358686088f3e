from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.enums import Channel, Wording
from accounts.fields import keyring
from accounts.models import ContactPoint
from meetings.models import Signup
from meetings.reminders.enums import UNSENT, EventKind, Lane, ReminderKind, ReminderState


class ReminderQuerySet(models.QuerySet["Reminder"]):
    def unsent(self) -> Self:
        """Not yet handed to a gateway, so that they can still be replaced."""
        return self.filter(state__in=UNSENT)

    def due(self, now: dt.datetime, channels: Collection[str] = Channel.values) -> Self:
        """To be sent by one of `channels` now. By channel and lane, so that the index `reminder_due` serves."""
        return self.filter(state=ReminderState.PLANNED, channel__in=channels, lane__in=Lane.values, due_at__lte=now)

    def openable(self, now: dt.datetime) -> Self:
        """Without those that were found just now to be sealed under a key that is not among this host's."""
        return self.exclude(unopened_by__contains=keyring(), lease_until__gt=now)


class Reminder(models.Model):
    """An intended message to one contact point about one signup. The row is the schedule; nothing else is.

    Where one message speaks of several dates, `signup` is the first of them; the others are a standing signup's, or its
    `parts`. `dedupe_key` makes planning twice free. `claim_token` and `lease_until` say who is sending it; `attempt`
    fences the result of an older attempt out. Only what it was built from is kept (`template`, `content_hash`), never
    its words.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    # An index of its own would be that of `reminder_signup` again.
    signup = models.ForeignKey(Signup, on_delete=models.CASCADE, related_name="reminders", db_index=False)
    contact_point = models.ForeignKey(ContactPoint, on_delete=models.CASCADE, related_name="reminders")
    kind = models.CharField(_("kind"), max_length=16, choices=ReminderKind.choices)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    lead = models.DurationField(_("how long before"), null=True, blank=True)
    # Which of accounts.enums.Lead a reminder answers.
    lead_key = models.CharField(max_length=16, blank=True)
    # Its recipient asked for this very one, whatever the hour: quiet hours do not hold it back.
    is_asked = models.BooleanField(default=False)
    schedule_seq = models.PositiveIntegerField(default=0)
    # Of news: which schedule_seq its reader was last told of; the message says what has changed since.
    told_seq = models.PositiveIntegerField(null=True, blank=True)
    # Unique by a constraint: `unique=True` would keep another index, for LIKE, which nobody asks.
    dedupe_key = models.CharField(max_length=200)

    state = models.CharField(_("state"), max_length=12, choices=ReminderState.choices, default=ReminderState.PLANNED)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    lane = models.PositiveSmallIntegerField(choices=Lane.choices, default=Lane.LATER)
    due_at = models.DateTimeField(_("due"))
    deadline_at = models.DateTimeField(_("of no use after"))

    # Who is sending it, until when; for one that nobody knows whether it went, when to look at it again. One that could
    # not be opened is left alone until then by whoever has no other keys.
    claim_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    # Which keys (accounts.fields.keyring) do not open it, in a row, the latest last.
    unopened_by = models.CharField(max_length=80, blank=True, default="", editable=False)
    attempt = models.PositiveSmallIntegerField(default=0)
    # How many attempts failed for a reason of its own: an outage is nobody's.
    failures = models.PositiveSmallIntegerField(default=0)
    # When the attempt that is (or was last) under way began, for ordering corrections and for the sweeper.
    submitted_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    # RFC 5322 Message-ID (or a provider's id), one for all attempts of this row.
    message_id = models.CharField(max_length=255, blank=True)
    template = models.CharField(max_length=64, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()

    objects = ReminderQuerySet.as_manager()

    #: How much it may say to whoever looks over a shoulder; queries.to_send reads it from the recipient's preferences.
    wording: str = Wording.DISCREET.value

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        indexes: ClassVar = [
            models.Index(
                fields=["channel", "lane", "due_at", "id"],
                name="reminder_due",
                condition=Q(state=ReminderState.PLANNED),
            ),
            models.Index(
                fields=["lease_until"],
                name="reminder_lease",
                condition=Q(state__in=[ReminderState.CLAIMED, ReminderState.SUBMITTING, ReminderState.AMBIGUOUS]),
            ),
            models.Index(fields=["signup", "kind"], name="reminder_signup"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["dedupe_key"], name="reminder_planned_once"),
            models.CheckConstraint(condition=Q(state__in=ReminderState.values), name="reminder_state_known"),
            models.CheckConstraint(condition=Q(kind__in=ReminderKind.values), name="reminder_kind_known"),
            models.CheckConstraint(
                condition=~Q(state__in=[ReminderState.CLAIMED, ReminderState.SUBMITTING])
                | Q(claim_token__isnull=False, lease_until__isnull=False),
                name="reminder_claim_is_leased",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.kind}"


class ReminderPart(models.Model):
    """Another place, or another lead, that a message speaks for beside its own; as things were when it was planned.

    News of a change has no lead. A row never changes what it speaks for: where that changes it is superseded.
    """

    # An index of its own would be that of `reminder_part_once` again.
    reminder = models.ForeignKey(Reminder, on_delete=models.CASCADE, related_name="parts", db_index=False)
    signup = models.ForeignKey(Signup, on_delete=models.CASCADE, related_name="reminder_parts")
    lead_key = models.CharField(max_length=16)
    schedule_seq = models.PositiveIntegerField()
    told_seq = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        verbose_name = _("part of a reminder")
        verbose_name_plural = _("parts of reminders")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["reminder", "signup", "lead_key"], name="reminder_part_once"),
        ]

    def __str__(self) -> str:
        return f"#{self.reminder_id}+{self.signup_id}"


class ZoneRelease(models.Model):
    """Which release of the time-zone data all plans were last made with; at most one row."""

    version = models.CharField(max_length=32)
    applied_at = models.DateTimeField()

    class Meta:
        verbose_name = _("release of time-zone data")
        verbose_name_plural = _("releases of time-zone data")

    def __str__(self) -> str:
        return self.version


class ChannelOutage(models.Model):
    """A channel whose provider cannot be reached, or takes nothing from us: nothing is claimed for it until `until`.

    No row: all is well.
    """

    channel = models.CharField(max_length=8, choices=Channel.choices, unique=True)
    until = models.DateTimeField()
    failures = models.PositiveIntegerField(default=1)
    reason = models.CharField(max_length=200)
    # What the provider said, without any address, host or link; "" where it said nothing.
    said = models.CharField(max_length=200, blank=True, default="")
    since = models.DateTimeField()

    class Meta:
        verbose_name = _("outage of a channel")
        verbose_name_plural = _("outages of channels")

    def __str__(self) -> str:
        return f"{self.channel}: {self.words}"

    @property
    def words(self) -> str:
        """Why it is out, in one line for a log or a monitor."""
        return f"{self.reason} “{self.said}”" if self.said else self.reason


class ChannelPause(models.Model):
    """A channel that staff stopped on purpose: nothing is claimed for it until they end that. No row: it is open."""

    channel = models.CharField(max_length=8, choices=Channel.choices, unique=True)
    reason = models.CharField(_("reason"), max_length=200)
    since = models.DateTimeField()
    # Whoever paused it may leave; the channel stays as it is.
    paused_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("paused channel")
        verbose_name_plural = _("paused channels")

    def __str__(self) -> str:
        return f"{self.channel}: {self.reason}"


class DeliveryEvent(models.Model):
    """One thing that happened to a reminder; together they are its timeline. Append-only."""

    reminder = models.ForeignKey(Reminder, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=12, choices=EventKind.choices)
    attempt = models.PositiveSmallIntegerField(default=0)
    # Words for a person, without any contact value or name.
    detail = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("delivery event")
        verbose_name_plural = _("delivery events")
        ordering: ClassVar = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.kind} #{self.reminder_id}"
