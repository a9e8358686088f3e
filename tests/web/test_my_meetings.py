"""My meetings: what is coming, what was, and what a member keeps at hand."""

from __future__ import annotations

import datetime as dt

import pytest
import recurring_ical_events
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.models import User
from accounts.person import of_member
from accounts.services.erasure import erase
from meetings.enums import SignupStatus
from meetings.models import CalendarAddress, Favourite, Meeting, Signup
from meetings.queries.person import kept_about
from meetings.services.calendar_addresses import renew_calendar_address
from meetings.services.occurrences import cancel_occurrence, move_occurrence
from meetings.services.signups import create_member_signup
from tests.conftest import NOW
from tests.factories import make_favourite, make_meeting, make_occurrence, make_participant, make_signup, make_user

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def member(client: Client) -> User:
    user = make_user(tz="America/New_York")
    client.force_login(user)
    return user


def page(client: Client, query: str = "") -> str:
    return client.get(f"/my/meetings/{query}").content.decode()


def test_star_keeps_a_meeting_and_lets_go_of_it(client: Client, member: User) -> None:
    meeting = make_meeting(slug="evening-light", name="Evening Light")
    detail = client.get("/meetings/evening-light/").content.decode()
    assert 'aria-pressed="false"' in detail
    for _ in range(2):
        answer = client.post("/meetings/evening-light/favourite/", {"keep": "1", "next": "/meetings/?q=light"})
        assert (answer.status_code, answer.headers["Location"]) == (302, "/meetings/?q=light")
    assert Favourite.objects.get().meeting_id == meeting.pk
    assert 'aria-pressed="true"' in client.get("/meetings/evening-light/").content.decode()
    assert "Evening Light" in page(client)
    client.post("/meetings/evening-light/favourite/", {"keep": "0"})
    client.post("/meetings/evening-light/favourite/", {"keep": "0"})
    assert not Favourite.objects.exists()


def test_star_answers_htmx_with_itself(client: Client, member: User) -> None:
    make_meeting(slug="evening-light")
    answer = client.post("/meetings/evening-light/favourite/", {"keep": "1", "next": "/meetings/"}, headers=HTMX)
    body = answer.content.decode()
    assert body.count("<form") == 1
    assert 'aria-pressed="true"' in body
    assert 'value="/meetings/"' in body


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_star_leads_nowhere_else(client: Client, member: User, target: str) -> None:
    make_meeting(slug="evening-light")
    answer = client.post("/meetings/evening-light/favourite/", {"keep": "1", "next": target})
    assert answer.headers["Location"] == "/meetings/evening-light/"


@pytest.mark.parametrize("what", ["favourite", "home-group"])
def test_visitor_signs_in_first_and_goes_on_at_the_meeting(client: Client, what: str) -> None:
    answer = client.post(f"/meetings/evening-light/{what}/", {"keep": "1"})
    assert answer.headers["Location"] == "/accounts/login/?next=/meetings/evening-light/"
    make_meeting(slug="evening-light")
    assert 'class="star"' not in client.get("/meetings/evening-light/").content.decode()
    assert 'class="star"' not in client.get("/meetings/").content.decode()


def test_unpublished_meeting_can_only_be_let_go_of(client: Client, member: User) -> None:
    meeting = make_meeting(slug="evening-light", is_published=False)
    # That somebody else kept it opens it for nobody but them.
    make_favourite(user=make_user(), meeting=meeting, created_at=NOW)
    assert client.post("/meetings/evening-light/favourite/", {"keep": "1"}).status_code == 404
    make_favourite(user=member, meeting=meeting, created_at=NOW)
    assert meeting.name not in page(client)
    assert client.post("/meetings/evening-light/favourite/", {"keep": "0"}).status_code == 302


def test_list_shows_which_are_kept(client: Client, member: User) -> None:
    kept, _other = make_meeting(), make_meeting()
    make_favourite(user=member, meeting=kept, created_at=NOW)
    make_favourite(user=make_user(), meeting=_other, created_at=NOW)
    listed = client.get("/meetings/").content.decode()
    assert listed.count('aria-pressed="true"') == 1
    assert listed.count('class="star"') == 2


def test_home_group_is_one_at_a_time_and_comes_first(client: Client, member: User) -> None:
    first, second = make_meeting(name="Aaa", slug="aaa"), make_meeting(name="Bbb", slug="bbb")
    client.post("/meetings/aaa/home-group/", {"keep": "1"})
    client.post("/meetings/bbb/favourite/", {"keep": "1"})
    client.post("/meetings/bbb/home-group/", {"keep": "1"})
    client.post("/meetings/bbb/home-group/", {"keep": "1"})
    assert {(each.meeting_id, each.is_home_group) for each in Favourite.objects.all()} == {
        (first.pk, False),
        (second.pk, True),
    }
    body = page(client)
    assert body.index("Bbb") < body.index("Aaa")
    client.post("/meetings/bbb/home-group/", {"keep": "0"})
    assert not Favourite.objects.filter(is_home_group=True).exists()
    assert Favourite.objects.count() == 2


def test_choosing_a_home_group_leaves_everybody_elses_alone(client: Client, member: User) -> None:
    mine, theirs = make_meeting(slug="evening-light"), make_meeting()
    other = make_favourite(user=make_user(), meeting=theirs, is_home_group=True, created_at=NOW)
    client.post("/meetings/evening-light/home-group/", {"keep": "1"})
    found = Favourite.objects.filter(is_home_group=True)
    assert {(each.user_id, each.meeting_id) for each in found} == {(member.pk, mine.pk), (other.user_id, theirs.pk)}


def test_letting_go_of_a_meeting_leaves_everybody_elses_alone(client: Client, member: User) -> None:
    meeting = make_meeting(slug="evening-light")
    _mine, other = (make_favourite(user=user, meeting=meeting, is_home_group=True) for user in (member, make_user()))
    client.post("/meetings/evening-light/home-group/", {"keep": "0"})
    assert list(Favourite.objects.filter(is_home_group=True)) == [other]
    client.post("/meetings/evening-light/favourite/", {"keep": "0"})
    assert list(Favourite.objects.all()) == [other]


def test_favourites_are_in_the_copy_and_gone_when_erased(member: User) -> None:
    meeting = make_meeting(name="Evening Light")
    make_favourite(user=member, meeting=meeting, is_home_group=True, created_at=NOW)
    told = kept_about(of_member(member))["favourites"]
    assert told == [{"meeting": "Evening Light", "is_home_group": True, "since": NOW}]
    erase(person=of_member(member), now=NOW)
    assert not Favourite.objects.exists()
    assert Meeting.objects.exists()


def test_past_is_paged_the_latest_first_and_holds_places_alone(client: Client, member: User) -> None:
    participant = make_participant(user=member)
    meeting = make_meeting(name="Evening Light", starts_on=dt.date(2025, 1, 7))
    for week in range(22):
        occurrence = make_occurrence(meeting=meeting, on=dt.date(2026, 11, 10) - dt.timedelta(weeks=week))
        make_signup(occurrence=occurrence, participant=participant, attendance="attended")
    for status, cancelled_at in ((SignupStatus.CANCELLED, NOW), (SignupStatus.WAITLISTED, None)):
        over = make_occurrence(meeting=make_meeting(name=f"Never {status}"), on=dt.date(2026, 11, 10))
        make_signup(occurrence=over, participant=participant, status=status, cancelled_at=cancelled_at)
    first, second = page(client), page(client, "?page=2")
    assert "Never" not in first + second
    assert "Tue, Nov 10" in first
    assert (first.count("<li>T"), second.count("<li>T")) == (20, 2)
    assert "Showing 1–20 of 22" in first


def test_page_costs_the_same_however_much_it_shows(client: Client, member: User) -> None:
    participant = make_participant(user=member)
    costs = []
    for number in range(3):
        meeting = make_meeting()
        meeting.facilitators.add(member)
        make_favourite(user=member, meeting=meeting, is_home_group=number == 0, created_at=NOW)
        for day in (dt.date(2026, 11, 10), dt.date(2026, 11, 24)):
            make_signup(occurrence=make_occurrence(meeting=meeting, on=day), participant=participant)
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/my/meetings/").status_code == 200
        costs.append(len(queries))
    # At one row and at three; the number itself grows with what the page is about.
    assert costs[0] == costs[2] <= 29


@pytest.mark.parametrize("count", [1, 3])
def test_list_costs_a_member_the_same_however_much_it_shows(
    client: Client, member: User, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        make_favourite(user=member, meeting=make_meeting(), created_at=NOW)
    with django_assert_num_queries(9):
        assert client.get("/meetings/").status_code == 200


def calendar_path(client: Client) -> str:
    client.post("/my/calendar/", {"action": "renew"})
    return f"/my/calendar/{CalendarAddress.objects.get().token}.ics"


def test_calendar_address_gives_neutral_dates_to_whoever_has_it(client: Client, member: User) -> None:
    participant = make_participant(user=member)
    meeting = make_meeting(name="Evening Light")
    occurrence = make_occurrence(meeting=meeting, on=dt.date(2026, 11, 24), schedule_seq=2)
    place = make_signup(occurrence=occurrence, participant=participant)
    make_signup(
        occurrence=make_occurrence(meeting=meeting, on=dt.date(2026, 12, 1)),
        participant=participant,
        status=SignupStatus.WAITLISTED,
    )
    hidden = make_occurrence(meeting=meeting, on=dt.date(2026, 12, 8))
    make_signup(occurrence=hidden, participant=participant, status=SignupStatus.CANCELLED, cancelled_at=NOW)
    make_signup(occurrence=hidden)
    path = calendar_path(client)
    assert path in page(client)
    answer = Client().get(path)
    assert answer.headers["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    calendar = Calendar.from_ical(answer.content)
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT4H" in answer.content
    events = recurring_ical_events.of(calendar).between(NOW, NOW + dt.timedelta(days=60))
    assert [(str(event["SUMMARY"]), str(event["STATUS"]), event["SEQUENCE"]) for event in events] == [
        ("Appointment", "CONFIRMED", 2),
        ("Appointment", "TENTATIVE", 0),
    ]
    assert events[0]["DTSTART"].dt == occurrence.starts_at
    assert str(events[0]["UID"]) == place.calendar_uid
    for secret in (b"Evening", b"Elm", b"Albany", member.email.encode(), member.display_name.encode()):
        assert secret not in answer.content


def test_calendar_says_it_in_its_owners_language(client: Client, member: User) -> None:
    member.language = "es"
    member.save()
    make_signup(occurrence=make_occurrence(), participant=make_participant(user=member))
    assert b"SUMMARY:Cita" in Client().get(calendar_path(client)).content


def test_new_calendar_address_ends_the_old_one(client: Client, member: User) -> None:
    first = calendar_path(client)
    second = calendar_path(client)
    assert first != second
    assert (Client().get(first).status_code, Client().get(second).status_code) == (404, 200)
    for _ in range(2):
        client.post("/my/calendar/", {"action": "end"})
    assert Client().get(second).status_code == 404
    assert "Create an address" in page(client)


def test_calendar_address_of_a_closed_account_leads_nowhere(client: Client, member: User) -> None:
    path = calendar_path(client)
    User.objects.update(is_active=False)
    assert Client().get(path).status_code == 404
    User.objects.update(is_active=True)
    erase(person=of_member(member), now=NOW)
    assert Client().get(path).status_code == 404


def test_ending_a_calendar_address_leaves_everybody_elses_alone(client: Client, member: User) -> None:
    others = renew_calendar_address(user=make_user(), now=NOW)
    renew_calendar_address(user=member, now=NOW)
    client.post("/my/calendar/", {"action": "end"})
    assert list(CalendarAddress.objects.all()) == [others]


def test_calendar_address_is_unlike_the_persons_number(member: User) -> None:
    token = renew_calendar_address(user=member, now=NOW).token
    assert len(token) == 43
    assert CalendarAddress.objects.filter(token_hash=CalendarAddress.hash_of(token)).exists()


@pytest.mark.parametrize("count", [1, 3])
def test_calendar_costs_the_same_however_much_it_holds(
    client: Client, member: User, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    participant = make_participant(user=member)
    for _ in range(count):
        make_signup(occurrence=make_occurrence(), participant=participant)
    path = calendar_path(client)
    with django_assert_num_queries(2):
        assert Client().get(path).status_code == 200


# -- every time ------------------------------------------------------------------------------------------------------


def come_every_time(member: User) -> list[Signup]:
    meeting = make_meeting(name="Evening Light")
    create_member_signup(meeting=meeting, user=member, date=None, every=True, now=NOW)
    return list(Signup.objects.filter(participant__user=member).order_by("occurrence__starts_at"))


def test_dates_of_one_series_are_one_entry_and_each_can_be_given_up(client: Client, member: User) -> None:
    dates = come_every_time(member)
    html = page(client)
    assert len(dates) > 3
    assert html.count('class="timetable__row') == 1
    assert f"{len(dates) - 1} more dates" in html
    for signup in dates:
        assert f"/my/signups/{signup.public_id}/cancel/" in html
    client.post(f"/my/signups/{dates[2].public_id}/cancel/")
    assert f"{len(dates) - 2} more dates" in page(client)


def test_date_that_is_not_like_the_others_stands_by_itself(client: Client, member: User) -> None:
    dates = come_every_time(member)
    moved, canceled = dates[1].occurrence, dates[2].occurrence
    move_occurrence(occurrence=moved, starts_at=moved.starts_at + dt.timedelta(hours=1), now=NOW)
    cancel_occurrence(occurrence=canceled, now=NOW)
    html = page(client)
    assert html.count('class="timetable__row') == 3
    assert f"{len(dates) - 3} more date<" in html
    assert html.index(">Moved<") < html.index(">Canceled<")


def test_two_series_and_a_single_date_are_three_entries(client: Client, member: User) -> None:
    dates = come_every_time(member)
    come_every_time(member)
    make_signup(participant=dates[0].participant, occurrence=make_occurrence())
    assert page(client).count('class="timetable__row') == 3


def test_a_series_costs_no_more_than_one_date(
    client: Client, member: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    later = [signup.pk for signup in come_every_time(member)[1:]]
    with CaptureQueriesContext(connection) as many:
        page(client)
    Signup.objects.filter(pk__in=later).delete()
    with django_assert_num_queries(len(many)):
        page(client)
