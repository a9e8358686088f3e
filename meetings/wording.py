"""A recurrence rule as a person would say it, for pages and messages alike."""

from __future__ import annotations

import datetime as dt

from django.utils import formats, translation
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from meetings.recurrence import WEEKDAYS as WEEKDAY_NAMES
from meetings.recurrence import Parts, Rule
from support import wording


def rule_words(rule: Rule, language: str | None = None) -> str:
    """Return on which days: "Every Tuesday", "Weekdays", "Every second Thursday of the month".

    `language` is a language code, None the active one. Raises recurrence.InvalidRule.
    """
    with translation.override(language or translation.get_language()):
        return _with_end(_days(rule), rule.parts)


def hours_words(rule: Rule, hour_cycle: str, language: str | None = None) -> str:
    """Return from when to when on the meeting's own clocks: "7:00–8:30 PM"; `hour_cycle` is "h12" or "h24"."""
    # Any day without a clock change will do, and UTC has no other.
    start = dt.datetime.combine(dt.date(2001, 1, 1), rule.start_time, dt.UTC)
    return wording.range_words(start, start + rule.duration, "UTC", hour_cycle, language)


def rule_at_words(rule: Rule, hour_cycle: str, *, zone: str = "", language: str | None = None) -> str:
    """Return on which days and when, on the meeting's own clocks: "Every Monday at 7:00 PM".

    `zone` names those clocks, where a reader's own show another time. Raises recurrence.InvalidRule.
    """
    with translation.override(language or translation.get_language()):
        time = wording.clock_words(rule.start_time, hour_cycle)
        words = _("%(days)s at %(time)s") % {"days": _days(rule), "time": time}
        return _with_end(f"{words} ({zone})" if zone else words, rule.parts)


def every_time_words(rule: Rule, hour_cycle: str, *, zone: str = "", language: str | None = None) -> str:
    """Return when somebody comes, or is reminded, who wants it every time: "Every Monday at 7:00 PM, until you cancel".

    The same parameters as `rule_at_words`.
    """
    with translation.override(language or translation.get_language()):
        when = rule_at_words(rule, hour_cycle, zone=zone)
        if rule.parts.until:
            return _("%(when)s, or until you cancel") % {"when": when}
        return _("%(when)s, until you cancel") % {"when": when}


def moved_days_words(old: str, new: str) -> str:
    """Return that a meeting moves from some days to others, as in recurrence.Parts.days: "Mondays move to Wednesdays".

    "" where one of them is not a weekday of every week.
    """
    if not old or not new or not _are_weekdays(old) or not _are_weekdays(new):
        return ""
    return _("%(old)s move to %(new)s") % {"old": _plurals(old), "new": _plurals(new)}


def on_days_words(days: str) -> str:
    """Return on which days, within a sentence: "on Wednesdays"; "" where one is not a weekday of every week."""
    return _("on %(days)s") % {"days": _plurals(days)} if days and _are_weekdays(days) else ""


def _are_weekdays(days: str) -> bool:
    return all(day in WEEKDAY_NAMES for day in days.split(","))


def _plurals(days: str) -> str:
    names = (
        pgettext("every one of them", "Mondays"),
        pgettext("every one of them", "Tuesdays"),
        pgettext("every one of them", "Wednesdays"),
        pgettext("every one of them", "Thursdays"),
        pgettext("every one of them", "Fridays"),
        pgettext("every one of them", "Saturdays"),
        pgettext("every one of them", "Sundays"),
    )
    return _listed([names[WEEKDAY_NAMES.index(day)] for day in days.split(",")])


def _days(rule: Rule) -> str:
    if rule.parts.count == 1:
        return _("Once, on %(date)s") % {"date": formats.date_format(rule.first_date())}
    return _days_words(rule.parts)


def _with_end(words: str, parts: Parts) -> str:
    if not parts.until:
        return words
    return _("%(days)s, until %(date)s") % {"days": words, "date": formats.date_format(parts.until)}


def _days_words(parts: Parts) -> str:
    if parts.frequency == "MONTHLY":
        return _monthly_words(parts)
    if parts.frequency == "DAILY":
        return ngettext("Every day", "Every %(count)d days", parts.interval) % {"count": parts.interval}
    weekdays = [weekday for _n, weekday in parts.weekdays]
    if parts.interval == 2:
        return _("Every other %(days)s") % {"days": _weekday_list(weekdays)}
    if parts.interval > 1:
        return _("Every %(count)d weeks on %(days)s") % {"count": parts.interval, "days": _weekday_list(weekdays)}
    return _weekly_words(sorted(set(weekdays)))


def _weekly_words(weekdays: list[int]) -> str:
    first, last = weekdays[0], weekdays[-1]
    if len(weekdays) == 7:
        return _("Every day")
    if len(weekdays) == 6:
        (missing,) = set(range(7)) - set(weekdays)
        return _("Every day except %(day)s") % {"day": WEEKDAYS[missing]}
    if weekdays == [0, 1, 2, 3, 4]:
        return _("Weekdays")
    if len(weekdays) > 2 and last - first == len(weekdays) - 1:
        return _("%(first)s through %(last)s") % {"first": WEEKDAYS[first], "last": WEEKDAYS[last]}
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
