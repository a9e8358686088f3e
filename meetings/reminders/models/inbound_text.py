from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.fields import EncryptedTextField, lookup_hashes
from meetings.models import Signup


def sender_hashes(number: str) -> list[str]:
    """Return what texts from a number (as kept) are found by, the first for new ones.

    Another hash than a contact point's: a copy of the database does not tell which person wrote in a crisis.
    """
    return lookup_hashes(f"text from {number}")


class InboundTextQuerySet(models.QuerySet["InboundText"]):
    def waiting(self) -> Self:
        """For a person to read, and read by nobody yet."""
        return self.filter(is_for_person=True, seen_at__isnull=True)


class InboundText(models.Model):
    """A text that asked us to do something, or that a person should read. Sealed, and forgotten after 30 days.

    What somebody wrote who only looked for a meeting is not here: it is kept nowhere.
    """

    # The provider's own name for it, so that the same text twice is one.
    provider_id = models.CharField(max_length=80, unique=True)
    sender = EncryptedTextField(editable=False)
    sender_hash = models.CharField(max_length=64, db_index=True, editable=False)
    text = EncryptedTextField(editable=False)
    word = models.CharField(_("taken for"), max_length=12)
    is_for_person = models.BooleanField(_("for a person to read"), default=False)
    is_crisis = models.BooleanField(_("crisis"), default=False)
    # The place that it gave back or promised to come to.
    signup = models.ForeignKey(Signup, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    received_at = models.DateTimeField(_("received"))
    seen_at = models.DateTimeField(_("read"), null=True, blank=True)
    # Whoever read it may leave.
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = InboundTextQuerySet.as_manager()

    class Meta:
        verbose_name = _("text from outside")
        verbose_name_plural = _("texts from outside")
        ordering: ClassVar = ["-received_at", "-pk"]
        indexes: ClassVar = [models.Index(fields=["-received_at"], name="inbound_text_received")]

    def __str__(self) -> str:
        return f"#{self.pk}"
