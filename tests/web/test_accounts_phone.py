"""A phone number: never needed, proven by a code, used for what was ticked, and gone when its owner likes."""

from __future__ import annotations

import datetime as dt
import re
import time
from typing import Any

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.enums import Channel
from accounts.fields import lookup_hash
from accounts.models import Consent, ContactPoint, Preferences, Suppression, User
from accounts.person import of_member
from accounts.phones import masked, normal, takes_texts
from accounts.queries import wanted_purposes
from accounts.services import phones
from accounts.services.preferences import save_preferences
from meetings.enums import SignupPolicy
from meetings.reminders.models import Reminder
from meetings.services.signups import create_member_signup
from support import clock
from support.messaging import gsm7, outbox
from support.messaging.reading import read
from tests.factories import make_meeting, make_user

pytestmark = pytest.mark.django_db

NUMBER = "+12025550143"


@pytest.fixture(autouse=True)
def _outbox(settings: Any, tmp_path: Any) -> None:
    settings.OUTBOX_DIR = tmp_path


@pytest.fixture
def user() -> User:
    return make_user()


def proven(client: Client, user: User) -> Client:
    """Sign a member in who has just shown that it is they."""
    client.force_login(user)
    request = RequestFactory().get("/")
    request.session = session = client.session
    record_authentication(request, user, method="code")
    session.save()
    return client


@pytest.fixture
def own(client: Client, user: User) -> Client:
    return proven(client, user)


def texts() -> list[str]:
    """What was texted, oldest first."""
    return [read(file).text for file in reversed(outbox.newest_first()) if read(file).segments]


def ask(client: Client, number: str = "(202) 555-0143", wanted: tuple[str, ...] = ()) -> Any:
    return client.post(reverse("accounts:phone"), {"number": number, "wanted": list(wanted)})


def type_code(client: Client, code: str = "") -> Any:
    found = re.search(r"code is (\d{6})", texts()[-1])
    assert found is not None
    return client.post(reverse("accounts:phone_code"), {"code": code or found[1]})


def test_nothing_is_ticked_beforehand(own: Client) -> None:
    page = own.get(reverse("accounts:phone")).content.decode()
    assert page.count('type="checkbox"') == 2
    assert "checked" not in page
    assert "Message and data rates may apply. Reply STOP" in page


def test_number_is_kept_once_its_code_comes_back(own: Client, user: User) -> None:
    assert ask(own, wanted=("reminders",)).headers["Location"] == reverse("accounts:phone_code")
    assert not ContactPoint.objects.filter(channel=Channel.SMS).exists()
    (sent,) = texts()
    assert gsm7.measure(sent.strip()).segments == 1
    assert type_code(own).headers["Location"] == reverse("accounts:phone")
    point = ContactPoint.objects.get(channel=Channel.SMS)
    assert (point.user, point.value, point.verified_at is not None) == (user, NUMBER, True)
    words = Consent.objects.filter(contact_point=point).values_list("purpose", "is_given", "wording", "source")
    assert set(words) == {
        ("reminders", True, phones.WORDING, "phone form"),
        ("changes", False, phones.WORDING, "phone form"),
    }
    assert Preferences.objects.get(user=user).reminder_channel == Channel.SMS


def test_what_was_agreed_to_is_said_by_text_at_once(own: Client) -> None:
    ask(own, wanted=("reminders", "changes"))
    type_code(own)
    last = texts()[-1].strip()
    for part in ("Homegroup", "up to 3", "Msg & data rates may apply", "HELP", "STOP"):
        assert part in last
    assert gsm7.measure(last).segments == 1


def test_number_without_a_tick_is_not_written_to(own: Client, user: User) -> None:
    ask(own)
    type_code(own)
    assert len(texts()) == 1
    assert wanted_purposes(ContactPoint.objects.get(channel=Channel.SMS)) == []
    kept = Preferences.objects.filter(user=user).first()
    assert kept is None or kept.reminder_channel == Channel.EMAIL


def test_reminders_follow_the_tick_and_go_back_with_it(own: Client, user: User) -> None:
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP, next_starts_at=clock.now())
    create_member_signup(meeting=meeting, user=user, date=None, every=True, now=clock.now())

    def channels() -> set[str]:
        rows = Reminder.objects.filter(kind="reminder", state="planned")
        return set(rows.values_list("channel", flat=True))

    assert channels() == {"email"}
    ask(own, wanted=("reminders",))
    type_code(own)
    assert channels() == {"sms"}
    point = ContactPoint.objects.get(channel=Channel.SMS)
    own.post(reverse("accounts:phone_choose", args=[point.public_id]), {"wanted": []})
    assert channels() == {"email"}
    own.post(reverse("accounts:phone_choose", args=[point.public_id]), {"wanted": ["reminders"]})
    assert channels() == {"sms"}
    own.post(reverse("accounts:phone_remove", args=[point.public_id]))
    assert channels() == {"email"}


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("", "Enter the number"),
        ("12", "look like a phone number"),
        ("hello", "look like a phone number"),
        ("+1 800 555 0199", "receive text messages"),
        ("+44 20 7946 0958", "receive text messages"),
        ("+12025550143x5", "look like a phone number"),
    ],
)
def test_what_is_no_mobile_number_is_said_beside_the_field(own: Client, number: str, words: str) -> None:
    answer = ask(own, number, wanted=("changes",))
    assert (answer.status_code, texts()) == (422, [])
    page = answer.content.decode()
    assert words in page
    assert "checked" in page  # nothing typed is lost


def test_wrong_codes_end_after_five_tries(own: Client) -> None:
    ask(own)
    assert [type_code(own, "000000x").status_code for _n in range(5)] == [422] * 5
    assert type_code(own).headers["Location"] == reverse("accounts:phone")
    assert not ContactPoint.objects.filter(channel=Channel.SMS).exists()


def test_a_new_code_is_one_press_away_and_ends_the_old_one(own: Client, user: User) -> None:
    ask(own, wanted=("reminders",))
    page = own.get(reverse("accounts:phone_code"))
    (first,) = texts()
    fields = re.findall(r'<input type="hidden" name="(number|wanted)" value="([^"]+)"', page.content.decode())
    assert fields == [("number", NUMBER), ("wanted", "reminders")]
    page = own.post(reverse("accounts:phone"), dict(fields), follow=True)
    assert "We sent a new code. The old one no longer works." in page.content.decode()
    assert texts()[0] == first
    assert len(texts()) == 2
    found = re.search(r"code is (\d{6})", first)
    assert found is not None
    assert type_code(own, found[1]).status_code == 422
    assert type_code(own).status_code == 302
    assert wanted_purposes(ContactPoint.objects.get(channel=Channel.SMS)) == ["reminders"]


def test_a_code_that_is_on_its_way_is_one_link_away(own: Client) -> None:
    link = f'href="{reverse("accounts:phone_code")}"'
    assert link not in own.get(reverse("accounts:phone")).content.decode()
    for number in range(40, 45):
        ask(own, f"(202) 555-01{number}")
    refused = ask(own)
    assert (refused.status_code, link in refused.content.decode()) == (429, True)
    type_code(own)
    assert link not in own.get(reverse("accounts:phone")).content.decode()


def test_code_is_over_after_ten_minutes(own: Client) -> None:
    ask(own)
    session = own.session
    session["phone_code"] = session["phone_code"] | {"at": time.time() - 601}
    session.save()
    assert type_code(own).headers["Location"] == reverse("accounts:phone")
    assert not ContactPoint.objects.filter(channel=Channel.SMS).exists()


def test_codes_are_limited_by_account_and_by_number(own: Client) -> None:
    assert [ask(own, f"(202) 555-01{n}").status_code for n in range(40, 46)] == [302] * 5 + [429]
    assert len(texts()) == 5


def test_one_number_gets_few_codes_whoever_asks_and_a_stranger_uses_up_nobody_elses(user: User) -> None:
    strangers = [proven(Client(), make_user()) for _ in range(3)]
    statuses = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("accounts.views.phones.CODES_PER_HOUR", 99)
        for stranger in strangers[:2]:
            statuses += [ask(stranger).status_code for _n in range(8)]
        assert statuses == ([302] * 6 + [429] * 2) * 2
        assert ask(proven(Client(), user)).status_code == 302
        statuses = [ask(strangers[2]).status_code for _n in range(7)]
    assert statuses == [302] * 5 + [429] * 2
    assert len(texts()) == 18


def test_number_that_wrote_stop_looks_like_any_other(own: Client, settings: Any) -> None:
    Suppression.objects.create(channel=Channel.SMS, value_hash=lookup_hash(NUMBER), reason="The recipient wrote STOP")
    answer = ask(own)
    assert (answer.status_code, texts()) == (302, [])
    page = own.get(reverse("accounts:phone_code")).content.decode()
    assert "text START first" in page


def test_stranger_with_an_unlocked_screen_is_asked_who_they_are(client: Client, user: User) -> None:
    client.force_login(user)
    answer = client.post(reverse("accounts:phone"), {"number": NUMBER})
    assert answer.status_code == 302
    assert answer.headers["Location"] != reverse("accounts:phone_code")
    assert texts() == []


def test_somebody_elses_number_is_not_there(own: Client) -> None:
    other = phones.add_phone(user=make_user(), number="+12025550199", wanted=["reminders"], now=clock.now())
    assert own.post(reverse("accounts:phone_remove", args=[other.public_id])).status_code == 404
    assert own.post(reverse("accounts:phone_choose", args=[other.public_id]), {}).status_code == 404
    other.refresh_from_db()
    assert other.verified_at is not None


def test_second_phone_keeps_what_the_first_gives_up(user: User) -> None:
    now = clock.now()
    first = phones.add_phone(user=user, number=NUMBER, wanted=["reminders", "changes"], now=now)
    second = phones.add_phone(user=user, number="+12025550144", wanted=["reminders"], now=now)
    phones.choose_texts(contact_point=first, wanted=[], source="test", now=now)
    kept = Preferences.objects.get(user=user)
    assert (kept.reminder_channel, kept.change_channel) == ("sms", "email")
    phones.remove_phone(contact_point=second, now=now)
    kept.refresh_from_db()
    assert (kept.reminder_channel, kept.change_channel) == ("email", "email")


def test_whoever_chose_notifications_keeps_them(user: User) -> None:
    save_preferences(person=of_member(user), reminder_channel="push", now=clock.now())
    point = phones.add_phone(user=user, number=NUMBER, wanted=["changes"], now=clock.now())
    kept = Preferences.objects.get(user=user)
    assert (kept.reminder_channel, kept.change_channel) == ("push", "sms")
    phones.remove_phone(contact_point=point, now=clock.now())
    kept.refresh_from_db()
    assert (kept.reminder_channel, kept.change_channel) == ("push", "email")


def test_forgotten_number_is_gone_from_the_row(own: Client, user: User) -> None:
    point = phones.add_phone(user=user, number=NUMBER, wanted=["reminders"], now=clock.now())
    own.post(reverse("accounts:phone_remove", args=[point.public_id]))
    point.refresh_from_db()
    assert (point.verified_at, NUMBER in point.value) == (None, False)
    assert wanted_purposes(point) == []
    assert "0143" not in own.get(reverse("accounts:phone")).content.decode()


def test_site_without_texts_says_so(own: Client, settings: Any) -> None:
    settings.SMS_PROVIDER = ""
    page = own.get(reverse("accounts:phone")).content.decode()
    assert "sends no text messages" in page
    assert ask(own).status_code == 404


def test_adding_twice_is_one_number(user: User) -> None:
    now = dt.datetime(2026, 11, 17, 23, 0, tzinfo=dt.UTC)
    first = phones.add_phone(user=user, number=NUMBER, wanted=["reminders"], now=now)
    second = phones.add_phone(user=user, number=NUMBER, wanted=["changes"], now=now + dt.timedelta(minutes=1))
    assert first == second
    assert wanted_purposes(first) == ["changes"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("202-555-0143", NUMBER),
        ("+1 (202) 555 0143", NUMBER),
        ("tel:+12025550143", NUMBER),
        ("+34 612 34 56 78", "+34612345678"),
        ("911", None),
        ("72345", None),
        ("", None),
    ],
)
def test_numbers_have_one_form(text: str, number: str | None) -> None:
    assert normal(text) == number


def test_numbers_tell_what_they_are() -> None:
    assert takes_texts(NUMBER)
    assert not takes_texts("+18005550199")
    assert masked(NUMBER) == "•••43"
