"""A meeting that has no page any more is named on people's own pages, and leads nowhere."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from meetings.enums import SignupPolicy
from meetings.models import Meeting, Participant
from meetings.services import signups
from tests.conftest import NOW
from tests.factories import make_favourite, make_meeting, make_occurrence, make_signup, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> User:
    return make_user()


@pytest.fixture
def meeting(member: User) -> Meeting:
    """One that a member runs, likes, has been to, comes to, and gave a place back in."""
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP)
    meeting.facilitators.add(member)
    make_favourite(meeting=meeting, user=member)
    dates = [make_occurrence(meeting=meeting, on=dt.date(2026, 11, 24) + n * dt.timedelta(weeks=1)) for n in range(2)]
    made = [
        signups.create_member_signup(meeting=meeting, user=member, date=each.original_date, every=False, now=NOW)[0]
        for each in dates
    ]
    signups.cancel_signup(signup=made[0], now=NOW)
    past = make_occurrence(meeting=meeting, on=dt.date(2026, 11, 10))
    make_signup(occurrence=past, participant=Participant.objects.get(user=member))
    return meeting


@pytest.mark.parametrize("is_published", [True, False])
def test_my_meetings(client: Client, member: User, meeting: Meeting, is_published: bool) -> None:
    Meeting.objects.filter(pk=meeting.pk).update(is_published=is_published)
    client.force_login(member)
    page = client.get(reverse("meetings:my_meetings")).content.decode()
    assert page.count(meeting.name) >= 4
    assert (f'href="{meeting.get_absolute_url()}"' in page) is is_published


@pytest.mark.parametrize("is_published", [True, False])
def test_page_of_who_runs_it(client: Client, member: User, meeting: Meeting, is_published: bool) -> None:
    Meeting.objects.filter(pk=meeting.pk).update(is_published=is_published)
    client.force_login(member)
    page = client.get(reverse("meetings:facilitate", args=[meeting.slug])).content.decode()
    assert meeting.name in page
    assert (f'href="{meeting.get_absolute_url()}"' in page) is is_published
