"""Whoever cannot be planned for opens their own pages all the same, and is told that no reminder is planned."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.urls import reverse

from accounts import links
from accounts.models import Preferences, User
from accounts.person import of_guest, of_member
from accounts.services.preferences import save_preferences
from meetings.enums import SignupPolicy
from meetings.models import Signup
from meetings.reminders.services import plan
from meetings.services.signups import create_member_signup
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_signup, make_user
from tests.unit.test_reminder_engine import run

pytestmark = pytest.mark.django_db

WORDS = "No reminder is planned: something is wrong on our side."
Spoil = Callable[["Preferences"], None]


def unknown_lead(preferences: Preferences) -> None:
    preferences.booked_leads = ["fortnight"]


def no_list(preferences: Preferences) -> None:
    preferences.booked_leads = 7


@pytest.fixture(params=[unknown_lead, no_list])
def spoil(request: pytest.FixtureRequest) -> Spoil:
    return request.param


def spoilt(preferences: Preferences, spoil: Spoil) -> None:
    spoil(preferences)
    Preferences.objects.filter(pk=preferences.pk).update(booked_leads=preferences.booked_leads)


def guests_place(spoil: Spoil) -> Signup:
    signup = make_signup(occurrence=make_occurrence(meeting=make_meeting(signup_policy=SignupPolicy.SIGN_UP)))
    spoilt(save_preferences(person=of_guest(signup.participant.contact_point), now=NOW), spoil)
    plan.plan_reminders(signups=[signup], now=NOW)
    return signup


def members_place(user: User, spoil: Spoil) -> Signup:
    spoilt(save_preferences(person=of_member(user), now=NOW), spoil)
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP)
    date = make_occurrence(meeting=meeting).original_date
    [signup] = create_member_signup(meeting=meeting, user=user, date=date, every=False, now=NOW)
    return signup


def text(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def test_page_of_a_guests_place(spoil: Spoil) -> None:
    signup = guests_place(spoil)
    assert WORDS in text(Client(), reverse("meetings:signup_manage", args=[links.sign("manage", signup.public_id)]))


@pytest.mark.parametrize(
    ("name", "power"), [("accounts:messages_by_link", "choices"), ("reminders:plan_by_link", "data")]
)
def test_guests_own_pages_open(name: str, power: str, spoil: Spoil) -> None:
    point = guests_place(spoil).participant.contact_point
    text(Client(), reverse(name, args=[links.sign(power, point.public_id)]))


def test_members_dates(client: Client, spoil: Spoil) -> None:
    user = make_user()
    members_place(user, spoil)
    client.force_login(user)
    assert WORDS in text(client, reverse("meetings:my_meetings"))


def test_members_own_pages_open_and_say_so(client: Client, spoil: Spoil) -> None:
    user = make_user()
    members_place(user, spoil)
    client.force_login(user)
    text(client, reverse("accounts:messages"))
    plan = text(client, reverse("reminders:plan"))
    assert WORDS in plan
    assert "When you sign up for a meeting" not in plan


def test_staff_find_who_was_put_aside_in_their_menu(client: Client) -> None:
    user = make_user(is_staff=True)
    TOTP.activate(user, generate_totp_secret())
    client.force_login(user)
    assert f'href="{reverse("reminders:watch_aside")}"' in text(client, reverse("reminders:watch_channels"))


def test_choosing_times_again_mends_it(client: Client, spoil: Spoil) -> None:
    user = make_user()
    signup = members_place(user, spoil)
    client.force_login(user)
    save_preferences(person=of_member(user), booked_leads=["2h"], now=NOW)
    assert WORDS not in text(client, reverse("meetings:my_meetings"))
    assert signup.reminders.unsent().filter(kind="reminder").exists()


def test_confirmation_goes_out_and_says_so(spoil: Spoil) -> None:
    signup = guests_place(spoil)
    plan.plan_confirmation(signups=[signup], now=NOW)
    [letter] = run().letters
    assert WORDS in letter.text
