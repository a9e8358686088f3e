"""A meeting that is hidden, closed, lost by its list or opened again: nothing untrue goes out, and each person is told.

Once, of all their dates, and only where they know otherwise.
"""

from __future__ import annotations

import datetime as dt
import smtplib
import uuid
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from icalendar import Calendar

from accounts.enums import Channel, Lead
from accounts.models import User
from meetings.enums import MeetingState, SignupPolicy, SignupStatus
from meetings.models import Coordinator, Meeting, Occurrence, Participant, Signup
from meetings.reminders.enums import ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.queries.next_reminder import next_reminders
from meetings.reminders.queries.told import told_of
from meetings.reminders.services import inbound, meeting_news, plan
from meetings.reminders.services.deliver import deliver_due
from meetings.reminders.services.replan import replan
from meetings.reminders.services.sweep import sweep
from meetings.services import missing, schedule, signups
from meetings.services.listings import MEETING_FIELDS, VENUE_FIELDS, update_listing
from meetings.services.occurrences import cancel_occurrence, move_occurrence, restore_occurrence
from support import wording
from support.messaging.sms_results import Inbound
from tests.conftest import NOW
from tests.factories import (
    make_contact_point,
    make_meeting,
    make_occurrence,
    make_participant,
    make_reminder,
    make_service_body,
    make_signup,
    make_user,
)
from tests.helpers.gateways import Mail

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)


def run(at: dt.datetime = NOW) -> Mail:
    taken = Mail()
    deliver_due(read_clock=lambda: at, gateway=taken)
    return taken


def write(meeting: Meeting, *, at: dt.datetime = NOW, **fields: Any) -> None:
    """Save a listing as a coordinator does."""
    meeting = Meeting.objects.select_related("venue").get(pk=meeting.pk)
    values = {name: getattr(meeting, name) for name in MEETING_FIELDS}
    place = {name: getattr(meeting.venue, name) if meeting.venue else "" for name in VENUE_FIELDS}
    values |= {name: value for name, value in fields.items() if name in values}
    place |= {name.removeprefix("venue_"): value for name, value in fields.items() if name not in values}
    formats = list(meeting.formats.values_list("pk", flat=True))
    update_listing(meeting=meeting, values=values, place=place, formats=formats, now=at)


def comes_every_time(meeting: Meeting, **fields: Any) -> Participant:
    """Let a member sign up for every date, and hear of it."""
    user = make_user(**fields)
    signups.create_member_signup(meeting=meeting, user=user, date=None, every=True, now=NOW)
    return Participant.objects.get(user=user)


@pytest.fixture
def meeting() -> Meeting:
    return make_meeting(signup_policy=SignupPolicy.SIGN_UP)


def unsent() -> Counter[str]:
    return Counter(Reminder.objects.unsent().values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"is_published": False}, "The meeting is no longer listed"),
        ({"is_temporarily_closed": True}, "The meeting is closed for now"),
    ],
)
def test_meeting_that_is_off_reminds_nobody_and_tells_each_person_once(
    meeting: Meeting, fields: dict[str, Any], reason: str
) -> None:
    people = [comes_every_time(meeting) for _n in range(3)]
    run()
    assert unsent()[ReminderKind.REMINDER] > 0

    write(meeting, **fields)
    first = run()
    again = run(NOW + 20 * DAY)

    assert first.subjects == ["Canceled"] * 3
    assert "These dates have been canceled:" in first.letters[0].text
    assert again.letters == []
    assert unsent() == Counter()
    stopped = Reminder.objects.filter(kind=ReminderKind.REMINDER)
    assert set(stopped.values_list("state", "reason")) == {(ReminderState.SUPERSEDED, reason)}
    assert {row.parts.count() + 1 for row in Reminder.objects.filter(kind=ReminderKind.OFF)} == {4}
    assert next_reminders([each.pk for each in people], now=NOW) == {}


def test_news_that_it_is_off_lists_the_dates_takes_them_out_of_the_calendar_and_names_nothing(meeting: Meeting) -> None:
    comes_every_time(meeting)
    run()

    write(meeting, is_temporarily_closed=True)
    (letter,) = run().letters

    assert letter.subject == "Canceled: Tue 7:00 PM and 3 more"
    assert letter.text.count("7:00") == 4
    assert meeting.name not in letter.text + letter.html + letter.subject
    assert [each.method for each in letter.calendars] == ["CANCEL"] * 4
    events = [Calendar.from_ical(each.content).events for each in letter.calendars]
    assert [[str(event["STATUS"]) for event in mine] for mine in events] == [["CANCELLED"]] * 4
    assert len({str(event["UID"]) for mine in events for event in mine}) == 4


def sequences(mail: Mail) -> dict[str, int]:
    """Return, by UID, the SEQUENCE of each entry in a message's calendar files."""
    files = [Calendar.from_ical(each.content) for letter in mail.letters for each in letter.calendars]
    return {str(event["UID"]): int(str(event["SEQUENCE"])) for file in files for event in file.events}


def test_calendars_see_a_later_state_each_time_it_goes_off_and_on(meeting: Meeting) -> None:
    comes_every_time(meeting)
    states = [sequences(run())]
    for is_closed in (True, False, True):
        write(meeting, is_temporarily_closed=is_closed)
        states.append(sequences(run()))
    for before, after in pairwise(states[1:]):
        assert len(after) == 4
        assert all(after[uid] > before[uid] for uid in after)
    assert all(states[1][uid] > sequence for uid, sequence in states[0].items())


def test_date_that_is_canceled_while_its_meeting_is_known_to_be_off_is_no_news(meeting: Meeting) -> None:
    comes_every_time(meeting)
    run()
    write(meeting, is_temporarily_closed=True)
    assert run().subjects == ["Canceled"]
    date = meeting.occurrences.order_by("starts_at")[1]
    cancel_occurrence(occurrence=date, now=NOW)
    assert run().letters == []
    write(meeting, is_temporarily_closed=False)
    (letter,) = run().letters
    assert letter.subject == "On after all: Tue 7:00 PM and 2 more"
    assert wording.date_words_long(date.starts_at, meeting.tz) not in letter.text
    # They know of it that it is off, and that is no longer so.
    restore_occurrence(occurrence=date, now=NOW)
    (letter,) = run().letters
    assert letter.subject.startswith("On after all: ")
    assert wording.date_words_long(date.starts_at, meeting.tz) in letter.text
    assert run().letters == []


def test_date_that_is_canceled_before_they_heard_that_its_meeting_is_off_is_told(meeting: Meeting) -> None:
    comes_every_time(meeting)
    run()
    cancel_occurrence(occurrence=meeting.occurrences.order_by("starts_at")[1], now=NOW)
    assert run().subjects == ["Canceled"]
    write(meeting, is_temporarily_closed=True)
    (letter,) = run().letters
    assert len(letter.calendars) == 3


def test_off_and_on_before_anything_went_out_is_never_said(meeting: Meeting) -> None:
    comes_every_time(meeting)

    write(meeting, is_published=False)
    write(meeting, at=NOW + MINUTE, is_published=True)

    assert unsent()[ReminderKind.CONFIRMATION] == 1
    assert unsent()[ReminderKind.REMINDER] > 0
    assert not {ReminderKind.OFF, ReminderKind.REOPENED} & set(unsent())
    assert run(NOW + MINUTE).subjects == ["Confirmed for Tue 7"]


def test_reminder_that_was_asked_for_by_hand_comes_once_the_meeting_is_on_again(meeting: Meeting) -> None:
    place = make_signup(occurrence=make_occurrence(meeting=meeting))
    asked = {place.pk: Lead.HALF_HOUR.value}
    replan(participants=[place.participant_id], why="", now=NOW, asked=asked)
    assert Reminder.objects.unsent().filter(is_asked=True).count() == 1

    write(meeting, is_published=False)
    assert Reminder.objects.unsent().filter(is_asked=True).count() == 0
    write(meeting, at=NOW + MINUTE, is_published=True)

    assert Reminder.objects.unsent().filter(is_asked=True).count() == 1


def test_whoever_was_told_that_it_is_off_is_told_once_that_it_is_on(meeting: Meeting) -> None:
    comes_every_time(meeting)
    run()
    planned = unsent()

    write(meeting, is_published=False)
    run()
    write(meeting, at=NOW + HOUR, is_published=True)
    told = run(NOW + HOUR)
    write(meeting, at=NOW + 2 * HOUR, is_published=False)
    write(meeting, at=NOW + 3 * HOUR, is_published=True)

    assert told.subjects == ["On after all"]
    assert run(NOW + 3 * HOUR).letters == []
    assert unsent() == planned


def test_last_look_stops_what_a_direct_change_of_the_row_left_behind(meeting: Meeting) -> None:
    comes_every_time(meeting)
    run()
    due = Reminder.objects.unsent().earliest("due_at").due_at

    Meeting.objects.filter(pk=meeting.pk).update(is_published=False)

    assert run(due).letters == []
    assert Reminder.objects.filter(reason="The meeting is no longer listed").count() >= 1


def test_message_for_two_meetings_speaks_of_the_one_that_is_on() -> None:
    person = make_participant()
    places = []
    for hour in (18, 19):
        meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP, start_time=dt.time(hour, 0))
        places.append(make_signup(occurrence=make_occurrence(meeting=meeting), participant=person))
    plan.plan_reminders(signups=places, now=NOW)
    due = Reminder.objects.filter(parts__isnull=False).earliest("due_at").due_at

    # As if whoever closes it could not see the message that is being planned.
    Meeting.objects.filter(pk=places[1].occurrence.meeting_id).update(is_temporarily_closed=True)
    run(due)
    run(due)

    letters = Reminder.objects.filter(state=ReminderState.ACCEPTED)
    assert {(row.signup_id, row.parts.count()) for row in letters} == {(places[0].pk, 0)}


def test_giving_one_date_back_while_the_news_waits_leaves_the_others_told(meeting: Meeting) -> None:
    person = comes_every_time(meeting)
    run()
    write(meeting, is_published=False)
    first = Signup.objects.filter(participant=person).earliest("occurrence__starts_at")

    signups.cancel_signup(signup=first, now=NOW)
    letters = run().letters

    (off,) = (each for each in letters if each.subject.startswith("Canceled"))
    assert off.subject == "Canceled: Tue, Nov 24, 7:00 PM and 2 more"


@pytest.mark.parametrize("change", [move_occurrence, cancel_occurrence])
def test_change_of_one_date_while_the_news_waits_leaves_the_others_told(meeting: Meeting, change: Any) -> None:
    comes_every_time(meeting)
    run()
    write(meeting, is_published=False)
    first = Occurrence.objects.earliest("starts_at")

    values = {"starts_at": first.starts_at + HOUR} if change is move_occurrence else {}
    change(occurrence=first, now=NOW + MINUTE, **values)
    letters = run(NOW + MINUTE).letters

    off = [each.subject for each in letters if each.subject.endswith("more")]
    assert off == (
        ["Canceled: Tue 8:00 PM and 3 more"]
        if change is move_occurrence
        else ["Canceled: Tue, Nov 24, 7:00 PM and 2 more"]
    )
    assert not any(each.subject.startswith("Moved") for each in letters)


def test_guest_who_never_confirmed_is_told_nothing(meeting: Meeting) -> None:
    make_signup(occurrence=make_occurrence(meeting=meeting), status=SignupStatus.PENDING)

    write(meeting, is_published=False)

    assert unsent() == Counter()


def test_whoever_waits_for_a_place_is_told_and_gets_none_while_it_is_off(meeting: Meeting) -> None:
    occurrence = make_occurrence(meeting=meeting, capacity=1)
    has_one = make_signup(occurrence=occurrence)
    waits = make_signup(occurrence=occurrence, status=SignupStatus.WAITLISTED)

    write(meeting, is_temporarily_closed=True)
    assert run().subjects == ["Canceled", "Canceled"]
    signups.cancel_signup(signup=has_one, now=NOW)
    waits.refresh_from_db()
    assert waits.status == SignupStatus.WAITLISTED

    write(meeting, at=NOW + HOUR, is_temporarily_closed=False)
    waits.refresh_from_db()
    assert waits.status == SignupStatus.CONFIRMED


def test_news_that_could_not_go_out_before_the_first_date_is_said_of_the_others(meeting: Meeting) -> None:
    comes_every_time(meeting)
    run()
    write(meeting, is_published=False)
    begun = Occurrence.objects.earliest("starts_at").starts_at + MINUTE
    sweep(now=begun)

    for _twice in range(2):
        meeting_news.catch_up(now=begun)

    assert run(begun).subjects == ["Canceled"]
    meeting_news.catch_up(now=begun + MINUTE)
    assert run(begun + MINUTE).letters == []


def test_whoever_signs_up_at_the_very_moment_it_closes_is_told_as_well(meeting: Meeting) -> None:
    person = comes_every_time(meeting)
    # As if neither of the two saw the other.
    Meeting.objects.filter(pk=meeting.pk).update(is_temporarily_closed=True)

    meeting_news.catch_up(now=NOW + MINUTE)

    assert Reminder.objects.unsent().get().signup.participant == person
    assert run(NOW + MINUTE).subjects == ["Canceled"]


def test_date_that_moved_before_it_closed_is_told_with_its_opening_alone(meeting: Meeting) -> None:
    comes_every_time(meeting)
    run()
    first = Occurrence.objects.earliest("starts_at")
    move_occurrence(occurrence=first, starts_at=first.starts_at + HOUR, now=NOW + MINUTE)
    write(meeting, at=NOW + 2 * MINUTE, is_temporarily_closed=True)
    assert run(NOW + 2 * MINUTE).subjects == ["Canceled"]

    write(meeting, at=NOW + 3 * MINUTE, is_temporarily_closed=False)

    assert run(NOW + 3 * MINUTE).subjects == ["On after all"]


def test_date_that_was_brought_back_while_it_was_closed_is_told_once(meeting: Meeting) -> None:
    comes_every_time(meeting)
    run()
    first = Occurrence.objects.earliest("starts_at")
    cancel_occurrence(occurrence=first, now=NOW + MINUTE)
    run(NOW + MINUTE)
    restore_occurrence(occurrence=first, now=NOW + 2 * MINUTE)
    write(meeting, at=NOW + 3 * MINUTE, is_temporarily_closed=True)
    run(NOW + 3 * MINUTE)

    write(meeting, at=NOW + 4 * MINUTE, is_temporarily_closed=False)

    assert run(NOW + 4 * MINUTE).subjects == ["On after all"]


# -- in doubt ---------------------------------------------------------------------------------------------------------


def lose(meeting: Meeting, at: dt.datetime = NOW) -> Meeting:
    missing.take_down([meeting.pk], now=at)
    meeting.refresh_from_db()
    return meeting


def test_reminders_of_a_lost_meeting_wait_and_come_once_somebody_says_that_it_is_on(meeting: Meeting) -> None:
    comes_every_time(meeting)
    run()
    planned = unsent()
    due = Reminder.objects.unsent().earliest("due_at").due_at

    assert lose(meeting, due - HOUR).state is MeetingState.IN_DOUBT
    assert unsent() == Counter()
    assert run(due).letters == []
    assert missing.keep(meeting=meeting, now=due + HOUR)

    assert unsent() == planned
    assert run(due + HOUR).subjects == ["Reminder for Tue 7"]
    meeting.refresh_from_db()
    assert (meeting.state, meeting.is_kept) == (MeetingState.ON, True)
    assert not missing.keep(meeting=meeting, now=due + HOUR)


@pytest.mark.parametrize("says_so", [True, False])
def test_lost_meeting_is_off_when_somebody_says_so_or_after_a_day(meeting: Meeting, says_so: bool) -> None:
    comes_every_time(meeting)
    run()
    lose(meeting)

    if says_so:
        assert missing.end(meeting=meeting, now=NOW + HOUR)
    else:
        missing.ask(now=NOW)
        assert missing.decide_late(now=NOW + 23 * HOUR) == 0
        assert missing.decide_late(now=NOW + DAY) == 1

    assert run(NOW + DAY).subjects == ["Canceled"]
    assert missing.decide_late(now=NOW + 2 * DAY) == 0
    assert run(NOW + 2 * DAY).letters == []


def test_who_would_set_out_before_it_is_decided_is_told_that_nobody_knows(meeting: Meeting) -> None:
    person = comes_every_time(meeting)
    run()
    starts_at = Occurrence.objects.earliest("starts_at").starts_at
    lose(meeting, starts_at - 5 * HOUR)

    meeting_news.warn(now=starts_at - 4 * HOUR)
    assert unsent() == Counter()
    for _twice in range(2):
        meeting_news.warn(now=starts_at - 3 * HOUR)
    sent = run(starts_at - 3 * HOUR)
    meeting_news.warn(now=starts_at - 2 * HOUR)

    assert sent.subjects == ["Please check"]
    assert sent.letters[0].calendars == ()
    assert unsent() == Counter()
    missing.keep(meeting=meeting, now=starts_at - HOUR)
    assert run(starts_at - HOUR).subjects == ["On after all"]
    assert next_reminders([person.pk], now=starts_at - HOUR) != {}


def test_series_that_moved_before_it_was_in_doubt_is_told_with_all_its_dates_once_it_is_on(meeting: Meeting) -> None:
    person = comes_every_time(meeting)
    run()
    first = Occurrence.objects.order_by("starts_at")[1]
    at = first.starts_at - 5 * HOUR
    meeting.start_time = dt.time(20, 0)
    meeting.save(update_fields=["start_time"])
    schedule.reschedule(meeting, now=at)
    lose(meeting, at)
    meeting_news.warn(now=at + 3 * HOUR)
    assert run(at + 3 * HOUR).subjects == ["Please check"]

    missing.keep(meeting=meeting, now=at + 3 * HOUR)

    assert run(at + 3 * HOUR).subjects == ["On after all"]
    coming = Occurrence.objects.filter(starts_at__gt=at)
    told = told_of([person.pk], list(coming.values_list("pk", flat=True)))
    assert [told.seqs[each.pk] for each in Signup.objects.filter(occurrence__in=coming)] == [1] * coming.count()
    assert coming.count() > 2


def test_lost_meeting_to_which_nobody_comes_is_taken_down_and_nobody_is_asked(meeting: Meeting) -> None:
    lose(meeting)

    assert meeting.state is MeetingState.OFF
    assert missing.ask(now=NOW) == 0
    assert mail.outbox == []


def test_one_letter_asks_each_coordinator_about_all_that_their_list_has_lost() -> None:
    above = make_service_body()
    body = make_service_body(parent=above)
    elsewhere = make_service_body()
    coordinator = make_user(email="coordinator@example.org")
    staff = make_user(email="staff@example.org", is_staff=True)
    Coordinator.objects.create(service_body=above, user=coordinator, since=NOW)
    lost = [make_meeting(service_body=body, name=f"Porch Light {number}") for number in range(3)]
    lost.append(make_meeting(service_body=elsewhere, name="Harbor Light"))
    for meeting in lost:
        make_signup(occurrence=make_occurrence(meeting=meeting))
    missing.take_down([each.pk for each in lost], now=NOW)

    User.objects.filter(pk=coordinator.pk).update(language="es")
    assert missing.ask(now=NOW) == 2
    assert missing.ask(now=NOW + HOUR) == 0

    by_address = {message.to[0]: str(message.body) for message in mail.outbox}
    assert [by_address[coordinator.email].count(f"Porch Light {number}") for number in range(3)] == [1, 1, 1]
    assert "Harbor Light" not in by_address[coordinator.email]
    # Its time is said in its reader's language, too.
    assert " a las 6:00" in by_address[coordinator.email]
    assert "Harbor Light" in by_address[staff.email]


def refuse(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let no letter to some addresses (none given: to any) leave."""
    real = EmailMessage.send

    def send(self: EmailMessage, fail_silently: bool = False) -> int:
        if not addresses or self.to[0] in addresses:
            raise smtplib.SMTPRecipientsRefused({})
        return real(self, fail_silently)

    monkeypatch.setattr(EmailMessage, "send", send)


def test_one_coordinators_bad_address_has_the_others_asked_once(
    meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("good", "bad"):
        user = make_user(email=f"{name}@example.org")
        Coordinator.objects.create(service_body=meeting.service_body, user=user, since=NOW)
    make_signup(occurrence=make_occurrence(meeting=meeting))
    lose(meeting)
    refuse(monkeypatch, "bad@example.org")

    assert [missing.ask(now=NOW + minute * MINUTE) for minute in range(5)] == [1, 0, 0, 0, 0]
    assert [message.to for message in mail.outbox] == [["good@example.org"]]


def test_two_who_ask_at_once_write_one_letter(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    make_signup(occurrence=make_occurrence(meeting=meeting))
    Coordinator.objects.create(user=make_user(), service_body=meeting.service_body, since=NOW)
    lose(meeting)
    real, meanwhile = EmailMessage.send, []

    def send(message: EmailMessage, *args: Any, **kwargs: Any) -> int:
        meanwhile.append(missing.ask(now=NOW))
        return real(message, *args, **kwargs)

    monkeypatch.setattr(EmailMessage, "send", send)

    assert missing.ask(now=NOW) == 1
    assert meanwhile == [0]
    assert len(mail.outbox) == 1


def test_nothing_is_taken_to_be_off_before_somebody_could_be_asked(
    meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = make_user(email="coordinator@example.org")
    Coordinator.objects.create(service_body=meeting.service_body, user=user, since=NOW)
    make_signup(occurrence=make_occurrence(meeting=meeting))
    lose(meeting)
    with monkeypatch.context() as broken:
        refuse(broken)
        assert missing.ask(now=NOW) == 0
        assert missing.decide_late(now=NOW + 2 * DAY) == 0

    assert missing.ask(now=NOW + 2 * DAY) == 1
    # The letter says until when, from now on.
    assert "by Fri at 6:00" in str(mail.outbox[0].body)
    assert missing.decide_late(now=NOW + 3 * DAY - HOUR) == 0
    assert missing.decide_late(now=NOW + 3 * DAY) == 1


def test_where_there_is_nobody_to_ask_it_is_off_after_a_day(meeting: Meeting) -> None:
    make_signup(occurrence=make_occurrence(meeting=meeting))
    lose(meeting)
    missing.ask(now=NOW)
    assert missing.decide_late(now=NOW + DAY) == 1


@pytest.mark.parametrize("word", ["C", "X"])
def test_answer_by_text_is_about_no_date_of_a_meeting_that_is_off(meeting: Meeting, word: str) -> None:
    person = comes_every_time(meeting)
    phone = make_contact_point(user=person.user, channel=Channel.SMS, value="+12025550143")
    place = person.signups.order_by("occurrence__starts_at").first()
    sent = {"signup": place, "contact_point": phone, "channel": Channel.SMS, "submitted_at": NOW}
    make_reminder(ReminderState.ACCEPTED, **sent)

    def answer() -> str:
        return inbound.take(inbound=Inbound(f"SM{uuid.uuid4()}", "+12025550143", word), now=NOW)

    write(meeting, is_temporarily_closed=True)
    assert f"no upcoming date that {word} could be about" in answer()
    assert not Signup.objects.filter(status=SignupStatus.CANCELLED).exists()

    write(meeting, is_temporarily_closed=False)
    assert "no upcoming date" not in answer()
