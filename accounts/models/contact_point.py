from __future__ import annotations

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.enums import Channel
from accounts.fields import EncryptedTextField, lookup_hash, lookup_hashes


class ContactPointQuerySet(models.QuerySet["ContactPoint"]):
    def verified(self) -> Self:
        return self.filter(verified_at__isnull=False)

    def with_value(self, channel: str, value: str) -> Self:
        return self.filter(channel=channel, value_hash__in=lookup_hashes(value))

    def of_guests(self) -> Self:
        return self.filter(user__isnull=True, is_nobodys=False)


class ContactPoint(models.Model):
    """A way to reach a person: an email address, a phone number or a push subscription. Sealed at rest."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="contact_points",
    )
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    value = EncryptedTextField(_("value"))
    value_hash = models.CharField(max_length=64, db_index=True, editable=False)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    #: Nobody is behind it: it stands for somebody forgotten, so that the figures stay.
    is_nobodys = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    #: When its owner last said that it is still needed.
    kept_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ContactPointQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "channel", "value_hash"],
                condition=Q(user__isnull=False),
                name="contact_point_unique_for_user",
            ),
            models.UniqueConstraint(
                fields=["channel", "value_hash"],
                condition=Q(user__isnull=True),
                name="contact_point_unique_for_guest",
            ),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="contact_point_channel_known"),
        ]

    def __str__(self) -> str:
        # Never the value: this ends up in admin titles, logs and error reports.
        return f"{self.get_channel_display()} #{self.pk}"

    def save(self, *args: object, **kwargs: object) -> None:
        self.value_hash = lookup_hash(self.value)
        super().save(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature, passed through
