"""A facilitator brings a canceled date back, from its own page."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from meetings.models import Meeting, Occurrence, OccurrenceChange
from meetings.services.occurrences import cancel_occurrence
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_user

pytestmark = pytest.mark.django_db

DATE = dt.date(2026, 11, 24)


@pytest.fixture
def cancelled(client: Client) -> Occurrence:
    occurrence = make_occurrence(meeting=make_meeting(), on=DATE)
    cancel_occurrence(occurrence=occurrence, now=NOW)
    user = make_user()
    occurrence.meeting.facilitators.add(user)
    client.force_login(user)
    return occurrence


def url(name: str, meeting: Meeting) -> str:
    return reverse(f"meetings:{name}", args=[meeting.slug, DATE])


def test_button_stands_on_the_page_of_a_cancelled_date_and_asks_first(client: Client, cancelled: Occurrence) -> None:
    page = client.get(url("occurrence", cancelled.meeting)).content.decode()
    assert url("occurrence_restore", cancelled.meeting) in page
    assert "Bring this date back?" in client.get(url("occurrence_restore", cancelled.meeting)).content.decode()
    cancelled.refresh_from_db()
    assert cancelled.is_cancelled, "a look does nothing"
    answer = client.post(url("occurrence_restore", cancelled.meeting), {"message": "The room is dry"}, follow=True)
    assert "It’s on again" in answer.content.decode()
    assert "On after all" in answer.content.decode()
    assert url("occurrence_restore", cancelled.meeting) not in answer.content.decode()
    change = OccurrenceChange.objects.latest("pk")
    assert (change.is_restoration, change.message, change.schedule_seq) == (True, "The room is dry", 2)


def test_date_that_the_rule_no_longer_has_offers_no_button_and_says_why(client: Client, cancelled: Occurrence) -> None:
    Meeting.objects.update(rrule="FREQ=WEEKLY;BYDAY=WE")
    assert (
        url("occurrence_restore", cancelled.meeting)
        not in client.get(url("occurrence", cancelled.meeting)).content.decode()
    )
    answer = client.post(url("occurrence_restore", cancelled.meeting), {"message": "kept"})
    assert answer.status_code == 422
    assert "no longer on this day" in answer.content.decode()
    assert "kept" in answer.content.decode()


def test_nobody_else_may(client: Client, cancelled: Occurrence) -> None:
    client.force_login(make_user())
    assert client.post(url("occurrence_restore", cancelled.meeting), {"message": ""}).status_code == 404
    cancelled.refresh_from_db()
    assert cancelled.is_cancelled
