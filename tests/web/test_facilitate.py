from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from meetings.enums import SignupPolicy, SignupStatus
from meetings.models import Meeting, Occurrence, OccurrenceChange, StandingSignup
from meetings.queries.favourites import favourites_of
from meetings.queries.roster import facilitated_meetings
from meetings.services.occurrences import cancel_occurrence, move_occurrence
from meetings.services.signups import create_member_signup
from meetings.signals import occurrence_cancelled, occurrence_moved
from tests.conftest import NOW
from tests.factories import make_favourite, make_meeting, make_occurrence, make_participant, make_signup, make_user

pytestmark = pytest.mark.django_db

DATE = dt.date(2026, 11, 24)


@pytest.fixture
def meeting() -> Meeting:
    return make_meeting(signup_policy=SignupPolicy.SIGN_UP, capacity=5)


@pytest.fixture
def facilitator(client: Client, meeting: Meeting) -> Client:
    user = make_user()
    meeting.facilitators.add(user)
    client.force_login(user)
    return client


@pytest.fixture
def heard() -> Iterator[list[str]]:
    names: list[str] = []

    def moved(**_kwargs: object) -> None:
        names.append("moved")

    def cancelled(**_kwargs: object) -> None:
        names.append("cancelled")

    occurrence_moved.connect(moved)
    occurrence_cancelled.connect(cancelled)
    yield names
    occurrence_moved.disconnect(moved)
    occurrence_cancelled.disconnect(cancelled)


def url(name: str, meeting: Meeting, date: dt.date | None = DATE) -> str:
    return reverse(f"meetings:{name}", args=[meeting.slug] if date is None else [meeting.slug, date])


def test_my_meetings_shows_what_i_run(facilitator: Client, meeting: Meeting) -> None:
    page = facilitator.get(reverse("meetings:my_meetings")).content.decode()
    assert "Meetings I run" in page
    assert meeting.name in page


def test_meetings_i_run_stand_in_the_order_of_their_next_dates(facilitator: Client, meeting: Meeting) -> None:
    user = User.objects.get()
    monday = make_meeting(name="Zinnia", rrule="FREQ=WEEKLY;BYDAY=WE")
    ended = make_meeting(name="Aster", rrule="FREQ=WEEKLY;BYDAY=MO;UNTIL=20261101")
    user.facilitated_meetings.add(monday, ended)
    put_off = make_occurrence(meeting=meeting, on=dt.date(2026, 11, 17))
    move_occurrence(occurrence=put_off, starts_at=NOW + dt.timedelta(days=3), now=NOW)
    found = [each for each, _date in facilitated_meetings(user, now=NOW)]
    assert found == [monday, meeting, ended]
    page = facilitator.get(reverse("meetings:my_meetings")).content.decode()
    assert page.index("Zinnia") < page.index(meeting.name) < page.index("Aster")
    for name in ("occurrence_move", "occurrence_cancel"):
        assert url(name, meeting, dt.date(2026, 11, 17)) in page, "the next date is a tap away"


def test_meetings_kept_at_hand_stand_in_the_order_of_their_next_dates() -> None:
    user = make_user()
    later, sooner = make_meeting(name="Aster", rrule="FREQ=WEEKLY;BYDAY=MO"), make_meeting(name="Zinnia")
    home = make_meeting(name="Maple", rrule="")
    for meeting in (later, sooner, home):
        make_favourite(user=user, meeting=meeting, is_home_group=meeting == home)
    assert [kept.meeting for kept in favourites_of(user, now=NOW)] == [home, sooner, later]


def test_change_says_from_when_to_when(facilitator: Client, meeting: Meeting) -> None:
    facilitator.post(url("occurrence_move", meeting), {"on": "2026-11-25", "at": "18:30"})
    page = facilitator.get(url("occurrence", meeting)).content.decode()
    assert "Moved from Tue, Nov 24, 7:00\xa0PM to Wed, Nov 25, 6:30\xa0PM" in page.replace("&nbsp;", "\xa0")
    assert "Changed on Tue, Nov 17, 6:00" in page


def test_list_of_dates_names_each_once(facilitator: Client, meeting: Meeting) -> None:
    page = facilitator.get(url("facilitate", meeting, None)).content.decode()
    assert (page.count("Tuesday, November 24"), page.count("Nov 24")) == (1, 0)


def test_dates_show_how_many_come(facilitator: Client, meeting: Meeting) -> None:
    occurrence = make_occurrence(meeting=meeting, on=DATE)
    make_signup(occurrence=occurrence)
    # A place that is offered is held until it is taken or turned down.
    make_signup(occurrence=occurrence, status=SignupStatus.OFFERED, confirmed_at=None)
    make_signup(occurrence=occurrence, status=SignupStatus.WAITLISTED, confirmed_at=None)
    page = facilitator.get(url("facilitate", meeting, None)).content.decode()
    assert "2 of 5 places taken" in page
    assert "1 waiting" in page


@pytest.mark.parametrize("policy", [SignupPolicy.SIGN_UP, SignupPolicy.DROP_IN])
def test_far_dates_tell_of_those_who_asked_for_every_one(
    facilitator: Client, meeting: Meeting, policy: SignupPolicy
) -> None:
    Meeting.objects.update(signup_policy=policy)
    meeting.refresh_from_db()
    for _person in range(2):
        create_member_signup(meeting=meeting, user=make_user(), date=None, every=True, now=NOW)
    asking = make_participant()
    StandingSignup.objects.create(meeting=meeting, participant=asking, created_at=NOW)  # has not confirmed it
    page = facilitator.get(url("facilitate", meeting, None))
    counts = {count.date.original_date: (count.coming, count.every_time) for count in page.context["counts"]}
    near, far = dt.date(2026, 12, 8), dt.date(2026, 12, 22)
    assert (counts[near], counts[far]) == ((2, 0), (0, 2))
    assert page.content.decode().count("plus 2 who asked for every date") == len(counts) - 4
    far_page = facilitator.get(url("occurrence", meeting, far)).content.decode()
    assert "2 people asked for every date and will be added here." in far_page
    assert "asked for every date" not in facilitator.get(url("occurrence", meeting, near)).content.decode()
    # One of them will not come to that one.
    signup = make_signup(
        occurrence=make_occurrence(meeting=meeting, on=far),
        participant=StandingSignup.objects.filter(confirmed_at__isnull=False)[0].participant,
        status=SignupStatus.CANCELLED,
        cancelled_at=NOW,
    )
    assert "1 person asked for every date and" in facilitator.get(url("occurrence", meeting, far)).content.decode()
    assert "plus 1 who asked for every date" in facilitator.get(url("facilitate", meeting, None)).content.decode()
    Meeting.objects.update(is_temporarily_closed=True)
    assert "asked for every date" not in facilitator.get(url("occurrence", meeting, far)).content.decode()
    Meeting.objects.update(is_temporarily_closed=False)
    cancel_occurrence(occurrence=signup.occurrence, message="", now=NOW)
    assert "asked for every date" not in facilitator.get(url("occurrence", meeting, far)).content.decode()


def test_the_roster_shows_chosen_names_and_no_address(facilitator: Client, meeting: Meeting) -> None:
    occurrence = make_occurrence(meeting=meeting, on=DATE)
    named = make_signup(occurrence=occurrence, participant=make_participant(display_name="Robin"))
    make_signup(occurrence=occurrence)
    page = facilitator.get(url("occurrence", meeting)).content.decode()
    assert "Robin" in page
    assert "Guest" in page
    assert named.participant.contact_point.value not in page


def test_a_name_that_a_member_took_back_is_shown_no_more(facilitator: Client, meeting: Meeting) -> None:
    user = make_user(display_name="Robin")
    create_member_signup(meeting=meeting, user=user, date=DATE, every=False, now=NOW)
    assert "Robin" in facilitator.get(url("occurrence", meeting)).content.decode()
    own = Client()
    own.force_login(user)
    chosen = {"display_name": "", "tz": user.tz, "language": user.language, "hour_cycle": user.hour_cycle}
    assert own.post(reverse("accounts:settings"), chosen).status_code == 302
    page = facilitator.get(url("occurrence", meeting)).content.decode()
    assert "Robin" not in page
    assert "Guest" in page


def test_a_drop_in_meeting_shows_a_number_and_no_names(facilitator: Client, meeting: Meeting) -> None:
    Meeting.objects.update(signup_policy=SignupPolicy.DROP_IN, capacity=None)
    occurrence = make_occurrence(meeting=meeting, on=DATE)
    make_signup(occurrence=occurrence, participant=make_participant(display_name="Robin"))
    page = facilitator.get(url("occurrence", meeting)).content.decode()
    assert "Robin" not in page
    assert "1 person asked for a reminder" in page
    assert "Who is coming" not in page


def test_moving_a_date_tells_everyone_once(facilitator: Client, meeting: Meeting, heard: list[str]) -> None:
    posted = {"on": "2026-11-25", "at": "18:30", "message": "The hall is being painted."}
    for _ in range(2):
        assert facilitator.post(url("occurrence_move", meeting), posted).status_code == 302
    occurrence = Occurrence.objects.get()
    assert occurrence.original_date == DATE
    assert occurrence.starts_at == dt.datetime(2026, 11, 25, 23, 30, tzinfo=dt.UTC)
    assert occurrence.ends_at - occurrence.starts_at == dt.timedelta(minutes=90)
    assert occurrence.schedule_seq == 1
    assert [change.message for change in occurrence.changes.all()] == ["The hall is being painted."]
    assert heard == ["moved"]
    assert "Moved from Tue, Nov 24" in facilitator.get(url("occurrence", meeting)).content.decode()


@pytest.mark.parametrize(
    ("name", "posted", "words"),
    [
        ("occurrence_move", {"on": "2026-11-25", "at": "18:30"}, "It already starts then. Nobody is told again."),
        ("occurrence_cancel", {}, "It’s already canceled. Nobody is told again."),
    ],
)
def test_what_is_so_already_is_not_called_a_change(
    facilitator: Client, meeting: Meeting, heard: list[str], name: str, posted: dict[str, str], words: str
) -> None:
    facilitator.post(url(name, meeting), posted)
    facilitator.get(url("occurrence", meeting))
    OccurrenceChange.objects.update(created_at=NOW - dt.timedelta(hours=1))
    page = facilitator.post(url(name, meeting), posted, follow=True).content.decode()
    assert words in page
    assert "letting people know" not in page
    assert len(heard) == 1


def test_page_that_would_change_a_date_says_first_that_it_cannot(facilitator: Client, meeting: Meeting) -> None:
    assert "This date is not canceled." in facilitator.get(url("occurrence_restore", meeting)).content.decode()
    facilitator.post(url("occurrence_cancel", meeting), {})
    for name in ("occurrence_move", "occurrence_cancel"):
        page = facilitator.get(url(name, meeting)).content.decode()
        assert "This date is canceled." in page
        assert "notify everyone" not in page
        assert "Back to this date" in page


def test_cancelling_a_date_tells_everyone_once(facilitator: Client, meeting: Meeting, heard: list[str]) -> None:
    assert "Cancel this date?" in facilitator.get(url("occurrence_cancel", meeting)).content.decode()
    assert not Occurrence.objects.exists()
    for _ in range(2):
        assert facilitator.post(url("occurrence_cancel", meeting), {"message": ""}).status_code == 302
    assert Occurrence.objects.get().is_cancelled
    assert heard == ["cancelled"]


def test_a_cancelled_date_is_not_moved(facilitator: Client, meeting: Meeting, heard: list[str]) -> None:
    facilitator.post(url("occurrence_cancel", meeting), {})
    answer = facilitator.post(url("occurrence_move", meeting), {"on": "2026-11-25", "at": "18:30"})
    assert answer.status_code == 422
    assert "This date is canceled" in answer.content.decode()
    assert heard == ["cancelled"]


@pytest.mark.parametrize(
    ("on", "at", "words"),
    [
        ("2026-11-16", "19:00", "That is in the past"),
        ("2026-11-17", "17:59", "That is in the past"),
        ("2026-11-17", "18:00", "That is in the past"),
        ("2030-01-01", "19:00", "within the next year"),
        ("2027-03-14", "02:30", "this time does not exist"),
        ("", "19:00", "Choose a date"),
        ("2026-11-25", "", "Choose a time"),
        ("tomorrow", "19:00", "Enter a date like"),
        ("2026-11-25", "25:00", "Enter a time like"),
        ("9999-12-31", "23:59", "within the next year"),
    ],
)
def test_a_time_that_cannot_be_says_why(
    facilitator: Client, meeting: Meeting, heard: list[str], on: str, at: str, words: str
) -> None:
    answer = facilitator.post(url("occurrence_move", meeting), {"on": on, "at": at, "message": "Kept"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert "Kept" in page
    assert heard == []


@pytest.mark.parametrize("name", ["facilitate", "occurrence", "occurrence_move", "occurrence_cancel"])
def test_others_see_what_is_not_there(client: Client, meeting: Meeting, name: str) -> None:
    address = url(name, meeting, None if name == "facilitate" else DATE)
    assert client.get(address).status_code == 302
    client.force_login(make_user())
    absent = address.replace(meeting.slug, "no-such-meeting")
    for answer, of_absent in ((client.get(address), client.get(absent)), (client.post(address), client.post(absent))):
        assert answer.status_code == of_absent.status_code
        assert answer.status_code in (404, 405)
    assert not Occurrence.objects.exists()


def test_a_date_that_the_rule_does_not_have_is_not_there(facilitator: Client, meeting: Meeting) -> None:
    assert facilitator.get(url("occurrence", meeting, dt.date(2026, 11, 25))).status_code == 404
    assert facilitator.get(f"/my/meetings/{meeting.slug}/2026-02-31/").status_code == 404


def test_move_page_in_spanish_ends_the_time_with_one_stop(facilitator: Client, meeting: Meeting) -> None:
    User.objects.update(language="es")
    page = facilitator.get(url("occurrence_move", meeting)).content.decode().replace("&nbsp;", "\xa0")
    assert "7:00–8:30\xa0p.\xa0m.</p>" in page
    assert "m.." not in page
