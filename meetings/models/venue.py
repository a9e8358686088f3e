from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from meetings import addresses
from meetings.models.fields import AddressField
from support import clock


class Venue(models.Model):
    """A place where meetings are held."""

    name = AddressField(_("name"), max_length=255, blank=True)
    street = AddressField(_("street"), max_length=255, blank=True)
    city = AddressField(_("city"), max_length=120, blank=True)
    district = models.CharField(_("borough or neighborhood"), max_length=120, blank=True)
    county = models.CharField(_("county"), max_length=120, blank=True)
    state = models.CharField(_("state or province"), max_length=80, blank=True)
    postal_code = models.CharField(_("ZIP code"), max_length=20, blank=True)
    country = models.CharField(_("country"), max_length=60, blank=True)
    # As given by a source that has no separate fields.
    formatted_address = AddressField(max_length=500, blank=True)
    notes = models.TextField(_("how to find it"), blank=True)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    is_approximate = models.BooleanField(_("position is approximate"), default=False)

    class Meta:
        verbose_name = _("venue")
        verbose_name_plural = _("venues")
        indexes: ClassVar = [models.Index(fields=["latitude", "longitude"], name="venue_position")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(latitude__gte=-90, latitude__lte=90, longitude__gte=-180, longitude__lte=180),
                name="venue_position_whole_and_on_earth",
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.one_line or f"#{self.pk}"

    @property
    def one_line(self) -> str:
        """The postal address in one line, as the source wrote it where it did, without the site's own country."""
        if self.formatted_address:
            return addresses.without_country(self.formatted_address, clock.country_of(settings.DEFAULT_TIME_ZONE))
        region = " ".join(part for part in (self.state, self.postal_code) if part)
        return ", ".join(part for part in (self.street, self.district, self.city, region) if part)
