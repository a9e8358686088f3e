"""Another room, street, entrance or link: each person hears of it once, of all their dates, and not of a spelling."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.enums import Channel, Wording
from meetings.admin import VenueAdmin
from meetings.enums import SignupPolicy, SignupStatus, VenueType
from meetings.models import Meeting, PlaceChange, Signup, StandingSignup, Venue
from meetings.queries.place_changes import changed_place
from meetings.reminders import queries
from meetings.reminders.enums import ReminderKind
from meetings.reminders.models import Reminder
from meetings.reminders.queries.people import CLOSED, HELD
from meetings.reminders.rendering import Renderer
from meetings.reminders.services import meeting_news
from meetings.reminders.services.last_moment import QUIET, Facts, judge
from meetings.reminders.timing import Quiet
from meetings.services.news import telling
from meetings.services.occurrences import move_occurrence
from meetings.services.retention import forget_places
from meetings.services.signups import (
    cancel_signup,
    create_member_signup,
    end_standing_signup,
    extend_standing_signups,
)
from support.messaging import TextMessage
from support.messaging.gsm7 import measure, transliterate
from tests.conftest import NOW
from tests.factories import (
    make_contact_point,
    make_meeting,
    make_occurrence,
    make_reminder,
    make_signup,
    make_user,
    make_venue,
)
from tests.unit.test_meetings_off import DAY, HOUR, MINUTE, comes_every_time, run, write

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture
def meeting() -> Meeting:
    venue = make_venue(name="Elm House", street="12 Elm Street", notes="Side door")
    return make_meeting(signup_policy=SignupPolicy.SIGN_UP, venue=venue)


def changes() -> list[Reminder]:
    return list(Reminder.objects.unsent().filter(kind=ReminderKind.CHANGED))


@pytest.mark.parametrize(
    "fields",
    [
        {"street": "14 Oak Avenue"},
        {"venue_name": "Elm House, Room 3"},
        {"city": "Troy"},
        {"venue_notes": "Front door, second floor"},
        {"venue_type": VenueType.ONLINE, "conference_url": "https://meet.example/1"},
        {"venue_type": VenueType.HYBRID, "conference_url": "https://meet.example/1"},
    ],
)
def test_change_of_place_is_told_once_for_all_dates(meeting: Meeting, fields: dict[str, Any]) -> None:
    comes_every_time(meeting)
    comes_every_time(meeting)
    run()

    write(meeting, at=NOW + MINUTE, **fields)
    told = run(NOW + MINUTE)
    write(meeting, at=NOW + 2 * MINUTE)

    assert [letter.subject for letter in told.letters] == ["Changed: Tue 7:00 PM and 3 more"] * 2
    assert run(NOW + 2 * MINUTE).letters == []
    said = told.letters[0]
    assert all(word not in said.text + said.html for word in ("Oak", "Elm", "Troy", "meet.example", meeting.name))
    assert said.calendars == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"street": "12 elm st."},
        {"venue_name": "ELM HOUSE"},
        {"postal_code": ""},
        {"notes": "Bring a cup"},
        {"conference_url": "https://meet.example/1"},
        {"name": "Evening Light, new name"},
    ],
)
def test_another_spelling_alarms_nobody(meeting: Meeting, fields: dict[str, Any]) -> None:
    make_signup(occurrence=make_occurrence(meeting=meeting))

    write(meeting, at=NOW + MINUTE, **fields)

    assert changes() == []
    assert not PlaceChange.objects.exists()


def test_new_words_about_the_door_keep_the_pin_and_are_this_meetings_alone(meeting: Meeting) -> None:
    assert meeting.venue is not None
    Venue.objects.update(latitude=42.65, longitude=-73.75)
    neighbor = make_meeting(venue=meeting.venue)

    write(meeting, at=NOW + MINUTE, venue_notes="Front door")

    meeting.refresh_from_db()
    neighbor.refresh_from_db()
    assert (meeting.venue.notes, meeting.venue.latitude, meeting.venue.street) == ("Front door", 42.65, "12 Elm Street")
    assert neighbor.venue is not None
    assert neighbor.venue.notes == "Side door"


def test_several_changes_before_the_news_went_out_are_one_and_changed_back_is_none(meeting: Meeting) -> None:
    make_signup(occurrence=make_occurrence(meeting=meeting))

    write(meeting, at=NOW + MINUTE, street="14 Oak Avenue")
    write(meeting, at=NOW + 2 * MINUTE, street="16 Oak Avenue")
    assert len(changes()) == 1
    write(meeting, at=NOW + 3 * MINUTE, street="12 Elm Street")
    assert changes() == []

    assert run(NOW + 3 * MINUTE).letters == []


def test_changed_back_after_the_news_went_out_is_news(meeting: Meeting) -> None:
    make_signup(occurrence=make_occurrence(meeting=meeting))

    write(meeting, at=NOW + MINUTE, street="14 Oak Avenue")
    assert run(NOW + MINUTE).subjects == ["Changed"]
    write(meeting, at=NOW + 2 * MINUTE, street="12 Elm Street")

    assert run(NOW + 2 * MINUTE).subjects == ["Changed"]


def test_who_asked_to_come_since_knows_the_new_place(meeting: Meeting) -> None:
    occurrence = make_occurrence(meeting=meeting)
    before = make_signup(occurrence=occurrence)
    write(meeting, at=NOW + MINUTE, street="14 Oak Avenue")
    since = make_signup(occurrence=occurrence, created_at=NOW + HOUR)

    write(meeting, at=NOW + DAY, venue_name="ELM HOUSE")

    assert [row.signup for row in changes()] == [before]
    assert changed_place(since, now=NOW + DAY) is None


def test_venue_that_is_edited_itself_is_told_of_to_all_who_come_there(meeting: Meeting, rf: Any) -> None:
    also_there = make_meeting(venue=meeting.venue)
    for each in (meeting, also_there, make_meeting()):
        make_signup(occurrence=make_occurrence(meeting=each))
    venue = Venue.objects.filter(meetings=meeting).get()
    venue.notes = "Back door, up the stairs"

    VenueAdmin(Venue, admin.site).save_model(rf.post("/"), venue, None, change=True)

    assert {row.signup.occurrence.meeting for row in changes()} == {meeting, also_there}


def test_place_that_changed_while_it_was_off_is_told_when_it_is_on(meeting: Meeting) -> None:
    make_signup(occurrence=make_occurrence(meeting=meeting))
    write(meeting, at=NOW + MINUTE, is_published=False)
    run(NOW + MINUTE)

    write(meeting, at=NOW + 2 * MINUTE, street="14 Oak Avenue")
    assert changes() == []
    write(meeting, at=NOW + 3 * MINUTE, is_published=True)

    assert sorted(run(NOW + 3 * MINUTE).subjects) == ["Changed", "On after all"]


def test_who_left_and_asked_anew_knows_the_place_that_they_saw_then(meeting: Meeting) -> None:
    user, on = make_user(), dt.date(2026, 11, 24)
    # What was is kept only where somebody comes.
    create_member_signup(meeting=meeting, user=make_user(), date=on, every=False, now=NOW)
    [signup] = create_member_signup(meeting=meeting, user=user, date=on, every=False, now=NOW)
    run()
    write(meeting, at=NOW + MINUTE, street="14 Oak Avenue")
    assert run(NOW + MINUTE).subjects == ["Changed"] * 2
    cancel_signup(signup=signup, now=NOW + 2 * MINUTE)
    write(meeting, at=NOW + 3 * MINUTE, street="16 Pine Street")
    create_member_signup(meeting=meeting, user=user, date=on, every=False, now=NOW + HOUR)
    run(NOW + HOUR)

    write(meeting, at=NOW + 2 * HOUR, name="Evening Light, new name")
    meeting_news.follow(meeting=Meeting.objects.get(), now=NOW + 2 * HOUR)

    assert changes() == []


@pytest.mark.parametrize("every", [True, False])
def test_who_stopped_coming_and_asked_anew_knows_the_place_that_they_saw_then(meeting: Meeting, every: bool) -> None:
    user, on = make_user(), dt.date(2026, 11, 24)
    create_member_signup(meeting=meeting, user=make_user(), date=on, every=False, now=NOW)
    [first, *_more] = create_member_signup(meeting=meeting, user=user, date=None, every=True, now=NOW)
    assert first.standing is not None
    end_standing_signup(standing=first.standing, now=NOW + MINUTE)
    write(meeting, at=NOW + 2 * MINUTE, street="14 Oak Avenue")
    run(NOW + 2 * MINUTE)

    again = create_member_signup(meeting=meeting, user=user, date=None if every else on, every=every, now=NOW + HOUR)
    run(NOW + HOUR)
    meeting_news.follow(meeting=Meeting.objects.get(), now=NOW + 2 * HOUR)

    assert changes() == []
    if every:
        assert {each.standing for each in again} == {StandingSignup.objects.get(ended_at=None)}
        # So what they give up of it now stays given up.
        cancel_signup(signup=again[0], now=NOW + 3 * HOUR)
        extend_standing_signups(now=NOW + 4 * HOUR)
        again[0].refresh_from_db()
        assert again[0].status == SignupStatus.CANCELLED


def test_news_of_a_place_outlives_a_move_of_its_first_date(meeting: Meeting) -> None:
    comes_every_time(meeting)
    run()
    write(meeting, at=NOW + MINUTE, street="14 Oak Avenue")
    first = Signup.objects.earliest("occurrence__starts_at").occurrence

    move_occurrence(occurrence=first, starts_at=first.starts_at + HOUR, now=NOW + 2 * MINUTE)

    assert sorted(each[:7] for each in run(NOW + 2 * MINUTE).subjects) == ["Changed", "Moved t"]


def test_page_of_a_place_says_what_it_was(meeting: Meeting) -> None:
    signup = make_signup(occurrence=make_occurrence(meeting=meeting))
    write(meeting, at=NOW + MINUTE, street="14 Oak Avenue")
    signup.refresh_from_db()

    write(meeting, at=NOW + 2 * MINUTE, venue_type=VenueType.HYBRID, conference_url="https://meet.example/1")
    found = changed_place(Signup.objects.get(pk=signup.pk), now=NOW + DAY)

    assert found is not None
    assert (found.has_new_place, found.has_new_way, found.old.one_line) == (
        True,
        True,
        "Elm House, 12 Elm Street, Albany",
    )
    assert changed_place(Signup.objects.get(pk=signup.pk), now=NOW + 61 * DAY) is None


def test_what_was_is_forgotten_with_the_messages(meeting: Meeting, settings: Any) -> None:
    make_signup(occurrence=make_occurrence(meeting=meeting))
    write(meeting, at=NOW, street="14 Oak Avenue")

    assert forget_places(now=NOW + settings.RETENTION["messages"]) == 0
    assert forget_places(now=NOW + settings.RETENTION["messages"] + MINUTE) == 1


def test_nobody_comes_and_nothing_is_kept_or_asked_again(meeting: Meeting, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(6), telling([meeting.pk], now=NOW):
        Venue.objects.filter(meetings=meeting).update(street="14 Oak Avenue")

    assert not PlaceChange.objects.exists()


def test_telling_many_takes_as_many_queries_as_telling_one(meeting: Meeting) -> None:
    occurrence = make_occurrence(meeting=meeting)
    counts = []
    for more in (1, 2, 9):
        for _n in range(more):
            make_signup(occurrence=occurrence)
        with CaptureQueriesContext(connection) as seen:
            write(meeting, at=NOW + MINUTE * more, street=f"{more} Oak Avenue")
        counts.append(len(seen))

    assert counts[1] == counts[2]


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("wording", [Wording.DISCREET, Wording.DETAILED])
@pytest.mark.parametrize("kind", [ReminderKind.OFF, ReminderKind.REOPENED, ReminderKind.IN_DOUBT, ReminderKind.CHANGED])
def test_text_about_a_meeting_is_one_part_with_its_link(
    meeting: Meeting, settings: Any, kind: ReminderKind, wording: Wording, language: str
) -> None:
    settings.SENDER_NAME = "Homegroup"
    settings.PUBLIC_BASE_URL = "https://meetings.example.org"
    signup = make_signup(occurrence=make_occurrence(meeting=meeting))
    signup.participant.language = language
    signup.participant.save()
    point = make_contact_point(channel=Channel.SMS, value="+15185550100")
    row = make_reminder(signup=signup, kind=kind, channel=Channel.SMS, contact_point=point)
    for week in range(1, 4):
        later = make_occurrence(meeting=meeting, on=signup.occurrence.original_date + week * 7 * DAY)
        part = make_signup(occurrence=later, participant=signup.participant)
        row.parts.create(signup=part, lead_key="", schedule_seq=0)
    (loaded,) = queries.to_send([row.pk])
    loaded.wording = wording.value
    message = Renderer().render(loaded, now=NOW).message

    assert isinstance(message, TextMessage)
    assert measure(message.text).segments == 1
    # All of it in the alphabet of which a part holds 160.
    assert transliterate(message.text) == message.text
    assert "https://" in message.text
    assert ("Evening Light" in message.text) is (wording is Wording.DETAILED)


@pytest.mark.parametrize("kind", [ReminderKind.OFF, ReminderKind.REOPENED, ReminderKind.IN_DOUBT, ReminderKind.CHANGED])
def test_text_about_a_meeting_waits_for_the_morning_where_that_is_soon_enough(kind: ReminderKind) -> None:
    night = dt.datetime(2026, 11, 18, 4, 0, tzinfo=dt.UTC)
    reasons = {ReminderKind.OFF: CLOSED, ReminderKind.IN_DOUBT: HELD}
    facts = Facts(
        kind=kind,
        channel=Channel.SMS,
        schedule_seq=0,
        deadline_at=night + DAY,
        signup_status=SignupStatus.CONFIRMED,
        is_occurrence_on=True,
        occurrence_seq=0,
        tz="America/New_York",
        is_verified=True,
        is_suppressed=False,
        consent=True,
        is_earlier_unsettled=False,
        is_same_reader=True,
        quiet=Quiet(dt.time(21), dt.time(8)),
        why_off=reasons.get(kind, ""),
    )

    waits, goes = judge(facts, now=night), judge(replace(facts, deadline_at=night + HOUR), now=night)

    assert (waits.reason if waits else "") == QUIET
    assert goes is None
