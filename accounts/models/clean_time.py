from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.fields import EncryptedTextField


class CleanTime(models.Model):
    """Since when a member has been clean, if they want it kept: for their own eyes, sealed. No row means: not kept.

    One date and nothing beside it, not even when it was written: that would tell of a date before.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="clean_time")
    #: As ISO 8601 writes it.
    sealed_on = EncryptedTextField()

    class Meta:
        verbose_name = _("clean time")
        verbose_name_plural = _("clean times")

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def clean_on(self) -> dt.date:
        return dt.date.fromisoformat(self.sealed_on)
