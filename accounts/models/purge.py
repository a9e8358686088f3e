from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.enums import Forgotten


class Purge(models.Model):
    """How much of one kind was forgotten by the calendar on one day: a number, and nothing of whom it was about."""

    kind = models.CharField(_("what"), max_length=24, choices=Forgotten.choices)
    on_day = models.DateField(_("day"))
    count = models.PositiveIntegerField(_("how many"))

    class Meta:
        verbose_name = _("purge")
        verbose_name_plural = _("purges")
        ordering: ClassVar = ["-on_day", "kind"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "on_day"], name="purge_once_a_day"),
            models.CheckConstraint(condition=models.Q(kind__in=Forgotten.values), name="purge_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.on_day} {self.kind}: {self.count}"
