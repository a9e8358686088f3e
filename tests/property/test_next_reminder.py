"""What pages say of the next reminder is what is planned: at any hour, with any quiet hours, times and channel.

The rows are asked by themselves here, and their times are worded by other means than the pages have.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts import links
from accounts.enums import Channel, Lead
from accounts.models import User
from accounts.person import of_guest, of_member
from accounts.services.consents import record_consent
from accounts.services.phones import add_phone
from accounts.services.preferences import save_preferences
from meetings.models import Signup
from meetings.reminders import timing
from meetings.reminders.enums import ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services.deliver import deliver_due
from meetings.services import signups
from support.messaging import Accepted, Letter, Result, Transient
from tests.conftest import NOW
from tests.factories import make_contact_point, make_meeting, make_user
from tests.property.test_reminder_timing import quiet_hours

NEW_YORK = ZoneInfo("America/New_York")
SAYS = {"email": "We’ll email you", "sms": "We’ll text you", "push": "We’ll notify you"}
MINUTE = dt.timedelta(minutes=1)
NIGHT = timing.Quiet(dt.time(21), dt.time(8))


@dataclass(frozen=True)
class Case:
    """Somebody who asks at `now` to be reminded of what starts `ahead` of it."""

    now: dt.datetime
    ahead: dt.timedelta
    quiet: timing.Quiet | None
    leads: list[str]
    #: "" for a guest.
    channel: str
    policy: str
    paused_days: int | None


@st.composite
def cases(draw: st.DrawFn) -> Case:
    # Half of all dates are so close that something is in their way.
    ahead = draw(st.integers(1, 5 * 60) | st.integers(1, 4 * 24 * 60)) * MINUTE
    return Case(
        now=NOW + draw(st.integers(0, 7 * 24 * 4)) * 15 * MINUTE,
        ahead=ahead,
        quiet=draw(quiet_hours() | st.just(NIGHT) | st.none()),
        leads=draw(st.lists(st.sampled_from(Lead.values), unique=True, max_size=3)),
        channel=draw(st.sampled_from(["", "email", "sms", "push"])),
        policy=draw(st.sampled_from(["drop_in", "sign_up"])),
        paused_days=draw(st.sampled_from([None, None, None, 1, 3])),
    )


def _case(*, hours: int, channel: str, quiet: timing.Quiet | None = None, **fields: Any) -> Case:
    """Return somebody with the usual times, whose date is `hours` less ten minutes ahead."""
    given_fields = {"now": NOW, "leads": ["2h"], "policy": "drop_in", "paused_days": None, **fields}
    return Case(ahead=dt.timedelta(hours=hours, minutes=-10), quiet=quiet, channel=channel, **given_fields)


class Takes:
    """A gateway that takes everything."""

    def __init__(self) -> None:
        self.taken: list[Any] = []

    def open(self) -> Transient | None:
        return None

    def send(self, message: Letter, /, *, until: dt.datetime) -> Result:
        self.taken.append(message)
        return Accepted()

    def close(self) -> None:
        pass


def sign_up(case: Case) -> tuple[Signup, Client]:
    """Sign somebody up who has said how they want to be reminded."""
    wall = (case.now + case.ahead).astimezone(NEW_YORK)
    meeting = make_meeting(
        rrule="FREQ=DAILY", weekday_mask=0b1111111, start_time=wall.time(), signup_policy=case.policy
    )
    wishes: Any = {"booked_leads": case.leads, "drop_in_leads": case.leads, "ignores_quiet": case.quiet is None}
    if case.quiet:
        wishes |= {"quiet_from": case.quiet.from_time, "quiet_until": case.quiet.until_time}
    if case.paused_days is not None:
        wishes["paused_until"] = case.now.astimezone(NEW_YORK).date() + dt.timedelta(days=case.paused_days)
    client = Client()
    client.cookies["tz"] = "America/New_York"
    if case.channel:
        user = make_user()
        client.force_login(user)
        reach(user, case.channel, case.now)
        save_preferences(person=of_member(user), now=case.now, reminder_channel=case.channel, **wishes)
        made = signups.create_member_signup(meeting=meeting, user=user, date=wall.date(), every=False, now=case.now)
        return made[0], client
    asked = signups.request_guest_signup(
        meeting=meeting,
        date=wall.date(),
        every=False,
        email="ana@example.org",
        tz="America/New_York",
        language="en",
        hour_cycle="h12",
        now=case.now,
    )
    save_preferences(person=of_guest(asked[0].participant.contact_point), now=case.now, **wishes)
    return signups.confirm_signups(signup=asked[0], now=case.now)[0], client


def reach(user: User, channel: str, now: dt.datetime) -> None:
    """Let a member be reached by `channel`."""
    if channel == Channel.SMS:
        add_phone(user=user, number="+12025550143", wanted=["reminders"], now=now)
    elif channel == Channel.PUSH:
        value = '{"endpoint": "https://push.example.org/1"}'
        point = make_contact_point(user=user, channel=Channel.PUSH, value=value, verified_at=now)
        record_consent(contact_point=point, purpose="reminders", is_given=True, wording="w", source="test", now=now)


def said(client: Client, signup: Signup, case: Case) -> str:
    """Return the words of the page that shows a place to whoever has it, buttons and all."""
    url = "/my/meetings/" if case.channel else f"/signups/{links.sign('manage', signup.public_id)}/"
    answer = client.get(url)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())))


def press(client: Client, signup: Signup, case: Case) -> None:
    key = str(signup.public_id) if case.channel else links.sign("manage", signup.public_id)
    kind = "my/signups" if case.channel else "signups"
    assert client.post(f"/{kind}/{key}/remind-anyway/").status_code == 302


def planned(signup: Signup) -> list[Reminder]:
    rows = Reminder.objects.filter(signup=signup, kind="reminder", state=ReminderState.PLANNED)
    return list(rows.order_by("due_at"))


def moment(instant: dt.datetime, now: dt.datetime) -> str:
    wall = instant.astimezone(NEW_YORK)
    day = f"{wall:%a}" if instant - now <= dt.timedelta(days=6) else f"{wall:%a}, {wall:%b} {wall.day}"
    if wall.date() == now.astimezone(NEW_YORK).date():
        day = "today"
    return f"{day} at {wall.hour % 12 or 12}:{wall:%M %p}"


def promises(rows: list[Reminder], now: dt.datetime) -> str:
    """Return what a page must say where these rows are all that is planned."""
    if not rows:
        return "No reminder will come"
    due_at, says = rows[0].due_at, SAYS[rows[0].channel]
    return "Your reminder is on its way." if due_at <= now else f"{says} {moment(due_at, now)}"


@contextmanager
def forgotten_after() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_pages_promise_what_is_planned_and_send_the_rest_when_asked(settings: Any) -> None:
    settings.SMS_PROVIDER, settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "twilio", "AC0", "token"
    settings.TWILIO_MESSAGING_SERVICE_SID = "MG0"

    seen: Counter[str] = Counter()

    @given(cases())
    @example(_case(hours=3, channel="sms"))
    @example(_case(hours=1, channel="push"))
    @example(_case(hours=2, channel="", quiet=NIGHT, now=NOW + dt.timedelta(hours=11)))
    @example(_case(hours=2, channel="email", quiet=NIGHT, now=NOW + dt.timedelta(hours=11)))
    @example(_case(hours=1, channel="", paused_days=3))
    @_MANY
    def holds(case: Case) -> None:
        with forgotten_after(), time_machine.travel(case.now, tick=False) as clock:
            seen[check(case, clock)] += 1

    holds()
    # Nothing of it was true for want of cases.
    assert min(seen["planned"], seen["sent anyway"], seen["nothing to be done"]) >= 1


_MANY: Any = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def check(case: Case, clock: Any) -> str:
    """Assert all that must hold of one case. Returns what sort of case it is."""
    signup, client = sign_up(case)
    before = planned(signup)
    page = said(client, signup, case)
    assert promises(before, case.now) in page
    assert all(each not in page for each in SAYS.values()) or before
    offer = re.search(r"Send it anyway, (now|\w+(?:, \w+ \d+)? at [\d:]+ [AP]M)", page)
    press(client, signup, case)
    press(client, signup, case)
    after = planned(signup)
    if offer is None:
        assert [row.pk for row in after] == [row.pk for row in before]
        return "planned" if before else "nothing to be done"
    # One, at the time that the button said, whatever the hour.
    assert before == []
    [row] = after
    assert offer[1] == ("now" if row.due_at <= case.now else moment(row.due_at, case.now))
    assert case.now <= row.due_at < row.deadline_at < signup.occurrence.starts_at
    assert promises(after, case.now) in said(client, signup, case)
    # And it goes out then.
    clock.move_to(row.due_at)
    deliver(row.due_at)
    row.refresh_from_db()
    assert row.state == ReminderState.ACCEPTED
    assert f"Your reminder went out {moment(row.due_at, row.due_at)}" in said(client, signup, case)
    return "sent anyway"


def deliver(now: dt.datetime) -> None:
    deliver_due(read_clock=lambda: now, gateway=Takes())
