"""What a lost phone and an old mailbox still open once their owner has signed out everywhere or moved on: nothing."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import get_resolver, reverse

from accounts import links
from accounts.enums import Channel, Purpose
from accounts.models import ContactPoint, User
from accounts.person import of_member
from accounts.queries import is_given, preferences_for, push_subscriptions
from accounts.services.contact_points import member_email
from accounts.services.phones import add_phone, remove_phone
from meetings.models import CalendarAddress, Signup
from meetings.reminders import queries, short_links
from meetings.reminders.enums import ReminderKind
from meetings.reminders.models import Reminder
from meetings.reminders.rendering import Renderer
from meetings.services.calendar_addresses import renew_calendar_address
from support.messaging import Letter
from tests.architecture.test_access import named_patterns
from tests.conftest import NOW
from tests.factories import make_participant, make_reminder, make_signup, make_user
from tests.push_service import Browser
from tests.web.test_accounts_security import CODE, sign_in

pytestmark = pytest.mark.django_db

DEAD = (404, 410)


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
    own.cookies[settings.KNOWN_BROWSER_COOKIE_NAME] = "known"
    own.post("/my/account/sign-out-everywhere/")
    assert browsers_of(user) == []
    assert own.cookies[settings.KNOWN_BROWSER_COOKIE_NAME].value == ""
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


# -- an old mailbox ----------------------------------------------------------------------------------------------------


def letters_to(user: User) -> str:
    """Return all that stands in the messages of every kind that a member was sent, headers included."""
    participant = make_participant(user=user, contact_point=member_email(user=user, now=NOW))
    signup = make_signup(participant=participant)
    told = ""
    for kind in ReminderKind.values:
        row = make_reminder(signup=signup, kind=kind)
        letter = Renderer().render(queries.to_send([row.pk])[0], now=NOW).message
        assert isinstance(letter, Letter)
        told += "\n".join([letter.text, letter.html, *letter.headers.values(), str(letter.calendars)])
    return told


def keys_of(user: User) -> set[str]:
    """Return every address that opens something with a link of some purpose to what is a member's."""
    ids = [ContactPoint.objects.get(user=user, channel=Channel.EMAIL).public_id, Signup.objects.get().public_id]
    doors = [
        route for _name, route in named_patterns(get_resolver()) if route.count("<") == route.count("<str:token>") == 1
    ]
    tokens = [links.sign(purpose, public_id) for purpose in links.LIFETIMES for public_id in ids]
    addresses = {door.replace("<str:token>", token) for door in doors for token in tokens}
    return {address for address in addresses if opens(address)}


def opens(address: str) -> bool:
    return Client().get(address).status_code not in (*DEAD, 405)


def move_to(client: Client, address: str) -> None:
    mail.outbox.clear()
    response = client.post("/accounts/email/", {"email": address, "action_add": ""})
    code = CODE.search(str(mail.outbox[-1].body))
    assert code
    client.post(response["Location"], {"code": code.group()})


def test_links_in_the_old_mailbox_are_dead_once_the_address_has_changed(own: Client, user: User) -> None:
    told = letters_to(user)
    read = {urlsplit(url).path for url in re.findall(r"http://testserver(/[^\s<>\"'?]+)", told)}
    keys = keys_of(user) | {path for path in read if "~" in path}
    assert len(keys) >= 5
    assert [path for path in keys if not opens(path)] == []
    move_to(own, "new@example.org")
    assert list(EmailAddress.objects.values_list("email", flat=True)) == ["new@example.org"]
    assert [path for path in keys if opens(path)] == []
    assert len(keys_of(user)) >= 4, "what is sent to the new address opens the same"


def test_old_mailbox_cannot_silence_the_new_address_or_give_its_place_back(own: Client, user: User) -> None:
    letters_to(user)
    keys = keys_of(user)
    move_to(own, "new@example.org")
    forms: list[dict[str, Any]] = [
        {"List-Unsubscribe": "One-Click"},
        {"what": ["reminders", "changes"]},
        {"wanted": []},
    ]
    for address in keys:
        for form in forms:
            assert Client().post(address, form).status_code in (*DEAD, 405)
        assert Client().post(address + "cancel/").status_code in DEAD
    point = ContactPoint.objects.get(user=user)
    assert (point.value, point.consents.count()) == ("new@example.org", 0)
    assert Signup.objects.get().status == "confirmed"


def test_sessions_that_the_old_mailbox_opened_end_with_it(own: Client, user: User) -> None:
    reader = another_device(user)
    switch_on(reader, 1)
    here = switch_on(own, 2)
    assert reader.get("/my/account/").status_code == 200
    move_to(own, "new@example.org")
    assert browsers_of(user) == [here]
    assert reader.get("/my/account/").status_code == 302
    assert own.get("/my/account/").status_code == 200


def test_code_that_waits_in_the_old_mailbox_opens_nothing_of_whoever_left_it(own: Client, user: User) -> None:
    cache.clear()
    reader = Client()
    mail.outbox.clear()
    form = reader.post("/accounts/login/", {"login": "old@example.org"})["Location"]
    code = CODE.search(str(mail.outbox[0].body))
    assert code
    move_to(own, "new@example.org")
    mail.outbox.clear()
    reader.post(form, {"code": code.group()})
    # It proves that mailbox, like any code that is asked for now: an account of its own, with nothing in it.
    somebody = User.objects.get(email="old@example.org")
    assert reader.session["_auth_user_id"] == str(somebody.pk)
    assert somebody.pk != user.pk
    assert mail.outbox == []
    addresses = EmailAddress.objects.order_by("pk").values_list("user", "email")
    assert list(addresses) == [(user.pk, "new@example.org"), (somebody.pk, "old@example.org")]


def test_places_of_others_keep_their_links(own: Client, user: User) -> None:
    letters_to(user)
    others = make_signup()
    move_to(own, "new@example.org")
    assert (
        Client().get(reverse("meetings:signup_manage", args=[links.sign("manage", others.public_id)])).status_code
        == 200
    )


# -- a number that was given up ---------------------------------------------------------------------------------------


def test_short_links_in_texts_die_with_the_number(user: User) -> None:
    phone = add_phone(user=user, number="+12125550123", wanted=["reminders"], now=NOW)
    row = make_reminder(contact_point=phone, channel=Channel.SMS)
    link = reverse("reminders:short", args=[short_links.sign(row.pk)])
    assert Client().get(link).status_code == 302
    remove_phone(contact_point=phone, now=NOW)
    assert Client().get(link).status_code == 404
    again = add_phone(user=user, number="+12125550123", wanted=["reminders"], now=NOW)
    assert is_given(again, Purpose.REMINDERS)
    assert Client().get(link).status_code == 404, "whoever has the number now has no business with what was sent before"


def test_links_in_notifications_die_with_the_session(own: Client, user: User) -> None:
    point = ContactPoint.objects.get(pk=switch_on(own, 1))
    row = make_reminder(contact_point=point, channel=Channel.PUSH)
    link = reverse("reminders:short", args=[short_links.sign(row.pk)])
    assert Client().get(link).status_code == 302
    own.post("/accounts/logout/")
    assert Client().get(link).status_code == 404
