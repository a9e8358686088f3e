"""Words and links for what the finder shows."""

from __future__ import annotations

import datetime as dt
import re
from urllib.parse import quote

import phonenumbers
from django import template
from django.conf import settings
from django.template.context import Context
from django.utils import formats
from django.utils.translation import gettext as _

from meetings import wording
from meetings.geo import km_to_miles
from meetings.models import Signup, Venue
from meetings.recurrence import Rule

register = template.Library()


@register.filter
def distance(km: float | None, unit: str) -> str:
    """Return a distance as one would say it, finer the nearer: "0.4 mi", "12 km"; `unit` is "km" or "mi"."""
    if km is None:
        return ""
    number = km_to_miles(km) if unit == "mi" else km
    words = formats.localize(round(number, 1) if number < 10 else round(number))
    return _("%(number)s mi") % {"number": words} if unit == "mi" else _("%(number)s km") % {"number": words}


@register.filter
def rule_words(rule: Rule) -> str:
    """Return "Every Tuesday"."""
    return wording.rule_words(rule)


@register.simple_tag(takes_context=True)
def rule_hours(context: Context, rule: Rule) -> str:
    """Return "7:00–8:30 PM", on the meeting's own clocks."""
    return wording.hours_words(rule, str(context.get("hour_cycle") or "h12"))


@register.filter
def geo_href(venue: Venue) -> str:
    """Return a venue's `geo:` address (RFC 5870), which the reader's own maps app opens; nothing is asked of anyone."""
    if venue.latitude is None or venue.longitude is None:
        return ""
    position = f"{venue.latitude:.6f},{venue.longitude:.6f}"
    # "?q=" is what phones make a pin of; without it some only turn the map.
    return f"geo:{position}?q={position}({quote(str(venue))})"


@register.filter
def tel_href(number: str) -> str:
    """Return a number's `tel:` address (RFC 3966): digits, and the pauses and keys that a conference code needs."""
    return "tel:" + quote(re.sub(r"[^0-9+*#,;]", "", number), safe="+*,;")


@register.filter
def dial_words(number: str) -> str:
    """Return a number to dial as it is read aloud, and the keys to press after it: "(518) 555-0100, then 123#".

    What is not written as a number that could exist stays as its list has it.
    """
    head, *keys = re.split(r"[,;]+", number)
    try:
        parsed = phonenumbers.parse(head, settings.PHONE_REGION)
    except phonenumbers.NumberParseException:
        return number
    is_here = parsed.country_code == phonenumbers.country_code_for_region(settings.PHONE_REGION)
    style = phonenumbers.PhoneNumberFormat.NATIONAL if is_here else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    words = [phonenumbers.format_number(parsed, style)]
    # A lone "#" only says that nothing is entered where a conference asks for more.
    words += [_("then %(keys)s") % {"keys": pressed.strip()} for pressed in keys if re.search("[0-9]", pressed)]
    return ", ".join(words)


@register.filter
def shows_link(signup: Signup, now: dt.datetime) -> bool:
    """Return whether the page of a place may say how to join online; see `Signup.shows_link`."""
    return signup.shows_link(now=now)


@register.filter
def is_web(url: str) -> bool:
    """Return whether an address from a list of others' making is one that a page may link to."""
    return url.lower().startswith(("https://", "http://"))
