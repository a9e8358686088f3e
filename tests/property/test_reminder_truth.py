"""One member, their dates and their wishes, in any order of events, also while messages are being written.

No message says what was not true any more when its sending began; none comes twice or in a pause, and at night or as
the fourth of a day only what was asked for by hand; and whatever changes, what is planned is at once what would be
planned anew.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from accounts.enums import Lead
from accounts.models import Consent, Preferences, User
from accounts.person import of_member
from accounts.queries import preferences_for
from accounts.services.consents import choose
from accounts.services.preferences import save_preferences
from accounts.services.profile import update_profile
from meetings.enums import OccurrenceStatus, SignupStatus
from meetings.models import Occurrence, Participant, Signup
from meetings.queries.occurrences import upcoming_dates
from meetings.reminders import timing
from meetings.reminders.enums import ReminderKind
from meetings.reminders.models import Reminder
from meetings.reminders.queries.next_reminder import next_reminder
from meetings.reminders.queries.people import quiet_of
from meetings.reminders.services.anyway import remind_anyway
from meetings.reminders.services.deliver import deliver_due
from meetings.reminders.services.replan import replan
from meetings.services import signups
from meetings.services.occurrences import cancel_occurrence, move_occurrence
from support import clock, wording
from support.messaging import Accepted, Letter, Result, Transient
from tests.conftest import NOW
from tests.factories import make_meeting, make_user

ZONES = ("America/New_York", "America/Los_Angeles", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe")
HOUR = dt.timedelta(hours=1)
numbers = st.integers(0, 50)
leads = st.lists(st.sampled_from([lead.value for lead in Lead]), unique=True, min_size=1, max_size=4)


class Life(RuleBasedStateMachine):
    """What may happen to one member in a fortnight."""

    def __init__(self) -> None:
        super().__init__()
        self._transaction = transaction.atomic()
        self._transaction.__enter__()
        self.now = NOW
        self.user = make_user(tz="America/New_York")
        self.meetings = [
            make_meeting(signup_policy="sign_up"),
            make_meeting(signup_policy="sign_up", venue_type="online", start_time=dt.time(20, 30)),
            make_meeting(start_time=dt.time(8, 30), rrule="FREQ=WEEKLY;BYDAY=TU,WE,TH"),
            make_meeting(start_time=dt.time(23, 0), rrule="FREQ=DAILY"),
        ]
        self.meanwhile: list[int] = []
        self.sent: Counter[tuple[object, ...]] = Counter()

    def teardown(self) -> None:
        try:
            # Whatever is planned by now goes out.
            self.let_pass(8 * 24)
        finally:
            self.forget()

    def forget(self) -> None:
        transaction.set_rollback(True)
        self._transaction.__exit__(None, None, None)

    @initialize(places=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=2, max_size=5))
    def begin(self, places: list[tuple[int, int]]) -> None:
        for which, date in places:
            self.take_a_place(which, date)

    # -- what may happen ---------------------------------------------------------------------------------------------

    @rule(which=st.integers(0, 3), date=st.integers(0, 3))
    def sign_up(self, which: int, date: int) -> None:
        self.take_a_place(which, date)

    def take_a_place(self, which: int, date: int) -> None:
        meeting = self.meetings[which]
        dates = [each for each in upcoming_dates(meeting, now=self.now, limit=6) if not each.is_cancelled]
        coming = [each for each in dates if each.starts_at > self.now]
        if coming:
            chosen = coming[date % len(coming)].original_date
            with self.planned_at_once():
                signups.create_member_signup(meeting=meeting, user=self.user, date=chosen, every=False, now=self.now)

    @precondition(lambda self: self.coming())
    @rule(which=numbers)
    def give_a_place_back(self, which: int) -> None:
        with self.planned_at_once():
            signups.cancel_signup(signup=self.pick(which), now=self.now)

    @precondition(lambda self: self.coming())
    @rule(which=numbers, hours=st.sampled_from([-30, -3, -1, 1, 2, 26]))
    def move(self, which: int, hours: int) -> None:
        with self.planned_at_once():
            self.move_date(which, hours)

    @precondition(lambda self: self.coming())
    @rule(which=numbers)
    def cancel(self, which: int) -> None:
        with self.planned_at_once():
            cancel_occurrence(occurrence=self.pick(which).occurrence, now=self.now)

    @rule(booked=leads, drop_in=leads, start=st.integers(0, 23), length=st.integers(1, 14), waives=st.booleans())
    def wish(self, booked: list[str], drop_in: list[str], start: int, length: int, waives: bool) -> None:
        with self.planned_at_once():
            save_preferences(
                person=of_member(self.user),
                booked_leads=booked,
                online_leads=booked,
                drop_in_leads=drop_in,
                quiet_from=dt.time(start),
                quiet_until=dt.time((start + length) % 24),
                ignores_quiet=waives,
                now=self.now,
            )

    @rule(days=st.sampled_from([None, None, 1, 2]), words=st.sampled_from(["discreet", "detailed"]))
    def pause(self, days: int | None, words: str) -> None:
        until = None if days is None else self.today() + dt.timedelta(days=days)
        with self.planned_at_once():
            save_preferences(person=of_member(self.user), paused_until=until, wording=words, now=self.now)

    @rule(tz=st.sampled_from(ZONES))
    def travel(self, tz: str) -> None:
        with self.planned_at_once():
            update_profile(user=self.user, display_name="", tz=tz, language="en", hour_cycle="h24", now=self.now)

    @precondition(lambda self: Participant.objects.filter(user=self.user).exists())
    @rule(is_wanted=st.sampled_from([True, True, False]))
    def consent(self, is_wanted: bool) -> None:
        point = Participant.objects.get(user=self.user).contact_point
        wanted = ["changes", *(["reminders"] if is_wanted else [])]
        with self.planned_at_once():
            choose(contact_point=point, wanted=wanted, wording="w", source="test", now=self.now)

    @precondition(lambda self: self.coming())
    @rule(which=numbers)
    def ask_anyway(self, which: int) -> None:
        signup = self.pick(which)
        before = next_reminder(signup, now=self.now)
        assert before is not None
        assert remind_anyway(signup=signup, now=self.now) == (before.offer is not None)
        after = next_reminder(signup, now=self.now)
        if before.offer is not None:
            # It comes when it was said to, and stays planned.
            assert after is not None
            assert after.due_at == before.offer.at
            self.nothing_is_left_to_plan()
        assert not remind_anyway(signup=signup, now=self.now)

    @rule(hours=st.integers(4, 30), meanwhile=st.lists(numbers, max_size=2))
    def time_passes(self, hours: int, meanwhile: list[int]) -> None:
        """Messages go out every half hour; some dates move between the writing of one and its sending."""
        self.meanwhile = meanwhile
        self.let_pass(hours)
        self.meanwhile = []

    def let_pass(self, hours: int) -> None:
        for _half in range(2 * hours):
            self.now += HOUR / 2
            if Reminder.objects.due(self.now).exists():
                deliver_due(read_clock=lambda: self.now, gateway=self)

    # -- the gateway -------------------------------------------------------------------------------------------------

    def open(self) -> Transient | None:
        if self.meanwhile and self.coming():
            self.move_date(self.meanwhile.pop(), 1)
        return None

    def send(self, letter: Letter, /, *, until: dt.datetime) -> Result:
        row = Reminder.objects.select_related("signup__participant", "signup__occurrence__meeting").get(
            message_id=letter.message_id
        )
        parts = list(row.parts.select_related("signup__occurrence__meeting"))
        if row.kind in (ReminderKind.REMINDER, ReminderKind.MOVED, ReminderKind.CONFIRMATION):
            for signup in (row.signup, *(part.signup for part in parts)):
                assert (signup.status, signup.occurrence.status) == (SignupStatus.CONFIRMED, OccurrenceStatus.SCHEDULED)
                for words in self.true_words(signup.occurrence, row.signup.participant):
                    assert words in letter.text
        if row.kind == ReminderKind.REMINDER:
            self.check_reminder(row, [(part.signup, part.lead_key) for part in parts])
        return Accepted()

    def close(self) -> None:
        pass

    def check_reminder(self, row: Reminder, parts: list[tuple[Signup, str]]) -> None:
        tz, wishes = self.user.tz, preferences_for(of_member(self.user))
        quiet = quiet_of(wishes)
        assert quiet is None or row.is_asked or not timing.is_quiet(self.now, tz, quiet)
        assert wishes.paused_until is None or wishes.paused_until <= self.today()
        for signup, lead in ((row.signup, row.lead_key), *parts):
            assert self.now < signup.occurrence.starts_at
            told = (signup.pk, signup.created_at, lead, signup.occurrence.schedule_seq)
            self.sent[told] += 1
            assert self.sent[told] == 1
        day = ("day", self.today(), tz)
        self.sent[day] += 1
        assert row.is_asked or self.sent[day] <= 3

    # -- what is asked -----------------------------------------------------------------------------------------------

    def today(self) -> dt.date:
        return clock.to_wall(self.now, self.user.tz).date()

    def coming(self) -> list[Signup]:
        mine = Signup.objects.filter(participant__user=self.user).confirmed()
        on = mine.filter(occurrence__starts_at__gt=self.now, occurrence__status=OccurrenceStatus.SCHEDULED)
        return list(on.select_related("occurrence__meeting", "participant").order_by("pk"))

    def pick(self, which: int) -> Signup:
        coming = self.coming()
        return coming[which % len(coming)]

    def move_date(self, which: int, hours: int) -> None:
        occurrence = self.pick(which).occurrence
        starts_at = occurrence.starts_at + hours * HOUR
        if starts_at > self.now:
            move_occurrence(occurrence=occurrence, starts_at=starts_at, now=self.now)

    def true_words(self, occurrence: Occurrence, participant: Participant) -> tuple[str, str]:
        tz = occurrence.meeting.tz if occurrence.meeting.is_in_person else participant.tz
        return (
            wording.date_words_long(occurrence.starts_at, tz, "en"),
            wording.range_words(occurrence.starts_at, occurrence.ends_at, tz, participant.hour_cycle, "en"),
        )

    @contextmanager
    def planned_at_once(self) -> Iterator[None]:
        """Whatever changes in here is planned for in the same moment.

        Where nothing does, a plan of yesterday may stand that would look another way today: a day was full, say.
        """
        before = self.facts()
        yield
        if self.facts() != before:
            self.nothing_is_left_to_plan()

    def facts(self) -> list[list[tuple[Any, ...]]]:
        """Return all that a plan is made from."""
        return [
            list(rows.order_by("pk").values_list())
            for rows in (User.objects.all(), Preferences.objects.all(), Consent.objects.all(), Signup.objects.all())
        ] + [list(Occurrence.objects.order_by("pk").values_list("pk", "status", "starts_at"))]

    def nothing_is_left_to_plan(self) -> None:
        fields = ("pk", "state", "due_at", "dedupe_key")
        before = list(Reminder.objects.order_by("pk").values_list(*fields))
        replan(participants=Participant.objects.values_list("pk", flat=True), why="", now=self.now)
        assert list(Reminder.objects.order_by("pk").values_list(*fields)) == before


@pytest.mark.django_db
def test_no_message_is_untrue_late_doubled_or_unwanted_whatever_happens() -> None:
    quick: Any = settings(
        max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Life, settings=quick)
