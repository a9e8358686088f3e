"""What is forgotten by the calendar, and what is written down of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from accounts.enums import Forgotten
from accounts.models import ContactPoint, Purge
from accounts.person import of_member
from accounts.services.purges import record_purge
from accounts.services.retention import purge
from meetings.enums import SignupStatus
from meetings.models import Participant, Signup, StandingSignup
from meetings.queries.person import kept_about
from meetings.reminders.models import Reminder
from meetings.services.retention import forget_attendance
from meetings.services.signups import purge_unconfirmed
from tests.factories import make_meeting, make_occurrence, make_participant, make_reminder, make_signup, make_user
from tests.factories.accounts import make_contact_point

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

DAY = dt.timedelta(days=1)


def purges() -> dict[str, int]:
    return dict(Purge.objects.values_list("kind", "count"))


def test_purges_of_one_day_add_up(now: dt.datetime) -> None:
    for count in (2, 0, 3):
        record_purge(kind=Forgotten.EXPORTS, count=count, now=now)
    record_purge(kind=Forgotten.EXPORTS, count=4, now=now + DAY)
    record_purge(kind=Forgotten.SESSIONS, count=0, now=now)
    found = list(Purge.objects.values_list("kind", "on_day", "count"))
    assert found == [("exports", (now + DAY).date(), 4), ("exports", now.date(), 5)]


def test_nothing_to_forget_writes_nothing(now: dt.datetime) -> None:
    purge(now=now)
    purge_unconfirmed(now=now)
    forget_attendance(now=now)
    assert not Purge.objects.exists()


def test_guest_who_never_confirmed_is_forgotten_and_counted(now: dt.datetime, settings: Any) -> None:
    settings.RETENTION = settings.RETENTION | {"unconfirmed": 5 * DAY}
    for age in (4, 6):
        point = make_contact_point(verified_at=None)
        ContactPoint.objects.filter(pk=point.pk).update(created_at=now - age * DAY)
    assert purge_unconfirmed(now=now) == 1
    assert ContactPoint.objects.count() == 1
    assert purges() == {"unconfirmed_guests": 1}


def test_past_places_become_nobodys_after_their_months(now: dt.datetime, settings: Any) -> None:
    settings.RETENTION_ATTENDANCE = 365 * DAY
    user = make_user(display_name="Ana M.")
    participant = make_participant(user=user, display_name="Ana M.")
    meeting = make_meeting(starts_on=dt.date(2024, 1, 2))
    standing = StandingSignup.objects.create(meeting=meeting, participant=participant, created_at=now - 900 * DAY)
    old, older = (
        make_signup(
            occurrence=make_occurrence(meeting=meeting, on=on),
            participant=participant,
            standing=standing,
            attendance="attended",
        )
        for on in (dt.date(2025, 11, 11), dt.date(2025, 11, 4))
    )
    recent = make_signup(occurrence=make_occurrence(meeting=meeting, on=dt.date(2025, 11, 25)), participant=participant)
    coming = make_signup(occurrence=make_occurrence(meeting=meeting), participant=participant)
    for signup in (old, recent):
        make_reminder(signup=signup)
    assert forget_attendance(now=now) == 2
    assert forget_attendance(now=now) == 0
    for signup in (old, older):
        signup.refresh_from_db()
        assert (signup.status, signup.attendance, signup.standing) == (SignupStatus.CONFIRMED, "attended", None)
        assert (signup.participant.user, signup.participant.display_name) == (None, "")
    assert old.participant != older.participant
    assert {each.pk for each in Signup.objects.filter(participant=participant)} == {recent.pk, coming.pk}
    assert [each.signup for each in Reminder.objects.all()] == [recent]
    assert StandingSignup.objects.filter(pk=standing.pk).exists()
    assert len(kept_about(of_member(user))["signups"]) == 2
    assert purges() == {"attendance": 2}


def test_attendance_is_kept_where_the_organisation_says_so(now: dt.datetime, settings: Any) -> None:
    settings.RETENTION_ATTENDANCE = None
    signup = make_signup(occurrence=make_occurrence(on=dt.date(2010, 1, 5)))
    assert forget_attendance(now=now) == 0
    assert signup.participant == Signup.objects.get().participant


def test_standing_signup_that_ended_long_ago_is_forgotten(now: dt.datetime, settings: Any) -> None:
    settings.RETENTION_ATTENDANCE = 365 * DAY
    meeting, participant = make_meeting(), make_participant()
    for ended_at in (now - 400 * DAY, now - 300 * DAY, None):
        StandingSignup.objects.create(
            meeting=meeting, participant=participant, created_at=now - 900 * DAY, ended_at=ended_at
        )
    forget_attendance(now=now)
    assert set(StandingSignup.objects.values_list("ended_at", flat=True)) == {now - 300 * DAY, None}


def test_standing_signup_with_a_place_that_is_still_kept_is_kept_with_it(now: dt.datetime, settings: Any) -> None:
    settings.RETENTION_ATTENDANCE = 365 * DAY
    participant = make_participant()
    occurrence = make_occurrence(on=(now - 364 * DAY).date())
    standing = StandingSignup.objects.create(
        meeting=occurrence.meeting,
        participant=participant,
        created_at=now - 900 * DAY,
        ended_at=now - 366 * DAY,
    )
    signup = make_signup(occurrence=occurrence, participant=participant, standing=standing)
    forget_attendance(now=now)
    signup.refresh_from_db()
    assert signup.standing == standing
    forget_attendance(now=now + 2 * DAY)
    assert not StandingSignup.objects.exists()


def test_more_than_one_batch_is_forgotten(now: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meetings.services.retention.BATCH", 2)
    occurrence = make_occurrence(on=dt.date(2020, 1, 7))
    for _ in range(5):
        make_signup(occurrence=occurrence)
    assert forget_attendance(now=now) == 5
    assert Participant.objects.filter(contact_point__is_nobodys=False, signups__isnull=False).count() == 0


def test_staff_read_what_was_forgotten_and_change_nothing(client: Client, now: dt.datetime, settings: Any) -> None:
    settings.REQUIRE_SECOND_FACTOR = False
    record_purge(kind=Forgotten.IDLE, count=3, now=now)
    client.force_login(make_user(is_staff=True, is_superuser=True))
    page = client.get("/admin/accounts/purge/").content.decode()
    assert "people not seen for long, after a notice" in page
    assert client.get("/admin/accounts/purge/add/").status_code == 403
    assert client.post(f"/admin/accounts/purge/{Purge.objects.get().pk}/delete/").status_code == 403
