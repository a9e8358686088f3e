from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from meetings.enums import VenueType
from meetings.forms.finder import FinderForm
from meetings.models import Meeting
from meetings.services import schedule
from support import clock
from tests.factories import make_format, make_meeting, make_venue

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch, now: dt.datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: now)


def listed(now: dt.datetime, **fields: Any) -> Meeting:
    meeting = make_meeting(**fields)
    schedule.refresh_next(meeting, now=now)
    return meeting


def page_of(client: Client, path: str, **headers: str) -> str:
    response = client.get(path, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def shown(html: str) -> list[str]:
    return re.findall(r'<h3><a href="/meetings/[^"?]+">([^<]+)</a></h3>', html)


def form_for(query: str) -> FinderForm:
    return FinderForm(QueryDict(query), formats=[], default_unit="mi")


# -- Home --------------------------------------------------------------------------------------------------------------


def test_home_shows_what_is_next(client: Client, now: dt.datetime) -> None:
    listed(now, name="Later", rrule="FREQ=WEEKLY;BYDAY=WE")
    listed(now, name="Tonight")
    listed(now, name="Unlisted", is_listed=False)
    html = page_of(client, "/")
    assert shown(html) == ["Tonight", "Later"]
    assert 'name="near"' in html


def test_home_with_no_meetings_says_so_kindly(client: Client) -> None:
    assert "No meetings yet" in page_of(client, "/")


# -- The timetable -----------------------------------------------------------------------------------------------------


def test_list_groups_by_day_and_names_today(client: Client, now: dt.datetime) -> None:
    listed(now, name="Tonight")
    listed(now, name="Thursday", rrule="FREQ=WEEKLY;BYDAY=TH")
    html = page_of(client, "/meetings/")
    assert re.findall(r'class="timetable__day">([^<]+)<', html) == [
        "Today, Tuesday, November 17",
        "Thursday, November 19",
    ]
    assert "7:00\u00a0PM" in html
    assert "to 8:30\u00a0PM" in html


def test_list_shows_states_as_what_they_are(client: Client, now: dt.datetime) -> None:
    listed(now, name="Shut", is_temporarily_closed=True)
    listed(now, name="Ask", rrule="", starts_on=None, start_time=None)
    html = page_of(client, "/meetings/")
    assert shown(html) == ["Shut", "Ask"]
    assert "Temporarily closed" in html
    assert "By appointment" in html
    assert "November" not in html


def test_list_shows_distance_in_the_unit_asked_for(client: Client, now: dt.datetime) -> None:
    listed(now, venue=make_venue(latitude=42.7426, longitude=-73.7562))
    assert re.search(r"\b10 km</span>", page_of(client, "/meetings/?lat=42.6526&lon=-73.7562&radius=20&unit=km"))
    assert re.search(r"\b6\.2 mi</span>", page_of(client, "/meetings/?lat=42.6526&lon=-73.7562&radius=20&unit=mi"))


def test_list_reads_online_meetings_on_the_readers_clock(client: Client, now: dt.datetime) -> None:
    listed(now, venue_type=VenueType.ONLINE, venue=None)
    client.cookies["tz"] = "Europe/London"
    html = page_of(client, "/meetings/")
    assert "12:00\u00a0AM" in html
    assert "7:00\u00a0PM, New York time" in html


def test_list_notes_the_zone_of_a_place_elsewhere(client: Client, now: dt.datetime) -> None:
    listed(now)
    client.cookies["tz"] = "Europe/London"
    html = page_of(client, "/meetings/")
    assert "7:00\u00a0PM" in html
    assert "New York time" in html


def test_list_is_paged_and_keeps_the_question(client: Client, now: dt.datetime) -> None:
    venue = make_venue()
    for number in range(27):
        listed(now, name=f"Number {number:02}", venue=venue)
    first = page_of(client, "/meetings/?day=tue&unit=km&q=number")
    assert len(shown(first)) == 25
    assert "27 meetings" in first
    assert 'href="?q=number&amp;day=tue&amp;page=2"' in first
    second = page_of(client, "/meetings/?q=number&day=tue&page=2")
    assert len(shown(second)) == 2
    assert not set(shown(first)) & set(shown(second))
    assert shown(page_of(client, "/meetings/?q=number&day=tue&page=999999")) == shown(second)


def test_did_you_mean_links_to_the_other_places(client: Client, now: dt.datetime) -> None:
    listed(now)
    html = page_of(client, "/meetings/?near=Albany&day=tue&radius=10&unit=km")
    assert "near Albany, NY" in html
    assert escape("/meetings/?near=Albany%2C+GA&radius=10&unit=km&day=tue") in html


def test_a_postcode_says_which_country_it_was_read_in(client: Client) -> None:
    assert "Read as a US ZIP code" in page_of(client, "/meetings/?near=10115")


def test_a_chip_for_each_choice_leads_to_all_the_others(client: Client, now: dt.datetime) -> None:
    listed(now).formats.add(make_format(slug="closed", name="Closed"))
    html = page_of(client, "/meetings/?near=Albany,+NY&radius=10&unit=km&day=tue&day=wed&from=17:00&format=closed")
    for url in (
        "/meetings/?day=tue&day=wed&from=17%3A00&format=closed",
        "/meetings/?near=Albany%2C+NY&radius=10&unit=km&day=wed&from=17%3A00&format=closed",
        "/meetings/?near=Albany%2C+NY&radius=10&unit=km&day=tue&day=wed&format=closed",
        "/meetings/?near=Albany%2C+NY&radius=10&unit=km&day=tue&day=wed&from=17%3A00",
    ):
        assert f'<a class="chip" href="{escape(url)}">' in html


def test_nothing_found_says_what_to_try_next(client: Client, now: dt.datetime) -> None:
    listed(now)
    html = page_of(client, "/meetings/?near=Buffalo,+NY&radius=10&unit=km&day=wed")
    assert "Nothing found" in html
    assert escape("/meetings/?near=Buffalo%2C+NY&radius=25&unit=km&day=wed") in html
    assert escape("/meetings/?near=Buffalo%2C+NY&radius=10&unit=km") in html
    assert escape("/meetings/?day=wed&venue=online") in html


def test_the_form_keeps_what_was_asked(client: Client, now: dt.datetime) -> None:
    listed(now)
    html = page_of(client, "/meetings/?q=light&near=Albany,+NY&day=tue&from=17:00&venue=online")
    assert 'value="light"' in html
    assert 'value="Albany, NY"' in html
    assert re.search(r'name="day" value="tue"[^>]* checked', html)
    assert 'value="17:00"' in html
    assert re.search(r'name="venue" value="online"[^>]* checked', html)


def test_a_position_is_kept_until_a_place_is_named(client: Client, now: dt.datetime) -> None:
    listed(now)
    html = page_of(client, "/meetings/?lat=42.65&lon=-73.76")
    assert "near you" in html
    assert 'type="hidden" name="lat" value="42.65"' in html
    html = page_of(client, "/meetings/?lat=10&lon=10&near=Albany,+NY")
    assert "near Albany, NY" in html
    assert 'name="lat"' not in html


# -- Addresses that someone broke --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("near=xyzzy", "near", "We do not know this place."),
        ("near=Texas", "near", "Texas is too wide to be near to."),
        ("radius=0.09", "radius", "Give a number from 0.1 to 1000."),
        ("radius=1000.1", "radius", "Give a number from 0.1 to 1000."),
        ("radius=-5", "radius", "Give a number from 0.1 to 1000."),
        ("radius=abc", "radius", "Give a number from 0.1 to 1000."),
        ("radius=nan", "radius", "Give a number from 0.1 to 1000."),
        ("radius=inf", "radius", "Give a number from 0.1 to 1000."),
        ("lat=NaN&lon=1", "lat", "The position in this address cannot be read."),
        ("lat=91&lon=0", "lat", "The position in this address cannot be read."),
        ("lat=1", "__all__", "A position needs both"),
        ("day=xyz", "day", "“xyz” is not one of the choices."),
        ("from=25:99", "from", "Write a time like 18:30."),
        ("until=%00", "until", "Write a time like 18:30."),
        ("q=%00", "q", "Null characters are not allowed."),
        ("q=" + "a" * 10_000, "q", "at most 200 characters"),
        ("near=" + "a" * 10_000, "near", "at most 120 characters"),
        ("unit=parsec", "unit", "parsec is not one of the available choices."),
        ("kind=party", "kind", "party is not one of the available choices."),
        ("sort=colour", "sort", "colour is not one of the available choices."),
        ("venue=moon", "venue", "“moon” is not one of the choices."),
        ("format=unheard", "format", "“unheard” is not one of the choices."),
        ("format=%00", "format", "is not one of the choices."),
    ],
)
def test_bad_input_is_told_beside_the_field_and_the_rest_still_works(
    client: Client, now: dt.datetime, query: str, field: str, message: str
) -> None:
    listed(now, name="Tuesday")
    listed(now, name="Wednesday", rrule="FREQ=WEEKLY;BYDAY=WE").formats.add(make_format(slug="some"))
    response = client.get(f"/meetings/?day=tue&{query}")
    assert response.status_code == 200
    assert message in " ".join(response.context["form"].errors[field])
    html = response.content.decode()
    assert escape(message) in html or message in html
    assert shown(html) == ["Tuesday"]


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-1",
        "page=abc",
        "page=" + "9" * 5000,
        "page=%00",
        "day=tue&day=tue&day=%F0%9F%92%A9",
        "near=%F0%9F%92%A9",
        "near=,,,",
        "near=%25_%27%22",
        "q=%25%25%25",
        "q=" + "+a" * 90,
        "from=23:59&until=00:00",
        "radius=0.1&near=12207",
        "radius=1000&unit=mi&lat=90&lon=180",
        "lat=-90&lon=-180&radius=1000",
        "sort=distance",
        "sort=distance&venue=online&near=Albany",
        "day=today&day=tomorrow&day=mon",
        "&&&===",
        "%ff%fe=%ff",
    ],
)
def test_no_address_is_an_error(client: Client, now: dt.datetime, query: str) -> None:
    listed(now)
    listed(now, venue_type=VenueType.ONLINE, venue=None)
    assert client.get(f"/meetings/?{query}").status_code == 200
    assert client.get(f"/meetings/?{query}", headers={"HX-Request": "true"}).status_code == 200


def test_what_was_typed_is_not_run(client: Client, now: dt.datetime) -> None:
    listed(now, name="<script>alert(1)</script>")
    html = page_of(client, "/meetings/?q=%3Cscript%3E&near=%22%3E%3Cscript%3E")
    assert "<script>alert" not in html
    assert '"><script>' not in html


# -- htmx --------------------------------------------------------------------------------------------------------------


def test_htmx_gets_the_results_alone_and_a_clean_address(client: Client, now: dt.datetime) -> None:
    listed(now)
    response = client.get("/meetings/?q=&near=&radius=15&unit=mi&day=tue&kind=", headers={"HX-Request": "true"})
    html = response.content.decode()
    assert html.lstrip().startswith('<section id="results"')
    assert "<form" not in html
    assert response["HX-Push-Url"] == "/meetings/?day=tue"
    assert "HX-Retarget" not in response


def test_htmx_gets_the_form_too_where_a_field_has_a_message(client: Client, now: dt.datetime) -> None:
    listed(now)
    response = client.get("/meetings/?near=xyzzy", headers={"HX-Request": "true", "HX-Target": "results"})
    assert response["HX-Retarget"] == "#finder"
    assert "We do not know this place." in response.content.decode()
    assert "<form" in response.content.decode()
    # The form that had the message asks for all of it again, so that the message goes once it is mended.
    response = client.get("/meetings/?near=Albany,+NY", headers={"HX-Request": "true", "HX-Target": "finder"})
    assert "<form" in response.content.decode()
    assert "We do not know" not in response.content.decode()


def test_a_part_of_a_page_is_never_kept_for_the_page(client: Client) -> None:
    for headers in ({}, {"HX-Request": "true"}):
        response = client.get("/meetings/", headers=headers)
        assert "HX-Request" in response["Vary"]
        assert "no-cache" in response["Cache-Control"]
        assert "private" in response["Cache-Control"]


@pytest.mark.parametrize("path", ["/", "/meetings/", "/meetings/evening/"])
def test_nothing_is_changed_by_other_methods(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405


def test_head_is_answered(client: Client) -> None:
    assert client.head("/meetings/").status_code == 200


# -- Cost --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 6])
def test_the_list_page_costs_the_same_queries_for_one_row_and_for_many(
    client: Client, now: dt.datetime, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        listed(now).formats.set([make_format(), make_format()])
    with django_assert_num_queries(8):
        page_of(client, "/meetings/")


# -- The question as an address ----------------------------------------------------------------------------------------


def test_parameters_are_in_one_order_and_without_defaults() -> None:
    query = "page=3&kind=&day=wed&day=mon&unit=km&radius=10&near=Albany%2C+NY&q=+light+&sort=when&utm=x"
    assert form_for(query).parameters().urlencode() == "q=light&near=Albany%2C+NY&radius=10&unit=km&day=mon&day=wed"


def test_parameters_survive_a_second_reading() -> None:
    query = (
        "q=light&lat=42.65&lon=-73.76&radius=7.5&unit=mi&day=tue&from=17%3A00&until=02%3A00&venue=online&sort=distance"
    )
    assert form_for(query).parameters().urlencode() == query


def test_parameters_name_the_readers_defaults_where_there_is_a_place() -> None:
    assert form_for("near=12207").parameters().urlencode() == "near=12207&radius=15&unit=mi"
    assert form_for("").parameters().urlencode() == ""


def test_radius_is_in_the_unit_asked_for() -> None:
    assert form_for("near=12207&radius=10&unit=km").criteria().radius_km == 10
    assert form_for("near=12207&radius=10&unit=mi").criteria().radius_km == pytest.approx(16.09344)
    assert form_for("near=12207&unit=km").criteria().radius_km == 25
    assert form_for("near=12207&radius=wide&unit=mi").criteria().radius_km == pytest.approx(24.14016)


def test_every_day_of_the_week_is_no_choice_of_day() -> None:
    query = "&".join(f"day={day}" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "today"))
    assert not form_for(query).criteria().has_day


@pytest.mark.parametrize("tz", ["Asia/Kolkata", "Etc/GMT+1", "Pacific/Apia", "Australia/Lord_Howe"])
def test_every_reader_zone_can_read_the_pages(client: Client, tz: str) -> None:
    meeting = make_meeting(venue_type="online", venue=None)
    client.cookies["tz"] = tz
    for address in ("/", "/meetings/", meeting.get_absolute_url(), f"/meetings/{meeting.slug}/sign-up/"):
        assert client.get(address).status_code == 200
