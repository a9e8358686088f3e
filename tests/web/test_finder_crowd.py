"""What the finder keeps for a crowd: for whom, how long, and nothing of anybody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from itertools import permutations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from meetings.enums import VenueType
from meetings.models import Meeting
from meetings.services import schedule
from meetings.services.favourites import add_favourite
from meetings.services.occurrences import cancel_occurrence, ensure_occurrence, move_occurrence
from meetings.views.finder import visitors_answers
from support import clock
from tests.factories import make_meeting, make_user

pytestmark = pytest.mark.django_db

LIST = "/meetings/"
TUESDAY = dt.date(2026, 11, 17)
#: Who read the same page otherwise: cookies, and headers.
READERS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "plain": ({}, {}),
    "in Spanish": ({"django_language": "es"}, {}),
    "in London": ({"tz": "Europe/London"}, {}),
    # The site's own zone, and so the same times; but nobody has to be told whose they are.
    "in New York": ({"tz": "America/New_York"}, {}),
    "by 24 hours": ({"clock": "h24"}, {}),
    "htmx": ({}, {"HX-Request": "true", "HX-Target": "results"}),
    "htmx, the form too": ({}, {"HX-Request": "true", "HX-Target": "finder"}),
}


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch, now: dt.datetime) -> Callable[[dt.datetime], None]:
    """Set the site's clock; it stands at `now`."""

    def stand(instant: dt.datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: instant)

    stand(now)
    return stand


@pytest.fixture
def tonight(now: dt.datetime) -> Meeting:
    """Tuesday, 19:00 in New York: in an hour."""
    meeting = make_meeting(name="Evening Light", slug="evening-light")
    schedule.refresh_next(meeting, now=now)
    return meeting


def page(client: Client, path: str = LIST, **headers: str) -> str:
    return client.get(path, headers=headers).content.decode()


def finder_for(reader: str, path: str = LIST) -> str:
    cookies, headers = READERS[reader]
    client = Client()
    for name, value in cookies.items():
        client.cookies[name] = value
    html = client.get(path, headers=headers).content.decode()
    # Above it stands the form for the language, with a token of its own each time.
    return html[html.find("<main") :] if "<main" in html else html


# -- A crowd -----------------------------------------------------------------------------------------------------------


def test_who_asks_what_a_visitor_just_asked_costs_no_query(
    tonight: Meeting, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = finder_for("plain", "/meetings/?near=Albany")
    with django_assert_num_queries(0):
        assert finder_for("plain", "/meetings/?near=Albany") == first


@pytest.mark.parametrize(("first", "second"), list(permutations(READERS, 2)))
def test_no_reader_is_told_what_another_was(tonight: Meeting, now: dt.datetime, first: str, second: str) -> None:
    schedule.refresh_next(make_meeting(name="Anywhere", venue_type=VenueType.ONLINE, venue=None), now=now)
    own = finder_for(second)
    visitors_answers.clear()
    others = finder_for(first)
    assert finder_for(second) == own != others


@pytest.mark.parametrize(
    "query", ["near=Troy,+NY", "near=Albany,+NY&radius=3", "day=wed", "q=xyz", "page=2", "near=xyzzy"]
)
def test_another_question_has_another_answer(tonight: Meeting, query: str) -> None:
    own = finder_for("plain", f"{LIST}?{query}")
    visitors_answers.clear()
    finder_for("plain", f"{LIST}?near=Albany,+NY")
    assert finder_for("plain", f"{LIST}?{query}") == own


def test_what_could_not_be_read_stays_in_the_address_as_each_wrote_it(client: Client, tonight: Meeting) -> None:
    headers = {"HX-Request": "true"}
    for path in ("/meetings/?near=xyzzy&day=tue", "/meetings/?near=%78yzzy&day=tue"):
        response = client.get(path, headers=headers)
        assert response["HX-Push-Url"] == path
        assert response["HX-Retarget"] == "#finder"


# -- Nothing of anybody ------------------------------------------------------------------------------------------------


def test_a_member_is_told_anew_and_nobody_is_told_what_a_member_was(client: Client, tonight: Meeting) -> None:
    member = make_user()
    add_favourite(user=member, meeting=tonight, now=clock.now())
    client.force_login(member)
    visitor = Client()
    assert 'class="star"' not in page(visitor)
    assert 'aria-pressed="true"' in page(client)
    assert 'class="star"' not in page(visitor)
    Meeting.objects.update(is_listed=False)
    assert "Evening Light" not in page(client)


def test_what_a_member_sees_is_not_kept(client: Client, tonight: Meeting) -> None:
    client.force_login(make_user())
    page(client)
    assert len(visitors_answers) == 0


def test_what_is_kept_has_no_token_and_knows_no_browser(client: Client, tonight: Meeting) -> None:
    html = page(client)
    assert "csrfmiddlewaretoken" in html
    kept = client.get(LIST, headers={"HX-Request": "true", "HX-Target": "finder"}).content.decode()
    assert "Evening Light" in kept
    assert "csrf" not in kept
    other = page(Client())
    token = client.cookies["csrftoken"].value
    assert token not in html
    assert token not in other
    assert html[html.index('<div id="finder"') : html.index("</main>")] in other


# -- How long ----------------------------------------------------------------------------------------------------------


def moved(meeting: Meeting, now: dt.datetime) -> None:
    date = ensure_occurrence(meeting=meeting, date=TUESDAY, now=now)
    move_occurrence(occurrence=date, starts_at=now + dt.timedelta(hours=3), now=now)


def cancelled(meeting: Meeting, now: dt.datetime) -> None:
    cancel_occurrence(occurrence=ensure_occurrence(meeting=meeting, date=TUESDAY, now=now), now=now)


def hidden(meeting: Meeting, now: dt.datetime) -> None:
    Meeting.objects.filter(pk=meeting.pk).update(is_published=False)


def published(meeting: Meeting, now: dt.datetime) -> None:
    schedule.refresh_next(make_meeting(name="New Light"), now=now)


@pytest.mark.parametrize(
    ("change", "words"),
    [(moved, ">Moved<"), (cancelled, "Not on Tue, Nov 17"), (hidden, "0 meetings"), (published, "2 meetings")],
)
def test_what_changes_shows_within_fifteen_seconds(
    tonight: Meeting,
    now: dt.datetime,
    at: Callable[[dt.datetime], None],
    change: Callable[[Meeting, dt.datetime], None],
    words: str,
) -> None:
    at(now + dt.timedelta(seconds=14))
    assert words not in finder_for("plain")
    change(tonight, now)
    at(now + dt.timedelta(seconds=15))
    assert words in finder_for("plain")


def test_the_minutes_until_it_starts_are_never_those_of_another_minute(
    tonight: Meeting, now: dt.datetime, at: Callable[[dt.datetime], None]
) -> None:
    starts_at = now + dt.timedelta(hours=1)
    for before, words in (
        (3600, "in 1 hour"),
        (901, "in 16 min"),
        (899, "in 15 min"),
        (61, "in 2 min"),
        (59, "in 1 min"),
    ):
        at(starts_at - dt.timedelta(seconds=before))
        assert words in finder_for("plain")
    at(starts_at + dt.timedelta(seconds=1))
    assert " min</span>" not in finder_for("plain")


def test_today_is_never_yesterday(tonight: Meeting, now: dt.datetime, at: Callable[[dt.datetime], None]) -> None:
    midnight = dt.datetime(2026, 11, 24, 5, 0, tzinfo=dt.UTC)
    at(midnight - dt.timedelta(seconds=1))
    assert "Tomorrow, Tuesday, November 24" in finder_for("plain")
    at(midnight)
    assert "Today, Tuesday, November 24" in finder_for("plain")
