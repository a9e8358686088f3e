"""Staff see that people exist, and may stop one from signing in. Addresses stay sealed here as well."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.access import member
from accounts.enums import AccessAction
from accounts.models import Disclosure, Purge, User, VendorAgreement
from accounts.services.agreements import end_agreement, record_agreement
from accounts.services.audit import record_access
from support import clock


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    list_display = ("__str__", "is_staff", "is_active", "joined_at")
    list_filter = ("is_staff", "is_active")
    search_fields = ("display_name",)
    filter_horizontal = ("groups",)
    fields = ("display_name", "tz", "language", "is_active", "is_staff", "is_superuser", "groups", "joined_at")
    readonly_fields = ("joined_at",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        # People come by signing in, or by being made a facilitator; nobody is typed in here.
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().change_view(request, object_id, form_url, extra_context)
        person = self.get_object(request, object_id)
        if person is not None:
            record_access(
                actor=member(request),
                about_users=[person.pk],
                action=AccessAction.CHANGED_ACCOUNT if request.method == "POST" else AccessAction.SAW_ACCOUNT,
                now=clock.now(),
            )
        return response


@admin.register(VendorAgreement)
class VendorAgreementAdmin(admin.ModelAdmin):
    """Agreements are recorded and ended, never rewritten."""

    list_display = ("vendor", "channel", "agreed_on", "reference", "recorded_at", "ended_at")
    list_filter = ("channel",)
    actions = ("end",)

    def save_model(self, request: HttpRequest, obj: VendorAgreement, form: Any, change: bool) -> None:
        kept = record_agreement(
            channel=obj.channel,
            vendor=obj.vendor,
            agreed_on=obj.agreed_on,
            reference=obj.reference,
            actor=member(request),
            now=clock.now(),
        )
        obj.pk, obj.recorded_at = kept.pk, kept.recorded_at

    def has_change_permission(self, request: HttpRequest, obj: VendorAgreement | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: VendorAgreement | None = None) -> bool:
        return False

    @admin.action(description=_("End: their channel closes at once"))
    def end(self, request: HttpRequest, queryset: QuerySet[VendorAgreement]) -> None:
        for agreement in queryset:
            end_agreement(agreement=agreement, now=clock.now())


@admin.register(Disclosure)
class DisclosureAdmin(admin.ModelAdmin):
    """What was told outside, to be read by the person it is about."""

    list_display = ("disclosed_on", "about", "recorded_at")
    fields = ("about_user", "about_contact_point", "disclosed_on", "recipient", "what", "purpose")
    raw_id_fields = ("about_user", "about_contact_point")
    readonly_fields = ("recorded_at",)

    @admin.display(description=_("about"))
    def about(self, disclosure: Disclosure) -> str:
        return str(disclosure.about_user or disclosure.about_contact_point)

    def save_model(self, request: HttpRequest, obj: Disclosure, form: Any, change: bool) -> None:
        obj.recorded_by, obj.recorded_at = member(request), clock.now()
        super().save_model(request, obj, form, change)

    def has_change_permission(self, request: HttpRequest, obj: Disclosure | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Disclosure | None = None) -> bool:
        return False


@admin.register(Purge)
class PurgeAdmin(admin.ModelAdmin):
    """What the calendar made the site forget: numbers to read, and nothing to change."""

    list_display = ("on_day", "kind", "count")
    list_filter = ("kind",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Purge | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Purge | None = None) -> bool:
        return False
