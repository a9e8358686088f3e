from __future__ import annotations

import datetime as dt

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from meetings.enums import SignupStatus
from meetings.models import Meeting
from support import clock
from tests.factories import make_meeting, make_occurrence, make_participant, make_signup, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client) -> Client:
    user = make_user(is_staff=True, is_superuser=True)
    # Staff who have no second factor are asked to set one up before anything else.
    TOTP.activate(user, generate_totp_secret())
    client.force_login(user)
    return client


def test_every_list_and_every_page_opens_and_shows_no_address(staff: Client) -> None:
    user = make_user(email="sealed@example.org")
    signup = make_signup(participant=make_participant(user=user))
    make_meeting().facilitators.add(user)
    for model, registered in list(admin.site._registry.items()):
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        if not model._meta.app_label.startswith(("accounts", "meetings", "reminders")):
            continue
        answer = staff.get(reverse(f"{name}_changelist"))
        assert answer.status_code == 200, name
        pages = answer.content.decode()
        for row in model._default_manager.all()[:3]:
            page = staff.get(reverse(f"{name}_change", args=[row.pk]))
            assert page.status_code == 200, (name, registered)
            pages += page.content.decode()
        assert "sealed@example.org" not in pages, name
        assert signup.participant.contact_point.value not in pages, name


def test_a_rule_that_is_none_is_refused_beside_its_field(staff: Client) -> None:
    meeting = make_meeting()
    address = reverse("admin:meetings_meeting_change", args=[meeting.pk])
    page = staff.post(address, posted(meeting, rrule="FREQ=YEARLY"))
    assert page.status_code == 200
    assert "repeats DAILY, WEEKLY or MONTHLY" in page.content.decode()


def test_a_changed_rule_moves_the_dates_people_signed_up_for(staff: Client) -> None:
    meeting = make_meeting()
    slot = meeting.rule.first_after(clock.now() + dt.timedelta(days=7)) if meeting.rule else None
    assert slot is not None
    occurrence = make_occurrence(meeting=meeting, on=slot.original_date)
    address = reverse("admin:meetings_meeting_change", args=[meeting.pk])
    assert staff.post(address, posted(meeting, start_time="18:00:00")).status_code == 302
    occurrence.refresh_from_db()
    assert occurrence.starts_at == slot.starts_at - dt.timedelta(hours=1)
    assert occurrence.schedule_seq == 1


def test_more_places_go_to_those_who_wait(staff: Client) -> None:
    meeting = make_meeting(signup_policy="sign_up", capacity=1)
    occurrence = make_occurrence(meeting=meeting)
    make_signup(occurrence=occurrence)
    waiting = make_signup(occurrence=occurrence, status=SignupStatus.WAITLISTED)
    address = reverse("admin:meetings_meeting_change", args=[meeting.pk])
    assert staff.post(address, posted(meeting, capacity="2")).status_code == 302
    waiting.refresh_from_db()
    assert waiting.status == SignupStatus.CONFIRMED


def posted(meeting: Meeting, **changes: str) -> dict[str, object]:
    return {
        "slug": meeting.slug,
        "name": meeting.name,
        "kind": meeting.kind,
        "service_body": meeting.service_body_id,
        "venue": meeting.venue_id,
        "venue_type": meeting.venue_type,
        "rrule": meeting.rrule,
        "starts_on": meeting.starts_on,
        "start_time": "19:00:00",
        "duration": "01:30:00",
        "tz": meeting.tz,
        "signup_policy": meeting.signup_policy,
        "is_published": "on",
        "is_listed": "on",
    } | changes
