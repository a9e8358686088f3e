"""What somebody is told of times whose zone and clock nobody knows: a first visit, or a browser without scripts."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts import links
from accounts.enums import Lead
from meetings.enums import SignupStatus, VenueType
from meetings.models import Meeting
from meetings.reminders.enums import ReminderKind
from meetings.services import schedule
from support import clock, wording
from tests.factories import make_meeting, make_occurrence, make_participant, make_signup, make_user
from tests.factories.reminders import make_reminder

pytestmark = pytest.mark.django_db

WHAT: dict[str, dict[str, object]] = {
    "in a room": {"venue_type": VenueType.IN_PERSON},
    "online": {"venue_type": VenueType.ONLINE, "venue": None},
    "both": {"venue_type": VenueType.HYBRID},
}


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch, now: dt.datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: now)


@pytest.fixture(params=WHAT)
def meeting(request: pytest.FixtureRequest, now: dt.datetime) -> Meeting:
    meeting = make_meeting(slug="evening", **WHAT[request.param])
    schedule.refresh_next(meeting, now=now)
    return meeting


def pages_with_times(meeting: Meeting) -> list[str]:
    occurrence = make_occurrence(meeting=meeting, on=dt.date(2026, 11, 24))
    signup = make_signup(occurrence=occurrence)
    asked = make_signup(occurrence=occurrence, status=SignupStatus.PENDING)
    return [
        "/print/",
        # With no place to go by, what can be joined from anywhere.
        *(["/start-again/"] if meeting.is_online else []),
        reverse("meetings:signup_confirm", args=[links.sign("confirm", asked.public_id)]),
        "/",
        "/meetings/",
        "/meetings/?day=today",
        "/meetings/evening/",
        "/meetings/evening/sign-up/",
        reverse("meetings:signup_manage", args=[links.sign("manage", signup.public_id)]),
    ]


def main_of(client: Client, path: str) -> str:
    """Return what a page shows on a screen between its head and its foot."""
    main = client.get(path).content.decode().split("<main")[1].split("</main>")[0]
    return re.sub(r'<(span|p) class="print-only[^>]*>.*?</\1>', "", main, flags=re.DOTALL)


def blocks(main: str) -> list[str]:
    """Return the words of each smallest part of a page that stands for itself, without its tags."""
    parts = re.split(r"</?(?:li|div|dd|p|label|h\d)\b[^>]*>", main)
    # The hours of a row stand in parts of one "when", whose last names the zone.
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", part)).split()) for part in parts]


HEADED_BY_ZONE = re.compile(r"<legend[^>]*>[^<]*\(New York time\).*?</fieldset>", re.DOTALL)
TIME = re.compile(r"\d:\d\d\s?[AP]M")


def test_every_time_is_named_with_its_zone_where_the_readers_is_not_known(client: Client, meeting: Meeting) -> None:
    for path in pages_with_times(meeting):
        # Dates to choose from have their zone in what they are all headed by.
        page = re.sub(
            r"<legend[^>]*>[^<]*\(New York time\).*?</fieldset>",
            "7:00 PM New York time",
            main_of(client, path),
            flags=re.S,
        )
        timed = [words for words in blocks(page) if TIME.search(words)]
        assert timed, path
        assert [words for words in timed if "New York time" not in words] == [], path


def test_no_zone_is_named_to_who_reads_the_same_clock(client: Client, meeting: Meeting) -> None:
    client.cookies["tz"] = "America/New_York"
    for path in pages_with_times(meeting):
        assert "New York time" not in main_of(client, path), path


def test_a_member_has_a_zone_of_their_own(client: Client, meeting: Meeting) -> None:
    client.force_login(make_user(tz="America/New_York"))
    for path in ("/", "/meetings/", "/meetings/evening/"):
        assert "New York time" not in main_of(client, path)
        assert "data-tz" not in client.get(path).content.decode()


def test_a_zone_is_named_once_where_two_share_a_clock(client: Client, now: dt.datetime) -> None:
    meeting = make_meeting(slug="evening", venue_type=VenueType.ONLINE, venue=None, tz="America/Detroit")
    schedule.refresh_next(meeting, now=now)
    page = main_of(client, "/meetings/")
    assert "New York time" in page
    assert "Detroit time" not in page


@pytest.mark.parametrize(
    ("cookies", "attributes"),
    [
        ({}, 'data-tz="America/New_York" data-clock="h12"'),
        ({"tz": "Asia/Kolkata", "clock": "h24"}, 'data-tz="Asia/Kolkata" data-clock="h24"'),
        ({"tz": "Asia/Kolkata", "clock": "sundial"}, ""),
        # What is not known here would not be known the next time either: nothing is to be gained by asking again.
        ({"tz": "Mars/Olympus"}, ""),
    ],
)
def test_a_page_says_by_which_clock_it_was_made_where_another_can_be_had(
    client: Client, cookies: dict[str, str], attributes: str
) -> None:
    for name, value in cookies.items():
        client.cookies[name] = value
    body = re.search(r"<body ?([^>]*)>", client.get("/").content.decode())
    assert body is not None
    assert body[1] == attributes


def test_a_form_with_a_message_is_not_asked_for_again(client: Client, meeting: Meeting) -> None:
    response = client.post("/meetings/evening/sign-up/", {"when": "2026-11-24", "email": "no address"})
    assert response.status_code == 422
    assert "data-tz" not in response.content.decode()
    assert "New York time" in response.content.decode()


def test_pages_of_two_clocks_are_not_shown_in_each_others_stead(client: Client, meeting: Meeting) -> None:
    for path in ("/", "/meetings/", "/meetings/evening/", "/meetings/evening/sign-up/"):
        assert "Cookie" in client.get(path).headers["Vary"], path


def test_zone_note_names_every_zone_to_a_reader_without_one(now: dt.datetime) -> None:
    assert wording.zone_note(now, "America/New_York", None, "en") == "New York time"
    assert wording.zone_note(now, "America/New_York", "America/New_York", "en") == ""


def test_what_a_guest_will_get_names_the_zone_it_is_told_in(client: Client) -> None:
    guest = make_participant(tz="America/New_York")
    url = reverse("reminders:plan_by_link", args=[links.sign("data", guest.contact_point.public_id)])
    assert "Times are in New York time" in client.get(url).content.decode()
    client.cookies["tz"] = "America/New_York"
    assert "New York time" not in client.get(url).content.decode()


@pytest.mark.parametrize(("hour_cycle", "words"), [("h12", "5:00\u00a0PM"), ("h24", "17:00")])
def test_the_picture_of_a_phone_has_the_readers_clock(client: Client, hour_cycle: str, words: str) -> None:
    client.force_login(make_user(hour_cycle=hour_cycle))
    page = client.get(reverse("accounts:messages")).content.decode()
    assert set(re.findall(r'lock-screen__clock" aria-hidden="true">([^<]*)<', page)) == {words}
    assert page.count(f"Reminder for Tue {words.replace('5:', '7:').replace('17', '19')}") == 2


def test_next_reminder_of_a_guest_names_the_zone_it_comes_in(client: Client, now: dt.datetime) -> None:
    signup = make_signup(occurrence=make_occurrence(on=dt.date(2026, 11, 24)), participant=make_participant())
    make_reminder(
        signup=signup, kind=ReminderKind.REMINDER, lead_key=Lead.THREE_DAYS, due_at=now + dt.timedelta(days=3)
    )
    path = reverse("meetings:signup_manage", args=[links.sign("manage", signup.public_id)])
    said = re.findall(r"[^<>]*\bat \d+:\d\d\s[AP]M[^<>]*", main_of(client, path))
    assert said
    assert [words for words in said if "New York time" not in words and "Evening" not in words] == []
    assert "Times are in New York time" in main_of(client, path)
    client.cookies["tz"] = "America/New_York"
    assert "New York time" not in main_of(client, path)
