"""A series that moves is one message; other days are asked about, and nobody is taken along in silence."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import links
from accounts.enums import Channel, Purpose
from accounts.models import Preferences
from accounts.services.consents import record_consent
from meetings.enums import OccurrenceStatus, SignupPolicy, SignupStatus
from meetings.models import Meeting, Occurrence, Signup, StandingSignup
from meetings.queries.roster import coming_dates
from meetings.recurrence import falls_on, unknown_days
from meetings.reminders.enums import ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.queries import to_send
from meetings.reminders.rendering import Renderer
from meetings.reminders.services import replan
from meetings.services import schedule, signups
from meetings.services.occurrences import cancel_occurrence, move_occurrence
from support.messaging import TextMessage
from tests.conftest import NOW
from tests.factories import make_contact_point, make_meeting, make_user
from tests.unit.test_told import DAY, HOUR, MINUTE, sent, subjects

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def coming(*, every: bool = True, dates: int = 3, language: str = "en", **fields: Any) -> Meeting:
    """A Tuesday meeting at 7:00 PM with one member who comes every time, or on some dates, and knows it."""
    fields.setdefault("signup_policy", SignupPolicy.SIGN_UP)
    meeting = make_meeting(**fields)
    user = make_user(language=language)
    if every:
        signups.create_member_signup(meeting=meeting, user=user, date=None, every=True, now=NOW - HOUR)
    else:
        for week in range(dates):
            date = dt.date(2026, 11, 24) + week * 7 * DAY
            signups.create_member_signup(meeting=meeting, user=user, date=date, every=False, now=NOW - HOUR)
    sent(at=NOW - HOUR)
    return meeting


def change(meeting: Meeting, *, at: dt.datetime = NOW, **values: Any) -> None:
    for name, value in values.items():
        setattr(meeting, name, value)
    schedule.derive(meeting, now=at)
    meeting.save()
    schedule.reschedule(meeting, now=at)


def by_text(row: Reminder) -> TextMessage:
    """Render a row as a text message."""
    (loaded,) = to_send([row.pk])
    loaded.channel = Channel.SMS
    message = Renderer().render(loaded, now=NOW).message
    assert isinstance(message, TextMessage)
    return message


def test_series_that_moves_is_one_message_with_the_rule_and_the_next_dates() -> None:
    meeting = coming()
    change(meeting, start_time=dt.time(20, 0))
    [letter] = sent()
    assert letter.subject == "Starting Tue, Nov 17: 8:00 PM"
    assert "The time changes from 7:00 PM to 8:00 PM, starting Tuesday, November 17:" in letter.text
    assert "Every Tuesday at 8:00 PM, until you cancel" in letter.text
    assert [day for day in ("17", "24", "1", "8") if f" {day}\n" in letter.text] == ["17", "24", "1"]
    assert "and every date after that" in letter.text
    [calendar] = letter.calendars
    assert calendar.content.count(b"BEGIN:VEVENT") == 4


def test_single_dates_of_a_series_are_one_message_that_lists_them() -> None:
    change(coming(every=False), start_time=dt.time(20, 0))
    [letter] = sent()
    assert letter.subject == "Moved to Tue, Nov 24, 8:00 PM and 2 more"
    assert "The time changes from 7:00 PM to 8:00 PM on these dates:" in letter.text
    assert all(day in letter.text for day in ("November 24", "December 1", "December 8"))


def test_dates_that_change_each_in_another_way_say_what_they_were() -> None:
    meeting = coming(every=False)
    first = Occurrence.objects.earliest("starts_at")
    move_occurrence(occurrence=first, starts_at=first.starts_at + HOUR, now=NOW - MINUTE)
    sent(at=NOW - MINUTE)
    Occurrence.objects.filter(pk=first.pk).update(is_moved=False)
    change(meeting, start_time=dt.time(18, 0))
    [letter] = sent()
    assert "6:00–7:30 PM, instead of 8:00 PM" in letter.text
    assert letter.text.count("6:00–7:30 PM, instead of 7:00 PM") == 2


def test_series_that_moved_and_moved_back_before_anything_went_out_says_nothing() -> None:
    meeting = coming()
    change(meeting, start_time=dt.time(20, 0))
    change(meeting, at=NOW + MINUTE, start_time=dt.time(19, 0))
    assert subjects(NOW + MINUTE) == []


def test_series_that_moves_while_one_date_was_moved_is_said_of_the_others() -> None:
    meeting = coming(every=False)
    first = Occurrence.objects.earliest("starts_at")
    move_occurrence(occurrence=first, starts_at=first.starts_at + HOUR, now=NOW)
    change(meeting, at=NOW + MINUTE, start_time=dt.time(18, 0))
    assert sorted(subjects(NOW + MINUTE)) == [
        "Moved to Tue, Dec 1, 6:00 PM and 1 more",
        "Moved to Tue, Nov 24, 8:00 PM",
    ]


def test_date_given_back_before_the_news_went_out_is_left_out_of_it() -> None:
    meeting = coming(every=False)
    change(meeting, start_time=dt.time(20, 0))
    first, second, _third = Signup.objects.order_by("occurrence__starts_at")
    signups.cancel_signup(signup=first, now=NOW)
    assert sorted(subjects()) == ["Moved to Tue, Dec 1, 8:00 PM and 1 more", "Not coming: Tue, Nov 24, 8:00 PM"]
    cancel_occurrence(occurrence=second.occurrence, now=NOW + HOUR)
    assert subjects(NOW + HOUR) == ["Canceled: Tue, Dec 1, 8:00 PM"]


def test_changed_length_is_said_as_that_and_once() -> None:
    change(coming(), duration=dt.timedelta(hours=1))
    [letter] = sent()
    assert letter.subject == "Tue 7:00 PM and 3 more: now until 8:00 PM"
    assert "It now ends at 8:00 PM instead of 8:30 PM." in letter.text
    assert "Moved" not in letter.text + letter.subject


def test_dates_that_end_with_the_rule_are_one_message() -> None:
    change(coming(), rrule="FREQ=WEEKLY;BYDAY=TU;UNTIL=20261130")
    [letter] = sent()
    assert letter.subject == "Canceled: Tue, Dec 1, 7:00 PM and 1 more"
    assert "These dates have been canceled:" in letter.text


def test_dates_that_the_rule_gets_back_are_on_again_and_told_once() -> None:
    meeting = coming()
    by_hand = Occurrence.objects.latest("starts_at")
    cancel_occurrence(occurrence=by_hand, now=NOW - MINUTE)
    sent(at=NOW - MINUTE)
    change(meeting, rrule="FREQ=WEEKLY;BYDAY=TU;UNTIL=20261130")
    assert len(sent()) == 1
    change(meeting, at=NOW + HOUR, rrule="FREQ=WEEKLY;BYDAY=TU")
    [letter] = sent(at=NOW + HOUR)
    assert letter.subject == "On after all: Tue, Dec 1, 7:00 PM"
    by_hand.refresh_from_db()
    assert by_hand.status == OccurrenceStatus.CANCELLED


# -- other days -------------------------------------------------------------------------------------------------------


def test_other_day_is_one_message_that_asks_and_signs_nobody_up() -> None:
    meeting = coming()
    change(meeting, rrule="FREQ=WEEKLY;BYDAY=WE")
    [letter] = sent()
    assert letter.subject == "Tuesdays move to Wednesdays"
    assert "Tuesdays move to Wednesdays. These dates are off:" in letter.text
    assert "From now on: Every Wednesday at 7:00 PM, starting Wednesday, November 18." in letter.text
    assert "Until you say yes, you have no place on them." in letter.text
    assert {each.method for each in letter.calendars} == {"CANCEL"}
    assert signups.extend_standing_signups(now=NOW + HOUR) == 0
    standing = StandingSignup.objects.get()
    assert (standing.is_waiting, standing.new_days) == (True, "WE")
    assert not Reminder.objects.unsent().exists()
    assert [count.every_time for count in coming_dates(meeting, now=NOW + HOUR) if not count.date.is_cancelled][:2] == [
        0,
        0,
    ]


def test_link_of_the_question_shows_it_and_its_button_answers_it(client: Client) -> None:
    meeting = coming()
    change(meeting, rrule="FREQ=WEEKLY;BYDAY=WE")
    [letter] = sent()
    standing = StandingSignup.objects.get()
    url = reverse("meetings:new_day", args=[links.sign("new_day", standing.public_id)])
    assert "/signups/new-days/" in letter.text
    page = client.get(url).content.decode()
    assert "Yes, keep my place on Wednesdays" in page
    assert Signup.objects.filter(occurrence__status=OccurrenceStatus.SCHEDULED).count() == 0, "a look does nothing"
    for _time in range(2):
        assert client.post(url).status_code in (302, 200)
    page = client.get(url).content.decode()
    assert "You come every time" in page
    standing.refresh_from_db()
    assert (standing.days, standing.is_waiting) == ("WE", False)
    on = Signup.objects.filter(occurrence__status=OccurrenceStatus.SCHEDULED)
    assert [signup.status for signup in on] == [SignupStatus.CONFIRMED] * on.count()
    assert on.count() >= 4
    assert Reminder.objects.filter(kind=ReminderKind.CONFIRMATION, state=ReminderState.PLANNED).count() == 1


def test_question_of_somebody_who_stopped_coming_is_none(client: Client) -> None:
    meeting = coming()
    change(meeting, rrule="FREQ=WEEKLY;BYDAY=WE")
    standing = StandingSignup.objects.get()
    signups.end_standing_signup(standing=standing, now=NOW)
    url = reverse("meetings:new_day", args=[links.sign("new_day", standing.public_id)])
    assert "You stopped coming every time" in client.get(url).content.decode()
    assert client.post(url).status_code == 422
    assert not Signup.objects.filter(occurrence__status=OccurrenceStatus.SCHEDULED).exists()


def test_who_came_on_single_dates_hears_of_the_other_day_and_is_not_asked() -> None:
    change(coming(every=False), rrule="FREQ=WEEKLY;BYDAY=WE")
    [letter] = sent()
    assert letter.subject == "Tuesdays move to Wednesdays"
    assert "choose a date there" in letter.text
    assert "Until you say yes" not in letter.text


def test_one_of_two_days_that_moves_leaves_the_other_and_asks_about_the_new_one() -> None:
    meeting = coming(rrule="FREQ=WEEKLY;BYDAY=TU,TH")
    change(meeting, rrule="FREQ=WEEKLY;BYDAY=TU,FR")
    [letter] = sent()
    assert letter.subject == "Thursdays move to Fridays"
    signups.extend_standing_signups(now=NOW + 8 * DAY)
    on = Occurrence.objects.scheduled().filter(starts_at__gt=NOW)
    assert {occurrence.original_date.weekday() for occurrence in on} == {1}
    assert on.count() > 4, "their own day goes on"


def test_other_day_that_comes_back_is_on_again_without_a_question() -> None:
    meeting = coming()
    change(meeting, rrule="FREQ=WEEKLY;BYDAY=WE")
    sent()
    change(meeting, at=NOW + MINUTE, rrule="FREQ=WEEKLY;BYDAY=TU")
    [letter] = sent(at=NOW + MINUTE)
    assert letter.subject == "On after all: Tue 7:00 PM and 3 more"
    assert not StandingSignup.objects.get().is_waiting


@pytest.mark.parametrize(
    ("days", "known", "unknown"),
    [
        ("WE", "MO", "WE"),
        ("MO,WE", "MO", "WE"),
        ("1MO", "MO", ""),
        ("MO", "1MO", "MO"),
        ("2MO", "1MO", "2MO"),
        ("MO", "", ""),
        ("", "MO", ""),
    ],
)
def test_days_that_somebody_was_not_asked_about(days: str, known: str, unknown: str) -> None:
    assert unknown_days(days, known=known) == unknown


@pytest.mark.parametrize(
    ("date", "days", "is_one"),
    [
        (dt.date(2026, 11, 2), "1MO", True),
        (dt.date(2026, 11, 9), "1MO", False),
        (dt.date(2026, 11, 30), "-1MO", True),
        (dt.date(2026, 11, 23), "-1MO", False),
        (dt.date(2026, 11, 23), "TU,MO", True),
        (dt.date(2026, 11, 23), "", True),
    ],
)
def test_date_is_one_of_some_days(date: dt.date, days: str, is_one: bool) -> None:
    assert falls_on(date, days) is is_one


# -- once, and short --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("every", [True, False])
@pytest.mark.parametrize(
    "values",
    [
        {"start_time": dt.time(20, 0)},
        {"duration": dt.timedelta(hours=1)},
        {"rrule": "FREQ=WEEKLY;BYDAY=WE,SA"},
        {"rrule": "FREQ=WEEKLY;BYDAY=TU;UNTIL=20261130"},
        {"rrule": "FREQ=MONTHLY;BYDAY=1WE"},
    ],
)
def test_every_text_about_a_series_is_one_part(values: dict[str, Any], every: bool, language: str) -> None:
    change(coming(every=every, language=language), **values)
    row = Reminder.objects.get(kind__in=("moved", "cancelled", "new_day"))
    message = by_text(row)
    assert (message.size.is_gsm7, message.size.segments) == (True, 1), message.text


def test_series_plans_each_person_once(monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = coming()
    planned: list[int] = []
    known_people = replan.known_people

    def counted(participants: Any, **kwargs: Any) -> Any:
        planned.extend(participants)
        return known_people(participants, **kwargs)

    monkeypatch.setattr(replan, "known_people", counted)
    change(meeting, start_time=dt.time(20, 0))
    assert len(planned) == 1


def test_news_of_a_series_goes_by_the_channel_that_was_chosen() -> None:
    meeting = coming()
    user = Signup.objects.first().participant.user  # type: ignore[union-attr]
    phone = make_contact_point(channel=Channel.SMS, value="+15185550123", user=user)
    record_consent(
        contact_point=phone, purpose=Purpose.CHANGES, is_given=True, wording="test", source="test", now=NOW - DAY
    )
    Preferences.objects.create(user=user, change_channel=Channel.SMS, updated_at=NOW)
    change(meeting, start_time=dt.time(20, 0))
    row = Reminder.objects.get(kind=ReminderKind.MOVED)
    assert (row.channel, row.contact_point_id, row.parts.count()) == (Channel.SMS, phone.pk, 3)
