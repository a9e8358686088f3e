from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import links
from accounts.enums import Purpose
from accounts.models import ContactPoint, User
from accounts.queries import is_given
from meetings.enums import SignupPolicy, SignupStatus
from meetings.models import Meeting, Participant, Signup, StandingSignup
from meetings.services import signups as services
from meetings.services.occurrences import cancel_occurrence
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_signup, make_user
from tests.factories.accounts import make_contact_point

pytestmark = pytest.mark.django_db

DATE = "2026-11-24"


@pytest.fixture
def meeting() -> Meeting:
    return make_meeting(signup_policy=SignupPolicy.SIGN_UP, capacity=2)


def ask(client: Client, meeting: Meeting, **fields: str) -> Any:
    posted = {"when": DATE, "email": "guest@example.org", "display_name": ""} | fields
    return client.post(reverse("meetings:sign_up", args=[meeting.slug]), posted)


def confirm_url(signup: Signup) -> str:
    return reverse("meetings:signup_confirm", args=[links.sign("confirm", signup.public_id)])


def manage_url(signup: Signup) -> str:
    return reverse("meetings:signup_manage", args=[links.sign("manage", signup.public_id)])


def test_guest_signs_up_and_confirms(client: Client, meeting: Meeting) -> None:
    answer = ask(client, meeting)
    assert answer.status_code == 302
    assert answer.url == reverse("meetings:signup_requested")
    signup = Signup.objects.get()
    assert signup.status == SignupStatus.PENDING
    assert "guest@example.org" in client.get(answer.url).content.decode(), "so that a typo can be seen"
    assert "guest@example.org" not in Client().get(answer.url).content.decode(), "and by nobody else"

    shown = client.get(confirm_url(signup))
    assert shown.status_code == 200
    signup.refresh_from_db()
    assert signup.status == SignupStatus.PENDING, "looking changes nothing: mail scanners follow links"

    client.post(confirm_url(signup))
    signup.refresh_from_db()
    assert signup.status == SignupStatus.CONFIRMED
    assert signup.confirmed_at == NOW
    contact_point = signup.participant.contact_point
    assert contact_point.verified_at == NOW
    assert is_given(contact_point, Purpose.REMINDERS)
    assert is_given(contact_point, Purpose.CHANGES)
    assert "You have a place" in client.get(manage_url(signup)).content.decode()


def test_confirming_twice_is_one_signup(client: Client, meeting: Meeting) -> None:
    ask(client, meeting)
    signup = Signup.objects.get()
    first, second = client.post(confirm_url(signup)), client.post(confirm_url(signup))
    assert first.status_code == second.status_code == 302
    assert Signup.objects.get().confirmed_at == NOW
    assert signup.participant.contact_point.consents.count() == 2


def test_asking_twice_is_one_signup(client: Client, meeting: Meeting) -> None:
    ask(client, meeting)
    ask(client, meeting, email="GUEST@example.org ")
    assert Signup.objects.count() == 1
    assert ContactPoint.objects.count() == 1


def type_their_address(meeting: Meeting, *, name: str) -> None:
    """Ask for a date as somebody from far away who types the address of another."""
    services.request_guest_signup(
        meeting=meeting,
        date=dt.date.fromisoformat(DATE),
        every=False,
        email="guest@example.org",
        display_name=name,
        tz="Pacific/Auckland",
        language="es",
        hour_cycle="h23",
        now=NOW,
    )


def test_a_stranger_who_types_a_known_address_changes_nothing_about_that_person(
    client: Client, meeting: Meeting
) -> None:
    ask(client, meeting, display_name="Robin")
    client.post(confirm_url(Signup.objects.get()))
    reader = Participant.objects.values("display_name", "tz", "language", "hour_cycle")
    before = reader.get()
    assert before["display_name"] == "Robin"
    type_their_address(meeting, name="Somebody Else")
    assert reader.get() == before


def test_no_name_is_taken_from_whoever_types_the_address_of_somebody_known(meeting: Meeting) -> None:
    """It was where they had no dates as a guest any more. Their zone is taken: there is no other to go by."""
    make_contact_point(value="guest@example.org", verified_at=NOW)
    type_their_address(meeting, name="Rude Word")
    guest = Participant.objects.get()
    assert guest.contact_point.verified_at == NOW
    assert (guest.display_name, guest.own_tz, guest.language) == ("", "Pacific/Auckland", "es")


def test_an_empty_name_does_not_wipe_the_one_given_before(client: Client, meeting: Meeting) -> None:
    ask(client, meeting, display_name="Robin")
    ask(client, meeting, display_name="")
    assert Participant.objects.get().display_name == "Robin"
    ask(client, meeting, display_name="Sam")
    assert Participant.objects.get().display_name == "Sam"


def test_whoever_confirms_sees_the_name_that_somebody_gave(client: Client, meeting: Meeting) -> None:
    ask(client, meeting, display_name="Rude Word")
    signup = Signup.objects.get()
    assert "Rude Word" in client.get(confirm_url(signup)).content.decode()


def test_every_time_makes_the_coming_weeks(client: Client, meeting: Meeting) -> None:
    ask(client, meeting, when="every")
    standing = StandingSignup.objects.get()
    dates = [signup.occurrence.original_date for signup in standing.signups.order_by("occurrence__starts_at")]
    # 17 November starts an hour from now; four weeks end before the evening of 15 December.
    assert dates == [dt.date(2026, 11, 17), dt.date(2026, 11, 24), dt.date(2026, 12, 1), dt.date(2026, 12, 8)]
    client.post(confirm_url(standing.signups.all()[0]))
    assert set(standing.signups.values_list("status", flat=True)) == {SignupStatus.CONFIRMED}
    # And it goes on: the fifth date comes a week later.
    assert services.extend_standing_signups(now=NOW + dt.timedelta(days=7)) == 1
    assert standing.signups.latest("occurrence__starts_at").occurrence.original_date == dt.date(2026, 12, 15)


def test_every_time_grows_with_the_weeks_and_respects_a_cancelled_date(meeting: Meeting) -> None:
    user = make_user()
    made = services.create_member_signup(meeting=meeting, user=user, date=None, every=True, now=NOW)
    services.cancel_signup(signup=made[1], now=NOW)
    later = NOW + dt.timedelta(days=7)
    assert services.extend_standing_signups(now=later) == 1
    assert services.extend_standing_signups(now=later) == 0
    made[1].refresh_from_db()
    assert made[1].status == SignupStatus.CANCELLED
    newest = Signup.objects.get(occurrence__original_date=dt.date(2026, 12, 15))
    assert newest.status == SignupStatus.CONFIRMED


def test_every_time_that_a_guest_never_confirmed_gives_no_place(client: Client, meeting: Meeting) -> None:
    ask(client, meeting, when="every")
    assert services.extend_standing_signups(now=NOW + dt.timedelta(days=7)) == 0
    assert list(Signup.objects.values_list("status", flat=True)) == [SignupStatus.PENDING] * 4


def test_every_time_passes_over_what_has_begun_and_what_is_cancelled(meeting: Meeting) -> None:
    tonight = make_occurrence(meeting=meeting, on=dt.date(2026, 11, 17))
    cancel_occurrence(occurrence=make_occurrence(meeting=meeting, on=dt.date(2026, 12, 1)), now=NOW)
    made = services.create_member_signup(
        meeting=meeting, user=make_user(), date=None, every=True, now=tonight.starts_at + dt.timedelta(minutes=30)
    )
    dates = [signup.occurrence.original_date for signup in made]
    assert dates == [dt.date(2026, 11, 24), dt.date(2026, 12, 8), dt.date(2026, 12, 15)]


@pytest.mark.parametrize("closed", [{"is_temporarily_closed": True}, {"is_published": False}])
def test_every_time_waits_while_a_meeting_is_closed_and_goes_on_when_it_opens(
    meeting: Meeting, closed: dict[str, bool]
) -> None:
    services.create_member_signup(meeting=meeting, user=make_user(), date=None, every=True, now=NOW)
    later = NOW + dt.timedelta(days=7)
    Meeting.objects.update(**closed)
    assert services.extend_standing_signups(now=later) == 0
    Meeting.objects.update(is_temporarily_closed=False, is_published=True)
    assert services.extend_standing_signups(now=later) == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"email": ""}, "Enter the address"),
        ({"email": "guest.example.org"}, "doesn’t look like an email address"),
        ({"when": "2026-11-25"}, "can no longer be chosen"),
        ({"when": "nonsense"}, "can no longer be chosen"),
        ({"when": ""}, "Choose a date"),
    ],
)
def test_bad_input_says_so_and_loses_nothing(
    client: Client, meeting: Meeting, fields: dict[str, str], words: str
) -> None:
    answer = ask(client, meeting, **({"display_name": "Robin"} | fields))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert 'value="Robin"' in page
    assert not Signup.objects.exists()


def test_a_full_date_leads_to_the_waitlist_and_a_freed_place_to_its_first(meeting: Meeting) -> None:
    people = [make_user() for _ in range(4)]
    date = dt.date.fromisoformat(DATE)
    made = [
        services.create_member_signup(meeting=meeting, user=user, date=date, every=False, now=NOW)[0] for user in people
    ]
    statuses = [signup.status for signup in Signup.objects.order_by("pk")]
    assert statuses == ["confirmed", "confirmed", "waitlisted", "waitlisted"]
    for later in (0, 1):
        services.cancel_signup(signup=made[0], now=NOW + dt.timedelta(minutes=later))
    made[0].refresh_from_db()
    assert made[0].cancelled_at == NOW
    statuses = [signup.status for signup in Signup.objects.order_by("pk")]
    assert statuses == ["cancelled", "confirmed", "confirmed", "waitlisted"]


def test_whoever_comes_back_queues_again(meeting: Meeting) -> None:
    date = dt.date.fromisoformat(DATE)
    first, second, third = [make_user() for _ in range(3)]
    for user in (first, second, third):
        services.create_member_signup(meeting=meeting, user=user, date=date, every=False, now=NOW)
    services.cancel_signup(signup=Signup.objects.get(participant__user=first), now=NOW)
    services.create_member_signup(meeting=meeting, user=first, date=date, every=False, now=NOW)
    assert Signup.objects.get(participant__user=first).status == SignupStatus.WAITLISTED
    assert Signup.objects.get(participant__user=third).status == SignupStatus.CONFIRMED


def test_whoever_comes_back_waits_behind_those_who_waited_meanwhile(meeting: Meeting) -> None:
    users = [make_user() for _ in range(4)]

    def sign_up(user: User, minutes: int) -> Signup:
        now = NOW + dt.timedelta(minutes=minutes)
        date = dt.date.fromisoformat(DATE)
        return services.create_member_signup(meeting=meeting, user=user, date=date, every=False, now=now)[0]

    first, second, _third, fourth = [sign_up(user, minutes) for minutes, user in enumerate(users)]
    services.cancel_signup(signup=first, now=NOW + dt.timedelta(minutes=5))
    sign_up(users[0], 6)
    services.cancel_signup(signup=second, now=NOW + dt.timedelta(minutes=7))
    statuses = [signup.status for signup in Signup.objects.order_by("pk")]
    assert statuses == ["waitlisted", "cancelled", "confirmed", "confirmed"]
    fourth.refresh_from_db()
    assert fourth.confirmed_at == NOW + dt.timedelta(minutes=7)


@pytest.mark.parametrize("later", [dt.timedelta(0), dt.timedelta(minutes=30)])
def test_a_place_given_back_once_the_date_has_begun_goes_to_nobody(later: dt.timedelta) -> None:
    occurrence = make_occurrence(meeting=make_meeting(signup_policy=SignupPolicy.SIGN_UP, capacity=1))
    held = make_signup(occurrence=occurrence)
    waiting = make_signup(occurrence=occurrence, status=SignupStatus.WAITLISTED)
    services.cancel_signup(signup=held, now=occurrence.starts_at + later)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.confirmed_at) == (SignupStatus.WAITLISTED, None)


def test_a_place_given_back_on_a_cancelled_date_goes_to_nobody() -> None:
    occurrence = make_occurrence(meeting=make_meeting(signup_policy=SignupPolicy.SIGN_UP, capacity=1))
    held = make_signup(occurrence=occurrence)
    waiting = make_signup(occurrence=occurrence, status=SignupStatus.WAITLISTED)
    cancel_occurrence(occurrence=occurrence, now=NOW)
    services.cancel_signup(signup=held, now=NOW)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.confirmed_at) == (SignupStatus.WAITLISTED, None)


@pytest.mark.parametrize("later", [dt.timedelta(0), dt.timedelta(minutes=89)])
def test_a_date_that_has_begun_takes_no_more_signups(meeting: Meeting, later: dt.timedelta) -> None:
    occurrence = make_occurrence(meeting=meeting)
    with pytest.raises(services.SignupRefused, match="has already started"):
        services.create_member_signup(
            meeting=meeting,
            user=make_user(),
            date=occurrence.original_date,
            every=False,
            now=occurrence.starts_at + later,
        )
    assert not Signup.objects.exists()


@pytest.mark.parametrize("token", ["nonsense", "a~b~c", "%00"])
def test_a_broken_link_says_what_to_do(client: Client, token: str) -> None:
    for name in ("signup_confirm", "signup_manage"):
        answer = client.get(reverse(f"meetings:{name}", args=[token]))
        assert answer.status_code == 410
        assert "This link no longer works" in answer.content.decode()
    assert client.post(reverse("meetings:signup_cancel", args=[token])).status_code == 410
    assert client.get(reverse("meetings:signup_calendar", args=[token])).status_code == 404


def test_an_old_confirmation_link_has_ended(client: Client, meeting: Meeting) -> None:
    ask(client, meeting)
    url = confirm_url(Signup.objects.get())
    with time_machine.travel(NOW + dt.timedelta(days=2, minutes=1)):
        assert client.get(url).status_code == 410
        assert client.post(url).status_code == 410
    assert Signup.objects.get().status == SignupStatus.PENDING


def test_a_link_for_one_purpose_opens_no_other(client: Client) -> None:
    signup = make_signup(status=SignupStatus.PENDING, confirmed_at=None)
    token = links.sign("manage", signup.public_id)
    assert client.post(reverse("meetings:signup_confirm", args=[token])).status_code == 410
    signup.refresh_from_db()
    assert signup.status == SignupStatus.PENDING


def test_guest_cancels_by_link(client: Client) -> None:
    signup = make_signup()
    token = links.sign("manage", signup.public_id)
    cancel = reverse("meetings:signup_cancel", args=[token])
    assert client.get(cancel).status_code == 405
    page = client.post(cancel, follow=True)
    assert "Reminder stopped" in page.content.decode()
    signup.refresh_from_db()
    assert signup.status == SignupStatus.CANCELLED
    assert page.headers["Cache-Control"].count("no-store")


def test_guest_stops_every_date_by_link(client: Client, meeting: Meeting) -> None:
    ask(client, meeting, when="every")
    first = Signup.objects.order_by("pk")[0]
    client.post(confirm_url(first))
    client.post(reverse("meetings:signup_cancel", args=[links.sign("manage", first.public_id)]), {"all": "1"})
    assert set(Signup.objects.values_list("status", flat=True)) == {SignupStatus.CANCELLED}
    assert StandingSignup.objects.get().ended_at == NOW
    assert services.extend_standing_signups(now=NOW + dt.timedelta(days=7)) == 0


def test_whoever_stops_coming_every_time_keeps_what_was_and_frees_what_comes(meeting: Meeting) -> None:
    Meeting.objects.update(capacity=1)
    meeting.refresh_from_db()
    made = services.create_member_signup(meeting=meeting, user=make_user(), date=None, every=True, now=NOW)
    waiting = [
        services.create_member_signup(
            meeting=meeting, user=make_user(), date=signup.occurrence.original_date, every=False, now=NOW
        )[0]
        for signup in made
    ]
    standing = StandingSignup.objects.get()
    # The first of the four has begun.
    services.end_standing_signup(standing=standing, now=made[0].occurrence.starts_at)
    # Pressed again, it says the same.
    services.end_standing_signup(standing=standing, now=made[1].occurrence.starts_at)
    for row in [standing, *made, *waiting]:
        row.refresh_from_db()
    assert standing.ended_at == made[0].occurrence.starts_at
    assert [signup.status for signup in made] == ["confirmed", "cancelled", "cancelled", "cancelled"]
    assert [signup.status for signup in waiting] == ["waitlisted", "confirmed", "confirmed", "confirmed"]


def test_the_calendar_entry_names_nothing(client: Client) -> None:
    signup = make_signup()
    url = reverse("meetings:signup_calendar", args=[links.sign("manage", signup.public_id)])
    answer = client.get(url)
    body = answer.content.decode()
    assert answer.headers["Content-Type"].startswith("text/calendar")
    assert f"UID:{signup.calendar_uid}" in body
    assert signup.occurrence.meeting.name not in body
    assert "Elm" not in body


def test_member_signs_up_and_sees_it(client: Client, meeting: Meeting) -> None:
    user = make_user()
    client.force_login(user)
    answer = client.post(reverse("meetings:sign_up", args=[meeting.slug]), {"when": DATE}, follow=True)
    page = answer.content.decode()
    assert "Done. We’ll email you" in page
    assert meeting.name in page
    signup = Signup.objects.get(participant__user=user)
    assert signup.status == SignupStatus.CONFIRMED
    client.post(reverse("meetings:my_signup_cancel", args=[signup.public_id]))
    signup.refresh_from_db()
    assert signup.status == SignupStatus.CANCELLED


def test_a_member_cannot_touch_what_is_not_theirs(client: Client) -> None:
    signup = make_signup(participant=make_participant(user=make_user()))
    client.force_login(make_user())
    answer = client.post(reverse("meetings:my_signup_cancel", args=[signup.public_id]))
    assert answer.status_code == 404
    signup.refresh_from_db()
    assert signup.status == SignupStatus.CONFIRMED


def test_a_guest_with_a_members_address_is_a_guest(client: Client, meeting: Meeting) -> None:
    user: User = make_user(email="known@example.org")
    answer = ask(client, meeting, email="known@example.org")
    assert answer.url == reverse("meetings:signup_requested")
    assert Signup.objects.get().participant.user is None
    assert not Signup.objects.filter(participant__user=user).exists()


@pytest.mark.parametrize(
    "fields", [{"is_temporarily_closed": True}, {"rrule": "", "starts_on": None, "start_time": None}]
)
def test_a_meeting_without_dates_gives_no_form(client: Client, fields: dict[str, object]) -> None:
    meeting = make_meeting(**fields)
    page = client.get(reverse("meetings:sign_up", args=[meeting.slug]))
    assert page.status_code == 200
    assert 'name="when"' not in page.content.decode()
    assert ask(client, meeting).status_code == 422


def test_an_unpublished_meeting_is_not_there(client: Client) -> None:
    meeting = make_meeting(is_published=False)
    assert client.get(reverse("meetings:sign_up", args=[meeting.slug])).status_code == 404


def test_a_cancelled_date_cannot_be_chosen(client: Client, meeting: Meeting) -> None:
    occurrence = make_occurrence(meeting=meeting)
    cancel_occurrence(occurrence=occurrence, now=NOW)
    assert ask(client, meeting).status_code == 422


def test_too_many_requests_for_one_address_are_refused(client: Client, meeting: Meeting, settings: Settings) -> None:
    settings.SIGNUP_REQUESTS_PER_HOUR = 2
    spellings = ["often@example.org", "Often@Example.org", " often@example.org "]
    assert [ask(client, meeting, email=each).status_code for each in spellings] == [302, 302, 422]
    assert ask(client, meeting, email="other@example.org").status_code == 302


def test_unconfirmed_guests_are_forgotten(client: Client, meeting: Meeting) -> None:
    ask(client, meeting)
    kept = make_signup()
    ContactPoint.objects.update(created_at=NOW)
    assert services.purge_unconfirmed(now=NOW + dt.timedelta(days=1)) == 0
    assert services.purge_unconfirmed(now=NOW + dt.timedelta(days=3)) == 1
    assert list(Signup.objects.all()) == [kept]


def test_a_guest_who_asked_again_lately_is_not_forgotten_yet(client: Client, meeting: Meeting) -> None:
    ask(client, meeting)
    ContactPoint.objects.update(created_at=NOW - dt.timedelta(days=3))
    assert services.purge_unconfirmed(now=NOW) == 0
    assert services.purge_unconfirmed(now=NOW + dt.timedelta(days=3)) == 1


def test_my_meetings_costs_the_same_for_one_and_for_many(
    client: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    user = make_user()
    participant = make_participant(user=user)
    make_signup(participant=participant)
    make_meeting().facilitators.add(user)
    client.force_login(user)
    url = reverse("meetings:my_meetings")
    with django_assert_max_num_queries(26) as one:
        client.get(url)
    for _ in range(3):
        make_signup(participant=participant, occurrence=make_occurrence())
        make_meeting().facilitators.add(user)
    with django_assert_num_queries(len(one)):
        client.get(url)
