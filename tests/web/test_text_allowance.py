"""Texts that somebody else earns by: no number of another country gets one, and the whole site sends so many a day."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse

from accounts.enums import Channel, Purpose
from accounts.fields import lookup_hash
from accounts.models import Suppression
from accounts.services import phones
from accounts.services.consents import record_consent
from meetings.reminders.enums import ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services.deliver import deliver_due
from meetings.reminders.services.inbound import take
from support import environment
from support.cache import SteadyCache
from support.messaging import Accepted, Refused, Result, SmsGateway, TextMessage, allowance, outbox
from support.messaging.sms_results import Inbound
from tests.conftest import NOW
from tests.factories import make_contact_point, make_meeting, make_occurrence, make_reminder, make_signup, make_user
from tests.helpers.leases import in_a_while
from tests.web.test_accounts_phone import proven

pytestmark = pytest.mark.django_db

HERE = "+12025550143"
#: Behind "+1" as well: Jamaica, the Bahamas, the Dominican Republic, Puerto Rico; then satellites, and no country.
DEAR = [
    "+18765550123",
    "+12425550123",
    "+18095550123",
    "+17875550123",
    "+881612345678",
    "+8835100123456",
    "+34612345678",
]


@pytest.fixture(autouse=True)
def _fresh(settings: Any, tmp_path: Path) -> None:
    settings.OUTBOX_DIR = tmp_path


def send(number: str = HERE, **fields: Any) -> Result:
    return SmsGateway().send(TextMessage(to=number, text="Hello", sent_at=NOW, **fields), until=in_a_while())


@pytest.fixture
def own(client: Client) -> Client:
    return proven(client, make_user())


def ask(client: Client, number: str) -> Any:
    return client.post(reverse("accounts:phone"), {"number": number})


@pytest.mark.parametrize("number", DEAR)
def test_no_text_goes_to_another_country(number: str) -> None:
    assert send(number) == Refused(allowance.NOT_SERVED)
    assert isinstance(phones.send_code(number=number, code="123456", now=NOW), Refused)
    assert outbox.newest_first() == []


@pytest.mark.parametrize("number", [HERE, "+14165550123"])
def test_texts_go_to_both_countries_that_cost_the_same(number: str) -> None:
    assert send(number) == Accepted()


def test_list_of_countries_is_what_settings_say(settings: Any) -> None:
    settings.SMS_COUNTRIES = frozenset({"ES"})
    assert (send("+34612345678"), send(HERE)) == (Accepted(), Refused(allowance.NOT_SERVED))


@pytest.mark.parametrize(
    ("given", "home", "countries"),
    [
        ("", "US", {"US", "CA"}),
        ("", "CA", {"US", "CA"}),
        ("", "ES", {"ES"}),
        ("us, pr", "US", {"US", "PR"}),
    ],
)
def test_countries_are_those_of_home_unless_named(
    monkeypatch: pytest.MonkeyPatch, given: str, home: str, countries: set[str]
) -> None:
    monkeypatch.setenv("SMS_COUNTRIES", given)
    assert environment.countries("SMS_COUNTRIES", home=home) == countries


def test_country_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_COUNTRIES", "US,Canada")
    with pytest.raises(ImproperlyConfigured, match="SMS_COUNTRIES must be codes of countries like US,CA, not 'CANADA'"):
        environment.countries("SMS_COUNTRIES", home="US")


def test_number_of_another_country_is_said_beside_its_field(own: Client) -> None:
    answer = ask(own, "+34 612 34 56 78")
    page = answer.content.decode()
    assert (answer.status_code, "We can’t send texts to numbers in that country." in page) == (422, True)
    assert 'value="+34 612 34 56 78"' in page


@pytest.mark.parametrize(
    ("home", "countries", "said"),
    [
        # Puerto Rico has the code +1 too, and Jersey +44.
        ("US", {"CA", "US"}, "Countries we can text: United States, Canada. You can leave out the +1."),
        ("GB", {"GB"}, "Countries we can text: United Kingdom. You can leave out the +44."),
        ("US", {"US", "MX"}, "Add the country code if your number is from another country"),
        ("US", {"GB"}, "Add the country code if your number is from another country"),
        ("BR", {"BR"}, "Add the country code if your number is from another country"),
    ],
)
def test_page_names_countries_and_asks_for_a_code_where_one_has_to_be_typed(
    own: Client, settings: Any, home: str, countries: set[str], said: str
) -> None:
    settings.PHONE_REGION = home
    settings.SMS_COUNTRIES = frozenset(countries)
    page = own.get(reverse("accounts:phone")).content.decode()
    assert (said in page, "numbers that begin with" in page) == (True, False)


def test_text_from_another_country_is_done_and_not_answered() -> None:
    assert take(inbound=Inbound("1", DEAR[0], "HELP"), now=NOW) == ""
    assert take(inbound=Inbound("2", DEAR[0], "12207"), now=NOW) == ""
    # What is owed goes anywhere, while there is something left of the day.
    assert "no more texts from us" in take(inbound=Inbound("3", DEAR[0], "STOP"), now=NOW)
    assert Suppression.objects.filter(channel=Channel.SMS, value_hash=lookup_hash(DEAR[0])).exists()


def test_whole_site_sends_so_many_texts_a_day_and_says_so_once(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.SMS_PER_DAY = 3
    assert [send() for _n in range(5)] == [Accepted()] * 3 + [Refused(allowance.USED_UP)] * 2
    assert len(outbox.newest_first()) == 3
    told = [record for record in caplog.records if "SMS_PER_DAY" in record.message]
    assert [record.levelno for record in told] == [logging.ERROR]
    assert "reminders go by email" in told[0].message


def test_codes_take_a_quarter_and_reminders_the_rest(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.SMS_PER_DAY = 8
    codes = [phones.send_code(number=f"+1202555014{n}", code="123456", now=NOW) for n in range(4)]
    assert codes == [Accepted()] * 2 + [Refused(allowance.USED_UP)] * 2
    told = [record.message for record in caplog.records if "SMS_PER_DAY" in record.message]
    assert ["reminders leave by text as before" in words for words in told] == [True]
    assert [send() for _n in range(7)] == [Accepted()] * 6 + [Refused(allowance.USED_UP)]


def test_answers_that_are_owed_go_beyond_the_count(settings: Any) -> None:
    settings.SMS_PER_DAY = 1
    send()
    assert take(inbound=Inbound("1", HERE, "HELP"), now=NOW) == ""
    assert "988" in take(inbound=Inbound("2", HERE, "i want to die"), now=NOW)
    assert "no more texts" in take(inbound=Inbound("3", HERE, "STOP"), now=NOW)
    assert take(inbound=Inbound("4", DEAR[0], "STOP"), now=NOW) == ""


def test_answer_is_counted_once(settings: Any) -> None:
    settings.SMS_PER_DAY = 2
    answer = take(inbound=Inbound("1", HERE, "HELP"), now=NOW)
    assert send(is_admitted=True) == Accepted()
    assert (answer != "", send(), send()) == (True, Accepted(), Refused(allowance.USED_UP))


def test_page_says_honestly_that_the_day_is_used_up(own: Client, settings: Any) -> None:
    settings.SMS_PER_DAY = 1
    send()
    answer = ask(own, "202-555-0143")
    page = answer.content.decode()
    assert (answer.status_code, "We can’t send more texts for now." in page) == (503, True)
    assert 'value="202-555-0143"' in page


def test_reminder_that_may_not_go_by_text_goes_by_email(settings: Any) -> None:
    settings.SMS_PER_DAY = 1
    send()
    signup = make_signup(occurrence=make_occurrence(meeting=make_meeting()))
    phone = make_contact_point(channel=Channel.SMS, value=HERE)
    record_consent(
        contact_point=phone, purpose=Purpose.REMINDERS, is_given=True, wording="test", source="test", now=NOW
    )
    row = make_reminder(ReminderState.PLANNED, signup=signup, contact_point=phone, channel=Channel.SMS)
    deliver_due(read_clock=lambda: NOW)
    row.refresh_from_db()
    assert (row.state, row.reason) == (ReminderState.FAILED, allowance.USED_UP)
    assert Reminder.objects.filter(signup=signup, channel=Channel.EMAIL, dedupe_key__endswith=":instead").count() == 1


@pytest.mark.parametrize(
    ("codes", "others", "said"),
    [
        (0, 7, None),
        (2, 5, "reminders still leave by text"),
        (2, 6, "reminders go by email"),
        (0, 8, "reminders go by email"),
    ],
)
def test_staff_see_what_is_used_up(client: Client, settings: Any, codes: int, others: int, said: str | None) -> None:
    settings.SMS_PER_DAY = 8
    member = make_user(is_staff=True)
    TOTP.activate(member, generate_totp_secret())
    client.force_login(member)
    for _n in range(codes):
        allowance.admit(HERE, is_code=True)
    for _n in range(others):
        allowance.admit(HERE)
    page = client.get(reverse("reminders:watch")).content.decode()
    for words in ("reminders still leave by text", "reminders go by email"):
        assert (words in page) is (words == said)


@pytest.mark.worker
def test_count_is_right_when_many_send_at_once(settings: Any, valkey_url: str, valkey: object) -> None:
    settings.SMS_PER_DAY = 10
    settings.CACHES = {
        "default": {
            "BACKEND": "support.cache.SteadyCache",
            "LOCATION": valkey_url,
            "KEY_FUNCTION": "support.cache_keys.hashed",
            "OPTIONS": {"serializer": "accounts.sealed_cache.SealedJson"},
        }
    }
    assert isinstance(caches["default"], SteadyCache)
    admitted: list[Refused | None] = []
    threads = [threading.Thread(target=lambda: admitted.append(allowance.admit(HERE))) for _n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (admitted.count(None), admitted.count(Refused(allowance.USED_UP))) == (10, 30)
    assert allowance.is_used_up()
