"""Clean time: for one's own eyes, off at first, and gentle to begin again."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core import mail
from django.test import Client

from accounts.milestones import Span, milestones
from accounts.models import CleanTime, User
from accounts.person import of_member
from accounts.services.clean_time import keep_clean_date
from accounts.services.erasure import erase
from accounts.services.exports import _about_clean_time
from accounts.wording import milestone_words, span_words
from meetings.reminders.models import Reminder
from tests.conftest import NOW
from tests.factories import make_user

pytestmark = pytest.mark.django_db

PATH = "/my/account/clean-time/"


@pytest.fixture
def member(client: Client) -> User:
    user = make_user(tz="America/New_York")
    client.force_login(user)
    return user


def page(client: Client) -> str:
    return client.get(PATH).content.decode()


def test_no_date_is_kept_until_somebody_wants_it(client: Client, member: User) -> None:
    assert "Save the date" in page(client)
    assert "Set it up" in client.get("/my/meetings/").content.decode()
    assert not CleanTime.objects.exists()


def test_date_is_kept_and_shown_with_its_milestones(client: Client, member: User) -> None:
    assert client.post(PATH, {"clean_on": "2025-08-15"}).status_code == 302
    assert CleanTime.objects.get().clean_on == dt.date(2025, 8, 15)
    shown = page(client)
    for words in ("1 year, 3 months and 2 days", "Since Fri, Aug 15, 2025.", "Next: 18 months, on Mon, Feb 15, 2027."):
        assert words in shown
    assert shown.index("<dt>1 year</dt>") < shown.index("<dt>90 days</dt>") < shown.index("<dt>Welcome</dt>")
    assert "<title>Clean time – Account" in shown
    assert "no-store" in client.get(PATH)["Cache-Control"]
    assert "1 year, 3 months and 2 days" in client.get("/my/meetings/").content.decode()


def test_milestone_is_greeted_on_its_day(client: Client, member: User) -> None:
    keep_clean_date(user=member, clean_on=dt.date(2026, 8, 19))
    assert "Today: 90 days." in page(client)
    keep_clean_date(user=member, clean_on=dt.date(2026, 8, 18))
    assert "Today:" not in page(client)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2026-11-18", "in the future"),
        ("1890-01-01", "hundred years"),
        ("yesterday", "Enter a date like"),
        ("", "Choose a date."),
        ("2025-02-29", "Enter a date like"),
    ],
)
def test_date_that_cannot_be_is_refused_beside_the_field(client: Client, member: User, typed: str, said: str) -> None:
    keep_clean_date(user=member, clean_on=dt.date(2020, 1, 1))
    answer = client.post(PATH, {"clean_on": typed})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert CleanTime.objects.get().clean_on == dt.date(2020, 1, 1)


def test_today_is_the_readers_own(client: Client, member: User) -> None:
    member.tz = "Pacific/Auckland"
    member.save()
    assert client.post(PATH, {"clean_on": "2026-11-18"}).status_code == 302
    # Back home it is still the day before; the page says the first day, and breaks nowhere.
    member.tz = "America/New_York"
    member.save()
    assert '<h2 id="span-heading">Today</h2>' in page(client)
    assert client.get("/my/meetings/").status_code == 200


def test_beginning_again_is_one_step_and_keeps_nothing_of_before(client: Client, member: User) -> None:
    keep_clean_date(user=member, clean_on=dt.date(2020, 1, 1))
    for _ in range(2):
        answer = client.post(f"{PATH}again/", follow=True)
    assert "Keep coming back" in answer.content.decode()
    assert [each.clean_on for each in CleanTime.objects.all()] == [dt.date(2026, 11, 17)]
    assert "2020" not in page(client)
    assert (len(mail.outbox), Reminder.objects.count()) == (0, 0)


def test_date_is_deleted_on_request(client: Client, member: User) -> None:
    keep_clean_date(user=member, clean_on=dt.date(2020, 1, 1))
    for _ in range(2):
        assert client.post(f"{PATH}forget/").status_code == 302
    assert not CleanTime.objects.exists()


def test_date_is_nobody_elses(client: Client, member: User) -> None:
    keep_clean_date(user=make_user(), clean_on=dt.date(2020, 1, 1))
    assert "Save the date" in page(client)
    client.post(f"{PATH}forget/")
    assert CleanTime.objects.count() == 1


def test_date_is_in_the_copy_and_gone_when_erased(member: User) -> None:
    person = of_member(member)
    assert _about_clean_time(person) == {"clean_time": []}
    keep_clean_date(user=member, clean_on=dt.date(2020, 1, 1))
    assert _about_clean_time(person) == {"clean_time": [{"since": dt.date(2020, 1, 1)}]}
    erase(person=person, now=NOW)
    assert not CleanTime.objects.exists()


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (Span(0, 0, 0), "Today"),
        (Span(0, 0, 1), "1 day"),
        (Span(0, 1, 0), "1 month"),
        (Span(2, 0, 3), "2 years and 3 days"),
        (Span(1, 11, 30), "1 year, 11 months and 30 days"),
    ],
)
def test_span_reads_as_one_would_say_it(span: Span, words: str) -> None:
    assert span_words(span) == words


def test_milestones_read_as_the_key_tags_do() -> None:
    words = [milestone_words(each) for each, _number in zip(milestones(dt.date(2020, 1, 1)), range(10), strict=False)]
    assert words == [
        "Welcome",
        "30 days",
        "60 days",
        "90 days",
        "6 months",
        "9 months",
        "1 year",
        "18 months",
        "2 years",
        "3 years",
    ]
