"""Planning for many never fails because of one: that one is put aside, staff see why, and it goes once it works."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test import Client

from accounts.models import AccessRecord, Preferences
from accounts.person import of_guest
from accounts.services.preferences import save_preferences
from meetings.enums import SignupPolicy, SignupStatus
from meetings.models import Occurrence, Participant, Signup, StandingSignup
from meetings.reminders.enums import ReminderKind
from meetings.reminders.models import PutAside, Reminder
from meetings.reminders.services import aside, plan
from meetings.reminders.services.sweep import sweep
from meetings.reminders.spoilt import in_halves
from meetings.services.occurrences import cancel_occurrence, move_occurrence
from meetings.services.signups import cancel_signup, extend_standing_signups
from support.metrics import exposition
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_signup, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

HOUR = dt.timedelta(hours=1)


def damage(row: Model, **columns: str) -> None:
    """Put into columns what no code of ours writes there."""
    sets = ", ".join(f"{name} = %s" for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {row._meta.db_table} SET {sets} WHERE id = %s", [*columns.values(), row.pk])  # noqa: S608


def unknown_lead(participant: Participant) -> None:
    save_preferences(person=of_guest(participant.contact_point), now=NOW)
    Preferences.objects.filter(contact_point=participant.contact_point).update(booked_leads=["fortnight"])


def no_list(participant: Participant) -> None:
    save_preferences(person=of_guest(participant.contact_point), now=NOW)
    Preferences.objects.filter(contact_point=participant.contact_point).update(booked_leads=7)


def unknown_zone(participant: Participant) -> None:
    Participant.objects.filter(pk=participant.pk).update(tz="Mars/Olympus")


def sealed_name(participant: Participant) -> None:
    damage(participant, display_name="not sealed by any key")


def sealed_address(participant: Participant) -> None:
    damage(participant.contact_point, value="not sealed by any key")


def full_date(people: int = 5) -> tuple[Occurrence, list[Signup]]:
    occurrence = make_occurrence(meeting=make_meeting(signup_policy=SignupPolicy.SIGN_UP))
    signups = [make_signup(occurrence=occurrence, created_at=NOW) for _n in range(people)]
    plan.plan_reminders(signups=signups, now=NOW)
    return occurrence, signups


def coming(signup: Signup, kind: ReminderKind = ReminderKind.REMINDER) -> int:
    seq = Occurrence.objects.get(pk=signup.occurrence_id).schedule_seq
    return Reminder.objects.unsent().filter(signup=signup, kind=kind, schedule_seq=seq).count()


@pytest.mark.parametrize("spoil", [unknown_lead, no_list, unknown_zone, sealed_name, sealed_address])
def test_move_and_cancellation_reach_everybody_whoever_is_spoilt(
    spoil: Callable[[Participant], None],
) -> None:
    occurrence, signups = full_date()
    spoil(signups[2].participant)
    move_occurrence(occurrence=occurrence, starts_at=occurrence.starts_at + HOUR, now=NOW)
    assert [coming(each, ReminderKind.MOVED) for each in signups] == [1] * 5
    others = [each for each in signups if each != signups[2]]
    assert [coming(each) for each in others] == [2] * 4
    occurrence.refresh_from_db()
    cancel_occurrence(occurrence=occurrence, now=NOW)
    assert [coming(each, ReminderKind.CANCELLED) for each in signups] == [1] * 5


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [(unknown_lead, aside.UNKNOWN_WORD), (no_list, aside.DAMAGED), (unknown_zone, aside.UNKNOWN_WORD)],
)
def test_whoever_cannot_be_planned_for_is_put_aside_with_a_reason(
    spoil: Callable[[Participant], None], reason: str
) -> None:
    occurrence, signups = full_date()
    spoil(signups[2].participant)
    move_occurrence(occurrence=occurrence, starts_at=occurrence.starts_at + HOUR, now=NOW)
    found = list(PutAside.objects.values_list("participant", "reason", "since"))
    assert found == [(signups[2].participant_id, reason, NOW)]


def test_they_are_tried_again_and_leave_the_list_once_it_works() -> None:
    _occurrence, (signup,) = full_date(1)
    unknown_lead(signup.participant)
    plan.plan_reminders(signups=[signup], now=NOW)
    later = NOW + dt.timedelta(minutes=20)
    sweep(now=NOW + dt.timedelta(minutes=5))
    assert PutAside.objects.get().tried_at == NOW
    sweep(now=later)
    found = PutAside.objects.get()
    assert (found.since, found.tried_at) == (NOW, later)
    Preferences.objects.update(booked_leads=["1h"])
    sweep(now=later + HOUR)
    assert not PutAside.objects.exists()
    assert list(Reminder.objects.unsent().values_list("lead_key", flat=True)) == ["1h"]


def test_a_change_of_their_own_takes_them_back_in_at_once() -> None:
    _occurrence, (signup,) = full_date(1)
    unknown_lead(signup.participant)
    plan.plan_reminders(signups=[signup], now=NOW)
    assert PutAside.objects.exists()
    save_preferences(person=of_guest(signup.participant.contact_point), booked_leads=["1h"], now=NOW)
    assert not PutAside.objects.exists()


@pytest.mark.parametrize("spoil", [sealed_name, sealed_address])
def test_one_who_waits_and_cannot_be_opened_keeps_nobody_from_giving_a_place_back(
    spoil: Callable[[Participant], None],
) -> None:
    occurrence = make_occurrence(meeting=make_meeting(signup_policy=SignupPolicy.SIGN_UP, capacity=1))
    held = make_signup(occurrence=occurrence)
    waits = make_signup(occurrence=occurrence, status=SignupStatus.WAITLISTED)
    spoil(waits.participant)
    cancel_signup(signup=held, now=NOW)
    assert Signup.objects.filter(status=SignupStatus.CONFIRMED).values_list("pk", flat=True).get() == waits.pk


@pytest.mark.parametrize("spoil", [sealed_name, sealed_address, unknown_lead])
def test_one_who_comes_every_time_and_is_spoilt_keeps_nobody_from_more_dates(
    spoil: Callable[[Participant], None],
) -> None:
    meeting = make_meeting()
    people = [make_participant() for _n in range(3)]
    for each in people:
        StandingSignup.objects.create(meeting=meeting, participant=each, created_at=NOW, confirmed_at=NOW)
    spoil(people[0])
    assert extend_standing_signups(now=NOW) == 12


def test_of_a_thousand_one_is_found_in_some_twenty_steps() -> None:
    steps: list[int] = []
    spoilt: list[int] = []

    def do(some: Sequence[int]) -> None:
        steps.append(len(some))
        if 700 in some:
            raise KeyError(700)

    in_halves(range(1000), do, spoilt=lambda each, _error: spoilt.append(each))
    assert spoilt == [700]
    assert len(steps) <= 21


def test_staff_see_how_many_and_why_and_looking_is_recorded(client: Client, settings: Any) -> None:
    settings.REQUIRE_SECOND_FACTOR = False
    occurrence, signups = full_date()
    unknown_lead(signups[2].participant)
    sealed_name(signups[2].participant)
    move_occurrence(occurrence=occurrence, starts_at=occurrence.starts_at + HOUR, now=NOW)
    client.force_login(make_user(is_staff=True))
    listed = client.get("/staff/messages/").content.decode()
    assert "No reminders can be planned for 1 person." in listed
    page = client.get("/staff/put-aside/").content.decode()
    assert f"Guest #{signups[2].participant.contact_point_id}" in page
    assert "this version doesn’t know" in page
    assert AccessRecord.objects.get().about_contact_point_id == signups[2].participant.contact_point_id
    assert client.get("/healthz").json()["people_put_aside"] == 1
    assert "homegroup_people_put_aside 1" in exposition([], 0, PutAside.objects.count())
