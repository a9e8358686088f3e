"""A link to a place ends a month after the dates that its message spoke of; one that stops messages does only that."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts import links
from meetings.enums import SignupStatus
from meetings.models import Signup, StandingSignup
from meetings.reminders import queries
from meetings.reminders.enums import ReminderKind
from meetings.reminders.rendering import Renderer
from support.messaging import Letter
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_reminder, make_signup

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
BY_LINK = ["signup_manage", "signup_calendar"]
POSTED = ["meetings:signup_cancel", "meetings:signup_restore", "reminders:anyway_by_link", "reminders:times_by_link"]


def token(signup: Signup) -> str:
    return links.sign("manage", signup.public_id)


def standing_place() -> Signup:
    signup = make_signup()
    signup.standing = StandingSignup.objects.create(
        meeting=signup.occurrence.meeting, participant=signup.participant, created_at=NOW, confirmed_at=NOW
    )
    signup.save()
    return signup


@pytest.mark.parametrize(("after", "is_open"), [(dt.timedelta(0), True), (29 * DAY, True), (31 * DAY, False)])
def test_link_to_a_place_ends_thirty_days_after_its_date(after: dt.timedelta, is_open: bool) -> None:
    signup = make_signup()
    link = token(signup)
    with time_machine.travel(signup.occurrence.ends_at + after, tick=False):
        shown = [Client().get(reverse(f"meetings:{name}", args=[link])).status_code == 200 for name in BY_LINK]
        done = [Client().post(reverse(name, args=[link])).status_code == 302 for name in POSTED]
    assert set(shown + done) == {is_open}


def test_link_to_what_comes_every_time_ends_after_the_dates_of_its_message() -> None:
    signup = standing_place()
    old = token(signup)
    with time_machine.travel(NOW + 57 * DAY, tick=False):
        assert Client().get(reverse("meetings:signup_manage", args=[old])).status_code == 200
    with time_machine.travel(NOW + 59 * DAY, tick=False):
        assert Client().get(reverse("meetings:signup_manage", args=[old])).status_code == 410
        assert Client().get(reverse("meetings:signup_manage", args=[token(signup)])).status_code == 200


def test_link_to_a_date_that_is_months_off_lasts_until_it() -> None:
    far = (NOW + 180 * DAY).date()
    signup = make_signup(occurrence=make_occurrence(meeting=make_meeting(), on=far))
    link = token(signup)
    with time_machine.travel(signup.occurrence.ends_at, tick=False):
        assert Client().get(reverse("meetings:signup_manage", args=[link])).status_code == 200


def test_header_and_foot_of_a_message_stop_by_a_link_that_opens_nothing_else() -> None:
    row = make_reminder(kind=ReminderKind.CONFIRMATION)
    (loaded,) = queries.to_send([row.pk])
    letter = Renderer().render(loaded, now=NOW).message
    assert isinstance(letter, Letter)
    stop = re.search(r"/unsubscribe/([^/>]+)/", letter.headers["List-Unsubscribe"])
    choose = re.search(r"/my/account/messages/([^/\s]+)/", letter.text)
    assert stop
    assert choose
    assert links.read(stop[1], "unsubscribe") == links.read(choose[1], "choices")
    assert Client().get(f"/my/account/messages/{stop[1]}/").status_code == 404


def test_page_that_stops_messages_names_no_meeting_and_leads_to_no_choices() -> None:
    signup = make_signup(occurrence=make_occurrence(meeting=make_meeting(name="Evening Light")))
    path = f"/unsubscribe/{links.sign('unsubscribe', signup.participant.contact_point.public_id)}/"
    client = Client()
    for page in (client.get(path), client.post(path, {"what": ["reminders"]})):
        words = page.content.decode()
        assert page.status_code == 200
        assert not re.search(r"Evening Light|/my/account/messages/|/signups/|/my/reminders/", words)
    assert Signup.objects.get().status == SignupStatus.CONFIRMED
