"""Whatever can be ticked does something: each thing that people may be written to about is sent by something."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts import links
from accounts.enums import OFFERED_PURPOSES, Purpose
from accounts.forms.phones import TEXT_PURPOSES
from accounts.models import Consent
from accounts.services.consents import choose, record_consent
from meetings.reminders.enums import PURPOSES
from tests.conftest import NOW
from tests.factories import make_contact_point, make_user

pytestmark = pytest.mark.django_db

#: Boxes of purposes on a page.
_BOX = re.compile(r'<input type="checkbox" name="(?:[\w-]+-)?(?:wanted|what)" value="(\w+)"')


def test_what_is_offered_is_what_messages_need_a_yes_for() -> None:
    assert set(OFFERED_PURPOSES) == set(PURPOSES.values())
    assert {purpose for purpose, _label in TEXT_PURPOSES} == set(OFFERED_PURPOSES)


def test_no_page_offers_what_nothing_sends(client: Client) -> None:
    guest, user = make_contact_point(), make_user()
    unsubscribe, choices = (links.sign(purpose, guest.public_id) for purpose in ("unsubscribe", "choices"))
    client.force_login(user)
    offered = {
        url: set(_BOX.findall(client.get(url).content.decode()))
        for url in (
            "/my/account/messages/",
            f"/my/account/messages/{choices}/",
            f"/my/account/messages/{links.sign('data', guest.public_id)}/",
            f"/my/account/messages/{links.sign('choices', make_contact_point(user=user).public_id)}/",
            f"/unsubscribe/{unsubscribe}/",
        )
    }
    assert all(boxes == {"reminders", "changes"} for boxes in offered.values()), offered


def test_what_was_said_of_it_before_is_kept_and_not_added_to(client: Client) -> None:
    point = make_contact_point()
    record_consent(contact_point=point, purpose=Purpose.FACILITATOR, is_given=True, wording="w", source="test", now=NOW)
    choose(contact_point=point, wanted=["reminders"], wording="w", source="test", now=NOW)
    about = Consent.objects.filter(contact_point=point, purpose=Purpose.FACILITATOR)
    assert list(about.values_list("is_given", flat=True)) == [True]
