from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from meetings.enums import MeetingKind, OccurrenceStatus, SignupPolicy, VenueType
from meetings.models import FormatTranslation, Meeting
from meetings.services import schedule
from meetings.templatetags.finding import dial_words
from support import clock
from tests.factories import make_format, make_meeting, make_occurrence, make_service_body, make_venue

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch, now: dt.datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: now)


def page_of(client: Client, now: dt.datetime, **fields: Any) -> str:
    meeting = make_meeting(**fields)
    return html_of(client, meeting, now)


def html_of(client: Client, meeting: Meeting, now: dt.datetime) -> str:
    schedule.refresh_next(meeting, now=now)
    response = client.get(meeting.get_absolute_url())
    assert response.status_code == 200
    return response.content.decode()


def test_detail_says_when_in_words_and_in_dates(client: Client, now: dt.datetime) -> None:
    html = page_of(client, now)
    assert "Every Tuesday, 7:00–8:30\u00a0PM" in html
    dates = [f"Nov {day}" for day in (17, 24)] + [f"Dec {day}" for day in (1, 8, 15, 22)]
    for date in dates:
        assert f"Tue, {date}" in html
    assert "Dec 29" not in html


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({}, "Meeting: Every Tuesday"),
        ({"rrule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"}, "Meeting: Weekdays"),
        ({"venue_type": VenueType.ONLINE, "venue": None}, "Online meeting: Every Tuesday"),
        ({"kind": MeetingKind.FAMILY_SESSION}, "Meeting: Every Tuesday"),
        ({"rrule": "", "starts_on": None, "start_time": None}, "Meeting by appointment"),
    ],
)
def test_detail_tells_tabs_apart_and_names_no_meeting_in_its_head(
    client: Client, now: dt.datetime, fields: dict[str, object], title: str
) -> None:
    """A title is read over shoulders, and Firefox keeps titles and descriptions in its history."""
    venue = {"venue": make_venue(name="Telling Place", city="Tell City", street="1 Telling Street")} | fields
    html = page_of(client, now, name="Telling Name", **venue)
    head = html.split("</head>")[0]
    assert html.split("<title>")[1].split("</title>")[0] == f"{title} – Homegroup"
    assert "Tell" not in head
    assert f'<meta name="description" content="{title}' in head


def test_detail_describes_when_it_is_to_who_has_no_zone_yet(client: Client, now: dt.datetime) -> None:
    html = page_of(client, now)
    words = (
        "Meeting: Every Tuesday, 7:00–8:30\u00a0PM (New York time). In person. Just come: no sign-up, no name needed."
    )
    assert f'<meta name="description" content="{words}">' in html


def test_detail_marks_cancelled_and_moved_dates(client: Client, now: dt.datetime) -> None:
    meeting = make_meeting()
    make_occurrence(meeting=meeting, on=dt.date(2026, 11, 24), status=OccurrenceStatus.CANCELLED)
    make_occurrence(
        meeting=meeting,
        on=dt.date(2026, 12, 1),
        starts_at=clock.to_instant(dt.datetime(2026, 12, 2, 20, 0), meeting.tz),
        is_moved=True,
    )
    html = html_of(client, meeting, now)
    assert html.count("<s>7:00–8:30\u00a0PM</s>") == 1
    assert "Canceled" in html
    assert "Wed, Dec 2" in html
    assert "Moved from Tue, Dec 1, 7:00\u00a0PM" in html


def test_detail_says_where_it_ends_after_midnight(client: Client, now: dt.datetime) -> None:
    html = page_of(client, now, start_time=dt.time(23, 15))
    assert "11:15\u00a0PM–12:45\u00a0AM" in html
    assert "ends Wed, Nov 18" in html


def test_detail_says_what_is_on_now(client: Client, now: dt.datetime) -> None:
    assert "On now" in page_of(client, now, start_time=dt.time(17, 30))


@pytest.mark.parametrize(
    ("start", "url", "is_offered"),
    [
        (dt.time(17, 30), "https://meet.example.org/room", True),
        (dt.time(17, 30), "javascript:alert(1)", False),
        (dt.time(19), "https://meet.example.org/room", False),
    ],
)
def test_who_comes_late_joins_what_is_on_now_at_its_date(
    client: Client, now: dt.datetime, start: dt.time, url: str, is_offered: bool
) -> None:
    html = page_of(client, now, start_time=start, venue_type=VenueType.ONLINE, venue=None, conference_url=url)
    assert ("Join now" in html) is is_offered


def test_detail_shows_the_place_and_opens_it_in_the_readers_own_app(client: Client, now: dt.datetime) -> None:
    venue = make_venue(name="Elm & Oak", street="1 Elm Street", notes="Side door.\nThree steps.")
    html = page_of(client, now, venue=venue)
    assert "Elm &amp; Oak" in html
    assert "1 Elm Street, Albany, NY 12207" in html
    assert "Side door.<br>Three steps." in html
    assert 'href="geo:42.652600,-73.756200?q=42.652600,-73.756200(Elm%20%26%20Oak)"' in html


def test_detail_of_an_approximate_place_shows_no_pin(client: Client, now: dt.datetime) -> None:
    html = page_of(client, now, venue=make_venue(is_approximate=True, street=""))
    assert "geo:" not in html
    assert "The exact address is not listed here." in html


def test_detail_of_an_address_without_a_position_shows_no_pin_and_claims_nothing(
    client: Client, now: dt.datetime
) -> None:
    html = page_of(client, now, venue=make_venue(is_approximate=True, street="48 Linden Street"))
    assert "geo:" not in html
    assert "The exact address is not listed here." not in html


def test_detail_says_how_to_join_online(client: Client, now: dt.datetime) -> None:
    html = page_of(
        client,
        now,
        venue_type=VenueType.ONLINE,
        venue=None,
        conference_url="https://meet.example.org/room?pwd=1",
        conference_phone="+1 518-555-0100,,123#",
    )
    assert 'href="https://meet.example.org/room?pwd=1" rel="noreferrer noopener"' in html
    assert "Opens meet.example.org" in html
    assert 'href="tel:+15185550100,,123%23"' in html
    assert "Where</h2>" not in html


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "http://[broken"])
def test_detail_links_to_no_address_that_is_none(client: Client, now: dt.datetime, url: str) -> None:
    body = make_service_body(website=url)
    html = page_of(client, now, venue_type=VenueType.HYBRID, conference_url=url, website=url, service_body=body)
    assert 'href="javascript' not in html
    assert 'href="data:text' not in html


def test_detail_of_a_family_session_keeps_its_link_to_those_who_come(client: Client, now: dt.datetime) -> None:
    html = page_of(
        client,
        now,
        kind=MeetingKind.FAMILY_SESSION,
        venue_type=VenueType.ONLINE,
        conference_url="https://meet.example.org/secret",
        conference_phone="+1 518 555 0199",
        conference_url_notes="Code 7788",
    )
    assert "meet.example.org" not in html
    assert "0199" not in html
    assert "7788" not in html
    assert "only for people who have a place" in html


def test_detail_reads_an_online_meeting_on_the_readers_clock(client: Client, now: dt.datetime) -> None:
    client.cookies["tz"] = "Asia/Kolkata"
    html = page_of(client, now, venue_type=VenueType.ONLINE, venue=None)
    assert "Wed, Nov 18" in html
    assert "5:30–7:00\u00a0AM" in html
    assert "7:00–8:30\u00a0PM New York time" in html


def test_detail_explains_formats_in_the_readers_language(client: Client, now: dt.datetime) -> None:
    meeting = make_meeting()
    closed = make_format(name="Closed", description="Only for addicts.")
    FormatTranslation.objects.create(format=closed, language="es", name="Cerrada", description="Solo para adictos.")
    meeting.formats.add(closed)
    assert "Only for addicts." in html_of(client, meeting, now)
    client.cookies["django_language"] = "es"
    html = html_of(client, meeting, now)
    assert "Cerrada" in html
    assert "Solo para adictos." in html


def test_detail_of_a_closed_meeting_offers_nothing_but_its_state(client: Client, now: dt.datetime) -> None:
    html = page_of(client, now, is_temporarily_closed=True)
    assert "This meeting is closed for now." in html
    assert "sign-up" not in html
    assert "Nov 17" not in html.split("<main")[1].split("Listing last updated")[0]
    assert "/meetings/?lat=42.65&amp;lon=-73.76" in html


def test_detail_by_appointment_names_whom_to_ask(client: Client, now: dt.datetime) -> None:
    body = make_service_body(name="Lake Practice", website="https://practice.example.org/", helpline="+1 518 555 0104")
    html = page_of(client, now, rrule="", starts_on=None, start_time=None, service_body=body)
    assert "no fixed hours" in html
    assert 'href="https://practice.example.org/" rel="noreferrer noopener"' in html
    assert 'href="tel:+15185550104"' in html
    assert "sign-up" not in html


@pytest.mark.parametrize(("policy", "words"), [(SignupPolicy.SIGN_UP, "Sign up"), (SignupPolicy.DROP_IN, "Remind me")])
def test_detail_offers_to_come_by_date(client: Client, now: dt.datetime, policy: str, words: str) -> None:
    html = page_of(client, now, slug="evening", signup_policy=policy)
    assert 'href="/meetings/evening/sign-up/?date=2026-11-24"' in html
    assert words in html
    assert 'href="/meetings/evening/calendar.ics"' in html


def test_detail_of_a_rule_that_ended_says_so(client: Client, now: dt.datetime) -> None:
    html = page_of(client, now, rrule="FREQ=WEEKLY;BYDAY=TU;UNTIL=20260901")
    assert "No more dates are planned." in html
    assert "sign-up" not in html


def test_detail_of_an_unpublished_meeting_is_absent(client: Client) -> None:
    hidden = make_meeting(is_published=False)
    assert client.get(hidden.get_absolute_url()).status_code == 404
    assert client.get("/meetings/no-such-meeting/").status_code == 404


def test_detail_of_an_unlisted_meeting_is_reached_by_its_address(client: Client, now: dt.datetime) -> None:
    assert "Every Tuesday" in page_of(client, now, is_listed=False)


@pytest.mark.parametrize("count", [0, 4])
def test_detail_costs_the_same_queries_however_much_it_shows(
    client: Client, now: dt.datetime, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    meeting = make_meeting()
    meeting.formats.set([make_format() for _ in range(count + 1)])
    for week in range(count):
        make_occurrence(meeting=meeting, on=dt.date(2026, 11, 24) + dt.timedelta(weeks=week))
    with django_assert_num_queries(5):
        assert client.get(meeting.get_absolute_url()).status_code == 200


def test_detail_shows_the_next_date_and_folds_the_others(client: Client, now: dt.datetime) -> None:
    meeting = make_meeting()
    make_occurrence(meeting=meeting, on=dt.date(2026, 11, 17), status=OccurrenceStatus.CANCELLED)
    html = html_of(client, meeting, now)
    shown, folded = html.split("<details")[0], html.split("<details")[1].split("</details>")[0]
    # What is called off is no secret: whoever looks today must see it.
    assert "Tue, Nov 17" in shown
    assert "Canceled" in shown
    assert "Tue, Nov 24" in shown
    assert shown.count("Remind me") == 1
    assert "4 more dates" in folded
    assert folded.count("Remind me") == 4
    assert html.index("Where</h2>") < html.index("Add all dates to a calendar")


def test_detail_says_what_the_calendar_file_gives_away(client: Client, now: dt.datetime) -> None:
    assert "Each entry says only “Appointment” and when, with this site’s email address" in page_of(client, now)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("+19292056099,,184879080#,,#,,#", "(929) 205-6099, then 184879080#"),
        ("+1 518-555-0100,,123#,,,,*456#", "(518) 555-0100, then 123#, then *456#"),
        ("+442039017895,,81234#", "+44 20 3901 7895, then 81234#"),
        ("929-205-6099", "(929) 205-6099"),
        ("ask the group", "ask the group"),
        ("", ""),
    ],
)
def test_number_to_dial_is_written_as_it_is_read_aloud(number: str, words: str) -> None:
    assert dial_words(number) == words


def test_detail_lists_what_else_there_is_in_the_place_and_by_the_group(client: Client, now: dt.datetime) -> None:
    body, house = make_service_body(), make_venue()
    meeting = make_meeting(name="Monday", venue=house, service_body=body, group_name="Elm Group")
    here = make_meeting(name="Upstairs", venue=house)
    by_group = make_meeting(name="Elsewhere", service_body=body, group_name="Elm Group")
    for other in (
        here,
        by_group,
        make_meeting(name="Unlisted", venue=house, is_listed=False),
        make_meeting(name="Withdrawn", venue=house, is_published=False),
        make_meeting(name="Shut", venue=house, is_temporarily_closed=True),
        make_meeting(name="Namesake", service_body=make_service_body(), group_name="Elm Group"),
        make_meeting(name="Stranger"),
    ):
        schedule.refresh_next(other, now=now)
    html = html_of(client, meeting, now)
    assert html.count("Also here, or by this group") == 1
    shown = html.split("Also here, or by this group")[1].split("</section>")[0]
    assert [part.split("<")[0] for part in shown.split('/">')[1:]] == ["Upstairs", "Elsewhere"]
    assert "Also here" not in page_of(client, now)


@pytest.mark.parametrize(
    "name", ["D27", "D54 / GSO #112235", "/ GSO #8", "District 13", "Distrito 4", "Area 59", "27", "Albany", "North"]
)
def test_detail_takes_nobody_for_of_the_same_group_by_a_district_or_a_place(
    client: Client, now: dt.datetime, name: str
) -> None:
    body = make_service_body(name="North")
    meeting = make_meeting(service_body=body, venue=make_venue(city="Albany"), group_name=name)
    schedule.refresh_next(make_meeting(name="Another group", service_body=body, group_name=name), now=now)
    assert "Another group" not in html_of(client, meeting, now)


@pytest.mark.parametrize(("places", "is_believed"), [(3, True), (4, False)])
def test_detail_believes_no_name_of_a_group_that_many_places_share(
    client: Client, now: dt.datetime, places: int, is_believed: bool
) -> None:
    body = make_service_body()
    meetings = [make_meeting(name="Riverside", service_body=body, group_name="Riverside") for _ in range(places)]
    online = {"venue": None, "venue_type": VenueType.ONLINE, "conference_url": "https://m.example/1"}
    other = make_meeting(name="On a screen", service_body=body, group_name="Riverside", **online)
    schedule.refresh_next(other, now=now)
    assert ("On a screen" in html_of(client, meetings[0], now)) == is_believed


def test_detail_lists_no_more_than_a_few_others(client: Client, now: dt.datetime) -> None:
    house = make_venue()
    for _number in range(7):
        schedule.refresh_next(make_meeting(venue=house), now=now)
    html = page_of(client, now, venue=house)
    assert html.split("Also here, or by this group")[1].split("</section>")[0].count("<li>") == 5
