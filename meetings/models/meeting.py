from __future__ import annotations

import datetime as dt
from typing import ClassVar, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from meetings.enums import MeetingKind, MeetingState, SignupPolicy, VenueType, keeps_places, meeting_state
from meetings.models.fields import RegionField
from meetings.models.format import Format
from meetings.models.service_body import ServiceBody
from meetings.models.venue import Venue
from meetings.recurrence import Rule
from meetings.whereabouts import Whereabouts


class MeetingQuerySet(models.QuerySet["Meeting"]):
    def published(self) -> Self:
        return self.filter(is_published=True)

    def listed(self) -> Self:
        """What a stranger may find; a published meeting that is not listed is reached by its address alone."""
        return self.published().filter(is_listed=True)

    def upcoming(self, now: dt.datetime) -> Self:
        return self.filter(next_starts_at__gte=now)

    def off(self) -> Self:
        """Those that do not take place, as far as this site knows; see `Meeting.state`."""
        return self.filter(Q(is_temporarily_closed=True) | Q(is_published=False, missing_since=None))

    def in_doubt(self) -> Self:
        """Those that their lists have lost, where nobody has said yet whether they go on."""
        return self.filter(is_published=False, is_temporarily_closed=False, missing_since__isnull=False)


class Meeting(models.Model):
    """The standing listing: a name, a rule for when, a venue, formats.

    The rule (`rrule`, RFC 5545 section 3.3.10, without DTSTART) runs from `starts_on` at `start_time` on the clocks of
    `tz`; an empty rule means "by appointment". `next_starts_at` is derived, in UTC, for "what is on soon".
    """

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=255)
    group_name = models.CharField(_("group"), max_length=255, blank=True)
    kind = models.CharField(_("kind"), max_length=16, choices=MeetingKind.choices, default=MeetingKind.NA_MEETING)
    service_body = models.ForeignKey(ServiceBody, on_delete=models.PROTECT, related_name="meetings")
    formats = models.ManyToManyField(Format, related_name="meetings", blank=True)

    venue_type = models.CharField(
        _("how to take part"), max_length=10, choices=VenueType.choices, default=VenueType.IN_PERSON
    )
    venue = models.ForeignKey(Venue, on_delete=models.PROTECT, null=True, blank=True, related_name="meetings")
    region = RegionField(_("region"), max_length=255, blank=True)
    conference_url = models.URLField(_("link to join"), max_length=1000, blank=True)
    conference_url_notes = models.TextField(_("about the link"), blank=True)
    conference_phone = models.CharField(_("number to dial"), max_length=100, blank=True)
    conference_phone_notes = models.TextField(_("about the number"), blank=True)
    notes = models.TextField(_("notes"), blank=True)
    # This site's own: no list has them, and no import touches them.
    first_time_expect = models.TextField(_("first time: what to expect"), blank=True)
    first_time_entrance = models.CharField(_("first time: which entrance"), max_length=255, blank=True)
    first_time_greeter = models.CharField(_("first time: who greets"), max_length=255, blank=True)
    website = models.URLField(_("website"), max_length=1000, blank=True)

    rrule = models.CharField(_("recurrence rule"), max_length=255, blank=True)
    starts_on = models.DateField(_("from"), null=True, blank=True)
    start_time = models.TimeField(_("starts at"), null=True, blank=True)
    duration = models.DurationField(_("lasts"), default=dt.timedelta(hours=1))
    tz = models.CharField(_("time zone"), max_length=64)
    # Derived from the rule, kept by services.schedule: bit 0 is Monday.
    weekday_mask = models.PositiveSmallIntegerField(default=0, editable=False)
    next_starts_at = models.DateTimeField(null=True, blank=True, editable=False)

    signup_policy = models.CharField(
        _("signing up"), max_length=10, choices=SignupPolicy.choices, default=SignupPolicy.DROP_IN
    )
    capacity = models.PositiveIntegerField(_("places"), null=True, blank=True)
    #: Since when people sign up, where they once only asked for reminders: those were told that nobody would know.
    named_since = models.DateTimeField(null=True, blank=True, editable=False)
    is_published = models.BooleanField(_("published"), default=True)
    is_listed = models.BooleanField(_("can be found by anyone"), default=True)
    is_temporarily_closed = models.BooleanField(_("temporarily closed"), default=False)
    #: Since when its list no longer has it and nobody has said whether it goes on; and when somebody was asked.
    missing_since = models.DateTimeField(null=True, blank=True, editable=False)
    missing_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    #: It goes on although its list has it no longer: somebody said so, and is not asked again.
    is_kept = models.BooleanField(default=False, editable=False)
    facilitators = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="facilitated_meetings", blank=True)

    # Where an imported listing came from, and what it looked like then: `source_hash` finds an unchanged row fast.
    source = models.CharField(max_length=255, blank=True, editable=False)
    source_id = models.CharField(max_length=255, blank=True, editable=False)
    source_hash = models.CharField(max_length=64, blank=True, editable=False)
    source_updated_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = MeetingQuerySet.as_manager()

    class Meta:
        verbose_name = _("meeting")
        verbose_name_plural = _("meetings")
        indexes: ClassVar = [
            models.Index(fields=["next_starts_at", "id"], name="meeting_next"),
            models.Index(fields=["venue"], name="meeting_venue"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "source_id"], condition=~Q(source_id=""), name="meeting_source_unique"
            ),
            models.CheckConstraint(
                condition=Q(rrule="") | Q(starts_on__isnull=False, start_time__isnull=False),
                name="meeting_rule_has_a_start",
            ),
            models.CheckConstraint(condition=Q(duration__gt=dt.timedelta(0)), name="meeting_lasts"),
            models.CheckConstraint(
                condition=Q(capacity__isnull=True) | Q(capacity__gt=0), name="meeting_capacity_positive"
            ),
            models.CheckConstraint(condition=Q(kind__in=MeetingKind.values), name="meeting_kind_known"),
            models.CheckConstraint(condition=Q(venue_type__in=VenueType.values), name="meeting_venue_type_known"),
            models.CheckConstraint(
                condition=Q(signup_policy__in=SignupPolicy.values), name="meeting_signup_policy_known"
            ),
            models.CheckConstraint(condition=Q(weekday_mask__lte=127), name="meeting_weekday_mask_in_a_week"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("meetings:detail", args=[self.slug])

    @property
    def state(self) -> MeetingState:
        """Whether it takes place, as far as this site knows."""
        return meeting_state(
            is_published=self.is_published,
            is_closed=self.is_temporarily_closed,
            is_missing=self.missing_since is not None,
        )

    @property
    def is_on(self) -> bool:
        return self.state is MeetingState.ON

    @property
    def is_in_doubt(self) -> bool:
        return self.state is MeetingState.IN_DOUBT

    @property
    def whereabouts(self) -> Whereabouts:
        """Where it is and how it is joined, to compare with what was so before."""
        venue = self.venue
        address = "" if venue is None else ", ".join(filter(None, (venue.street, venue.city))) or venue.one_line
        return Whereabouts(
            is_in_person=self.is_in_person,
            is_online=self.is_online,
            name=venue.name if venue else "",
            address=address,
            postal_code=venue.postal_code if venue else "",
            notes=venue.notes if venue else "",
            url=self.conference_url,
            url_notes=self.conference_url_notes,
            phone=self.conference_phone,
            phone_notes=self.conference_phone_notes,
        )

    @property
    def run_by(self) -> ServiceBody | None:
        """Who looks after it; None where its list did not say, and the body is called after the file or its server."""
        body = self.service_body
        made_up = (self.source.partition(":")[2], urlsplit(self.source).hostname, f"Service body {body.source_id}")
        return None if self.source and body.name in made_up else body

    @property
    def other_group_name(self) -> str:
        """The group's name where it is not the meeting's own."""
        return "" if self.group_name == self.name else self.group_name

    @property
    def is_by_appointment(self) -> bool:
        return not self.rrule

    @property
    def is_online(self) -> bool:
        return self.venue_type in (VenueType.ONLINE, VenueType.HYBRID)

    @property
    def keeps_places(self) -> bool:
        """Whether people sign up for it; see `enums.keeps_places`."""
        return keeps_places(self.signup_policy, self.kind)

    @property
    def has_first_time_words(self) -> bool:
        """Whether anything is written for somebody's first time."""
        return bool(self.first_time_expect or self.first_time_entrance or self.first_time_greeter)

    @property
    def withholds_link(self) -> bool:
        """Whether how to join online is for those who have a place, and for nobody else."""
        return self.kind == MeetingKind.FAMILY_SESSION

    @property
    def is_in_person(self) -> bool:
        return self.venue_type in (VenueType.IN_PERSON, VenueType.HYBRID)

    @property
    def rule(self) -> Rule | None:
        """The recurrence rule without the exceptions that occurrences hold, or None when by appointment."""
        if self.is_by_appointment:
            return None
        # The constraint meeting_rule_has_a_start.
        assert self.starts_on is not None
        assert self.start_time is not None
        return Rule(
            rrule=self.rrule,
            starts_on=self.starts_on,
            start_time=self.start_time,
            duration=self.duration,
            tz=self.tz,
        )
