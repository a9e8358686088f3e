"""From a row to what a browser shows, over a real HTTP server in place of the push service."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.core import mail
from django.test import Client

from accounts.enums import Channel
from accounts.models import ContactPoint, Suppression, User
from accounts.person import of_member
from accounts.queries import push_subscriptions
from accounts.services.push_subscriptions import subscribe
from meetings.models import Signup
from meetings.reminders.enums import EventKind, Lane, ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services.deliver import deliver_due
from meetings.reminders.services.instead import by_email_instead
from meetings.reminders.services.plan import plan_reminders
from meetings.reminders.services.push import GONE, INSTEAD
from meetings.reminders.services.replan import replan_person
from support.messaging.push import read_subscription
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_reminder, make_signup, make_user
from tests.push_service import Browser, PushService, push_service

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def service() -> Iterator[PushService]:
    with push_service() as running:
        yield running


@pytest.fixture
def member() -> User:
    return make_user(language="es", tz="America/New_York")


@pytest.fixture
def phone(service: PushService) -> Browser:
    return service.browser()


@pytest.fixture
def point(member: User, phone: Browser) -> ContactPoint:
    return subscribe(user=member, subscription=read_subscription(phone.subscription).as_text(), now=NOW)


def reminder_for(
    member: User, point: ContactPoint, *, language: str = "en", kind: str = ReminderKind.REMINDER
) -> Reminder:
    meeting = make_meeting(name="Narrow Path")
    signup = Signup.objects.filter(participant__user=member).first() or make_signup(
        occurrence=make_occurrence(meeting=meeting),
        participant=make_participant(user=member, language=language, display_name="Robin"),
    )
    return make_reminder(
        signup=signup, contact_point=point, channel=Channel.PUSH, kind=kind, lane=Lane.SOON, due_at=NOW - HOUR
    )


def deliver(at: dt.datetime = NOW) -> None:
    deliver_due(read_clock=lambda: at)


@pytest.mark.parametrize(
    ("language", "body"),
    [("en", "Reminder for Tue, Nov 24, 7:00 PM"), ("es", "Recordatorio: mar, 24 nov, 7:00 p. m.")],
)
def test_notification_says_when_and_nothing_else(
    service: PushService, phone: Browser, member: User, point: ContactPoint, language: str, body: str
) -> None:
    reminder = reminder_for(member, point, language=language)
    deliver()
    (post,) = service.posts
    content = phone.read(post)
    assert (content["title"], content["body"]) == ("Homegroup", body)
    for secret in ("Narrow", "Robin", "Elm"):
        assert secret not in str(content)
    # Good until the reminder would be of no use.
    assert int(post.headers["ttl"]) == int((reminder.deadline_at - NOW).total_seconds())
    reminder.refresh_from_db()
    assert (reminder.state, reminder.template) == (ReminderState.ACCEPTED, f"reminders/reminder.subject.{language}")


def test_notification_leads_to_the_place_it_speaks_of(
    service: PushService, phone: Browser, member: User, point: ContactPoint, client: Client
) -> None:
    reminder_for(member, point)
    deliver()
    url = phone.read(service.posts[0])["url"]
    assert url.startswith("http://testserver/t/")


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten_with_what_was_to_go_there(
    service: PushService, member: User, point: ContactPoint, status: int
) -> None:
    first = reminder_for(member, point)
    later = make_reminder(
        signup=first.signup,
        contact_point=point,
        channel=Channel.PUSH,
        kind=ReminderKind.REMINDER,
        lead_key="2h",
        due_at=NOW + HOUR,
    )
    service.answers = [(status, {})]
    deliver()
    first.refresh_from_db()
    later.refresh_from_db()
    assert (first.state, first.reason) == (ReminderState.FAILED, f"The browser is no longer subscribed ({status})")
    assert (later.state, later.reason) == (ReminderState.SKIPPED, GONE)
    assert push_subscriptions(member) == []
    point.refresh_from_db()
    assert "127.0.0.1" not in point.value
    # Its timeline stays, and no hash of what is gone for ever.
    assert list(first.events.values_list("kind", flat=True)) == [EventKind.SUBMITTED, EventKind.REFUSED]
    assert not Suppression.objects.exists()
    # Each goes by email instead, once, when it was due.
    emails = Reminder.objects.filter(channel=Channel.EMAIL).order_by("due_at")
    assert list(emails.values_list("state", "due_at")) == [("accepted", NOW), ("planned", NOW + HOUR)]
    assert emails[1].events.get().detail == INSTEAD
    deliver(NOW + 2 * HOUR)
    deliver(NOW + 2 * HOUR)
    assert len(service.posts) == 1
    assert [message.subject for message in mail.outbox] == ["Reminder for Tue, Nov 24, 7:00 PM"] * 2
    assert mail.outbox[0].to == [first.signup.participant.contact_point.value]


def test_a_plan_drawn_up_anew_leaves_what_goes_by_email_instead(member: User, point: ContactPoint) -> None:
    signup = make_signup(participant=make_participant(user=member))
    plan_reminders(signups=[signup], now=NOW)
    (planned,) = Reminder.objects.filter(state=ReminderState.PLANNED)
    # Two hours before, the text did not arrive; the email is about to leave when wishes change.
    Reminder.objects.filter(pk=planned.pk).update(state=ReminderState.UNDELIVERED, channel=Channel.SMS)
    by_email_instead([planned.pk], why=INSTEAD, now=planned.due_at)
    replan_person(person=of_member(member), why="Wishes about messages changed", now=planned.due_at + HOUR / 60)
    states = Reminder.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["undelivered", "planned"]


def test_a_notification_that_is_refused_goes_by_email_and_the_browser_stays(
    service: PushService, member: User, point: ContactPoint
) -> None:
    reminder_for(member, point)
    service.answers = [(403, {})]
    deliver()
    deliver()
    assert len(mail.outbox) == 1
    assert push_subscriptions(member) == [point]
    assert sorted(Reminder.objects.values_list("channel", "state")) == [("email", "accepted"), ("push", "failed")]


def test_nothing_goes_by_email_too_late_or_where_it_is_said_already(
    service: PushService, member: User, point: ContactPoint
) -> None:
    late = reminder_for(member, point)
    late.deadline_at = NOW
    late.save()
    said = reminder_for(member, point, kind=ReminderKind.MOVED)
    make_reminder(ReminderState.DELIVERED, signup=said.signup, kind=ReminderKind.MOVED)
    failed = [late.pk, said.pk]
    assert by_email_instead(failed, why=INSTEAD, now=NOW) == set()


def test_by_email_instead_twice_is_once_and_speaks_for_the_same_places(member: User, point: ContactPoint) -> None:
    reminder = reminder_for(member, point)
    other = make_signup(participant=reminder.signup.participant)
    reminder.parts.create(signup=other, lead_key="2h", schedule_seq=0)
    Reminder.objects.filter(pk=reminder.pk).update(state=ReminderState.FAILED)
    assert [by_email_instead([reminder.pk], why=INSTEAD, now=NOW) for _n in range(2)] == [{reminder.pk}, set()]
    twin = Reminder.objects.get(channel=Channel.EMAIL)
    assert twin.contact_point == reminder.signup.participant.contact_point
    assert [part.signup for part in twin.parts.all()] == [other]
    # Also where it failed in its turn.
    Reminder.objects.filter(pk=twin.pk).update(state=ReminderState.FAILED)
    assert by_email_instead([reminder.pk], why=INSTEAD, now=NOW) == set()


def test_a_push_service_that_is_busy_is_asked_again_when_it_said(
    service: PushService, member: User, point: ContactPoint
) -> None:
    reminder = reminder_for(member, point)
    service.answers = [(429, {"Retry-After": "600"})]
    deliver()
    reminder.refresh_from_db()
    assert (reminder.state, reminder.due_at) == (ReminderState.PLANNED, NOW + dt.timedelta(seconds=600))
    deliver(NOW + dt.timedelta(seconds=601))
    reminder.refresh_from_db()
    assert reminder.state == ReminderState.ACCEPTED
    # The same topic: a browser that was out of reach gets one of the two.
    assert len({post.headers["topic"] for post in service.posts}) == 1


def test_one_push_service_out_of_reach_holds_up_no_other(
    service: PushService, member: User, point: ContactPoint
) -> None:
    other = make_user()
    nowhere = subscribe(
        user=other,
        subscription=read_subscription(Browser("http://127.0.0.1:9/push/two").subscription).as_text(),
        now=NOW,
    )
    reminder_for(other, nowhere)
    reminder_for(member, point)
    deliver()
    assert sorted(Reminder.objects.values_list("state", flat=True)) == ["accepted", "planned"]


def test_turning_notifications_off_stops_what_is_planned_at_the_last_moment(
    service: PushService, member: User, point: ContactPoint
) -> None:
    reminder = reminder_for(member, point)
    point.consents.create(
        purpose="reminders", is_given=False, wording="x", source="x", recorded_at=NOW + dt.timedelta(seconds=1)
    )
    deliver()
    reminder.refresh_from_db()
    assert reminder.state == ReminderState.SKIPPED
    assert service.posts == []
