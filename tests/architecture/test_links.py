"""One link, one power: what a link of one purpose opens, and that it opens nothing else."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from accounts import links
from meetings.enums import SignupStatus
from meetings.models import StandingSignup
from support import clock
from tests.architecture.test_access import named_patterns
from tests.factories import make_reminder, make_signup

pytestmark = pytest.mark.django_db

#: By purpose, the addresses that a link of it opens. Whoever adds one decides who is handed that power by a message.
OPENS = {
    "confirm": {"meetings:signup_confirm"},
    "manage": {
        "meetings:signup_manage",
        "meetings:signup_cancel",
        "meetings:signup_restore",
        "meetings:signup_calendar",
        "reminders:anyway_by_link",
        "reminders:times_by_link",
    },
    "new_day": {"meetings:new_day"},
    "unsubscribe": {"reminders:unsubscribe"},
    "choices": {"accounts:messages_by_link", "accounts:ask_for_data_link"},
    "data": {"reminders:plan_by_link", "accounts:data_by_link", "accounts:messages_by_link"},
    "keep": {"accounts:keep_by_link"},
    "invitation": set(),
    "receipt": set(),
}
#: Secrets of another sort than links of accounts.links: see meetings.models.CalendarAddress and short_links.
OF_ANOTHER_SORT = {"meetings:my_calendar", "reminders:short", "reminders:twilio_status", "reminders:telnyx_status"}
GONE = (404, 410)


def addresses_by_link() -> list[str]:
    """Return the names of all that is opened by a token alone."""
    by_token = {name for name, route in named_patterns(get_resolver()) if re.findall("<.*?>", route) == ["<str:token>"]}
    return sorted(by_token - OF_ANOTHER_SORT)


@pytest.mark.parametrize("purpose", OPENS)
def test_a_link_opens_what_its_purpose_says_and_nothing_else(purpose: str) -> None:
    signup = make_signup(status=SignupStatus.PENDING)
    make_reminder(signup=signup)
    point = signup.participant.contact_point
    # The worst case: every id of this person is one and the same, so that only the purpose tells links apart.
    same = uuid.uuid4()
    type(signup).objects.filter(pk=signup.pk).update(public_id=same)
    StandingSignup.objects.create(
        meeting=signup.occurrence.meeting, participant=signup.participant, public_id=same, created_at=clock.now()
    )
    type(point).objects.filter(pk=point.pk).update(public_id=same)
    opened = {
        name
        for name in addresses_by_link()
        if Client().get(reverse(name, args=[links.sign(purpose, same)])).status_code not in GONE
        # What is only posted to answers 405 to a look, whatever the link: so try.
        and Client().post(reverse(name, args=[links.sign(purpose, same)])).status_code not in GONE
    }
    assert opened == OPENS[purpose]


def test_every_purpose_is_decided() -> None:
    assert set(OPENS) == set(links.LIFETIMES)


@pytest.mark.parametrize("purpose", ["data", "keep"])
def test_what_shows_or_keeps_everything_is_good_for_weeks_at_most(purpose: str) -> None:
    assert links.LIFETIMES[purpose].days <= 31
    assert links.LIFETIMES["data"].days <= 7
