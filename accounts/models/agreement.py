from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.enums import Channel


class VendorAgreementQuerySet(models.QuerySet["VendorAgreement"]):
    def in_force(self) -> Self:
        return self.filter(ended_at=None)


class VendorAgreement(models.Model):
    """That an organisation and a vendor of messages have signed what the law asks for before one sees patients' data.

    A business associate agreement (45 CFR 164.504(e)) for a clinical organisation, a qualified service organisation
    agreement (42 CFR 2.11) for one under part 2. The paper itself is kept elsewhere; `reference` says where.
    """

    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    vendor = models.CharField(_("vendor"), max_length=80)
    agreed_on = models.DateField(_("signed on"))
    reference = models.CharField(_("where the paper is kept"), max_length=200)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    recorded_at = models.DateTimeField(_("recorded"), editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True, editable=False)

    objects = VendorAgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement with a vendor")
        verbose_name_plural = _("agreements with vendors")
        ordering: ClassVar = ["-recorded_at", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="agreement_channel_known"),
            models.UniqueConstraint(
                fields=["channel", "vendor"], condition=Q(ended_at=None), name="agreement_in_force_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.vendor} ({self.get_channel_display()})"
