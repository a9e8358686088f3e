"""Answering those who look for a meeting by text. What they asked is kept for a day, for MORE, under a hash."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import asdict
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.urls import reverse
from django.utils import translation

from meetings.queries import by_text
from meetings.queries.by_text import Asked
from meetings.reminders import replies
from support import limits, wording

logger = logging.getLogger(__name__)

#: For so long MORE and a day alone go on from the last question.
KEPT: Final = dt.timedelta(days=1)
QUESTIONS_AN_HOUR: Final = 20
_HOURS: Final = ("starts_from", "starts_until")
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: Said to be kind, and asking for nothing: an answer would cost something and say nothing.
_POLITE: Final = frozenset(
    {
        "ok",
        "okay",
        "k",
        "kk",
        "thanks",
        "thx",
        "ty",
        "thank",
        "you",
        "yes",
        "yep",
        "yeah",
        "y",
        "no",
        "nope",
        "n",
        "lol",
        "gracias",
        "si",
        "vale",
        "bueno",
        "good",
        "great",
        "cool",
        "bye",
        "adios",
        "see",
        "soon",
        "muchas",
        "perfect",
        "perfecto",
        "much",
        "so",
        "all",
    }
)


def answer(*, text: str, number: str, language: str, now: dt.datetime) -> str:
    """Return the next meetings for a text, or what to write instead; "" for a word of thanks.

    `number` is where the text came from: it is counted and remembered by a keyed hash alone.
    """
    question = by_text.parse(text)
    is_going_on = question.is_more or (question.has_day and not question.place)
    if not is_going_on and set(question.place.split()) <= _POLITE:
        return ""
    try:
        limits.consume("find by text", number, limit=QUESTIONS_AN_HOUR, seconds=3600)
    except limits.TooMany:
        return _once_an_hour(number)
    last = _last(number)
    asked = by_text.locate(question, last=last)
    if asked is None:
        is_where_missing = (is_going_on and last is None) or by_text.names_no_place(question)
        return replies.which_place() if is_where_missing else replies.not_understood()
    with translation.override(asked.language or language):
        found = by_text.next_meetings(asked, now=now)
        _remember(number, found.asked)
        hour_cycle = wording.H12 if asked.is_in_miles else wording.default_hour_cycle()
        return replies.found(found.asked, found, link=_link(asked), hour_cycle=hour_cycle)


def place_in(text: str) -> str:
    """Return the place that a text names, as a label that is understood again; "" for none. Kept nowhere."""
    asked = by_text.locate(by_text.parse(text), last=None)
    return asked.label if asked else ""


def _link(asked: Asked) -> str:
    """Return an address of the finder's page that says where, to a kilometre, and nothing of what is there."""
    day = "today" if asked.is_today else "tomorrow" if asked.is_tomorrow else ""
    if asked.weekday is not None:
        day = _DAYS[asked.weekday]
    code = f"{asked.latitude:.2f},{asked.longitude:.2f}" + (f",{day}" if day else "")
    return settings.PUBLIC_BASE_URL + reverse("reminders:found", args=[code]).replace("%2C", ",")


def _once_an_hour(number: str) -> str:
    try:
        limits.consume("told to wait", number, limit=1, seconds=3600)
    except limits.TooMany:
        return ""
    return replies.enough_for_now()


def _key(number: str) -> str:
    # support.cache_keys hashes it with the site's own key.
    return f"asked by text:{number}"


def _last(number: str) -> Asked | None:
    try:
        kept: dict[str, Any] | None = cache.get(_key(number))
        if kept is None:
            return None
        hours = {name: dt.time.fromisoformat(kept[name]) for name in _HOURS if kept[name]}
        return Asked(**kept | hours)
    except Exception:  # noqa: BLE001  # each cache backend has errors of its own; MORE then asks where
        logger.warning("The cache is out of reach; MORE by text cannot go on.")
        return None


def _remember(number: str, asked: Asked) -> None:
    try:
        # The cache takes what JSON has words for, and JSON has none for a time.
        hours = {name: hour.isoformat() for name in _HOURS if (hour := getattr(asked, name))}
        cache.set(_key(number), asdict(asked) | hours, timeout=KEPT.total_seconds())
    except Exception:  # noqa: BLE001  # as above
        logger.warning("The cache is out of reach; MORE by text cannot go on.")
