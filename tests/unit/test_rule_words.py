from __future__ import annotations

import datetime as dt

import pytest

from meetings.recurrence import Rule
from meetings.wording import every_time_words, hours_words, rule_words


def rule(rrule: str, *, at: dt.time = dt.time(19, 0), minutes: int = 90) -> Rule:
    return Rule(
        rrule=rrule,
        starts_on=dt.date(2026, 1, 6),
        start_time=at,
        duration=dt.timedelta(minutes=minutes),
        tz="America/New_York",
    )


@pytest.mark.parametrize(
    ("rrule", "words"),
    [
        ("FREQ=WEEKLY;BYDAY=TU", "Every Tuesday"),
        ("FREQ=WEEKLY;BYDAY=FR,MO,WE", "Every Monday, Wednesday and Friday"),
        ("FREQ=WEEKLY;BYDAY=SA,SU", "Every Saturday and Sunday"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "Weekdays"),
        ("FREQ=WEEKLY;BYDAY=TU,MO,WE", "Monday through Wednesday"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,FR", "Every Monday, Tuesday, Wednesday and Friday"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA", "Every day except Sunday"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "Every day"),
        ("FREQ=DAILY", "Every day"),
        ("FREQ=DAILY;INTERVAL=3", "Every 3 days"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "Every other Friday"),
        ("FREQ=WEEKLY;INTERVAL=3;BYDAY=FR", "Every 3 weeks on Friday"),
        ("FREQ=MONTHLY;BYDAY=2TH", "Every second Thursday of the month"),
        ("FREQ=MONTHLY;BYDAY=-1SU", "Every last Sunday of the month"),
        ("FREQ=MONTHLY;BYDAY=1TU,3TU", "Every first and third Tuesday of the month"),
        ("FREQ=MONTHLY;INTERVAL=2;BYDAY=1MO", "The first Monday of every 2 months"),
        ("FREQ=WEEKLY;BYDAY=TU;UNTIL=20261231", "Every Tuesday, until Dec 31, 2026"),
        ("FREQ=WEEKLY;BYDAY=TU;COUNT=1", "Once, on Jan 6, 2026"),
        ("FREQ=WEEKLY;BYDAY=FR;COUNT=1", "Once, on Jan 9, 2026"),
    ],
)
def test_a_rule_is_said_as_people_say_it(rrule: str, words: str) -> None:
    assert rule_words(rule(rrule), "en") == words


@pytest.mark.parametrize(
    ("at", "minutes", "hour_cycle", "words"),
    [
        (dt.time(19, 0), 90, "h12", "7:00–8:30\u00a0PM"),
        (dt.time(19, 0), 90, "h24", "19:00–20:30"),
        (dt.time(11, 30), 60, "h12", "11:30\u00a0AM–12:30\u00a0PM"),
        (dt.time(23, 15), 90, "h12", "11:15\u00a0PM–12:45\u00a0AM"),
    ],
)
def test_hours_are_those_of_the_meetings_clock(at: dt.time, minutes: int, hour_cycle: str, words: str) -> None:
    assert hours_words(rule("FREQ=WEEKLY;BYDAY=TU", at=at, minutes=minutes), hour_cycle, "en") == words


@pytest.mark.parametrize(
    ("rrule", "zone", "language", "words"),
    [
        ("FREQ=WEEKLY;BYDAY=TU", "", "en", "Every Tuesday at 7:00\u00a0PM, until you cancel"),
        (
            "FREQ=WEEKLY;BYDAY=TU",
            "New York time",
            "en",
            "Every Tuesday at 7:00\u00a0PM (New York time), until you cancel",
        ),
        (
            "FREQ=WEEKLY;BYDAY=TU;UNTIL=20261231",
            "",
            "en",
            "Every Tuesday at 7:00\u00a0PM, until Dec 31, 2026, or until you cancel",
        ),
        ("FREQ=WEEKLY;BYDAY=TU", "", "es", "Cada martes, 7:00\u00a0p.\u00a0m., hasta que lo canceles"),
    ],
)
def test_every_time_is_said_as_a_rule(rrule: str, zone: str, language: str, words: str) -> None:
    assert every_time_words(rule(rrule), "h12", zone=zone, language=language) == words


@pytest.mark.parametrize(
    ("rrule", "words"),
    [
        ("FREQ=WEEKLY;BYDAY=TU", "Cada martes"),
        ("FREQ=WEEKLY;BYDAY=FR,MO,WE", "Cada lunes, miércoles y viernes"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "De lunes a viernes"),
        ("FREQ=WEEKLY;BYDAY=TU,WE,TH", "De martes a jueves"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA", "Todos los días menos el domingo"),
        ("FREQ=DAILY", "Cada día"),
        ("FREQ=DAILY;INTERVAL=3", "Cada 3 días"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "Cada dos semanas, el viernes"),
        ("FREQ=MONTHLY;BYDAY=1TU,3TU", "El primer y tercer martes de cada mes"),
        ("FREQ=MONTHLY;BYDAY=-1SU", "El último domingo de cada mes"),
        ("FREQ=MONTHLY;INTERVAL=2;BYDAY=1MO", "El primer lunes, cada 2 meses"),
        ("FREQ=WEEKLY;BYDAY=TU;UNTIL=20261231", "Cada martes, hasta el 31 de diciembre de 2026"),
        ("FREQ=WEEKLY;BYDAY=TU;COUNT=1", "Una sola vez, el 6 de enero de 2026"),
    ],
)
def test_a_rule_is_said_in_spanish_as_people_say_it(rrule: str, words: str) -> None:
    assert rule_words(rule(rrule), "es") == words
