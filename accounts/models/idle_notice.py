from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.contact_point import ContactPoint


class IdleNotice(models.Model):
    """That somebody not seen for long was told when they will be forgotten. It goes when they show up, or with them."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="idle_notice"
    )
    contact_point = models.OneToOneField(
        ContactPoint, on_delete=models.CASCADE, null=True, blank=True, related_name="idle_notice"
    )
    noticed_at = models.DateTimeField(_("told"))

    class Meta:
        verbose_name = _("notice to somebody not seen for long")
        verbose_name_plural = _("notices to people not seen for long")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, contact_point__isnull=True)
                | Q(user__isnull=True, contact_point__isnull=False),
                name="idle_notice_to_one_person",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
