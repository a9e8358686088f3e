"""What Celery runs every minute or hour: each task does its work by the present moment, and twice does no harm."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import mail

from accounts.models import ContactPoint, Export, User
from accounts.person import of_member
from accounts.services.exports import ask_for_export
from accounts.tasks import build_exports, forget_idle, purge
from meetings.models import Meeting, Participant, StandingSignup
from meetings.services.signups import create_member_signup
from meetings.tasks import extend_standing_signups, forget_attendance, purge_unconfirmed, roll_forward
from support.celery import app
from tests.factories import make_contact_point, make_meeting, make_occurrence, make_signup, make_user

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


def test_all_that_the_schedule_names_is_there() -> None:
    app.loader.import_default_modules()
    named = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert named <= set(app.tasks)


def test_next_starts_roll_forward(now: dt.datetime) -> None:
    make_meeting(next_starts_at=now - DAY)
    for _twice in range(2):
        roll_forward()
    assert Meeting.objects.get().next_starts_at == now + dt.timedelta(hours=1)


def test_those_who_come_every_time_get_the_next_week(now: dt.datetime) -> None:
    create_member_signup(meeting=make_meeting(), user=make_user(), date=None, every=True, now=now - 7 * DAY)
    standing = StandingSignup.objects.get()
    assert standing.signups.count() == 4
    for _twice in range(2):
        extend_standing_signups()
    assert standing.signups.count() == 5


def test_guests_who_never_confirmed_are_forgotten(now: dt.datetime) -> None:
    kept, stale = make_contact_point(verified_at=None), make_contact_point(verified_at=None)
    ContactPoint.objects.filter(pk=stale.pk).update(created_at=now - 3 * DAY)
    for _twice in range(2):
        purge_unconfirmed()
    assert list(ContactPoint.objects.all()) == [kept]


def test_past_places_become_nobodys(now: dt.datetime, settings: Any) -> None:
    settings.RETENTION_ATTENDANCE = 365 * DAY
    recent = make_signup(occurrence=make_occurrence(on=(now - 364 * DAY).date()))
    make_signup(occurrence=make_occurrence(on=(now - 367 * DAY).date()))
    for _twice in range(2):
        forget_attendance()
    somebodys = Participant.objects.filter(contact_point__is_nobodys=False, signups__isnull=False)
    assert list(somebodys) == [recent.participant]


def test_copies_that_wait_are_made(now: dt.datetime) -> None:
    ask_for_export(person=of_member(make_user()), now=now)
    for _twice in range(2):
        build_exports()
    assert Export.objects.get().state == Export.State.READY


def test_accounts_that_nobody_confirmed_go(now: dt.datetime) -> None:
    user, kept = make_user(), make_user()
    for each in (user, kept):
        EmailAddress.objects.create(user=each, email=each.email, primary=True)
    User.objects.filter(pk=user.pk).update(joined_at=now - 3 * DAY)
    for _twice in range(2):
        purge()
    assert list(User.objects.all()) == [kept]


def test_people_not_seen_for_long_are_told(now: dt.datetime) -> None:
    user = make_user()
    User.objects.filter(pk=user.pk).update(joined_at=now - 1000 * DAY)
    for _twice in range(2):
        forget_idle()
    assert [message.to for message in mail.outbox] == [[user.email]]
