"""A correction says what its reader was last told, not what the last change was; what they know is not said again."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from meetings.enums import SignupPolicy, SignupStatus
from meetings.models import Meeting, Occurrence, Signup, StandingSignup
from meetings.reminders.enums import EventKind, ReminderKind, ReminderState
from meetings.reminders.models import DeliveryEvent, Reminder
from meetings.reminders.queries.timelines import Reader, timeline
from meetings.reminders.services import news, replan
from meetings.reminders.services.deliver import deliver_due
from meetings.services import signups
from meetings.services.occurrences import (
    ChangeRefused,
    cancel_occurrence,
    ensure_occurrence,
    move_occurrence,
    restore_occurrence,
)
from support.messaging import Accepted, Ambiguous, Letter, Refused, Result, Transient
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

HOUR, DAY, MINUTE = dt.timedelta(hours=1), dt.timedelta(days=1), dt.timedelta(minutes=1)


class Post:
    """A gateway that takes everything, or answers as told, and keeps what it was given."""

    def __init__(self, *results: Result) -> None:
        self.results, self.letters = list(results), list[Letter]()

    def open(self) -> Transient | None:
        return None

    def send(self, letter: Letter, **_: Any) -> Result:
        self.letters.append(letter)
        return self.results.pop(0) if self.results else Accepted()

    def close(self) -> None:
        pass


def sent(*results: Result, at: dt.datetime = NOW) -> list[Letter]:
    post = Post(*results)
    deliver_due(read_clock=lambda: at, gateway=post)
    return [replace(letter, text=letter.text.replace("\u00a0", " ")) for letter in post.letters]


def subjects(at: dt.datetime = NOW) -> list[str]:
    return [letter.subject for letter in sent(at=at)]


def taken(*, is_confirmed: bool = True, **fields: Any) -> Signup:
    """A member's place on Tuesday 24 November at 7:00 PM, whose confirmation went out, if it did."""
    meeting = fields.pop("meeting", None) or make_meeting(signup_policy=SignupPolicy.SIGN_UP, **fields)
    [signup] = signups.create_member_signup(
        meeting=meeting, user=make_user(), date=dt.date(2026, 11, 24), every=False, now=NOW - HOUR
    )
    if is_confirmed:
        assert len(sent(at=NOW - HOUR)) == 1
    return signup


def shift(occurrence: Occurrence, hours: float, *, at: dt.datetime = NOW) -> None:
    occurrence.refresh_from_db()
    move_occurrence(occurrence=occurrence, starts_at=occurrence.starts_at + hours * HOUR, now=at)


# -- moved ------------------------------------------------------------------------------------------------------------


def test_moved_twice_before_anything_went_out_is_one_notice_from_the_time_they_know() -> None:
    place = taken()
    shift(place.occurrence, 1)
    shift(place.occurrence, 1, at=NOW + MINUTE)
    [letter] = sent(at=NOW + MINUTE)
    assert letter.subject == "Moved to Tue, Nov 24, 9:00 PM"
    assert "It was planned for Tuesday, November 24, 7:00 PM" in letter.text


def test_moved_and_moved_back_before_anything_went_out_says_nothing_and_the_row_says_why() -> None:
    place = taken()
    shift(place.occurrence, 1)
    shift(place.occurrence, -1, at=NOW + MINUTE)
    assert subjects(NOW + MINUTE) == []
    row = Reminder.objects.get(kind=ReminderKind.MOVED)
    assert (row.state, row.reason) == (ReminderState.SUPERSEDED, news.AS_TOLD)
    told = timeline(place, reader=Reader("UTC", "h12"))
    assert any("again as they were told" in line.sentence for line in told)


def test_moved_told_and_moved_back_is_told_as_that() -> None:
    place = taken()
    shift(place.occurrence, 1)
    assert len(sent()) == 1
    shift(place.occurrence, -1, at=NOW + HOUR)
    [letter] = sent(at=NOW + HOUR)
    assert letter.subject == "Moved to Tue, Nov 24, 7:00 PM"
    assert "It was planned for Tuesday, November 24, 8:00 PM" in letter.text


def test_who_signed_up_after_the_first_move_knows_the_moved_time() -> None:
    early = taken()
    shift(early.occurrence, 1)
    [late] = signups.create_member_signup(
        meeting=early.occurrence.meeting, user=make_user(), date=dt.date(2026, 11, 24), every=False, now=NOW + HOUR
    )
    sent(at=NOW + HOUR)
    shift(early.occurrence, 1, at=NOW + 2 * HOUR)
    letters = sent(at=NOW + 2 * HOUR)
    assert len(letters) == 2
    assert all("It was planned for Tuesday, November 24, 8:00 PM" in letter.text for letter in letters)
    assert late.occurrence_id == early.occurrence_id


def test_reminder_that_went_out_is_what_they_know() -> None:
    place = taken()
    shift(place.occurrence, 1)
    sent()
    reminded_at = place.occurrence.starts_at - 3 * DAY + HOUR
    assert subjects(reminded_at) == ["Reminder for Tue 8:00 PM"]
    shift(place.occurrence, 0.5, at=reminded_at + HOUR)
    [letter] = sent(at=reminded_at + HOUR)
    assert "It was planned for Tuesday, November 24, 8:00 PM" in letter.text


@pytest.mark.parametrize(
    ("result", "state", "words"),
    [
        (Refused("550 no"), ReminderState.FAILED, []),
        (Transient("later"), ReminderState.SUPERSEDED, []),
        (Ambiguous("?"), ReminderState.AMBIGUOUS, ["It was planned for Tuesday, November 24, 8:00 PM"]),
    ],
)
def test_notice_that_may_have_arrived_counts_as_told_and_one_that_did_not_does_not(
    result: Result, state: str, words: list[str]
) -> None:
    place = taken()
    shift(place.occurrence, 1)
    sent(result)
    shift(place.occurrence, -1, at=NOW + MINUTE)
    assert Reminder.objects.filter(kind=ReminderKind.MOVED).earliest("pk").state == state
    # What is unclear holds its correction back until it is settled.
    Reminder.objects.filter(state=ReminderState.AMBIGUOUS).update(state=ReminderState.ASSUMED_SENT)
    letters = sent(at=NOW + MINUTE)
    assert [all(each in letter.text for each in words) for letter in letters] == [True] * len(words)


class Meanwhile(Post):
    """A gateway that takes so long over its first message that the date moves again, and answers as told."""

    def __init__(self, result: Result, occurrence: Occurrence, hours: float) -> None:
        super().__init__(result)
        self.moves: list[tuple[Occurrence, float]] = [(occurrence, hours)]

    def send(self, letter: Letter, **_: Any) -> Result:
        for occurrence, hours in self.moves:
            shift(occurrence, hours, at=NOW + MINUTE)
        self.moves = []
        return super().send(letter)


@pytest.mark.parametrize(
    ("result", "told"),
    [(Accepted(), "8:00 PM"), (Refused("no"), "7:00 PM"), (Ambiguous("nobody knows"), "8:00 PM")],
)
def test_correction_of_a_notice_that_was_under_way_says_what_came_of_it(result: Result, told: str) -> None:
    place = taken()
    shift(place.occurrence, 1)
    meanwhile = Meanwhile(result, place.occurrence, 1)
    deliver_due(read_clock=lambda: NOW, gateway=meanwhile)
    Reminder.objects.filter(state=ReminderState.AMBIGUOUS).update(state=ReminderState.ASSUMED_SENT, settled_at=NOW)
    _first, letter = meanwhile.letters + sent(at=NOW + MINUTE)
    assert letter.subject == "Moved to Tue, Nov 24, 9:00 PM"
    assert f"It was planned for Tuesday, November 24, {told}" in letter.text.replace("\u00a0", " ")
    assert subjects(NOW + HOUR) == []


def test_move_back_while_a_notice_was_under_way_that_failed_is_no_news() -> None:
    place = taken()
    shift(place.occurrence, 1)
    meanwhile = Meanwhile(Refused("no"), place.occurrence, -1)
    deliver_due(read_clock=lambda: NOW, gateway=meanwhile)
    assert len(meanwhile.letters) == 1
    assert subjects(NOW + MINUTE) == []
    assert not Reminder.objects.unsent().filter(kind=ReminderKind.MOVED).exists()


def test_notice_that_is_to_be_sent_again_since_nobody_knows_whether_it_went_counts_as_told() -> None:
    place = taken()
    shift(place.occurrence, 1)
    row = Reminder.objects.get(kind=ReminderKind.MOVED)
    Reminder.objects.filter(pk=row.pk).update(attempt=1, submitted_at=NOW)
    DeliveryEvent.objects.create(reminder=row, kind=EventKind.AMBIGUOUS, at=NOW)
    shift(place.occurrence, -1, at=NOW + MINUTE)
    assert subjects(NOW + MINUTE) == ["Moved to Tue, Nov 24, 7:00 PM"]


def test_planning_news_again_changes_nothing() -> None:
    place = taken()
    shift(place.occurrence, 1)
    before = list(Reminder.objects.order_by("pk").values_list())
    news.plan_news(occurrences=[place.occurrence_id], why="", now=NOW + HOUR)
    assert list(Reminder.objects.order_by("pk").values_list()) == before
    sent(at=NOW + HOUR)
    news.plan_news(occurrences=[place.occurrence_id], why="", now=NOW + 2 * HOUR)
    assert subjects(NOW + 2 * HOUR) == []


# -- cancelled, and brought back --------------------------------------------------------------------------------------


def test_cancelled_date_says_the_time_that_its_reader_knows() -> None:
    place = taken()
    shift(place.occurrence, 1)
    cancel_occurrence(occurrence=place.occurrence, now=NOW + MINUTE)
    [letter] = sent(at=NOW + MINUTE)
    assert letter.subject == "Canceled: Tue, Nov 24, 7:00 PM"
    assert "7:00–8:30 PM" in letter.text


def test_cancelled_and_brought_back_before_anything_went_out_says_nothing() -> None:
    place = taken()
    cancel_occurrence(occurrence=place.occurrence, now=NOW)
    restore_occurrence(occurrence=place.occurrence, now=NOW + MINUTE)
    assert subjects(NOW + MINUTE) == []
    assert Reminder.objects.unsent().filter(kind=ReminderKind.REMINDER).count() == 2


def test_cancelled_told_and_brought_back_is_told_once_with_its_place_and_reminders() -> None:
    place = taken()
    cancel_occurrence(occurrence=place.occurrence, now=NOW)
    assert subjects() == ["Canceled: Tue, Nov 24, 7:00 PM"]
    first = restore_occurrence(occurrence=place.occurrence, now=NOW + HOUR)
    assert restore_occurrence(occurrence=place.occurrence, now=NOW + HOUR) == first
    [letter] = sent(at=NOW + HOUR)
    assert letter.subject == "On after all: Tue, Nov 24, 7:00 PM"
    assert "Your place is still yours" in letter.text
    [calendar] = letter.calendars
    assert calendar.method == "REQUEST"
    assert b"SEQUENCE:2" in calendar.content
    place.refresh_from_db()
    assert place.status == SignupStatus.CONFIRMED
    assert subjects(place.occurrence.starts_at - 3 * DAY) == ["Reminder for Tue 7:00 PM"]


def test_confirmation_that_a_cancellation_took_back_goes_out_once_the_date_is_on_again() -> None:
    place = taken(is_confirmed=False)
    cancel_occurrence(occurrence=place.occurrence, now=NOW)
    restore_occurrence(occurrence=place.occurrence, now=NOW + MINUTE)
    assert subjects(NOW + MINUTE) == ["Confirmed for Tue, Nov 24, 7:00 PM"]


def test_request_that_a_cancellation_took_back_is_asked_once_the_date_is_on_again() -> None:
    meeting = make_meeting()
    [asked] = signups.request_guest_signup(
        meeting=meeting, date=dt.date(2026, 11, 24), every=False, email="guest@example.org", tz="America/New_York",
        language="en", hour_cycle="h12", now=NOW,
    )  # fmt: skip
    cancel_occurrence(occurrence=asked.occurrence, now=NOW)
    restore_occurrence(occurrence=asked.occurrence, now=NOW + MINUTE)
    assert subjects(NOW + MINUTE) == ["Please confirm"]


def test_date_brought_back_gives_its_free_places_to_who_waits_in_one_message() -> None:
    place = taken(capacity=1)
    meeting = place.occurrence.meeting
    [waiting] = signups.create_member_signup(
        meeting=meeting, user=make_user(), date=dt.date(2026, 11, 24), every=False, now=NOW - HOUR
    )
    assert waiting.status == SignupStatus.WAITLISTED
    cancel_occurrence(occurrence=place.occurrence, now=NOW)
    sent()
    signups.cancel_signup(signup=place, now=NOW + MINUTE)
    sent(at=NOW + MINUTE)
    restore_occurrence(occurrence=place.occurrence, now=NOW + HOUR)
    assert subjects(NOW + HOUR) == ["Confirmed for Tue, Nov 24, 7:00 PM"]
    waiting.refresh_from_db()
    assert waiting.status == SignupStatus.CONFIRMED


def test_date_moved_by_hand_comes_back_where_it_was_moved_to_and_others_by_the_rule() -> None:
    place = taken()
    shift(place.occurrence, 1)
    cancel_occurrence(occurrence=place.occurrence, now=NOW)
    restored = restore_occurrence(occurrence=place.occurrence, now=NOW)
    assert restored.new_starts_at == place.occurrence.starts_at + HOUR
    other = make_occurrence(meeting=place.occurrence.meeting, on=dt.date(2026, 12, 1))
    cancel_occurrence(occurrence=other, now=NOW)
    other.meeting.start_time = dt.time(18, 0)
    other.meeting.save()
    assert restore_occurrence(occurrence=other, now=NOW).new_starts_at == other.starts_at - HOUR


def test_what_cannot_be_brought_back_is_refused() -> None:
    place = taken()
    with pytest.raises(ChangeRefused, match="not canceled"):
        restore_occurrence(occurrence=place.occurrence, now=NOW)
    cancel_occurrence(occurrence=place.occurrence, now=NOW)
    with pytest.raises(ChangeRefused, match="started already"):
        restore_occurrence(occurrence=place.occurrence, now=place.occurrence.starts_at)
    Meeting.objects.update(rrule="FREQ=WEEKLY;BYDAY=WE")
    with pytest.raises(ChangeRefused, match="no longer on this day"):
        restore_occurrence(occurrence=place.occurrence, now=NOW)


# -- a word from whoever runs it --------------------------------------------------------------------------------------


def test_message_says_that_there_is_a_note_without_showing_it() -> None:
    place = taken()
    move_occurrence(
        occurrence=place.occurrence, starts_at=place.occurrence.starts_at + HOUR, message="Room is free later", now=NOW
    )
    [letter] = sent()
    for words in (letter.text, letter.html):
        assert "There’s a note from whoever runs it. Read it here:" in words
        assert "Room" not in words
    shift(place.occurrence, 1, at=NOW + HOUR)
    [letter] = sent(at=NOW + HOUR)
    assert "note" not in letter.text


def test_who_may_not_read_the_note_hears_of_none() -> None:
    place = taken(kind="family_session", capacity=1)
    signups.create_member_signup(
        meeting=place.occurrence.meeting, user=make_user(), date=dt.date(2026, 11, 24), every=False, now=NOW - HOUR
    )
    cancel_occurrence(occurrence=place.occurrence, message="Another link", now=NOW)
    assert sorted("note" in letter.text for letter in sent()) == [False, True]


# -- every date, however far off --------------------------------------------------------------------------------------


def every_tuesday(**fields: Any) -> StandingSignup:
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP, **fields)
    signups.create_member_signup(meeting=meeting, user=make_user(), date=None, every=True, now=NOW)
    assert len(sent()) == 1
    return StandingSignup.objects.get()


def test_far_date_that_was_moved_is_told_once_it_comes_within_reach() -> None:
    standing = every_tuesday()
    far = ensure_occurrence(meeting=standing.meeting, date=dt.date(2026, 12, 29), now=NOW)
    move_occurrence(occurrence=far, starts_at=far.starts_at + HOUR, now=NOW + HOUR)
    assert subjects(NOW + HOUR) == []
    later = far.starts_at - 27 * DAY
    signups.extend_standing_signups(now=later)
    [letter] = [letter for letter in sent(at=later) if "Dec 29" in letter.subject]
    assert letter.subject == "Moved to Tue, Dec 29, 8:00 PM"
    assert "It was planned for Tuesday, December 29, 7:00 PM" in letter.text
    signups.extend_standing_signups(now=later + HOUR)
    assert [subject for subject in subjects(later + HOUR) if "Dec 29" in subject] == []


def test_far_date_that_was_cancelled_is_told_once_it_comes_within_reach() -> None:
    standing = every_tuesday()
    far = ensure_occurrence(meeting=standing.meeting, date=dt.date(2026, 12, 29), now=NOW)
    cancel_occurrence(occurrence=far, now=NOW + HOUR)
    later = far.starts_at - 27 * DAY
    for _time in range(2):
        signups.extend_standing_signups(now=later)
    assert [subject for subject in subjects(later) if "Dec 29" in subject] == ["Canceled: Tue, Dec 29, 7:00 PM"]
    restore_occurrence(occurrence=far, now=later + HOUR)
    assert subjects(later + HOUR) == ["On after all: Tue, Dec 29, 7:00 PM"]


def test_date_that_was_off_as_they_asked_is_not_told_again() -> None:
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP)
    cancel_occurrence(occurrence=make_occurrence(meeting=meeting, on=dt.date(2026, 12, 1)), now=NOW - DAY)
    signups.create_member_signup(meeting=meeting, user=make_user(), date=None, every=True, now=NOW)
    sent()
    signups.extend_standing_signups(now=NOW + HOUR)
    assert subjects(NOW + HOUR) == []


# -- once -------------------------------------------------------------------------------------------------------------


def test_signing_up_and_confirming_plan_their_person_once(monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[int] = []
    known_people = replan.known_people

    def counted(participants: Any, **kwargs: Any) -> Any:
        planned.extend(participants)
        return known_people(participants, **kwargs)

    monkeypatch.setattr(replan, "known_people", counted)
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP)
    signups.create_member_signup(meeting=meeting, user=make_user(), date=None, every=True, now=NOW)
    assert len(planned) == 1
    planned.clear()
    [asked, *_rest] = signups.request_guest_signup(
        meeting=meeting, date=None, every=True, email="guest@example.org", tz="America/New_York", language="en",
        hour_cycle="h12", now=NOW,
    )  # fmt: skip
    signups.confirm_signups(signup=asked, now=NOW)
    assert planned == [asked.participant_id]
    assert Reminder.objects.filter(signup__participant=asked.participant, kind=ReminderKind.REMINDER).exists()
