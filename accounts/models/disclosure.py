from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.fields import EncryptedTextField
from accounts.models.contact_point import ContactPoint

if TYPE_CHECKING:
    from accounts.person import Person


class DisclosureQuerySet(models.QuerySet["Disclosure"]):
    def about(self, person: Person) -> Self:
        return self.filter(
            Q(about_user=person.user, about_user__isnull=False) | Q(about_contact_point__in=person.contact_points)
        )


class Disclosure(models.Model):
    """That something about a person was told to somebody outside: who, what, why, when (45 CFR 164.528, 42 CFR 2.25).

    Written by those who told it; whom it concerns can read it. What was told to whom is sealed at rest. It goes when
    the person goes: whoever must keep it longer keeps it on paper, outside this site.
    """

    about_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="disclosures"
    )
    about_contact_point = models.ForeignKey(
        ContactPoint, on_delete=models.CASCADE, null=True, blank=True, related_name="disclosures"
    )
    disclosed_on = models.DateField(_("told on"))
    recipient = EncryptedTextField(_("told to"))
    what = EncryptedTextField(_("what"))
    purpose = EncryptedTextField(_("why"))
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    recorded_at = models.DateTimeField(_("recorded"), editable=False)

    objects = DisclosureQuerySet.as_manager()

    class Meta:
        verbose_name = _("disclosure")
        verbose_name_plural = _("disclosures")
        ordering: ClassVar = ["-disclosed_on", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(about_user__isnull=False, about_contact_point__isnull=True)
                | Q(about_user__isnull=True, about_contact_point__isnull=False),
                name="disclosure_about_one_person",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.disclosed_on}"
