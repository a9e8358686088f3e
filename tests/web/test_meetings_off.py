"""Pages about a meeting that is off, in doubt or elsewhere: none promises it, and whoever looks after it decides."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import translation
from icalendar import Calendar

from accounts import links
from accounts.models import User
from meetings.enums import MeetingKind, MeetingState, SignupPolicy, SignupStatus
from meetings.models import Coordinator, Meeting, Signup
from meetings.reminders.enums import ReminderKind
from meetings.reminders.models import Reminder
from meetings.reminders.services import plan
from meetings.services import missing
from meetings.services.calendar_addresses import renew_calendar_address
from meetings.services.listings import close
from meetings.services.signups import create_member_signup
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_signup, make_user, make_venue
from tests.unit.test_meetings_off import MINUTE, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def meeting() -> Meeting:
    return make_meeting(
        slug="evening-light",
        name="Evening Light",
        signup_policy=SignupPolicy.SIGN_UP,
        venue=make_venue(name="Elm House", street="12 Elm Street"),
    )


@pytest.fixture
def signup(meeting: Meeting) -> Signup:
    made = make_signup(occurrence=make_occurrence(meeting=meeting))
    plan.plan_reminders(signups=[made], now=NOW)
    return made


def words(response_body: bytes) -> str:
    main = response_body.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def manage(signup: Signup) -> str:
    return words(Client().get(reverse("meetings:signup_manage", args=[links.sign("manage", signup.public_id)])).content)


def with_second_factor(user: User) -> Client:
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "unused"})
    client = Client()
    client.force_login(user)
    return client


PROMISES = ("We’ll email you", "You have a place", "If anything changes", "Add to a calendar", "Give this place back")


def test_page_of_a_place_promises_nothing_while_its_meeting_is_off(meeting: Meeting, signup: Signup) -> None:
    assert "We’ll email you" in manage(signup)

    write(meeting, is_temporarily_closed=True)
    closed = manage(signup)
    write(meeting, is_temporarily_closed=False, is_published=False)
    hidden = manage(signup)

    assert "Closed for now" in closed
    assert "This is no longer on" in hidden
    assert [each for each in PROMISES if each in closed + hidden] == []
    assert 'href="/meetings/evening-light/"' not in hidden


def test_page_of_a_place_says_that_nobody_knows_and_whom_to_ask(meeting: Meeting, signup: Signup) -> None:
    meeting.service_body.helpline = "+15185550100"
    meeting.service_body.save()
    missing.take_down([meeting.pk], now=NOW)

    page = manage(signup)

    assert "We’re not sure this is on" in page
    assert "Who to ask" in page
    assert "(518) 555-0100" in page
    assert "We’ll email you" not in page
    # Who cannot come either way may say so.
    assert "Give this place back" in page


def test_calendars_of_a_place_and_of_a_member_leave_out_what_is_off(meeting: Meeting) -> None:
    user = make_user()
    create_member_signup(meeting=meeting, user=user, date=None, every=True, now=NOW)
    address = reverse("meetings:my_calendar", args=[renew_calendar_address(user=user, now=NOW).token])
    token = links.sign("manage", Signup.objects.earliest("occurrence__starts_at").public_id)

    def dates() -> int:
        return len(Calendar.from_ical(Client().get(address).content).walk("VEVENT"))

    assert dates() == 4
    missing.take_down([meeting.pk], now=NOW)
    assert dates() == 4
    missing.end(meeting=meeting, now=NOW)
    assert dates() == 0
    assert "method=CANCEL" in Client().get(reverse("meetings:signup_calendar", args=[token])).headers["Content-Type"]


def test_my_meetings_says_that_it_is_off_and_offers_nothing_of_it(meeting: Meeting, client: Client) -> None:
    user = make_user()
    create_member_signup(meeting=meeting, user=user, date=None, every=True, now=NOW)
    client.force_login(user)
    assert "We’ll email you" in words(client.get("/my/meetings/").content)

    close(meetings=[meeting], now=NOW)
    page = client.get("/my/meetings/").content

    assert "No longer on" in words(page)
    assert "We’ll email you" not in words(page)
    assert b'href="/meetings/evening-light/"' not in page.partition(b'id="coming-heading"')[2].partition(b"</ol>")[0]
    assert "I can’t come" not in words(page)


def test_guest_confirms_nothing_while_it_is_off_and_can_once_it_is_on(meeting: Meeting) -> None:
    asked = make_signup(occurrence=make_occurrence(meeting=meeting), status=SignupStatus.PENDING)
    address = reverse("meetings:signup_confirm", args=[links.sign("confirm", asked.public_id)])

    write(meeting, is_published=False)
    assert Client().post(address).status_code == 410
    asked.refresh_from_db()
    assert asked.status == SignupStatus.PENDING
    write(meeting, at=NOW + MINUTE, is_published=True)

    assert Client().post(address).status_code == 302
    asked.refresh_from_db()
    assert asked.status == SignupStatus.CONFIRMED


@pytest.mark.parametrize("language", ["en", "es"])
def test_page_behind_the_news_says_the_old_place_and_the_new(meeting: Meeting, signup: Signup, language: str) -> None:
    write(meeting, at=NOW + MINUTE, street="14 Oak Avenue")

    client = Client(headers={"accept-language": language})
    token = links.sign("manage", signup.public_id)
    page = words(client.get(reverse("meetings:signup_manage", args=[token])).content)

    assert "Elm House, 12 Elm Street, Albany" in page
    assert "Elm House, 14 Oak Avenue" in page
    with translation.override(language):
        assert translation.gettext("This has changed") in page


def test_page_of_a_family_session_gives_no_old_link_away(meeting: Meeting) -> None:
    Meeting.objects.filter(pk=meeting.pk).update(
        kind=MeetingKind.FAMILY_SESSION, venue_type="online", conference_url="https://old.example/1"
    )
    waits = make_signup(occurrence=make_occurrence(meeting=meeting), status=SignupStatus.WAITLISTED)

    write(meeting, at=NOW + MINUTE, conference_url="https://new.example/2")
    page = manage(waits)

    assert "The link or the number to join is new." in page
    assert "example/" not in page


@pytest.mark.parametrize("role", ["coordinator", "staff"])
@pytest.mark.parametrize(("answer", "state"), [("1", MeetingState.ON), ("0", MeetingState.OFF)])
def test_whoever_looks_after_a_lost_meeting_decides_once(
    meeting: Meeting, signup: Signup, role: str, answer: str, state: MeetingState
) -> None:
    user = make_user(is_staff=role == "staff")
    if role == "coordinator":
        Coordinator.objects.create(service_body=meeting.service_body, user=user, since=NOW)
    client = with_second_factor(user)
    missing.take_down([meeting.pk], now=NOW)
    # Who came in the past is nobody to tell.
    make_signup(occurrence=make_occurrence(meeting=meeting, on=(NOW - dt.timedelta(days=7)).date()))
    page = words(client.get("/my/missing/").content)
    assert "Evening Light" in page
    assert "1 person asked to come." in page
    assert "Without an answer by" not in page
    missing.ask(now=NOW)
    assert "Without an answer by Wed, Nov 18, 6:00 PM" in words(client.get("/my/missing/").content)

    # Neither the one nor the other is no answer.
    for nothing in ({}, {"is_on": "yes"}):
        assert client.post("/my/missing/evening-light/", nothing).status_code == 400
    if answer == "0":
        # Everyone is told, so it is asked once more.
        asked = words(client.post("/my/missing/evening-light/", {"is_on": "0"}).content)
        assert "Tell everyone it’s off?" in asked
        assert "1 person asked to come." in asked
        meeting.refresh_from_db()
        assert meeting.state is MeetingState.IN_DOUBT
    for said in (answer, "1" if answer == "0" else "0"):
        assert client.post("/my/missing/evening-light/", {"is_on": said, "is_sure": "1"}).status_code == 302

    meeting.refresh_from_db()
    assert meeting.state is state
    assert "Nothing to decide" in words(client.get("/my/missing/").content)
    news = Reminder.objects.unsent().exclude(kind=ReminderKind.REMINDER)
    assert [each.kind for each in news] == ([] if answer == "1" else [ReminderKind.OFF])


def test_lost_meeting_of_another_service_body_is_nobody_elses_to_decide(meeting: Meeting, signup: Signup) -> None:
    user = make_user()
    Coordinator.objects.create(service_body=make_meeting().service_body, user=user, since=NOW)
    client = with_second_factor(user)
    missing.take_down([meeting.pk], now=NOW)

    assert "Evening Light" not in words(client.get("/my/missing/").content)
    assert client.post("/my/missing/evening-light/", {"is_on": "0"}).status_code == 404


def test_page_of_lost_meetings_takes_the_same_queries_for_many(meeting: Meeting, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    client = with_second_factor(make_user(is_staff=True))
    lost = [meeting, *(make_meeting() for _n in range(6))]
    for each in lost:
        make_signup(occurrence=make_occurrence(meeting=each))
    missing.take_down([each.pk for each in lost], now=NOW)

    with django_assert_max_num_queries(8):
        assert client.get("/my/missing/").status_code == 200


def test_facilitator_reads_that_it_is_off(meeting: Meeting, signup: Signup, client: Client) -> None:
    user = make_user()
    meeting.facilitators.add(user)
    client.force_login(user)
    missing.take_down([meeting.pk], now=NOW)
    assert "reminders wait" in words(client.get("/my/meetings/evening-light/").content)

    missing.end(meeting=meeting, now=NOW)
    assert "No reminders go out" in words(client.get("/my/meetings/evening-light/").content)


def test_admin_deletes_no_meeting_that_somebody_asked_for_and_closes_it_for_good(
    meeting: Meeting, signup: Signup
) -> None:
    free = make_meeting()
    client = with_second_factor(make_user(is_staff=True, is_superuser=True))
    assert client.post(f"/admin/meetings/meeting/{meeting.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"_selected_action": str(meeting.pk), "post": "yes"}
    client.post("/admin/meetings/meeting/", {"action": "delete_selected", **chosen})
    assert Meeting.objects.filter(pk=meeting.pk).exists()

    assert client.post("/admin/meetings/meeting/", {"action": "close", **chosen}).status_code == 302
    assert client.post(f"/admin/meetings/meeting/{free.pk}/delete/", {"post": "yes"}).status_code == 302

    meeting.refresh_from_db()
    assert meeting.state is MeetingState.OFF
    assert Reminder.objects.unsent().get().kind == ReminderKind.OFF
    assert not Meeting.objects.filter(pk=free.pk).exists()


def test_admin_says_how_many_it_closed_and_a_second_time_that_nothing_changed(meeting: Meeting, signup: Signup) -> None:
    doubtful = make_meeting()
    make_signup(occurrence=make_occurrence(meeting=doubtful))
    missing.take_down([doubtful.pk], now=NOW)
    client = with_second_factor(make_user(is_staff=True, is_superuser=True))
    chosen = {"action": "close", "_selected_action": [meeting.pk, doubtful.pk]}

    first, second = (client.post("/admin/meetings/meeting/", chosen, follow=True).content.decode() for _ in range(2))

    assert "No longer shown: 2. Everyone who signed up is told." in first
    assert ("Everyone who signed up is told." in second, "Nothing changed" in second) == (False, True)
    assert {each.state for each in Meeting.objects.all()} == {MeetingState.OFF}


@pytest.mark.parametrize("path", ["venue/{venue}", "servicebody/{body}"])
def test_admin_deletes_no_place_or_body_of_a_meeting(meeting: Meeting, signup: Signup, path: str) -> None:
    client = with_second_factor(make_user(is_staff=True, is_superuser=True))
    what = path.format(venue=meeting.venue_id, body=meeting.service_body_id)

    answer = client.post(f"/admin/meetings/{what}/delete/", {"post": "yes"})

    assert answer.status_code == 200
    assert Meeting.objects.filter(pk=meeting.pk).exists()
    assert Signup.objects.filter(pk=signup.pk).exists()
