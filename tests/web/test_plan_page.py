"""What you will get, and when: a member's page, a guest's by link, a facilitator's example."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts import links
from accounts.models import Suppression
from accounts.person import of_member
from accounts.services.preferences import save_preferences
from meetings.enums import SignupPolicy
from meetings.models import Participant, Signup
from meetings.reminders.services import plan
from meetings.services.occurrences import move_occurrence
from support import clock
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_signup, make_user
from tests.unit.test_reminder_engine import run

pytestmark = pytest.mark.django_db


def take_place(participant: Participant, **meeting: Any) -> Signup:
    """Take a place on Tuesday, 24 November, 19:00 in New York, a week from now."""
    meeting.setdefault("signup_policy", SignupPolicy.SIGN_UP)
    signup = make_signup(
        occurrence=make_occurrence(meeting=make_meeting(**meeting), on=dt.date(2026, 11, 24)),
        participant=participant,
        created_at=NOW,
    )
    plan.plan_confirmation(signups=[signup], now=clock.now())
    plan.plan_reminders(signups=[signup], now=clock.now())
    return signup


@pytest.fixture
def member(client: Client) -> Participant:
    user = make_user(tz="America/New_York")
    client.force_login(user)
    return make_participant(user=user)


def lines(client: Client, which: str) -> list[tuple[str, ...]]:
    found = getattr(client.get("/my/reminders/").context["plan"], which)
    return [
        (line.kind, f"{line.date} {line.time}".replace("\u00a0", " "), line.by, line.lead, line.reason)
        for line in found
    ]


def test_member_reads_what_comes_when_and_how(client: Client, member: Participant) -> None:
    take_place(member, name="Evening Light")
    assert lines(client, "coming") == [
        ("Confirmation", "Tue, Nov 17 6:00 PM", "by email", "", ""),
        ("Reminder", "Sat, Nov 21 7:00 PM", "by email", "Three days before", ""),
        ("Reminder", "Mon, Nov 23 6:00 PM", "by email", "The day before, at 6 in the evening", ""),
    ]
    page = client.get("/my/reminders/").content.decode().replace("\u00a0", " ")
    assert "Evening Light, Tue, Nov 24 at 7:00 PM" in page
    assert "Quiet from 9:00 PM to 8:00 AM" in page


def test_what_went_out_is_shown_as_gone(client: Client, member: Participant) -> None:
    take_place(member)
    run()
    assert lines(client, "sent") == [("Confirmation", "Tue, Nov 17 6:00 PM", "by email", "", "")]
    assert len(lines(client, "coming")) == 2


def test_what_is_left_out_says_why(client: Client, member: Participant) -> None:
    take_place(member)
    assert member.user
    save_preferences(
        person=of_member(member.user), booked_leads=["7d", "3d", "1h"], paused_until=dt.date(2026, 11, 22), now=NOW
    )
    assert lines(client, "left_out") == [
        ("Reminder", "Tue, Nov 17 7:00 PM", "by email", "A week before", "Messages are paused."),
        ("Reminder", "Sat, Nov 21 7:00 PM", "by email", "Three days before", "Messages are paused."),
    ]
    page = client.get("/my/reminders/").content.decode()
    assert "Messages are paused until Nov 22, 2026." in page


def test_lead_that_was_past_from_the_start_says_so(client: Client, member: Participant) -> None:
    with time_machine.travel(NOW + dt.timedelta(days=6), tick=False):
        take_place(member)
        found = [(lead, reason) for _kind, _when, _by, lead, reason in lines(client, "left_out")]
    assert found == [
        ("Three days before", "Its time has passed."),
        ("The day before, at 6 in the evening", "Its time has passed."),
    ]


def test_two_dates_in_one_message_are_one_line(client: Client, member: Participant) -> None:
    first = take_place(member, signup_policy="drop_in", name="Evening Light")
    second = take_place(member, signup_policy="drop_in", name="Late Light")
    move_occurrence(occurrence=second.occurrence, starts_at=first.occurrence.starts_at + dt.timedelta(hours=1), now=NOW)
    page = client.get("/my/reminders/")
    [reminder] = [line for line in page.context["plan"].coming if line.kind == "Reminder"]
    assert [about.name for about in reminder.about] == ["Evening Light", "Late Light"]
    assert reminder.reason == "One message for several dates close together."


def test_reader_elsewhere_reads_their_own_clock_and_the_rooms(client: Client, member: Participant) -> None:
    assert member.user
    take_place(member)
    member.user.tz = "Europe/London"
    member.user.save()
    page = client.get("/my/reminders/").content.decode().replace("\u00a0", " ")
    assert "Tue, Nov 24 at 7:00 PM (New York time)" in page
    assert "Sun, Nov 22" in page


def test_address_that_nothing_reaches_is_told(client: Client, member: Participant) -> None:
    assert "Nothing is planned" in client.get("/my/reminders/").content.decode()
    point = member.contact_point
    Suppression.objects.create(channel="email", value_hash=point.value_hash, reason="bounce")
    assert "Nothing reaches your address" in client.get("/my/reminders/").content.decode()


def test_guest_sees_theirs_by_link_and_nothing_of_a_member(client: Client, member: Participant) -> None:
    guest = make_participant()
    take_place(guest, name="Evening Light")
    take_place(member, name="Another")
    url = f"/my/reminders/{links.sign('data', guest.contact_point.public_id)}/"
    answer = client.get(url)
    assert "no-store" in answer["Cache-Control"]
    page = answer.content.decode()
    assert "Evening Light" in page
    assert "Another" not in page
    assert guest.contact_point.value not in page


def test_link_to_a_members_address_or_of_another_kind_opens_nothing(client: Client, member: Participant) -> None:
    for token in (links.sign("manage", make_participant().contact_point.public_id), "nonsense"):
        assert client.get(f"/my/reminders/{token}/").status_code == 404
    # Whoever is a member by now signs in.
    answer = Client().get(f"/my/reminders/{links.sign('data', member.contact_point.public_id)}/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/my/account/data/")


def test_facilitator_sees_an_example_and_nobody_in_it(client: Client) -> None:
    facilitator = make_user()
    client.force_login(facilitator)
    signup = take_place(make_participant(display_name="Robin"))
    meeting = signup.occurrence.meeting
    assert client.get(f"/my/meetings/{meeting.slug}/reminders/").status_code == 404
    meeting.facilitators.add(facilitator)
    answer = client.get(f"/my/meetings/{meeting.slug}/reminders/")
    assert "Robin" not in answer.content.decode()
    # The next date is in an hour: too late for everything but the confirmation, and so the one after it is shown.
    assert "signs up now for Tue, Nov 24," in answer.content.decode()
    example = [(line.kind, line.date, line.lead) for line in answer.context["plan"].coming]
    assert example == [
        ("Confirmation", "Tue, Nov 17", ""),
        ("Reminder", "Sat, Nov 21", "Three days before"),
        ("Reminder", "Mon, Nov 23", "The day before, at 6 in the evening"),
    ]


def test_number_of_queries_does_not_grow(
    client: Client, member: Participant, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    take_place(member)
    client.get("/my/reminders/")
    for _n in range(4):
        take_place(member, signup_policy="drop_in")
    with django_assert_max_num_queries(28):
        client.get("/my/reminders/")


def test_moved_date_is_shown_as_each_message_told_it_and_nothing_of_the_old_time_is_missed(
    client: Client, member: Participant
) -> None:
    """7:48 in quiet hours, so that nothing came of it; then moved to 10:10, with its own reminder."""
    early = dt.datetime(2026, 11, 24, 10, 44, tzinfo=dt.UTC)
    with time_machine.travel(early, tick=False):
        signup = take_place(member, name="Porch Light", signup_policy="drop_in", start_time=dt.time(7, 48))
        run(at=early)
        assert [(lead, reason) for _k, _w, _b, lead, reason in lines(client, "left_out")] == [
            ("Two hours before", "It would come in your quiet hours.")
        ]
        later = dt.datetime(2026, 11, 24, 15, 10, tzinfo=dt.UTC)
        move_occurrence(occurrence=signup.occurrence, starts_at=later, now=early)
        run(at=early)
        plan_now = client.get("/my/reminders/").context["plan"]
    told = {line.kind: line.about[0].when.replace("\u00a0", " ") for line in (*plan_now.coming, *plan_now.sent)}
    assert told == {
        "Confirmation": "Tue, Nov 24 at 7:48 AM",
        "Moved": "Tue, Nov 24 at 10:10 AM",
        "Reminder": "Tue, Nov 24 at 10:10 AM",
    }
    assert plan_now.left_out == []


def test_what_quiet_hours_shift_says_from_when(client: Client, member: Participant) -> None:
    take_place(member, signup_policy="drop_in", start_time=dt.time(9, 0))
    [_confirmation, (_kind, when, _by, lead, reason)] = lines(client, "coming")
    assert (when, lead) == ("Mon, Nov 23 8:55 PM", "")
    assert reason == "The evening before, since “two hours before” falls in your quiet hours."


def test_what_waits_for_the_morning_says_so(client: Client, member: Participant) -> None:
    with time_machine.travel(dt.datetime(2026, 11, 24, 3, 0, tzinfo=dt.UTC), tick=False):
        take_place(member, signup_policy="drop_in", start_time=dt.time(9, 0))
        [_confirmation, (_kind, when, _by, lead, reason)] = lines(client, "coming")
    assert (when, lead) == ("Tue, Nov 24 8:00 AM", "")
    assert reason == "After your quiet hours, since “two hours before” falls in them."


def test_of_twenty_dates_the_next_few_stand_open(client: Client, member: Participant) -> None:
    meeting = make_meeting(rrule="FREQ=DAILY", weekday_mask=0b1111111)
    for number in range(20):
        occurrence = make_occurrence(meeting=meeting, on=dt.date(2026, 11, 19) + dt.timedelta(days=number))
        make_signup(occurrence=occurrence, participant=member, created_at=NOW)
    plan.plan_reminders(signups=list(Signup.objects.all()), now=NOW)
    page = client.get("/my/reminders/").content.decode()
    stands_open, _fold, folded = page.partition("<summary>16 more</summary>")
    assert (stands_open.count("timetable__row"), folded.count("timetable__row")) == (4, 16)


def test_plan_is_found_from_the_account_and_from_ones_meetings(client: Client, member: Participant) -> None:
    take_place(member)
    for page in ("/my/account/", "/my/meetings/"):
        assert 'href="/my/reminders/"' in client.get(page).content.decode()


def test_page_of_a_place_shows_what_comes_of_that_place_alone(client: Client) -> None:
    guest = make_participant()
    signup = take_place(guest, name="Evening Light", signup_policy="drop_in")
    other = take_place(guest, name="Late Light", signup_policy="drop_in")
    move_occurrence(occurrence=other.occurrence, starts_at=other.occurrence.starts_at + dt.timedelta(hours=1), now=NOW)
    page = client.get(f"/signups/{links.sign('manage', signup.public_id)}/").content.decode()
    assert "Evening Light, Tue, Nov 24" in page
    assert "Late Light" not in page


def test_example_is_on_the_clock_of_who_looks_at_it(client: Client) -> None:
    facilitator = make_user(language="es", hour_cycle="h12")
    client.force_login(facilitator)
    meeting = take_place(make_participant()).occurrence.meeting
    meeting.facilitators.add(facilitator)
    answer = client.get(f"/my/meetings/{meeting.slug}/reminders/")
    confirmation, reminder, *_more = answer.context["plan"].coming
    assert reminder.time == "7:00\xa0p.\xa0m."
    # What goes out at once has no time, which would be another at each look.
    assert f"<strong>{confirmation.date}</strong>" not in answer.content.decode()
    assert "En camino" in answer.content.decode()
