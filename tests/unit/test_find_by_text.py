"""Finding a meeting by text: a place or a day in, the next three out, in two parts at most."""

from __future__ import annotations

import datetime as dt
import re
from itertools import count
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from meetings.enums import MeetingKind, SignupPolicy
from meetings.models import Meeting
from meetings.queries import by_text
from meetings.queries.by_text import Question, parse
from meetings.reminders import replies
from meetings.reminders.models import InboundText
from meetings.reminders.services import inbound
from meetings.services.schedule import refresh_next
from support.messaging import gsm7
from support.messaging.gsm7 import transliterate
from support.messaging.sms_results import Inbound
from tests.conftest import NOW
from tests.factories import make_meeting, make_venue

pytestmark = pytest.mark.django_db

NUMBER = "+12025550143"
_sids = count(1)


def write(text: str, *, sender: str = NUMBER, sid: str = "") -> str:
    answer = inbound.take(inbound=Inbound(sid or f"SM-f{next(_sids)}", sender, text), now=NOW)
    size = gsm7.measure(answer)
    assert (size.is_gsm7, size.segments <= 2) == (True, True), answer
    return answer


def meeting_on(day: str, time: dt.time, *, venue: str, street: str = "1 Elm St", far: float = 0.0) -> Meeting:
    """A weekly meeting in Albany, `far` degrees north of its middle."""
    meeting = make_meeting(
        venue=make_venue(name=venue, street=street, latitude=42.6526 + far),
        rrule=f"FREQ=WEEKLY;BYDAY={day}",
        start_time=time,
        starts_on=dt.date(2026, 1, 1),
        weekday_mask=1 << ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].index(day),
    )
    refresh_next(meeting, now=NOW)
    return meeting


@pytest.fixture
def albany() -> list[Meeting]:
    """Five meetings; it is Tuesday, 18:00 there."""
    return [
        meeting_on("TU", dt.time(19, 0), venue="Elm House"),
        meeting_on("WE", dt.time(12, 0), venue="Oak Hall", far=0.02),
        meeting_on("TH", dt.time(7, 30), venue="Pine Room"),
        meeting_on("FR", dt.time(20, 0), venue="Ash Barn"),
        meeting_on("SA", dt.time(10, 0), venue="Fir Loft"),
    ]


def test_postcode_brings_the_next_three(albany: list[Meeting]) -> None:
    assert write("12207") == (
        "Albany, NY 12207:\n"
        "Tue 7:00 PM, Elm House, 1 Elm St, 0.0 mi\n"
        "Wed 12:00 PM, Oak Hall, 1 Elm St, 1.4 mi\n"
        "Thu 7:30 AM, Pine Room, 1 Elm St, 0.0 mi\n"
        "http://testserver/f/42.65,-73.76 MORE for more."
    )


def test_another_city_than_the_one_asked_for_is_named(albany: list[Meeting]) -> None:
    albany[0].venue.city = "Rensselaer"  # type: ignore[union-attr]
    albany[0].venue.save()  # type: ignore[union-attr]
    for place in ("12207", "Albany", "albany ny"):
        lines = write(place).splitlines()
        assert lines[1] == "Tue 7:00 PM, Elm House, 1 Elm St, Rensselaer, 0.0 mi"
        assert lines[2] == "Wed 12:00 PM, Oak Hall, 1 Elm St, 1.4 mi"


def test_the_city_stays_where_the_street_is_cut_short(albany: list[Meeting]) -> None:
    for meeting in albany:
        meeting.venue.street = "12345 North Old Plank Road Extension, Building C"  # type: ignore[union-attr]
        meeting.venue.city = "Rensselaer"  # type: ignore[union-attr]
        meeting.venue.save()  # type: ignore[union-attr]
    assert write("12207").count("Rensselaer") == 3


@pytest.mark.parametrize(
    "fields",
    [
        {"signup_policy": SignupPolicy.SIGN_UP},
        # Lists say nothing of signing up: that it is a family session is enough.
        {"kind": MeetingKind.FAMILY_SESSION, "signup_policy": SignupPolicy.DROP_IN},
    ],
)
def test_what_one_signs_up_for_is_no_meeting_to_walk_into(albany: list[Meeting], fields: dict[str, str]) -> None:
    Meeting.objects.filter(pk=albany[0].pk).update(**fields)
    assert "Elm House" not in write("12207") + write("MORE")


def test_more_goes_on_and_ends(albany: list[Meeting]) -> None:
    write("Albany")
    second = write("MORE")
    assert "Fri 8:00 PM, Ash Barn" in second
    assert "Sat 10:00 AM, Fir Loft" in second
    assert "MORE for more" not in second
    assert write("more") == "That was all within 62 mi. Text another ZIP, city or day."


@pytest.mark.parametrize("text", ["Albany wed", "WED albany ny", "meetings near Albany on Wednesday", "12207 Weds."])
def test_day_narrows_it(albany: list[Meeting], text: str) -> None:
    answer = write(text)
    assert "Oak Hall" in answer
    assert "Elm House" not in answer
    assert ",wed" in answer


def test_day_alone_asks_about_the_last_place(albany: list[Meeting]) -> None:
    write("Albany")
    assert "Ash Barn" in write("fri")
    assert "Elm House" in write("tonight")
    assert "Oak Hall" in write("tomorrow")


def test_spanish_is_answered_in_spanish(albany: list[Meeting]) -> None:
    answer = write("reuniones en Albany el miércoles")
    assert "mié 12:00 p. m., Oak Hall" in answer
    assert "Elm House" in write("MAR")
    english = write("Albany", sender="+12025550144")
    assert write("Albany hoy", sender="+12025550145").splitlines()[-1] != english.splitlines()[-1]


@pytest.mark.parametrize(
    "text",
    [
        "relapse prevention meeting Albany",
        "Albany relapse prevention",
        "relapse prevention group near 12207",
        "grupo de prevención de recaídas en Albany",
        "Albany prevención de recaídas",
        "reunión para prevenir las recaídas en Albany",
        "group on prevention of relapse in Albany",
    ],
)
def test_relapse_prevention_is_a_meeting_to_be_found(albany: list[Meeting], text: str) -> None:
    assert "Elm House" in write(text)


@pytest.mark.parametrize(
    "text",
    [
        "MORE",
        "tue",
        "mañana",
        "next",
        "relapse prevention meeting",
        "relapse prevention",
        "grupo de prevención de recaídas",
        "find a meeting",
    ],
)
def test_without_a_place_it_asks_where(text: str) -> None:
    assert "12207" in write(text)


@pytest.mark.parametrize("text", ["qwertzuiop", "is anybody there to talk to me about this thing", "Texas", "12"])
def test_what_is_no_place_says_what_to_write(text: str) -> None:
    assert write(text).startswith("That was not clear to us.")


@pytest.mark.parametrize("text", ["thanks", "Thank you so much", "ok", "gracias", "👍", "YES"])
def test_thanks_needs_no_answer(text: str) -> None:
    assert write(text) == ""


def test_nothing_near_says_so_and_looks_farther_first() -> None:
    assert write("Albany").startswith("Albany, NY: nothing within 62 mi then.")
    far = meeting_on("WE", dt.time(12, 0), venue="Far Hall", far=0.6)
    assert f"{far.venue and far.venue.name}" in write("Albany")


def test_what_is_near_comes_before_what_is_soon_and_far(albany: list[Meeting]) -> None:
    for number, hour in enumerate((18, 19, 20)):
        meeting_on("TU", dt.time(hour, 30), venue=f"Far Hall {number}", far=0.3)
    assert "Far Hall" not in write("12207")
    assert "Far Hall" not in write("MORE")
    beyond = write("MORE")
    assert beyond.count("Far Hall") == 3
    assert "Elm House" not in beyond
    assert write("MORE").startswith("That was all within")


def test_one_that_is_near_comes_before_three_that_are_not() -> None:
    meeting_on("FR", dt.time(18, 30), venue="Near Hall", far=0.2)
    for day in ("TU", "WE", "TH"):
        meeting_on(day, dt.time(18, 30), venue="Far Hall", far=0.6)
    answer = write("Albany")
    assert "Near Hall" in answer
    assert "Far Hall" not in answer
    assert answer.endswith("MORE for more.")
    assert "Far Hall" in write("MORE")


def test_long_names_are_cut_before_anything_else_is() -> None:
    for day in ("TU", "WE", "TH", "FR"):
        meeting_on(
            day,
            dt.time(19, 0),
            venue="The Very Long Memorial Community Fellowship Hall of the Upper Valley",
            street="12345 North Old Plank Road Extension, Building C",
        )
    answer = write("Albany")
    assert answer.count("\n") == 4
    assert answer.endswith("MORE for more.")
    assert answer.count("The Very Long") == 3
    assert answer.count("12345 North Old Plank Road Extension") == 3
    assert "Fellowship" not in answer


#: Invented, and as long as real lists have them.
PLACES = [
    ("Fairmount/Brewery District Clubhouse (D27)", "2044 W Girard Avenue"),
    ("Grace & Atonement Evangelical Lutheran Church (D60)", "1542 E Montgomery Avenue"),
    ("Circle of Hope and Friendship (side door, ring twice)", "2212 South Broad Street, Lower Level, Room 3"),
    ("Tasker House", "1232 Tasker Street"),
    ("", "98-05 Kissena Boulevard"),
    ("Saint Bartholomew the Apostle Community Fellowship Hall", ""),
    ("1920 N Front St", "1920 N Front St"),
]


@pytest.mark.parametrize("width", range(84))
@pytest.mark.parametrize(("name", "street"), PLACES)
def test_house_number_is_never_without_its_street_and_the_name_gives_way_first(
    name: str, street: str, width: int
) -> None:
    where = replies._where(name, street, width)
    without_suite = street.split(",")[0]
    assert len(where) <= width
    assert not re.search(r"\d", where) or without_suite in where or "(" in where
    if without_suite and width >= len(without_suite):
        assert without_suite in where
    assert not re.search(r"(?: of| and| the|&|/|,|\()$", where)


def test_three_long_venues_name_their_streets_in_two_parts(settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://meetings.riverarea.example.org"
    for (name, street), day in zip(PLACES[:3], ("TU", "WE", "TH"), strict=True):
        meeting_on(day, dt.time(19, 30), venue=name, street=street)
    for text in ("12207", "reuniones en Albany"):
        cache.clear()
        answer = write(text)
        for street in ("2044 W Girard Avenue", "1542 E Montgomery Avenue", "2212 South Broad Street"):
            assert street in answer
        for name in ("Fairmount/Brewery", "Grace", "Circle"):
            assert name in answer


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("12207 online", "Albany, NY 12207, any meeting in person:"),
        ("Spanish 12207", "Albany, NY 12207, any meeting in person:"),
        ("familia 12207", "Albany, NY 12207, any meeting in person:"),
        ("Albany online", "Albany, NY, any meeting in person:"),
        ("online meetings in Albany", "Albany, NY, any meeting in person:"),
        ("reuniones en línea Albany", "Albany, NY, cualquier reunión en persona:"),
        ("12207 tue", "Albany, NY 12207:"),
        ("meetings near Albany", "Albany, NY:"),
    ],
)
def test_what_was_understood_is_said_where_more_was_asked(albany: list[Meeting], text: str, first: str) -> None:
    assert write(text).splitlines()[0] == transliterate(first)


def test_place_named_after_a_kind_is_a_place() -> None:
    asked = by_text.locate(parse("Spanish Fork"), last=None)
    assert asked is not None
    assert (asked.label, asked.is_wider) == ("Spanish Fork, UT", False)


def test_meetings_without_a_way_to_walk_to_are_left_out(albany: list[Meeting]) -> None:
    albany[0].venue_type = "online"
    albany[0].venue = None
    albany[0].save()
    assert "Elm House" not in write("12207")


def test_nobody_asks_for_ever(albany: list[Meeting]) -> None:
    answers = [write("12207") for _n in range(25)]
    assert "Elm House" in answers[19]
    assert answers[20].startswith("That was too many texts in a short time.")
    assert answers[21:] == [""] * 4
    assert "Elm House" in write("12207", sender="+12025550199")


def test_same_question_delivered_twice_is_answered_once(albany: list[Meeting]) -> None:
    assert write("12207", sid="SM1") != ""
    assert write("12207", sid="SM1") == ""


def test_question_is_written_down_nowhere(albany: list[Meeting], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    write("12207 tue")
    assert InboundText.objects.count() == 0
    assert NUMBER not in caplog.text
    assert "12207" not in caplog.text


def test_cache_that_is_away_costs_more_and_nothing_else(albany: list[Meeting], settings: Any) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "unix:///nowhere/valkey.sock",
            "KEY_FUNCTION": "support.cache_keys.hashed",
        }
    }
    assert "Elm House" in write("12207")
    assert "12207" in write("MORE")


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Albany, NY", Question("Albany, NY", "albany ny")),
        ("Sun Valley", Question("Sun Valley", "valley", weekday=6, language="en")),
        ("mar", Question("mar", weekday=1, language="es")),
        ("Más", Question("Más", is_more=True, language="es")),
        ("Madrid hoy", Question("Madrid hoy", "madrid", is_today=True, language="es")),
        (
            "12207 tonight",
            Question(
                "12207 tonight", "12207", is_today=True, starts_from=dt.time(17), starts_until=dt.time(23, 59),
                language="en",
            ),
        ),
        ("", Question()),
    ],
)  # fmt: skip
def test_words_are_told_apart(text: str, question: Question) -> None:
    assert parse(text) == question


def test_link_leads_to_the_finder_and_names_no_meeting(albany: list[Meeting], client: Client) -> None:
    link = write("Albany wed").splitlines()[-1].split()[0]
    answer = client.get(link.removeprefix("http://testserver"))
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{reverse('meetings:list')}?lat=42.65&lon=-73.76&day=wed"
    assert "Oak Hall" in client.get(answer.headers["Location"]).content.decode()


@pytest.mark.parametrize("code", ["x", "42.65", "42.65,-73.76,someday", "https://evil.example"])
def test_link_leads_nowhere_else(client: Client, code: str) -> None:
    assert client.get(reverse("reminders:found", args=["0.00,0.00"]).replace("0.00,0.00", code)).status_code == 404


def test_page_invites_to_write_where_there_is_a_number(client: Client, settings: Any) -> None:
    assert "By text message" not in client.get(reverse("about")).content.decode()
    settings.SMS_NUMBER = "+15185550100"
    page = client.get(reverse("about")).content.decode()
    assert 'href="sms:+15185550100"' in page
    settings.SMS_PROVIDER = ""
    assert "By text message" not in client.get(reverse("about")).content.decode()
