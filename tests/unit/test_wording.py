from __future__ import annotations

import datetime as dt

import pytest
from django.template import Context, Template

from support import clock, wording

NEW_YORK = "America/New_York"


def at(*wall: int, tz: str = NEW_YORK) -> dt.datetime:
    return clock.to_instant(dt.datetime(*wall), tz)  # type: ignore[arg-type]  # year to minute, as datetime takes them


@pytest.mark.parametrize(
    ("language", "short", "long"),
    [
        ("en", "Tue, Nov 24", "Tuesday, November 24"),
        ("es", "mar, 24 nov", "martes, 24 de noviembre"),
        ("en-us", "Tue, Nov 24", "Tuesday, November 24"),
    ],
)
def test_date_words_follow_the_language(language: str, short: str, long: str) -> None:
    instant = at(2026, 11, 24, 19, 0)
    assert wording.date_words(instant, NEW_YORK, language) == short
    assert wording.date_words_long(instant, NEW_YORK, language) == long


def test_date_words_name_the_day_of_the_zone_not_of_utc() -> None:
    evening = at(2026, 11, 24, 22, 0)  # already the 25th in UTC and in Kolkata
    assert wording.date_words(evening, NEW_YORK, "en") == "Tue, Nov 24"
    assert wording.date_words(evening, "Asia/Kolkata", "en") == "Wed, Nov 25"


@pytest.mark.parametrize(
    ("hour", "minute", "h12", "h24"),
    [
        (0, 0, "12:00 AM", "00:00"),
        (0, 5, "12:05 AM", "00:05"),
        (9, 30, "9:30 AM", "09:30"),
        (12, 0, "12:00 PM", "12:00"),
        (19, 0, "7:00 PM", "19:00"),
        (23, 59, "11:59 PM", "23:59"),
    ],
)
def test_clock_words_in_both_cycles(hour: int, minute: int, h12: str, h24: str) -> None:
    time = dt.time(hour, minute)
    assert wording.clock_words(time, "h12", "en").replace("\u00a0", " ") == h12
    assert wording.clock_words(time, "h24", "en") == h24


def test_clock_words_in_spanish_write_the_half_of_the_day_as_spanish_does() -> None:
    assert wording.clock_words(dt.time(19, 0), "h12", "es") == "7:00\u00a0p.\u00a0m."
    assert wording.clock_words(dt.time(7, 0), "h12", "es") == "7:00\u00a0a.\u00a0m."


@pytest.mark.parametrize(
    ("start", "minutes", "h12", "h24"),
    [
        ((2026, 11, 24, 19, 0), 90, "7:00–8:30 PM", "19:00–20:30"),
        ((2026, 11, 24, 11, 0), 90, "11:00 AM–12:30 PM", "11:00–12:30"),
        ((2026, 11, 24, 23, 30), 60, "11:30 PM–12:30 AM", "23:30–00:30"),
        ((2026, 11, 24, 12, 0), 60, "12:00–1:00 PM", "12:00–13:00"),
        # A whole day round: the halves agree, the dates do not.
        ((2026, 11, 24, 19, 0), 24 * 60, "7:00 PM–7:00 PM", "19:00–19:00"),
    ],
)
def test_range_words_say_the_half_of_the_day_once_where_that_is_clear(
    start: tuple[int, ...], minutes: int, h12: str, h24: str
) -> None:
    starts_at = at(*start)
    ends_at = starts_at + dt.timedelta(minutes=minutes)
    assert wording.range_words(starts_at, ends_at, NEW_YORK, "h12", "en").replace("\u00a0", " ") == h12
    assert wording.range_words(starts_at, ends_at, NEW_YORK, "h24", "en") == h24


def test_range_words_over_the_spring_change_show_what_the_clocks_show() -> None:
    starts_at = at(2026, 3, 8, 1, 30)
    ends_at = starts_at + dt.timedelta(hours=1)
    assert wording.range_words(starts_at, ends_at, NEW_YORK, "h24") == "01:30–03:30"


def test_range_words_over_the_autumn_change_name_both_offsets_where_the_hour_repeats() -> None:
    starts_at = at(2026, 11, 1, 1, 30)
    ends_at = starts_at + dt.timedelta(hours=1)
    assert (
        wording.range_words(starts_at, ends_at, NEW_YORK, "h12", "en").replace("\u00a0", " ")
        == "1:30 AM EDT–1:30 AM EST"
    )
    longer = wording.range_words(starts_at, starts_at + dt.timedelta(hours=2), NEW_YORK, "h12", "en")
    assert longer.replace("\u00a0", " ") == "1:30–2:30 AM"


def test_time_words_keep_the_wall_time_over_both_changes() -> None:
    for day in ((2026, 3, 3), (2026, 3, 10), (2026, 10, 27), (2026, 11, 3)):
        assert wording.time_words(at(*day, 19, 0), NEW_YORK, "h24") == "19:00"


@pytest.mark.parametrize(
    ("tz", "words"),
    [
        ("America/New_York", "New York time"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires time"),
        ("UTC", "UTC"),
        ("Etc/UTC", "UTC"),
        ("Etc/GMT+5", "UTC−5"),
        ("Etc/GMT-3", "UTC+3"),
    ],
)
def test_zone_words_name_the_city(tz: str, words: str) -> None:
    assert wording.zone_words(tz, "en") == words


@pytest.mark.parametrize(
    ("tz", "language", "words"),
    [
        ("America/New_York", "en", "New York"),
        ("America/New_York", "es", "Nueva York"),
        ("America/Indiana/Knox", "en", "Knox, Indiana"),
        ("America/North_Dakota/New_Salem", "en", "New Salem, North Dakota"),
        ("America/Cancun", "es", "Cancún"),
        ("Etc/GMT+5", "en", "UTC−5"),
        ("UTC", "es", "UTC"),
    ],
)
def test_zone_in_a_list_is_the_place_it_is_named_after(tz: str, language: str, words: str) -> None:
    assert wording.zone_place(tz, language) == words


@pytest.mark.parametrize(
    ("minutes", "english", "spanish"),
    [
        (0, "now", "ahora"),
        (1, "in 1 min", "en 1 min"),
        (59, "in 59 min", "en 59 min"),
        (60, "in 1 hour", "en 1 hora"),
    ],
)
def test_how_soon_a_meeting_begins_is_said_as_people_say_it(minutes: int, english: str, spanish: str) -> None:
    assert (wording.soon_words(minutes, "en"), wording.soon_words(minutes, "es")) == (english, spanish)


def test_zone_note_is_empty_where_clocks_agree() -> None:
    instant = at(2026, 11, 24, 19, 0)
    assert wording.zone_note(instant, NEW_YORK, "America/Toronto", "en") == ""
    assert wording.zone_note(instant, NEW_YORK, "Europe/London", "en") == "New York time"


def test_zone_note_appears_only_in_the_weeks_when_clocks_part() -> None:
    # Phoenix keeps one offset all year, Denver does not.
    assert wording.zone_note(at(2026, 1, 6, 19, 0), "America/Denver", "America/Phoenix", "en") == ""
    assert wording.zone_note(at(2026, 7, 7, 19, 0), "America/Denver", "America/Phoenix", "en") == "Denver time"


def test_default_hour_cycle_follows_the_language() -> None:
    assert (wording.default_hour_cycle("en"), wording.default_hour_cycle("es")) == ("h12", "h12")
    assert wording.default_hour_cycle("de") == "h24"


def test_template_tags_use_the_reader_s_clock_and_zone() -> None:
    template = Template(
        "{% load times %}{{ start|wall_date:tz }}|{{ start|wall_date_long:tz }}|{% wall_time start tz %}|"
        "{% wall_range start end tz %}|{% zone_note start tz %}|{{ face|clock_face:hour_cycle }}"
    )
    starts_at = at(2026, 11, 24, 19, 0)
    context = {
        "start": starts_at,
        "end": starts_at + dt.timedelta(minutes=90),
        "tz": NEW_YORK,
        "reader_tz": "Europe/London",
        "hour_cycle": "h24",
        "face": dt.time(7, 5),
    }
    assert template.render(Context(context)) == (
        "Tue, Nov 24|Tuesday, November 24|19:00|19:00–20:30|New York time|07:05"
    )


def test_template_tags_show_nothing_for_a_time_that_is_not_there() -> None:
    template = Template("{% load times %}[{{ start|wall_date:'UTC' }}{% wall_time start 'UTC' %}{{ face|clock_face }}]")
    assert template.render(Context({"start": None, "face": None})) == "[]"


def test_zone_names_its_city_in_the_language_of_the_reader() -> None:
    assert wording.zone_words("America/New_York", "es") == "hora de Nueva York"
    assert wording.zone_words("America/Denver", "es") == "hora de Denver"
    assert wording.zone_words("America/New_York", "en") == "New York time"


@pytest.mark.parametrize(
    ("hours", "language", "words"),
    [
        (2, "en", "Moved from Tue, Nov 24, 7:00\u00a0PM to 9:00\u00a0PM"),
        (25, "en", "Moved from Tue, Nov 24, 7:00\u00a0PM to Wed, Nov 25, 8:00\u00a0PM"),
        (2, "es", "Reprogramada: antes mar, 24 nov, 7:00\u00a0p.\u00a0m., ahora 9:00\u00a0p.\u00a0m."),
    ],
)
def test_a_move_names_the_new_day_only_where_it_is_another(hours: int, language: str, words: str) -> None:
    old = dt.datetime(2026, 11, 25, 0, 0, tzinfo=dt.UTC)
    new = old + dt.timedelta(hours=hours)
    assert wording.moved_words(old, new, "America/New_York", language=language) == words


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("Nueva hora: mar 7:00 p.\u00a0m..", "Nueva hora: mar 7:00 p.\u00a0m."),
        ("Anotado: mar 7:00 a. m.. Responde X.", "Anotado: mar 7:00 a. m. Responde X."),
        ("We’ll email you Tue at 7:00\u00a0PM.", "We’ll email you Tue at 7:00\u00a0PM."),
        ("Te enviaremos un correo el martes a las 19:00.", "Te enviaremos un correo el martes a las 19:00."),
    ],
)
def test_sentence_that_ends_in_a_time_ends_in_one_stop(sentence: str, shown: str) -> None:
    assert wording.with_one_stop(sentence) == shown


@pytest.mark.parametrize(
    ("hours", "is_read_now", "language", "words"),
    [
        (1, True, "en", "today at 10:30\u00a0PM"),
        (1, True, "es", "hoy a las 10:30\u00a0p.\u00a0m."),
        # Told tomorrow, it would not be so any more.
        (1, False, "en", "Tue at 10:30\u00a0PM"),
        (1, False, "es", "el martes a las 10:30\u00a0p.\u00a0m."),
        # After midnight in New York, though still the same day in UTC.
        (3, True, "en", "Wed at 12:30\u00a0AM"),
        (-22, True, "en", "Mon at 11:30\u00a0PM"),
    ],
)
def test_a_moment_is_today_only_where_it_is_read_on_that_day(
    hours: int, is_read_now: bool, language: str, words: str
) -> None:
    now = dt.datetime(2026, 11, 25, 2, 30, tzinfo=dt.UTC)
    said = wording.moment_words(
        now + dt.timedelta(hours=hours),
        "America/New_York",
        wording.default_hour_cycle(language),
        now=now,
        language=language,
        is_read_now=is_read_now,
    )
    assert said == words
