"""An answer by text to a message about several dates names all that it did something about, in two parts at most."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from accounts import links
from accounts.enums import Channel, Purpose
from accounts.models import ContactPoint
from accounts.services.consents import record_consent
from meetings.enums import Held, SignupPolicy, SignupStatus
from meetings.models import Participant, Signup
from meetings.reminders.enums import ReminderKind, ReminderState
from meetings.reminders.services import inbound
from meetings.reminders.services.deliver import deliver_due
from meetings.services import signups
from support.messaging import gsm7
from support.messaging.sms_results import Inbound
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
from tests.helpers.gateways import Mail

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NUMBER = "+12025550143"
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
FIRST = dt.date(2026, 11, 24)


@pytest.fixture(autouse=True)
def _public_address(settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://meetings.riverarea.example.org"


@pytest.fixture
def reader() -> Participant:
    return make_participant(user=make_user())


def places(reader: Participant, count: int, policy: SignupPolicy = SignupPolicy.SIGN_UP) -> list[Signup]:
    return [
        make_signup(
            participant=reader,
            occurrence=make_occurrence(meeting=make_meeting(signup_policy=policy), on=FIRST + number * 2 * DAY),
        )
        for number in range(count)
    ]


def answer(text: str, signups: list[Signup]) -> str:
    """Have one text speak for all these places, and return what is said to the answer."""
    reader = signups[0].participant
    phone = ContactPoint.objects.filter(user=reader.user, channel=Channel.SMS).first() or make_contact_point(
        user=reader.user, channel=Channel.SMS, value=NUMBER
    )
    record_consent(
        contact_point=phone, purpose=Purpose.REMINDERS, is_given=True, wording="w", source="test", now=NOW - DAY
    )
    row = make_reminder(
        ReminderState.ACCEPTED,
        signup=signups[0],
        contact_point=phone,
        channel=Channel.SMS,
        kind=ReminderKind.REMINDER,
        submitted_at=NOW,
    )
    for each in signups[1:]:
        row.parts.create(signup=each, lead_key="2h", schedule_seq=0)
    said = inbound.take(inbound=Inbound(f"SM{row.pk}", NUMBER, text), now=NOW)
    assert gsm7.is_gsm7(said), said
    assert gsm7.measure(said).segments <= 2, said
    return said


def freed(signups: list[Signup]) -> list[bool]:
    for each in signups:
        each.refresh_from_db()
    return [each.status == SignupStatus.CANCELLED for each in signups]


def test_x_names_every_date_that_it_frees_and_frees_every_date_that_it_names(reader: Participant) -> None:
    mine = places(reader, 2)
    other = make_signup(participant=reader, occurrence=make_occurrence(on=FIRST + DAY))
    assert answer("X", mine) == (
        "Your places were given back: Tue, Nov 24, 7:00 PM; Thu, Nov 26, 7:00 PM. Thank you. "
        "Not you, or a mistake? https://meetings.riverarea.example.org/my/meetings/"
    )
    assert freed([*mine, other]) == [True, True, False]


def test_page_offers_all_of_them_back(reader: Participant, client: Client) -> None:
    mine = places(reader, 3)
    answer("X", mine)
    assert reader.user is not None
    client.force_login(reader.user)
    page = client.get(reverse("meetings:my_meetings")).content.decode()
    for each in mine:
        assert str(each.public_id) in page


def of_one_meeting(reader: Participant) -> list[Signup]:
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP, capacity=1)
    dates = [make_occurrence(meeting=meeting, on=FIRST + number * DAY) for number in range(3)]
    return [make_signup(participant=reader, occurrence=each) for each in dates]


def said_not_to_come(at: dt.datetime) -> list[str]:
    sent = Mail()
    deliver_due(read_clock=lambda: at, gateway=sent)
    return [each.text for each in sent.letters if each.subject.startswith("Not coming")]


def test_dates_of_one_meeting_are_given_back_in_one_message(reader: Participant) -> None:
    mine = of_one_meeting(reader)
    waiting = make_signup(occurrence=mine[1].occurrence, status=SignupStatus.WAITLISTED)
    answer("X", mine)

    sent = Mail()
    deliver_due(read_clock=lambda: NOW, gateway=sent)

    letters = [each for each in sent.letters if each.subject.startswith("Not coming")]
    assert [each.subject for each in letters] == ["Not coming: Tue, Nov 24, 7:00 PM and 2 more"]
    assert "You gave your places back." in letters[0].text
    assert [f"November {day}" in letters[0].text for day in (24, 25, 26)] == [True] * 3
    entries = [
        entry for _name, calendar in letters[0].calendar_files for entry in Calendar.from_ical(calendar.content).events
    ]
    assert {str(entry["UID"]) for entry in entries} == {each.calendar_uid for each in mine}
    waiting.refresh_from_db()
    assert waiting.status == SignupStatus.CONFIRMED


def test_date_that_was_taken_again_is_not_said_to_be_given_back(reader: Participant) -> None:
    mine = of_one_meeting(reader)
    answer("X", mine)
    Signup.objects.filter(pk=mine[1].pk).update(status=SignupStatus.CONFIRMED, cancelled_at=None)

    (text,) = said_not_to_come(NOW)
    assert [f"November {day}" in text for day in (24, 25, 26)] == [True, False, True]


def test_others_are_told_where_the_first_was_taken_again(reader: Participant) -> None:
    mine = of_one_meeting(reader)
    answer("X", mine)
    Signup.objects.filter(pk=mine[0].pk).update(status=SignupStatus.CONFIRMED, cancelled_at=None)

    (text,) = [*said_not_to_come(NOW), *said_not_to_come(NOW + MINUTE)]
    assert [f"November {day}" in text for day in (24, 25, 26)] == [False, True, True]


def test_what_is_given_back_again_before_anything_went_out_is_said_once(reader: Participant) -> None:
    mine = of_one_meeting(reader)
    answer("X", mine)
    again = signups.restore_signup(signup=Signup.objects.get(pk=mine[0].pk), now=NOW + MINUTE)
    signups.cancel_signups(signups=again, now=NOW + 2 * MINUTE)

    assert [text.count("November") for text in said_not_to_come(NOW + 2 * MINUTE)] == [3]


def test_one_that_is_taken_and_given_back_again_has_the_others_told_no_less(reader: Participant) -> None:
    mine = of_one_meeting(reader)
    answer("X", mine)
    Signup.objects.filter(pk=mine[1].pk).update(status=SignupStatus.CONFIRMED, cancelled_at=None)
    signups.cancel_signup(signup=mine[1], now=NOW + MINUTE)

    assert [text.count("November") for text in said_not_to_come(NOW + MINUTE)] == [3, 1]


def test_what_one_answer_gave_back_is_one_entry_and_comes_back_together(reader: Participant, client: Client) -> None:
    mine = of_one_meeting(reader)
    answer("X", mine)
    assert reader.user is not None
    client.force_login(reader.user)

    assert "Tue, Nov 24 and 2 more dates" in client.get(reverse("meetings:my_meetings")).content.decode()
    page = client.get(reverse("meetings:signup_manage", args=[links.sign("manage", mine[0].public_id)]))
    assert "all the dates you gave up at once: Tue, Nov 24; Wed, Nov 25; Thu, Nov 26." in page.content.decode()
    client.post(reverse("meetings:my_signup_restore", args=[mine[0].public_id]))

    assert freed(mine) == [False] * 3


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("count", [2, 3, 5, 8, 20])
def test_as_exactly_as_two_parts_hold(reader: Participant, count: int, language: str) -> None:
    reader.language = language
    reader.save()
    mine = places(reader, count)
    said = answer("x", mine)
    days = {"en": ["Tue, Nov 24", "Thu, Nov 26"], "es": ["mar, 24 nov", "jue, 26 nov"]}[language]
    assert days[0] in said
    if count < 20:
        assert days[1] in said
        assert said.count(" nov" if language == "es" else "Nov ") >= min(count, 3)
    else:
        ends = {"en": "20 dates, from Tue, Nov 24 to Fri, Jan 1", "es": "20 fechas, del mar, 24 nov al vie, 1 ene"}
        assert ends[language] in said
    assert freed(mine) == [True] * count


def test_two_of_one_day_are_told_apart_by_their_times(reader: Participant) -> None:
    first, second = places(reader, 1)[0], places(reader, 1)[0]
    second.occurrence.starts_at += dt.timedelta(hours=2)
    second.occurrence.ends_at += dt.timedelta(hours=2)
    second.occurrence.save()
    assert "Tue, Nov 24, 7:00 PM; Tue, Nov 24, 9:00 PM." in answer("X", [first, second])


def test_words_fit_what_was_given_up(reader: Participant) -> None:
    assert answer("X", places(reader, 2, SignupPolicy.DROP_IN)).startswith("Reminders stopped: Tue, Nov 24")
    mixed = [*places(reader, 1), *places(reader, 1, SignupPolicy.DROP_IN)]
    assert {each.held for each in mixed} == {Held.PLACE, Held.REMINDER}
    assert answer("X", mixed).startswith("You're no longer signed up: Tue, Nov 24")


def test_c_names_them_all_and_changes_nothing(reader: Participant) -> None:
    mine = places(reader, 2)
    assert answer("C", mine) == (
        "Noted: Tue, Nov 24, 7:00 PM; Thu, Nov 26, 7:00 PM. Reply X if you can't come after all."
    )
    assert freed(mine) == [False, False]
