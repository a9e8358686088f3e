from __future__ import annotations

import re
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.enums import Cause, Channel

#: How reasons say that it is the person who wants nothing more: STOP in words, as a carrier's code, or by a service.
_BY_THEMSELVES = re.compile(r"STOP|\b21610\b|\bunsubscribed\b")
_BY_COMPLAINT = re.compile(r"^complained\b|\bspam\b")


class Suppression(models.Model):
    """A value nothing may be sent to on a channel, whoever it belongs to: refused, a complaint, a STOP."""

    channel = models.CharField(max_length=8, choices=Channel.choices)
    value_hash = models.CharField(max_length=64)
    reason = models.CharField(max_length=120)
    #: What a server answered that makes many of these one story, without any address: "550 5.1.1". "" where nobody did.
    answer = models.CharField(max_length=80, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("suppression")
        verbose_name_plural = _("suppressions")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["channel", "value_hash"], name="suppression_unique"),
        ]
        indexes: ClassVar = [models.Index(fields=["-created_at", "-id"], name="suppression_newest")]

    def __str__(self) -> str:
        return f"{self.channel}: {self.reason}"

    @property
    def cause(self) -> Cause:
        """Return whose word it was. Read out of the reason, which is all that the ledger keeps of it."""
        if _BY_THEMSELVES.search(self.reason):
            return Cause.STOPPED
        return Cause.COMPLAINED if _BY_COMPLAINT.search(self.reason) else Cause.REFUSED


class Refusal(models.Model):
    """A server's answer that speaks against a mailbox and is not enough to end all mail to it; one a day of each sort.

    Kept for weeks only: see services.suppressions.
    """

    channel = models.CharField(max_length=8, choices=Channel.choices)
    value_hash = models.CharField(max_length=64)
    answer = models.CharField(max_length=80)
    #: The mailbox took nothing for now (it was full), rather than not at all.
    is_soft = models.BooleanField()
    on_day = models.DateField()
    #: The last of that day.
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("refusal")
        verbose_name_plural = _("refusals")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["channel", "value_hash", "is_soft", "on_day"], name="refusal_once_a_day"),
            models.CheckConstraint(condition=models.Q(channel__in=Channel.values), name="refusal_channel_known"),
        ]
        indexes: ClassVar = [models.Index(fields=["at"], name="refusal_at")]

    def __str__(self) -> str:
        return f"{self.channel}: {self.answer} on {self.on_day}"
