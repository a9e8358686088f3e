"""What is asked about messages: what is due, what is to be sent, what happened."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Prefetch, prefetch_related_objects

from accounts.fields import Unreadable
from accounts.queries import kept_preferences
from meetings.reminders.enums import NEWS
from meetings.reminders.models import Reminder, ReminderPart
from meetings.reminders.queries.figures import oldest_due_seconds

__all__ = ["oldest_due_seconds", "to_send", "to_send_or_not"]


def to_send(pks: Sequence[int]) -> list[Reminder]:
    """Return rows with all that their messages are written from. Raises Unreadable where one cannot be opened here."""
    rows = list(
        Reminder.objects.filter(pk__in=pks)
        .select_related("contact_point", "signup__participant", "signup__occurrence", "signup__standing")
        # No message says them, and what is not read need not be opened.
        .defer("signup__attendance", "signup__participant__display_name")
        # Many rows are of few meetings, and few speak for several places.
        .prefetch_related(
            "signup__occurrence__meeting__venue", Prefetch("parts", _PARTS.order_by("signup__occurrence__starts_at"))
        )
    )
    news = [row for row in rows if row.kind in NEWS]
    changed = [signup.occurrence for row in news for signup in (row.signup, *(part.signup for part in row.parts.all()))]
    prefetch_related_objects(changed, "changes")
    kept = kept_preferences({row.contact_point_id: row.contact_point.user_id for row in rows})
    for row in rows:
        if row.contact_point_id in kept:
            row.wording = kept[row.contact_point_id].wording
    return rows


def to_send_or_not(pks: Sequence[int]) -> tuple[list[Reminder], list[int]]:
    """Return rows as `to_send` does, one by one if need be, and the ids of those that cannot be opened here."""
    try:
        return to_send(pks), []
    except Unreadable:
        if len(pks) == 1:
            return [], list(pks)
    found = [to_send_or_not([pk]) for pk in pks]
    return [row for rows, _shut in found for row in rows], [pk for _rows, shut in found for pk in shut]


_PARTS = ReminderPart.objects.select_related("signup__occurrence__meeting__venue").defer("signup__attendance")
