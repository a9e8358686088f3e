from __future__ import annotations

import datetime as dt
import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.fields import EncryptedTextField
from accounts.models import ContactPoint
from meetings.enums import Attendance, Held, SignupStatus
from meetings.models.meeting import Meeting
from meetings.models.occurrence import Occurrence
from meetings.recurrence import unknown_days

#: A signup in one of these states takes a place.
HOLDS_A_PLACE = (SignupStatus.CONFIRMED, SignupStatus.OFFERED)


class Participant(models.Model):
    """Who comes: a member (`user`) or a guest (an email address alone). Knows no more than messages need."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="participant"
    )
    contact_point = models.ForeignKey(ContactPoint, on_delete=models.CASCADE, related_name="participants")
    display_name = EncryptedTextField(_("name to show"), max_length=40, blank=True)
    #: The site's, where nobody has said one.
    tz = models.CharField(_("time zone"), max_length=64)
    has_own_zone = models.BooleanField(_("time zone was said"), default=False)
    language = models.CharField(_("language"), max_length=12, default="en")
    hour_cycle = models.CharField(max_length=3, default="h12")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["contact_point"], condition=Q(user__isnull=True), name="participant_once_per_guest"
            ),
        ]

    def __str__(self) -> str:
        # Never the name, which the admin would list and log.
        return f"#{self.pk}"

    @property
    def own_tz(self) -> str | None:
        """Return the zone that they or their browser said, or None where nobody has: then every time names its zone."""
        return self.tz if self.has_own_zone else None

    @property
    def is_guest(self) -> bool:
        return self.user_id is None

    def zone_of(self, meeting: Meeting) -> str:
        """Return by whose clock they are told of a meeting's dates: the room's, where there is one, else their own."""
        return meeting.tz if meeting.is_in_person else self.tz


class StandingSignup(models.Model):
    """A participant's wish to come (or be reminded) every time; signups for the coming weeks are made from it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="standing_signups")
    # The days that they said yes to, as recurrence.Parts.days; "" for every day. A meeting that moves to another
    # weekday takes nobody along who has not been asked.
    days = models.CharField(max_length=255, blank=True, default="")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="standing_signups")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("standing signup")
        verbose_name_plural = _("standing signups")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["meeting", "participant"],
                condition=Q(ended_at__isnull=True),
                name="standing_signup_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def new_days(self) -> str:
        """The days that the meeting is on by now and they were not asked about yet, as recurrence.Parts.days."""
        rule = self.meeting.rule
        return unknown_days(rule.parts.days, known=self.days) if rule else ""

    @property
    def is_waiting(self) -> bool:
        """Whether the meeting is on none of their days any more: nothing is made until they say yes to the new ones."""
        rule = self.meeting.rule
        return bool(self.new_days) and rule is not None and unknown_days(self.days, known=rule.parts.days) == self.days


class SignupQuerySet(models.QuerySet["Signup"]):
    def confirmed(self) -> Self:
        return self.filter(status=SignupStatus.CONFIRMED)

    def holding_a_place(self) -> Self:
        return self.filter(status__in=HOLDS_A_PLACE)

    def live(self) -> Self:
        """Not cancelled and not over: what a change of the date must be told to."""
        return self.filter(
            status__in=(SignupStatus.CONFIRMED, SignupStatus.WAITLISTED, SignupStatus.OFFERED, SignupStatus.PENDING)
        )


class Signup(models.Model):
    """A participant's place in one occurrence."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    occurrence = models.ForeignKey(Occurrence, on_delete=models.PROTECT, related_name="signups")
    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="signups")
    standing = models.ForeignKey(
        StandingSignup, on_delete=models.SET_NULL, null=True, blank=True, related_name="signups"
    )
    status = models.CharField(_("status"), max_length=10, choices=SignupStatus.choices, default=SignupStatus.PENDING)
    #: Counting places never asks for it.
    attendance = EncryptedTextField(_("came"), choices=Attendance.choices, blank=True, default="")
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    calendar_id = models.UUIDField(default=uuid.uuid4, editable=False)
    #: How often it was given back or taken again.
    calendar_seq = models.PositiveIntegerField(default=0, editable=False)

    objects = SignupQuerySet.as_manager()

    class Meta:
        verbose_name = _("signup")
        verbose_name_plural = _("signups")
        ordering: ClassVar = ["created_at", "pk"]
        indexes: ClassVar = [models.Index(fields=["occurrence", "status", "created_at"], name="signup_places")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["occurrence", "participant"], name="signup_once_per_occurrence"),
            models.CheckConstraint(condition=Q(status__in=SignupStatus.values), name="signup_status_known"),
            models.CheckConstraint(
                condition=~Q(status=SignupStatus.CANCELLED) | Q(cancelled_at__isnull=False),
                name="signup_cancelled_when",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def calendar_uid(self) -> str:
        """The UID of its calendar entry (RFC 5545 section 3.8.4.7), the same for life: its own, for two who come to the
        same date may share a calendar. It names nothing but itself."""
        return f"{self.calendar_id}@homegroup"

    @property
    def calendar_sequence(self) -> int:
        """The SEQUENCE of its calendar entry: higher whenever the date was changed, and the place given or taken."""
        return self.occurrence.schedule_seq + self.calendar_seq

    @property
    def tz(self) -> str:
        """By whose clock its owner is told of its date."""
        return self.participant.zone_of(self.occurrence.meeting)

    @property
    def held(self) -> Held:
        """What its participant has of it, had of it or asked for: a reminder, a place, or a turn on the waitlist."""
        if not self.occurrence.meeting.keeps_places:
            return Held.REMINDER
        return Held.WAIT if self.status == SignupStatus.WAITLISTED else Held.PLACE

    @property
    def is_named(self) -> bool:
        """Whether those who run the meeting may see who it is; not where they asked when it only sent reminders."""
        since = self.occurrence.meeting.named_since
        return since is None or (self.standing or self).created_at > since

    @property
    def comes_every_time(self) -> bool:
        """Whether it is one of many, made from a wish to come every time that goes on."""
        return self.standing is not None and self.standing.ended_at is None

    @property
    def gave_up_every_time(self) -> bool:
        """Whether its participant gave it up by stopping to come every time."""
        return (
            self.standing is not None
            and self.standing.ended_at is not None
            and self.standing.ended_at == self.cancelled_at
        )

    @property
    def is_certain(self) -> bool:
        """Whether there is a place, not an offer of one, a request or a wait; and it was not given back."""
        return self.status == SignupStatus.CONFIRMED

    def shows_link(self, *, now: dt.datetime) -> bool:
        """Return whether the page of this place may say how to join online.

        A meeting that withholds its link gives it to who has a place, until the date is over: the same link serves the
        next one.
        """
        if not self.occurrence.meeting.withholds_link:
            return True
        return self.is_certain and not self.occurrence.is_cancelled and self.occurrence.ends_at > now
