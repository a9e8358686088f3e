"""What is known of people before their reminders are planned: for a thousand at a time, in a handful of queries."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import F, Q
from django.utils.translation import gettext_noop as _

from accounts.enums import Channel, Purpose
from accounts.models import Preferences
from accounts.queries import kept_preferences, newest_words
from meetings.enums import MeetingState, OccurrenceStatus, SignupStatus, VenueType, keeps_places, meeting_state
from meetings.models import Meeting, Participant, Signup
from meetings.reminders import timing
from meetings.reminders.agenda import Agenda, Habits, Place, draw_up
from meetings.reminders.enums import (
    BY_EMAIL_INSTEAD,
    NEVER_SENT,
    ONCE_MORE,
    UNSENT,
    ReminderKind,
    ReminderState,
)
from meetings.reminders.models import Reminder, ReminderPart
from meetings.reminders.queries.addresses import Address, Wish, resolve
from meetings.reminders.spoilt import in_halves
from meetings.reminders.timing import whose_clock
from support import clock

UNSUBSCRIBED = _("No longer wanted")
STOPPED = _("Stopped by staff")
CLOSED = _("The meeting is closed for now")
NOT_LISTED = _("The meeting is no longer listed")
#: Its reminders wait until somebody has said whether it goes on.
HELD = _("Nobody knows yet whether the meeting is on")
OFF_REASONS = (CLOSED, NOT_LISTED)
#: What was sent so long ago is of another day in every zone.
_LOOKING_BACK = dt.timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Part:
    """A place, and a lead, that a reminder speaks for."""

    signup: int
    lead: str
    seq: int


@dataclass(slots=True)
class Row:
    """A reminder there is or was, as far as planning goes."""

    pk: int
    main: Part
    contact_point: int
    channel: str
    state: str
    reason: str
    due_at: dt.datetime
    attempt: int
    created_at: dt.datetime
    submitted_at: dt.datetime | None
    #: It says by email, or once more, what did not arrive. The plan has no say in it, and counts on it.
    is_follow_up: bool = False
    is_asked: bool = False
    parts: set[Part] = field(default_factory=set)

    @property
    def is_unsent(self) -> bool:
        return self.state in UNSENT and not self.is_follow_up

    @property
    def is_held(self) -> bool:
        """Whether it was held back until somebody says whether the meeting is on: owed as soon as that is said."""
        return self.state == ReminderState.SUPERSEDED and self.reason == HELD

    @property
    def is_put_aside(self) -> bool:
        """Whether it was taken back for no other reason than that its meeting was not on, as far as was known."""
        return self.state == ReminderState.SUPERSEDED and self.reason in (HELD, *OFF_REASONS)

    @property
    def is_answer(self) -> bool:
        """Whether what it was to say is said, or must not be: what staff stopped stays stopped."""
        if self.state == ReminderState.SKIPPED:
            return self.reason == STOPPED
        return not self.is_unsent and self.state not in NEVER_SENT


@dataclass(slots=True)
class Known:
    """All that the planning of one participant's reminders looks at."""

    participant: int
    habits: Habits
    #: Where reminders go, and where they go when they must not ring.
    address: Address
    own: Address
    places: list[Place] = field(default_factory=list)
    #: By signup: the date's `schedule_seq`, and when the place was taken.
    seqs: dict[int, int] = field(default_factory=dict)
    taken: dict[int, dt.datetime] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    sent_today: int = 0
    #: They could not be planned for, the last time.
    is_aside: bool = False

    def ask(self, wishes: Mapping[int, str]) -> None:
        """Add reminders that are asked for by hand: a lead by signup. Those of other people are left alone."""
        self.places = [
            replace(place, asked=place.asked | {wishes[place.signup]}) if place.signup in wishes else place
            for place in self.places
        ]

    def agenda(self, now: dt.datetime) -> Agenda:
        return draw_up(self.places, self.habits, sent_today=self.sent_today, now=now)


@dataclass(frozen=True, slots=True)
class _Signup:
    pk: int
    participant: int
    is_on: bool
    starts_at: dt.datetime
    seq: int
    taken_at: dt.datetime
    is_booked: bool
    is_online: bool
    #: The zone of the room, None where there is none.
    room_tz: str | None


def why_off(*, is_published: bool, is_closed: bool, is_missing: bool) -> str:
    """Return why nothing that promises a meeting is sent, or "" where it is on; see `enums.meeting_state`."""
    state = meeting_state(is_published=is_published, is_closed=is_closed, is_missing=is_missing)
    if state is MeetingState.OFF:
        return CLOSED if is_closed else NOT_LISTED
    return HELD if state is MeetingState.IN_DOUBT else ""


def known_people(participants: Sequence[int], *, now: dt.datetime) -> list[Known]:
    """Return what is known of `participants` (ids, a thousand or so), in the order of their ids."""
    rows = Participant.objects.filter(pk__in=participants).order_by("pk")
    fields = ("pk", "user_id", "contact_point_id", "contact_point__channel", "tz", "has_own_zone", "put_aside")
    people = list(rows.values_list(*fields))
    kept = kept_preferences({point: user for _pk, user, point, *_rest in people})
    wanted = [kept.get(point, _DEFAULTS) for _pk, _user, point, *_rest in people]
    addresses = resolve(
        [
            Wish(user, preferences.reminder_channel, Address(point, channel))
            for (_pk, user, point, channel, *_rest), preferences in zip(people, wanted, strict=True)
        ],
        purpose=Purpose.REMINDERS,
    )
    words = newest_words([address.contact_point for address in addresses], Purpose.REMINDERS)
    signups: dict[int, list[_Signup]] = defaultdict(list)
    for signup in _signups(participants, now):
        signups[signup.participant].append(signup)
    reminders = _reminders([each.pk for mine in signups.values() for each in mine], now)
    found = []
    for (pk, _user, point, channel, tz, has_own_zone, aside), preferences, address in zip(
        people, wanted, addresses, strict=True
    ):
        word = words.get(address.contact_point)
        # Asking for a place by email is asking to hear of it there; all else needs a recorded yes.
        is_wanted = word is not False if address.channel == Channel.EMAIL else word is True
        mine = signups.get(pk, ())
        clocks = {each.pk: whose_clock(tz, has_own_zone=has_own_zone, room_tz=each.room_tz) for each in mine}
        calendar = tz if has_own_zone else _calendar(mine, clocks) or tz
        known = Known(pk, _habits(preferences, calendar, is_wanted), address, Address(point, channel))
        known.is_aside = aside is not None
        _fill(known, mine, preferences, reminders, clocks, now)
        found.append(known)
    return found


_DEFAULTS = Preferences()


def _habits(preferences: Preferences, tz: str, is_wanted: bool) -> Habits:
    return Habits(
        tz=tz,
        quiet=quiet_of(preferences),
        paused_until=preferences.paused_until,
        refusal="" if is_wanted else UNSUBSCRIBED,
    )


def plannable(participants: Sequence[int], *, now: dt.datetime) -> tuple[list[Known], list[int]]:
    """Return what is known of those of `participants` (ids) who can be planned for, and the ids of the others.

    For pages and messages: none fails where planning would put somebody aside.
    """
    found: list[Known] = []
    others: list[int] = []

    def look(some: Sequence[int]) -> None:
        people = known_people(some, now=now)
        for known in people:
            known.agenda(now)
        found.extend(people)

    in_halves(participants, look, spoilt=lambda participant, _error: others.append(participant))
    return found, others


def clock_for(participant: Participant, meeting: Meeting) -> str:
    """Return the zone that a participant's reminders of a meeting go by."""
    room_tz = meeting.tz if meeting.is_in_person else None
    return whose_clock(participant.tz, has_own_zone=participant.has_own_zone, room_tz=room_tz)


def calendar_of(participant: Participant, *, now: dt.datetime) -> str:
    """Return the zone of the calendar by which a participant's days are counted: their own, or their next date's."""
    if participant.has_own_zone:
        return participant.tz
    found, _others = plannable([participant.pk], now=now)
    return found[0].habits.tz if found else participant.tz


def _calendar(signups: Sequence[_Signup], clocks: Mapping[int, str]) -> str:
    """Return whose calendar counts the days of somebody who never said a zone: that of their next date; "" for none."""
    coming = [each for each in signups if each.is_on]
    return clocks[min(coming, key=lambda each: (each.starts_at, each.pk)).pk] if coming else ""


def quiet_of(preferences: Preferences) -> timing.Quiet | None:
    """Return a person's quiet hours, or None where they waive them."""
    return None if preferences.ignores_quiet else timing.Quiet(preferences.quiet_from, preferences.quiet_until)


def _signups(participants: Sequence[int], now: dt.datetime) -> Iterator[_Signup]:
    lately = Signup.objects.filter(participant__in=participants, occurrence__starts_at__gt=now - _LOOKING_BACK)
    fields = (
        "pk", "participant_id", "status", "created_at", "confirmed_at", "cancelled_at", "occurrence__status",
        "occurrence__starts_at", "occurrence__schedule_seq", "occurrence__meeting__signup_policy",
        "occurrence__meeting__kind", "occurrence__meeting__venue_type", "occurrence__meeting__tz",
        "occurrence__meeting__is_published", "occurrence__meeting__is_temporarily_closed",
    )  # fmt: skip
    for row in lately.order_by("pk").values_list(*fields):
        pk, participant, status, created, confirmed, cancelled, is_on, starts_at, seq, policy, kind, venue, *more = row
        tz, *shown = more
        yield _Signup(
            pk=pk,
            participant=participant,
            is_on=status == SignupStatus.CONFIRMED
            and is_on == OccurrenceStatus.SCHEDULED
            and starts_at > now
            and shown == [True, False],
            starts_at=starts_at,
            seq=seq,
            taken_at=max(filter(None, (created, confirmed, cancelled))),
            is_booked=keeps_places(policy, kind),
            is_online=venue == VenueType.ONLINE,
            room_tz=None if venue == VenueType.ONLINE else tz,
        )


def _reminders(signups: Collection[int], now: dt.datetime) -> dict[int, list[Row]]:
    """Return the reminders about signups, by signup."""
    found: dict[int, list[Row]] = defaultdict(list)
    by_pk: dict[int, Row] = {}
    # What was said of another time counts no more, but for how many there were today.
    counts = (
        Q(schedule_seq=F("signup__occurrence__schedule_seq"))
        | Q(state__in=UNSENT)
        | Q(submitted_at__gt=now - _LOOKING_BACK)
    )
    reminders = Reminder.objects.filter(counts, signup__in=signups, kind=ReminderKind.REMINDER).order_by("pk")
    fields = (
        "pk", "signup_id", "lead_key", "schedule_seq", "contact_point_id", "channel", "state", "reason", "due_at",
        "attempt", "created_at", "submitted_at", "dedupe_key", "is_asked",
    )  # fmt: skip
    for row in reminders.values_list(*fields):
        (
            pk,
            signup,
            lead,
            seq,
            point,
            channel,
            state,
            reason,
            due_at,
            attempt,
            created_at,
            submitted_at,
            key,
            is_asked,
        ) = row
        main = Part(signup, lead, seq)
        is_follow_up = key.endswith((BY_EMAIL_INSTEAD, ONCE_MORE))
        by_pk[pk] = Row(
            pk, main, point, channel, state, reason, due_at, attempt, created_at, submitted_at, is_follow_up, is_asked
        )
        found[signup].append(by_pk[pk])
    parts = ReminderPart.objects.filter(reminder__signup__in=signups)
    for reminder, signup, lead, seq in parts.values_list("reminder_id", "signup_id", "lead_key", "schedule_seq"):
        if reminder in by_pk:
            by_pk[reminder].parts.add(Part(signup, lead, seq))
    return found


def _fill(
    known: Known,
    signups: Sequence[_Signup],
    preferences: Preferences,
    reminders: dict[int, list[Row]],
    clocks: Mapping[int, str],
    now: dt.datetime,
) -> None:
    told: dict[int, set[str]] = defaultdict(set)
    owed: dict[int, set[str]] = defaultdict(set)
    asked: dict[int, set[str]] = defaultdict(set)
    known.seqs = {each.pk: each.seq for each in signups}
    known.taken = {each.pk: each.taken_at for each in signups}
    known.rows = [row for each in signups for row in reminders.get(each.pk, ())]
    leads = {each.pk: leads_for(preferences, is_booked=each.is_booked, is_online=each.is_online) for each in signups}
    today = clock.to_wall(now, known.habits.tz).date() if known.rows else None
    for row in known.rows:
        if row.is_asked and (row.is_unsent or row.is_put_aside) and _still_asked(row, known, leads):
            asked[row.main.signup].add(row.main.lead)
        for part in (row.main, *row.parts):
            is_about_now = part.seq == known.seqs.get(part.signup) and row.created_at >= known.taken[part.signup]
            if is_about_now and (row.is_unsent or row.is_held):
                owed[part.signup].add(part.lead)
            elif is_about_now and row.is_answer:
                told[part.signup].add(part.lead)
        if row.submitted_at and row.state not in NEVER_SENT and not row.is_unsent:
            known.sent_today += clock.to_wall(row.submitted_at, known.habits.tz).date() == today
    for each in signups:
        if each.is_on:
            known.places.append(
                Place(
                    signup=each.pk,
                    starts_at=each.starts_at,
                    leads=leads[each.pk],
                    is_booked=each.is_booked,
                    told=frozenset(told.get(each.pk, ())),
                    owed=frozenset(owed.get(each.pk, ())),
                    asked=frozenset(asked.get(each.pk, ())),
                    tz=clocks[each.pk],
                )
            )


def _still_asked(row: Row, known: Known, leads: Mapping[int, tuple[str, ...]]) -> bool:
    """Return whether what was asked for by hand is wanted yet.

    Where the date has moved since, it is if it was at one of their usual times; what made up for these is not: the new
    time has its own.
    """
    signup, lead, seq = row.main.signup, row.main.lead, row.main.seq
    is_about_now = seq == known.seqs.get(signup)
    return row.created_at >= known.taken[signup] and (is_about_now or lead in leads[signup])


def leads_for(preferences: Preferences, *, is_booked: bool, is_online: bool) -> tuple[str, ...]:
    """Return the leads of a place: those of a booked one, in a room or online, or of a meeting where one just comes."""
    return tuple(getattr(preferences, times_of(is_booked=is_booked, is_online=is_online)))


def times_of(*, is_booked: bool, is_online: bool) -> str:
    """Return the field of `Preferences` that says when a place is reminded of."""
    if not is_booked:
        return "drop_in_leads"
    return "online_leads" if is_online else "booked_leads"


def times_of_meeting(meeting: Meeting) -> str:
    """Return the field of `Preferences` that says when places in a meeting are reminded of."""
    return times_of(is_booked=meeting.keeps_places, is_online=meeting.venue_type == VenueType.ONLINE)
