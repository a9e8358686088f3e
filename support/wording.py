"""Dates and times as a person reads them: plain functions, so that pages and messages say the same.

Each takes aware instants and the IANA zone to read them in; `language` is a language code, and None means the active
one; `hour_cycle` is "h12" or "h24".
"""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

from django.utils import dateformat, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from support import clock

H12, H24 = "h12", "h24"

# Formats of django.utils.dateformat by language; a language not named here gets day before month.
_SHORT_DATE = {"en": "D, M j", "es": "D, j b"}
_YEAR = {"en": ", Y", "es": " Y"}
_LONG_DATE = {"en": "l, F j", "es": r"l, j \d\e F"}
# The same within a sentence: by the weekday alone where that says which day is meant, else with the date.
_NEAR_DAY = {"en": "D", "es": r"\e\l l"}
_FAR_DAY = {"en": "D, M j", "es": r"\e\l l, j \d\e F,"}
#: Up to so many days ahead a weekday alone says which day is meant.
WEEKDAY_IS_ENOUGH = dt.timedelta(days=6)
# The halves of the day; the space within "p. m." and before it never breaks.
_HALVES = {"en": ("AM", "PM"), "es": ("a.\u00a0m.", "p.\u00a0m.")}
#: Cities of zones that other languages spell otherwise; the others keep the name that their zone has.
_CITIES = {
    gettext_noop("Berlin"),
    gettext_noop("Bahia Banderas"),
    gettext_noop("Bogota"),
    gettext_noop("Cancun"),
    gettext_noop("Ciudad Juarez"),
    gettext_noop("Havana"),
    gettext_noop("Lisbon"),
    gettext_noop("London"),
    gettext_noop("Los Angeles"),
    gettext_noop("Mazatlan"),
    gettext_noop("Merida"),
    gettext_noop("Mexico City"),
    gettext_noop("New York"),
    gettext_noop("Panama"),
    gettext_noop("Paris"),
    gettext_noop("Rome"),
}
#: The end of a sentence after a time that ends in a stop of its own; texts have plain spaces.
_TWO_STOPS = re.compile(r"\b([ap]\.[ \u00a0]m\.)\.(?!\.)")
_READ_IN_THE_UNITED_STATES = {"en", "es"}
_EN_DASH = "–"
_NO_BREAK = "\u00a0"


def _base_language(language: str | None) -> str:
    return (language or translation.get_language() or "en").split("-")[0]


def default_hour_cycle(language: str | None = None) -> str:
    """Return the clock that readers of a language expect who have said nothing: h12 as in the United States, or h24."""
    return H12 if _base_language(language) in _READ_IN_THE_UNITED_STATES else H24


def date_words(instant: dt.datetime, tz: str, language: str | None = None) -> str:
    """Return the date on a calendar in `tz`, short: "Tue, Nov 24", "mar, 24 nov"."""
    base = _base_language(language)
    with translation.override(base):
        return dateformat.format(clock.to_wall(instant, tz), _SHORT_DATE.get(base, "D, j b"))


def date_words_long(instant: dt.datetime, tz: str, language: str | None = None) -> str:
    """Return the date on a calendar in `tz`, in full: "Tuesday, November 24", "martes, 24 de noviembre"."""
    base = _base_language(language)
    with translation.override(base):
        return dateformat.format(clock.to_wall(instant, tz), _LONG_DATE.get(base, "l, j F"))


def day_words(instant: dt.datetime, tz: str, *, now: dt.datetime, language: str | None = None) -> str:
    """Return a day within a sentence: "Thu" within the next six days (in Spanish "el jueves"), else with its date."""
    base = _base_language(language)
    is_near = abs(instant - now) <= WEEKDAY_IS_ENOUGH
    form = (_NEAR_DAY if is_near else _FAR_DAY).get(base, "D, j b")
    with translation.override(base):
        return dateformat.format(clock.to_wall(instant, tz), form)


def moment_words(
    instant: dt.datetime,
    tz: str,
    hour_cycle: str = H12,
    *,
    now: dt.datetime,
    language: str | None = None,
    is_read_now: bool = False,
) -> str:
    """Return a moment within a sentence: "Thu at 8:55 PM", in Spanish "el jueves a las 20:55"; see `day_words`.

    On the same day "today at 8:55 PM", where it is read at once (`is_read_now`) and so still is that day.
    """
    wall = clock.to_wall(instant, tz)
    is_today = is_read_now and wall.date() == clock.to_wall(now, tz).date()
    with translation.override(_base_language(language)):
        values = {"day": _("today") if is_today else day_words(instant, tz, now=now, language=language)}
    values["time"] = clock_words(wall.time(), hour_cycle, language)
    is_one = wall.hour == 1 or (wall.hour == 13 and hour_cycle == H12)
    with translation.override(_base_language(language)):
        # Spanish says "a la 1:30" and "a las 2:30".
        words = pgettext("one o’clock", "%(day)s at %(time)s") if is_one else _("%(day)s at %(time)s")
    return words % values


def date_and_year_words(day: dt.date, language: str | None = None) -> str:
    """Return a day with its year, short: "Thu, Nov 20, 2025", "jue, 20 nov 2025"."""
    base = _base_language(language)
    with translation.override(base):
        return dateformat.format(day, f"{_SHORT_DATE.get(base, 'D, j b')}{_YEAR.get(base, ' Y')}")


def clock_words(time: dt.time, hour_cycle: str = H12, language: str | None = None) -> str:
    """Return a wall time: "7:00 PM" or "19:00"."""
    if hour_cycle == H24:
        return f"{time.hour:02}:{time.minute:02}"
    return f"{_face(time)}{_NO_BREAK}{_half(time, language)}"


def time_words(instant: dt.datetime, tz: str, hour_cycle: str = H12, language: str | None = None) -> str:
    """Return what a clock in `tz` shows at an instant: "7:00 PM" or "19:00"."""
    return clock_words(clock.to_wall(instant, tz).time(), hour_cycle, language)


def range_words(
    starts_at: dt.datetime, ends_at: dt.datetime, tz: str, hour_cycle: str = H12, language: str | None = None
) -> str:
    """Return from when to when: "7:00–8:30 PM", "11:00 AM–12:30 PM", "19:00–20:30".

    Where clocks go back in between, so that the end would read as no later than the start, both name their offset:
    "1:30 AM EDT–1:30 AM EST".
    """
    start, end = clock.to_wall(starts_at, tz), clock.to_wall(ends_at, tz)
    if ends_at > starts_at and end.date() == start.date() and end <= start:
        return _EN_DASH.join(
            f"{clock_words(wall.time(), hour_cycle, language)}{_NO_BREAK}{_offset_name(instant, tz)}"
            for wall, instant in ((start, starts_at), (end, ends_at))
        )
    ending = clock_words(end.time(), hour_cycle, language)
    is_same_half = hour_cycle == H12 and start.date() == end.date() and (start.hour < 12) == (end.hour < 12)
    starting = _face(start.time()) if is_same_half else clock_words(start.time(), hour_cycle, language)
    return f"{starting}{_EN_DASH}{ending}"


def moved_words(old: dt.datetime, new: dt.datetime, tz: str, hour_cycle: str = H12, language: str | None = None) -> str:
    """Return from when to when a date was moved: "Moved from Thu, Nov 26, 7:48 AM to 10:10 AM".

    The new day is named where it is another one.
    """
    with translation.override(_base_language(language)):
        from_day, to_day = date_words(old, tz, language), date_words(new, tz, language)
        times = {
            "old": f"{from_day}, {time_words(old, tz, hour_cycle, language)}",
            "new": time_words(new, tz, hour_cycle, language),
        }
        if clock.to_wall(old, tz).date() != clock.to_wall(new, tz).date():
            times["new"] = f"{to_day}, {times['new']}"
        return _("Moved from %(old)s to %(new)s") % times


def soon_words(minutes: int, language: str | None = None) -> str:
    """Return how soon something within the hour begins: "now", "in 40 min", "in 1 hour"."""
    with translation.override(_base_language(language)):
        if minutes <= 0:
            return _("now")
        return _("in %(minutes)s min") % {"minutes": minutes} if minutes < 60 else _("in 1 hour")


def zone_words(tz: str, language: str | None = None) -> str:
    """Return a zone in words a traveller would use, from the city in its name: "New York time"; "UTC" is "UTC"."""
    if offset := _offset_of_zone(tz):
        return offset
    with translation.override(_base_language(language)):
        return _("%(city)s time") % {"city": _city(tz)}


def zone_place(tz: str, language: str | None = None) -> str:
    """Return a zone as a list of zones has it, by the place it is named after: "New York", "Knox, Indiana", "UTC"."""
    if offset := _offset_of_zone(tz):
        return offset
    with translation.override(_base_language(language)):
        return ", ".join([_city(tz), *(name.replace("_", " ") for name in tz.split("/")[1:-1])])


def zone_note(instant: dt.datetime, tz: str, reader_tz: str | None, language: str | None = None) -> str:
    """Return the zone in words where its clocks show another time than the reader's at that instant, else "".

    Always in words where the reader's zone is None, not known: nobody can tell then whose time it is.
    """
    if reader_tz and clock.to_wall(instant, tz) == clock.to_wall(instant, reader_tz):
        return ""
    return zone_words(tz, language)


def with_one_stop(sentence: str) -> str:
    """Return a sentence with one stop where it ends in a time: "a las 7:00 p. m.", not "p. m.."."""
    return _TWO_STOPS.sub(r"\1", sentence)


def _city(tz: str) -> str:
    """Return the city in a zone's name, in the active language."""
    city = tz.rsplit("/", 1)[-1].replace("_", " ")
    return _(city) if city in _CITIES else city


def _offset_of_zone(tz: str) -> str:
    """Return what a zone that is no place's is called, "UTC" or "UTC−5"; "" for all others."""
    if tz in {"UTC", "GMT", "Zulu", "Universal", "UCT", "Greenwich", "Etc/UTC", "Etc/GMT"}:
        return "UTC"
    if tz.startswith("Etc/GMT"):
        # POSIX signs count westward: Etc/GMT+5 is five hours behind UTC.
        sign, hours = tz[7], tz[8:]
        return f"UTC{'−' if sign == '+' else '+'}{hours}"
    return ""


def _face(time: dt.time) -> str:
    return f"{time.hour % 12 or 12}:{time.minute:02}"


def _half(time: dt.time, language: str | None) -> str:
    return _HALVES.get(_base_language(language), _HALVES["en"])[time.hour >= 12]


def _offset_name(instant: dt.datetime, tz: str) -> str:
    return instant.astimezone(ZoneInfo(tz)).tzname() or ""
