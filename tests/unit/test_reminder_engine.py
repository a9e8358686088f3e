"""The engine on the real database, with a gateway that does as it is told."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.db import OperationalError, connection
from django.db.models import QuerySet

from accounts.models import Consent, ContactPoint, Suppression
from accounts.services.consents import record_consent
from meetings.enums import OccurrenceStatus, SignupPolicy, SignupStatus
from meetings.models import Meeting, Signup
from meetings.queries.occurrences import upcoming_dates
from meetings.reminders import queries
from meetings.reminders.enums import EventKind, Lane, ReminderKind, ReminderState
from meetings.reminders.models import ChannelOutage, Reminder
from meetings.reminders.queries.timelines import Reader, timeline
from meetings.reminders.services import deliver as delivering
from meetings.reminders.services import hot, plan
from meetings.reminders.services.deliver import Tally, after_transient, claim, deliver_due, park, release
from meetings.reminders.services.optout import withdraw
from meetings.reminders.services.sweep import sweep
from meetings.services import signups
from meetings.services.occurrences import cancel_occurrence, move_occurrence
from support.messaging import Accepted, Ambiguous, Letter, Refused, Result, Transient
from support.messaging.results import Limit
from tests.conftest import NOW
from tests.factories import (
    make_meeting,
    make_occurrence,
    make_participant,
    make_reminder,
    make_signup,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

MINUTE = dt.timedelta(minutes=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


class Told:
    """A gateway that answers as told, keeps what it was given, and can do something while it sends."""

    def __init__(self, *results: Result, outage: Transient | None = None) -> None:
        self.results = list(results)
        self.outage = outage
        self.letters: list[Letter] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def open(self) -> Transient | None:
        return self.outage

    def send(self, letter: Letter, /, *, until: dt.datetime) -> Result:
        self.letters.append(letter)
        self.meanwhile()
        return self.results.pop(0) if self.results else Accepted()

    def close(self) -> None:
        pass

    @property
    def subjects(self) -> list[str]:
        return [letter.subject for letter in self.letters]


def run(gateway: Told | None = None, *, at: dt.datetime = NOW) -> Told:
    told = gateway or Told()
    deliver_due(read_clock=lambda: at, gateway=told)
    return told


def booked(**fields: Any) -> Signup:
    """A confirmed place on Tuesday 24 November 19:00 in New York, a week after NOW, with its messages planned."""
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP)
    signup = make_signup(occurrence=make_occurrence(meeting=meeting), **fields)
    plan.plan_confirmation(signups=[signup], now=NOW)
    plan.plan_reminders(signups=[signup], now=NOW)
    return signup


def states(kind: str | None = None) -> list[str]:
    rows = Reminder.objects.order_by("due_at", "pk")
    return list((rows.filter(kind=kind) if kind else rows).values_list("state", flat=True))


# -- planning --------------------------------------------------------------------------------------------------------


def test_plan_for_a_booked_place() -> None:
    signup = booked()
    starts_at = signup.occurrence.starts_at
    rows = Reminder.objects.order_by("due_at").values_list("kind", "due_at", "deadline_at")
    assert list(rows) == [
        (ReminderKind.CONFIRMATION, NOW, starts_at),
        (ReminderKind.REMINDER, starts_at - 3 * DAY, starts_at - HOUR / 6),
        # The day before at 18:00 in New York.
        (ReminderKind.REMINDER, dt.datetime(2026, 11, 23, 23, 0, tzinfo=dt.UTC), starts_at - HOUR / 6),
    ]


def test_plan_for_a_meeting_where_one_just_comes_is_two_hours_before() -> None:
    signup = make_signup()
    plan.plan_reminders(signups=[signup], now=NOW)
    assert list(Reminder.objects.values_list("due_at", flat=True)) == [signup.occurrence.starts_at - 2 * HOUR]


def test_plan_twice_writes_once() -> None:
    signup = booked()
    plan.plan_confirmation(signups=[signup], now=NOW + HOUR)
    plan.plan_reminders(signups=[signup], now=NOW + HOUR)
    assert Reminder.objects.count() == 3


def test_plan_late_leaves_out_what_is_past() -> None:
    signup = make_signup()
    plan.plan_reminders(signups=[signup], now=signup.occurrence.starts_at - HOUR)
    assert not Reminder.objects.exists()


def test_plan_for_a_place_taken_again_starts_anew() -> None:
    signup = booked()
    signup.status, signup.cancelled_at = SignupStatus.CANCELLED, NOW + HOUR
    signup.save()
    plan.plan_given_back(signups=[signup], now=NOW + HOUR)
    assert set(states()) == {ReminderState.SUPERSEDED}
    signup.status, signup.cancelled_at, signup.confirmed_at = SignupStatus.CONFIRMED, None, NOW + 2 * HOUR
    signup.save()
    plan.plan_confirmation(signups=[signup], now=NOW + 2 * HOUR)
    plan.plan_reminders(signups=[signup], now=NOW + 2 * HOUR)
    assert Counter(states()) == {ReminderState.SUPERSEDED: 3, ReminderState.PLANNED: 3}


def guest_asks(meeting: Any, *, every: bool = False, now: dt.datetime = NOW) -> list[Signup]:
    date = upcoming_dates(meeting, now=now, limit=2)[-1].original_date
    return signups.request_guest_signup(
        meeting=meeting, date=date, every=every, email="guest@example.org", tz="America/New_York",
        language="en", hour_cycle="h12", now=now,
    )  # fmt: skip


def test_request_asked_twice_is_sent_once_and_again_when_asked_later() -> None:
    meeting = make_meeting()
    guest_asks(meeting)
    guest_asks(meeting)
    assert run().subjects == ["Please confirm"]
    guest_asks(meeting, now=NOW + HOUR)
    assert run(at=NOW + HOUR).subjects == ["Please confirm"]


def test_second_click_right_after_the_request_left_sends_nothing() -> None:
    meeting = make_meeting()
    guest_asks(meeting)
    assert run().subjects == ["Please confirm"]
    minutes = dt.timedelta(minutes=1)
    guest_asks(meeting, now=NOW + minutes)
    assert run(at=NOW + minutes).subjects == []
    guest_asks(meeting, now=NOW + 2 * minutes)
    assert run(at=NOW + 2 * minutes).subjects == ["Please confirm"]


def test_second_click_after_the_request_failed_sends_it_again_at_once() -> None:
    meeting = make_meeting()
    guest_asks(meeting)
    run(Told(Refused("550")))
    guest_asks(meeting)
    assert run().subjects == ["Please confirm"]


def test_request_is_of_no_use_once_the_date_has_begun_or_its_link_is_over() -> None:
    soon = make_signup(status=SignupStatus.PENDING)
    later = make_signup(status=SignupStatus.PENDING, occurrence=make_occurrence(on=dt.date(2026, 12, 1)))
    starts_at = soon.occurrence.starts_at
    for signup in (soon, later):
        plan.plan_request(signups=[signup], now=starts_at - HOUR)
    rows = Reminder.objects.order_by("pk").values_list("deadline_at", flat=True)
    assert list(rows) == [starts_at, starts_at - HOUR + 2 * DAY]
    assert run(at=starts_at).subjects == ["Please confirm"]
    assert Counter(states()) == {"expired": 1, "accepted": 1}


def test_request_for_what_is_certain_already_is_answered_too() -> None:
    meeting = make_meeting()
    [signup] = guest_asks(meeting)
    signups.confirm_signups(signup=signup, now=NOW)
    assert run().subjects == ["Confirmed for Tue, Nov 24, 7:00 PM"]
    guest_asks(meeting, now=NOW + HOUR)
    assert run(at=NOW + HOUR).subjects == ["Confirmed for Tue, Nov 24, 7:00 PM"]


def test_guest_from_asking_to_the_reminder() -> None:
    meeting = make_meeting()
    [signup] = guest_asks(meeting)
    assert run().subjects == ["Please confirm"]
    signups.confirm_signups(signup=signup, now=NOW)
    assert run().subjects == ["Confirmed for Tue, Nov 24, 7:00 PM"]
    two_hours_before = signup.occurrence.starts_at - 2 * HOUR
    assert run(at=two_hours_before - HOUR / 60).subjects == []
    assert run(at=two_hours_before).subjects == ["Reminder for Tue 7:00 PM"]
    assert run(at=two_hours_before).subjects == []


# -- what it says ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_message_is_discreet(language: str) -> None:
    meeting = make_meeting(name="Clean & Serene Heroin Recovery")
    assert meeting.venue
    participant = make_participant(language=language, display_name="Jordan")
    occurrence = make_occurrence(meeting=meeting)
    signup = make_signup(occurrence=occurrence, participant=participant)
    plan.plan_confirmation(signups=[signup], now=NOW)
    plan.plan_reminders(signups=[signup], now=NOW)
    sent = run().letters + run(at=occurrence.starts_at - 2 * HOUR).letters
    move_occurrence(occurrence=occurrence, starts_at=occurrence.starts_at + 2 * HOUR, message="Meet Sam", now=NOW)
    sent += run(at=NOW + HOUR).letters
    cancel_occurrence(occurrence=occurrence, message="Sorry from Sam", now=NOW + HOUR)
    sent += run(at=NOW + HOUR).letters
    other = make_signup(occurrence=make_occurrence(meeting=meeting, on=dt.date(2026, 12, 1)), participant=participant)
    plan.plan_confirmation(signups=[other], now=NOW)
    sent += run().letters
    signups.cancel_signup(signup=other, now=NOW)
    sent += run().letters
    assert len(sent) == 6
    for letter in sent:
        words = letter.as_bytes().decode() + letter.text + letter.html + letter.subject
        words += "".join(each.content.decode() for each in letter.calendars)
        for secret in ("Serene", "Heroin", "Recovery", "Jordan", "Sam", "Elm", meeting.slug, "NA "):
            assert secret not in words
        assert letter.subject.isascii() or language != "en"
        assert (letter.headers["Auto-Submitted"], letter.message_id.split("@")[1]) == ("auto-generated", "testserver>")
        assert letter.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert letter.html.count("<html") == 1
        assert f'lang="{language}"' in letter.html
        assert "<img" not in letter.html


@pytest.mark.parametrize(
    ("venue_type", "subject", "dates"),
    [
        # In a room: the clock on its wall, with the zone, since the reader's shows another time.
        ("in_person", "Tue 19:00 (New York time)", "Tuesday, November 24\n19:00–20:30\n(New York time)"),
        ("hybrid", "Tue 19:00 (New York time)", "Tuesday, November 24\n19:00–20:30\n(New York time)"),
        ("online", "Wed 00:00", "Wednesday, November 25\n00:00–01:30\n(London time)"),
    ],
)
def test_message_says_the_time_on_the_rooms_clock_or_the_readers(venue_type: str, subject: str, dates: str) -> None:
    participant = make_participant(tz="Europe/London", hour_cycle="h24")
    occurrence = make_occurrence(meeting=make_meeting(venue_type=venue_type))
    plan.plan_reminders(signups=[make_signup(participant=participant, occurrence=occurrence)], now=NOW)
    # Midnight to 1:30 in London, so that two hours before is held until before the quiet hours.
    row = Reminder.objects.get()
    assert row.due_at == dt.datetime(2026, 11, 24, 20, 55, tzinfo=dt.UTC)
    [letter] = run(at=row.due_at).letters
    assert letter.subject == f"Reminder for {subject}"
    assert dates in letter.text


def test_moved_message_says_both_times_on_the_rooms_clock() -> None:
    signup = booked(participant=make_participant(tz="America/Los_Angeles"))
    run()
    move_occurrence(occurrence=signup.occurrence, starts_at=signup.occurrence.starts_at + HOUR, now=NOW)
    [letter] = run().letters
    assert letter.subject == "Moved to Tue, Nov 24, 8:00 PM (New York time)"
    assert "It was planned for Tuesday, November 24, 7:00\u00a0PM." in letter.text
    assert "8:00–9:30\u00a0PM\n(New York time)" in letter.text


def test_zone_is_not_named_in_a_subject_where_both_clocks_show_the_same() -> None:
    booked(participant=make_participant(tz="America/Toronto"))
    assert run().subjects == ["Confirmed for Tue, Nov 24, 7:00 PM"]


def test_calendar_file_keeps_its_uid_and_counts_up() -> None:
    signup = booked()
    [confirmation] = run().letters[0].calendars
    occurrence = signup.occurrence
    move_occurrence(occurrence=occurrence, starts_at=occurrence.starts_at + HOUR, now=NOW)
    [moved] = run().letters[0].calendars
    cancel_occurrence(occurrence=occurrence, now=NOW)
    [cancelled] = run().letters[0].calendars
    assert [each.method for each in (confirmation, moved, cancelled)] == ["REQUEST", "REQUEST", "CANCEL"]
    for seq, each in enumerate((confirmation, moved, cancelled)):
        content = each.content.decode()
        assert f"UID:{signup.calendar_uid}\r\n" in content
        assert f"SEQUENCE:{seq}\r\n" in content
        assert f"METHOD:{each.method}\r\n" in content


def test_row_keeps_no_words() -> None:
    booked()
    run()
    row = Reminder.objects.get(kind=ReminderKind.CONFIRMATION)
    assert (row.state, row.template, len(row.content_hash)) == ("accepted", "reminders/confirmation.en", 64)


# -- changes ---------------------------------------------------------------------------------------------------------


def test_move_tells_everyone_once_and_moves_their_reminders() -> None:
    occurrence = make_occurrence()
    for _guest in range(3):
        signup = make_signup(occurrence=occurrence)
        plan.plan_confirmation(signups=[signup], now=NOW)
        plan.plan_reminders(signups=[signup], now=NOW)
    run()
    new = occurrence.starts_at + HOUR
    move_occurrence(occurrence=occurrence, starts_at=new, now=NOW)
    move_occurrence(occurrence=occurrence, starts_at=new, now=NOW + HOUR)
    assert run(at=NOW + HOUR).subjects == ["Moved to Tue, Nov 24, 8:00 PM"] * 3
    reminders = Reminder.objects.filter(kind=ReminderKind.REMINDER)
    assert Counter(reminders.values_list("state", "due_at")) == {
        ("superseded", new - 3 * HOUR): 3,
        ("planned", new - 2 * HOUR): 3,
    }


@pytest.mark.parametrize("hours", [-7, 7])
def test_move_is_news_until_both_times_are_past(hours: int) -> None:
    signup = booked()
    run()
    old = signup.occurrence.starts_at
    move_occurrence(occurrence=signup.occurrence, starts_at=old + hours * HOUR, now=NOW)
    last = max(old, old + hours * HOUR)
    # The engine stood still: whoever comes at the old time, or the new one, still wants to know.
    assert run(at=last - HOUR / 60).subjects == [f"Moved to {'Tue 12:00 PM' if hours < 0 else 'Wed 2:00 AM'}"]


def test_move_before_the_confirmation_left_becomes_the_confirmation() -> None:
    signup = booked()
    move_occurrence(occurrence=signup.occurrence, starts_at=signup.occurrence.starts_at + HOUR, now=NOW)
    assert run().subjects == ["Confirmed for Tue, Nov 24, 8:00 PM"]
    assert not Reminder.objects.filter(kind=ReminderKind.MOVED).exists()


def test_move_before_the_request_left_asks_for_the_new_time() -> None:
    [signup] = guest_asks(make_meeting())
    move_occurrence(occurrence=signup.occurrence, starts_at=signup.occurrence.starts_at + HOUR, now=NOW)
    told = run()
    assert told.subjects == ["Please confirm"]
    assert "8:00–9:30" in told.letters[0].text


@pytest.mark.parametrize(("days", "expected"), [(1, 2), (-6, 1)])
def test_move_leaves_a_request_no_more_time_than_its_link_and_its_date(days: int, expected: int) -> None:
    [signup] = guest_asks(make_meeting())
    starts_at = NOW + (7 + days) * DAY
    move_occurrence(occurrence=signup.occurrence, starts_at=starts_at, now=NOW + HOUR)
    assert Reminder.objects.unsent().get().deadline_at == NOW + expected * DAY


def test_move_while_the_confirmation_is_being_sent_waits_its_turn() -> None:
    signup = booked()
    occurrence = signup.occurrence
    gateway = Told(Ambiguous("no answer"))
    gateway.meanwhile = lambda: move_occurrence(occurrence=occurrence, starts_at=occurrence.starts_at + HOUR, now=NOW)
    assert run(gateway).subjects == ["Confirmed for Tue, Nov 24, 7:00 PM"]
    moved = Reminder.objects.get(kind=ReminderKind.MOVED)
    assert (moved.state, moved.reason) == ("planned", "Waits for an earlier message")
    gateway.meanwhile = lambda: None
    sweep(now=NOW)
    # The unclear confirmation says an old time now: it is not sent again, and the correction goes.
    assert run(at=moved.due_at).subjects == ["Moved to Tue, Nov 24, 8:00 PM"]
    assert Reminder.objects.get(kind=ReminderKind.CONFIRMATION).state == ReminderState.SUPERSEDED


def test_move_between_writing_and_beginning_stops_the_old_words(monkeypatch: pytest.MonkeyPatch) -> None:
    signup = booked()
    occurrence = signup.occurrence
    gateway = Told()
    moved: list[bool] = []

    def open_and_move() -> None:
        if not moved:
            moved.append(True)
            move_occurrence(occurrence=occurrence, starts_at=occurrence.starts_at + HOUR, now=NOW)

    monkeypatch.setattr(gateway, "open", open_and_move)
    assert run(gateway).subjects == ["Confirmed for Tue, Nov 24, 8:00 PM"]


def test_change_of_zone_between_writing_and_beginning_is_written_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    signup = booked()
    participant = signup.participant
    gateway = Told()

    def open_and_travel() -> None:
        participant.tz = "America/Los_Angeles"
        participant.save()

    monkeypatch.setattr(gateway, "open", open_and_travel)
    assert run(gateway).subjects == ["Confirmed for Tue, Nov 24, 7:00 PM (New York time)"]


def test_cancelled_date_is_told_once_and_nothing_else_goes() -> None:
    signup = booked()
    run()
    cancel_occurrence(occurrence=signup.occurrence, now=NOW)
    cancel_occurrence(occurrence=signup.occurrence, now=NOW)
    assert run().subjects == ["Canceled: Tue, Nov 24, 7:00 PM"]
    assert states(ReminderKind.REMINDER) == [ReminderState.SUPERSEDED] * 2
    assert run(at=signup.occurrence.starts_at - 3 * DAY).subjects == []


def test_place_given_back_is_taken_out_of_the_calendar() -> None:
    signup = booked()
    run()
    signups.cancel_signup(signup=signup, now=NOW)
    [letter] = run().letters
    assert letter.subject == "Not coming: Tue, Nov 24, 7:00 PM"
    assert [each.method for each in letter.calendars] == ["CANCEL"]
    assert states(ReminderKind.REMINDER) == [ReminderState.SUPERSEDED] * 2


def test_place_given_back_before_anything_left_says_nothing() -> None:
    signup = booked()
    signups.cancel_signup(signup=signup, now=NOW)
    assert run().subjects == []


def standing(*, meeting: Meeting | None = None) -> list[Signup]:
    return signups.create_member_signup(
        meeting=meeting or make_meeting(), user=make_user(), date=None, every=True, now=NOW
    )


def test_standing_signup_is_confirmed_in_one_message_with_all_its_dates() -> None:
    places = standing()
    [letter] = run().letters
    assert len(places) == 4
    for words in (letter.text, letter.html):
        assert "Every Tuesday at 7:00\u00a0PM, until you cancel" in words
        assert words.count("7:00–8:30") == 3
        assert "and so on" in words
    [calendar] = letter.calendars
    assert calendar.method == "PUBLISH"
    assert calendar.content.count(b"BEGIN:VEVENT") == 3


@pytest.mark.parametrize("which", [2, 3])
def test_standing_confirmation_is_written_anew_when_one_of_its_dates_moves_meanwhile(
    monkeypatch: pytest.MonkeyPatch, which: int
) -> None:
    """It names the next three, and whatever date strays from the rule."""
    places = standing()
    later = places[which].occurrence
    gateway = Told()
    moved: list[bool] = []

    def open_and_move() -> None:
        if not moved:
            moved.append(True)
            move_occurrence(occurrence=later, starts_at=later.starts_at + HOUR, now=NOW)

    monkeypatch.setattr(gateway, "open", open_and_move)
    run(gateway)
    [letter] = gateway.letters
    assert (letter.text.count("7:00–8:30"), letter.text.count("8:00–9:30")) == (which, 1)


def test_standing_confirmation_goes_on_from_the_next_date_when_its_first_is_cancelled() -> None:
    places = standing()
    cancel_occurrence(occurrence=places[0].occurrence, now=NOW)
    told = run()
    assert sorted(told.subjects) == ["Canceled: Tue 7:00 PM", "Confirmed for Tue, Nov 24, 7:00 PM"]
    confirmation = next(letter for letter in told.letters if letter.subject.startswith("Confirmed"))
    assert confirmation.text.count("7:00–8:30") == 3


def test_standing_confirmation_of_a_date_that_was_cancelled_goes_back_to_no_earlier_one() -> None:
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP, capacity=1)
    last = upcoming_dates(meeting, now=NOW, limit=4)[-1].original_date
    [first_come] = signups.create_member_signup(meeting=meeting, user=make_user(), date=last, every=False, now=NOW)
    places = standing(meeting=meeting)
    assert [place.status for place in places] == ["confirmed"] * 3 + ["waitlisted"]
    run()
    signups.cancel_signup(signup=places[0], now=NOW)
    run()
    # The place in the last of the dates becomes certain, and the date is cancelled before that is said.
    signups.cancel_signup(signup=first_come, now=NOW)
    cancel_occurrence(occurrence=places[3].occurrence, now=NOW)
    # Whoever gave it back has it in their calendar still.
    assert run().subjects == ["Not coming: Tue, Dec 8, 7:00 PM", "Canceled: Tue, Dec 8, 7:00 PM"]


def test_standing_signup_ended_is_one_message() -> None:
    places = standing()
    run()
    assert places[0].standing
    signups.end_standing_signup(standing=places[0].standing, now=NOW)
    [letter] = run().letters
    assert letter.subject.startswith(("Not coming", "Reminder stopped"))
    assert "Every Tuesday at 7:00\u00a0PM\n" in letter.text
    assert letter.text.count("7:00–8:30") == 3
    assert [(each.method, each.content.count(b"BEGIN:VEVENT")) for each in letter.calendars] == [("CANCEL", 1)] * 4


def test_end_of_a_standing_signup_is_news_until_the_last_of_its_dates() -> None:
    places = standing()
    run()
    assert places[0].standing
    signups.end_standing_signup(standing=places[0].standing, now=NOW)
    # The engine stood still until the first of them had begun.
    [letter] = run(at=places[0].occurrence.starts_at + HOUR).letters
    assert letter.subject.startswith(("Not coming", "Reminder stopped"))


# -- the last moment -------------------------------------------------------------------------------------------------


def suppress(signup: Signup) -> None:
    Suppression.objects.create(channel="email", value_hash=signup.participant.contact_point.value_hash, reason="550")


def unsubscribe(signup: Signup) -> None:
    record_consent(
        contact_point=signup.participant.contact_point, purpose="reminders", is_given=False,
        wording="test", source="test", now=NOW,
    )  # fmt: skip


def unverify(signup: Signup) -> None:
    ContactPoint.objects.filter(pk=signup.participant.contact_point_id).update(verified_at=None)


def lose_the_place(signup: Signup) -> None:
    Signup.objects.filter(pk=signup.pk).update(status=SignupStatus.WAITLISTED)


def give_back_silently(signup: Signup) -> None:
    Signup.objects.filter(pk=signup.pk).update(status=SignupStatus.CANCELLED, cancelled_at=NOW)


def raise_seq(signup: Signup) -> None:
    signup.occurrence.schedule_seq += 1
    signup.occurrence.save()


def cancel_silently(signup: Signup) -> None:
    signup.occurrence.status = OccurrenceStatus.CANCELLED
    signup.occurrence.save()


@pytest.mark.parametrize(
    ("meanwhile", "state", "reason"),
    [
        (suppress, "skipped", "Nothing may be sent to this address any more"),
        (unsubscribe, "skipped", "No longer wanted"),
        (unverify, "skipped", "The address was never confirmed"),
        (lose_the_place, "skipped", "No longer needed"),
        (give_back_silently, "superseded", "No longer needed"),
        (raise_seq, "superseded", "The date was moved"),
        (cancel_silently, "superseded", "The date was canceled"),
    ],
)
def test_reminder_is_checked_at_the_last_moment(meanwhile: Callable[[Signup], None], state: str, reason: str) -> None:
    signup = make_signup()
    plan.plan_reminders(signups=[signup], now=NOW)
    meanwhile(signup)
    assert run(at=signup.occurrence.starts_at - 2 * HOUR).subjects == []
    row = Reminder.objects.get()
    assert (row.state, row.reason, row.attempt) == (state, reason, 0)
    assert [event.detail for event in row.events.all()] == [reason]
    assert any(
        reason.lower() in line.sentence.lower() for line in timeline(signup, reader=Reader("America/New_York", "h12"))
    )


@pytest.mark.parametrize("words", [(True, False), (False, True)])
def test_last_word_counts_where_two_were_said_at_one_instant(words: tuple[bool, bool]) -> None:
    with connection.cursor() as cursor:
        # Its order happens to be that of the words too.
        cursor.execute("DROP INDEX consent_newest")
    signup = make_signup()
    plan.plan_reminders(signups=[signup], now=NOW)
    for is_given in words:
        record_consent(
            contact_point=signup.participant.contact_point, purpose="reminders", is_given=is_given,
            wording="test", source="test", now=NOW,
        )  # fmt: skip
    sent = run(at=signup.occurrence.starts_at - 2 * HOUR).subjects
    assert sent == ["Reminder for Tue 7:00 PM"] * words[-1]


def test_reminder_past_its_deadline_is_never_sent() -> None:
    signup = make_signup()
    plan.plan_reminders(signups=[signup], now=NOW)
    assert run(at=signup.occurrence.starts_at - HOUR / 6).subjects == []
    assert states() == [ReminderState.EXPIRED]


def test_reminder_late_into_quiet_hours_waits_for_the_morning() -> None:
    signup = booked()
    run()
    # The engine stood still from 18:00 until 23:00 the evening before.
    night = dt.datetime(2026, 11, 24, 4, 0, tzinfo=dt.UTC)
    assert run(at=night).subjects == []
    morning = dt.datetime(2026, 11, 24, 13, 0, tzinfo=dt.UTC)
    assert set(Reminder.objects.filter(state="planned").values_list("due_at", "reason")) == {
        (morning, "Held back by quiet hours")
    }
    assert "Reminder for Tue 7:00 PM" in run(at=morning).subjects
    assert signup.occurrence.starts_at > morning


# -- sending ---------------------------------------------------------------------------------------------------------


def test_one_bad_message_never_stops_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    occurrence = make_occurrence()
    people = [make_signup(occurrence=occurrence) for _n in range(5)]
    for signup in people:
        plan.plan_confirmation(signups=[signup], now=NOW)
    bad = Reminder.objects.get(signup=people[1])
    render = delivering.Renderer.render

    def render_or_fail(self: Any, reminder: Reminder, *, now: dt.datetime) -> Any:
        if reminder.pk == bad.pk:
            raise ZeroDivisionError
        return render(self, reminder, now=now)

    monkeypatch.setattr(delivering.Renderer, "render", render_or_fail)
    told = run(Told(Refused("550"), Transient("451"), Ambiguous("timeout"), Accepted()))
    assert len(told.letters) == 4
    rows = Reminder.objects.order_by("pk").values_list("state", flat=True)
    assert list(rows) == ["failed", "planned", "planned", "ambiguous", "accepted"]
    bad.refresh_from_db()
    assert (bad.reason, bad.due_at, bad.attempt) == ("The message could not be written", NOW + HOUR / 4, 0)


def test_gateway_that_raises_is_taken_for_unclear() -> None:
    booked()
    booked()
    gateway = Told()

    def fail_once() -> None:
        if len(gateway.letters) == 1:
            raise RuntimeError("guest@example.org")

    gateway.meanwhile = fail_once
    run(gateway)
    assert Counter(states(ReminderKind.CONFIRMATION)) == {"ambiguous": 1, "accepted": 1}


def test_refused_address_is_suppressed_where_the_server_says_so() -> None:
    signup = booked()
    run(Told(Refused("Refused by the mail server (550 5.1.1)", suppress=True)))
    row = Reminder.objects.get(kind=ReminderKind.CONFIRMATION)
    assert (row.state, row.reason) == ("failed", "Refused by the mail server (550 5.1.1)")
    assert Suppression.objects.get().value_hash == signup.participant.contact_point.value_hash
    assert run(at=signup.occurrence.starts_at - 3 * DAY).subjects == []


def test_transient_failure_is_tried_again_later_under_the_same_message_id() -> None:
    booked()
    first = run(Told(Transient("451")))
    row = Reminder.objects.get(kind=ReminderKind.CONFIRMATION)
    assert (row.state, row.due_at, row.attempt) == ("planned", NOW + dt.timedelta(seconds=30), 1)
    assert run().letters == []
    second = run(at=row.due_at)
    assert [letter.message_id for letter in first.letters] == [letter.message_id for letter in second.letters]
    assert [event.kind for event in row.events.all()] == ["submitted", "retry", "submitted", "accepted"]


@pytest.mark.parametrize(
    ("failures", "result", "expected"),
    [
        (1, Transient("451"), (ReminderState.PLANNED, 30)),
        (3, Transient("451"), (ReminderState.PLANNED, 120)),
        (3, Transient("451", retry_after=dt.timedelta(minutes=5)), (ReminderState.PLANNED, 300)),
        (1, Transient("451", retry_after=dt.timedelta(seconds=839)), (ReminderState.PLANNED, 839)),
        (1, Transient("451", retry_after=dt.timedelta(seconds=840)), (ReminderState.EXPIRED, 0)),
        (8, Transient("451"), (ReminderState.FAILED, 0)),
        (7, Transient("451"), (ReminderState.EXPIRED, 0)),
        (40, Transient("refused", is_outage=True), (ReminderState.PLANNED, 0)),
    ],
)
def test_back_off_grows_and_ends_at_the_deadline(
    failures: int, result: Transient, expected: tuple[ReminderState, int]
) -> None:
    deadline_at = NOW + dt.timedelta(minutes=14)
    state, due_at, _reason = after_transient(
        result, attempt=40, failures=failures, due_at=NOW, deadline_at=deadline_at, now=NOW
    )
    assert (state, (due_at - NOW).total_seconds()) == expected


def test_outage_parks_the_channel_and_fails_nothing() -> None:
    for _guest in range(3):
        booked()
    outage = Transient("The mail server cannot be reached (connection refused)", is_outage=True)
    told = run(Told(outage=outage))
    assert told.letters == []
    assert Counter(Reminder.objects.filter(kind="confirmation").values_list("state", "attempt")) == {("planned", 0): 3}
    park = ChannelOutage.objects.get()
    assert (park.until, park.failures, park.reason) == (NOW + dt.timedelta(seconds=15), 1, outage.reason)
    # Nobody even tries meanwhile; then one look, and a longer rest.
    assert run(Told()).letters == []
    run(Told(outage=outage), at=park.until)
    park.refresh_from_db()
    assert (park.until - NOW, park.failures) == (dt.timedelta(seconds=45), 2)
    assert queries.oldest_due_seconds(now=park.until) == 45
    assert len(run(at=park.until).letters) == 3
    assert not ChannelOutage.objects.exists()


def test_shorter_outage_does_not_end_a_longer_one() -> None:
    limit = Transient("The mail server takes no more messages today", is_outage=True, limit=Limit.DAY)
    park(channel="email", outage=limit, now=NOW)
    # Another worker's connection is refused a moment later.
    park(channel="email", outage=Transient("The mail server cannot be reached", is_outage=True), now=NOW + MINUTE)
    row = ChannelOutage.objects.get()
    assert (row.until, row.reason) == (NOW + HOUR, limit.reason)


def test_days_limit_begins_with_an_hour_whatever_failed_before_it() -> None:
    for minute in range(6):
        park(channel="email", outage=Transient("Away", is_outage=True), now=NOW + minute * MINUTE)
    limit = Transient("No more today", is_outage=True, limit=Limit.DAY)
    park(channel="email", outage=limit, now=NOW + 20 * MINUTE)
    assert ChannelOutage.objects.get().until == NOW + 20 * MINUTE + HOUR
    park(channel="email", outage=limit, now=NOW + 2 * HOUR)
    assert ChannelOutage.objects.get().until == NOW + 4 * HOUR


def test_database_that_blinks_when_an_outage_ends_forgets_nothing_that_was_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    booked()
    ChannelOutage.objects.create(channel="email", until=NOW, since=NOW, reason="Away")
    real, blinks = QuerySet.delete, [OperationalError("server closed the connection")]

    def delete(rows: Any) -> Any:
        if rows.model is ChannelOutage and blinks:
            raise blinks.pop()
        return real(rows)

    monkeypatch.setattr(QuerySet, "delete", delete)
    monkeypatch.setattr(connection, "close", lambda: None)
    run()
    assert states("confirmation") == ["accepted"]
    # The next one that is taken ends it.
    booked()
    run()
    assert not ChannelOutage.objects.exists()


def test_outage_in_the_middle_of_a_batch_gives_the_rest_back() -> None:
    for _guest in range(3):
        booked()
    told = run(Told(Accepted(), Transient("421", is_outage=True)))
    assert len(told.letters) == 2
    rows = Reminder.objects.filter(kind="confirmation").values_list("state", "claim_token")
    assert Counter(rows) == {("accepted", None): 1, ("planned", None): 2}


def test_run_tallies_what_it_did() -> None:
    booked()
    booked()
    assert deliver_due(read_clock=lambda: NOW, gateway=Told(Accepted(), Refused("550"))) == Tally(accepted=1, other=1)


def test_run_that_is_told_to_stop_gives_back_what_it_has() -> None:
    for _guest in range(3):
        booked()
    gateway = Told()
    deliver_due(read_clock=lambda: NOW, gateway=gateway, should_stop=lambda: bool(gateway.letters))
    assert Counter(states(ReminderKind.CONFIRMATION)) == {"accepted": 1, "planned": 2}


def test_claimed_row_is_nobody_elses() -> None:
    booked()
    token = uuid.uuid4()
    assert len(claim(now=NOW, token=token)) == 1
    assert claim(now=NOW, token=uuid.uuid4()) == []
    assert run().letters == []
    assert release(token=token) == 1
    assert len(run().letters) == 1


def test_lease_that_ran_out_lets_nobody_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    booked()
    times = iter([NOW, NOW, NOW + dt.timedelta(seconds=121)])
    gateway = Told()
    deliver_due(read_clock=lambda: next(times, NOW + dt.timedelta(seconds=122)), gateway=gateway)
    # The batch began nothing under its dead lease; what it gave back was claimed anew, and sent once.
    assert len(gateway.letters) == 1


def test_rest_of_a_batch_whose_lease_ran_out_is_claimed_anew() -> None:
    for _guest in range(3):
        booked()
    times = [NOW]
    gateway = Told()
    gateway.meanwhile = lambda: times.append(times[-1] + dt.timedelta(seconds=120))
    # A provider so slow that one message takes the whole lease: nothing is begun in vain, and all are sent once.
    assert deliver_due(read_clock=lambda: times[-1], gateway=gateway) == Tally(accepted=3)
    assert len({letter.message_id for letter in gateway.letters}) == len(gateway.letters) == 3


@pytest.mark.parametrize(
    ("token_is_right", "seconds", "attempt", "expected"),
    [(True, 0, 1, True), (True, 119, 1, True), (True, 120, 1, False), (False, 0, 1, False), (True, 0, 2, False)],
)
def test_beginning_needs_the_right_token_a_live_lease_and_the_next_attempt(
    token_is_right: bool, seconds: int, attempt: int, expected: bool
) -> None:
    booked()
    token = uuid.uuid4()
    [pk] = claim(now=NOW, token=token)
    at = NOW + dt.timedelta(seconds=seconds)
    began = hot.begin(
        pk=pk,
        attempt=attempt,
        token=token if token_is_right else uuid.uuid4(),
        now=at,
        lease_until=at + delivering.LEASE,
    )
    row = Reminder.objects.get(pk=pk)
    assert (began, row.state) == (expected, ReminderState.SUBMITTING if expected else ReminderState.CLAIMED)
    if expected:
        assert (row.attempt, row.submitted_at, row.lease_until) == (1, at, at + delivering.LEASE)


def test_message_whose_turn_comes_much_later_is_given_back_and_not_tried_all_the_time(settings: Any) -> None:
    """A pace so slow that the second has to wait for longer than a claim holds."""
    settings.REDIS_URL, settings.SEND_RATES = "", {"email": 0.02}
    rows = [make_reminder(), make_reminder()]
    gateway, tries = Told(), Counter[str]()
    gateway.open = lambda: tries.update(["tried"])  # type: ignore[method-assign]  # a gateway that counts
    tally = deliver_due(read_clock=lambda: NOW, gateway=gateway, seconds=2.5)
    assert (tally, len(gateway.letters)) == (Tally(accepted=1), 1)
    assert tries["tried"] <= 5
    assert [Reminder.objects.get(pk=row.pk).state for row in rows] == ["accepted", "planned"]


def test_run_that_is_told_to_stop_does_not_wait_for_the_turn_of_its_next_message(settings: Any) -> None:
    settings.REDIS_URL, settings.SEND_RATES = "", {"email": 0.1}
    rows = [make_reminder(), make_reminder()]
    gateway, tries = Told(), Counter[str]()
    gateway.open = lambda: tries.update(["tried"])  # type: ignore[method-assign]  # a gateway that counts
    # The word comes when the second is in hand already, and its turn some forty seconds away.
    deliver_due(read_clock=lambda: NOW, gateway=gateway, should_stop=lambda: tries["tried"] == 2)
    assert len(gateway.letters) == 1
    assert [Reminder.objects.get(pk=row.pk).state for row in rows] == ["accepted", "planned"]


def test_urgent_goes_before_the_rest() -> None:
    early = make_signup()
    plan.plan_reminders(signups=[early], now=NOW)
    at = early.occurrence.starts_at - 2 * HOUR
    guest_asks(make_meeting(), now=at)
    other = make_signup(occurrence=make_occurrence(on=dt.date(2026, 12, 1)))
    move_occurrence(occurrence=other.occurrence, starts_at=other.occurrence.starts_at + HOUR, now=at)
    subjects = run(at=at).subjects
    assert subjects == ["Please confirm", "Moved to Tue, Dec 1, 8:00 PM", "Reminder for Tue 7:00 PM"]


def test_claim_takes_the_most_urgent_and_then_the_longest_due() -> None:
    with connection.cursor() as cursor:
        # Its order is that of the lanes too, and would hide a claim that asks for none.
        cursor.execute("DROP INDEX reminder_due")
    rows = {
        (lane, minutes): make_reminder(lane=lane, due_at=NOW - minutes * HOUR / 60).pk
        for lane in reversed(Lane)
        for minutes in (1, 2)
    }
    first = claim(now=NOW, token=uuid.uuid4(), limit=3)
    assert first == [rows[Lane.URGENT, 2], rows[Lane.URGENT, 1], rows[Lane.CHANGE, 2]]
    assert claim(now=NOW, token=uuid.uuid4())[:2] == [rows[Lane.CHANGE, 1], rows[Lane.SOON, 2]]


# -- what is left half-way -------------------------------------------------------------------------------------------


def leave_in(state: str, *, attempt: int = 0) -> Reminder:
    """Leave a confirmation as a worker that died would."""
    booked()
    row = Reminder.objects.get(kind=ReminderKind.CONFIRMATION)
    Reminder.objects.filter(pk=row.pk).update(
        state=state, claim_token=uuid.uuid4(), lease_until=NOW + dt.timedelta(seconds=120), attempt=attempt
    )
    row.refresh_from_db()
    return row


AFTER_LEASE = NOW + dt.timedelta(seconds=121)


def test_sweep_leaves_alone_what_is_leased() -> None:
    row = leave_in(ReminderState.SUBMITTING, attempt=1)
    sweep(now=NOW + dt.timedelta(seconds=119))
    row.refresh_from_db()
    assert row.state == ReminderState.SUBMITTING


def test_sweep_gives_back_what_was_claimed_and_not_begun() -> None:
    row = leave_in(ReminderState.CLAIMED)
    sweep(now=AFTER_LEASE)
    assert len(run(at=AFTER_LEASE).letters) == 1
    row.refresh_from_db()
    assert (row.state, row.attempt) == (ReminderState.ACCEPTED, 1)


def test_sweep_sends_what_is_unclear_once_more_and_never_a_third_time() -> None:
    row = leave_in(ReminderState.SUBMITTING, attempt=1)
    sweep(now=AFTER_LEASE)
    told = run(Told(Ambiguous("timeout")), at=AFTER_LEASE)
    assert [letter.message_id for letter in told.letters] == [row.message_id]
    sweep(now=AFTER_LEASE)
    assert run(at=AFTER_LEASE + HOUR).letters == []
    row.refresh_from_db()
    assert (row.state, row.attempt) == (ReminderState.ASSUMED_SENT, 2)
    kinds = [event.kind for event in row.events.all()]
    assert kinds == ["ambiguous", "reconciled", "submitted", "ambiguous", "reconciled"]


def test_sweep_does_not_resend_what_is_of_no_use_any_more() -> None:
    row = leave_in(ReminderState.SUBMITTING, attempt=1)
    sweep(now=row.deadline_at)
    row.refresh_from_db()
    assert row.state == ReminderState.ASSUMED_SENT


def test_sweep_ends_what_nobody_sent_in_time() -> None:
    signup = booked()
    sweep(now=signup.occurrence.starts_at)
    ended = Reminder.objects.values_list("state", "settled_at")
    assert set(ended) == {(ReminderState.EXPIRED, signup.occurrence.starts_at)}
    sweep(now=signup.occurrence.starts_at)
    assert Reminder.objects.get(kind="confirmation").events.filter(kind=EventKind.EXPIRED).count() == 1


def test_slow_worker_that_was_given_up_still_reports_what_was_accepted() -> None:
    booked()
    gateway = Told()
    gateway.meanwhile = lambda: sweep(now=AFTER_LEASE)
    run(gateway)
    row = Reminder.objects.get(kind=ReminderKind.CONFIRMATION)
    assert (row.state, row.reason) == (ReminderState.ACCEPTED, "")
    assert run(at=AFTER_LEASE).letters == []


def test_result_of_an_older_attempt_changes_nothing() -> None:
    booked()
    gateway = Told(Refused("550", suppress=False))

    def another_attempt() -> None:
        Reminder.objects.filter(state=ReminderState.SUBMITTING).update(attempt=2)

    gateway.meanwhile = another_attempt
    run(gateway)
    row = Reminder.objects.get(kind=ReminderKind.CONFIRMATION)
    assert (row.state, row.attempt) == (ReminderState.SUBMITTING, 2)


# -- health, stopping, beat ------------------------------------------------------------------------------------------


def test_oldest_due_counts_from_when_it_was_due() -> None:
    assert queries.oldest_due_seconds(now=NOW) == 0
    booked()
    assert queries.oldest_due_seconds(now=NOW + dt.timedelta(seconds=90)) == 90
    claim(now=NOW, token=uuid.uuid4())
    assert queries.oldest_due_seconds(now=NOW + dt.timedelta(seconds=90)) == 90
    assert queries.oldest_due_seconds(now=NOW - HOUR) == 0


def test_withdrawing_takes_back_what_is_unsent_and_is_recorded_once() -> None:
    signup = booked()
    contact_point = signup.participant.contact_point
    for _click in range(2):
        withdraw(contact_point=contact_point, purposes=["reminders"], source="test", now=NOW)
    assert states(ReminderKind.REMINDER) == [ReminderState.SKIPPED] * 2
    assert states(ReminderKind.CONFIRMATION) == [ReminderState.PLANNED]
    assert list(Consent.objects.values_list("purpose", "is_given")) == [("reminders", False)]


def test_no_task_is_scheduled_beyond_a_minute() -> None:
    root = django_settings.BASE_DIR
    for folder in ("accounts", "meetings", "support"):
        for file in (root / folder).rglob("*.py"):
            words = file.read_text()
            assert "countdown=" not in words, file
            assert "eta=" not in words, file


def test_default_gateway_is_the_sites_own_email() -> None:
    booked()
    deliver_due(read_clock=lambda: NOW)
    assert [message.subject for message in mail.outbox] == ["Confirmed for Tue, Nov 24, 7:00 PM"]
