"""A number that somebody else has proven since is theirs: what its former owner had on it ends, at once."""

from __future__ import annotations

import datetime as dt
from itertools import count
from typing import Any

import pytest
from allauth.account.models import EmailAddress

from accounts.enums import Channel, Purpose
from accounts.models import ContactPoint, User
from accounts.person import of_member
from accounts.queries import is_given, preferences_for
from accounts.services import phones
from accounts.services.contact_points import follow_email, member_email
from meetings.enums import SignupPolicy, SignupStatus
from meetings.models import Signup
from meetings.reminders.enums import NEVER_SENT, UNSENT, ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.receivers import tell_of_texts
from meetings.reminders.services import inbound, texts
from meetings.reminders.services.deliver import deliver_due
from meetings.services.occurrences import move_occurrence
from meetings.services.signups import create_member_signup
from support.messaging import Accepted, Result, TextMessage, Transient
from support.messaging.sms_results import Inbound
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_reminder, make_signup, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NUMBER = "+12025550143"
BOTH: list[str] = [Purpose.REMINDERS, Purpose.CHANGES]
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
_sids = count(1)


class Told:
    """A gateway that takes everything and keeps it."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.letters: list[str] = []

    def open(self) -> Transient | None:
        return None

    def send(self, letter: Any, /, **_: Any) -> Result:
        if isinstance(letter, TextMessage):
            self.texts.append(letter.to)
        else:
            self.letters.append(letter.recipient)
        return Accepted("1")

    def close(self) -> None:
        pass


def place_of(user: User, on: dt.date = dt.date(2026, 11, 24)) -> Signup:
    """A member's place, planned as it is for real."""
    meeting = make_meeting(signup_policy=SignupPolicy.SIGN_UP)
    (signup,) = create_member_signup(
        meeting=meeting, user=user, date=make_occurrence(meeting=meeting, on=on).original_date, every=False, now=NOW
    )
    return signup


def prove(user: User, at: dt.datetime = NOW, wanted: list[str] = BOTH) -> ContactPoint:
    return phones.add_phone(user=user, number=NUMBER, wanted=wanted, now=at)


def write(text: str, at: dt.datetime) -> str:
    return inbound.take(inbound=Inbound(f"SM{next(_sids)}", NUMBER, text), now=at)


def deliver(told: Told, at: dt.datetime) -> None:
    deliver_due(read_clock=lambda: at, gateway=told)


@pytest.fixture
def former() -> User:
    return make_user()


@pytest.fixture
def present() -> User:
    return make_user()


def unsent_to(user: User) -> list[tuple[str, str]]:
    rows = Reminder.objects.filter(state__in=UNSENT, contact_point__user=user).order_by("due_at", "pk")
    return list(rows.values_list("kind", "channel"))


# -- what ends -------------------------------------------------------------------------------------------------------


def test_nothing_goes_to_a_number_for_its_former_owner_from_the_moment_it_is_proven_by_another(
    former: User, present: User
) -> None:
    old = prove(former)
    mine = place_of(former)
    # One of each kind that a text can be, also in a worker's hands, and one that is tried once more.
    news: dict[str, Any] = {"signup": mine, "contact_point": old, "channel": Channel.SMS, "kind": ReminderKind.MOVED}
    make_reminder(**news, due_at=NOW, schedule_seq=0)
    make_reminder(ReminderState.CLAIMED, signup=mine, contact_point=old, channel=Channel.SMS, due_at=NOW)
    assert {channel for _kind, channel in unsent_to(former)} >= {Channel.SMS}
    new = prove(present, NOW + MINUTE)
    assert Channel.SMS not in {channel for _kind, channel in unsent_to(former)}
    assert not any(is_given(old, purpose) for purpose in Purpose)
    old.refresh_from_db()
    assert (old.verified_at, old.value) == (None, f"gone:{old.public_id}")
    assert preferences_for(of_member(former)).reminder_channel == Channel.EMAIL
    assert [is_given(new, purpose) for purpose in BOTH] == [True, True]
    told = Told()
    for hours in range(0, 8 * 24, 6):
        deliver(told, NOW + MINUTE + dt.timedelta(hours=hours))
    assert (told.texts, set(told.letters)) == ([], {former.email})


def test_what_was_to_go_there_goes_by_email_and_says_why(former: User, present: User) -> None:
    old = prove(former)
    mine = place_of(former)
    row = make_reminder(signup=mine, contact_point=old, channel=Channel.SMS, kind=ReminderKind.MOVED, due_at=NOW)
    prove(present, NOW + MINUTE)
    row.refresh_from_db()
    assert (row.state, row.reason) == (ReminderState.SUPERSEDED, texts.NUMBER_ENDED)
    letter = Reminder.objects.get(dedupe_key=f"{row.dedupe_key}:instead")
    assert (letter.channel, letter.contact_point.value) == (Channel.EMAIL, former.email)
    assert letter.events.get().detail == texts.NOT_THEIRS
    reminders = Reminder.objects.filter(signup=mine, kind=ReminderKind.REMINDER).exclude(state__in=NEVER_SENT)
    assert {each.channel for each in reminders} == {Channel.EMAIL}
    assert reminders.count() > 0


def test_news_of_a_removed_number_goes_by_email_as_well(former: User) -> None:
    old = prove(former)
    row = make_reminder(
        signup=place_of(former), contact_point=old, channel=Channel.SMS, kind=ReminderKind.MOVED, due_at=NOW
    )
    phones.remove_phone(contact_point=old, now=NOW)
    row.refresh_from_db()
    assert row.state == ReminderState.SUPERSEDED
    assert Reminder.objects.filter(dedupe_key=f"{row.dedupe_key}:instead", channel=Channel.EMAIL).exists()


def test_present_owner_gets_what_is_theirs_and_the_former_one_by_email(former: User, present: User) -> None:
    prove(former)
    theirs, mine = place_of(former), place_of(present)
    prove(present, NOW + MINUTE)
    for signup in (theirs, mine):
        occurrence = signup.occurrence
        move_occurrence(occurrence=occurrence, starts_at=occurrence.starts_at + dt.timedelta(hours=1), now=NOW + MINUTE)
    news = Reminder.objects.filter(kind__in=(ReminderKind.MOVED, ReminderKind.REMINDER), state__in=UNSENT)
    assert {(row.signup_id, row.channel) for row in news if row.signup_id == theirs.pk} == {(theirs.pk, "email")}
    assert (mine.pk, "sms") in {(row.signup_id, row.channel) for row in news}


def test_former_owner_is_told_until_they_prove_another_and_not_for_ever(former: User, present: User) -> None:
    prove(former, wanted=[])
    phones.add_phone(user=former, number="+12025550199", wanted=BOTH, now=NOW)
    prove(present, NOW + MINUTE)
    assert phones.has_lost_number(former, now=NOW + 2 * MINUTE)
    assert not phones.has_lost_number(present, now=NOW + 2 * MINUTE)
    assert not phones.has_lost_number(former, now=NOW + MINUTE + phones.SHOWN_FOR)
    assert [each.value for each in phones.phones_of(former)] == ["+12025550199"]
    assert preferences_for(of_member(former)).reminder_channel == Channel.SMS, "their other number stays"
    phones.add_phone(user=former, number="+12025550188", wanted=[], now=NOW + 3 * MINUTE)
    assert not phones.has_lost_number(former, now=NOW + 4 * MINUTE)


def test_number_that_comes_back_is_its_first_owners_again(former: User, present: User) -> None:
    prove(former)
    prove(present, NOW + MINUTE)
    again = prove(former, NOW + 2 * MINUTE)
    proven = ContactPoint.objects.with_value(Channel.SMS, NUMBER).verified()
    assert [point.pk for point in proven] == [again.pk]
    assert [is_given(again, purpose) for purpose in BOTH] == [True, True]
    assert phones.has_lost_number(present, now=NOW + 3 * MINUTE)


def test_proving_it_twice_ends_nothing_of_ones_own(former: User) -> None:
    first = prove(former)
    assert prove(former, NOW + DAY) == first
    first.refresh_from_db()
    assert (first.verified_at, is_given(first, Purpose.REMINDERS)) == (NOW, True)


# -- who is answered -------------------------------------------------------------------------------------------------


def texted(signup: Signup, point: ContactPoint, at: dt.datetime) -> Reminder:
    return make_reminder(
        ReminderState.ACCEPTED,
        signup=signup,
        contact_point=point,
        channel=Channel.SMS,
        kind=ReminderKind.REMINDER,
        submitted_at=at,
    )


@pytest.mark.parametrize("has_own_place", [True, False])
def test_x_by_the_present_owner_never_frees_the_former_owners_place(
    former: User, present: User, has_own_place: bool
) -> None:
    old = prove(former)
    theirs = place_of(former)
    texted(theirs, old, NOW)
    mine = place_of(present, on=dt.date(2026, 12, 1)) if has_own_place else None
    new = prove(present, NOW + MINUTE)
    # What they answer was sent to somebody else: nothing is done about either's place.
    assert write("X", NOW + 2 * MINUTE).startswith("We haven't texted you lately about a date that X could answer.")
    if mine:
        texted(mine, new, NOW + 3 * MINUTE)
        assert "Tue, Dec 1" in write("X", NOW + 4 * MINUTE)
        mine.refresh_from_db()
        assert mine.status == SignupStatus.CANCELLED
    assert "Nov 24" not in write("X", NOW + 5 * DAY)
    theirs.refresh_from_db()
    assert theirs.status == SignupStatus.CONFIRMED


def test_answer_is_about_nothing_that_was_sent_before_the_number_came_back(former: User, present: User) -> None:
    mine = place_of(former)
    texted(mine, prove(former), NOW)
    prove(present, NOW + MINUTE)
    prove(former, NOW + 2 * MINUTE)
    write("X", NOW + 3 * MINUTE)
    mine.refresh_from_db()
    assert mine.status == SignupStatus.CONFIRMED


def test_where_two_have_it_proven_the_last_one_is_who_writes(former: User, present: User) -> None:
    """As it was left by an older version."""
    theirs, mine = place_of(former), place_of(present, on=dt.date(2026, 12, 1))
    points = [
        ContactPoint.objects.create(user=user, channel=Channel.SMS, value=NUMBER, verified_at=NOW - days * DAY)
        for user, days in ((present, 5), (former, 30))
    ]
    texted(mine, points[0], NOW - MINUTE)
    texted(theirs, points[1], NOW)
    assert "Tue, Dec 1" in write("X", NOW)
    for signup, status in ((theirs, SignupStatus.CONFIRMED), (mine, SignupStatus.CANCELLED)):
        signup.refresh_from_db()
        assert signup.status == status


def test_start_gives_back_only_what_the_present_owner_consented_to(former: User, present: User) -> None:
    old = prove(former)
    write("STOP", NOW + MINUTE)
    assert "texts are on again" in write("START", NOW + 2 * MINUTE)
    write("STOP", NOW + 3 * MINUTE)
    write("START", NOW + 4 * MINUTE)
    new = prove(present, NOW + 5 * MINUTE, wanted=[Purpose.CHANGES])
    write("STOP", NOW + 6 * MINUTE)
    assert not is_given(new, Purpose.CHANGES)
    assert "texts are on again" in write("START", NOW + 7 * MINUTE)
    assert is_given(new, Purpose.CHANGES)
    assert not is_given(new, Purpose.REMINDERS)
    assert not any(is_given(old, purpose) for purpose in Purpose)


def test_nobodys_copy_holds_what_another_wrote_from_the_number(former: User, present: User) -> None:
    prove(former)
    write("I want to die", NOW + MINUTE)
    copy = tell_of_texts(sender=type(of_member(former)), person=of_member(former))
    assert [each["text"] for each in copy["texts_written"]] == ["I want to die"]
    prove(present, NOW + 2 * MINUTE)
    write("can't stop smiling", NOW + 3 * MINUTE)
    for user, said in ((former, []), (present, ["can't stop smiling"])):
        copy = tell_of_texts(sender=type(of_member(user)), person=of_member(user))
        assert [each["text"] for each in copy["texts_written"]] == said


# -- addresses -------------------------------------------------------------------------------------------------------


def test_address_that_a_member_left_and_another_proves_gets_nothing_of_the_former_owners(
    former: User, present: User
) -> None:
    left = former.email
    point = member_email(user=former, now=NOW)
    mine = make_signup(occurrence=make_occurrence(), participant=make_participant(user=former, contact_point=point))
    make_reminder(signup=mine, due_at=NOW)
    former.email = "elsewhere@example.org"
    former.save()
    follow_email(user=former, old_email=left, new_email=former.email, now=NOW)
    present.email = left
    present.save()
    EmailAddress.objects.create(user=present, email=left, verified=True, primary=True)
    theirs = member_email(user=present, now=NOW)
    told = Told()
    deliver(told, NOW)
    assert told.letters == ["elsewhere@example.org"]
    assert theirs != point
    assert not theirs.consents.exists()
