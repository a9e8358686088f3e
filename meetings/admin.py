"""What staff can look up and set right. Never a contact value: those are nobody's to browse."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import member
from meetings import recurrence
from meetings.models import (
    Coordinator,
    Format,
    FormatTranslation,
    Invitation,
    Meeting,
    Occurrence,
    OccurrenceChange,
    ServiceBody,
    Signup,
    Venue,
)
from meetings.queries import coordination
from meetings.services import listings, roles, schedule
from meetings.services.listings import begin_names, settle_doubt
from meetings.services.news import telling
from meetings.services.signups import fill_coming_dates
from support import clock
from support.admin import NarrowModelAdmin

#: An address typed without a scheme is a secure one.
SECURE_ADDRESSES: dict[type[models.Field[Any, Any]], dict[str, Any]] = {models.URLField: {"assume_scheme": "https"}}


class MeetingAdminForm(forms.ModelForm):
    """Refuses a rule that the site does not understand, and a zone that does not exist."""

    def clean_rrule(self) -> str:
        rrule = str(self.cleaned_data["rrule"]).strip()
        if rrule:
            try:
                recurrence.validate(rrule)
            except recurrence.InvalidRule as reason:
                raise ValidationError(str(reason)) from reason
        return rrule

    def clean_tz(self) -> str:
        tz = str(self.cleaned_data["tz"])
        if not clock.is_zone(tz):
            raise ValidationError(_("Write a zone like America/New_York."))
        return tz

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in ("starts_on", "start_time"):
            if cleaned.get("rrule") and not cleaned.get(name):
                self.add_error(name, _("A meeting with a rule needs this."))
        if (cleaned.get("duration") or dt.timedelta(0)) <= dt.timedelta(0):
            self.add_error("duration", _("The length must be more than zero."))
        return cleaned


@admin.register(Meeting)
class MeetingAdmin(NarrowModelAdmin):
    form = MeetingAdminForm
    formfield_overrides = SECURE_ADDRESSES
    list_display = (
        "name",
        "service_body",
        "kind",
        "venue_type",
        "next_starts_at",
        "is_published",
        "is_temporarily_closed",
    )
    list_filter = ("is_published", "is_temporarily_closed", "kind", "venue_type", "signup_policy")
    search_fields = ("name", "slug", "group_name", "venue__name", "venue__city")
    list_select_related = ("service_body",)
    autocomplete_fields = ("service_body", "venue", "facilitators", "formats")
    prepopulated_fields: ClassVar = {"slug": ("name",)}
    readonly_fields = ("next_starts_at", "source", "source_id", "source_updated_at")
    date_hierarchy = "next_starts_at"
    actions = ("invite", "close")

    @admin.action(description=_("Close for good, and tell everyone who signed up"))
    def close(self, request: HttpRequest, queryset: QuerySet[Meeting]) -> None:
        closed = listings.close(meetings=queryset, now=clock.now())
        if not closed:
            messages.info(request, gettext("They were closed already. Nothing changed, and no one is told again."))
            return
        messages.success(
            request, gettext("No longer shown: %(number)d. Everyone who signed up is told.") % {"number": closed}
        )

    def has_delete_permission(self, request: HttpRequest, obj: Meeting | None = None) -> bool:
        # With it would go who came, and who is still to be told; without an object, the list's own action.
        return obj is not None and super().has_delete_permission(request, obj) and not listings.is_asked_for(obj)

    @admin.action(description=_("Make an invitation link for a facilitator"))
    def invite(self, request: HttpRequest, queryset: QuerySet[Meeting]) -> None:
        for meeting in queryset:
            invitation = roles.invite_facilitator(meeting=meeting, actor=member(request), now=clock.now())
            _say_link(request, meeting, invitation)

    def save_model(self, request: HttpRequest, obj: Meeting, form: Any, change: bool) -> None:
        now = clock.now()
        with transaction.atomic(), telling([obj.pk] if change else [], now=now):
            if change:
                before = Meeting.objects.select_for_update().get(pk=obj.pk)
                begin_names(obj, kept_places=before.keeps_places, now=now)
                settle_doubt(obj)
            super().save_model(request, obj, form, change)
            # The dates that people signed up for follow the rule, more places go to those who wait, and everyone
            # hears of it.
            schedule.reschedule(obj, now=now)
            fill_coming_dates(meeting=obj, now=now)


@admin.register(ServiceBody)
class ServiceBodyAdmin(NarrowModelAdmin):
    formfield_overrides = SECURE_ADDRESSES
    list_display = ("name", "kind", "parent", "helpline")
    list_filter = ("kind",)
    list_select_related = ("parent",)
    search_fields = ("name", "world_id")
    autocomplete_fields = ("parent",)
    prepopulated_fields: ClassVar = {"slug": ("name",)}
    actions = ("invite",)

    @admin.action(description=_("Make an invitation link for a coordinator"))
    def invite(self, request: HttpRequest, queryset: QuerySet[ServiceBody]) -> None:
        for body in queryset:
            invitation = roles.invite_coordinator(body=body, actor=member(request), now=clock.now())
            _say_link(request, body, invitation)


def _say_link(request: HttpRequest, whose: Meeting | ServiceBody, invitation: Invitation) -> None:
    words = gettext("For “%(name)s”, good for one person and seven days: %(link)s")
    messages.success(request, words % {"name": whose, "link": coordination.address_of(invitation)})


@admin.register(Venue)
class VenueAdmin(NarrowModelAdmin):
    list_display = ("__str__", "city", "state", "postal_code")
    search_fields = ("name", "street", "city", "formatted_address")

    def save_model(self, request: HttpRequest, obj: Venue, form: Any, change: bool) -> None:
        # Whoever signed up for a meeting here hears where it is now.
        here = obj.meetings.values_list("pk", flat=True) if change else []
        with telling(here, now=clock.now()):
            super().save_model(request, obj, form, change)


class FormatTranslationInline(admin.TabularInline):
    model = FormatTranslation
    extra = 0


@admin.register(Format)
class FormatAdmin(NarrowModelAdmin):
    list_display = ("name", "key", "category", "vocabulary")
    list_filter = ("category",)
    search_fields = ("name", "key", "slug")
    inlines = (FormatTranslationInline,)


class OccurrenceChangeInline(admin.TabularInline):
    model = OccurrenceChange
    extra = 0
    can_delete = False
    fields = ("schedule_seq", "old_starts_at", "new_starts_at", "is_cancellation", "created_at")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Occurrence)
class OccurrenceAdmin(NarrowModelAdmin):
    """To look at only: a date is moved and cancelled on the facilitator's pages, where everyone is told."""

    list_display = ("meeting", "original_date", "starts_at", "status", "is_moved")
    list_filter = ("status", "is_moved")
    list_select_related = ("meeting",)
    search_fields = ("meeting__name",)
    date_hierarchy = "starts_at"
    inlines = (OccurrenceChangeInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Signup)
class SignupAdmin(NarrowModelAdmin):
    """To look at only, and by number: who it is, staff need not know to see that a message went out."""

    list_display = ("pk", "occurrence", "status", "created_at", "confirmed_at")
    list_filter = ("status",)
    date_hierarchy = "created_at"
    fields = ("public_id", "occurrence", "status", "created_at", "confirmed_at", "cancelled_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Signup]:
        return super().get_queryset(request).select_related("occurrence__meeting")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Coordinator)
class CoordinatorAdmin(NarrowModelAdmin):
    """Who looks after which service body: how the first one of a body comes to it, unless by an invitation."""

    list_display = ("service_body", "user", "since")
    autocomplete_fields = ("service_body", "user")
    fieldsets = (
        (
            None,
            {
                "fields": ("service_body", "user"),
                "description": _(
                    "If you don’t know their number or address, send them a link instead: under “Service bodies”, "
                    "check the body and choose “Make an invitation link for a coordinator”."
                ),
            },
        ),
    )
    search_fields = ("service_body__name",)

    def save_model(self, request: HttpRequest, obj: Coordinator, form: Any, change: bool) -> None:
        obj.since = clock.now()
        super().save_model(request, obj, form, change)
