"""The hour after: what it shows to whoever comes, and that it keeps nothing."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import CleanTime
from accounts.services.clean_time import keep_clean_date
from meetings.enums import FormatCategory, MeetingKind, SignupPolicy, VenueType
from meetings.models import Format, Meeting
from meetings.services import schedule
from meetings.services.formats import keep_own_formats
from support import clock
from support.crisis import AFTER_A_BREAK
from tests.conftest import NOW
from tests.factories import make_meeting, make_user, make_venue

pytestmark = pytest.mark.django_db

PATH = "/start-again/"
EVERY_DAY = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU"


def listed(name: str, minutes: float, **fields: Any) -> Meeting:
    """List a daily meeting that starts so many minutes after NOW."""
    at = clock.to_wall(NOW + dt.timedelta(minutes=minutes), "America/New_York")
    fields.setdefault("rrule", EVERY_DAY)
    fields.setdefault("weekday_mask", 0b1111111)
    meeting = make_meeting(name=name, start_time=at.time(), **fields)
    # As it stands in the row until the periodic task comes by: a minute ago this date was still to come.
    schedule.refresh_next(meeting, now=NOW - dt.timedelta(minutes=1))
    return meeting


def online(name: str, minutes: float, **fields: Any) -> Meeting:
    return listed(
        name, minutes, venue=None, venue_type=VenueType.ONLINE, conference_url="https://m.example/1", **fields
    )


def page(client: Client, query: str = "", **headers: str) -> str:
    response = client.get(PATH + query, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def shown(html: str) -> list[str]:
    return re.findall(r'<h\d><a class="timetable__link" href="/meetings/[^"?]+">([^<]+)</a></h\d>', html)


def test_sentence_that_saves_lives_comes_first_with_its_sources(client: Client) -> None:
    html = page(client)
    main = html[html.index("<main") :]
    assert main.index("your body can take far less") < main.index("tel:988") < main.index("The next meeting online")
    for advice in AFTER_A_BREAK:
        assert str(advice.words) in html
        assert advice.source.url in html
    assert "Never use alone" in html
    assert 'href="tel:911"' in html
    assert html.count('href="tel:988"') == 2  # the United States and Canada: the foot says it no second time


def test_online_meeting_within_two_hours_is_shown_and_no_more_than_two(client: Client) -> None:
    for number, minutes in enumerate((110, 20, 60, 130)):
        online(f"Online {number}", minutes)
    listed("In a room", 10)
    html = page(client)
    assert shown(html) == ["Online 1", "Online 2"]
    assert "It starts within two hours." in html


def test_where_none_starts_within_two_hours_the_first_one_after_is_shown_as_such(client: Client) -> None:
    online("Late", 121)
    online("Later", 300)
    html = page(client)
    assert shown(html) == ["Late"]
    assert "No online meeting starts within two hours." in html


def test_what_is_two_days_off_is_shown_where_there_is_nothing_sooner(client: Client) -> None:
    online("Thursday", 60, rrule="FREQ=WEEKLY;BYDAY=TH", weekday_mask=0b0001000)
    assert shown(page(client)) == ["Thursday"]


def test_without_any_the_lines_are_named(client: Client) -> None:
    html = page(client)
    assert "No online meetings are listed here. The lines above answer now." in html
    assert shown(html) == []


def test_many_that_have_just_begun_hide_none_that_is_to_come(client: Client) -> None:
    for number in range(30):
        online(f"Begun {number}", -0.5)
    online("To come", 40)
    assert shown(page(client)) == ["To come"]


def test_only_what_one_can_simply_come_to_is_shown(client: Client) -> None:
    online("Session", 10, kind=MeetingKind.FAMILY_SESSION)
    online("For relatives", 15, kind=MeetingKind.FAMILY_SUPPORT)
    online("By signing up", 20, signup_policy=SignupPolicy.SIGN_UP)
    online("Closed", 25, is_temporarily_closed=True)
    online("Unlisted", 26, is_listed=False)
    online("Open to all", 30)
    assert shown(page(client)) == ["Open to all"]


def test_many_that_are_signed_up_for_do_not_hide_the_one_to_come_to(client: Client) -> None:
    for number in range(25):
        online(f"By signing up {number}", 20, signup_policy=SignupPolicy.SIGN_UP)
    online("Open to all", 30)
    assert shown(page(client)) == ["Open to all"]


@pytest.mark.parametrize("slug", ["women", "men", "young-people", "lgbtq", "restricted-attendance"])
def test_nobody_is_sent_to_a_meeting_that_is_only_for_others(client: Client, slug: str) -> None:
    formats = keep_own_formats()
    online("For some online", 10).formats.set([formats["closed"], formats[slug]])
    listed("For some", 10).formats.set([formats["closed"], formats[slug]])
    online("For anyone online", 60).formats.set([formats["closed"], formats["beginners"]])
    listed("For anyone", 200).formats.set([formats["closed"], formats["discussion"]])
    html = page(client, "?near=12207")
    assert shown(html) == ["For anyone online", "For anyone"]
    assert "for some people only" not in html


def test_format_of_another_list_that_names_an_audience_counts_as_well(client: Client) -> None:
    theirs = Format.objects.create(
        vocabulary="https://bmlt.example/", source_id="7", slug="b7", name="Clergy", category=FormatCategory.AUDIENCE
    )
    online("For some", 10).formats.set([theirs])
    online("For anyone", 60)
    assert shown(page(client)) == ["For anyone"]


def test_where_there_is_nothing_else_it_says_whom_the_meeting_is_for(client: Client) -> None:
    online("For some", 10).formats.set([keep_own_formats()["women"]])
    html = page(client)
    assert shown(html) == ["For some"]
    assert "Listed for some people only: Women." in html
    assert "Solo para algunas personas: Mujeres." in page(client, **{"accept-language": "es"})


def test_place_is_asked_for_only_if_one_likes_and_kept_nowhere(client: Client) -> None:
    online("Online", 30)
    listed("Round the corner", 45, venue=make_venue(city="Albany"))
    listed("Far away", 30, venue=make_venue(city="Buffalo", latitude=42.8864, longitude=-78.8784))
    assert shown(page(client)) == ["Online"]
    html = page(client, "?near=Albany,+NY")
    assert shown(html) == ["Online", "Round the corner"]
    assert "The next meeting near Albany, New York" in html or "The next meeting near Albany, NY" in html
    assert "Albany" not in page(client)


@pytest.mark.parametrize("place", ["Nowhereville+Zz", "Texas", "x" * 500, "%00", "12207%27--"])
def test_place_that_is_none_gets_words_beside_its_field_and_hides_nothing(client: Client, place: str) -> None:
    online("Online", 30)
    html = page(client, f"?near={place}")
    assert shown(html)[0] == "Online"
    assert "your body can take far less" in html


def test_place_that_is_unknown_is_answered_beside_its_field(client: Client) -> None:
    assert 'aria-invalid="true"' in page(client, "?near=Nowhereville+Zz")


def test_it_takes_as_many_queries_for_three_as_for_one(client: Client) -> None:
    online("Online", 30)
    listed("Round the corner", 45)
    with CaptureQueriesContext(
        connection,
    ) as one:
        page(client, "?near=12207")
    for number in range(2):
        online(f"Online {number}", 35)
        listed(f"Round the corner {number}", 50)
    with CaptureQueriesContext(connection) as three:
        page(client, "?near=12207")
    assert len(three) == len(one) <= 16


def test_nothing_is_kept_of_a_visit(client: Client) -> None:
    response = client.get(PATH + "?near=Albany")
    assert Session.objects.count() == 0
    assert set(response.cookies) <= {"csrftoken"}
    assert "no-store" in response["Cache-Control"]
    assert "<title>Start again" in response.content.decode()


@pytest.mark.parametrize("path", ["/", "/crisis/", "/meetings/"])
def test_it_is_reached_from_everywhere(client: Client, path: str) -> None:
    assert f'href="{PATH}"' in client.get(path).content.decode()


def test_member_who_counts_anew_is_shown_it_and_nothing_is_sent(client: Client, mailoutbox: list[Any]) -> None:
    user = make_user(tz="America/New_York")
    client.force_login(user)
    keep_clean_date(user=user, clean_on=dt.date(2020, 1, 1))
    response = client.post("/my/account/clean-time/again/", follow=True)
    assert response.redirect_chain == [(PATH, 302)]
    html = response.content.decode()
    assert "Today is day one" in html
    assert "your body can take far less" in html
    assert CleanTime.objects.get().clean_on == dt.date(2026, 11, 17)
    assert mailoutbox == []
    assert 'href="/my/account/clean-time/"' in html


def test_it_reads_in_spanish(client: Client) -> None:
    html = page(client, **{"accept-language": "es"})
    assert "tu cuerpo aguanta mucho menos" in html
    assert "Nunca consumas a solas" in html
    assert "Llamar al 988 y marcar 2" in html
