from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from meetings.enums import ServiceBodyKind


class ServiceBody(models.Model):
    """An area, region, zone or practice that owns listings. Bodies form a tree through `parent`."""

    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    name = models.CharField(_("name"), max_length=255)
    slug = models.SlugField(max_length=80, unique=True)
    kind = models.CharField(_("kind"), max_length=2, choices=ServiceBodyKind.choices, default=ServiceBodyKind.AREA)
    description = models.TextField(_("description"), blank=True)
    website = models.URLField(_("website"), max_length=500, blank=True)
    helpline = models.CharField(_("helpline"), max_length=64, blank=True)
    world_id = models.CharField(max_length=30, blank=True)
    # Where an imported body came from: the source's own root, and its id there.
    source = models.CharField(max_length=255, blank=True, editable=False)
    source_id = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        verbose_name = _("service body")
        verbose_name_plural = _("service bodies")
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(parent=F("id")), name="service_body_not_its_own_parent"),
            models.UniqueConstraint(
                fields=["source", "source_id"], condition=~Q(source_id=""), name="service_body_source_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.name
