"""Devices sign in at the same instant while a request is confirmed and the member signs up: each date is there once."""

from __future__ import annotations

import datetime as dt

import pytest
from allauth.account.models import EmailAddress
from django.db.models import Count

from accounts.models import ContactPoint
from accounts.services.guests import join_guest
from meetings.enums import SignupPolicy
from meetings.models import Meeting, Participant, Signup
from meetings.queries.occurrences import upcoming_dates
from meetings.reminders.enums import UNSENT
from meetings.reminders.models import Reminder
from meetings.services import handover, signups
from support import clock
from tests.factories import make_meeting, make_user
from tests.worker.test_places import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.worker, pytest.mark.postgres]

ADDRESS = "ana@example.org"


def test_no_date_and_no_reminder_is_there_twice_whoever_is_first() -> None:
    now = clock.now()
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP, capacity=3)
    user = make_user(email=ADDRESS)
    EmailAddress.objects.create(user=user, email=ADDRESS, verified=True, primary=True)
    dates = [each.original_date for each in upcoming_dates(meeting, now=now + dt.timedelta(days=1), limit=3)]
    asked = [_ask(meeting, date, now) for date in dates]
    # One was confirmed while nobody had an account: the verb alone, without what the view does.
    signups.confirm_signups(signup=asked[0], now=now)

    def work(number: int) -> None:
        if number % 4 == 0:
            join_guest(user=user, now=now)
        elif number % 4 == 1:
            kept = handover.as_members(signup=Signup.objects.get(pk=asked[1].pk), now=now)
            signups.confirm_signups(signup=kept, now=now)
        elif number % 4 == 2:
            signups.create_member_signup(meeting=meeting, user=user, date=dates[0], every=False, now=now)
        else:
            signups.create_member_signup(meeting=meeting, user=user, date=dates[2], every=False, now=now)

    at_once(work, 12)
    join_guest(user=user, now=now)
    member = Participant.objects.get(user=user)
    mine = Signup.objects.filter(participant=member, status="confirmed")
    assert sorted(mine.values_list("occurrence__original_date", flat=True)) == dates
    # What was never confirmed is the guest's still, and nothing else is.
    left = Signup.objects.exclude(participant=member)
    assert list(left.values_list("pk", "status")) == [(asked[2].pk, "pending")]
    unsent = Reminder.objects.filter(state__in=UNSENT, kind="reminder")
    assert list(unsent.values("signup", "lead_key").annotate(times=Count("pk")).filter(times__gt=1)) == []
    assert {row.contact_point for row in unsent} == {ContactPoint.objects.get(user=user)}


def _ask(meeting: Meeting, date: dt.date, now: dt.datetime) -> Signup:
    (asked,) = signups.request_guest_signup(
        meeting=meeting,
        date=date,
        every=False,
        email=ADDRESS,
        tz="America/New_York",
        language="en",
        hour_cycle="h12",
        now=now,
    )
    return asked
