"""Dates that somebody asked for as a guest, seen by them as a member with the same address."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts import links
from accounts.models import ContactPoint, User
from meetings.enums import SignupPolicy
from meetings.models import Meeting, Signup
from tests.factories import make_meeting
from tests.factories.meetings import coming_tuesday
from tests.web.test_signin import join

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

ADDRESS = "ana@example.org"


@pytest.fixture
def meeting() -> Meeting:
    return make_meeting(slug="evening-light", name="Evening Light", signup_policy=SignupPolicy.SIGN_UP)


def ask_as_guest(browser: Client, meeting: Meeting) -> Signup:
    form = {"when": coming_tuesday().isoformat(), "email": ADDRESS, "display_name": "Ana"}
    assert browser.post(f"/meetings/{meeting.slug}/sign-up/", form).status_code == 302
    return Signup.objects.latest("pk")


def confirm(browser: Client, signup: Signup) -> str:
    path = reverse("meetings:signup_confirm", args=[links.sign("confirm", signup.public_id)])
    return str(browser.post(path)["Location"])


def test_guest_finds_their_dates_in_a_new_account_and_can_stop_them(client: Client, meeting: Meeting) -> None:
    signup = ask_as_guest(Client(), meeting)
    link = confirm(Client(), signup)
    join(client, ADDRESS)
    page = client.get("/my/meetings/").content.decode()
    assert "Evening Light" in page
    # The link in the old mail shows the same place.
    assert Client().get(link).status_code == 200
    client.post(reverse("meetings:my_signup_cancel", args=[signup.public_id]))
    signup.refresh_from_db()
    assert signup.status == "cancelled"


def test_member_who_signs_up_without_signing_in_finds_that_date_too_and_no_other_twice(
    client: Client, meeting: Meeting
) -> None:
    join(client, ADDRESS)
    link = confirm(Client(), ask_as_guest(Client(), meeting))
    assert Client().get(link).status_code == 200
    assert "Evening Light" in client.get("/my/meetings/").content.decode()
    again = confirm(Client(), ask_as_guest(Client(), meeting))
    assert Client().get(again).status_code == 200
    assert Signup.objects.get().participant.user == User.objects.get()


def test_links_to_a_guests_data_lead_to_signing_in(client: Client, meeting: Meeting) -> None:
    confirm(Client(), ask_as_guest(Client(), meeting))
    guest = ContactPoint.objects.get()
    paths = [
        reverse("accounts:data_by_link", args=[links.sign("data", guest.public_id)]),
        reverse("accounts:keep_by_link", args=[links.sign("keep", guest.public_id)]),
    ]
    assert [Client().get(path).status_code for path in paths] == [200, 200]
    join(client, ADDRESS)
    for path in paths:
        assert Client().get(path)["Location"] == "/my/account/data/"
    # What to be written to about is chosen without, as before.
    choices = reverse("accounts:messages_by_link", args=[links.sign("choices", guest.public_id)])
    assert re.search("Write to me about|checkbox", Client().get(choices).content.decode())


def test_mail_of_a_date_that_is_there_already_is_not_sent_again(client: Client, meeting: Meeting) -> None:
    confirm(Client(), ask_as_guest(Client(), meeting))
    join(client, ADDRESS)
    assert len([each for each in mail.outbox if each.to == [ADDRESS]]) == 1
