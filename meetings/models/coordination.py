from __future__ import annotations

import datetime as dt
import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from meetings.models.meeting import Meeting
from meetings.models.service_body import ServiceBody


class Coordinator(models.Model):
    """A member who looks after the listings of a service body, and of those below it."""

    service_body = models.ForeignKey(ServiceBody, on_delete=models.CASCADE, related_name="coordinators")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="coordinations")
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("coordinator")
        verbose_name_plural = _("coordinators")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["service_body", "user"], name="coordinator_once_a_body"),
        ]

    def __str__(self) -> str:
        return f"#{self.user_id}: {self.service_body}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, now: dt.datetime) -> Self:
        return self.filter(accepted_at=None, expires_at__gt=now)


class Invitation(models.Model):
    """An offer, behind a signed link, to run a meeting or to look after a service body. Good once; deleted to withdraw.

    It names nobody: whoever holds the link and signs in takes it.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, null=True, blank=True, related_name="invitations")
    service_body = models.ForeignKey(
        ServiceBody, on_delete=models.CASCADE, null=True, blank=True, related_name="invitations"
    )
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(meeting__isnull=False, service_body__isnull=True)
                | Q(meeting__isnull=True, service_body__isnull=False),
                name="invitation_to_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
