from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.fields import EncryptedTextField
from accounts.models.contact_point import ContactPoint


class Export(models.Model):
    """An archive of all that is kept about one person, made in the background and gone after a day."""

    class State(models.TextChoices):
        ASKED = "asked", _("Waiting")
        BUILDING = "building", _("Being made")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="exports"
    )
    contact_point = models.ForeignKey(
        ContactPoint, on_delete=models.CASCADE, null=True, blank=True, related_name="exports"
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.ASKED)
    #: How much of it is made, in per cent.
    progress = models.PositiveSmallIntegerField(default=0)
    #: The ZIP file in base64, sealed.
    archive = EncryptedTextField(blank=True, editable=False)
    asked_at = models.DateTimeField()
    #: When its making began; a maker that vanished is followed by another.
    begun_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["asked", "building", "ready", "failed"]), name="export_state_known"
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False, contact_point__isnull=True)
                | Q(user__isnull=True, contact_point__isnull=False),
                name="export_of_one_person",
            ),
            models.UniqueConstraint(
                fields=["user"], condition=Q(state__in=["asked", "building"]), name="export_asked_once_by_member"
            ),
            models.UniqueConstraint(
                fields=["contact_point"],
                condition=Q(state__in=["asked", "building"]),
                name="export_asked_once_by_guest",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
