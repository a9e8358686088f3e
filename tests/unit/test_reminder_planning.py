"""What a person gets, and when: their wishes, their quiet hours, their other dates, and how many in a day."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from typing import Any

import pytest
from django.test import Client

from accounts.models import ContactPoint, Preferences
from accounts.person import of_guest, of_member
from accounts.services.consents import choose, record_consent
from accounts.services.preferences import save_preferences
from accounts.services.profile import update_profile
from meetings.enums import MeetingKind, SignupPolicy
from meetings.models import Participant, Signup
from meetings.reminders import agenda, timing
from meetings.reminders.enums import EventKind, Lane, ReminderKind, ReminderState
from meetings.reminders.models import DeliveryEvent, Reminder
from meetings.reminders.queries.people import UNSUBSCRIBED
from meetings.reminders.services import plan, replan
from meetings.reminders.services.anyway import remind_anyway
from meetings.services.occurrences import cancel_occurrence, move_occurrence
from meetings.services.signups import cancel_signup
from support import clock
from support.messaging import Refused
from tests.conftest import NOW
from tests.factories import make_contact_point, make_meeting, make_occurrence, make_participant, make_signup, make_user
from tests.unit.test_reminder_engine import Told, run

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

HOUR = dt.timedelta(hours=1)
NEW_YORK = "America/New_York"


def at(wall: str, tz: str = NEW_YORK) -> dt.datetime:
    """Return an instant in November 2026 from "24 19:00"."""
    return clock.to_instant(dt.datetime.strptime(f"2026-11-{wall}", "%Y-%m-%d %H:%M"), tz)  # noqa: DTZ007  # a wall time


def place(when: str, participant: Participant, *, now: dt.datetime = NOW, **meeting: Any) -> Signup:
    """Give somebody a certain place at `when`, in a meeting of its own; booked unless told otherwise."""
    meeting.setdefault("signup_policy", SignupPolicy.SIGN_UP)
    starts_at = at(when)
    occurrence = make_occurrence(
        on=clock.to_wall(starts_at, NEW_YORK).date(), starts_at=starts_at, meeting=make_meeting(**meeting)
    )
    signup = make_signup(occurrence=occurrence, participant=participant, created_at=now)
    plan.plan_reminders(signups=[signup], now=now)
    return signup


def drop_in(when: str, participant: Participant, **fields: Any) -> Signup:
    return place(when, participant, signup_policy=SignupPolicy.DROP_IN, **fields)


def planned() -> list[str]:
    """Return when reminders are to go out, "24 17:00", on New York's clocks."""
    rows = Reminder.objects.unsent().filter(kind=ReminderKind.REMINDER).order_by("due_at")
    return [clock.to_wall(row.due_at, NEW_YORK).strftime("%d %H:%M") for row in rows]


def why() -> list[str]:
    """Return the reasons given for reminders that are planned for another time than was wanted."""
    events = DeliveryEvent.objects.filter(kind=EventKind.PLANNED, reminder__in=Reminder.objects.unsent())
    return list(events.order_by("reminder__due_at").values_list("detail", flat=True))


def skipped() -> list[tuple[str, str]]:
    return list(
        Reminder.objects.filter(state=ReminderState.SKIPPED).order_by("due_at").values_list("lead_key", "reason")
    )


@pytest.fixture
def guest() -> Participant:
    return make_participant()


def wish(participant: Participant, now: dt.datetime = NOW, **fields: Any) -> Preferences:
    person = of_member(participant.user) if participant.user else of_guest(participant.contact_point)
    return save_preferences(person=person, now=now, **fields)


# -- leads -----------------------------------------------------------------------------------------------------------


def test_leads_by_kind_of_place(guest: Participant) -> None:
    place("24 19:00", guest)
    assert planned() == ["21 19:00", "23 18:00"]
    drop_in("28 19:00", guest)
    place("30 12:00", guest, venue_type="online")
    assert planned() == ["21 19:00", "23 18:00", "27 12:00", "28 17:00", "29 18:00", "30 10:00"]


def test_change_of_leads_plans_anew_at_once_and_back_again(guest: Participant) -> None:
    place("24 19:00", guest)
    wish(guest, booked_leads=["7d", "1h"])
    assert planned() == ["17 19:00", "24 18:00"]
    wish(guest, booked_leads=["3d", "1d@18:00"])
    wish(guest, booked_leads=["3d", "1d@18:00"])
    assert planned() == ["21 19:00", "23 18:00"]
    states = Counter(Reminder.objects.values_list("state", "reason"))
    assert states == {("planned", ""): 2, ("superseded", replan.WISHES): 4}


def test_planning_twice_changes_nothing(guest: Participant) -> None:
    signup = place("24 19:00", guest)
    before = list(Reminder.objects.values())
    plan.plan_reminders(signups=[signup], now=NOW + HOUR)
    replan.replan_everyone(why="", now=NOW + HOUR)
    assert list(Reminder.objects.values()) == before


def test_planning_for_everyone_counts_each_who_has_a_place_to_come(guest: Participant) -> None:
    for when in ("24 19:00", "25 19:00"):
        place(when, guest)
    place("17 18:00", make_participant(), now=NOW - HOUR)
    assert replan.replan_everyone(why="", now=NOW) == 1


def test_no_leads_mean_no_reminders_not_even_a_late_one(guest: Participant) -> None:
    wish(guest, booked_leads=[])
    place("24 19:00", guest)
    assert planned() == []


@pytest.mark.parametrize(
    ("when", "expected"), [("18 12:00", ["18 10:00"]), ("17 20:30", ["17 18:30"]), ("17 19:30", [])]
)
def test_whoever_books_too_late_for_every_lead_is_reminded_once(
    guest: Participant, when: str, expected: list[str]
) -> None:
    place(when, guest)
    assert planned() == expected
    assert why() == [agenda.LATE] * len(expected)


def test_late_reminder_is_not_added_to_those_that_went_out(guest: Participant) -> None:
    signup = place("24 19:00", guest)
    for now in (at("21 19:00"), at("23 18:00")):
        assert len(run(at=now).subjects) == 1
    plan.plan_reminders(signups=[signup], now=at("24 09:00"))
    assert planned() == []


def test_what_is_due_already_stays_due_when_more_is_planned(guest: Participant) -> None:
    """A worker that is behind, and a new signup: what was to come by now is not past, it is owed."""
    place("24 19:00", guest)
    later = at("21 19:05")
    drop_in("29 19:00", guest, now=later)
    assert planned() == ["21 19:00", "23 18:00", "29 17:00"]
    assert run(at=later).subjects == ["Reminder for Tue 7:00 PM"]
    # With another wish, it is another row; it goes out just as soon.
    wish(guest, now=later, wording="detailed", quiet_from=dt.time(22))
    assert planned() == ["23 18:00", "29 17:00"]


def test_sent_reminder_is_not_sent_again_after_a_change_of_wishes(guest: Participant) -> None:
    place("24 19:00", guest)
    run(at=at("21 19:00"))
    wish(guest, now=at("21 20:00"), booked_leads=["7d", "3d", "2h"])
    assert planned() == ["24 17:00"]


def test_what_staff_stopped_stays_stopped(guest: Participant) -> None:
    signup = place("24 19:00", guest)
    Reminder.objects.filter(lead_key="3d").update(state=ReminderState.SKIPPED, reason="Stopped by staff")
    plan.plan_reminders(signups=[signup], now=NOW)
    assert planned() == ["23 18:00"]


# -- quiet hours and pauses ------------------------------------------------------------------------------------------


def test_quiet_hours_of_ones_own_move_a_reminder_and_say_so(guest: Participant) -> None:
    drop_in("24 12:00", guest)
    assert (planned(), why()) == (["24 10:00"], [])
    wish(guest, quiet_from=dt.time(23, 0), quiet_until=dt.time(10, 30))
    assert (planned(), why()) == (["23 22:55"], [timing.EARLIER])
    wish(guest, ignores_quiet=True)
    assert (planned(), why()) == (["24 10:00"], [])


def test_nothing_is_dropped_in_silence_for_quiet_hours(guest: Participant) -> None:
    drop_in("18 05:00", guest, now=at("17 22:00"))
    assert (planned(), skipped()) == ([], [("2h", timing.TOO_QUIET)])


def test_pause_stops_what_falls_into_it_and_reminds_of_a_booked_place_after_it(guest: Participant) -> None:
    place("24 19:00", guest)
    drop_in("23 19:00", guest)
    wish(guest, paused_until=dt.date(2026, 11, 24))
    assert (planned(), why()) == (["24 17:00"], [agenda.LATE])
    assert skipped() == [("3d", timing.PAUSED), ("2h", timing.PAUSED), ("1d@18:00", timing.PAUSED)]
    wish(guest, paused_until=None)
    assert planned() == ["21 19:00", "23 17:00", "23 18:00"]


def test_pause_holds_news_of_a_change_until_it_is_over(guest: Participant) -> None:
    signup = place("24 19:00", guest)
    wish(guest, paused_until=dt.date(2026, 11, 19))
    move_occurrence(occurrence=signup.occurrence, starts_at=at("24 20:00"), now=NOW)
    assert run().subjects == []
    # From midnight on the pause is over, and quiet hours at eight.
    assert run(at=at("19 07:59")).subjects == []
    assert run(at=at("19 08:00")).subjects == ["Moved to Tue 8:00 PM"]


def test_quiet_hours_are_looked_at_again_when_a_reminder_is_late(guest: Participant) -> None:
    drop_in("24 23:30", guest)
    assert planned() == ["24 20:55"]
    assert run(at=at("24 21:30")).subjects == []
    assert skipped() == [("2h", timing.TOO_QUIET)]


# -- several dates ---------------------------------------------------------------------------------------------------


def test_dates_close_together_make_one_message_that_names_both(guest: Participant) -> None:
    drop_in("24 17:00", guest)
    drop_in("24 19:30", guest)
    drop_in("24 21:00", guest)
    assert (planned(), why()) == (["24 15:00", "24 19:00"], [agenda.TOGETHER])
    [letter] = run(at=at("24 15:00")).letters
    assert letter.subject == "Reminder for Tue 5:00 PM and 1 more"
    assert letter.text.count("Tuesday, November 24") == 2
    # It has spoken for the second as well.
    plan.plan_reminders(signups=Signup.objects.all(), now=at("24 16:00"))
    assert planned() == ["24 19:00"]


def test_when_one_of_two_dates_moves_both_are_told_rightly(guest: Participant) -> None:
    first, second = drop_in("24 17:00", guest), drop_in("24 19:00", guest)
    assert planned() == ["24 15:00"]
    move_occurrence(occurrence=second.occurrence, starts_at=at("25 19:00"), now=NOW)
    assert planned() == ["24 15:00", "25 17:00"]
    move_occurrence(occurrence=first.occurrence, starts_at=at("25 18:00"), now=NOW + HOUR)
    assert planned() == ["25 16:00"]
    assert run(at=NOW + HOUR).subjects == ["Moved to Wed, Nov 25, 7:00 PM", "Moved to Wed, Nov 25, 6:00 PM"]
    assert run(at=at("25 16:00")).subjects == ["Reminder for Wed 6:00 PM and 1 more"]


@pytest.mark.parametrize("which", [0, 1])
def test_when_one_of_two_dates_is_cancelled_or_given_back_the_other_is_told(guest: Participant, which: int) -> None:
    both = [drop_in("24 17:00", guest), drop_in("24 19:00", guest)]
    others_time = ["24 17:00", "24 15:00"][which]
    cancel_occurrence(occurrence=both[which].occurrence, now=NOW)
    assert planned() == [others_time]
    again = drop_in("24 18:00", guest)
    assert planned() == [min(others_time, "24 16:00")]
    cancel_signup(signup=again, now=NOW)
    assert planned() == [others_time]


def test_two_who_move_two_dates_at_once_lose_neither_reminder(guest: Participant) -> None:
    """Neither sees the other's change: the row that they leave is found out at the last moment, and planned anew."""
    first, second = drop_in("24 17:00", guest), drop_in("24 19:00", guest)
    # What the second mover left without the first one's reading it.
    type(second.occurrence).objects.filter(pk=second.occurrence_id).update(starts_at=at("24 20:00"), schedule_seq=1)
    [letter] = run(at=at("24 15:00")).letters
    assert letter.subject == "Reminder for Tue 5:00 PM and 1 more"
    assert "8:00–8:30" in letter.text
    assert first.reminders.filter(state="accepted").get().parts.get().schedule_seq == 1


def test_nobody_gets_more_than_three_a_day(guest: Participant) -> None:
    for hour in ("11:00", "14:30", "18:00", "21:30"):
        drop_in(f"24 {hour}", guest)
    # What would be the fourth goes with the one before it; the shift is the smallest there is.
    assert planned() == ["24 09:00", "24 12:30", "24 16:00"]
    assert why() == [agenda.CAPPED]
    subjects = [run(at=at(f"24 {hour}")).subjects[0] for hour in ("09:00", "12:30", "16:00")]
    times = ("11:00 AM", "2:30 PM", "6:00 PM and 1 more")
    assert subjects == [f"Reminder for Tue {time}" for time in times]


def test_the_fourth_of_a_day_whose_three_are_out_is_left_out_with_a_reason(guest: Participant) -> None:
    for hour in ("11:00", "14:30", "18:00"):
        drop_in(f"24 {hour}", guest)
    for now in ("24 09:00", "24 12:30", "24 16:00"):
        assert len(run(at=at(now)).subjects) == 1
    drop_in("24 22:30", guest, now=at("24 16:30"))
    assert (planned(), skipped()) == ([], [("2h", agenda.FULL_DAY)])


def test_two_people_at_one_date_have_nothing_to_do_with_each_other() -> None:
    one, other = make_participant(), make_participant()
    drop_in("24 17:00", one)
    signup = drop_in("24 19:00", other)
    wish(one, drop_in_leads=["1h"])
    assert planned() == ["24 16:00", "24 17:00"]
    assert signup.reminders.get().state == ReminderState.PLANNED


# -- zones, consents, channels ---------------------------------------------------------------------------------------


def test_change_of_a_members_zone_moves_the_day_before(now: dt.datetime) -> None:
    user = make_user(tz=NEW_YORK)
    member = make_participant(user=user)
    place("24 19:00", member)
    assert planned() == ["21 19:00", "23 18:00"]
    update_profile(
        user=user, display_name="", tz="America/Los_Angeles", language="en", hour_cycle="h12", now=NOW
    )  # fmt: skip
    assert planned() == ["21 19:00", "23 21:00"]
    member.refresh_from_db()
    assert member.tz == "America/Los_Angeles"
    assert Reminder.objects.filter(state="superseded").get().reason == replan.READER


def test_no_consent_no_reminder_and_the_reason_for_it(guest: Participant) -> None:
    place("24 19:00", guest)
    point = guest.contact_point
    choose(contact_point=point, wanted=["changes"], wording="w", source="test", now=NOW)
    assert (planned(), skipped()) == ([], [("3d", UNSUBSCRIBED), ("1d@18:00", UNSUBSCRIBED)])
    choose(contact_point=point, wanted=["changes", "reminders"], wording="w", source="test", now=NOW)
    assert planned() == ["21 19:00", "23 18:00"]


def member_with_phone(*, is_consented: bool) -> tuple[Participant, ContactPoint]:
    user = make_user()
    phone = make_contact_point(user=user, channel="sms", value="+12125550123")
    record_consent(
        contact_point=phone, purpose="reminders", is_given=is_consented, wording="w", source="test", now=NOW
    )  # fmt: skip
    return make_participant(user=user), phone


def by_channel() -> Counter[str]:
    return Counter(Reminder.objects.unsent().values_list("channel", flat=True))


def test_reminders_go_by_the_chosen_channel(settings: Any) -> None:
    settings.SMS_PROVIDER = "outbox"
    member, phone = member_with_phone(is_consented=True)
    place("24 19:00", member)
    assert by_channel() == {"email": 2}
    wish(member, reminder_channel="sms")
    assert by_channel() == {"sms": 2}
    assert set(Reminder.objects.unsent().values_list("contact_point", flat=True)) == {phone.pk}
    choose(contact_point=phone, wanted=[], wording="w", source="STOP", now=NOW)
    assert by_channel() == {"email": 2}
    assert set(why()) == {replan.INSTEAD}


def test_news_of_a_change_goes_by_the_channel_chosen_for_it(settings: Any) -> None:
    settings.SMS_PROVIDER = "outbox"
    member, phone = member_with_phone(is_consented=True)
    signup = place("24 19:00", member)
    wish(member, change_channel="sms")
    record_consent(contact_point=phone, purpose="changes", is_given=True, wording="w", source="test", now=NOW)
    move_occurrence(occurrence=signup.occurrence, starts_at=at("24 20:00"), now=NOW)
    rows = Reminder.objects.unsent().values_list("kind", "channel")
    assert Counter(rows) == {("reminder", "email"): 2, ("moved", "sms"): 1}
    # At night it waits for the morning, since it rings.
    assert run(at=at("18 02:00")).letters == []
    assert Reminder.objects.get(kind="moved").due_at == at("18 08:00")


@pytest.mark.parametrize("provider", ["", "outbox"])
def test_channel_that_is_closed_or_not_consented_is_email(settings: Any, provider: str) -> None:
    settings.SMS_PROVIDER = provider
    member, _phone = member_with_phone(is_consented=not provider)
    wish(member, reminder_channel="sms")
    place("24 19:00", member)
    assert by_channel() == {"email": 2}


def test_where_quiet_hours_leave_little_time_it_does_not_ring(settings: Any) -> None:
    settings.SMS_PROVIDER = "outbox"
    member, _phone = member_with_phone(is_consented=True)
    wish(member, reminder_channel="sms")
    drop_in("18 08:40", member, now=at("17 22:00"))
    assert (planned(), by_channel(), why()) == (["18 08:00"], {"email": 1}, [timing.BY_EMAIL])


def test_what_was_asked_for_in_quiet_hours_and_failed_goes_by_email_then_and_there(settings: Any) -> None:
    settings.SMS_PROVIDER = "outbox"
    member, _phone = member_with_phone(is_consented=True)
    wish(member, reminder_channel="sms")
    signup = drop_in("18 07:48", member, now=at("18 05:44"))
    assert remind_anyway(signup=signup, now=at("18 05:44"))
    assert (planned(), by_channel()) == (["18 05:48"], {"sms": 1})
    refused = Told(Refused(reason="no", suppress=False))
    run(refused, at=at("18 05:48"))
    row = Reminder.objects.get(state=ReminderState.ACCEPTED, kind="reminder")
    assert (row.channel, row.is_asked) == ("email", True)


def test_messages_lead_to_where_one_chooses_how_and_when(guest: Participant) -> None:
    place("24 19:00", guest)
    [letter] = run(at=at("21 19:00")).letters
    [url] = re.findall(r"Choose how and when we write: (\S+)", letter.text)
    assert url in letter.html
    page = Client().get(url.removeprefix("http://testserver"))
    assert page.status_code == 200
    assert "Quiet hours" in page.content.decode()


def test_members_are_led_to_their_account() -> None:
    place("24 19:00", make_participant(user=make_user()))
    [letter] = run(at=at("21 19:00")).letters
    assert "Choose how and when we write: http://testserver/my/account/messages/\n" in letter.text


# -- wording ---------------------------------------------------------------------------------------------------------


def test_detailed_wording_names_meeting_and_place_and_discreet_does_not(guest: Participant) -> None:
    place("24 19:00", guest, name="Evening Light")
    [letter] = run(at=at("21 19:00")).letters
    assert "Evening Light" not in letter.subject + letter.text + letter.html
    wish(guest, now=at("22 19:00"), wording="detailed")
    [letter] = run(at=at("23 18:00")).letters
    assert letter.subject == "Reminder for Tue 7:00 PM, Evening Light"
    assert "Evening Light\nElm House" in letter.text
    assert "Elm Street" in letter.html


def test_turning_discreet_holds_for_what_is_written_already(
    guest: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    place("24 19:00", guest, name="Evening Light")
    wish(guest, wording="detailed")
    gateway = Told()
    monkeypatch.setattr(gateway, "open", lambda: Preferences.objects.update(wording="discreet") and None)
    assert run(gateway, at=at("21 19:00")).subjects == ["Reminder for Tue 7:00 PM"]


# -- news at night -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("starts", "sent_at_once"), [("08:44", 1), ("08:45", 0)])
def test_news_of_a_change_rings_at_night_only_where_it_cannot_wait(
    settings: Any, starts: str, sent_at_once: int
) -> None:
    settings.SMS_PROVIDER = "outbox"
    member, phone = member_with_phone(is_consented=True)
    signup = drop_in("18 07:30", member)
    wish(member, change_channel="sms", drop_in_leads=[])
    record_consent(contact_point=phone, purpose="changes", is_given=True, wording="w", source="test", now=NOW)
    move_occurrence(occurrence=signup.occurrence, starts_at=at(f"18 {starts}"), now=at("18 02:00"))
    # Quiet hours end at eight; 45 minutes are enough to set out.
    assert len(run(at=at("18 02:00")).letters) == sent_at_once
    assert len(run(at=at("18 08:00")).letters) == 1 - sent_at_once


# -- to the minute -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "starts", "expected"),
    [
        # Two hours are enough to set out where it comes before quiet hours …
        ("17 18:00", "17 22:55", timing.Due(at("17 20:55"), timing.EARLIER)),
        ("17 18:00", "17 22:54", timing.Due(at("17 20:55"), timing.BY_EMAIL, is_by_email=True)),
        # … and three quarters of an hour after them.
        ("17 22:00", "18 08:45", timing.Due(at("18 08:00"), timing.LATER)),
        ("17 22:00", "18 08:44", timing.Due(at("18 08:00"), timing.BY_EMAIL, is_by_email=True)),
        ("17 22:00", "18 08:11", timing.Due(at("18 08:00"), timing.BY_EMAIL, is_by_email=True)),
        # Ten minutes before, people are on their way in.
        ("17 22:00", "18 08:10", timing.Due(None, timing.TOO_QUIET)),
        # The first minute of quiet hours is one, and the first after them is none.
        ("17 18:00", "17 21:59", timing.Due(at("17 20:59"))),
        ("17 18:00", "17 22:00", timing.Due(at("17 20:55"), timing.BY_EMAIL, is_by_email=True)),
        ("17 22:00", "18 09:00", timing.Due(at("18 08:00"))),
    ],
)
def test_quiet_hours_to_the_minute(now: str, starts: str, expected: timing.Due) -> None:
    quiet = timing.Quiet(dt.time(21), dt.time(8))
    assert timing.due_time("1h", starts_at=at(starts), tz=NEW_YORK, quiet=quiet, now=at(now)) == expected


@pytest.mark.parametrize(("starts", "state"), [("18 08:10", "skipped"), ("18 08:11", "planned")])
def test_late_reminder_waits_for_the_morning_only_where_that_is_in_time(
    guest: Participant, starts: str, state: str
) -> None:
    drop_in(starts, guest)
    reminder = Reminder.objects.get()
    # The engine stood still in the evening.
    run(at=at("18 02:00"))
    reminder.refresh_from_db()
    assert reminder.state == state


@pytest.mark.parametrize(("minute", "is_joined"), [("00:49", True), ("00:50", False)])
def test_fourth_of_a_day_goes_with_the_first_of_the_next_only_while_it_is_of_use(minute: str, is_joined: bool) -> None:
    late = agenda.Place(signup=1, starts_at=at("18 01:00"), leads=("2h",))
    next_day = agenda.Place(signup=2, starts_at=at(f"18 {minute}") + HOUR, leads=("1h",))
    plan = agenda.draw_up([late, next_day], agenda.Habits(NEW_YORK, quiet=None), sent_today=3, now=NOW)
    assert [[place for place, _lead in message.wishes] for message in plan.messages] == [
        [late, next_day] if is_joined else [next_day]
    ]
    assert plan.omissions == ([] if is_joined else [agenda.Omission(late, "2h", agenda.FULL_DAY)])


# -- kinds of places ---------------------------------------------------------------------------------------------------


def test_place_in_a_family_session_is_a_booked_one(guest: Participant) -> None:
    drop_in("24 19:00", guest, kind=MeetingKind.FAMILY_SESSION)
    assert planned() == ["21 19:00", "23 18:00"]


def test_reminder_of_something_soon_goes_before_one_that_has_time(guest: Participant) -> None:
    wish(guest, booked_leads=["3d", "1d@18:00", "2h"])
    place("24 19:00", guest)
    lanes = Reminder.objects.order_by("due_at").values_list("lead_key", "lane")
    assert list(lanes) == [("3d", Lane.LATER), ("1d@18:00", Lane.LATER), ("2h", Lane.SOON)]


def test_what_was_sent_yesterday_does_not_count_today(guest: Participant) -> None:
    for hour in ("11:00", "14:30", "18:00"):
        drop_in(f"24 {hour}", guest)
    for now in ("24 09:00", "24 12:30", "24 16:00"):
        assert len(run(at=at(now)).subjects) == 1
    # Ten minutes into the next day of theirs.
    drop_in("25 22:30", guest, now=at("25 00:10"))
    assert (planned(), skipped()) == (["25 20:30"], [])
