"""What goes into calendars by mail keeps RFC 5546: who is in it, and which of two files is the later one."""

from __future__ import annotations

import datetime as dt
from importlib import import_module
from typing import Any

import icalendar
import pytest
from django.apps import apps

from meetings.enums import SignupStatus
from meetings.feeds.calendar import member_calendar
from meetings.models import Signup
from meetings.services import signups
from meetings.services.occurrences import cancel_occurrence, move_occurrence
from support.messaging import CalendarPart
from tests.conftest import NOW
from tests.factories import make_contact_point, make_meeting, make_participant, make_signup, make_user
from tests.unit.test_reminder_engine import HOUR, booked, run

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def part() -> CalendarPart:
    [letter] = run().letters
    [calendar] = letter.calendars
    return calendar


def entry(content: bytes) -> icalendar.Event:
    [event] = icalendar.Calendar.from_ical(content).events
    return event


def told(sent: CalendarPart) -> tuple[str, int]:
    return sent.method, int(str(entry(sent.content)["SEQUENCE"]))


def feed(place: Signup) -> icalendar.Event:
    place = Signup.objects.select_related("occurrence").get(pk=place.pk)
    return entry(member_calendar([place], summary="Appointment", now=NOW))


def test_place_given_back_and_taken_again_counts_up() -> None:
    place = booked()
    parts = [part()]
    signups.cancel_signup(signup=place, now=NOW)
    parts.append(part())
    signups.restore_signup(signup=place, now=NOW)
    parts.append(part())
    assert [told(each) for each in parts] == [("REQUEST", 0), ("CANCEL", 1), ("REQUEST", 2)]
    assert len({entry(each.content)["UID"] for each in parts}) == 1


def test_place_counts_up_over_what_happened_to_its_date_meanwhile() -> None:
    place = booked(participant=make_participant(user=make_user()))
    first = part()
    signups.cancel_signup(signup=place, now=NOW)
    given_back = part()
    later = place.occurrence.starts_at + HOUR
    move_occurrence(occurrence=place.occurrence, starts_at=later, now=NOW)
    assert run().letters == []
    user = place.participant.user
    assert user
    meeting, date = place.occurrence.meeting, place.occurrence.original_date
    [again] = signups.create_member_signup(meeting=meeting, user=user, date=date, every=False, now=NOW)
    taken_again = part()
    assert again.pk == place.pk
    assert [told(each) for each in (first, given_back, taken_again)] == [("REQUEST", 0), ("CANCEL", 1), ("REQUEST", 3)]
    assert entry(taken_again.content).start == later
    # Whoever follows the address as well has the same entry, as late as the mail's.
    followed = feed(place)
    assert (followed["UID"], followed["SEQUENCE"]) == (entry(first.content)["UID"], 3)
    cancel_occurrence(occurrence=place.occurrence, now=NOW)
    assert told(part()) == ("CANCEL", 4)


def test_giving_back_twice_counts_once() -> None:
    place = booked()
    for _ in range(2):
        signups.cancel_signup(signup=place, now=NOW)
    place.refresh_from_db()
    assert place.calendar_seq == 1


def test_request_and_cancellation_name_their_reader_by_address_alone(settings: Any) -> None:
    settings.ORGANIZER_EMAIL = "site@example.org"
    contact_point = make_contact_point(value="sarah+tues@example.org")
    place = booked(participant=make_participant(contact_point=contact_point, display_name="Sarah"))
    request = part()
    cancel_occurrence(occurrence=place.occurrence, now=NOW)
    for sent in (request, part()):
        attendee, event = entry(sent.content)["ATTENDEE"], entry(sent.content)
        assert attendee == "mailto:sarah+tues@example.org"
        # One who comes already and is asked for nothing: no program answers for them.
        assert attendee.params == {
            "CUTYPE": "INDIVIDUAL",
            "PARTSTAT": "ACCEPTED",
            "ROLE": "REQ-PARTICIPANT",
            "RSVP": "FALSE",
        }
        assert event["ORGANIZER"] == "mailto:site@example.org"
        assert b"Sarah" not in sent.content
        assert sent.content.count(b"ATTENDEE") == 1
        assert f"METHOD:{sent.method}\r\n".encode() in sent.content


def test_several_dates_are_published_to_nobody_by_name() -> None:
    user = make_user()
    signups.create_member_signup(meeting=make_meeting(), user=user, date=None, every=True, now=NOW)
    sent = part()
    events = icalendar.Calendar.from_ical(sent.content).events
    assert sent.method == "PUBLISH"
    assert len(events) == 3
    assert len({event["UID"] for event in events}) == 3
    assert all("ORGANIZER" in event and "ATTENDEE" not in event for event in events)
    assert user.email.encode() not in sent.content


def test_entries_of_two_who_share_a_calendar_are_two() -> None:
    one = booked()
    other = make_signup(occurrence=one.occurrence)
    assert one.calendar_uid != other.calendar_uid


def test_what_was_in_a_calendar_before_entries_were_a_persons_own_keeps_its_uid() -> None:
    place = make_signup()
    import_module("meetings.migrations.0011_signup_calendar_seq").keep_uids(apps, None)
    place.refresh_from_db()
    assert place.calendar_uid == f"{place.occurrence.public_id}@homegroup"


def test_date_that_somebody_waits_for_is_tentative_when_it_moves() -> None:
    place = booked()
    run()
    Signup.objects.filter(pk=place.pk).update(status=SignupStatus.WAITLISTED)
    move_occurrence(occurrence=place.occurrence, starts_at=place.occurrence.starts_at + HOUR, now=NOW)
    assert entry(part().content)["STATUS"] == "TENTATIVE"


def test_new_links_leave_the_entry_its_name() -> None:
    place = booked()
    before = part()
    signups.renew_links(contact_point=place.participant.contact_point)
    move_occurrence(occurrence=place.occurrence, starts_at=place.occurrence.starts_at + HOUR, now=NOW)
    assert entry(part().content)["UID"] == entry(before.content)["UID"]


def test_address_is_written_as_a_mailto_has_it() -> None:
    booked(participant=make_participant(contact_point=make_contact_point(value="o'neil/a%b@example.org")))
    assert entry(part().content)["ATTENDEE"] == "mailto:o'neil%2Fa%25b@example.org"


def test_file_is_stamped_with_the_time_that_it_is_given() -> None:
    place = booked()
    at = NOW - dt.timedelta(minutes=5)
    event = entry(member_calendar([place], summary="Appointment", now=at))
    assert event.decoded("DTSTAMP") == at
