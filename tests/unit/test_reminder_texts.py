"""Reminders by text message: what they say, how long they are, and that the engine sends them."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from accounts import links
from accounts.enums import Channel, Purpose
from accounts.models import Suppression
from accounts.services.consents import record_consent
from meetings.enums import SignupPolicy
from meetings.models import Signup
from meetings.reminders import queries, short_links
from meetings.reminders.enums import ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.rendering import Renderer
from meetings.reminders.services.deliver import deliver_due
from support.messaging import Accepted, Ambiguous, Refused, Result, TextMessage, Transient, outbox
from support.messaging.reading import read
from tests.conftest import NOW
from tests.factories import (
    make_contact_point,
    make_meeting,
    make_occurrence,
    make_participant,
    make_reminder,
    make_signup,
)

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NUMBER = "+15185550123"
DAY = dt.timedelta(days=1)


class Told:
    """A gateway that answers as told and keeps what it was given."""

    def __init__(self, *results: Result) -> None:
        self.results = list(results)
        self.texts: list[TextMessage] = []

    def open(self) -> Transient | None:
        return None

    def send(self, letter: TextMessage, /, *, until: dt.datetime) -> Result:
        self.texts.append(letter)
        return self.results.pop(0) if self.results else Accepted("SM1")

    def close(self) -> None:
        pass


def text_row(kind: ReminderKind = ReminderKind.REMINDER, *, consent: bool = True, **fields: Any) -> Reminder:
    """A message by text to a verified number that said yes to everything, due now."""
    phone = make_contact_point(channel=Channel.SMS, value=fields.pop("number", NUMBER))
    meeting = make_meeting(signup_policy=fields.pop("policy", SignupPolicy.SIGN_UP))
    signup: Signup = fields.pop("signup", None) or make_signup(
        occurrence=make_occurrence(meeting=meeting), participant=make_participant(language=fields.pop("language", "en"))
    )
    if consent:
        for purpose in (Purpose.REMINDERS, Purpose.CHANGES):
            record_consent(
                contact_point=phone, purpose=purpose, is_given=True, wording="test", source="test", now=NOW - DAY
            )
    fields.setdefault("due_at", NOW)
    return make_reminder(signup=signup, contact_point=phone, kind=kind, channel=Channel.SMS, **fields)


def rendered(row: Reminder) -> TextMessage:
    message = Renderer().render(queries.to_send([row.pk])[0], now=NOW).message
    assert isinstance(message, TextMessage)
    return message


def test_reminder_says_when_and_nothing_else(settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://meetings.example.org"
    row = text_row()
    message = rendered(row)
    link = f"https://meetings.example.org/t/{short_links.sign(row.pk)}"
    assert (
        message.text
        == f"Homegroup: Reminder for Tue, Nov 24, 7:00 PM. Reply C if you're coming, X if you can't. {link}"
    )
    assert message.to == NUMBER
    assert message.expires_at == row.deadline_at
    assert row.signup.occurrence.meeting.name not in message.text


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("policy", list(SignupPolicy))
@pytest.mark.parametrize("kind", ReminderKind.values)
def test_every_text_is_one_part_in_every_language(
    kind: str, policy: SignupPolicy, language: str, settings: Any
) -> None:
    settings.PUBLIC_BASE_URL = "https://meetings.riverarea.example.org"
    row = text_row(ReminderKind(kind), policy=policy, language=language)
    message = rendered(row)
    assert (message.size.is_gsm7, message.size.segments) == (True, 1), message.text


def test_link_gives_way_where_one_part_does_not_hold_it(settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://meetings.a-very-long-name-of-a-service-body.example.org"
    row = text_row()
    row.signup.participant.tz = "America/Los_Angeles"
    row.signup.participant.save()
    message = rendered(row)
    assert (message.size.segments, "https" in message.text) == (1, False)
    assert message.text.endswith("Reply C if you're coming, X if you can't.")


@pytest.mark.parametrize("word", ["cancel", "end ", "yes", "start"])
@pytest.mark.parametrize("kind", [ReminderKind.REMINDER, ReminderKind.MOVED, ReminderKind.CONFIRMATION])
def test_no_text_asks_for_a_word_that_carriers_take_for_themselves(kind: ReminderKind, word: str) -> None:
    assert word not in rendered(text_row(kind)).text.lower()


def test_short_link_leads_to_the_page_of_the_place(client: Client) -> None:
    row = text_row()
    answer = client.get(urlsplit(rendered(row).text.split()[-1]).path)
    assert answer.status_code == 302
    token = answer.headers["Location"].rstrip("/").rpartition("/")[2]
    assert links.read(token, "manage") == row.signup.public_id


def test_short_link_ends_a_day_after_the_date(client: Client) -> None:
    row = text_row()
    row.signup.occurrence.ends_at = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    row.signup.occurrence.starts_at = dt.datetime(2019, 12, 31, tzinfo=dt.UTC)
    row.signup.occurrence.save()
    assert client.get(reverse("reminders:short", args=[short_links.sign(row.pk)])).status_code == 404


@pytest.mark.parametrize("token", ["x", "AAAA", "AQAAAAAAAAAAAA", "á", "A" * 200, short_links.sign(99_999_999)])
def test_what_is_no_short_link_leads_nowhere(client: Client, token: str) -> None:
    assert client.get(reverse("reminders:short", args=[token])).status_code == 404


@pytest.mark.parametrize("pk", [1, 255, 256, 70_000, 2**39])
def test_short_links_name_their_row_and_no_other(pk: int) -> None:
    token = short_links.sign(pk)
    assert len(token) <= 19
    assert short_links.read(token) == pk
    altered = ("A" if token[0] != "A" else "B") + token[1:]
    assert short_links.read(altered) is None


def test_engine_hands_texts_to_the_gateway_and_keeps_its_name_for_them() -> None:
    row = text_row()
    told = Told(Accepted("SM0123"))
    deliver_due(read_clock=lambda: NOW, gateway=told)
    row.refresh_from_db()
    assert [text.to for text in told.texts] == [NUMBER]
    assert (row.state, row.message_id, row.template) == (ReminderState.ACCEPTED, "SM0123", "reminders/reminder.sms.en")


def test_text_needs_a_recorded_yes() -> None:
    row = text_row(consent=False)
    told = Told()
    deliver_due(read_clock=lambda: NOW, gateway=told)
    row.refresh_from_db()
    assert (row.state, told.texts) == (ReminderState.SKIPPED, [])


def test_number_that_cannot_be_reached_ever_is_suppressed() -> None:
    row = text_row()
    deliver_due(read_clock=lambda: NOW, gateway=Told(Refused("Not a mobile number (21614)", suppress=True)))
    row.refresh_from_db()
    assert (row.state, row.reason) == (ReminderState.FAILED, "Not a mobile number (21614)")
    assert Suppression.objects.filter(channel=Channel.SMS).count() == 1


def test_unclear_text_waits_to_be_looked_into() -> None:
    row = text_row()
    deliver_due(read_clock=lambda: NOW, gateway=Told(Ambiguous("No answer")))
    row.refresh_from_db()
    assert row.state == ReminderState.AMBIGUOUS


def test_each_channel_has_its_own_gateway(settings: Any, tmp_path: Any, mailoutbox: list[Any]) -> None:
    settings.OUTBOX_DIR = tmp_path
    row = text_row()
    letter = make_reminder(signup=row.signup)
    deliver_due(read_clock=lambda: NOW)
    for each in (row, letter):
        each.refresh_from_db()
        assert each.state == ReminderState.ACCEPTED
    assert len(mailoutbox) == 1
    (kept,) = [read(file) for file in outbox.newest_first()]
    assert (kept.to, kept.segments, kept.parts) == (NUMBER, 1, ["SMS, 1 part"])
    assert kept.text.startswith("Homegroup: Reminder for")


def test_site_without_a_provider_sends_no_text(settings: Any) -> None:
    settings.SMS_PROVIDER = ""
    row = text_row()
    deliver_due(read_clock=lambda: NOW)
    row.refresh_from_db()
    assert (row.state, row.reason) == (ReminderState.FAILED, "This site sends no text messages")


def test_outbox_shows_a_text_as_a_phone_would(at_this_machine: Client, settings: Any, tmp_path: Any) -> None:
    settings.OUTBOX_DIR = tmp_path
    text_row()
    deliver_due(read_clock=lambda: NOW)
    page = at_this_machine.get(reverse("outbox_message", args=[outbox.newest_first()[0].stem]))
    assert page.status_code == 200
    assert "paid for as 1 part." in page.content.decode()
    assert "Homegroup: Reminder for" in at_this_machine.get(reverse("outbox")).content.decode()


def test_text_can_be_written_to_the_site_while_developing(
    at_this_machine: Client, settings: Any, tmp_path: Any
) -> None:
    settings.OUTBOX_DIR = tmp_path
    assert "Write to the site by text" in at_this_machine.get(reverse("outbox")).content.decode()
    at_this_machine.post(reverse("outbox_text"), {"number": "(202) 555-0143", "text": "help"})
    (kept,) = [read(file) for file in outbox.newest_first()]
    assert (kept.to, "STOP to end" in kept.text) == ("+12025550143", True)
    at_this_machine.post(reverse("outbox_text"), {"number": "(202) 555-0143", "text": "thanks"})
    at_this_machine.post(reverse("outbox_text"), {"number": "nobody", "text": "help"})
    assert len(outbox.newest_first()) == 1
    settings.DEVELOPMENT = False
    assert at_this_machine.post(reverse("outbox_text"), {"number": "(202) 555-0143", "text": "help"}).status_code == 404
