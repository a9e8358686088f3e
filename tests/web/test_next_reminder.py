"""What pages, notices and messages say of the next reminder is what is planned, and nothing else is promised."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import links
from accounts.models import Suppression
from accounts.person import of_guest
from accounts.services.consents import choose
from accounts.services.preferences import save_preferences
from meetings.models import Meeting, Participant, Signup
from meetings.reminders.models import Reminder
from meetings.services import signups
from meetings.services.occurrences import move_occurrence
from support import clock
from tests.factories import make_meeting, make_user
from tests.unit.test_reminder_engine import run

pytestmark = pytest.mark.django_db

DAY, HOUR, MINUTE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=1)
#: 5:44 in New York, in quiet hours.
EARLY = dt.datetime(2026, 11, 26, 10, 44, tzinfo=dt.UTC)


def daily(**fields: Any) -> Meeting:
    """Make a meeting every day at 7:48 in New York."""
    fields.setdefault("rrule", "FREQ=DAILY")
    fields.setdefault("start_time", dt.time(7, 48))
    return make_meeting(weekday_mask=0b1111111, **fields)


def guest_signs_up(meeting: Meeting, now: dt.datetime, *, every: bool = False) -> Signup:
    on = clock.to_wall(now, meeting.tz).date()
    asked = signups.request_guest_signup(
        meeting=meeting,
        date=None if every else on,
        every=every,
        email="ana@example.org",
        tz="America/New_York",
        language="en",
        hour_cycle="h12",
        now=now,
    )
    return signups.confirm_signups(signup=asked[0], now=now)[0]


def link(signup: Signup, what: str = "") -> str:
    return f"/signups/{links.sign('manage', signup.public_id)}/{what}"


def page(client: Client, url: str) -> str:
    return words(client.get(url).content.decode())


def words(text: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


def planned() -> list[Reminder]:
    return list(Reminder.objects.unsent().filter(kind="reminder").order_by("due_at"))


@pytest.fixture
def early() -> Any:
    with time_machine.travel(EARLY, tick=False) as traveller:
        yield traveller


def test_reminder_that_quiet_hours_forbid_is_not_promised(client: Client, early: Any) -> None:
    signup = guest_signs_up(daily(), EARLY)
    said = page(client, link(signup))
    assert planned() == []
    assert "No reminder will come: that would be in your quiet hours (9:00 PM to 8:00 AM)." in said
    assert "We’ll remind you" not in said
    assert "Send it anyway, Thu at 5:48 AM" in said


def test_reminder_asked_for_in_quiet_hours_is_planned_said_and_sent(client: Client, early: Any) -> None:
    signup = guest_signs_up(daily(), EARLY)
    for _press in range(3):
        assert client.post(link(signup, "remind-anyway/")).status_code == 302
    [row] = planned()
    assert (row.due_at, row.is_asked) == (EARLY + 4 * MINUTE, True)
    said = page(client, link(signup))
    assert "We’ll email you Thu at 5:48 AM (New York time)." in said
    assert "Send it anyway" not in said
    assert run(at=row.due_at).subjects[-1] == "Reminder for Thu 7:48 AM"
    early.move_to(EARLY + 10 * MINUTE)
    assert "Your reminder went out Thu at 5:48 AM (New York time)." in page(client, link(signup))
    client.post(link(signup, "remind-anyway/"))
    assert planned() == []


def test_too_late_for_the_usual_time_says_so_and_offers_a_later_one(client: Client, early: Any) -> None:
    meeting = daily(start_time=dt.time(12, 0))
    soon = EARLY + 5 * HOUR + 17 * MINUTE
    early.move_to(soon)
    signup = guest_signs_up(meeting, soon)
    said = page(client, link(signup))
    assert "No reminder will come: it starts in 59 minutes." in said
    assert "Send it anyway, Thu at 11:30 AM" in said
    client.post(link(signup, "remind-anyway/"))
    assert [(row.lead_key, row.due_at) for row in planned()] == [("30m", signup.occurrence.starts_at - 30 * MINUTE)]
    # At its time it goes, and no second one comes beside it.
    assert run(at=planned()[0].due_at).subjects[-1] == "Reminder for Thu 12:00 PM"
    assert planned() == []


def test_asked_in_the_last_half_hour_goes_at_once_and_in_the_last_ten_minutes_not_at_all(
    client: Client, early: Any
) -> None:
    meeting = daily(start_time=dt.time(12, 0))
    early.move_to(EARLY + 5 * HOUR + 56 * MINUTE)
    signup = guest_signs_up(meeting, clock.now())
    assert "Send it anyway, now" in page(client, link(signup))
    client.post(link(signup, "remind-anyway/"))
    assert [row.due_at for row in planned()] == [clock.now()]
    assert "Your reminder is on its way." in page(client, link(signup))

    early.move_to(clock.now() + DAY + 14 * MINUTE)
    later = guest_signs_up(meeting, clock.now())
    said = page(client, link(later))
    assert "No reminder will come: it starts in 6 minutes." in said
    assert "Send it anyway" not in said
    client.post(link(later, "remind-anyway/"))
    assert not Reminder.objects.filter(signup=later, kind="reminder", is_asked=True).exists()


def test_date_that_has_begun_offers_nothing(client: Client, early: Any) -> None:
    signup = guest_signs_up(daily(), EARLY)
    early.move_to(signup.occurrence.starts_at + MINUTE)
    assert "Send it anyway" not in page(client, link(signup))
    client.post(link(signup, "remind-anyway/"))
    assert planned() == []


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        ("off", "No reminder will come: you turned reminders off."),
        ("paused", "No reminder will come: you paused messages."),
        ("bounced", "No reminder will come: nothing can be sent to your address."),
        ("no times", "No reminder will come: you chose no time for one."),
    ],
)
def test_who_gets_no_reminders_is_offered_none(client: Client, early: Any, refusal: str, reason: str) -> None:
    signup = guest_signs_up(daily(), EARLY)
    point = signup.participant.contact_point
    if refusal == "off":
        choose(contact_point=point, wanted=["changes"], wording="w", source="test", now=EARLY)
    elif refusal == "paused":
        save_preferences(person=of_guest(point), paused_until=dt.date(2026, 11, 27), now=EARLY)
    elif refusal == "no times":
        save_preferences(person=of_guest(point), drop_in_leads=[], now=EARLY)
    else:
        Suppression.objects.create(channel="email", value_hash=point.value_hash, reason="bounce")
    said = page(client, link(signup))
    assert reason in said
    assert "Send it anyway" not in said
    client.post(link(signup, "remind-anyway/"))
    assert planned() == []


def test_stop_after_asking_takes_the_reminder_back(client: Client, early: Any) -> None:
    signup = guest_signs_up(daily(), EARLY)
    client.post(link(signup, "remind-anyway/"))
    point = signup.participant.contact_point
    choose(contact_point=point, wanted=["changes"], wording="w", source="test", now=EARLY)
    assert planned() == []
    assert "No reminder will come: you turned reminders off." in page(client, link(signup))


def test_moved_date_keeps_what_was_asked_for_at_a_usual_time(client: Client, early: Any) -> None:
    signup = guest_signs_up(daily(), EARLY)
    client.post(link(signup, "remind-anyway/"))
    move_occurrence(occurrence=signup.occurrence, starts_at=signup.occurrence.starts_at + 5 * MINUTE, now=EARLY)
    assert [(row.due_at, row.is_asked, row.schedule_seq) for row in planned()] == [(EARLY + 9 * MINUTE, True, 1)]
    move_occurrence(occurrence=signup.occurrence, starts_at=signup.occurrence.starts_at + 5 * HOUR, now=EARLY)
    assert len(planned()) == 1


def test_member_reads_it_beside_each_date_and_in_the_notice(client: Client, early: Any) -> None:
    user = make_user()
    client.force_login(user)
    meeting = daily()
    answer = client.post(f"/meetings/{meeting.slug}/sign-up/", {"when": "2026-11-26"}, follow=True)
    said = words(answer.content.decode())
    assert said.count("No reminder will come: that would be in your quiet hours (9:00 PM to 8:00 AM).") == 2
    signup = Signup.objects.get()
    client.post(f"/my/signups/{signup.public_id}/remind-anyway/")
    client.post(f"/my/signups/{signup.public_id}/remind-anyway/")
    assert [row.due_at for row in planned()] == [EARLY + 4 * MINUTE]
    assert "We’ll email you today at 5:48 AM." in page(client, "/my/meetings/")
    # Nobody else's.
    client.force_login(make_user())
    assert client.post(f"/my/signups/{signup.public_id}/remind-anyway/").status_code == 404


def test_confirmation_says_what_is_planned(client: Client, early: Any) -> None:
    guest_signs_up(daily(), EARLY)
    [letter] = [each for each in run(at=EARLY).letters if each.subject.startswith("Confirmed")]
    assert "No reminder will come: that would be in your quiet hours" in letter.text
    assert "You can still ask for one with the link below." in letter.text
    guest_signs_up(daily(start_time=dt.time(19, 0)), EARLY)
    # Not "today", which is another day when the mail is read tomorrow.
    letter = run(at=EARLY).letters[-1]
    for part in (letter.text, letter.html):
        assert "We’ll email you Thu at 5:00 PM." in html.unescape(part).replace("\u00a0", " ")


def test_every_time_says_when_the_first_reminder_comes_if_not_for_this_date(client: Client, early: Any) -> None:
    signup = guest_signs_up(daily(), EARLY, every=True)
    said = page(client, link(signup))
    assert "No reminder will come: that would be in your quiet hours" in said
    # Of tomorrow's, which quiet hours put into this evening.
    assert "The first reminder for a later date comes Thu at 8:55 PM (New York time)." in said
    assert planned()[0].due_at == dt.datetime(2026, 11, 27, 1, 55, tzinfo=dt.UTC)


def test_one_press_changes_when_a_guest_is_reminded(client: Client, early: Any) -> None:
    signup = guest_signs_up(daily(start_time=dt.time(19, 0)), EARLY)
    shown = client.get(link(signup)).content.decode()
    assert re.findall(r'value="([^"]+)" aria-pressed="true"', shown) == ["2h"]
    answer = client.post(link(signup, "reminder-times/"), {"name": "drop_in_leads", "leads": "30m"}, follow=True)
    assert "Saved. We’ll email you today at 6:30 PM." in words(answer.content.decode())
    assert re.findall(r'value="([^"]+)" aria-pressed="true"', answer.content.decode()) == ["30m"]
    assert [row.lead_key for row in planned()] == ["30m"]
    for nonsense in ({"name": "paused_until", "leads": "2h"}, {"name": "drop_in_leads", "leads": "5 minutes"}):
        client.post(link(signup, "reminder-times/"), nonsense)
    assert [row.lead_key for row in planned()] == ["30m"]


def test_one_press_changes_when_a_member_is_reminded_and_a_link_of_theirs_does_not(client: Client, early: Any) -> None:
    user = make_user()
    meeting = daily(start_time=dt.time(19, 0), signup_policy="sign_up")
    [signup] = signups.create_member_signup(
        meeting=meeting, user=user, date=dt.date(2026, 11, 28), every=False, now=EARLY
    )
    choice = {"name": "booked_leads", "leads": "2h"}
    assert client.post(link(signup, "reminder-times/"), choice).status_code == 404
    client.force_login(user)
    shown = client.get("/my/meetings/").content.decode()
    # Two are usual for a place that is kept, and stand there as one choice.
    assert re.findall(r'value="([^"]+)" aria-pressed="true"', shown) == ["3d 1d@18:00"]
    answer = client.post("/my/reminder-times/", choice, follow=True)
    assert "Saved. We’ll email you Sat at 5:00 PM." in words(answer.content.decode())
    assert [row.lead_key for row in planned()] == ["2h"]
    client.post("/my/reminder-times/", {"name": "booked_leads", "leads": "3d 1d@18:00"})
    assert [row.lead_key for row in planned()] == ["1d@18:00"]


def test_reader_elsewhere_is_told_by_their_own_clock_and_its_zone(client: Client, early: Any) -> None:
    signup = guest_signs_up(daily(start_time=dt.time(19, 0)), EARLY)
    Participant.objects.update(tz="America/Los_Angeles")
    client.cookies["tz"] = "America/New_York"
    assert "We’ll email you Thu at 2:00 PM (Los Angeles time)." in page(client, link(signup))
    client.cookies["tz"] = "America/Los_Angeles"
    assert "We’ll email you today at 2:00 PM." in page(client, link(signup))


def test_queries_do_not_grow_with_the_dates(client: Client, early: Any, django_assert_max_num_queries: Any) -> None:
    user = make_user()
    client.force_login(user)
    meeting = daily(start_time=dt.time(19, 0))
    signups.create_member_signup(meeting=meeting, user=user, date=dt.date(2026, 11, 26), every=False, now=EARLY)
    with CaptureQueriesContext(connection) as before:
        client.get("/my/meetings/")
    for day in (27, 28, 29):
        signups.create_member_signup(meeting=meeting, user=user, date=dt.date(2026, 11, day), every=False, now=EARLY)
    with django_assert_max_num_queries(len(before)):
        client.get("/my/meetings/")


def test_no_button_stops_a_reminder_that_does_not_come(client: Client, early: Any) -> None:
    signup = guest_signs_up(daily(), EARLY)
    said = page(client, link(signup))
    assert "No reminder will come" in said
    assert "Don’t remind me about this date" not in said
    assert "I don’t want it anymore" in said
    user = make_user()
    client.force_login(user)
    signups.create_member_signup(user=user, meeting=daily(), date=EARLY.date(), every=False, now=EARLY)
    mine = page(client, "/my/meetings/")
    assert "No reminder will come" in mine
    assert "Stop the reminder" not in mine
