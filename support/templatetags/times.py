"""Dates and times in templates, worded by support.wording, in the page's language and the reader's 12 or 24 hours."""

from __future__ import annotations

import datetime as dt

from django import template
from django.template.context import Context

from support import wording

register = template.Library()


@register.filter
def wall_date(instant: dt.datetime | None, tz: str) -> str:
    """Return the date in `tz`, short: "Tue, Nov 24"."""
    return wording.date_words(instant, tz) if instant else ""


@register.filter
def wall_date_long(instant: dt.datetime | None, tz: str) -> str:
    """Return the date in `tz`, in full: "Tuesday, November 24"."""
    return wording.date_words_long(instant, tz) if instant else ""


@register.filter
def day_and_year(day: dt.date | None) -> str:
    """Return a day that may be of any year: "Thu, Nov 20, 2025"."""
    return wording.date_and_year_words(day) if day else ""


@register.filter
def clock_face(time: dt.time | None, hour_cycle: str = wording.H12) -> str:
    """Return a plain wall time: "7:00 PM" or "19:00"."""
    return wording.clock_words(time, hour_cycle) if time else ""


@register.filter(is_safe=True)
def one_stop(sentence: str) -> str:
    """Return a sentence that may end in a time, with one stop: "a las 7:00 p. m."."""
    return wording.with_one_stop(sentence)


@register.filter
def soon(minutes: int) -> str:
    """Return how soon something within the hour begins: "in 40 min", "in 1 hour"."""
    return wording.soon_words(minutes)


@register.filter
def zone_name(tz: str) -> str:
    """Return a zone in words: "New York time"."""
    return wording.zone_words(tz)


@register.simple_tag(takes_context=True)
def wall_time(context: Context, instant: dt.datetime | None, tz: str) -> str:
    """Return what a clock in `tz` shows at an instant: "7:00 PM" or "19:00"."""
    return wording.time_words(instant, tz, _hour_cycle(context)) if instant else ""


@register.simple_tag(takes_context=True)
def wall_range(context: Context, starts_at: dt.datetime, ends_at: dt.datetime, tz: str) -> str:
    """Return from when to when: "7:00–8:30 PM"."""
    return wording.range_words(starts_at, ends_at, tz, _hour_cycle(context))


@register.simple_tag(takes_context=True)
def moved_words(context: Context, old: dt.datetime, new: dt.datetime, tz: str) -> str:
    """Return "Moved from Tue, Nov 24, 7:00 PM to 8:00 PM"."""
    return wording.moved_words(old, new, tz, _hour_cycle(context))


@register.simple_tag(takes_context=True)
def zone_note(context: Context, instant: dt.datetime, tz: str, beside: str | None = None) -> str:
    """Return "New York time" where the reader might take the time for another, else "".

    That is where clocks in `tz` differ at that instant from the reader's own, or these are not known; or, where a time
    already stands beside it, from those in the zone of that one.
    """
    return wording.zone_note(instant, tz, beside or context.get("own_tz"))


@register.simple_tag(takes_context=True)
def clock_at(context: Context, hour: int, minute: int = 0) -> str:
    """Return a plain wall time on the reader's clock: "5:00 PM" or "17:00"."""
    return wording.clock_words(dt.time(hour, minute), _hour_cycle(context))


def _hour_cycle(context: Context) -> str:
    return str(context.get("hour_cycle") or wording.default_hour_cycle())
