"""What a provider of texts says instead of "taken": about us, about now, about one number, or nothing that is clear."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.enums import Channel, Purpose
from accounts.models import ContactPoint, Suppression
from accounts.queries import is_given
from accounts.services.phones import add_phone
from meetings.enums import SignupPolicy
from meetings.models import Signup
from meetings.reminders.enums import UNSENT, ReminderKind, ReminderState
from meetings.reminders.models import ChannelOutage, Reminder
from meetings.reminders.services import inbound, texts
from meetings.reminders.services.deliver import deliver_due
from support.messaging import telnyx, twilio
from support.messaging.results import Ambiguous, Refused, Result, Transient
from support.messaging.sms_results import STATUSES, TELNYX, TWILIO, Cause, Inbound, Receipt, Stage
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_reminder, make_signup, make_user
from tests.sms_servers import ACCOUNT, TOKEN, FakeTwilio, twilio_server

NUMBER = "+12025550143"
MINUTE = dt.timedelta(minutes=1)


def kind_of(result: Result) -> str:
    """Return "parks", "again", "unclear", "stop", "never" or "no"."""
    if isinstance(result, Transient):
        return "parks" if result.is_outage else "again"
    if isinstance(result, Ambiguous):
        return "unclear"
    assert isinstance(result, Refused)
    return "stop" if result.is_opt_out else "never" if result.suppress else "no"


#: Each status without a code, and what follows.
BY_STATUS = {
    400: "no",
    401: "parks",
    402: "no",
    403: "parks",
    404: "parks",
    405: "parks",
    408: "unclear",
    409: "unclear",
    410: "parks",
    422: "no",
    429: "parks",
    200: "unclear",
    301: "parks",
    307: "parks",
    500: "unclear",
    502: "unclear",
    503: "unclear",
    504: "unclear",
}
#: Each code as its provider sends it: with which status, and what follows.
BY_TWILIO_CODE = {
    20003: (401, "parks"),
    20005: (403, "parks"),
    20006: (403, "parks"),
    20403: (403, "parks"),
    20404: (404, "parks"),
    30404: (404, "parks"),
    21212: (400, "parks"),
    21603: (400, "parks"),
    21606: (400, "parks"),
    21659: (400, "parks"),
    21660: (400, "parks"),
    21701: (400, "parks"),
    21703: (400, "parks"),
    21704: (400, "parks"),
    21705: (400, "parks"),
    14107: (400, "parks"),
    20429: (429, "parks"),
    21611: (400, "parks"),
    30001: (400, "parks"),
    30022: (400, "parks"),
    63018: (400, "parks"),
    63038: (400, "parks"),
    59102: (409, "again"),
    21610: (400, "stop"),
    21211: (400, "never"),
    21214: (400, "never"),
    21217: (400, "never"),
    21401: (400, "never"),
    21407: (400, "never"),
    21421: (400, "never"),
    21614: (400, "never"),
    21408: (400, "no"),
    21612: (400, "no"),
}
BY_TELNYX_CODE = {
    "10005": (404, "parks"),
    "10008": (408, "unclear"),
    "10009": (401, "parks"),
    "10010": (403, "parks"),
    "10011": (429, "parks"),
    "10012": (409, "unclear"),
    "20002": (403, "parks"),
    "20012": (403, "parks"),
    "20100": (403, "parks"),
    "40001": (400, "never"),
    "40014": (400, "parks"),
    "40300": (403, "stop"),
    "40305": (400, "parks"),
    "40306": (400, "parks"),
    "40310": (400, "never"),
    "40312": (403, "parks"),
    "40313": (403, "parks"),
    "40318": (429, "parks"),
    "40333": (403, "parks"),
}


@pytest.mark.parametrize(("status", "follows"), BY_STATUS.items())
def test_status_alone_means_the_same_at_both_providers(status: int, follows: str) -> None:
    assert kind_of(twilio.classify(status, 0)) == follows
    assert kind_of(telnyx.classify(status, "")) == follows


@pytest.mark.parametrize(("code", "status", "follows"), [(code, *row) for code, row in BY_TWILIO_CODE.items()])
def test_code_of_twilio(code: int, status: int, follows: str) -> None:
    result = twilio.classify(status, code)
    assert kind_of(result) == follows
    assert f"({code})" in result.reason  # type: ignore[union-attr]  # an acceptance has none, and no refusal is one


@pytest.mark.parametrize(("code", "status", "follows"), [(code, *row) for code, row in BY_TELNYX_CODE.items()])
def test_code_of_telnyx(code: str, status: int, follows: str) -> None:
    assert kind_of(telnyx.classify(status, code)) == follows


def test_no_row_of_the_tables_is_without_its_line_here() -> None:
    assert TWILIO.keys() == BY_TWILIO_CODE.keys()
    assert TELNYX.keys() == BY_TELNYX_CODE.keys()
    assert STATUSES.keys() <= BY_STATUS.keys()
    assert {*TWILIO.values(), *TELNYX.values(), *STATUSES.values()} | {Cause.REFUSED} == set(Cause)


def test_what_is_about_us_is_said_to_whoever_runs_the_site(caplog: pytest.LogCaptureFixture) -> None:
    for status, code in ((401, 20003), (404, 20404), (400, 21408)):
        caplog.clear()
        twilio.classify(status, code)
        assert [(each.levelname, str(code) in each.message) for each in caplog.records] == [("ERROR", True)]
    caplog.clear()
    for status, code in ((400, 21610), (429, 20429), (408, 0), (400, 21211)):
        twilio.classify(status, code)
    assert caplog.records == []


# -- what follows ----------------------------------------------------------------------------------------------------


@pytest.fixture
def fake(settings: Any) -> Iterator[FakeTwilio]:
    with twilio_server() as fake:
        settings.SMS_PROVIDER = "twilio"
        settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = ACCOUNT, TOKEN
        settings.TWILIO_MESSAGING_SERVICE_SID, settings.TWILIO_FROM = "MG0", ""
        settings.TWILIO_API_BASE = fake.url
        settings.PUBLIC_BASE_URL = "https://meetings.example.org"
        yield fake
        fake.let_go.set()


@pytest.fixture
def signup(db: None) -> Signup:
    """A member's place; everything goes to their phone."""
    user = make_user()
    participant = make_participant(user=user)
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP)
    signup = make_signup(occurrence=make_occurrence(meeting=meeting), participant=participant)
    add_phone(user=user, number=NUMBER, wanted=[Purpose.REMINDERS, Purpose.CHANGES], now=NOW)
    return signup


def text(signup: Signup, **fields: Any) -> Reminder:
    phone = ContactPoint.objects.get(channel=Channel.SMS)
    fields.setdefault("due_at", NOW)
    return make_reminder(
        signup=signup, contact_point=phone, channel=Channel.SMS, kind=ReminderKind.REMINDER, lead_key="1w", **fields
    )


def deliver() -> None:
    deliver_due(read_clock=lambda: NOW)


def by_a_text_of_theirs(fake: FakeTwilio, signup: Signup) -> None:
    inbound.take(inbound=Inbound("SM1", NUMBER, "STOP"), now=NOW)


def by_a_refusal(fake: FakeTwilio, signup: Signup) -> None:
    fake.script = ["refuse:21610"]
    text(signup)
    deliver()


def by_a_receipt(fake: FakeTwilio, signup: Signup) -> None:
    row = text(signup)
    deliver()
    for _twice in range(2):
        receipt = Receipt("SM1", Stage.UNDELIVERED, "21610")
        assert texts.take_receipt(public_id=row.public_id, receipt=receipt, now=NOW)
    row.refresh_from_db()
    assert row.state == ReminderState.UNDELIVERED


@pytest.mark.parametrize("told", [by_a_text_of_theirs, by_a_refusal, by_a_receipt])
def test_stop_is_stop_whichever_way_it_comes(fake: FakeTwilio, signup: Signup, told: Any) -> None:
    told(fake, signup)
    phone = ContactPoint.objects.get(channel=Channel.SMS)
    assert Suppression.objects.filter(channel=Channel.SMS).count() == 1
    newest = [phone.consents.filter(purpose=purpose).latest("pk") for purpose in (Purpose.REMINDERS, Purpose.CHANGES)]
    assert [(word.is_given, word.source) for word in newest] == [(False, "STOP")] * 2
    # Email is kept: what was planned for the phone goes there, and so does what was refused.
    unsent = Reminder.objects.filter(state__in=UNSENT)
    assert set(unsent.values_list("channel", flat=True)) == {Channel.EMAIL}
    refused = Reminder.objects.filter(channel=Channel.SMS, lead_key="1w")
    assert Reminder.objects.filter(dedupe_key__endswith=":instead").count() == refused.count()
    # And START undoes all of it.
    inbound.take(inbound=Inbound("SM2", NUMBER, "START"), now=NOW + MINUTE)
    assert [is_given(phone, purpose) for purpose in (Purpose.REMINDERS, Purpose.CHANGES)] == [True, True]
    assert not Suppression.objects.exists()
    assert unsent.filter(channel=Channel.SMS).exists()


def test_receipt_about_a_number_that_changed_hands_stops_nobody(fake: FakeTwilio, signup: Signup) -> None:
    row = text(signup)
    deliver()
    present = make_user()
    new = add_phone(user=present, number=NUMBER, wanted=[Purpose.REMINDERS], now=NOW + MINUTE)
    texts.take_receipt(public_id=row.public_id, receipt=Receipt("SM1", Stage.UNDELIVERED, "21610"), now=NOW + MINUTE)
    assert is_given(new, Purpose.REMINDERS)
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [('answer:404:{"code": 20404}', "20404"), ("answer:404:", "404"), ('answer:401:{"code": 20003}', "20003")],
)
def test_wrong_account_parks_the_channel_and_fails_no_message(
    fake: FakeTwilio, signup: Signup, behaviour: str, code: str
) -> None:
    fake.behaviour = behaviour
    rows = [text(signup, dedupe_key=f"{number}") for number in range(5)]
    deliver()
    assert {Reminder.objects.get(pk=row.pk).state for row in rows} == {ReminderState.PLANNED}
    outage = ChannelOutage.objects.get()
    assert (outage.channel, f"({code})" in outage.reason, fake.requests) == (Channel.SMS, True, 1)


def test_request_that_timed_out_there_is_looked_up_before_it_is_sent_again(fake: FakeTwilio, signup: Signup) -> None:
    fake.script = ["answer:408:"]
    row = text(signup)
    deliver()
    row.refresh_from_db()
    assert row.state == ReminderState.AMBIGUOUS


def test_being_taken_for_spam_is_an_alarm_where_it_is_more_than_one_in_a_hundred(
    signup: Signup, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sent = [text(signup, state=ReminderState.ACCEPTED, submitted_at=NOW) for _n in range(200)]
    text(signup, state=ReminderState.UNDELIVERED, submitted_at=NOW - dt.timedelta(days=2), reason="30007")
    for row in sent[:3]:
        texts.take_receipt(public_id=row.public_id, receipt=Receipt("SM", Stage.UNDELIVERED, "30007"), now=NOW)
    told = [each.levelname for each in caplog.records if "for spam (30007)" in each.message]
    assert told == ["INFO", "INFO", "ERROR"]
