"""Staff see that people exist, and may stop one from signing in. Addresses stay sealed here as well."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from accounts.models import User


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
