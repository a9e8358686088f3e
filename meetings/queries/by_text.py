"""Finding meetings by text message: what somebody means, and the next three that answer it.

"12207", "Albany tue", "meetings near Kingston NY tonight", "MORE", "miércoles". The answer reads the same tables as the
finder's page. Nothing here keeps anything.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from typing import Final

from tzfpy import get_tz

from meetings import gazetteer
from meetings.geo import Point, uses_miles
from meetings.queries.finder import PARTS_OF_DAY, Criteria, Found, find_place, search
from support import clock

#: Meetings in one answer.
PAGE: Final = 3
#: How far around is looked: in a city a few streets hold enough, in the country it is an hour's drive.
RADII_KM: Final = (5.0, 10.0, 20.0, 40.0, 100.0)
_FAR_KM: Final = 40.0
#: As many of a wider circle are looked through for what lies beyond the narrower one.
_MOST_LOOKED_AT: Final = 150
_LONGEST_PLACE: Final = 6  # words

_DAYS_EN: Final = {
    "mon": 0, "monday": 0, "mondays": 0, "tue": 1, "tues": 1, "tuesday": 1, "tuesdays": 1, "wed": 2, "weds": 2,
    "wednesday": 2, "wednesdays": 2, "thu": 3, "thur": 3, "thurs": 3, "thursday": 3, "thursdays": 3, "fri": 4,
    "friday": 4, "fridays": 4, "sat": 5, "saturday": 5, "saturdays": 5, "sun": 6, "sunday": 6, "sundays": 6,
}  # fmt: skip
_DAYS_ES: Final = {
    "lun": 0, "lunes": 0, "mar": 1, "martes": 1, "mie": 2, "mier": 2, "miercoles": 2, "jue": 3, "jueves": 3,
    "vie": 4, "viernes": 4, "sab": 5, "sabado": 5, "sabados": 5, "dom": 6, "domingo": 6, "domingos": 6,
}  # fmt: skip
_TODAY: Final = {"today": "en", "tonight": "en", "tonite": "en", "now": "en", "hoy": "es", "ahora": "es"}
_TOMORROW: Final = {"tomorrow": "en", "tomorow": "en", "tmrw": "en", "tmr": "en", "manana": "es"}
_EVENING: Final = {"tonight", "tonite", "evening", "night", "noche"}
_MORNING: Final = {"morning"}
_AFTERNOON: Final = {"afternoon", "tarde"}
_MORE: Final = {"more": "en", "m": "", "next": "en", "mas": "es", "siguiente": "es", "siguientes": "es", "otras": "es"}
_MEETINGS: Final = {"meeting", "meetings", "group", "groups", "reunion", "reuniones", "grupo", "grupos"}
#: What a meeting may be about, which is no place either.
_PREVENTION: Final = (
    (re.compile(r"\b(?:relapse prevention|preventing relapse|prevention of relapse)\b"), "meeting"),
    (re.compile(r"\b(?:para )?(?:prevencion (?:de|contra)|prevenir) (?:las? )?recaidas?\b"), "reunion"),
)
_SPANISH: Final = {
    "reunion", "reuniones", "grupo", "grupos", "cerca", "busco", "buscar", "noche", "tarde", "favor", "el", "los",
    "hay",
}  # fmt: skip
#: What stands around a place and is none: taken off only where the whole is no place ("De Pere" is one).
_BEFORE: Final = frozenset(
    _MEETINGS
    | {
        "find",
        "me",
        "a",
        "an",
        "any",
        "na",
        "near",
        "nearest",
        "in",
        "at",
        "around",
        "cerca",
        "de",
        "en",
        "by",
        "for",
        "on",
        "please",
        "show",
        "hay",
        "busco",
        "buscar",
        "where",
        "donde",
        "is",
        "are",
        "there",
        "close",
        "to",
        "the",
        "hi",
        "hello",
        "hola",
    }
)
#: What some ask for beside a place, and a text is not searched by: the answer then says what it lists.
_KINDS: Final = frozenset(
    {
        "online", "virtual", "zoom", "linea", "spanish", "espanol", "english", "ingles", "family", "familia", "women",
        "mujeres", "men", "hombres", "young", "jovenes", "beginners", "lgbt", "lgbtq",
    }
)  # fmt: skip
_AFTER: Final = frozenset({"please", "por", "favor", "area", "na", "en"} | _MEETINGS | _KINDS)
_AROUND: Final = _BEFORE | _KINDS
_JOINING: Final = frozenset({"on", "this", "el", "los", "la", "por", "esta", "at", "in", "en", "the"})


@dataclass(frozen=True)
class Question:
    """What a text asks; `place` is what is left without its day, "" where it only goes on from the last question."""

    #: As it was written: "Sun Valley" is a place, whatever "sun" means elsewhere.
    whole: str = ""
    place: str = ""
    weekday: int | None = None
    is_today: bool = False
    is_tomorrow: bool = False
    starts_from: dt.time | None = None
    starts_until: dt.time | None = None
    is_more: bool = False
    #: "es" or "en" where the words say so, else "".
    language: str = ""

    @property
    def has_day(self) -> bool:
        return self.weekday is not None or self.is_today or self.is_tomorrow or self.starts_from is not None


@dataclass(frozen=True)
class Asked:
    """A question whose place is known: what an answer, and the MORE after it, are made from."""

    label: str
    latitude: float
    longitude: float
    weekday: int | None = None
    is_today: bool = False
    is_tomorrow: bool = False
    starts_from: dt.time | None = None
    starts_until: dt.time | None = None
    offset: int = 0
    #: How far around the last answer looked; 0 before the first. What is nearer than `beyond_km` was told already.
    radius_km: float = 0.0
    beyond_km: float = 0.0
    language: str = ""
    #: More was asked than a place and a day ("online", "Spanish"), and is not looked at.
    is_wider: bool = False

    @property
    def point(self) -> Point:
        return Point(self.latitude, self.longitude)

    @property
    def tz(self) -> str:
        """The zone of the place."""
        name = get_tz(self.longitude, self.latitude)
        return name if clock.is_zone(name) else "UTC"

    @property
    def is_in_miles(self) -> bool:
        return uses_miles(self.tz)

    def more(self) -> Asked:
        """Return the question for what comes after this one's answer."""
        return replace(self, offset=self.offset + PAGE)


@dataclass(frozen=True)
class TextAnswer:
    """The next meetings, `is_more` where others follow, and the question as it was asked in the end."""

    found: tuple[Found, ...]
    is_more: bool
    asked: Asked


def parse(text: str) -> Question:
    """Return what a text asks for. Pure; whether its place exists is another matter."""
    folded = gazetteer.fold(text)
    for pattern, meeting in _PREVENTION:
        folded = pattern.sub(meeting, folded)
    words = folded.split()
    language = ""
    left: list[str] = []
    weekday: int | None = None
    is_today = is_tomorrow = False
    hours: tuple[dt.time, dt.time] | None = None
    for word in words:
        if word in _DAYS_EN or word in _DAYS_ES:
            is_english = word in _DAYS_EN
            weekday = _DAYS_EN[word] if is_english else _DAYS_ES[word]
            language = language or ("en" if is_english else "es")
        elif word in _TODAY:
            is_today, language = True, language or _TODAY[word]
        elif word in _TOMORROW:
            is_tomorrow, language = True, language or _TOMORROW[word]
        elif word not in _EVENING | _MORNING | _AFTERNOON:
            left.append(word)
            continue
        hours = hours or _hours(word)
        while left and left[-1] in _JOINING:
            left.pop()
    if set(words) & _SPANISH:
        language = "es"
    is_more = bool(left) and len(left) <= 2 and left[0] in _MORE and (len(left) == 1 or left[1] in _AFTER)
    if is_more:
        language = language or _MORE[left[0]]
    return Question(
        whole=" ".join(text.split()),
        place="" if is_more else " ".join(left),
        weekday=weekday,
        is_today=is_today,
        is_tomorrow=is_tomorrow,
        starts_from=hours[0] if hours else None,
        starts_until=hours[1] if hours else None,
        is_more=is_more,
        language=language,
    )


def names_no_place(question: Question) -> bool:
    """Return whether a text asks for meetings and does not say where: "a relapse prevention meeting"."""
    words = set(question.place.split())
    return bool(words & _MEETINGS) and words <= _BEFORE | _AFTER


def locate(question: Question, *, last: Asked | None) -> Asked | None:
    """Return the question with its place, the last one's where it names none; None where there is no such place."""
    if question.is_more and not question.has_day:
        return replace(last.more(), language=question.language or last.language) if last else None
    if not question.place:
        return _on_another_day(last, question) if last and question.has_day else None
    for name, is_whole in _candidates(question):
        answer = find_place(name)
        if answer.places and not answer.area:
            near = answer.places[0]
            asked = Asked(
                near.label,
                round(near.point.latitude, 4),
                round(near.point.longitude, 4),
                is_wider=_says_more(question, near.label),
            )
            return replace(asked, language=question.language) if is_whole else _on_another_day(asked, question)
    return None


def _says_more(question: Question, label: str) -> bool:
    """Return whether a text asks for a kind of meeting, and none is part of its place's name ("Spanish Fork")."""
    return bool((set(question.place.split()) & _KINDS) - set(gazetteer.fold(label).split()))


def next_meetings(asked: Asked, *, now: dt.datetime) -> TextAnswer:
    """Return the next meetings that one can walk into, soonest first, from as near as there are enough.

    Where MORE has come to the end of a circle, a wider one goes on with what lies beyond it.
    """
    circles = [radius for radius in RADII_KM if radius >= asked.radius_km]
    found: list[Found] = []
    for radius in circles:
        asked = _widened(asked, radius)
        found = _within(asked, now)
        is_first_question = not asked.offset and not asked.beyond_km
        # One that is near enough to go to comes before three that are not.
        if len(found) >= (PAGE if is_first_question and radius < _FAR_KM else 1):
            break
    return TextAnswer(tuple(found[:PAGE]), len(found) > PAGE or (bool(found) and _is_beyond(asked, now)), asked)


def _widened(asked: Asked, radius: float) -> Asked:
    if not asked.radius_km or radius == asked.radius_km:
        return replace(asked, radius_km=radius)
    if not asked.offset and not asked.beyond_km:
        # Nothing of the narrower circle was told yet.
        return replace(asked, radius_km=radius)
    return replace(asked, offset=0, beyond_km=asked.radius_km, radius_km=radius)


def _is_beyond(asked: Asked, now: dt.datetime) -> bool:
    """Return whether a wider circle holds what this one does not."""
    return any(
        _within(replace(asked, offset=0, beyond_km=asked.radius_km, radius_km=radius), now)
        for radius in RADII_KM
        if radius > asked.radius_km
    )


def _within(asked: Asked, now: dt.datetime) -> list[Found]:
    criteria = Criteria(
        center=asked.point,
        radius_km=asked.radius_km,
        weekdays=frozenset() if asked.weekday is None else frozenset({asked.weekday}),
        is_today=asked.is_today,
        is_tomorrow=asked.is_tomorrow,
        starts_from=asked.starts_from,
        starts_until=asked.starts_until,
        is_drop_in=True,
    )
    results = search(criteria, now=now, reader_tz=asked.tz, language=asked.language or "en")
    if not asked.beyond_km:
        return [each for each in results[asked.offset : asked.offset + PAGE + 1] if each.date is not None]
    farther = [
        each
        for each in results[:_MOST_LOOKED_AT]
        if each.date is not None and (each.distance_km or 0.0) > asked.beyond_km
    ]
    return farther[asked.offset : asked.offset + PAGE + 1]


def _on_another_day(asked: Asked | None, question: Question) -> Asked | None:
    if asked is None:
        return None
    return replace(
        asked,
        weekday=question.weekday,
        is_today=question.is_today,
        is_tomorrow=question.is_tomorrow,
        starts_from=question.starts_from,
        starts_until=question.starts_until,
        offset=0,
        radius_km=0.0,
        beyond_km=0.0,
        language=question.language or asked.language,
    )


def _candidates(question: Question) -> list[tuple[str, bool]]:
    """Return what may be the place: the whole text (marked so), what is left without its day, and less around that."""
    words = question.place.split()
    bare = list(words)
    while bare and bare[0] in _AROUND:
        bare.pop(0)
    while bare and bare[-1] in _AFTER:
        bare.pop()
    names = [question.place, " ".join(bare)]
    several = [(name, False) for name in dict.fromkeys(names) if name and len(name.split()) <= _LONGEST_PLACE]
    # A postcode is found anywhere in a text, so one that has digits names its day beside it.
    may_be_whole = len(question.whole.split()) <= _LONGEST_PLACE and not any(map(str.isdigit, question.whole))
    return [(question.whole, True), *several] if may_be_whole else several


def _hours(word: str) -> tuple[dt.time, dt.time] | None:
    for words, part in ((_MORNING, "morning"), (_AFTERNOON, "afternoon"), (_EVENING, "evening")):
        if word in words:
            return PARTS_OF_DAY[part]
    return None
