from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.fields import EncryptedTextField


class Favourite(models.Model):
    """A meeting that a member wants at hand. One of them may be their home group; nobody else is told.

    Which meeting it is, only its owner asks, so it is sealed; that it is there once, services.favourites sees to. A
    row may outlive its meeting.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="favourites")
    #: The meeting's id, in digits.
    sealed_meeting = EncryptedTextField()
    is_home_group = models.BooleanField(_("home group"), default=False)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("favorite")
        verbose_name_plural = _("favorites")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user"], condition=Q(is_home_group=True), name="favourite_one_home_group"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def meeting_id(self) -> int:
        return int(self.sealed_meeting)
