from __future__ import annotations

import datetime as dt
import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils.html import escape
from pytest_django import DjangoAssertNumQueries

from meetings.enums import VenueType
from meetings.forms.finder import FinderForm
from meetings.models import Meeting
from meetings.queries import finder
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
    return re.findall(r'<h[34]><a class="timetable__link" href="/meetings/[^"]+">([^<]+)</a></h[34]>', html)


def buttons(html: str) -> dict[str, str]:
    """Return what each button of the finder's form asks for beside what is typed in it, by its words."""
    found = re.findall(
        r'<button class="[^"]*" type="submit" form="finder-form" name="change" value="([^"]*)"[^>]*>(.*?)</button>',
        html,
        re.S,
    )
    return {" ".join(unescape(re.sub(r"<[^>]+>", " ", words)).split()): unescape(change) for change, words in found}


#: Where the place is not understood, nothing elsewhere is an answer.
PLACE = ("near", "lat", "lon", "__all__")


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


def test_home_says_where_its_list_is_from_and_keeps_the_place_that_is_typed(client: Client, now: dt.datetime) -> None:
    listed(now)
    html = page_of(client, "/")
    assert "Next to start, anywhere" in html
    form = html[html.index('<form class="card') : html.index("</form>", html.index('<form class="card'))]
    assert 'action="/meetings/"' in form
    assert re.findall(r'type="submit" name="(\w+)" value="(\w+)"', form) == [
        ("day", "today"),
        ("day", "tomorrow"),
        ("venue", "online"),
    ]
    assert "<a " not in form


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
    assert "Or did you mean" in html
    assert buttons(html)["Albany, GA"] == "near=Albany%2C+GA"


@pytest.mark.parametrize("near", ["Albany, NY", "albany ny", "12207", "Philadelphia", "New York"])
def test_what_is_clear_is_not_asked_back(client: Client, now: dt.datetime, near: str) -> None:
    listed(now)
    assert "did you mean" not in page_of(client, f"/meetings/?{urlencode({'near': near})}").lower()


@pytest.mark.parametrize("near", ["Philadelphia", "Philadelphia, PA", "philadelphia pennsylvania", "Philadelphia, USA"])
@pytest.mark.parametrize("has_its_own", [False, True])
def test_town_of_the_same_name_is_not_asked_for_beside_a_city_unless_it_has_meetings_of_its_own(
    client: Client, now: dt.datetime, near: str, has_its_own: bool
) -> None:
    listed(now, venue=make_venue(city="Philadelphia", state="PA", latitude=39.9526, longitude=-75.1652))
    # Watertown, 25 km from Philadelphia, NY.
    listed(now, venue=make_venue(city="Watertown", latitude=43.9748, longitude=-75.9108))
    if has_its_own:
        listed(now, venue=make_venue(city="Philadelphia", latitude=44.1545, longitude=-75.7088))
    is_asked = "Or did you mean" in page_of(client, f"/meetings/?{urlencode({'near': near})}")
    assert is_asked == (has_its_own and near in ("Philadelphia", "Philadelphia, USA"))


def test_other_places_are_not_asked_for_where_place_plays_no_part(client: Client, now: dt.datetime) -> None:
    listed(now)
    assert "Or did you mean" in page_of(client, "/meetings/?near=Albany&venue=online&venue=in_person")
    assert "did you mean" not in page_of(client, "/meetings/?near=Albany&venue=online").lower()
    assert "Did you mean" in page_of(client, "/meetings/?near=Albny&venue=online")


def test_a_zip_code_says_which_country_it_was_read_in_to_who_may_mean_another(client: Client) -> None:
    assert "Read as a US ZIP code" not in page_of(client, "/meetings/?near=10115")
    client.cookies["tz"] = "Europe/Berlin"
    assert "Read as a US ZIP code" in page_of(client, "/meetings/?near=10115")


def after(client: Client, query: str, words: str) -> str:
    """Return the question that the page asks after a press of the button with these words, as an address writes it."""
    change = buttons(page_of(client, f"/meetings/?{query}"))[words]
    return form_for(f"{query}&{urlencode({'change': change})}").parameters().urlencode()


def test_a_chip_for_each_choice_takes_it_away_and_leaves_all_the_others(client: Client, now: dt.datetime) -> None:
    listed(now).formats.add(make_format(slug="closed", name="Closed"))
    asked = "near=Albany%2C+NY&radius=10&unit=km&day=tue&day=wed&from=18%3A00&venue=in_person"
    for words, left in (
        ("Remove: Within 10 km of Albany, NY", "day=tue&day=wed&from=18%3A00&venue=in_person"),
        ("Remove: Tuesday", "near=Albany%2C+NY&radius=10&unit=km&day=wed&from=18%3A00&venue=in_person"),
        ("Remove: After 6:00 PM", "near=Albany%2C+NY&radius=10&unit=km&day=tue&day=wed&venue=in_person"),
        ("Remove: In person", "near=Albany%2C+NY&radius=10&unit=km&day=tue&day=wed&from=18%3A00"),
    ):
        assert after(client, asked, words) == left
    assert buttons(page_of(client, "/meetings/?format=closed")) == {"Remove: Closed": "-format=closed"} | HOURS
    assert buttons(page_of(client, "/meetings/?q=light"))["Remove: “light”"] == "q="


HOURS = {
    "Morning": "from=04%3A00&until=11%3A59",
    "Afternoon": "from=12%3A00&until=16%3A59",
    "Evening": "from=17%3A00&until=23%3A59",
}


def test_a_part_of_the_day_is_asked_for_in_one_press_and_taken_back_in_another(
    client: Client, now: dt.datetime
) -> None:
    listed(now, name="Tonight")
    listed(now, name="At dawn", start_time=dt.time(6))
    evening = after(client, "day=tue&day=wed", "Evening")
    assert evening == "day=tue&day=wed&from=17%3A00&until=23%3A59"
    html = page_of(client, f"/meetings/?{evening}")
    assert shown(html) == ["Tonight"]
    assert buttons(html)["Remove: Evening"] == buttons(html)["Evening"] == "from=&until="
    assert 'value="from=&amp;until=" aria-pressed="true"' in html
    assert after(client, evening, "Evening") == "day=tue&day=wed"


@pytest.mark.parametrize(
    "words", ["Nearest first", "Remove: Tuesday", "Evening", "See online meetings you can join from anywhere"]
)
def test_what_is_typed_and_not_sent_yet_is_asked_by_every_button(client: Client, now: dt.datetime, words: str) -> None:
    listed(now)
    html = page_of(client, "/meetings/?near=Albany&day=tue")
    asked = {"near": "Troy, NY", "day": "tue", "change": buttons(html)[words]}
    parameters = form_for(urlencode(asked)).parameters()
    assert parameters["near"] == "Troy, NY"


def test_another_place_typed_by_now_stays_when_the_old_one_is_taken_away() -> None:
    assert form_for("near=Troy,+NY&change=-near%3DAlbany").parameters()["near"] == "Troy, NY"
    assert form_for("near=Albany&change=-near%3DAlbany").parameters().urlencode() == ""


@pytest.mark.parametrize(
    "change", ["", "&&&", "=", "-", "-day", "%00=%00", "a" * 5_000, "day=moon", "change=day%3Dtue"]
)
def test_a_change_that_says_nothing_is_no_error(client: Client, now: dt.datetime, change: str) -> None:
    listed(now)
    assert client.get("/meetings/", {"change": change, "day": "tue"}, follow=True).status_code == 200


def test_a_press_draws_the_form_anew_and_leaves_a_clean_address(client: Client, now: dt.datetime) -> None:
    listed(now)
    headers = {"HX-Request": "true", "HX-Target": "results"}
    response = client.get("/meetings/?near=Albany&day=tue&day=wed&change=-day%3Dwed", headers=headers)
    assert response["HX-Retarget"] == "#finder"
    assert response["HX-Push-Url"] == "/meetings/?near=Albany&radius=15&unit=mi&day=tue"
    html = response.content.decode()
    assert re.search(r'name="day" value="tue"[^>]* checked', html)
    assert not re.search(r'name="day" value="wed"[^>]* checked', html)


def test_a_press_with_scripts_off_leaves_a_clean_address_too(client: Client, now: dt.datetime) -> None:
    listed(now)
    response = client.get("/meetings/?q=&near=Albany&radius=15&unit=mi&day=tue&day=wed&kind=&change=-day%3Dwed")
    assert (response.status_code, response["Location"]) == (
        302,
        "/meetings/?near=Albany&radius=15&unit=mi&day=tue",
    )
    assert client.get("/meetings/?near=xyzzy&change=-day%3Dwed").status_code == 200


def test_nothing_found_says_what_to_try_next(client: Client, now: dt.datetime) -> None:
    listed(now)
    asked = "near=Buffalo%2C+NY&radius=10&unit=km&day=wed"
    assert "Nothing matches" in page_of(client, f"/meetings/?{asked}")
    assert after(client, asked, "Within 25 km") == "near=Buffalo%2C+NY&radius=25&unit=km&day=wed"
    assert after(client, asked, "On any day") == "near=Buffalo%2C+NY&radius=10&unit=km"
    assert after(client, asked, "Online, from anywhere") == "near=Buffalo%2C+NY&radius=10&unit=km&day=wed&venue=online"
    assert '<a class="button" href="/meetings/">All meetings</a>' in page_of(client, f"/meetings/?{asked}")


# -- What was found, in words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "2 meetings"),
        ("day=tue", "2 meetings on Tuesday"),
        ("day=tue&day=wed", "2 meetings"),
        ("near=Albany,+NY&day=today", "1 meeting today near Albany, NY"),
        ("lat=42.65&lon=-73.76", "1 meeting near you"),
        ("venue=online", "1 online meeting"),
        ("near=Albany,+NY&venue=online", "1 online meeting"),
        ("near=Albany,+NY&venue=online&venue=in_person", "2 meetings online or near Albany, NY"),
        ("near=xyzzy", "Find a meeting"),
    ],
)
def test_the_title_tells_what_was_found(client: Client, now: dt.datetime, query: str, words: str) -> None:
    listed(now)
    listed(now, venue_type=VenueType.ONLINE, venue=None)
    html = page_of(client, f"/meetings/?{query}")
    assert f"<title>{words} – Homegroup</title>" in html
    part = page_of(client, f"/meetings/?{query}", **{"HX-Request": "true", "HX-Target": "results"})
    assert f"<title>{words} – Homegroup</title>" in part
    if words != "Find a meeting":
        assert f'<h2 id="results-heading">{words}</h2>' in html


def test_online_meetings_are_anywhere_and_the_place_is_kept_for_the_next_question(
    client: Client, now: dt.datetime
) -> None:
    listed(now)
    listed(now, name="Far", venue_type=VenueType.HYBRID, venue=make_venue(latitude=34.05, longitude=-118.24))
    html = page_of(client, "/meetings/?near=Albany,+NY&venue=online")
    assert shown(html) == ["Far"]
    assert 'value="Albany, NY"' in html
    assert "Within 15 miles" not in html.replace("15 miles</option>", "")


def test_numbers_are_grouped_as_the_reader_groups_them(client: Client, now: dt.datetime) -> None:
    venue = make_venue()
    meetings = [make_meeting(name=f"Number {number}", venue=venue) for number in range(3)]
    Meeting.objects.bulk_create(
        [
            Meeting(**{
                field.attname: getattr(meetings[0], field.attname)
                for field in Meeting._meta.concrete_fields
                if field.attname not in {"id", "slug", "uid", "public_id"}
            } | {"slug": f"copy-{number}"})
            for number in range(1_000)
        ]
    )  # fmt: skip
    html = page_of(client, "/meetings/")
    assert "1,003 meetings</h2>" in html
    assert "Showing 1–25 of 1,003" in html
    client.cookies["django_language"] = "es"
    assert "1,003 reuniones</h2>" in page_of(client, "/meetings/")


# -- A place that is not known -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("near", "message"),
    [
        ("Albny", "We don’t know this place."),
        ("99999", "We don’t know this ZIP code."),
        ("M5V 2T6", "We only know US ZIP codes. Enter a city instead."),
        ("SW1A 1AA", "We only know US ZIP codes. Enter a city instead."),
        ("Texas", "Texas is too large an area. Enter a city or ZIP code."),
    ],
)
def test_a_place_that_is_not_known_is_told_and_no_other_is_shown_as_if_found(
    client: Client, now: dt.datetime, near: str, message: str
) -> None:
    listed(now)
    html = page_of(client, f"/meetings/?{urlencode({'near': near, 'day': 'tue'})}")
    assert message in html
    assert shown(html) == []
    assert "Nothing matches" not in html
    assert {"On any day", "Online, from anywhere"} <= set(buttons(html))


def test_a_slip_is_answered_with_what_was_meant_near_a_meeting(client: Client, now: dt.datetime) -> None:
    listed(now)
    html = page_of(client, "/meetings/?near=Albny&day=tue")
    assert "Did you mean:" in html
    assert buttons(html)["Albany, NY"] == "near=Albany%2C+NY"
    assert "Albin" not in html


def test_of_a_street_address_the_city_counts(client: Client, now: dt.datetime) -> None:
    listed(now)
    assert "near Albany, NY" in page_of(client, "/meetings/?near=12+Elm+St,+Albany,+NY")


# -- The page ----------------------------------------------------------------------------------------------------------


def test_headings_lead_from_the_results_to_the_day_to_the_meeting(client: Client, now: dt.datetime) -> None:
    listed(now, name="Tonight")
    for query, levels in (("", "1234"), ("near=Albany,+NY&sort=distance", "123"), ("near=xyzzy", "1223")):
        html = page_of(client, f"/meetings/?{query}")
        found = "".join(re.findall(r"<h([1-6])", html[: html.index("<footer")]))
        assert found == levels, query
    home = page_of(client, "/")
    assert "".join(re.findall(r"<h([1-6])", home[: home.index("<footer")])) == "1232333"


@pytest.mark.parametrize("path", ["/", "/meetings/", "/about/", "/privacy/", "/crisis/", "/start-again/"])
def test_titles_say_which_page_it_is_and_then_the_site(client: Client, path: str) -> None:
    html = page_of(client, path)
    [title] = re.findall(r"<title>([^<]*)</title>", html)
    assert re.fullmatch(r"[^–·|]+ – Homegroup", title)
    assert re.findall(r'<meta name="description" content="([^"]+)">', html) != []


def test_every_list_of_meetings_has_headings(client: Client, now: dt.datetime) -> None:
    listed(now, venue_type=VenueType.ONLINE, venue=None)
    for path in ("/", "/meetings/", "/start-again/"):
        html = page_of(client, path)
        assert "<h>" not in html
        assert len(shown(html)) == 1, path


def test_one_way_leads_past_the_questions(client: Client, now: dt.datetime) -> None:
    html = page_of(client, "/meetings/")
    assert '<a class="skip-link" href="#results">Skip to results</a>' in html
    assert '<section id="results" class="stack" aria-labelledby="results-heading" tabindex="-1">' in html


def test_pages_have_a_next_and_a_previous(client: Client, now: dt.datetime) -> None:
    venue = make_venue()
    for number in range(51):
        listed(now, name=f"Number {number:02}", venue=venue)
    html = page_of(client, "/meetings/?page=2")
    assert "Showing 26–50 of 51" in html
    assert 'rel="prev" href="?page=1"' in html
    assert 'rel="next" href="?page=3"' in html


def test_what_most_look_for_stands_before_the_other_formats(client: Client, now: dt.datetime) -> None:
    listed(now).formats.set(
        [make_format(slug="candlelight", name="Candlelight"), make_format(slug="women", name="Women")]
    )
    boxes = form_for("").__class__(QueryDict(""), formats=finder.format_choices("en")).format_boxes
    assert [(name, [box.choice_label for box in group]) for name, group in boxes] == [
        ("", ["Women"]),
        ("How it runs", ["Candlelight"]),
    ]
    html = page_of(client, "/meetings/")
    assert html.index(">More formats<") > html.index('value="women"')
    assert html.index(">More formats<") < html.index('value="candlelight"')


def test_the_unit_goes_by_the_reader_until_an_address_names_it(client: Client, now: dt.datetime) -> None:
    listed(now)
    hidden = 'type="hidden" name="unit" value="{}"'
    assert 'name="unit"' not in page_of(client, "/meetings/?near=Albany,+NY")
    assert hidden.format("km") in page_of(client, "/meetings/?near=Albany,+NY&radius=10&unit=km")
    assert 'value="parsec"' not in page_of(client, "/meetings/?near=Albany,+NY&unit=parsec")


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
        ("near=xyzzy", "near", "We don’t know this place."),
        ("near=Texas", "near", "Texas is too large an area."),
        ("radius=0.09", "radius", "Give a number from 0.1 to 1000."),
        ("radius=1000.1", "radius", "Give a number from 0.1 to 1000."),
        ("radius=-5", "radius", "Give a number from 0.1 to 1000."),
        ("radius=abc", "radius", "Give a number from 0.1 to 1000."),
        ("radius=nan", "radius", "Give a number from 0.1 to 1000."),
        ("radius=inf", "radius", "Give a number from 0.1 to 1000."),
        ("lat=NaN&lon=1", "lat", "We can’t read the location in this link."),
        ("lat=91&lon=0", "lat", "We can’t read the location in this link."),
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
    assert shown(html) == ([] if field in PLACE else ["Tuesday"])


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
    assert "We don’t know this place." in response.content.decode()
    assert "<form" in response.content.decode()
    # The form that had the message asks for all of it again, so that the message goes once it is mended.
    response = client.get("/meetings/?near=Albany,+NY", headers={"HX-Request": "true", "HX-Target": "finder"})
    assert "<form" in response.content.decode()
    assert "We don’t know" not in response.content.decode()


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
