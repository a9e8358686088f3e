"""Texts from outside that a person should read. The number that one came from stays sealed here as well."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import phones
from accounts.access import member
from accounts.enums import AccessAction, Channel
from accounts.fields import lookup_hashes
from accounts.models import ContactPoint, Suppression
from accounts.services.audit import record_access
from meetings.reminders.models import InboundText
from meetings.reminders.services import inbound
from support import clock
from support.admin import NarrowModelAdmin


class WaitingFilter(admin.SimpleListFilter):
    """What waits for a person comes first; all else is a click away."""

    title = gettext_lazy("waiting")
    parameter_name = "waiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("all", _("All, including read"))]

    def choices(self, changelist: Any) -> Any:
        yield {
            "selected": self.value() is None,
            "query_string": changelist.get_query_string(remove=[self.parameter_name]),
            "display": _("Unread"),
        }
        yield {
            "selected": self.value() == "all",
            "query_string": changelist.get_query_string({self.parameter_name: "all"}),
            "display": _("All, including read"),
        }

    def queryset(self, request: HttpRequest, queryset: QuerySet[InboundText]) -> QuerySet[InboundText]:
        return queryset if self.value() == "all" else queryset.filter(is_for_person=True, seen_at__isnull=True)


@admin.register(InboundText)
class InboundTextAdmin(NarrowModelAdmin):
    list_display = ("__str__", "received_at", "is_crisis", "word", "is_for_person", "seen_at")
    list_filter = (WaitingFilter, "is_crisis", "word")
    actions = ("mark_read", "stop_texts", "undo_stop")
    fields = ("received_at", "said", "word", "is_for_person", "is_crisis", "number", "is_stopped", "seen_at", "seen_by")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: InboundText | None = None) -> bool:
        # They go by themselves, after a month at most.
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is not None:
            points = ContactPoint.objects.with_value(Channel.SMS, row.sender)
            record_access(
                actor=member(request),
                about_users={point.user_id for point in points if point.user_id is not None},
                about_guests={point.pk for point in points if point.user_id is None},
                action=AccessAction.SAW_MESSAGES,
                now=clock.now(),
            )
        shown = {"show_save": False, "show_save_and_continue": False, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, shown)

    @admin.display(description=gettext_lazy("what was written"))
    def said(self, row: InboundText) -> str:
        return row.text

    @admin.display(description=gettext_lazy("number"))
    def number(self, row: InboundText) -> str:
        return phones.masked(row.sender)

    @admin.display(description=gettext_lazy("gets no texts"), boolean=True)
    def is_stopped(self, row: InboundText) -> bool:
        return Suppression.objects.filter(channel=Channel.SMS, value_hash__in=lookup_hashes(row.sender)).exists()

    @admin.action(description=gettext_lazy("Mark as read"))
    def mark_read(self, request: HttpRequest, rows: QuerySet[InboundText]) -> None:
        inbound.mark_seen(rows=list(rows), by=member(request).pk, now=clock.now())

    @admin.action(description=gettext_lazy("They meant STOP: send that number no more texts"))
    def stop_texts(self, request: HttpRequest, rows: QuerySet[InboundText]) -> None:
        for row in rows:
            inbound.stop(number=row.sender, contact_points=_contact_points(row), now=clock.now())
        self._done(request, rows)

    @admin.action(description=gettext_lazy("They did not mean STOP: undo it"))
    def undo_stop(self, request: HttpRequest, rows: QuerySet[InboundText]) -> None:
        for row in rows:
            inbound.start(number=row.sender, contact_points=_contact_points(row), now=clock.now())
        self._done(request, rows)

    def _done(self, request: HttpRequest, rows: QuerySet[InboundText]) -> None:
        inbound.mark_seen(rows=list(rows), by=member(request).pk, now=clock.now())
        messages.success(request, _("Done."))


def _contact_points(row: InboundText) -> list[ContactPoint]:
    return list(ContactPoint.objects.with_value(Channel.SMS, row.sender).order_by("pk"))
