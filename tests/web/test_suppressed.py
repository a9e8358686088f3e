"""Addresses that nothing may be sent to, as staff see them: found, looked at and lifted, and never shown."""

from __future__ import annotations

import datetime as dt

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.enums import AccessAction, Channel
from accounts.fields import lookup_hash
from accounts.models import AccessRecord, Refusal, Suppression
from accounts.services import ledger
from accounts.services.suppressions import record_refusal, suppress
from meetings.reminders.enums import EventKind, ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services.deliver import deliver_due
from meetings.reminders.services.last_moment import SUPPRESSED
from meetings.reminders.services.lifting import LIFTED
from support.messaging.results import Accepted, Refused
from tests.conftest import NOW
from tests.factories import make_contact_point, make_reminder, make_user
from tests.unit.test_reminder_engine import Told

pytestmark = pytest.mark.django_db

ANSWER = "550 relay not permitted"
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def staff(client: Client) -> Client:
    user = make_user(is_staff=True, tz="America/New_York")
    TOTP.activate(user, generate_totp_secret())
    client.force_login(user)
    return client


def blocked(at: dt.datetime = NOW, *, value: str = "", answer: str = ANSWER) -> Suppression:
    address = value or f"a{Suppression.objects.count()}@example.org"
    record_refusal(
        channel="email",
        value=address,
        reason="Refused by the mail server (550)",
        answer=answer,
        is_sure=True,
        now=at,
    )
    row = Suppression.objects.get(value_hash=lookup_hash(address))
    Suppression.objects.filter(pk=row.pk).update(created_at=at)
    return row


def stopped() -> Suppression:
    suppress(channel="sms", value="+15185550123", reason="The recipient wrote STOP", now=NOW)
    return Suppression.objects.get(channel="sms")


def shown(client: Client, name: str, *args: object, **query: str) -> str:
    answer = client.get(reverse(f"reminders:{name}", args=args), query)
    assert answer.status_code == 200
    return answer.content.decode().replace("\u00a0", " ")


def post(client: Client, name: str, *args: object, **data: str) -> HttpResponse:
    answer = client.post(reverse(f"reminders:{name}", args=args), data)
    assert isinstance(answer, HttpResponse)
    return answer


# -- looking -----------------------------------------------------------------------------------------------------------


def test_list_shows_numbers_and_answers_and_no_address(staff: Client) -> None:
    row = blocked(value="ana@example.org", answer="550 5.1.1")
    stop = stopped()
    page = shown(staff, "watch_blocks")
    for said in (
        f"#{row.pk}",
        f"#{stop.pk}",
        "Refused by the mail server (550)",
        "550 5.1.1",
        "Tue, Nov 17",
        "6:00 PM",
    ):
        assert said in page
    assert "by texting START" in page
    for kept in ("ana@", "5550123", row.value_hash):
        assert kept not in page
    assert shown(staff, "watch_blocks", channel="sms").count('scope="row"') == 1
    assert not AccessRecord.objects.exists()


def test_list_is_paged_and_takes_no_more_queries_for_many(staff: Client) -> None:
    blocked()
    blocked()
    shown(staff, "watch_blocks")
    with CaptureQueriesContext(connection) as few:
        shown(staff, "watch_blocks")
    Suppression.objects.bulk_create(
        [Suppression(channel="email", value_hash=f"{each:064}", reason="bounced 5.1.1") for each in range(60)]
    )
    with CaptureQueriesContext(connection) as many:
        page = shown(staff, "watch_blocks", channel="email")
    assert len(many) == len(few)
    assert page.count('scope="row"') == 50
    assert 'href="?channel=email&amp;page=2"' in page


def test_one_is_found_by_its_address_which_no_link_holds(staff: Client) -> None:
    user = make_user()
    make_contact_point(user=user, value="ana@example.org")
    row = blocked(value="ana@example.org")
    answer = post(staff, "watch_find_block", contact=" Ana@Example.org ")
    assert (answer.status_code, answer["Location"]) == (302, reverse("reminders:watch_block", args=[row.pk]))
    looked = AccessRecord.objects.get()
    assert (looked.about_user, looked.action) == (user, AccessAction.SAW_MESSAGES)
    stop = stopped()
    answer = post(staff, "watch_find_block", contact="(518) 555-0123")
    assert answer["Location"] == reverse("reminders:watch_block", args=[stop.pk])


@pytest.mark.parametrize(
    ("contact", "status", "words"),
    [
        ("free@example.org", 200, "This one isn’t blocked."),
        ("ana", 422, "Enter an email address or a phone number with its area code."),
        ("", 422, "Enter an email address or a phone number."),
    ],
)
def test_what_is_not_found_is_said_and_stays_typed(staff: Client, contact: str, status: int, words: str) -> None:
    answer = post(staff, "watch_find_block", contact=contact)
    page = answer.content.decode()
    assert answer.status_code == status
    assert words in page
    assert not contact or f'value="{contact}"' in page


# -- lifting one -------------------------------------------------------------------------------------------------------


def test_lifting_wants_a_reason_and_keeps_what_was_typed(staff: Client) -> None:
    row = blocked()
    for reason, words in (("", "Say why, in a few words."), ("ask ana@example.org", "Leave it out.")):
        answer = post(staff, "watch_lift", row.pk, reason=reason)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert words in page
        assert f'value="{reason}"' in page or not reason
    assert Suppression.objects.exists()


def test_number_that_was_lifted_has_a_page_that_says_so(staff: Client) -> None:
    row = blocked()
    post(staff, "watch_lift", row.pk, reason="mended")
    answer = staff.get(reverse("reminders:watch_block", args=[row.pk]))
    assert answer.status_code == 404
    page = answer.content.decode()
    assert "Nothing is blocked under this number, or not anymore." in page
    assert "All blocked addresses" in page
    assert "Unblock it" not in page


def test_lifting_is_on_record_and_may_be_pressed_twice(
    staff: Client, django_capture_on_commit_callbacks: object
) -> None:
    guest = make_contact_point(value="ana@example.org")
    row = blocked(value="ana@example.org")
    for _again in range(2):
        answer = post(staff, "watch_lift", row.pk, reason="She called: the mailbox works again.")
        assert answer["Location"] == reverse("reminders:watch_blocks")
    assert not Suppression.objects.exists()
    record = AccessRecord.objects.get()
    assert (record.about_contact_point, record.action) == (guest, AccessAction.LIFTED_BLOCK)
    log = LogEntry.objects.get()
    assert (log.change_message, log.object_id) == ("She called: the mailbox works again.", str(row.pk))


@pytest.mark.django_db(transaction=True)
def test_ledger_has_what_was_lifted(staff: Client, settings: object, tmp_path: object) -> None:
    settings.DATA_DIR = tmp_path  # type: ignore[attr-defined]
    row = blocked(value="ana@example.org")
    post(staff, "watch_lift", row.pk, reason="mended")
    line = ledger.read()[-1]
    assert (line.word, line.subject, line.reason) == ("lifted", lookup_hash("ana@example.org"), row.reason)


def test_nobody_but_the_person_undoes_a_stop(staff: Client) -> None:
    row = stopped()
    assert "Staff can’t unblock this" in shown(staff, "watch_block", row.pk)
    answer = post(staff, "watch_lift", row.pk, reason="They asked us to.")
    assert answer["Location"] == reverse("reminders:watch_block", args=[row.pk])
    assert Suppression.objects.exists()
    assert not LogEntry.objects.exists()


def test_complaint_can_be_lifted_for_whoever_asks(staff: Client) -> None:
    suppress(channel="email", value="ana@example.org", reason="complained", now=NOW)
    row = Suppression.objects.get()
    assert "only if they asked you to" in shown(staff, "watch_block", row.pk)
    post(staff, "watch_lift", row.pk, reason="Pressed the wrong button.")
    assert not Suppression.objects.exists()


def test_lifted_address_begins_anew(staff: Client) -> None:
    row = blocked(value="ana@example.org")
    Refusal.objects.create(
        channel="email", value_hash=row.value_hash, answer="550", is_soft=False, on_day=NOW.date(), at=NOW
    )
    post(staff, "watch_lift", row.pk, reason="mended")
    assert not Refusal.objects.exists()


# -- what a lifted address gets ----------------------------------------------------------------------------------------


def test_what_is_still_of_use_goes_out_once_it_is_lifted(staff: Client) -> None:
    refused = make_reminder(kind=ReminderKind.CONFIRMATION, due_at=NOW)
    point = refused.contact_point
    deliver_due(read_clock=lambda: NOW, gateway=Told(Refused("Refused by the mail server (550 5.1.1)", suppress=True)))
    skipped = make_reminder(kind=ReminderKind.MOVED, signup=refused.signup, contact_point=point, due_at=NOW)
    late = make_reminder(
        ReminderState.SKIPPED,
        reason=SUPPRESSED,
        kind=ReminderKind.CANCELLED,
        signup=refused.signup,
        contact_point=point,
        deadline_at=NOW - MINUTE,
    )
    deliver_due(read_clock=lambda: NOW, gateway=Told(Accepted()))
    states = Reminder.objects.filter(pk__in=[refused.pk, skipped.pk]).values_list("state", flat=True)
    assert sorted(states) == [ReminderState.FAILED, ReminderState.SKIPPED]

    post(staff, "watch_lift", Suppression.objects.get().pk, reason="mended")

    told = Told(Accepted())
    deliver_due(read_clock=lambda: NOW, gateway=told)
    states = Reminder.objects.filter(pk__in=[refused.pk, skipped.pk]).values_list("state", flat=True)
    assert list(states) == [ReminderState.ACCEPTED] * 2
    late.refresh_from_db()
    assert late.state == ReminderState.SKIPPED
    assert refused.events.filter(kind=EventKind.PLANNED, detail=LIFTED).exists()


def test_what_another_message_says_is_not_said_again(staff: Client) -> None:
    row = blocked(value="ana@example.org")
    point = make_contact_point(value="ana@example.org")
    bounced = make_reminder(ReminderState.BOUNCED, contact_point=point, kind=ReminderKind.MOVED)
    make_reminder(ReminderState.DELIVERED, signup=bounced.signup, channel=Channel.SMS, kind=ReminderKind.MOVED)
    post(staff, "watch_lift", row.pk, reason="mended")
    bounced.refresh_from_db()
    assert bounced.state == ReminderState.BOUNCED


# -- one answer, many addresses ----------------------------------------------------------------------------------------


def test_what_one_answer_blocked_within_an_hour_is_lifted_at_once(staff: Client) -> None:
    first = NOW - dt.timedelta(hours=3)
    rows = [blocked(first + 2 * MINUTE * each) for each in range(20)]
    others = [
        blocked(first + 61 * MINUTE),
        blocked(first - MINUTE, answer="550 5.1.1"),
        blocked(first + 5 * MINUTE, answer="550 5.1.1"),
    ]
    page = shown(staff, "watch_blocks")
    assert "20 addresses were blocked by this answer on Tue, Nov 17, between 3:00 PM and 3:38 PM." in page
    assert "Unblock all 20" in page
    assert post(staff, "watch_lift_all", rows[0].pk).status_code == 422
    for _again in range(2):
        reason = {f"{rows[0].pk}-reason": "Our mail server had a wrong setting."}
        answer = post(staff, "watch_lift_all", rows[0].pk, **reason)
        assert answer["Location"] == reverse("reminders:watch_blocks")
    assert set(Suppression.objects.values_list("pk", flat=True)) == {each.pk for each in others}
    assert LogEntry.objects.count() == 20


def test_story_of_a_minute_names_it_once(staff: Client) -> None:
    for _each in range(2):
        blocked()
    assert "2 addresses were blocked by this answer on Tue, Nov 17, at 6:00 PM." in shown(staff, "watch_blocks")


def test_no_story_is_made_of_rows_without_an_answer(staff: Client) -> None:
    blocked(answer="")
    blocked(answer="")
    assert "Unblock all" not in shown(staff, "watch_blocks")


def test_stops_that_a_provider_words_alike_are_no_story(staff: Client) -> None:
    words = "The recipient wrote STOP (21610)"
    for number in ("+15185550123", "+15185550124"):
        suppress(channel="sms", value=number, reason=words, answer=words, now=NOW)
    assert "Unblock all" not in shown(staff, "watch_blocks")
    first = Suppression.objects.earliest("pk")
    post(staff, "watch_lift_all", first.pk, **{f"{first.pk}-reason": "All at once"})
    assert Suppression.objects.count() == 2
