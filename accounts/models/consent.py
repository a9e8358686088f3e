from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.enums import Purpose
from accounts.models.contact_point import ContactPoint


class Consent(models.Model):
    """A recorded yes or no for one contact point and one purpose. Append-only: the newest row is what holds."""

    contact_point = models.ForeignKey(ContactPoint, on_delete=models.CASCADE, related_name="consents")
    purpose = models.CharField(_("purpose"), max_length=16, choices=Purpose.choices)
    is_given = models.BooleanField(_("given"))
    wording = models.CharField(_("wording version"), max_length=32)
    source = models.CharField(_("how"), max_length=32)
    recorded_at = models.DateTimeField(_("when"))

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering: ClassVar = ["recorded_at", "pk"]
        indexes: ClassVar = [models.Index(fields=["contact_point", "purpose", "-recorded_at"], name="consent_newest")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(purpose__in=Purpose.values), name="consent_purpose_known"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose}: {'yes' if self.is_given else 'no'}"
