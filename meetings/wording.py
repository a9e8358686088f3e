"""A recurrence rule as a person would say it, for pages and messages alike."""

from __future__ import annotations

import datetime as dt

from django.utils import formats, translation
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from meetings.recurrence import Parts, Rule
from support import wording


def rule_words(rule: Rule, language: str | None = None) -> str:
    """Return on which days: "Every Tuesday", "Every second Thursday of the month", "Every 2 weeks on Friday".

    `language` is a language code, None the active one. Raises recurrence.InvalidRule.
    """
    with translation.override(language or translation.get_language()):
        parts = rule.parts
        if parts.count == 1:
            return _("Once, on %(date)s") % {"date": formats.date_format(rule.first_date())}
        words = _days_words(parts)
        if parts.until:
            words = _("%(days)s, until %(date)s") % {"days": words, "date": formats.date_format(parts.until)}
        return words


def hours_words(rule: Rule, hour_cycle: str, language: str | None = None) -> str:
    """Return from when to when on the meeting's own clocks: "7:00–8:30 PM"; `hour_cycle` is "h12" or "h24"."""
    # Any day without a clock change will do, and UTC has no other.
    start = dt.datetime.combine(dt.date(2001, 1, 1), rule.start_time, dt.UTC)
    return wording.range_words(start, start + rule.duration, "UTC", hour_cycle, language)


def _days_words(parts: Parts) -> str:
    if parts.frequency == "MONTHLY":
        return _monthly_words(parts)
    if parts.frequency == "DAILY":
        return ngettext("Every day", "Every %(count)d days", parts.interval) % {"count": parts.interval}
    weekdays = [weekday for _n, weekday in parts.weekdays]
    if parts.interval > 1:
        return _("Every %(count)d weeks on %(days)s") % {"count": parts.interval, "days": _weekday_list(weekdays)}
    if len(set(weekdays)) == 7:
        return _("Every day")
    return _("Every %(days)s") % {"days": _weekday_list(weekdays)}


def _monthly_words(parts: Parts) -> str:
    by_weekday: dict[int, list[int]] = {}
    for n, weekday in parts.weekdays:
        by_weekday.setdefault(weekday, []).append(n or 0)
    days = _listed(
        [
            _("%(nth)s %(weekday)s") % {"nth": _listed([_nth(n) for n in numbers]), "weekday": WEEKDAYS[weekday]}
            for weekday, numbers in by_weekday.items()
        ]
    )
    if parts.interval == 1:
        return _("Every %(nth_days)s of the month") % {"nth_days": days}
    return _("The %(nth_days)s of every %(count)d months") % {"nth_days": days, "count": parts.interval}


def _nth(n: int) -> str:
    return {
        1: pgettext("weekday of the month", "first"),
        2: pgettext("weekday of the month", "second"),
        3: pgettext("weekday of the month", "third"),
        4: pgettext("weekday of the month", "fourth"),
        5: pgettext("weekday of the month", "fifth"),
        -1: pgettext("weekday of the month", "last"),
    }[n]


def _weekday_list(weekdays: list[int]) -> str:
    return _listed([str(WEEKDAYS[weekday]) for weekday in sorted(set(weekdays))])


def _listed(words: list[str]) -> str:
    """Return "A", "A and B", "A, B and C"."""
    if len(words) < 2:
        return "".join(words)
    return _("%(words)s and %(last)s") % {"words": ", ".join(words[:-1]), "last": words[-1]}
