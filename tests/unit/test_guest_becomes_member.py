"""Whoever came as a guest and proves the same address as a member finds their dates there, each of them once."""

from __future__ import annotations

import datetime as dt
from itertools import product

import pytest
from allauth.account.models import EmailAddress
from django.http import Http404

from accounts import links
from accounts.access import contact_point_by_link
from accounts.enums import Lead, Purpose, Wording
from accounts.models import ContactPoint, Preferences, User
from accounts.person import of_guest, of_member
from accounts.queries import newest_word, preferences_for, wanted_purposes
from accounts.services.consents import choose
from accounts.services.contact_points import follow_email
from accounts.services.guests import join_guest
from accounts.services.idle import forget_idle
from accounts.services.preferences import save_preferences
from meetings.enums import SignupPolicy, SignupStatus
from meetings.models import Meeting, Occurrence, Participant, Signup, StandingSignup
from meetings.queries.roster import my_signups
from meetings.reminders.enums import UNSENT, ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.services.deliver import deliver_due
from meetings.reminders.services.optout import withdraw
from meetings.services import handover, signups
from support.messaging import Accepted, Letter, Result
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_signup, make_user
from tests.factories.accounts import make_contact_point

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

ADDRESS = "ana@example.org"
TUESDAY = dt.date(2026, 11, 24)


@pytest.fixture
def meeting() -> Meeting:
    return make_meeting(signup_policy=SignupPolicy.SIGN_UP)


def asked_by_guest(meeting: Meeting, *, every: bool = False, name: str = "") -> Signup:
    date = None if every else TUESDAY
    return signups.request_guest_signup(
        meeting=meeting,
        date=date,
        every=every,
        email=ADDRESS,
        display_name=name,
        tz="America/New_York",
        language="en",
        hour_cycle="h12",
        now=NOW,
    )[0]


def guest_of(meeting: Meeting, *, every: bool = False, name: str = "") -> Signup:
    signup = asked_by_guest(meeting, every=every, name=name)
    signups.confirm_signups(signup=signup, now=NOW)
    signup.refresh_from_db()
    return signup


def member(**fields: object) -> User:
    user = make_user(email=ADDRESS, **fields)
    EmailAddress.objects.create(user=user, email=ADDRESS, verified=True, primary=True)
    return user


def mine(user: User) -> list[Signup]:
    return my_signups(user, now=NOW).coming


def unsent(kind: ReminderKind = ReminderKind.REMINDER) -> list[Reminder]:
    return list(Reminder.objects.filter(kind=kind, state__in=UNSENT).order_by("due_at", "pk"))


class Postbox:
    """A gateway that takes everything."""

    def __init__(self) -> None:
        self.sent: list[Letter] = []

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass

    def send(self, letter: Letter, /, *, until: dt.datetime) -> Result:
        self.sent.append(letter)
        return Accepted(provider_id=str(len(self.sent)))


@pytest.mark.parametrize(
    ("fields", "zone"),
    [
        ({"has_own_zone": False, "tz": "America/Los_Angeles"}, "America/New_York"),
        ({"has_own_zone": True, "tz": "America/Los_Angeles"}, "America/Los_Angeles"),
    ],
)
@pytest.mark.parametrize("had_dates", [True, False])
def test_the_zone_a_guest_said_goes_with_their_dates_to_a_member_who_said_none(
    meeting: Meeting, had_dates: bool, fields: dict[str, object], zone: str
) -> None:
    """Their reminders were planned anew in the site's zone."""
    guest_of(meeting)
    user = member(**fields)
    if had_dates:
        signups.member_participant(user=user, now=NOW)
    join_guest(user=user, now=NOW)
    user.refresh_from_db()
    assert user.own_tz == zone
    assert Participant.objects.get(user=user).own_tz == zone


def test_dates_of_a_guest_are_the_members_and_each_reminder_goes_on_as_the_same_row(meeting: Meeting) -> None:
    place = guest_of(meeting, name="Ana")
    before = [(row.pk, row.due_at) for row in unsent()]
    user = member(display_name="")
    join_guest(user=user, now=NOW)
    place.refresh_from_db()
    assert place.participant.user == user
    assert mine(user) == [place]
    assert [(row.pk, row.due_at) for row in unsent()] == before
    own = ContactPoint.objects.get(user=user)
    assert {row.contact_point for row in Reminder.objects.all()} == {own}
    # The name they gave is the one they go by, and no guest is left.
    assert (user.display_name, place.participant.display_name) == ("Ana", "Ana")
    assert not Participant.objects.filter(user=None).exists()
    signups.cancel_signup(signup=place, now=NOW)
    assert unsent() == []


def test_joining_again_changes_nothing(meeting: Meeting) -> None:
    guest_of(meeting)
    user = member()
    join_guest(user=user, now=NOW)
    tables = [each.objects.order_by("pk") for each in (Signup, Participant, Reminder, ContactPoint, StandingSignup)]
    before = [list(table.values()) for table in tables]
    join_guest(user=user, now=NOW + dt.timedelta(minutes=1))
    assert [list(table.values()) for table in tables] == before


def test_another_address_and_one_that_is_not_proven_bring_nothing(meeting: Meeting) -> None:
    place = guest_of(meeting)
    other, unproven = make_user(email="ben@example.org"), make_user(email=ADDRESS)
    EmailAddress.objects.create(user=other, email="ben@example.org", verified=True, primary=True)
    address = EmailAddress.objects.create(user=unproven, email=ADDRESS, verified=False, primary=True)
    for user in (other, unproven):
        join_guest(user=user, now=NOW)
    place.refresh_from_db()
    assert place.participant.is_guest
    address.verified = True
    address.save()
    join_guest(user=unproven, now=NOW)
    place.refresh_from_db()
    assert place.participant.user == unproven


def test_what_was_never_confirmed_stays_a_strangers_until_it_is(meeting: Meeting) -> None:
    guest_of(make_meeting(signup_policy=SignupPolicy.SIGN_UP))
    asked = asked_by_guest(meeting)
    user = member()
    join_guest(user=user, now=NOW)
    asked.refresh_from_db()
    assert asked.participant.is_guest
    assert len(mine(user)) == 1
    # Confirmed by the link in the mail, it is the member's at once, under the same link.
    kept = handover.as_members(signup=asked, now=NOW)
    assert (kept.pk, kept.public_id) == (asked.pk, asked.public_id)
    signups.confirm_signups(signup=kept, now=NOW)
    assert len(mine(user)) == 2
    assert newest_word(ContactPoint.objects.get(user=user), Purpose.REMINDERS) is True


def test_coming_every_time_goes_on_once(meeting: Meeting) -> None:
    guest_of(meeting, every=True)
    user = member()
    signups.create_member_signup(meeting=meeting, user=user, date=None, every=True, now=NOW)
    join_guest(user=user, now=NOW)
    running = StandingSignup.objects.get(ended_at=None)
    assert running.participant.user == user
    dates = [each.occurrence_id for each in Signup.objects.all()]
    assert len(dates) == len(set(dates)) == 4
    assert {each.standing_id for each in Signup.objects.all()} == {running.pk}
    signups.end_standing_signup(standing=running, now=NOW)
    assert not Signup.objects.live().exists()


def test_a_place_held_twice_is_given_to_who_waits(meeting: Meeting) -> None:
    meeting.capacity = 2
    meeting.save()
    guest_of(meeting)
    user = member()
    signups.create_member_signup(meeting=meeting, user=user, date=TUESDAY, every=False, now=NOW)
    (waiting,) = signups.create_member_signup(meeting=meeting, user=make_user(), date=TUESDAY, every=False, now=NOW)
    assert waiting.status == SignupStatus.WAITLISTED
    join_guest(user=user, now=NOW)
    waiting.refresh_from_db()
    assert waiting.status == SignupStatus.CONFIRMED
    assert len(mine(user)) == 1
    assert len({(row.signup_id, row.lead_key) for row in unsent()}) == len(unsent()) == 4


def test_waiting_twice_keeps_the_earlier_turn() -> None:
    date = make_occurrence(capacity=1)
    make_signup(occurrence=date)
    user = member()
    guest = make_participant(contact_point=make_contact_point(value=ADDRESS))
    own = signups.member_participant(user=user, now=NOW)
    queue = [
        make_signup(occurrence=date, participant=who, status=SignupStatus.WAITLISTED, created_at=NOW - ago)
        for who, ago in ((guest, dt.timedelta(hours=3)), (make_participant(), dt.timedelta(hours=2)))
    ]
    make_signup(occurrence=date, participant=own, status=SignupStatus.WAITLISTED, created_at=NOW)
    join_guest(user=user, now=NOW)
    waiting = Signup.objects.filter(status=SignupStatus.WAITLISTED)
    assert [each.pk for each in waiting] == [each.pk for each in queue]
    assert waiting[0].participant.user == user


STATUSES = [SignupStatus.CONFIRMED, SignupStatus.WAITLISTED, SignupStatus.OFFERED, SignupStatus.CANCELLED]


def test_no_date_is_there_twice_and_none_is_lost_whatever_both_have() -> None:
    """For each pair of what a guest and the member have on one date, in a room with a place too few."""
    user = member()
    guest = make_participant(contact_point=make_contact_point(value=ADDRESS))
    own = signups.member_participant(user=user, now=NOW)
    pairs: dict[Occurrence, tuple[str, str]] = {}
    for days, (of_guest_, of_own) in enumerate(product(STATUSES, STATUSES)):
        date = make_occurrence(on=TUESDAY + dt.timedelta(weeks=days), capacity=2)
        for who, status in ((guest, of_guest_), (own, of_own)):
            over = {"cancelled_at": NOW} if status == SignupStatus.CANCELLED else {}
            make_signup(occurrence=date, participant=who, status=status, **over)
        pairs[date] = (of_guest_, of_own)
    join_guest(user=user, now=NOW)
    for date, pair in pairs.items():
        (left,) = Signup.objects.filter(occurrence=date)
        assert left.participant.user == user
        best = next(status for status in ("confirmed", "offered", "waitlisted", "cancelled") if status in pair)
        # Whoever waits has the place that they held twice, or that is free.
        assert left.status == ("confirmed" if best == "waitlisted" and "confirmed" in pair else best), pair
    planned = [(row.signup_id, row.lead_key, row.contact_point_id) for row in unsent()]
    assert len(planned) == len(set(planned))
    assert {point for _signup, _lead, point in planned} <= {own.contact_point_id}


def test_what_was_sent_to_the_guest_is_not_sent_to_the_member_again(meeting: Meeting) -> None:
    guest_of(meeting)
    user = member()
    signups.create_member_signup(meeting=meeting, user=user, date=TUESDAY, every=False, now=NOW)
    post = Postbox()
    three_days_before = NOW + dt.timedelta(days=4, hours=2)
    deliver_due(read_clock=lambda: three_days_before, gateway=post)
    sent = Reminder.objects.filter(kind=ReminderKind.REMINDER, state=ReminderState.ACCEPTED).count()
    assert sent == 2
    join_guest(user=user, now=three_days_before)
    before = len(post.sent)
    deliver_due(read_clock=lambda: three_days_before, gateway=post)
    assert len(post.sent) == before
    assert [row.lead_key for row in unsent()] == [Lead.DAY_BEFORE]


@pytest.mark.parametrize(
    ("guest_says", "member_says"), [(False, True), (True, False), (False, False), (True, True), (False, None)]
)
def test_a_no_holds_whoever_said_it(meeting: Meeting, guest_says: bool, member_says: bool | None) -> None:
    place = guest_of(meeting)
    user = member()
    if not guest_says:
        choose(contact_point=place.participant.contact_point, wanted=[], wording="1", source="link", now=NOW)
    if member_says is not None:
        own = signups.member_participant(user=user, now=NOW).contact_point
        wanted = list(Purpose.values) if member_says else []
        choose(contact_point=own, wanted=wanted, wording="1", source="account", now=NOW)
    join_guest(user=user, now=NOW)
    is_wanted = guest_says and member_says is not False
    own = ContactPoint.objects.get(user=user)
    assert (Purpose.REMINDERS in wanted_purposes(own)) == is_wanted
    assert bool(unsent()) == is_wanted
    # A yes said later is not undone by the next sign-in.
    choose(contact_point=own, wanted=list(Purpose.values), wording="1", source="account", now=NOW)
    join_guest(user=user, now=NOW)
    assert Purpose.REMINDERS in wanted_purposes(own)


def test_choices_of_the_guest_hold_where_the_member_made_none_and_else_the_stricter(meeting: Meeting) -> None:
    point = guest_of(meeting).participant.contact_point
    pause = NOW.date() + dt.timedelta(days=20)
    save_preferences(person=of_guest(point), wording=Wording.DETAILED, paused_until=pause, now=NOW)
    user = member()
    join_guest(user=user, now=NOW)
    assert (preferences_for(of_member(user)).paused_until, unsent()) == (pause, [])
    again = ContactPoint.objects.get(pk=point.pk)
    Preferences.objects.create(contact_point=again, wording=Wording.DISCREET, ignores_quiet=True, updated_at=NOW)
    join_guest(user=user, now=NOW)
    kept = Preferences.objects.get()
    assert (kept.user, kept.wording, kept.paused_until, kept.ignores_quiet) == (user, Wording.DISCREET, pause, False)


def test_old_links_of_the_guest_stop_the_members_messages(meeting: Meeting) -> None:
    place = guest_of(meeting)
    token = links.sign("unsubscribe", place.participant.contact_point.public_id)
    user = member()
    join_guest(user=user, now=NOW)
    point = contact_point_by_link(token, "unsubscribe")
    assert point.user == user
    withdraw(contact_point=point, purposes=[Purpose.REMINDERS], source="link", now=NOW)
    assert unsent() == []


def test_old_links_of_the_guest_die_with_the_address(meeting: Meeting) -> None:
    place = guest_of(meeting)
    token = links.sign("unsubscribe", place.participant.contact_point.public_id)
    old = place.public_id
    user = member()
    join_guest(user=user, now=NOW)
    follow_email(user=user, old_email=ADDRESS, new_email="new@example.org", now=NOW)
    with pytest.raises(Http404):
        contact_point_by_link(token, "unsubscribe")
    place.refresh_from_db()
    assert place.public_id != old
    assert ContactPoint.objects.get().value == "new@example.org"


def test_what_is_left_of_the_guest_is_not_told_that_it_is_idle(meeting: Meeting, mailoutbox: list[object]) -> None:
    guest_of(meeting)
    user = member()
    join_guest(user=user, now=NOW)
    later = NOW + dt.timedelta(days=800)
    User.objects.update(last_login=later)
    assert forget_idle(now=later) == 0
    assert mailoutbox == []
    assert ContactPoint.objects.count() == 2
