"""What accounts are described with, where a list of choices is not enough."""

from __future__ import annotations

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.milestones import Milestone, Span, Unit

# The first that stands in the text counts: later browsers claim to be all earlier ones.
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrom", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)


def browser_words(user_agent: str) -> str:
    """Return the kind of browser and system, "Firefox, Android", and nothing that tells one device from another."""
    found = [next((name for mark, name in names if mark in user_agent), "") for names in (_BROWSERS, _SYSTEMS)]
    return ", ".join(name for name in found if name)


def span_words(span: Span) -> str:
    """Return time by the calendar as one would say it, "2 years, 1 month and 3 days"; the first day is "Today"."""
    parts = [words for words in (_years(span.years), _months(span.months), _days(span.days)) if words]
    return str(get_text_list(parts, _("and"))) if parts else _("Today")


def milestone_words(milestone: Milestone) -> str:
    """Return the name of a milestone, as the key tags have it: "Welcome", "90 days", "18 months", "3 years"."""
    if milestone.number == 0:
        return _("Welcome")
    if milestone.years is not None:
        return _years(milestone.years)
    return _days(milestone.number) if milestone.unit is Unit.DAYS else _months(milestone.number)


def _years(count: int) -> str:
    return ngettext("%(count)d year", "%(count)d years", count) % {"count": count} if count else ""


def _months(count: int) -> str:
    return ngettext("%(count)d month", "%(count)d months", count) % {"count": count} if count else ""


def _days(count: int) -> str:
    return ngettext("%(count)d day", "%(count)d days", count) % {"count": count} if count else ""
