from __future__ import annotations

import datetime as dt

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from accounts import links
from accounts.enums import AccessAction, Channel
from accounts.models import AccessRecord
from accounts.person import number_of
from meetings.enums import SignupPolicy
from meetings.reminders.enums import EventKind, ReminderKind, ReminderState
from meetings.reminders.models import ChannelOutage, ChannelPause, DeliveryEvent, InboundText, Reminder
from meetings.reminders.queries.timelines import Reader, about, stories
from meetings.reminders.services.deliver import deliver_due
from meetings.reminders.services.inbound import take
from meetings.reminders.services.plan import plan_reminders
from meetings.reminders.services.receipts import record_receipt
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

pytestmark = pytest.mark.django_db

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def staff(client: Client) -> Client:
    user = make_user(is_staff=True, tz="America/New_York")
    TOTP.activate(user, generate_totp_secret())
    client.force_login(user)
    return client


def page(client: Client, name: str, *args: object, **query: str) -> str:
    answer = client.get(reverse(f"reminders:{name}", args=args), query)
    assert answer.status_code == 200
    return answer.content.decode()


# -- the list --------------------------------------------------------------------------------------------------------


def test_list_filters_by_what_became_of_a_message(staff: Client) -> None:
    quiet = make_signup(occurrence=make_occurrence(meeting=make_meeting(name="Quiet Hour", slug="quiet-hour")))
    make_reminder(ReminderState.FAILED, reason="Refused by the mail server (550 5.1.1)", signup=quiet)
    make_reminder(ReminderState.DELIVERED, kind=ReminderKind.MOVED, due_at=NOW - 30 * HOUR)
    make_reminder(channel=Channel.SMS, kind=ReminderKind.REMINDER, due_at=NOW + 30 * HOUR)

    def count(**query: str) -> int:
        return page(staff, "watch", **query).count('scope="row"')

    assert count() == 3
    assert count(state="trouble") == 1
    assert count(state="overdue") == 0
    assert count(state="delivered") == 1
    assert count(channel="sms") == 1
    assert count(kind="moved") == 1
    assert count(reason="Refused by the mail server (550 5.1.1)") == 1
    assert [count(due=window) for window in ("hour", "day", "week", "next_week")] == [1, 1, 2, 1]
    assert count(meeting="quiet-hour") == count(meeting="Quiet") == 1


def test_list_begins_with_what_needs_attention(staff: Client) -> None:
    far = make_reminder(due_at=NOW + 30 * HOUR)
    near = make_reminder(due_at=NOW + HOUR)
    arrived = make_reminder(ReminderState.DELIVERED, due_at=NOW - HOUR)
    earlier = make_reminder(ReminderState.DELIVERED, due_at=NOW - 30 * HOUR)
    wrong = make_reminder(ReminderState.BOUNCED, due_at=NOW - 48 * HOUR)
    overdue = make_reminder(due_at=NOW - 3 * HOUR, deadline_at=NOW + HOUR)
    long_ago = make_reminder(ReminderState.BOUNCED, due_at=NOW - 24 * 30 * HOUR)
    shown = page(staff, "watch")
    rows = [overdue, wrong, arrived, earlier, long_ago, near, far]
    assert sorted(rows, key=lambda each: shown.index(str(each.public_id))) == rows


def test_list_of_one_person_by_the_number_that_they_read(staff: Client) -> None:
    member = make_user()
    mine = make_reminder(ReminderState.FAILED, signup=make_signup(participant=make_participant(user=member)))
    guest = make_reminder()
    point = guest.contact_point
    own = Client()
    own.force_login(member)
    assert f"Member #{member.pk}" in own.get(reverse("accounts:data")).content.decode()
    token = links.sign("data", point.public_id)
    assert f"Guest #{point.pk}" in Client().get(reverse("accounts:data_by_link", args=[token])).content.decode()
    with translation.override("es"):
        in_spanish = number_of(user_id=None, contact_point_id=point.pk)
    for number, reminder in ((f"member #{member.pk}", mine), (f"Guest #{point.pk}", guest), (in_spanish, guest)):
        shown = page(staff, "watch", person=number)
        assert shown.count('scope="row"') == 1
        assert str(reminder.public_id) in shown
    about = AccessRecord.objects.order_by("pk").values_list("about_user", "about_contact_point")
    assert list(about) == [(member.pk, None), (None, point.pk)]
    # A guest of the same number is somebody else, and a member's address is no guest's.
    assert page(staff, "watch", person=f"Guest #{mine.contact_point_id}").count('scope="row"') == 0
    assert page(staff, "watch", person=f"Guest #{member.pk + 1000}").count('scope="row"') == 0
    for nonsense in ("12", "robin@example.org", "Guest #", "Guest #" + "9" * 30):
        assert "Enter it as they see it" in page(staff, "watch", person=nonsense)


def test_list_of_one_person_takes_as_many_queries_for_three_messages_as_for_one(staff: Client) -> None:
    signup = make_signup()
    number = f"Guest #{signup.participant.contact_point_id}"
    make_reminder(signup=signup)
    page(staff, "watch", person=number)
    with CaptureQueriesContext(connection) as one:
        page(staff, "watch", person=number)
    make_reminder(signup=signup)
    make_reminder(signup=make_signup(participant=signup.participant))
    with CaptureQueriesContext(connection) as three:
        page(staff, "watch", person=number)
    assert len(three) == len(one)


def test_list_says_beside_the_field_what_it_cannot_understand(staff: Client) -> None:
    make_reminder()
    shown = page(staff, "watch", state="lost", page="nine")
    assert "Select a valid choice" in shown
    assert "Confirmation" in shown


def test_list_is_paged_and_keeps_what_was_asked_for(staff: Client) -> None:
    signup = make_signup()
    for _n in range(51):
        make_reminder(ReminderState.FAILED, signup=signup)
    shown = page(staff, "watch", state="failed")
    assert "Showing 1–50 of 51" in shown
    assert 'href="?state=failed&amp;page=2"' in shown


def test_list_takes_as_many_queries_for_three_messages_as_for_one(staff: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            page(staff, "watch")
        return len(captured)

    make_reminder()
    page(staff, "watch")
    one = queries()
    make_reminder()
    make_reminder()
    assert queries() == one


def test_list_names_nobody_and_no_look_at_it_is_recorded(staff: Client) -> None:
    make_reminder(signup=make_signup(participant=make_participant(display_name="Robin")))
    assert "Robin" not in page(staff, "watch")
    assert not AccessRecord.objects.exists()


# -- one message, one signup -----------------------------------------------------------------------------------------


def test_timeline_tells_in_sentences_what_happened(staff: Client) -> None:
    reminder = make_reminder(
        ReminderState.ACCEPTED, kind=ReminderKind.REMINDER, created_at=NOW - 9 * HOUR, due_at=NOW - HOUR, attempt=2
    )
    for hours, kind, attempt, detail in (
        (8, EventKind.RETRY, 0, "Held back by quiet hours"),
        (7, EventKind.SUBMITTED, 1, ""),
        (6, EventKind.RETRY, 1, "The mail server asked to try again later (451 4.3.0)"),
        (5, EventKind.SUBMITTED, 2, ""),
        (4, EventKind.ACCEPTED, 2, ""),
        (3, EventKind.RECEIPT, 2, "delivered"),
        (2, EventKind.RECEIPT, 2, "bounced 5.1.1"),
        (1, EventKind.RECEIPT, 2, "Whatever else"),
    ):
        DeliveryEvent.objects.create(
            reminder=reminder, kind=kind, attempt=attempt, detail=detail, at=NOW - hours * HOUR
        )
    shown = page(staff, "watch_message", reminder.public_id)
    sentences = [
        "Planned, to go out by email.",
        "Not sent yet: held back by quiet hours.",
        "Given to the service that sends it by email.",
        "Not sent yet: the mail server asked to try again later (451 4.3.0).",
        "Given to the service that sends it by email, attempt 2.",
        "The service accepted it.",
        "The service reported: delivered.",
        "The service reported: bounced (5.1.1).",
        "The service reported: whatever else.",
    ]
    places = [shown.index(sentence) for sentence in sentences]
    assert places == sorted(places)
    # By the reader's own clock.
    assert "2:00\u00a0PM" in shown


def test_timeline_of_what_is_to_come_says_when(staff: Client) -> None:
    reminder = make_reminder(due_at=NOW + 26 * HOUR)
    shown = page(staff, "watch_message", reminder.public_id)
    assert "Planned, to go out by email on Wed, Nov 18 at 8:00\u00a0PM." in shown


@pytest.mark.parametrize(
    ("state", "reason", "sentence"),
    [
        (ReminderState.SUPERSEDED, "The date was moved", "Replaced: the date was moved."),
        (ReminderState.SKIPPED, "No longer wanted", "Not sent: no longer wanted."),
    ],
)
def test_timeline_tells_what_was_changed_with_many_others(
    staff: Client, state: str, reason: str, sentence: str
) -> None:
    reminder = make_reminder(state, reason=reason, settled_at=NOW)
    assert sentence in page(staff, "watch_message", reminder.public_id)


def test_timeline_of_a_reminder_held_for_quiet_hours(staff: Client) -> None:
    meeting = make_meeting(start_time=dt.time(7, 0), rrule="FREQ=WEEKLY;BYDAY=WE")
    signup = make_signup(occurrence=make_occurrence(meeting=meeting, on=dt.date(2026, 11, 18)))
    plan_reminders(signups=[signup], now=NOW)
    # 20:55 in New York, the evening before.
    evening = dt.datetime(2026, 11, 18, 1, 55, tzinfo=dt.UTC)
    deliver_due(read_clock=lambda: evening)
    reminder = Reminder.objects.get()
    record_receipt(public_id=reminder.public_id, state=ReminderState.DELIVERED, now=evening + HOUR / 60)
    (story,) = stories(about(signup), reader=Reader("America/New_York", "h12"))
    assert [line.sentence for line in story.lines] == [
        "Planned, to go out by email on Tue, Nov 17 at 8:55\u00a0PM. Earlier than asked, because of quiet hours.",
        "Given to the service that sends it by email.",
        "The service accepted it.",
        "The service reported: delivered.",
    ]
    assert "Earlier than asked, because of quiet hours." in page(staff, "watch_signup", signup.public_id)


def test_pages_about_a_person_show_a_number_and_are_on_record(staff: Client) -> None:
    contact_point = make_contact_point(value="robin@example.org")
    signup = make_signup(participant=make_participant(contact_point=contact_point, display_name="Robin"))
    reminder = make_reminder(signup=signup)
    shown = page(staff, "watch_message", reminder.public_id) + page(staff, "watch_signup", signup.public_id)
    assert f"Guest #{contact_point.pk}" in shown
    assert "Robin" not in shown
    assert "robin@example.org" not in shown
    record = AccessRecord.objects.get()
    assert (record.about_contact_point, record.action) == (contact_point, AccessAction.SAW_MESSAGES)


def test_signup_page_has_every_message_in_as_many_queries_as_one(staff: Client) -> None:
    signup = make_signup()
    make_reminder(ReminderState.SUPERSEDED, signup=signup, settled_at=NOW, reason="The date was moved")
    page(staff, "watch_signup", signup.public_id)
    with CaptureQueriesContext(connection) as one:
        page(staff, "watch_signup", signup.public_id)
    for kind in (ReminderKind.MOVED, ReminderKind.REMINDER):
        make_reminder(kind=kind, signup=signup)
    with CaptureQueriesContext(connection) as three:
        shown = page(staff, "watch_signup", signup.public_id)
    assert len(three) == len(one)
    assert shown.count("Planned, to go out by email at once.") == 3


def test_signup_page_has_what_another_message_says_for_it(staff: Client) -> None:
    signup = make_signup()
    joined = make_reminder(ReminderState.DELIVERED, kind=ReminderKind.REMINDER)
    joined.parts.create(signup=signup, lead_key="2h", schedule_seq=0)
    DeliveryEvent.objects.create(
        reminder=joined, kind=EventKind.PLANNED, detail="One message for several dates close together", at=NOW
    )
    shown = page(staff, "watch_signup", signup.public_id)
    assert "Planned, to go out by email at once. One message for several dates close together." in shown


# -- what can be done ------------------------------------------------------------------------------------------------


def test_replay_and_abort_need_a_reason(staff: Client) -> None:
    failed, planned = make_reminder(ReminderState.FAILED), make_reminder()
    for name, reminder in (("watch_replay", failed), ("watch_abort", planned)):
        address = reverse(f"reminders:{name}", args=[reminder.public_id])
        for reason in ("", "   ", "robin@example.org asked", "Call 518 555 0123"):
            answer = staff.post(address, {"reason": reason})
            assert answer.status_code == 422
            assert reason in answer.content.decode()
    assert sorted(Reminder.objects.values_list("state", flat=True)) == ["failed", "planned"]


def test_replay_plans_again_and_says_so(staff: Client) -> None:
    reminder = make_reminder(ReminderState.FAILED)
    address = reverse("reminders:watch_replay", args=[reminder.public_id])
    assert (
        "It will be sent again." in staff.post(address, {"reason": "Fixed on 2026-11-23"}, follow=True).content.decode()
    )
    again = staff.post(address, {"reason": "Fixed"}, follow=True).content.decode()
    assert "It’s already on its way." in again
    assert "Planned again by staff: “Fixed on 2026-11-23”" in again
    reminder.refresh_from_db()
    assert (reminder.state, reminder.due_at) == (ReminderState.PLANNED, NOW)


def test_replay_of_what_arrived_is_neither_offered_nor_done(staff: Client) -> None:
    reminder = make_reminder(ReminderState.DELIVERED)
    assert "Send it again" not in page(staff, "watch_message", reminder.public_id)
    address = reverse("reminders:watch_replay", args=[reminder.public_id])
    answer = staff.post(address, {"reason": "Once more"}, follow=True).content.decode()
    assert "Only a message that did not arrive can be sent again." in answer


def test_replay_of_what_another_message_says_is_neither_offered_nor_done(staff: Client) -> None:
    reminder = make_reminder(ReminderState.FAILED)
    make_reminder(signup=reminder.signup)
    assert "Send it again" not in page(staff, "watch_message", reminder.public_id)
    address = reverse("reminders:watch_replay", args=[reminder.public_id])
    answer = staff.post(address, {"reason": "Once more"}, follow=True).content.decode()
    assert "Another message already says this." in answer


def test_abort_stops_and_says_so(staff: Client) -> None:
    reminder = make_reminder()
    address = reverse("reminders:watch_abort", args=[reminder.public_id])
    assert "Stopped." in staff.post(address, {"reason": "Wrong date"}, follow=True).content.decode()
    assert "It was already finished" in staff.post(address, {"reason": "Wrong date"}, follow=True).content.decode()
    assert Reminder.objects.get().state == ReminderState.SKIPPED


def test_pause_needs_a_reason_and_is_told_until_resumed(staff: Client) -> None:
    make_reminder()
    pause = reverse("reminders:watch_pause", args=["email"])
    assert staff.post(pause).status_code == 422
    assert not ChannelPause.objects.exists()
    shown = staff.post(pause, {"email-reason": "Moving the server"}, follow=True).content.decode()
    assert "Paused by staff since Tue, Nov 17" in shown
    assert "1 message has been waiting since" in shown
    assert "Moving the server" in page(staff, "watch")
    staff.post(reverse("reminders:watch_resume", args=["email"]))
    assert "Paused by staff" not in page(staff, "watch_channels")


def test_channel_out_of_reach_is_told_until_it_is_tried_again(staff: Client) -> None:
    outage = ChannelOutage.objects.create(
        channel=Channel.EMAIL, until=NOW + dt.timedelta(seconds=1), reason="Away", since=NOW - HOUR
    )
    shown = page(staff, "watch_channels")
    assert (shown.count("Unreachable"), shown.count("Away. We’ll try again at")) == (1, 1)
    ChannelOutage.objects.filter(pk=outage.pk).update(until=NOW)
    assert "Unreachable" not in page(staff, "watch_channels")


def test_pause_of_no_channel_is_not_there(staff: Client) -> None:
    assert staff.post(reverse("reminders:watch_pause", args=["fax"]), {"fax-reason": "Old"}).status_code == 404
    assert staff.post(reverse("reminders:watch_resume", args=["fax"])).status_code == 404


def test_staff_without_a_second_factor_are_sent_to_add_one(client: Client) -> None:
    client.force_login(make_user(is_staff=True))
    answer = client.post(reverse("reminders:watch_pause", args=["email"]), {"email-reason": "Mine"})
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("mfa_index"))
    assert not ChannelPause.objects.exists()


def test_staff_find_the_pages_and_others_see_no_link(staff: Client) -> None:
    address = reverse("reminders:watch")
    assert address in staff.get(reverse("admin:index")).content.decode()
    assert address in staff.get(reverse("accounts:settings")).content.decode()
    member = Client()
    member.force_login(make_user())
    assert address not in member.get(reverse("accounts:settings")).content.decode()


# -- texts that need a person ----------------------------------------------------------------------------------------


def make_text(words: str, number: str = "+15185550123") -> InboundText:
    inbound = Inbound(provider_id=words, sender=number, text=words)
    take(inbound=inbound, now=NOW)
    return InboundText.objects.get(provider_id=words)


def test_texts_that_need_a_person_are_shown_without_a_number_until_read(staff: Client) -> None:
    member = make_user()
    make_contact_point(user=member, channel=Channel.SMS, value="+15185550123")
    text = make_text("I can't stop smiling")
    make_text("I want to die", "+15185550199")
    shown = page(staff, "watch_texts")
    assert "I can&#x27;t stop smiling" in shown
    assert f"Member #{member.pk}" in shown
    assert "Someone this site doesn’t know" in shown
    # Whoever may be in danger comes first.
    assert shown.index("I want to die") < shown.index("stop smiling")
    assert "555" not in shown
    record = AccessRecord.objects.get()
    assert (record.about_user, record.action) == (member, AccessAction.SAW_MESSAGES)
    address = reverse("reminders:watch_text_read", args=[text.pk])
    for _n in range(2):
        assert "Marked as read." in staff.post(address, follow=True).content.decode()
    assert "stop smiling" not in page(staff, "watch_texts")
    text.refresh_from_db()
    assert text.seen_at == NOW


def test_texts_that_need_nobody_are_not_shown(staff: Client) -> None:
    text = make_text("STOP")
    assert "Nothing to read" in page(staff, "watch_texts")
    assert staff.post(reverse("reminders:watch_text_read", args=[text.pk])).status_code == 404


# -- what facilitators see -------------------------------------------------------------------------------------------


def test_facilitators_see_numbers_and_nobody_behind_them(client: Client) -> None:
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP)
    facilitator = make_user()
    meeting.facilitators.add(facilitator)
    client.force_login(facilitator)
    occurrence = make_occurrence(meeting=meeting)
    address = reverse("meetings:occurrence", args=[meeting.slug, occurrence.original_date])
    signup = make_signup(occurrence=occurrence)
    for state in (ReminderState.PLANNED, ReminderState.SUPERSEDED, ReminderState.SKIPPED):
        make_reminder(state, signup=signup)
    assert "about this date" not in client.get(address).content.decode()
    make_reminder(ReminderState.DELIVERED, signup=signup)
    assert "1 message about this date went out." in client.get(address).content.decode()
    for state in (ReminderState.ACCEPTED, ReminderState.BOUNCED, ReminderState.FAILED):
        make_reminder(state, signup=make_signup(occurrence=occurrence))
    make_reminder(ReminderState.FAILED)
    assert "2 of 4 messages about this date did not arrive." in client.get(address).content.decode()
