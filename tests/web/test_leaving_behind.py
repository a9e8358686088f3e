"""What a lost phone still gets once its owner has signed out everywhere: nothing."""

from __future__ import annotations

import pytest
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.enums import Channel
from accounts.models import ContactPoint, User
from accounts.person import of_member
from accounts.queries import preferences_for, push_subscriptions
from meetings.models import CalendarAddress
from meetings.reminders.models import Reminder
from meetings.services.calendar_addresses import renew_calendar_address
from tests.conftest import NOW
from tests.factories import make_reminder, make_user
from tests.push_service import Browser
from tests.web.test_accounts_security import sign_in

pytestmark = pytest.mark.django_db

DEAD = (404, 410)


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def user() -> User:
    return make_user(email="old@example.org")


@pytest.fixture
def own(client: Client, user: User) -> Client:
    sign_in(client, user)
    return client


# -- a lost phone ------------------------------------------------------------------------------------------------------


def switch_on(client: Client, number: int) -> int:
    """Switch notifications on in a browser; return the number of the subscription."""
    browser = Browser(f"http://127.0.0.1:9/push/{number}")
    assert client.post(reverse("reminders:push_on"), {"subscription": browser.subscription}).status_code == 204
    return ContactPoint.objects.filter(channel=Channel.PUSH).latest("pk").pk


def browsers_of(user: User) -> list[int]:
    return sorted(point.pk for point in push_subscriptions(user))


def another_device(user: User) -> Client:
    cache.clear()
    other = Client()
    sign_in(other, user)
    return other


def test_signing_out_everywhere_ends_notifications_and_says_by_email_what_was_to_go_there(
    own: Client, user: User
) -> None:
    switch_on(another_device(user), 1)
    here = switch_on(own, 2)
    reminder = make_reminder(contact_point=ContactPoint.objects.get(pk=here), channel=Channel.PUSH)
    assert own.get("/accounts/sessions/").status_code == 200
    assert len(browsers_of(user)) == 2, "looking ends nothing"
    own.post("/my/account/sign-out-everywhere/")
    assert browsers_of(user) == []
    assert not UserSession.objects.filter(user=user).exists()
    assert preferences_for(of_member(user)).reminder_channel == Channel.EMAIL
    reminder.refresh_from_db()
    assert reminder.state == "skipped"
    assert Reminder.objects.filter(channel=Channel.EMAIL, signup=reminder.signup).exists()


def test_signing_out_everywhere_else_spares_this_browser(own: Client, user: User) -> None:
    switch_on(another_device(user), 1)
    here = switch_on(own, 2)
    own.post("/accounts/sessions/")
    assert browsers_of(user) == [here]
    assert own.get("/my/account/").status_code == 200


def test_signing_out_ends_notifications_in_this_browser_alone(own: Client, user: User) -> None:
    elsewhere = switch_on(another_device(user), 1)
    switch_on(own, 2)
    own.post("/accounts/logout/")
    assert browsers_of(user) == [elsewhere]


def test_signing_out_leaves_a_browser_to_who_has_it_now(own: Client, user: User) -> None:
    switch_on(own, 1)
    other = make_user()
    theirs = switch_on(another_device(other), 1)
    own.post("/accounts/logout/")
    assert browsers_of(other) == [theirs]


def test_new_calendar_address_is_offered_where_one_signs_out(own: Client, user: User) -> None:
    offer = reverse("meetings:calendar_address")
    assert offer not in own.get("/accounts/sessions/").content.decode()
    before = renew_calendar_address(user=user, now=NOW).token
    old = reverse("meetings:my_calendar", args=[before])
    assert offer in own.get("/accounts/sessions/").content.decode()
    assert Client().get(old).status_code == 200, "looking ends nothing"
    page = own.post(offer, {"action": "renew"}, follow=True).content.decode()
    assert Client().get(old).status_code == 404
    assert CalendarAddress.objects.get().token in page


def test_session_that_removes_the_password_can_be_ended_from_elsewhere(client: Client) -> None:
    user = make_user(password="correct horse battery")
    sign_in(client, user)
    other = another_device(user)
    client.post("/my/account/password/remove/")
    assert client.get("/my/account/").status_code == 200
    # The other one has ended with the password.
    other = another_device(user)
    other.post("/accounts/sessions/")
    assert client.get("/my/account/").status_code == 302
