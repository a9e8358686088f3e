"""The last look before a message leaves: is all of it still true, still wanted, and still of use?

It runs in the transaction that enters `submitting`, after the row is locked, and reads everything afresh.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from django.db import DatabaseError, transaction
from django.utils.translation import gettext_noop as _

from accounts.enums import Channel
from accounts.fields import lookup_hashes
from meetings.enums import OccurrenceStatus, SignupStatus
from meetings.models import Signup
from meetings.reminders import timing
from meetings.reminders.enums import NEWS, PURPOSES, SAYS_OFF, EventKind, ReminderKind, ReminderState
from meetings.reminders.models import Reminder
from meetings.reminders.queries.people import HELD, OFF_REASONS, UNSUBSCRIBED, clock_for, quiet_of
from meetings.reminders.services import hot
from meetings.reminders.services.news import plan_news
from meetings.reminders.services.plan import CANCELLED, GIVEN_BACK, MOVED, SEALED, tell_given_back
from meetings.reminders.services.replan import replan

SUPPRESSED = _("Nothing may be sent to this address any more")
UNVERIFIED = _("The address was never confirmed")
CONFIRMED_MEANWHILE = _("Already confirmed")
TAKEN_AGAIN = _("Needed again after all")
IS_ON = _("The date is on after all")
MEETING_IS_ON = _("The meeting is on after all")
QUIET = _("Held back by quiet hours")
AFTER_ANOTHER = _("Waits for an earlier message")
WRITE_ANEW = _("Something it says has changed")
#: What has to be held for a message to be true. Who asks again is told, too, that they are on a waitlist.
_HELD_FOR: Final[Mapping[str, Collection[str]]] = {
    ReminderKind.REMINDER: (SignupStatus.CONFIRMED,),
    ReminderKind.CONFIRMATION: (SignupStatus.CONFIRMED, SignupStatus.WAITLISTED),
}
#: Until somebody is asked again who holds what this one needs; it grows while it waits for an earlier message.
_PATIENCE, _MOST_PATIENCE = dt.timedelta(seconds=5), dt.timedelta(minutes=1)
#: For so long a message waits for an earlier one of which nobody knows. Longer than a lease (deliver.LEASE): after that
#: no process of ours can be handing the earlier one over, and what its provider took it has had for minutes.
LONGEST_WAIT = dt.timedelta(minutes=3)


@dataclass(frozen=True)
class Verdict:
    """Why a message is not sent now, and what becomes of its row; `due_at` where it is only for later.

    `event` is None where its timeline says so already.
    """

    state: ReminderState
    event: EventKind | None
    reason: str
    due_at: dt.datetime | None = None


@dataclass(frozen=True)
class Facts:
    """All that the check looks at, as it is now."""

    kind: ReminderKind
    channel: str
    schedule_seq: int
    deadline_at: dt.datetime
    signup_status: str
    is_occurrence_on: bool
    occurrence_seq: int
    tz: str
    is_verified: bool
    is_suppressed: bool
    #: The newest word on what this kind of message needs a consent for; None where nothing was ever said.
    consent: bool | None
    #: An earlier message about the same place whose sending is under way or unclear.
    is_earlier_unsettled: bool
    #: The row as it was read for writing still says the same about its recipient.
    is_same_reader: bool
    #: One of the other places that it speaks for is not as it says any more.
    is_part_stale: bool = False
    #: None where the person waives them.
    quiet: timing.Quiet | None = None
    paused_until: dt.date | None = None
    #: Why its meeting does not take place, as far as this site knows, or "".
    why_off: str = ""
    #: They asked for this very one, whatever the hour.
    is_asked: bool = False


def judge(facts: Facts, *, now: dt.datetime) -> Verdict | None:
    """Return why a message with these facts must not be sent now, or None. Pure."""
    return _is_untrue(facts) or _is_unwanted(facts) or _is_untimely(facts, now)


def _is_untrue(facts: Facts) -> Verdict | None:
    if facts.kind == ReminderKind.GIVEN_BACK:
        return None if facts.signup_status == SignupStatus.CANCELLED else _skip(TAKEN_AGAIN)
    if facts.kind in (ReminderKind.OFF, ReminderKind.IN_DOUBT):
        return _is_on(facts)
    if facts.why_off and facts.kind not in SAYS_OFF:
        return _supersede(facts.why_off)
    if facts.schedule_seq != facts.occurrence_seq:
        return _supersede(MOVED if facts.is_occurrence_on else CANCELLED)
    if facts.kind in SAYS_OFF:
        if facts.is_occurrence_on:
            return _skip(IS_ON)
    elif not facts.is_occurrence_on:
        return _supersede(CANCELLED)
    if facts.signup_status == SignupStatus.CANCELLED:
        return _supersede(GIVEN_BACK)
    if facts.kind == ReminderKind.CONFIRM_REQUEST and facts.signup_status != SignupStatus.PENDING:
        return _skip(CONFIRMED_MEANWHILE)
    if facts.signup_status not in _HELD_FOR.get(facts.kind, SignupStatus.values):
        return _skip(GIVEN_BACK)
    # News about several dates names those that are still so when it is written.
    is_stale = facts.is_part_stale and facts.kind not in (ReminderKind.CHANGED, ReminderKind.REOPENED)
    return _supersede(WRITE_ANEW) if is_stale else None


def _is_on(facts: Facts) -> Verdict | None:
    """Judge a message that says that a meeting is off, or that nobody knows whether it is on."""
    is_so = facts.why_off in OFF_REASONS if facts.kind == ReminderKind.OFF else facts.why_off == HELD
    if not is_so:
        return _skip(facts.why_off or MEETING_IS_ON)
    return _supersede(GIVEN_BACK) if facts.signup_status == SignupStatus.CANCELLED else None


def _is_unwanted(facts: Facts) -> Verdict | None:
    if facts.is_suppressed:
        return _skip(SUPPRESSED)
    if facts.kind == ReminderKind.REMINDER and not facts.is_verified:
        return _skip(UNVERIFIED)
    if facts.kind in PURPOSES:
        # Asking for a place by email is asking to hear of it there; a text message needs a recorded yes.
        is_wanted = facts.consent is not False if facts.channel == Channel.EMAIL else facts.consent is True
        if not is_wanted:
            return _skip(UNSUBSCRIBED)
    return None


def _is_untimely(facts: Facts, now: dt.datetime) -> Verdict | None:
    if now >= facts.deadline_at:
        return Verdict(ReminderState.EXPIRED, EventKind.EXPIRED, timing.TOO_LATE)
    return _is_paused(facts, now) or _is_quiet(facts, now) or _is_early(facts, now)


def _is_paused(facts: Facts, now: dt.datetime) -> Verdict | None:
    if facts.paused_until is None or facts.kind not in PURPOSES:
        return None
    resumed_at = timing.day_begins(facts.paused_until, facts.tz)
    if now >= resumed_at:
        return None
    if facts.quiet and timing.is_quiet(resumed_at, facts.tz, facts.quiet):
        resumed_at = timing.quiet_after(resumed_at, facts.tz, facts.quiet)
    # A reminder has its time; news of a change is good for as long as it is news.
    is_of_use = facts.kind != ReminderKind.REMINDER and resumed_at < facts.deadline_at
    return _later(timing.PAUSED, resumed_at) if is_of_use else _skip(timing.PAUSED)


def _is_quiet(facts: Facts, now: dt.datetime) -> Verdict | None:
    if facts.quiet is None or facts.is_asked or facts.kind not in PURPOSES:
        return None
    if not timing.is_quiet(now, facts.tz, facts.quiet):
        return None
    later = timing.after_quiet(now=now, deadline_at=facts.deadline_at, tz=facts.tz, quiet=facts.quiet)
    if facts.kind == ReminderKind.REMINDER:
        return _later(QUIET, later) if later else _skip(timing.TOO_QUIET)
    # News of a change rings only where it cannot wait; an email does not ring.
    can_wait = later is not None and facts.deadline_at - later >= timing.ENOUGH_WHEN_LATER
    return _later(QUIET, later) if later and can_wait and facts.channel != Channel.EMAIL else None


def _is_early(facts: Facts, now: dt.datetime) -> Verdict | None:
    if facts.is_earlier_unsettled:
        return _later(AFTER_ANOTHER, now + _PATIENCE)
    return None if facts.is_same_reader else _later(WRITE_ANEW, now)


def check(reminder: Reminder, *, now: dt.datetime) -> Verdict | None:
    """Read the facts about a locked row, and judge them.

    Where a row that speaks for several places is not true any more, what it was to say of the others is planned anew in
    the same transaction. Whoever changed one of them does so too, but cannot see what another is changing meanwhile.
    """
    facts = _facts(reminder, _read(reminder))
    verdict = judge(facts, now=now)
    if verdict and verdict.reason == AFTER_ANOTHER and (waited := _waited(reminder, now)) is not None:
        verdict = _wait_on(facts, waited, now)
    is_untrue = verdict is not None and verdict.state in (ReminderState.SUPERSEDED, ReminderState.SKIPPED)
    if reminder.kind != ReminderKind.REMINDER:
        # News that is not wanted, or may not be sent, would only be planned again; and so would news of a meeting that
        # is off, which `meeting_news` brings back.
        is_untrue = _is_untrue(facts) is not None and not facts.why_off
    if verdict and is_untrue and _is_joined(reminder) and not _plan_anew(reminder, verdict, now):
        return _later(WRITE_ANEW, now + _PATIENCE)
    return verdict


def _waited(reminder: Reminder, now: dt.datetime) -> dt.timedelta | None:
    """Return for how long a row has waited for an earlier message, or None where it begins to."""
    if reminder.reason != AFTER_ANOTHER:
        return None
    began = reminder.events.filter(kind=EventKind.RETRY, detail=AFTER_ANOTHER).order_by("-at").first()
    return None if began is None else now - began.at


def _wait_on(facts: Facts, waited: dt.timedelta, now: dt.datetime) -> Verdict | None:
    """Return the verdict on a message that has waited for an earlier one: as long again, or all else is judged."""
    if waited >= LONGEST_WAIT:
        return judge(replace(facts, is_earlier_unsettled=False), now=now)
    pause = min(max(waited, _PATIENCE), _MOST_PATIENCE, LONGEST_WAIT - waited)
    return Verdict(ReminderState.PLANNED, None, AFTER_ANOTHER, now + pause)


def _plan_anew(reminder: Reminder, verdict: Verdict, now: dt.datetime) -> bool:
    """Plan what a row that is not sent was to say of other places. Returns False where somebody else holds them."""
    try:
        with transaction.atomic():
            # As unsent as it is, it counts for what is still owed.
            Reminder.objects.filter(pk=reminder.pk).update(
                state=ReminderState.PLANNED, claim_token=None, lease_until=None
            )
            people = [reminder.signup.participant_id]
            if reminder.kind in NEWS:
                dates = [reminder.signup.occurrence_id, *(part.signup.occurrence_id for part in reminder.parts.all())]
                plan_news(occurrences=dates, participants=people, why=verdict.reason, is_waiting=False, now=now)
            if reminder.kind == ReminderKind.GIVEN_BACK:
                others = Signup.objects.filter(reminder_parts__reminder=reminder, status=SignupStatus.CANCELLED)
                if still := list(others.select_related("occurrence", "participant").defer(*SEALED)):
                    tell_given_back(signups=still, now=now)
            replan(participants=people, why=verdict.reason, is_waiting=False, now=now)
    except DatabaseError:
        # Beginning never waits: what another holds is being changed, and may be changed back.
        return False
    return True


def _read(reminder: Reminder) -> hot.Reading:
    return hot.read(
        pk=reminder.pk,
        hashes=lookup_hashes(reminder.contact_point.value),
        purpose=PURPOSES.get(ReminderKind(reminder.kind), ""),
        is_joined=_is_joined(reminder),
    )


def _is_joined(reminder: Reminder) -> bool:
    """Return whether a row speaks for other places as well; queries.to_send has read its parts."""
    return bool(reminder.parts.all())


def _facts(reminder: Reminder, read: hot.Reading) -> Facts:
    participant, meeting = reminder.signup.participant, reminder.signup.occurrence.meeting
    reader = (participant.tz, participant.language, participant.hour_cycle, reminder.wording)
    return Facts(
        kind=ReminderKind(reminder.kind),
        channel=reminder.channel,
        schedule_seq=reminder.schedule_seq,
        deadline_at=reminder.deadline_at,
        signup_status=read.signup_status,
        is_occurrence_on=read.occurrence_status == OccurrenceStatus.SCHEDULED,
        occurrence_seq=read.occurrence_seq,
        # A zone that has changed since the row was read is one that somebody has said.
        tz=clock_for(participant, meeting) if read.tz == participant.tz else read.tz,
        is_verified=read.is_verified,
        is_suppressed=read.is_suppressed,
        consent=read.consent,
        is_earlier_unsettled=read.is_earlier_unsettled,
        is_same_reader=(read.tz, read.language, read.hour_cycle, read.preferences.wording) == reader,
        is_part_stale=read.is_part_stale,
        why_off=read.why_off,
        quiet=quiet_of(read.preferences),
        paused_until=read.preferences.paused_until,
        is_asked=reminder.is_asked,
    )


def _skip(reason: str) -> Verdict:
    return Verdict(ReminderState.SKIPPED, EventKind.SKIPPED, reason)


def _supersede(reason: str) -> Verdict:
    return Verdict(ReminderState.SUPERSEDED, EventKind.SUPERSEDED, reason)


def _later(reason: str, due_at: dt.datetime) -> Verdict:
    return Verdict(ReminderState.PLANNED, EventKind.RETRY, reason, due_at)
