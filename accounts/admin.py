"""Staff see that people exist, and may stop one from signing in. Addresses stay sealed here as well."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from accounts.access import member
from accounts.enums import AccessAction
from accounts.models import User
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
