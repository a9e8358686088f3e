"""A yes and a no for each purpose: recorded, never rewritten, as easy to take back as to give."""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed
from django.test import Client

from accounts import links
from accounts.models import Consent, ContactPoint
from accounts.queries import is_given, wanted_purposes
from accounts.services.consents import choose
from accounts.services.contact_points import member_email
from tests.factories.accounts import make_contact_point, make_user

pytestmark = pytest.mark.django_db

ALL = ["reminders", "changes", "facilitator"]


def words(point: ContactPoint) -> list[tuple[str, bool, str]]:
    return list(Consent.objects.filter(contact_point=point).values_list("purpose", "is_given", "source"))


def test_only_what_changed_is_recorded_and_nothing_is_rewritten(now: dt.datetime) -> None:
    point = make_contact_point()
    choose(contact_point=point, wanted=["reminders"], wording="w1", source="test", now=now)
    assert words(point) == [("reminders", True, "test"), ("changes", False, "test"), ("facilitator", False, "test")]
    assert choose(contact_point=point, wanted=["reminders"], wording="w1", source="test", now=now) == []
    choose(contact_point=point, wanted=[], wording="w1", source="later", now=now + dt.timedelta(days=1))
    assert words(point)[0] == ("reminders", True, "test")
    assert words(point)[-1] == ("reminders", False, "later")
    assert not is_given(point, "reminders")


def test_member_takes_back_and_gives_again(client: Client, now: dt.datetime) -> None:
    user = make_user(email="ana@example.org")
    point = member_email(user=user, now=now)
    client.force_login(user)
    page = client.get("/my/account/messages/").content.decode()
    assert page.count("checked") == 3
    assert client.post("/my/account/messages/", {"wanted": ["changes"]}).status_code == 302
    assert wanted_purposes(point) == ["changes"]
    assert client.get("/my/account/messages/").content.decode().count("checked") == 1
    client.post("/my/account/messages/", {"wanted": ALL})
    assert wanted_purposes(point) == ALL


def test_looking_records_nothing(client: Client) -> None:
    client.force_login(make_user())
    client.get("/my/account/messages/")
    assert not ContactPoint.objects.exists()
    assert not Consent.objects.exists()


def test_guest_has_the_same_from_their_link(client: Client) -> None:
    point = make_contact_point()
    url = f"/my/account/messages/{links.sign('unsubscribe', point.public_id)}/"
    response = client.get(url)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert point.value not in response.content.decode()
    client.post(url, {"wanted": ["reminders"]})
    assert wanted_purposes(point) == ["reminders"]


def test_text_message_needs_a_yes() -> None:
    assert wanted_purposes(make_contact_point(channel="sms", value="+12125550199")) == []


@pytest.mark.parametrize("purpose", ["manage", "confirm"])
def test_link_of_another_kind_opens_nothing(client: Client, purpose: str) -> None:
    point = make_contact_point()
    token = links.sign(purpose, point.public_id)
    assert client.get(f"/my/account/messages/{token}/").status_code == 404
    assert client.post(f"/my/account/messages/{token}/", {"wanted": []}).status_code == 404


def test_unknown_and_forged_links_are_alike(client: Client) -> None:
    for token in (links.sign("unsubscribe", uuid4()), "nonsense", "a~b~c"):
        assert client.get(f"/my/account/messages/{token}/").status_code == 404


def test_unknown_purpose_is_refused(client: Client) -> None:
    client.force_login(make_user())
    assert client.post("/my/account/messages/", {"wanted": ["adverts"]}).status_code == 422


def test_messages_follow_to_a_new_address_with_their_consents(now: dt.datetime) -> None:
    user = make_user(email="old@example.org")
    point = member_email(user=user, now=now)
    choose(contact_point=point, wanted=["changes"], wording="w1", source="test", now=now)
    old = EmailAddress(user=user, email="old@example.org")
    new = EmailAddress(user=user, email="new@example.org")
    email_changed.send(sender=EmailAddress, request=None, user=user, from_email_address=old, to_email_address=new)
    point.refresh_from_db()
    assert point.value == "new@example.org"
    assert ContactPoint.objects.with_value("email", "new@example.org").get() == point
    assert wanted_purposes(point) == ["changes"]
