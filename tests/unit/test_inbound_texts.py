"""Texts from outside: what they do, once, and what is answered."""

from __future__ import annotations

import datetime as dt
import hmac
import logging
import re
from itertools import count
from typing import Any

import hypothesis
import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from accounts import phones
from accounts.enums import Channel, Purpose
from accounts.fields import lookup_hash
from accounts.models import ContactPoint, Suppression
from accounts.person import of_guest, of_member
from accounts.queries import is_given
from accounts.services.consents import record_consent
from accounts.services.preferences import save_preferences
from meetings.enums import SignupPolicy, SignupStatus
from meetings.models import Signup
from meetings.reminders import replies
from meetings.reminders.enums import ReminderKind, ReminderState
from meetings.reminders.models import InboundText, Reminder
from meetings.reminders.services import inbound
from meetings.reminders.services.deliver import deliver_due
from meetings.services.occurrences import cancel_occurrence
from meetings.services.signups import create_member_signup
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

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NUMBER = "+12025550143"
DAY = dt.timedelta(days=1)
_sids = count(1)


def write(text: str, *, sid: str = "", sender: str = NUMBER, at: dt.datetime = NOW, **more: Any) -> str:
    answer = inbound.take(inbound=Inbound(sid or f"SM{next(_sids)}", sender, text, **more), now=at)
    assert gsm7.is_gsm7(answer), answer
    assert gsm7.measure(answer).segments <= 2, answer
    return answer


def member_with_phone(*, language: str = "en") -> tuple[Signup, ContactPoint]:
    """A member with a place on Tuesday 24 November, who is reminded by text."""
    user = make_user()
    participant = make_participant(user=user, language=language)
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP)
    signup = make_signup(occurrence=make_occurrence(meeting=meeting), participant=participant)
    phone = make_contact_point(user=user, channel=Channel.SMS, value=NUMBER)
    for purpose in (Purpose.REMINDERS, Purpose.CHANGES):
        record_consent(
            contact_point=phone, purpose=purpose, is_given=True, wording="phone-1", source="form", now=NOW - DAY
        )
    return signup, phone


def text_about(signup: Signup, phone: ContactPoint, state: str = ReminderState.PLANNED, **fields: Any) -> Reminder:
    fields.setdefault("kind", ReminderKind.REMINDER)
    return make_reminder(state, signup=signup, contact_point=phone, channel=Channel.SMS, **fields)


# -- STOP and START --------------------------------------------------------------------------------------------------


def test_stop_ends_texts_in_the_same_breath_and_leaves_email_alone() -> None:
    signup, phone = member_with_phone()
    text, letter = text_about(signup, phone), make_reminder(signup=signup)
    assert write("please stop texting me") == "Homegroup: you get no more texts from us. Reply START to undo."
    for row in (text, letter):
        row.refresh_from_db()
    assert (text.state, text.reason) == (ReminderState.SUPERSEDED, "The recipient wrote STOP")
    assert letter.state == ReminderState.PLANNED
    assert Suppression.objects.filter(channel=Channel.SMS, value_hash=lookup_hash(NUMBER)).exists()
    assert not is_given(phone, Purpose.REMINDERS)
    assert is_given(signup.participant.contact_point, Purpose.REMINDERS) is False
    assert not Suppression.objects.filter(channel=Channel.EMAIL).exists()


def test_after_one_confirmation_there_is_silence() -> None:
    member_with_phone()
    assert write("STOP") != ""
    assert [write(text) for text in ("STOP", "stop!", "12207", "C", "hello?", "who is this", "MORE")] == [""] * 7


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("HELP", "Reply START to undo. Questions: "),
        ("AYUDA", "Responde START para volver."),
        ("I want to die", "call or text 988"),
        ("he is not breathing", "Call 911 now."),
        ("STOP. he is not breathing", "Call 911 now."),
        ("no respira", "Llama al 911 ya."),
        ("I used", "far less"),
        ("no puedo parar", "aguanta mucho menos"),
    ],
)
def test_who_asks_for_help_is_answered_after_stop_and_nothing_is_on_again(text: str, words: str) -> None:
    _signup, phone = member_with_phone()
    write("STOP")
    assert words in write(text)
    assert not is_given(phone, Purpose.REMINDERS)
    assert Suppression.objects.exists()


def test_after_stop_nobody_is_answered_for_as_often_as_somebody_forges_their_number() -> None:
    write("STOP")
    answers = [write(text) for text in ("HELP", "I used", "i need help", "HELP", "I used", "i need help")]
    assert [bool(answer) for answer in answers] == [True] * 3 + [False] * 3


def test_text_that_is_in_hand_when_stop_comes_is_not_sent() -> None:
    signup, phone = member_with_phone()
    row = text_about(signup, phone, ReminderState.CLAIMED)
    write("STOP")
    row.refresh_from_db()
    assert (row.state, row.claim_token) == (ReminderState.SUPERSEDED, None)
    # A row that comes later, from a plan that was older, meets the last look.
    late = text_about(signup, phone, due_at=NOW)
    deliver_due(read_clock=lambda: NOW)
    late.refresh_from_db()
    assert late.state == ReminderState.SKIPPED


def test_same_stop_twice_is_answered_once() -> None:
    assert write("STOP", sid="SM7") != ""
    assert write("STOP", sid="SM7") == ""
    assert InboundText.objects.count() == 1


def test_start_brings_back_what_was_consented_to_and_nothing_else() -> None:
    _signup, phone = member_with_phone()
    record_consent(contact_point=phone, purpose=Purpose.CHANGES, is_given=False, wording="w", source="form", now=NOW)
    write("STOP")
    answer = write("START", at=NOW + dt.timedelta(hours=1))
    assert "texts are on again" in answer
    assert is_given(phone, Purpose.REMINDERS)
    assert not is_given(phone, Purpose.CHANGES)
    assert not is_given(phone, Purpose.FACILITATOR)
    assert phone.consents.filter(purpose=Purpose.REMINDERS, is_given=True).latest("pk").wording == "phone-1"
    assert not Suppression.objects.exists()


def code_in(answer: str) -> str:
    found = re.search(r"reply START (\d{6}) |responde START (\d{6}) ", answer)
    assert found is not None, answer
    return found[1] or found[2]


@pytest.mark.parametrize("later", [dt.timedelta(hours=1, seconds=1), DAY, 60 * DAY])
def test_start_that_may_be_forged_lifts_nothing_until_the_phone_answers(later: dt.timedelta) -> None:
    _signup, phone = member_with_phone()
    write("STOP")
    answer = write("START", at=NOW + later)
    assert answer.startswith("Homegroup: to get texts again, reply START ")
    assert Suppression.objects.count() == 1
    assert not is_given(phone, Purpose.REMINDERS)
    assert "texts are on again" in write(f"start {code_in(answer)}.", at=NOW + later + dt.timedelta(minutes=29))
    assert not Suppression.objects.exists()
    assert is_given(phone, Purpose.REMINDERS)


def test_code_of_start_is_over_after_an_hour_and_with_the_next_stop() -> None:
    write("STOP")
    code = code_in(write("START", at=NOW + DAY))
    assert "reply START" in write(f"START {code}", at=NOW + DAY + dt.timedelta(minutes=61))
    Suppression.objects.update(created_at=NOW + dt.timedelta(hours=2))
    cache.clear()
    assert code_in(write(f"START {code}", at=NOW + DAY)) != code
    assert Suppression.objects.count() == 1


def test_question_for_the_code_is_asked_in_the_language_of_the_person() -> None:
    member_with_phone(language="es")
    write("ALTO")
    answer = write("START", at=NOW + DAY)
    assert answer.startswith("Homegroup: para recibir mensajes otra vez, responde START ")
    assert "responde START" not in write(f"START {code_in(answer)}", at=NOW + DAY)
    assert not Suppression.objects.exists()


def test_copy_of_the_database_does_not_tell_who_wrote(now: dt.datetime) -> None:
    point = make_contact_point(channel=Channel.SMS, value=NUMBER)
    write("I want to die", at=now)
    text = InboundText.objects.get()
    assert text.is_crisis
    assert text.sender_hash != point.value_hash
    assert list(inbound.texts_of(of_guest(point))) == [text]


def test_code_of_another_number_is_worth_nothing() -> None:
    write("STOP")
    write("STOP", sender="+12025550199")
    code = code_in(write("START", sender="+12025550199", at=NOW + DAY))
    write(f"START {code}", at=NOW + DAY)
    assert Suppression.objects.count() == 2


def test_codes_of_start_cannot_be_guessed_and_nobody_is_pestered_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    write("STOP")
    compared: list[str] = []
    compare = hmac.compare_digest

    def note(given: Any, right: Any) -> bool:
        compared.append(given)
        return compare(given, right)

    monkeypatch.setattr("meetings.reminders.services.inbound.hmac.compare_digest", note)
    answers = [write(f"START {n:06}", at=NOW + DAY) for n in range(40)]
    assert len(set(compared)) == 5
    assert [answer for answer in answers if answer] == answers[:2]
    assert Suppression.objects.count() == 1


def test_question_for_the_code_is_sent_although_the_provider_has_answered() -> None:
    write("STOP")
    assert "reply START" in write("START", at=NOW + DAY, is_answered=True)
    write("STOP", sender="+12025550199")
    assert write("START", sender="+12025550199", is_answered=True) == ""


def test_start_from_a_stranger_gives_nothing() -> None:
    assert "there is nothing to turn on" in write("START")
    assert not Suppression.objects.exists()


def test_start_does_not_revive_a_number_that_takes_no_texts() -> None:
    Suppression.objects.create(channel=Channel.SMS, value_hash=lookup_hash(NUMBER), reason="A landline (30006)")
    write("START")
    assert Suppression.objects.count() == 1


def test_start_undoes_a_stop_that_the_provider_told_us_of() -> None:
    Suppression.objects.create(
        channel=Channel.SMS, value_hash=lookup_hash(NUMBER), reason="The recipient wrote STOP (21610)"
    )
    assert "texts are on again" in write("START")
    assert not Suppression.objects.exists()


def test_stop_from_a_number_that_nobody_knows_is_kept_as_a_hash() -> None:
    write("STOP")
    assert Suppression.objects.get().value_hash == lookup_hash(NUMBER)


def test_provider_that_has_answered_by_itself_is_not_echoed() -> None:
    assert write("STOP", is_answered=True) == ""
    assert Suppression.objects.exists()


def test_probable_stop_is_done_and_shown_to_a_person() -> None:
    write("we stop")
    assert Suppression.objects.exists()
    assert InboundText.objects.waiting().count() == 1


def test_cannot_stop_smiling_is_flagged_and_stops_nothing() -> None:
    signup, phone = member_with_phone()
    row = text_about(signup, phone)
    answer = write("I can't stop smiling")
    row.refresh_from_db()
    assert "A person will read this" in answer
    assert (row.state, Suppression.objects.count()) == (ReminderState.PLANNED, 0)
    assert InboundText.objects.waiting().get().text == "I can't stop smiling"


# -- C and X ---------------------------------------------------------------------------------------------------------


def test_x_frees_the_place_for_the_next_in_line() -> None:
    signup, phone = member_with_phone()
    meeting = signup.occurrence.meeting
    meeting.capacity = 1
    meeting.save()
    waiting = make_signup(occurrence=signup.occurrence, status=SignupStatus.WAITLISTED)
    text_about(signup, phone, ReminderState.ACCEPTED, submitted_at=NOW - DAY)
    assert write("x") == (
        "Your place was given back: Tue, Nov 24, 7:00 PM. Thank you. Not you, or a mistake? http://testserver/my/meetings/"
    )
    for each in (signup, waiting):
        each.refresh_from_db()
    assert (signup.status, waiting.status) == (SignupStatus.CANCELLED, SignupStatus.CONFIRMED)
    assert not Suppression.objects.exists()


def test_place_given_back_by_text_is_said_by_email_with_the_way_to_take_it_back(mailoutbox: list[Any]) -> None:
    """Whoever forged the number is not asked, and the person hears of it where the forger cannot look."""
    signup, phone = member_with_phone()
    save_preferences(person=of_member(phone.user), reminder_channel="sms", change_channel="sms", now=NOW)  # type: ignore[arg-type]  # a member's
    make_reminder(
        ReminderState.ACCEPTED, signup=signup, kind=ReminderKind.CONFIRMATION, attempt=1, submitted_at=NOW - DAY
    )
    text_about(signup, phone, ReminderState.ACCEPTED, submitted_at=NOW - DAY)
    assert "Not you, or a mistake? http://testserver/my/meetings/" in write("X")
    rows = Reminder.objects.filter(kind=ReminderKind.GIVEN_BACK)
    assert list(rows.values_list("channel", "state")) == [(Channel.EMAIL, ReminderState.PLANNED)]
    deliver_due(read_clock=lambda: NOW)
    (letter,) = mailoutbox
    assert "If you change your mind, or if it wasn’t you:\nhttp://testserver/" in letter.body.replace("\n\n", "\n")
    assert phone.user is not None
    date = signup.occurrence.original_date
    (back,) = create_member_signup(meeting=signup.occurrence.meeting, user=phone.user, date=date, every=False, now=NOW)
    assert back.status == SignupStatus.CONFIRMED


def test_same_x_twice_gives_back_one_place() -> None:
    signup, phone = member_with_phone()
    text_about(signup, phone, ReminderState.DELIVERED, submitted_at=NOW)
    later = make_signup(
        participant=signup.participant, occurrence=make_occurrence(on=dt.date(2026, 12, 1), meeting=make_meeting())
    )
    assert write("X", sid="SM1") != ""
    assert write("X", sid="SM1") == ""
    # Nor does another one give back what no text spoke of.
    assert "no upcoming date" in write("X", sid="SM2")
    for each in (signup, later):
        each.refresh_from_db()
    assert (signup.status, later.status) == (SignupStatus.CANCELLED, SignupStatus.CONFIRMED)


def test_answer_is_about_the_last_text_rather_than_the_next_date() -> None:
    signup, phone = member_with_phone()
    later = make_signup(
        participant=signup.participant, occurrence=make_occurrence(on=dt.date(2026, 12, 1), meeting=make_meeting())
    )
    text_about(later, phone, ReminderState.DELIVERED, submitted_at=NOW - dt.timedelta(hours=1))
    assert "Tue, Dec 1" in write("X")
    signup.refresh_from_db()
    assert signup.status == SignupStatus.CONFIRMED


def test_answer_is_about_no_date_where_the_last_text_is_long_ago() -> None:
    """Who has the number by now may be somebody else."""
    signup, phone = member_with_phone()
    later = make_signup(
        participant=signup.participant, occurrence=make_occurrence(on=dt.date(2026, 12, 1), meeting=make_meeting())
    )
    text_about(later, phone, ReminderState.DELIVERED, submitted_at=NOW - 4 * DAY - dt.timedelta(seconds=1))
    assert "haven't texted you lately" in write("X")
    for each in (signup, later):
        each.refresh_from_db()
        assert each.status == SignupStatus.CONFIRMED


def test_answer_is_never_about_a_cancelled_date() -> None:
    signup, phone = member_with_phone()
    cancel_occurrence(occurrence=signup.occurrence, now=NOW)
    text_about(signup, phone, ReminderState.ACCEPTED, submitted_at=NOW)
    assert "no upcoming date" in write("C")
    later = make_signup(
        participant=signup.participant, occurrence=make_occurrence(on=dt.date(2026, 12, 1), meeting=make_meeting())
    )
    assert "no upcoming date" in write("X")
    later.refresh_from_db()
    assert later.status == SignupStatus.CONFIRMED


def test_c_notes_it_and_changes_nothing() -> None:
    signup, phone = member_with_phone()
    text_about(signup, phone, ReminderState.DELIVERED, submitted_at=NOW)
    assert write("C") == "Noted: Tue, Nov 24, 7:00 PM. Reply X if you can't come after all."
    signup.refresh_from_db()
    assert signup.status == SignupStatus.CONFIRMED
    assert InboundText.objects.get().signup == signup


@pytest.mark.parametrize("text", ["C", "X"])
def test_letter_from_somebody_who_was_sent_nothing_says_so_whoever_it_is(text: str) -> None:
    unknown = write(text, sender="+12025550199")
    assert unknown.startswith(f"We haven't texted you lately about a date that {text} could answer.")
    member_with_phone()
    assert write(text) == unknown


def test_x_never_touches_another_persons_place() -> None:
    signup, _phone = member_with_phone()
    assert "haven't texted you lately" in write("X", sender="+12025550199")
    signup.refresh_from_db()
    assert signup.status == SignupStatus.CONFIRMED


# -- HELP, crisis, the rest ------------------------------------------------------------------------------------------


def test_help_names_sender_contact_stop_and_crisis_line() -> None:
    answer = write("HELP")
    for part in ("Homegroup", "STOP", "988", "Msg & data rates may apply", "help@example.org"):
        assert part in answer
    assert InboundText.objects.count() == 0


def test_crisis_is_answered_with_where_somebody_answers() -> None:
    answer = write("I want to end my life")
    assert "988" in answer
    assert "911" in answer
    assert InboundText.objects.waiting().get().is_crisis
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("text", "first", "then"),
    [
        ("i overdosed", "Call 911 now. Give naloxone (Narcan)", "call or text 988"),
        ("I OD'd", "Call 911 now. Give naloxone (Narcan)", "call or text 988"),
        ("he is not breathing", "Call 911 now. Give naloxone (Narcan)", "call or text 988"),
        ("no respira", "Llama al 911 ya. Da naloxona (Narcan)", "AYUDA al 988"),
        ("mi hijo no despierta", "Llama al 911 ya. Da naloxona (Narcan)", "AYUDA al 988"),
    ],
)
def test_where_somebody_may_be_dying_911_comes_first(text: str, first: str, then: str) -> None:
    answer = write(text)
    assert answer.startswith(first)
    assert then in answer
    assert gsm7.measure(answer).segments == 1
    assert InboundText.objects.get().is_crisis


def test_danger_to_life_comes_before_the_word_that_texts_have_ended() -> None:
    answer = write("STOP. he is not breathing")
    assert answer.startswith("Call 911 now.")
    assert "no more texts" in answer


@pytest.mark.parametrize("text", ["i need help", "necesito ayuda", "no puedo más"])
def test_cry_for_help_names_who_answers(text: str) -> None:
    assert "988" in write(text)
    assert InboundText.objects.get().is_crisis


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no puedo parar", "aguanta mucho menos"),
        ("quiero parar", "aguanta mucho menos"),
        ("no puedo dejar de consumir", "aguanta mucho menos"),
        ("can't stop", "far less"),
        ("quit drugs", "far less"),
    ],
)
def test_who_cannot_stop_keeps_their_texts_and_is_told_what_keeps_one_alive(text: str, words: str) -> None:
    signup, phone = member_with_phone()
    row = text_about(signup, phone)
    assert words in write(text)
    row.refresh_from_db()
    assert row.state == ReminderState.PLANNED
    assert is_given(phone, Purpose.REMINDERS)
    assert not Suppression.objects.exists()
    # It may have meant messages after all.
    assert InboundText.objects.get().is_for_person


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("I used, 19103", "Philadelphia%2C+PA+19103"),
        ("I used 19103", "Philadelphia%2C+PA+19103"),
        ("I used, Philadelphia", "Philadelphia%2C+PA"),
        ("relapsed Philadelphia", "Philadelphia%2C+PA"),
        ("I relapsed tonight, meeting near Kingston NY?", "Kingston%2C+NY"),
        ("I can't stop using. Albany", "Albany%2C+NY"),
        ("recaí, Philadelphia", "Philadelphia%2C+PA"),
        ("tomé, 19103", "Philadelphia%2C+PA+19103"),
    ],
)
def test_place_beside_having_used_is_where_the_next_meeting_is_looked_for(text: str, near: str, client: Client) -> None:
    answer = write(text)
    assert "988" in answer
    link = re.search(r"http://testserver(/start-again/\?near=\S+)", answer)
    assert link is not None
    assert link[1].endswith(near)
    assert near.split("%")[0] in client.get(link[1]).content.decode()
    assert not InboundText.objects.filter(is_for_person=False).exists()


@pytest.mark.parametrize("text", ["I used", "I used last night", "consumí ayer", "I relapsed and I feel awful"])
def test_what_is_no_place_beside_having_used_is_not_taken_for_one(text: str) -> None:
    assert write(text).endswith("http://testserver/start-again/")


@pytest.mark.parametrize("language", ["en", "es"])
def test_place_falls_away_where_there_is_no_room_for_it(language: str, settings: Any) -> None:
    settings.PUBLIC_BASE_URL = f"https://{'a' * 45}.example.org"
    with translation.override(language):
        far = replies.after_using("US", near="Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch, Wales")
        assert far == replies.after_using("US")
    assert gsm7.measure(far).segments <= 2


@pytest.mark.parametrize(("text", "words"), [("I used", "far less"), ("recai", "aguanta mucho menos")])
def test_having_used_is_answered_with_what_keeps_one_alive_and_kept_nowhere(
    text: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = write(text)
    for part in (words, "911", "988", "http://testserver/start-again/"):
        assert part in answer
    assert InboundText.objects.count() == 0
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_having_used_is_answered_once() -> None:
    assert write("I used", sid="SM-same") != ""
    assert write("I used", sid="SM-same") == ""


def test_stop_beside_having_used_is_done_and_names_who_answers() -> None:
    answer = write("STOP, I relapsed")
    assert "no more texts" in answer
    assert "988" in answer
    assert Suppression.objects.count() == 1


def test_having_used_is_answered_however_many_texts_left_today(settings: Any) -> None:
    settings.SMS_PER_DAY = 1
    write("HELP")
    assert write("HELP", sender="+12025550144") == ""
    assert "988" in write("I used", sender="+12025550145")


def test_having_used_abroad_names_no_american_number() -> None:
    answer = write("recaí", sender="+34612345678")
    assert "988" not in answer
    assert "911" not in answer
    assert "http://testserver/start-again/" in answer


def test_what_a_person_should_read_beside_it_is_answered_the_same() -> None:
    assert "far less" in write("I used, call the police")
    assert InboundText.objects.waiting().count() == 1


def test_crisis_abroad_names_no_american_number() -> None:
    answer = write("quiero morir", sender="+34612345678")
    assert "988" not in answer
    assert "http://testserver/crisis/" in answer


def test_spanish_is_answered_in_spanish(settings: Any) -> None:
    english, spanish = write("HELP"), write("AYUDA", sender="+12025550144")
    assert english != spanish


@pytest.mark.parametrize("sender", ["72345", "Amazon", "", "+1"])
def test_machines_are_not_answered(sender: str) -> None:
    answer = inbound.take(inbound=Inbound("SM1", sender, "STOP"), now=NOW)
    assert (answer, InboundText.objects.count(), Suppression.objects.count()) == ("", 0, 0)


def test_stop_counts_from_a_number_that_no_list_knows() -> None:
    assert phones.normal("+15550001111") is None
    assert write("STOP", sender="+15550001111") != ""
    assert Suppression.objects.get().value_hash == lookup_hash("+15550001111")


def test_number_without_a_plus_is_the_same_number() -> None:
    write("STOP", sender=NUMBER.removeprefix("+"))
    assert Suppression.objects.get().value_hash == lookup_hash(NUMBER)


def test_two_machines_do_not_talk_for_ever() -> None:
    answers = [write("thank you for your message") for _n in range(40)]
    assert answers.count("") == 19


def test_what_is_only_asked_is_kept_nowhere() -> None:
    write("see you soon all")
    assert InboundText.objects.count() == 0


def test_kept_texts_are_sealed_and_forgotten_after_thirty_days(settings: Any) -> None:
    write("STOP it, Rosalind said so", at=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sender, text, sender_hash FROM reminders_inboundtext")
        raw = " ".join(cursor.fetchone())
    assert "Rosalind" not in raw
    assert NUMBER.lstrip("+") not in raw
    assert inbound.purge(now=NOW + dt.timedelta(days=29)) == 0
    assert inbound.purge(now=NOW + dt.timedelta(days=31)) == 1


def test_nothing_of_a_text_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    write("I want to die, says Rosalind")
    assert "waits for a person" in caplog.text
    assert "Rosalind" not in caplog.text
    assert "2025550143" not in caplog.text


_WORDS = st.sampled_from(
    [
        "stop",
        "START",
        "x",
        "C",
        "more",
        "tue",
        "Albany",
        "12207",
        "help",
        "want to die",
        "can't",
        "\x00",
        "\ud800",
        "🛑",
        ",",
    ]
)


@given(text=st.lists(st.one_of(_WORDS, st.text(max_size=8)), max_size=6).map(" ".join), sender=st.text(max_size=20))
@hypothesis.settings(max_examples=60, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
def test_any_text_from_anybody_is_taken_without_an_error(text: str, sender: str) -> None:
    for number in (NUMBER, sender):
        answer = inbound.take(inbound=Inbound(f"SM{next(_sids)}", number, text), now=NOW)
        assert gsm7.measure(answer).segments <= 3
