"""A reminder and a place have words of their own: each message speaks of what it is about."""

from __future__ import annotations

import datetime as dt
import html
import re
from itertools import product

import pytest
from django.utils import translation

from accounts.enums import Channel, Wording
from meetings.enums import SignupPolicy, SignupStatus
from meetings.models import Signup, StandingSignup
from meetings.reminders import queries, replies
from meetings.reminders.enums import ReminderKind
from meetings.reminders.models import Reminder
from meetings.reminders.rendering import Renderer
from meetings.reminders.services import plan
from meetings.services.signups import create_member_signup
from support.messaging import Letter, TextMessage
from support.messaging.push import Notification
from tests.conftest import NOW
from tests.factories import (
    make_contact_point,
    make_meeting,
    make_occurrence,
    make_participant,
    make_reminder,
    make_signup,
    make_user,
)
from tests.helpers.words import OF_PLACES, OF_REMINDERS

pytestmark = pytest.mark.django_db

LANGUAGES = ["en", "es"]
CHANNELS = [Channel.EMAIL, Channel.SMS, Channel.PUSH]
#: How somebody stands when a message of a kind goes out.
STATUS = {
    ReminderKind.CONFIRM_REQUEST: SignupStatus.PENDING,
    ReminderKind.GIVEN_BACK: SignupStatus.CANCELLED,
}


def asked(policy: SignupPolicy, kind: ReminderKind, language: str, *, every: bool, status: str = "") -> Signup:
    meeting = make_meeting(signup_policy=policy, name="Evening Light")
    participant = make_participant(language=language)
    standing = None
    if every:
        standing = StandingSignup.objects.create(
            meeting=meeting,
            participant=participant,
            created_at=NOW,
            ended_at=NOW if kind == ReminderKind.GIVEN_BACK else None,
        )
    status = status or STATUS.get(kind, SignupStatus.CONFIRMED)
    return make_signup(
        occurrence=make_occurrence(meeting=meeting),
        participant=participant,
        standing=standing,
        status=status,
        cancelled_at=NOW if status == SignupStatus.CANCELLED else None,
    )


def said(signup: Signup, kind: ReminderKind, channel: Channel, wording: Wording) -> str:
    """Return all the words of one message as its reader sees them, without addresses and style sheets."""
    point = make_contact_point(channel=channel, value=f"{channel}-{signup.pk}@example.org")
    row = make_reminder(signup=signup, kind=kind, channel=channel, contact_point=point)
    (loaded,) = queries.to_send([row.pk])
    loaded.wording = wording
    message = Renderer().render(loaded, now=NOW).message
    if isinstance(message, TextMessage):
        words = message.text
    elif isinstance(message, Notification):
        words = f"{message.title} {message.body}"
    else:
        assert isinstance(message, Letter)
        page = html.unescape(re.sub(r"<style.*?</style>|<[^>]*>", " ", message.html, flags=re.DOTALL))
        words = f"{message.subject}\n{message.text}\n{page}"
    return re.sub(r"https?://\S+", "", words)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(ReminderKind))
def test_no_message_about_a_reminder_speaks_of_places(kind: ReminderKind, language: str) -> None:
    found = {}
    for every, channel, wording in product([False, True], CHANNELS, list(Wording)):
        words = said(asked(SignupPolicy.DROP_IN, kind, language, every=every), kind, channel, wording)
        if OF_PLACES.search(words):
            found[every, channel, wording] = words
    assert found == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [ReminderKind.CONFIRM_REQUEST, ReminderKind.CONFIRMATION, ReminderKind.GIVEN_BACK])
def test_no_message_about_a_place_speaks_of_it_as_a_reminder(kind: ReminderKind, language: str) -> None:
    for every in (False, True):
        words = said(asked(SignupPolicy.SIGN_UP, kind, language, every=every), kind, Channel.EMAIL, Wording.DISCREET)
        assert OF_PLACES.search(words), words
        assert not OF_REMINDERS.search(words), words


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("kind", [ReminderKind.MOVED, ReminderKind.CANCELLED])
def test_whoever_waits_is_not_told_to_give_a_place_back(kind: ReminderKind, channel: Channel, language: str) -> None:
    """These are all that somebody on the waitlist gets before there is a place for them."""
    waits = asked(SignupPolicy.SIGN_UP, kind, language, every=False, status=SignupStatus.WAITLISTED)
    words = said(waits, kind, channel, Wording.DISCREET)
    assert not re.search(r"give your place back|your place|cede tu lugar|tu lugar", words), words


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("policy", list(SignupPolicy))
@pytest.mark.parametrize("kind", list(ReminderKind))
def test_what_shows_on_a_locked_phone_says_no_more_than_when(
    kind: ReminderKind, policy: SignupPolicy, language: str
) -> None:
    """A subject and a notification name neither a place, nor a waitlist, nor the meeting."""
    words = said(asked(policy, kind, language, every=True), kind, Channel.PUSH, Wording.DISCREET)
    assert not re.search(r"Evening|waitlist|lista de espera|meeting|reunión|sign", words), words
    assert len(words) <= len("Homegroup Reminder stopped: Tue, Nov 24, 7:00 PM") + 12, words


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_by_text_about_a_reminder_speak_of_no_place(language: str) -> None:
    reminder = asked(SignupPolicy.DROP_IN, ReminderKind.REMINDER, language, every=False)
    place = asked(SignupPolicy.SIGN_UP, ReminderKind.REMINDER, language, every=False)
    with translation.override(language):
        for answer in (replies.given_back, replies.expected):
            assert not OF_PLACES.search(answer("7:00", reminder.held)), answer
        assert OF_PLACES.search(replies.given_back("7:00", place.held))


#: A promise to stop something, apart from the link at the foot that stops all messages.
_STOPS = re.compile(r"stop (?:it|the reminder)|detener(?:lo)?(?: el recordatorio)?\b", re.IGNORECASE)
_BELOW = re.compile(r"link below|enlace de abajo")
_HOW = re.compile(r"how to ask for a reminder anyway|cómo pedir un recordatorio de todos modos")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(ReminderKind))
def test_no_message_offers_to_stop_a_reminder_that_does_not_come(kind: ReminderKind, language: str) -> None:
    """Nothing is planned for the places of these tests."""
    found = {}
    for policy, every, channel in product(SignupPolicy, [False, True], CHANNELS):
        words = said(asked(policy, kind, language, every=every), kind, channel, Wording.DISCREET)
        if _STOPS.search(words):
            found[policy, every, channel] = words
    assert found == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_is_reminded_is_told_how_to_stop_it(language: str) -> None:
    signup = asked(SignupPolicy.DROP_IN, ReminderKind.CONFIRMATION, language, every=False)
    plan.plan_reminders(signups=[signup], now=NOW)
    words = said(signup, ReminderKind.CONFIRMATION, Channel.EMAIL, Wording.DISCREET)
    # The text says it twice, the page once.
    assert len(_STOPS.findall(words)) == 3
    assert not _BELOW.search(words)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("policy", [SignupPolicy.DROP_IN, SignupPolicy.SIGN_UP])
def test_link_that_a_reminder_can_still_be_asked_for_by_is_the_next_one(policy: SignupPolicy, language: str) -> None:
    """The sentence stood below the link that it called the link below."""
    meeting = make_meeting(signup_policy=policy)
    occurrence = make_occurrence(meeting=meeting, on=NOW.date(), starts_at=NOW + dt.timedelta(minutes=89))
    signup = make_signup(occurrence=occurrence, participant=make_participant(language=language))
    row = make_reminder(signup=signup, kind=ReminderKind.CONFIRMATION, contact_point=signup.participant.contact_point)
    (loaded,) = queries.to_send([row.pk])
    letter = Renderer().render(loaded, now=NOW).message
    assert isinstance(letter, Letter)
    for part in (letter.text, html.unescape(letter.html)):
        _above, below = re.split(_BELOW, part)
        first = re.search(r"https?://[^\s\"]+", below)
        assert first
        assert "/signups/" in first.group()
    assert _HOW.search(re.split(_BELOW, letter.text)[1].partition("http")[0])
    assert re.search(r"Ask for a reminder anyway|Pedir un recordatorio de todos modos", letter.html)


@pytest.mark.parametrize("language", LANGUAGES)
def test_zone_of_the_dates_stands_right_below_them(language: str) -> None:
    """A sentence of the calendar file stood between the dates and their zone."""
    meeting = make_meeting(rrule="FREQ=DAILY", weekday_mask=0b1111111)
    [first, *_rest] = create_member_signup(
        meeting=meeting, user=make_user(language=language), date=None, every=True, now=NOW
    )
    row = Reminder.objects.get(signup=first, kind=ReminderKind.CONFIRMATION)
    (loaded,) = queries.to_send([row.pk])
    letter = Renderer().render(loaded, now=NOW).message
    assert isinstance(letter, Letter)
    for part in (letter.text, html.unescape(letter.html)):
        order = [
            re.search(words, part)
            for words in (
                r"and so on|y así",
                r"New York time|hora de Nueva York",
                r"calendar file|archivo de calendario",
            )
        ]
        assert [found.start() for found in order if found] == sorted(found.start() for found in order if found)
        assert all(order)
