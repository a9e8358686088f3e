from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from meetings.models import Participant


class PutAsideManager(models.Manager["PutAside"]):
    def to_try_again(self, *, before: dt.datetime) -> QuerySet[PutAside]:
        """Return those last tried at `before` or earlier, the longest untried first."""
        return self.filter(tried_at__lte=before).order_by("tried_at", "pk")


class PutAside(models.Model):
    """Somebody whose reminders cannot be planned, and why: others are planned for all the same, and staff see it.

    What was planned for them earlier goes on, as far as it is still true. The row goes once planning works again.
    """

    participant = models.OneToOneField(Participant, on_delete=models.CASCADE, related_name="put_aside")
    # One of the sentences of services.aside: never what was read.
    reason = models.CharField(_("reason"), max_length=200)
    since = models.DateTimeField()
    tried_at = models.DateTimeField()

    objects = PutAsideManager()

    class Meta:
        verbose_name = _("person put aside")
        verbose_name_plural = _("people put aside")
        indexes: ClassVar = [models.Index(fields=["tried_at"], name="put_aside_tried")]

    def __str__(self) -> str:
        return f"#{self.participant_id}"
