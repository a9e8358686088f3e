"""Words for what the finder shows."""

from __future__ import annotations

from django import template
from django.utils import formats
from django.utils.translation import gettext as _

from meetings.geo import km_to_miles

register = template.Library()


@register.filter
def distance(km: float | None, unit: str) -> str:
    """Return a distance as one would say it, finer the nearer: "0.4 mi", "12 km"; `unit` is "km" or "mi"."""
    if km is None:
        return ""
    number = km_to_miles(km) if unit == "mi" else km
    words = formats.localize(round(number, 1) if number < 10 else round(number))
    return _("%(number)s mi") % {"number": words} if unit == "mi" else _("%(number)s km") % {"number": words}
