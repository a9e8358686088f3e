"""Staff see that people exist, by number, and may stop one from signing in.

Nobody is found in a list by name or address, and neither shows there: who opens an account sees the name, and is
recorded. Who gives somebody a task finds them by the whole address they were told, and is recorded as well. Addresses
are shown nowhere.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.access import member
from accounts.enums import AccessAction
from accounts.fields import EncryptedTextField
from accounts.models import Disclosure, Purge, User, VendorAgreement
from accounts.person import TOO_LONG, number_of, of_member, read_number
from accounts.services.agreements import end_agreement, record_agreement
from accounts.services.audit import record_access
from accounts.services.erasure import erase
from support import clock
from support.admin import NarrowModelAdmin, is_picking

# Imported above, Django's own is registered: ours follows it.
admin.site.unregister(Group)


@admin.register(Group)
class PowersAdmin(NarrowModelAdmin, GroupAdmin):
    """What a group may do, only those who may do everything decide: its members are staff as well."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return member(request).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return member(request).is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return member(request).is_superuser


@admin.register(User)
class UserAdmin(NarrowModelAdmin):
    list_display = ("number", "is_staff", "is_active", "joined_at")
    list_filter = ("is_staff", "is_active")
    ordering = ("pk",)
    # Looked for in get_search_results; named so that there is a box.
    search_fields = ("pk",)
    search_help_text = _("A number, such as “Member #5”. People find their own under “Your data”.")
    filter_horizontal = ("groups",)
    fields = (
        "display_name",
        "tz",
        "has_own_zone",
        "language",
        "is_active",
        "is_staff",
        "is_superuser",
        "groups",
        "joined_at",
    )
    readonly_fields = ("joined_at",)
    formfield_overrides: ClassVar = {EncryptedTextField: {"widget": AdminTextInputWidget}}

    @admin.display(description=_("person"), ordering="pk")
    def number(self, user: User) -> str:
        return number_of(user_id=user.pk, contact_point_id=0)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        if is_picking(request) and "@" in search_term:
            queryset = queryset.filter(email=search_term.strip())
            found = list(queryset.values_list("pk", flat=True))
            actor = member(request)
            record_access(actor=actor, about_users=found, action=AccessAction.SAW_ACCOUNT, now=clock.now())
        elif search_term:
            number = _number_in(search_term)
            queryset = queryset.none() if number is None else queryset.filter(pk=number)
        return queryset, False

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        powers = () if member(request).is_superuser else ("is_staff", "is_superuser", "groups")
        return (*self.readonly_fields, *powers)

    def has_add_permission(self, request: HttpRequest) -> bool:
        # People come by signing in, or by being made a facilitator; nobody is typed in here.
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)

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

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        erase(person=of_member(obj), now=clock.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            self.delete_model(request, user)


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    """Return whether an account is no higher than one's own: staff cannot take the site from those who run it."""
    return user is None or not user.is_superuser or member(request).is_superuser


def _number_in(words: str) -> int | None:
    """Return the id in "Member #5", "#5" or "5"; None for anything else."""
    digits = words.strip().removeprefix("#")
    if digits.isdecimal() and len(digits) < TOO_LONG:
        return int(digits)
    try:
        return read_number(words)[0]
    except ValueError:
        return None


@admin.register(VendorAgreement)
class VendorAgreementAdmin(NarrowModelAdmin):
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
class DisclosureAdmin(NarrowModelAdmin):
    """What was told outside, to be read by the person it is about."""

    list_display = ("disclosed_on", "about", "recorded_at")
    fields = ("about_user", "about_contact_point", "disclosed_on", "recipient", "what", "purpose")
    autocomplete_fields = ("about_user",)
    raw_id_fields = ("about_contact_point",)
    readonly_fields = ("recorded_at",)

    @admin.display(description=_("about"))
    def about(self, disclosure: Disclosure) -> str:
        return number_of(user_id=disclosure.about_user_id, contact_point_id=disclosure.about_contact_point_id or 0)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().change_view(request, object_id, form_url, extra_context)
        disclosure = self.get_object(request, object_id)
        if disclosure is not None:
            record_access(
                actor=member(request),
                about_users=filter(None, [disclosure.about_user_id]),
                about_guests=filter(None, [disclosure.about_contact_point_id]),
                action=AccessAction.SAW_ACCOUNT,
                now=clock.now(),
            )
        return response

    def save_model(self, request: HttpRequest, obj: Disclosure, form: Any, change: bool) -> None:
        obj.recorded_by, obj.recorded_at = member(request), clock.now()
        super().save_model(request, obj, form, change)

    def has_change_permission(self, request: HttpRequest, obj: Disclosure | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Disclosure | None = None) -> bool:
        return False


@admin.register(Purge)
class PurgeAdmin(NarrowModelAdmin):
    """What the calendar made the site forget: numbers to read, and nothing to change."""

    list_display = ("on_day", "kind", "count")
    list_filter = ("kind",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Purge | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Purge | None = None) -> bool:
        return False
