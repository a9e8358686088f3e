"""Texts that a person should read: who may, what they see, what they can do, and when it is gone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from accounts.enums import Channel, Purpose
from accounts.models import AccessRecord, Suppression, User
from accounts.person import of_member
from accounts.queries import is_given
from accounts.services.consents import record_consent
from accounts.services.erasure import erase
from accounts.signals import data_asked
from meetings.reminders.models import InboundText
from meetings.reminders.services import inbound
from support.messaging.sms_results import Inbound
from tests.conftest import NOW
from tests.factories import make_contact_point, make_user

pytestmark = pytest.mark.django_db

NUMBER = "+12025550143"
LIST = "admin:reminders_inboundtext_changelist"


@pytest.fixture
def staff(client: Client) -> Client:
    user = make_user(is_staff=True, is_superuser=True)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "unused"})
    client.force_login(user)
    return client


def writer() -> User:
    """A member with a phone that said yes to reminders."""
    user = make_user()
    phone = make_contact_point(user=user, channel=Channel.SMS, value=NUMBER)
    record_consent(
        contact_point=phone,
        purpose=Purpose.REMINDERS,
        is_given=True,
        wording="w",
        source="test",
        now=NOW - dt.timedelta(days=1),
    )
    return user


def written(text: str) -> InboundText:
    inbound.take(inbound=Inbound(f"SM-{text}", NUMBER, text), now=NOW)
    return InboundText.objects.get()


def act(staff: Client, action: str, row: InboundText) -> int:
    return staff.post(reverse(LIST) + "?waiting=all", {"action": action, "_selected_action": [row.pk]}).status_code


def test_list_shows_what_waits_and_no_words(staff: Client) -> None:
    row = written("I can't stop smiling")
    page = staff.get(reverse(LIST)).content.decode()
    assert f"#{row.pk}" in page
    assert "smiling" not in page
    act(staff, "mark_read", row)
    assert f"#{row.pk}<" not in staff.get(reverse(LIST)).content.decode()
    assert f"#{row.pk}<" in staff.get(reverse(LIST) + "?waiting=all").content.decode()


def test_page_shows_the_words_and_hides_the_number_and_looking_is_recorded(staff: Client) -> None:
    user = writer()
    row = written("I can't stop smiling")
    page = staff.get(reverse("admin:reminders_inboundtext_change", args=[row.pk])).content.decode()
    assert "stop smiling" in page
    assert NUMBER not in page
    assert "•••43" in page
    assert AccessRecord.objects.filter(about_user=user).count() == 1
    row.refresh_from_db()
    assert row.seen_at is None  # looking changes nothing


def test_person_can_undo_a_stop_that_was_none(staff: Client) -> None:
    user = writer()
    row = written("maybe we stop")
    assert Suppression.objects.exists()
    assert act(staff, "undo_stop", row) == 302
    assert not Suppression.objects.exists()
    assert is_given(user.contact_points.get(channel=Channel.SMS), Purpose.REMINDERS)
    row.refresh_from_db()
    assert row.seen_at is not None


def test_person_can_do_what_the_machine_did_not_dare(staff: Client) -> None:
    user = writer()
    row = written("go away")
    assert not Suppression.objects.exists()
    act(staff, "stop_texts", row)
    assert Suppression.objects.exists()
    assert not is_given(user.contact_points.get(channel=Channel.SMS), Purpose.REMINDERS)


def test_nobody_but_staff_gets_in(client: Client) -> None:
    row = written("I can't stop smiling")
    client.force_login(make_user())
    address = reverse("admin:reminders_inboundtext_change", args=[row.pk])
    assert client.get(address).status_code in (302, 403)


def test_what_somebody_wrote_is_in_their_copy_and_goes_with_them() -> None:
    user = writer()
    written("I can't stop smiling")
    answers: list[Any] = [
        answer for _receiver, answer in data_asked.send(sender=object, person=of_member(user)) if answer
    ]
    (told,) = [answer["texts_written"] for answer in answers if "texts_written" in answer]
    assert [row["text"] for row in told] == ["I can't stop smiling"]
    erase(person=of_member(user), now=NOW)
    assert not InboundText.objects.exists()
