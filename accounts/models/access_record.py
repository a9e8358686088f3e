from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.enums import AccessAction
from accounts.models.contact_point import ContactPoint

if TYPE_CHECKING:
    from accounts.person import Person


class AccessRecordQuerySet(models.QuerySet["AccessRecord"]):
    def about(self, person: Person) -> Self:
        return self.filter(
            Q(about_user=person.user, about_user__isnull=False) | Q(about_contact_point__in=person.contact_points)
        ).select_related("actor")


class AccessRecord(models.Model):
    """Who saw or changed what about whom. Append-only; whom it concerns can read it, and it goes when they go."""

    about_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="access_records"
    )
    about_contact_point = models.ForeignKey(
        ContactPoint, on_delete=models.CASCADE, null=True, blank=True, related_name="access_records"
    )
    # Whoever looked may leave as well; what they did stays on record.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    action = models.CharField(_("what"), max_length=16, choices=AccessAction.choices)
    on_day = models.DateField(_("day"))
    recorded_at = models.DateTimeField(_("when"))

    objects = AccessRecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("access record")
        verbose_name_plural = _("access records")
        ordering: ClassVar = ["-recorded_at", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["about_user", "-recorded_at"], name="access_about_user"),
            models.Index(fields=["about_contact_point", "-recorded_at"], name="access_about_guest"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(action__in=AccessAction.values), name="access_action_known"),
            models.CheckConstraint(
                condition=Q(about_user__isnull=False, about_contact_point__isnull=True)
                | Q(about_user__isnull=True, about_contact_point__isnull=False),
                name="access_about_one_person",
            ),
            # Opening the same list ten times a day is one thing to read.
            models.UniqueConstraint(
                fields=["actor", "about_user", "action", "on_day"], name="access_once_a_day_about_member"
            ),
            models.UniqueConstraint(
                fields=["actor", "about_contact_point", "action", "on_day"], name="access_once_a_day_about_guest"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.action}"

    @property
    def role(self) -> str:
        """Return in which part `actor` looked: "staff" or "facilitator"; people are not named to one another."""
        return "staff" if self.actor is not None and self.actor.is_staff else "facilitator"
