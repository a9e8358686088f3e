from __future__ import annotations

import datetime as dt
from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.enums import Channel, Lead, Wording
from accounts.models.contact_point import ContactPoint

#: Nobody's phone lights up from here, where they said nothing else …
QUIET_FROM: Final = dt.time(21, 0)
#: … to here, on their own clocks.
QUIET_UNTIL: Final = dt.time(8, 0)


def booked_leads() -> list[str]:
    """Two reminders, three days and one day before, left the fewest missed (Steiner 2018, AJMC 24:377)."""
    return [Lead.THREE_DAYS, Lead.DAY_BEFORE]


def drop_in_leads() -> list[str]:
    return [Lead.TWO_HOURS]


def online_leads() -> list[str]:
    """As for any booked place, and once more with the link at hand."""
    return [Lead.THREE_DAYS, Lead.DAY_BEFORE, Lead.TWO_HOURS]


class Preferences(models.Model):
    """How and when one person wants to be written to: a member's (`user`), or a guest's (`contact_point`).

    No row means the defaults below. Leads are keys of `enums.Lead`; an empty list means: no reminders of these.
    Quiet hours may span midnight. Nothing is sent before the local day `paused_until`.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="preferences"
    )
    contact_point = models.OneToOneField(
        ContactPoint, on_delete=models.CASCADE, null=True, blank=True, related_name="preferences"
    )
    reminder_channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.EMAIL)
    change_channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.EMAIL)
    booked_leads = models.JSONField(default=booked_leads, blank=True)
    drop_in_leads = models.JSONField(default=drop_in_leads, blank=True)
    online_leads = models.JSONField(default=online_leads, blank=True)
    quiet_from = models.TimeField(_("quiet from"), default=QUIET_FROM)
    quiet_until = models.TimeField(_("quiet until"), default=QUIET_UNTIL)
    # They would rather be woken than miss a reminder.
    ignores_quiet = models.BooleanField(_("send in quiet hours as well"), default=False)
    wording = models.CharField(_("wording"), max_length=8, choices=Wording.choices, default=Wording.DISCREET)
    paused_until = models.DateField(_("paused until"), null=True, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = _("preferences")
        verbose_name_plural = _("preferences")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, contact_point__isnull=True)
                | Q(user__isnull=True, contact_point__isnull=False),
                name="preferences_of_one_person",
            ),
            models.CheckConstraint(condition=~Q(quiet_from=F("quiet_until")), name="preferences_quiet_hours_end"),
            models.CheckConstraint(
                condition=Q(reminder_channel__in=Channel.values, change_channel__in=Channel.values),
                name="preferences_channels_known",
            ),
            models.CheckConstraint(condition=Q(wording__in=Wording.values), name="preferences_wording_known"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def is_detailed(self) -> bool:
        return self.wording == Wording.DETAILED
