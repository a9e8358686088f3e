"""What the finder finds, by its query alone: on SQLite, and with the mark on PostgreSQL too."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from django.core.paginator import Paginator
from pytest_django import DjangoAssertNumQueries

from meetings.enums import FormatCategory, OccurrenceStatus, VenueType
from meetings.geo import Point, box_around, distance_km
from meetings.models import FormatTranslation, Meeting
from meetings.queries import finder
from meetings.queries.finder import Criteria, Found
from meetings.recurrence import WEEKDAYS
from meetings.services import schedule
from support import clock
from tests.factories import make_format, make_meeting, make_occurrence, make_service_body, make_venue

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NEW_YORK = "America/New_York"
ALBANY = Point(42.6526, -73.7562)
TUESDAY, WEDNESDAY = 1, 2


@pytest.fixture
def body() -> Any:
    return make_service_body()


def listed(now: dt.datetime, **fields: Any) -> Meeting:
    meeting = make_meeting(**fields)
    schedule.refresh_next(meeting, now=now)
    return meeting


def find(now: dt.datetime, reader_tz: str = NEW_YORK, language: str = "en", **criteria: Any) -> list[Found]:
    found = finder.search(Criteria(**criteria), now=now, reader_tz=reader_tz, language=language)
    everything = found[0:1000]
    assert len(found) == len(everything)
    return everything


def names(found: list[Found]) -> list[str]:
    return [one.meeting.name for one in found]


# -- Where -------------------------------------------------------------------------------------------------------------


def test_near_finds_what_is_within_the_radius_and_says_how_far(now: dt.datetime) -> None:
    listed(now, name="Here", venue=make_venue(latitude=42.6600, longitude=-73.7600))
    listed(now, name="Troy", venue=make_venue(latitude=42.7284, longitude=-73.6918))
    listed(now, name="Nowhere", venue=make_venue(latitude=None, longitude=None))
    found = find(now, center=ALBANY, radius_km=9)
    assert names(found) == ["Here"]
    assert found[0].distance_km == pytest.approx(distance_km(ALBANY, Point(42.66, -73.76)), abs=0.001)
    assert set(names(find(now, center=ALBANY, radius_km=11))) == {"Here", "Troy"}


def test_near_right_at_the_venue_is_no_distance_at_all(now: dt.datetime) -> None:
    listed(now, venue=make_venue(latitude=ALBANY.latitude, longitude=ALBANY.longitude))
    [found] = find(now, center=ALBANY, radius_km=0.1)
    assert found.distance_km == pytest.approx(0, abs=0.001)


def test_near_reaches_across_the_dateline_and_round_a_pole(now: dt.datetime) -> None:
    listed(now, name="Taveuni", venue=make_venue(latitude=-16.8, longitude=-179.95))
    listed(now, name="Pole", venue=make_venue(latitude=89.99, longitude=-100))
    assert names(find(now, center=Point(-16.8, 179.95), radius_km=20)) == ["Taveuni"]
    assert names(find(now, center=Point(89.99, 80), radius_km=5)) == ["Pole"]


def test_near_agrees_with_the_formula_anywhere(now: dt.datetime, body: Any) -> None:
    chance = random.Random(7)  # noqa: S311  # repeatable, not secret
    places = [Point(chance.uniform(-90, 90), chance.uniform(-180, 180)) for _ in range(60)]
    for number, place in enumerate(places):
        venue = make_venue(latitude=place.latitude, longitude=place.longitude)
        listed(now, name=str(number), venue=venue, service_body=body)
    for center in places[:5]:
        for radius in (1, 2500, 9000):
            expected = {str(n) for n, place in enumerate(places) if distance_km(center, place) <= radius}
            assert set(names(find(now, center=center, radius_km=radius))) == expected
            assert {str(n) for n, p in enumerate(places) if p in box_around(center, radius)} >= expected


def test_near_leaves_online_out_unless_online_is_asked_for(now: dt.datetime) -> None:
    listed(now, name="Hall")
    listed(now, name="Screen", venue_type=VenueType.ONLINE, venue=None)
    listed(now, name="Far both", venue_type=VenueType.HYBRID, venue=make_venue(latitude=10, longitude=10))
    assert names(find(now, center=ALBANY, radius_km=5)) == ["Hall"]
    found = {one.meeting.name: one.distance_km for one in find(now, center=ALBANY, radius_km=5, venues=("online",))}
    assert found["Screen"] is None
    assert set(found) == {"Screen", "Far both"}


def test_hybrid_counts_as_either(now: dt.datetime) -> None:
    for kind in VenueType:
        listed(now, name=kind.value, venue_type=kind)
    assert set(names(find(now, venues=("in_person",)))) == {"in_person", "hybrid"}
    assert set(names(find(now, venues=("online",)))) == {"online", "hybrid"}
    assert names(find(now, venues=("hybrid",))) == ["hybrid"]


def test_sorted_by_distance_the_nearest_is_first(now: dt.datetime) -> None:
    for name, latitude in (("far", 42.75), ("near", 42.66), ("middle", 42.70)):
        listed(now, name=name, venue=make_venue(latitude=latitude, longitude=-73.7562))
    assert names(find(now, center=ALBANY, radius_km=50, sort="distance")) == ["near", "middle", "far"]
    by_day = find(now, center=ALBANY, radius_km=50, sort="distance", weekdays=frozenset({TUESDAY}))
    assert names(by_day) == ["near", "middle", "far"]


# -- When --------------------------------------------------------------------------------------------------------------


def test_sorted_by_when_the_soonest_is_first_and_the_dateless_last(now: dt.datetime) -> None:
    listed(now, name="tonight")
    listed(now, name="closed", is_temporarily_closed=True)
    listed(now, name="by appointment", rrule="", starts_on=None, start_time=None)
    listed(now, name="wednesday", rrule="FREQ=WEEKLY;BYDAY=WE")
    found = find(now)
    assert names(found) == ["tonight", "wednesday", "closed", "by appointment"]
    assert [one.date is None for one in found] == [False, False, True, True]


def test_ties_are_told_apart_so_that_pages_never_overlap(now: dt.datetime, body: Any) -> None:
    venue = make_venue()
    for number in range(7):
        listed(now, name=str(number), venue=venue, service_body=body)
    for criteria in (Criteria(), Criteria(weekdays=frozenset({TUESDAY})), Criteria(center=ALBANY, sort="distance")):
        paginator = Paginator(finder.search(criteria, now=now, reader_tz=NEW_YORK), 3)
        seen = [found.meeting.name for page in paginator for found in page]
        assert sorted(seen) == [str(number) for number in range(7)]


def test_a_day_is_dated_by_the_day_asked_for_not_by_the_next_date(now: dt.datetime) -> None:
    listed(now, name="both", rrule="FREQ=WEEKLY;BYDAY=TU,TH")
    [found] = find(now, weekdays=frozenset({3}))
    assert found.day == dt.date(2026, 11, 19)


def test_a_day_looks_at_real_dates_where_a_rule_skips(now: dt.datetime) -> None:
    listed(now, name="monthly", rrule="FREQ=MONTHLY;BYDAY=2TU")
    [found] = find(now, weekdays=frozenset({TUESDAY}))
    assert found.day == dt.date(2026, 12, 8)
    assert find(now, is_today=True) == []


@pytest.mark.parametrize(("seconds", "minutes"), [(3601, None), (3600, 60), (3541, 60), (3540, 59), (1, 1), (0, 0)])
def test_what_begins_within_the_hour_says_in_how_many_minutes(
    now: dt.datetime, seconds: int, minutes: int | None
) -> None:
    meeting = listed(now)
    assert meeting.next_starts_at is not None
    [found] = find(meeting.next_starts_at - dt.timedelta(seconds=seconds))
    assert found.starts_in == minutes


def test_today_is_what_is_still_to_come_on_the_readers_day(now: dt.datetime) -> None:
    listed(now, name="over", start_time=dt.time(12, 0))
    listed(now, name="to come", start_time=dt.time(19, 0))
    listed(now, name="tomorrow", start_time=dt.time(19, 0), rrule="FREQ=WEEKLY;BYDAY=WE")
    listed(now, name="late in Honolulu", start_time=dt.time(22, 0), tz="Pacific/Honolulu")
    assert names(find(now, is_today=True)) == ["to come"]
    # 22:00 on Tuesday in Honolulu is 03:00 on Wednesday in New York.
    assert names(find(now, is_tomorrow=True)) == ["late in Honolulu", "tomorrow"]
    assert "late in Honolulu" in names(find(now, reader_tz="Pacific/Honolulu", is_today=True))


def test_tomorrow_finds_what_is_also_on_today(now: dt.datetime) -> None:
    listed(now, name="daily", rrule="FREQ=DAILY")
    listed(now, name="both", rrule="FREQ=WEEKLY;BYDAY=TU,WE")
    listed(now, name="today alone")
    found = find(now, is_tomorrow=True)
    assert names(found) == ["daily", "both"]
    assert {one.day for one in found} == {dt.date(2026, 11, 18)}


def test_today_and_a_weekday_mean_either(now: dt.datetime) -> None:
    listed(now, name="today")
    listed(now, name="friday", rrule="FREQ=WEEKLY;BYDAY=FR")
    listed(now, name="sunday", rrule="FREQ=WEEKLY;BYDAY=SU")
    assert names(find(now, is_today=True, weekdays=frozenset({4}))) == ["today", "friday"]


@pytest.mark.parametrize(
    ("start", "until", "expected"),
    [
        ("18:00", "20:00", {"19:00"}),
        ("19:00", "19:00", {"19:00"}),
        ("22:00", "02:00", {"23:30", "01:00"}),
        ("20:00", None, {"23:30"}),
        (None, "02:00", {"01:00"}),
    ],
)
def test_hours_may_cross_midnight(now: dt.datetime, start: str | None, until: str | None, expected: set[str]) -> None:
    for at in ("01:00", "12:00", "19:00", "23:30"):
        listed(now, name=at, start_time=dt.time.fromisoformat(at))
    listed(now, name="by appointment", rrule="", starts_on=None, start_time=None)
    hours: dict[str, Any] = {
        "starts_from": dt.time.fromisoformat(start) if start else None,
        "starts_until": dt.time.fromisoformat(until) if until else None,
    }
    assert set(names(find(now, **hours))) == expected


def test_a_next_start_not_yet_rolled_forward_is_worked_out(now: dt.datetime) -> None:
    meeting = listed(now, name="stale")
    Meeting.objects.filter(pk=meeting.pk).update(next_starts_at=now - dt.timedelta(days=7))
    assert find(now)[0].date.starts_at == dt.datetime(2026, 11, 18, 0, 0, tzinfo=dt.UTC)  # type: ignore[union-attr]


def test_a_closed_meeting_is_found_under_its_day_and_not_today(now: dt.datetime) -> None:
    listed(now, name="closed", is_temporarily_closed=True)
    [found] = find(now, weekdays=frozenset({TUESDAY}))
    assert found.date is None
    assert find(now, is_today=True) == []


def test_plain_weekly_dates_are_those_of_the_rule(now: dt.datetime) -> None:
    chance = random.Random(3)  # noqa: S311  # repeatable, not secret
    for tz in ("America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "Europe/London", "UTC"):
        for _ in range(10):
            days = sorted(chance.sample(range(7), chance.randint(1, 3)))
            meeting = Meeting(
                rrule="FREQ=WEEKLY;BYDAY=" + ",".join(WEEKDAYS[day] for day in days),
                starts_on=dt.date(2026, 11, chance.randint(1, 30)),
                start_time=dt.time(chance.randint(0, 23), chance.choice((0, 30))),
                duration=dt.timedelta(hours=2),
                tz=tz,
            )
            assert meeting.rule is not None
            candidate = finder._Candidate(
                1, meeting.rrule, meeting.starts_on, meeting.start_time, meeting.duration, tz,
                meeting.rule.weekday_mask(), None, False, None,
            )  # fmt: skip
            start = now + dt.timedelta(hours=chance.randint(0, 24 * 300))
            end = start + dt.timedelta(days=90)
            expected = [(slot.original_date, slot.starts_at, slot.ends_at) for slot in meeting.rule.between(start, end)]
            worked_out = [
                (date.original_date, date.starts_at, date.ends_at)
                for date in finder._by_rule(candidate, start)
                if date.starts_at < end
            ]
            assert worked_out == expected


# -- Changed by hand ---------------------------------------------------------------------------------------------------


def test_a_cancelled_date_is_passed_over_and_named(now: dt.datetime) -> None:
    meeting = listed(now)
    make_occurrence(meeting=meeting, on=dt.date(2026, 11, 17), status=OccurrenceStatus.CANCELLED)
    schedule.refresh_next(meeting, now=now)
    [found] = find(now)
    assert found.day == dt.date(2026, 11, 24)
    assert [date.original_date for date in found.called_off] == [dt.date(2026, 11, 17)]


def test_a_date_cancelled_today_is_shown_as_cancelled_to_whoever_asks_for_today(now: dt.datetime) -> None:
    meeting = listed(now)
    make_occurrence(meeting=meeting, on=dt.date(2026, 11, 17), status=OccurrenceStatus.CANCELLED)
    schedule.refresh_next(meeting, now=now)
    [found] = find(now, is_today=True)
    assert found.date is not None
    assert found.date.is_cancelled
    [found] = find(now, weekdays=frozenset({TUESDAY}))
    assert found.day == dt.date(2026, 11, 24)


def test_a_moved_date_is_found_where_it_was_moved_to(now: dt.datetime) -> None:
    meeting = listed(now)
    make_occurrence(
        meeting=meeting,
        on=dt.date(2026, 11, 17),
        starts_at=clock.to_instant(dt.datetime(2026, 11, 18, 20, 0), NEW_YORK),
        is_moved=True,
    )
    schedule.refresh_next(meeting, now=now)
    [found] = find(now, weekdays=frozenset({WEDNESDAY}))
    assert found.day == dt.date(2026, 11, 18)
    assert found.date is not None
    assert found.date.is_moved
    assert names(find(now, is_tomorrow=True)) == [meeting.name]
    assert find(now, is_today=True) == []
    [found] = find(now)
    assert found.day == dt.date(2026, 11, 18)


# -- What --------------------------------------------------------------------------------------------------------------


def test_every_word_must_be_somewhere(now: dt.datetime) -> None:
    listed(now, name="Evening Light", venue=make_venue(name="Elm House", city="Troy"))
    listed(now, name="Evening Star", venue=make_venue(name="Oak House", city="Albany"), notes="100% open_minded")
    assert names(find(now, words=("evening", "TROY"))) == ["Evening Light"]
    assert names(find(now, words=("light", "albany"))) == []
    assert names(find(now, words=("100%",))) == ["Evening Star"]
    assert names(find(now, words=("n_m",))) == ["Evening Star"]
    assert names(find(now, words=("'; DROP TABLE",))) == []


@pytest.mark.postgres
@pytest.mark.parametrize("typed", ["reunion", "REUNIÓN", "Reunio\u0301n", "ñandu", "NANDÚ", "lodz", "ŁÓDŹ"])
def test_words_are_found_whatever_their_accents_and_case(now: dt.datetime, typed: str) -> None:
    listed(now, name="Reunión de los Ñandú", venue=make_venue(name="Łódź House"))
    listed(now, name="Evening Star")
    assert names(find(now, words=(typed,))) == ["Reunión de los Ñandú"]


def test_formats_exclude_or_add_up_by_what_they_speak_of(now: dt.datetime) -> None:
    open_, closed = (make_format(slug=slug, category=FormatCategory.OPENNESS) for slug in ("open", "closed"))
    women, step = make_format(slug="women", category=FormatCategory.AUDIENCE), make_format(slug="step")
    listed(now, name="open").formats.set([open_])
    listed(now, name="closed women").formats.set([closed, women])
    listed(now, name="closed women step").formats.set([closed, women, step])
    assert set(names(find(now, formats=("open", "closed")))) == {"open", "closed women", "closed women step"}
    assert set(names(find(now, formats=("closed", "women")))) == {"closed women", "closed women step"}
    assert names(find(now, formats=("women", "step"))) == ["closed women step"]
    assert find(now, formats=("unheard-of",)) == []


def test_unpublished_and_unlisted_meetings_are_not_found(now: dt.datetime) -> None:
    listed(now, name="draft", is_published=False)
    listed(now, name="by address", is_listed=False)
    assert find(now) == []


def test_kind_narrows(now: dt.datetime) -> None:
    listed(now, name="meeting")
    listed(now, name="family", kind="family_session")
    assert names(find(now, kind="family_session")) == ["family"]


def test_closed_meetings_near_albany_on_a_tuesday_evening(now: dt.datetime) -> None:
    closed = make_format(slug="closed", name="Closed", category=FormatCategory.OPENNESS)
    open_ = make_format(slug="open", name="Open", category=FormatCategory.OPENNESS)
    listed(now, name="the one").formats.add(closed)
    listed(now, name="open").formats.add(open_)
    listed(now, name="morning", start_time=dt.time(7, 0)).formats.add(closed)
    listed(now, name="monday", rrule="FREQ=WEEKLY;BYDAY=MO").formats.add(closed)
    listed(now, name="troy", venue=make_venue(latitude=42.80, longitude=-73.69)).formats.add(closed)
    found = find(
        now,
        center=ALBANY,
        radius_km=10,
        weekdays=frozenset({TUESDAY}),
        starts_from=dt.time(17, 0),
        starts_until=dt.time(23, 0),
        formats=("closed",),
    )
    assert names(found) == ["the one"]


# -- What a row shows, and what it costs -------------------------------------------------------------------------------


def test_formats_are_named_in_the_readers_language(now: dt.datetime) -> None:
    closed = make_format(slug="closed", name="Closed", description="For addicts.")
    FormatTranslation.objects.create(format=closed, language="es", name="Cerrada", description="")
    listed(now).formats.add(closed)
    assert [words.name for words in find(now, language="es")[0].formats] == ["Cerrada"]
    assert [words.description for words in find(now, language="es")[0].formats] == ["For addicts."]
    assert [words.name for words in find(now)[0].formats] == ["Closed"]
    assert [words.name for words in finder.format_choices("es")] == ["Cerrada"]


def test_choices_are_the_formats_that_some_listed_meeting_has(now: dt.datetime) -> None:
    make_format(slug="unused")
    listed(now, is_listed=False).formats.add(make_format(slug="hidden"))
    assert finder.format_choices("en") == []


def test_online_is_read_on_the_readers_clock_and_a_place_on_its_own(now: dt.datetime) -> None:
    listed(now, name="hall")
    listed(now, name="screen", venue_type=VenueType.ONLINE, venue=None)
    zones = {one.meeting.name: one.tz for one in find(now, reader_tz="Europe/London")}
    assert zones == {"hall": NEW_YORK, "screen": "Europe/London"}


@pytest.mark.parametrize(
    "criteria", [Criteria(), Criteria(weekdays=frozenset({TUESDAY})), Criteria(center=ALBANY, sort="distance")]
)
@pytest.mark.parametrize("count", [1, 6])
def test_a_page_costs_the_same_queries_for_one_row_and_for_many(
    now: dt.datetime, criteria: Criteria, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        meeting = listed(now)
        meeting.formats.set([make_format(), make_format()])
        make_occurrence(meeting=meeting, on=dt.date(2026, 12, 1), status=OccurrenceStatus.CANCELLED)
    found = finder.search(criteria, now=now, reader_tz=NEW_YORK)
    has_count_of_its_own = not criteria.has_day
    with django_assert_num_queries(5 + has_count_of_its_own):
        assert len(found) == count
        for one in found[0:25]:
            assert one.meeting.venue
            assert one.meeting.service_body.name
            assert len(one.formats) == 2


# -- Where "near" is ---------------------------------------------------------------------------------------------------


def test_of_several_places_the_one_with_meetings_is_meant(now: dt.datetime) -> None:
    assert finder.find_place("Kingston").places[0].label == "Kingston, Jamaica"
    listed(now, venue=make_venue(city="Kingston", latitude=41.93, longitude=-74.0))
    places = [place.label for place in finder.find_place("Kingston").places]
    assert places[:2] == ["Kingston, NY", "Kingston, Jamaica"]


def test_what_is_much_smaller_and_has_no_meetings_is_not_asked_about(now: dt.datetime) -> None:
    assert [place.label for place in finder.find_place("Philadelphia").places] == ["Philadelphia, PA"]
    assert [place.label for place in finder.find_place("Albany").places][:2] == ["Albany, NY", "Albany, GA"]
    [ny] = finder.find_place("Philadelphia, NY").places
    listed(now, venue=make_venue(city="Philadelphia", latitude=ny.point.latitude, longitude=ny.point.longitude))
    places = [place.label for place in finder.find_place("Philadelphia").places]
    assert places == ["Philadelphia, NY", "Philadelphia, PA", "Philadelphia, TN", "Philadelphia, MS"]


def test_a_slip_means_a_place_with_meetings_or_else_the_likest(now: dt.datetime) -> None:
    def labels() -> list[str]:
        return [place.label for place in finder.places_spelled_like("Albny")]

    assert labels()[0] == "Albany, NY"
    assert len(labels()) == finder.MOST_OTHERS
    listed(now)
    assert labels() == ["Albany, NY"]


def test_a_town_that_no_list_knows_is_where_its_meetings_are(now: dt.datetime) -> None:
    listed(now, venue=make_venue(city="Smallhollow", state="NY", latitude=42.0, longitude=-75.0))
    listed(now, venue=make_venue(city="Smallhollow", state="NY", latitude=42.2, longitude=-75.2))
    listed(now, venue=make_venue(city="Smallhollow", state="VT", latitude=44.0, longitude=-72.0))
    listed(now, is_listed=False, venue=make_venue(city="Secretville", state="VT"))
    assert [place.label for place in finder.find_place("smallhollow").places] == ["Smallhollow, NY", "Smallhollow, VT"]
    [place] = finder.find_place("Smallhollow, NY").places
    assert distance_km(place.point, Point(42.1, -75.1)) < 0.01
    assert finder.find_place("Secretville").places == ()


def test_a_postcode_of_another_country_is_where_its_meetings_are(now: dt.datetime) -> None:
    venue = make_venue(city="Kingston", state="ON", postal_code="K7L 1A1", latitude=44.23, longitude=-76.48)
    listed(now, venue=venue)
    [place] = finder.find_place("k7l 1a1").places
    assert place.label == "Kingston, ON"


@pytest.mark.parametrize("text", ["", "\x00", "xyzzy", "a\x00b", "%", "_", "'"])
def test_no_place_is_no_error(now: dt.datetime, text: str) -> None:
    listed(now)
    assert finder.find_place(text).places == ()
