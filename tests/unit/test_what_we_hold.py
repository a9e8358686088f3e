"""All that the site could hand over about somebody: said in whole, and nothing of whom it does not know."""

from __future__ import annotations

import datetime as dt
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from accounts.fields import lookup_hash
from accounts.models import ContactPoint, Suppression, User
from accounts.person import of_member
from accounts.services import exports
from accounts.services.clean_time import keep_clean_date
from accounts.services.consents import record_consent
from accounts.services.suppressions import record_refusal, suppress
from meetings.models import Participant, Signup, StandingSignup
from meetings.reminders.models import DeliveryEvent, InboundText, Reminder
from meetings.reminders.models.inbound_text import sender_hashes
from meetings.services.favourites import choose_home_group
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_reminder, make_signup, make_user
from tests.factories.accounts import make_contact_point

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR, settings.OUTBOX_DIR = tmp_path, tmp_path / "outbox"


def held(contact: str) -> str:
    out = StringIO()
    call_command("what_we_hold", contact, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("contact", ["nobody@example.org", "+1 518 555 0199"])
def test_nothing_is_said_of_whom_the_site_does_not_know(contact: str) -> None:
    make_participant(user=make_user(email="ana@example.org"))
    assert held(contact) == ""


@pytest.mark.parametrize("contact", ["", "ana", "+1 23", "ana@", "%", "ana@example.org; drop"])
def test_what_is_neither_an_address_nor_a_number_is_refused(contact: str) -> None:
    with pytest.raises(CommandError, match="neither an email address nor a phone number"):
        held(contact)


ANA = """\
Member #{ana}
=========

account
  - email: ana@example.org
    display_name: Ana M.
    tz: America/New_York
    has_own_zone: True
    language: en
    hour_cycle: h12
    joined_at: 2026-11-17T23:00:00+00:00
    is_staff: False
    has_password: False

contact_points
  - channel: email
    value: ana@example.org
    verified_at: 2026-11-17T23:00:00+00:00
    since: 2026-11-17T23:00:00+00:00

consents
  - contact_point: ana@example.org
    purpose: reminders
    is_given: True
    wording: w1
    how: account
    recorded_at: 2026-11-17T23:00:00+00:00

clean_time
  - since: 2026-01-05

participant
  - name_shown: Ana M.
    tz: America/New_York
    has_own_zone: True
    language: en
    since: 2026-11-17T23:00:00+00:00

signups
  - meeting: Evening Light
    starts_at: 2026-11-25T00:00:00+00:00
    status: confirmed
    name_shown: Ana M.
    asked_at: 2026-11-17T12:00:00+00:00
    confirmed_at: 2026-11-17T12:00:00+00:00

favourites
  - meeting: Evening Light
    is_home_group: True
    since: 2026-11-17T23:00:00+00:00

messages
  - kind: confirmation
    channel: email
    about: Evening Light
    due_at: 2026-11-17T22:00:00+00:00
    state: planned
    asked_for: False

message_events
  - message: confirmation
    channel: email
    at: 2026-11-17T23:00:00+00:00
    what: accepted

Under this alone, whoever has it
================================

suppressions
  - channel: email
    reason: hard bounce
    since: 2026-11-17T23:00:00+00:00

"""


def test_all_that_is_held_about_a_member_and_nothing_of_anybody_else() -> None:
    user = make_user(email="ana@example.org", display_name="Ana M.", tz="America/New_York")
    point = make_contact_point(user=user, value="ana@example.org", verified_at=NOW)
    record_consent(contact_point=point, purpose="reminders", is_given=True, wording="w1", source="account", now=NOW)
    meeting = make_meeting(name="Evening Light")
    choose_home_group(user=user, meeting=meeting, now=NOW)
    keep_clean_date(user=user, clean_on=dt.date(2026, 1, 5))
    participant = make_participant(user=user, contact_point=point, display_name="Ana M.")
    signup = make_signup(occurrence=make_occurrence(meeting=meeting), participant=participant)
    make_signup(occurrence=signup.occurrence, participant=make_participant(display_name="Quim"))
    DeliveryEvent.objects.create(reminder=make_reminder(signup=signup), kind="accepted", attempt=1, at=NOW)
    Suppression.objects.create(channel="email", value_hash=lookup_hash("ana@example.org"), reason="hard bounce")
    Suppression.objects.create(channel="email", value_hash=lookup_hash("quim@example.org"), reason="hard bounce")
    assert held("Ana@Example.org") == ANA.format(ana=user.pk)


def test_all_that_is_held_about_a_guest() -> None:
    guest = make_participant(contact_point=make_contact_point(value="quim@example.org"), display_name="Q.", tz="UTC")
    assert (
        held("quim@example.org")
        == f"""\
Guest #{guest.contact_point.pk}
========

contact_points
  - channel: email
    value: quim@example.org
    verified_at: 2026-10-18T23:00:00+00:00
    since: 2026-11-17T23:00:00+00:00

participant
  - name_shown: Q.
    tz: UTC
    has_own_zone: True
    language: en
    since: 2026-11-17T23:00:00+00:00

"""
    )


def test_a_text_from_a_number_that_is_nobodys_here() -> None:
    InboundText.objects.create(
        provider_id="t1",
        sender="+15185550123",
        sender_hash=sender_hashes("+15185550123")[0],
        text="help me",
        word="help",
        received_at=NOW,
    )
    assert (
        held("(518) 555-0123")
        == """\
Under this alone, whoever has it
================================

texts_written
  - received_at: 2026-11-17T23:00:00+00:00
    text: help me
    taken_for: help

"""
    )


@pytest.mark.django_db(transaction=True)
def test_what_is_kept_of_a_stop() -> None:
    suppress(channel="sms", value="+15185550123", reason="STOP", now=NOW)
    assert (
        held("+1 518 555 0123")
        == """\
Under this alone, whoever has it
================================

ledger
  - what: suppressed
    channel: sms
    why: STOP
    at: 2026-11-17T23:00:00+00:00

suppressions
  - channel: sms
    reason: STOP
    since: 2026-11-17T23:00:00+00:00

"""
    )
    assert held("+1 518 555 0124") == ""


def test_a_sign_in_that_was_begun(client: Client) -> None:
    make_user(email="ana@example.org")
    client.post("/accounts/login/", {"login": "ana@example.org"})
    assert "begun_in_a_browser" in held("ana@example.org")
    assert held("quim@example.org") == ""


#: Every table that points at a person, and the section that says what is in it, or why none does.
SAID_IN = {
    "account.EmailAddress": "addresses",
    "accounts.AccessRecord": "access_records, looked_at_others",
    "accounts.CleanTime": "clean_time",
    "accounts.Consent": "consents",
    "accounts.ContactPoint": "contact_points",
    "accounts.Disclosure": "disclosures, disclosures_recorded",
    "accounts.Export": "copies_asked_for",
    "accounts.IdleNotice": "told_of_forgetting",
    "accounts.Preferences": "preferences",
    "accounts.VendorAgreement": "agreements_recorded",
    "admin.LogEntry": "admin_log",
    "meetings.CalendarAddress": "calendar_address",
    "meetings.Coordinator": "service_bodies",
    "meetings.Favourite": "favourites",
    "meetings.Invitation": "invitations",
    "meetings.Meeting": "meetings_run",
    "meetings.Participant": "participant",
    "meetings.Signup": "signups",
    "meetings.StandingSignup": "standing_signups",
    "mfa.Authenticator": "second_factors",
    "reminders.ChannelPause": "channels_paused",
    "reminders.DeliveryEvent": "message_events",
    "reminders.InboundText": "texts_written",
    "reminders.PutAside": "put_aside",
    "reminders.Reminder": "messages",
    # Under "also_about" of the message.
    "reminders.ReminderPart": "messages",
    "usersessions.UserSession": "devices",
}


def test_no_table_that_points_at_a_person_is_left_out() -> None:
    """Whoever adds one decides what a person, or a court, is told of it."""
    people = {User, ContactPoint, Participant, Signup, StandingSignup, Reminder}
    pointing = {
        model._meta.label
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if not field.auto_created and field.related_model in people
    }
    assert pointing == set(SAID_IN)
    user = make_user()
    make_participant(user=user, contact_point=make_contact_point(user=user))
    said = {name for step in exports._STEPS for name in step(of_member(user))}
    assert {name for names in SAID_IN.values() for name in names.split(", ")} <= said


def test_what_is_kept_of_a_refusal() -> None:
    words = {"reason": "Refused by the mail server (550)", "answer": "550 no such user"}
    record_refusal(channel="email", value="gone@example.org", is_sure=False, now=NOW, **words)
    assert (
        held("gone@example.org")
        == """\
Under this alone, whoever has it
================================

refusals
  - channel: email
    answer: 550 no such user
    is_for_now: False
    on: 2026-11-17

"""
    )
