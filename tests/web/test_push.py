from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.enums import Channel, Purpose
from accounts.models import Consent, ContactPoint, User
from accounts.person import of_member
from accounts.queries import preferences_for, push_subscriptions
from accounts.services.push_subscriptions import forget, subscribe
from meetings.enums import SignupPolicy
from meetings.models import Signup
from meetings.reminders.enums import ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services.plan import plan_reminders
from meetings.reminders.services.push import GONE, turn_on
from support.vapid import public_key
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_reminder, make_signup, make_user
from tests.push_service import Browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> User:
    return make_user()


@pytest.fixture
def signed_in(client: Client, member: User) -> Client:
    client.force_login(member)
    return client


@pytest.fixture
def phone() -> Browser:
    return Browser("http://127.0.0.1:9/push/one")


def post(client: Client, name: str, phone: Browser) -> int:
    return client.post(reverse(f"reminders:{name}"), {"subscription": phone.subscription}).status_code


def test_turning_on_twice_keeps_one_browser_and_one_yes_for_each_purpose(
    signed_in: Client, member: User, phone: Browser
) -> None:
    assert post(signed_in, "push_on", phone) == post(signed_in, "push_on", phone) == 204
    (point,) = push_subscriptions(member)
    assert (point.channel, point.verified_at) == (Channel.PUSH, NOW)
    words = Consent.objects.filter(contact_point=point).values_list("purpose", "is_given", "source", "wording")
    assert sorted(words) == [
        (Purpose.CHANGES, True, "notification button", "push-2026-11"),
        (Purpose.REMINDERS, True, "notification button", "push-2026-11"),
    ]


def test_subscription_is_sealed_in_the_database(signed_in: Client, phone: Browser) -> None:
    post(signed_in, "push_on", phone)
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM accounts_contactpoint WHERE channel = 'push'")
        (stored,) = cursor.fetchone()
    assert "127.0.0.1" not in stored
    assert ContactPoint.objects.get().value.startswith('{"endpoint":"http://127.0.0.1')


def test_turning_off_forgets_the_browser_and_what_was_to_go_there(
    signed_in: Client, member: User, phone: Browser
) -> None:
    post(signed_in, "push_on", phone)
    point = ContactPoint.objects.get()
    waiting = make_reminder(contact_point=point, channel=Channel.PUSH)
    sent = make_reminder(ReminderState.ACCEPTED, contact_point=point, channel=Channel.PUSH)
    by_mail = make_reminder()
    assert post(signed_in, "push_off", phone) == post(signed_in, "push_off", phone) == 204
    assert push_subscriptions(member) == []
    point.refresh_from_db()
    assert (point.value, point.verified_at) == (f"gone:{point.public_id}", None)
    assert [consent.is_given for consent in point.consents.all()] == [True, True, False, False]
    for reminder, state in ((waiting, "skipped"), (sent, "accepted"), (by_mail, "planned")):
        reminder.refresh_from_db()
        assert reminder.state == state
    assert [event.detail for event in waiting.events.all()] == [GONE]


def test_a_browser_that_is_forgotten_twice_says_no_once(member: User, phone: Browser) -> None:
    point = subscribe(user=member, subscription=phone.subscription, now=NOW)
    for _ in range(2):
        forget(contact_point=point, source="test", now=NOW)
    assert [consent.is_given for consent in point.consents.all()] == [True, True, False, False]


def test_turning_on_again_afterwards_starts_anew(signed_in: Client, member: User, phone: Browser) -> None:
    for name in ("push_on", "push_off", "push_on"):
        assert post(signed_in, name, phone) == 204
    (point,) = push_subscriptions(member)
    assert [consent.is_given for consent in point.consents.all()] == [True, True]


def test_a_shared_browser_is_its_last_subscribers(signed_in: Client, member: User, phone: Browser) -> None:
    other = make_user()
    post(signed_in, "push_on", phone)
    waiting = make_reminder(contact_point=push_subscriptions(member)[0], channel=Channel.PUSH)
    turn_on(user=other, subscription=push_subscriptions(member)[0].value, now=NOW)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("skipped", GONE)
    assert Reminder.objects.get(channel=Channel.EMAIL).signup == waiting.signup
    assert push_subscriptions(member) == []
    assert len(push_subscriptions(other)) == 1
    # Who lost it cannot end it for the other.
    assert post(signed_in, "push_off", phone) == 204
    assert len(push_subscriptions(other)) == 1


def test_the_oldest_browser_makes_room_for_a_ninth(signed_in: Client, member: User) -> None:
    for number in range(9):
        with time_machine.travel(NOW + dt.timedelta(hours=number), tick=False):
            post(signed_in, "push_on", Browser(f"http://127.0.0.1:9/push/{number}"))
    endpoints = [point.value.split('"')[3].rpartition("/")[2] for point in push_subscriptions(member)]
    assert endpoints == list("87654321")


@pytest.mark.parametrize("name", ["push_on", "push_off"])
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"subscription": "{}"},
        {"subscription": "[" * 1999},
        {"subscription": '{"endpoint":"https://evil.example/"}'},
    ],
)
def test_what_is_no_subscription_is_refused(signed_in: Client, name: str, given: dict[str, str]) -> None:
    assert signed_in.post(reverse(f"reminders:{name}"), given).status_code == 422
    assert not ContactPoint.objects.exists()


def test_half_a_character_in_a_subscription_is_refused(signed_in: Client, phone: Browser) -> None:
    """It would break the member's own page for good."""
    phone.endpoint += "\ud800"
    assert post(signed_in, "push_on", phone) == 422
    assert signed_in.get(reverse("meetings:my_meetings")).status_code == 200


def test_without_csrf_token_nothing_is_taken(member: User, phone: Browser) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(member)
    assert post(client, "push_on", phone) == 403
    assert not ContactPoint.objects.exists()


def test_page_knows_its_browsers_by_hash_alone(signed_in: Client, phone: Browser) -> None:
    post(signed_in, "push_on", phone)
    page = signed_in.get(reverse("meetings:my_meetings")).content.decode()
    assert f'data-key="{public_key(settings.VAPID_PRIVATE_KEY)}"' in page
    assert f'data-known="{hashlib.sha256(phone.endpoint.encode()).hexdigest()}"' in page
    assert phone.endpoint not in page
    assert 'data-scope="/my/push/"' in page
    # Hidden until a script has seen that the browser can.
    panel = page[page.index("<section", page.index("push-heading") - 200) :]
    assert " hidden data-push " in panel[: panel.index(">")]


def test_worker_is_a_script_with_one_address_and_the_site_s_policy(client: Client, settings: Any) -> None:
    settings.SENDER_NAME = 'The "Quiet" Site'
    answer = client.get("/my/push/worker.js")
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    text = answer.content.decode()
    assert '"The \\u0022Quiet\\u0022 Site"' in text
    assert "fetch" not in text


# -- where reminders go ----------------------------------------------------------------------------------------------


def booked(member: User) -> Signup:
    """A place a week away with its reminders planned, as signing up does."""
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP)
    signup = make_signup(occurrence=make_occurrence(meeting=meeting), participant=make_participant(user=member))
    plan_reminders(signups=[signup], now=NOW)
    return signup


def planned() -> list[tuple[str, int]]:
    """Where reminders are planned to go, by channel and contact point."""
    rows = Reminder.objects.filter(state=ReminderState.PLANNED).order_by("due_at")
    return list(rows.values_list("channel", "contact_point"))


def test_reminders_follow_the_button(signed_in: Client, member: User, phone: Browser) -> None:
    signup = booked(member)
    by_email = [("email", signup.participant.contact_point_id)] * 2
    assert planned() == by_email
    post(signed_in, "push_on", phone)
    (point,) = push_subscriptions(member)
    assert planned() == [("push", point.pk)] * 2
    assert preferences_for(of_member(member)).reminder_channel == Channel.PUSH
    assert preferences_for(of_member(member)).change_channel == Channel.EMAIL
    post(signed_in, "push_off", phone)
    assert planned() == by_email
    assert preferences_for(of_member(member)).reminder_channel == Channel.EMAIL


def test_with_two_browsers_the_newest_is_reminded_and_the_other_takes_over(
    signed_in: Client, member: User, phone: Browser
) -> None:
    booked(member)
    post(signed_in, "push_on", phone)
    (first,) = push_subscriptions(member)
    second = Browser("http://127.0.0.1:9/push/two")
    with time_machine.travel(NOW + dt.timedelta(hours=1), tick=False):
        post(signed_in, "push_on", second)
        assert planned() == [("push", push_subscriptions(member)[0].pk)] * 2
        assert push_subscriptions(member)[0] != first
        post(signed_in, "push_off", second)
    assert planned() == [("push", first.pk)] * 2
    assert preferences_for(of_member(member)).reminder_channel == Channel.PUSH
