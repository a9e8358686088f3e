"""Stopping messages from a link: it shows on GET, acts on POST, and a mail program may press it (RFC 8058)."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts import links
from accounts.models import Consent
from accounts.queries import is_given
from meetings.models import Signup
from meetings.reminders.models import Reminder
from meetings.reminders.services import plan
from meetings.reminders.services.deliver import deliver_due
from meetings.services.occurrences import move_occurrence
from tests.conftest import NOW
from tests.factories import make_signup
from tests.unit.test_reminder_engine import HOUR, Told

pytestmark = pytest.mark.django_db


@pytest.fixture
def signup() -> Signup:
    made = make_signup()
    plan.plan_reminders(signups=[made], now=NOW)
    return made


@pytest.fixture
def address(signup: Signup) -> str:
    return f"/unsubscribe/{links.sign('unsubscribe', signup.participant.contact_point.public_id)}/"


def test_page_shows_and_changes_nothing(client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert not Consent.objects.exists()
    assert Reminder.objects.get().state == "planned"


def test_page_stops_what_is_chosen(client: Client, address: str, signup: Signup) -> None:
    response = client.post(address, {"what": ["reminders", "changes"]})
    assert response.status_code == 200
    contact_point = signup.participant.contact_point
    assert not is_given(contact_point, "reminders")
    assert list(Consent.objects.values_list("purpose", "is_given", "source").order_by("purpose")) == [
        ("changes", False, "unsubscribe page"),
        ("reminders", False, "unsubscribe page"),
    ]
    assert Reminder.objects.get().state == "skipped"


def test_page_without_a_choice_says_so(client: Client, address: str) -> None:
    response = client.post(address, {})
    assert response.status_code == 422
    assert "Choose what to stop." in response.content.decode()
    assert Reminder.objects.get().state == "planned"


def test_one_click_needs_no_cookie_and_is_safe_to_repeat(address: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    for _click in range(2):
        response = strict.post(address, {"List-Unsubscribe": "One-Click"})
        assert response.status_code == 200
    assert list(Consent.objects.values_list("purpose", "is_given", "source")) == [("reminders", False, "one click")]


def test_page_form_needs_the_csrf_token(address: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(address, {"what": "reminders"}).status_code == 403
    assert not Consent.objects.exists()
    page = strict.get(address).content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found
    strict.post(address, {"what": "reminders", "csrfmiddlewaretoken": found[1]})
    assert Consent.objects.count() == 1


def test_link_that_was_not_made_here_is_not_found(client: Client, signup: Signup) -> None:
    other_purpose = links.sign("manage", signup.participant.contact_point.public_id)
    for token in ("x", other_purpose):
        assert client.get(f"/unsubscribe/{token}/").status_code == 404
        assert client.post(f"/unsubscribe/{token}/", {"List-Unsubscribe": "One-Click"}).status_code == 404


def test_one_click_from_a_moved_message_stops_that_kind(signup: Signup) -> None:
    occurrence = signup.occurrence
    move_occurrence(occurrence=occurrence, starts_at=occurrence.starts_at + HOUR, now=NOW)
    told = Told()
    deliver_due(read_clock=lambda: NOW, gateway=told)
    url = told.letters[0].headers["List-Unsubscribe"].strip("<>")
    assert url.startswith("http://testserver/unsubscribe/")
    Client(enforce_csrf_checks=True).post(url.removeprefix("http://testserver"), {"List-Unsubscribe": "One-Click"})
    assert list(Consent.objects.values_list("purpose", "is_given")) == [("changes", False)]
    move_occurrence(occurrence=occurrence, starts_at=occurrence.starts_at + 2 * HOUR, now=NOW)
    told = Told()
    deliver_due(read_clock=lambda: NOW, gateway=told)
    assert told.letters == []
