"""Which reminders one person gets, and when, and which not, and why. Pure: what is known in, a plan out.

Each place has its leads; the person's quiet hours and pause move or stop them; what falls close together becomes one
message; and nobody gets more than three a day, but for what they ask for by hand.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from django.utils.translation import gettext_noop as _

from accounts.enums import Lead
from meetings.reminders import timing
from support import clock

#: Dates of one person that start so close together are one outing, and one message.
TOGETHER_WITHIN: Final = dt.timedelta(hours=3)
#: Reminders a person gets on one day of their own calendar at the most, unless they ask for one more by hand.
MOST_A_DAY: Final = 3
#: Who takes a place too late for all of their leads is reminded once, so long before.
LATE_LEAD: Final = Lead.TWO_HOURS.value

LATE = _("Too late for the earlier reminders, so this one instead")
ASKED = _("You asked for this one")
TOGETHER = _("One message for several dates close together")
CAPPED = _("Joined with another one: never more than three reminders a day")
FULL_DAY = _("There were three reminders that day already")


@dataclass(frozen=True, slots=True)
class Place:
    """A certain place in one date, as far as reminding of it goes."""

    signup: int
    starts_at: dt.datetime
    #: Keys of accounts.enums.Lead.
    leads: tuple[str, ...]
    #: A place kept for somebody: one reminder at least is worth it.
    is_booked: bool = False
    #: Leads that are answered: sent, or in a gateway's hands.
    told: frozenset[str] = frozenset()
    #: Leads that are planned and not sent: owed, even where their time has come since.
    owed: frozenset[str] = frozenset()
    #: Leads that were asked for by hand, whatever the hour, and are not sent yet; they need not be among `leads`.
    asked: frozenset[str] = frozenset()
    #: Whose clock its leads and quiet hours go by (timing.whose_clock); "" for the calendar of the person.
    tz: str = ""


@dataclass(frozen=True, slots=True)
class Habits:
    """How one person wants to be reminded."""

    #: Whose calendar says what a day is.
    tz: str
    #: None where they would rather be woken.
    quiet: timing.Quiet | None
    paused_until: dt.date | None = None
    #: Why they get no reminders at all, or "".
    refusal: str = ""


@dataclass(slots=True)
class Message:
    """One reminder to come: when, for which leads of which places (the first to start first), and why then."""

    due_at: dt.datetime
    wishes: list[tuple[Place, str]]
    reason: str = ""
    is_by_email: bool = False
    #: Asked for by hand: quiet hours do not hold it back, and it speaks for its own place alone.
    is_asked: bool = False

    @property
    def deadline_at(self) -> dt.datetime:
        return min(timing.reminder_deadline(place.starts_at) for place, _lead in self.wishes)

    def join(self, other: Message, reason: str) -> None:
        """Speak for what another message was to say as well."""
        self.wishes = sorted([*self.wishes, *other.wishes], key=_order)
        self.reason = reason


def _order(wish: tuple[Place, str]) -> tuple[dt.datetime, int, str]:
    """Return what puts the first date first, and ties always the same way."""
    place, lead = wish
    return place.starts_at, place.signup, lead


@dataclass(frozen=True, slots=True)
class Omission:
    """A reminder that there will not be, and why."""

    place: Place
    lead: str
    reason: str


@dataclass(slots=True)
class Agenda:
    """What a person gets, by time; and what not."""

    messages: list[Message] = field(default_factory=list)
    omissions: list[Omission] = field(default_factory=list)


def draw_up(places: Iterable[Place], habits: Habits, *, sent_today: int = 0, now: dt.datetime) -> Agenda:
    """Return what a person gets for `places`, where `sent_today` reminders went out already on their day."""
    agenda = Agenda()
    places = list(places)
    asked = [message for place in places for message in _asked(place, habits, agenda, now)]
    singles = [message for place in places for message in _wishes(place, habits, agenda, now)]
    together = _same_moment(_close_together(singles))
    # What was asked for counts as one of the day, and is never what is left out.
    taken = Counter(clock.to_wall(message.due_at, habits.tz).date() for message in asked)
    taken[clock.to_wall(now, habits.tz).date()] += sent_today
    agenda.messages = [*asked, *_few_a_day(together, habits, agenda, taken)]
    return agenda


def _asked(place: Place, habits: Habits, agenda: Agenda, now: dt.datetime) -> Iterator[Message]:
    """Yield a message for each lead of one place that was asked for by hand."""
    if timing.reminder_deadline(place.starts_at) <= now:
        return
    for lead in sorted(place.asked - place.told):
        due_at = max(now, timing.wanted_at(lead, starts_at=place.starts_at, tz=clock_of(place, habits)))
        refusal = habits.refusal or (timing.PAUSED if _is_paused(due_at, place, habits) else "")
        if due_at >= timing.reminder_deadline(place.starts_at):
            # The date has moved to before that time of day.
            refusal = refusal or timing.TOO_LATE
        if refusal:
            agenda.omissions.append(Omission(place, lead, refusal))
        else:
            yield Message(due_at, [(place, lead)], ASKED, is_asked=True)


def clock_of(place: Place, habits: Habits) -> str:
    """Return the zone that the reminders of a place go by."""
    return place.tz or habits.tz


def _is_paused(instant: dt.datetime, place: Place, habits: Habits) -> bool:
    paused_until = habits.paused_until
    return paused_until is not None and instant < timing.day_begins(paused_until, clock_of(place, habits))


def _wishes(place: Place, habits: Habits, agenda: Agenda, now: dt.datetime) -> list[Message]:
    """Return a message for each lead of one place that can still be answered."""
    if timing.reminder_deadline(place.starts_at) <= now:
        return []
    answered = place.told | place.asked
    found = [
        message
        for lead in place.leads
        if lead not in answered and (message := _wish(place, lead, habits, agenda, now)) is not None
    ]
    is_left_out = place.is_booked and place.leads and not answered and not found and not habits.refusal
    if is_left_out and LATE_LEAD not in place.leads:
        late = _wish(place, LATE_LEAD, habits, agenda, now)
        if late is not None:
            late.reason = late.reason or LATE
            found = [late]
    return found


def _wish(place: Place, lead: str, habits: Habits, agenda: Agenda, now: dt.datetime) -> Message | None:
    if habits.refusal:
        agenda.omissions.append(Omission(place, lead, habits.refusal))
        return None
    tz = clock_of(place, habits)
    due = timing.due_time(
        lead,
        starts_at=place.starts_at,
        tz=tz,
        quiet=habits.quiet,
        now=now,
        paused_until=timing.day_begins(habits.paused_until, tz) if habits.paused_until else None,
        is_owed=lead in place.owed,
    )
    if due.at is None:
        agenda.omissions.append(Omission(place, lead, due.reason))
        return None
    return Message(due.at, [(place, lead)], due.reason, due.is_by_email)


def _close_together(singles: Sequence[Message]) -> list[Message]:
    """Join the messages of one lead about dates that start within three hours; the earliest sets the time."""
    if len(singles) < 2:
        return list(singles)
    joined: list[Message] = []
    anchors: dict[str, tuple[dt.datetime, Message]] = {}
    for message in sorted(singles, key=lambda each: (each.wishes[0][0].starts_at, each.due_at)):
        place, lead = message.wishes[0]
        anchor = anchors.get(lead)
        if anchor and place.starts_at - anchor[0] <= TOGETHER_WITHIN:
            first = anchor[1]
            if message.due_at < first.due_at:
                # Quiet hours turned their order round.
                first.due_at, first.is_by_email = message.due_at, message.is_by_email
            first.join(message, first.reason or TOGETHER)
        else:
            anchors[lead] = (place.starts_at, message)
            joined.append(message)
    return joined


def _same_moment(messages: Sequence[Message]) -> list[Message]:
    """Join what would go out at one and the same moment."""
    by_moment: dict[dt.datetime, Message] = {}
    for message in sorted(messages, key=lambda each: each.due_at):
        first = by_moment.setdefault(message.due_at, message)
        if first is not message:
            first.join(message, first.reason or message.reason or TOGETHER)
            first.is_by_email = first.is_by_email and message.is_by_email
    return list(by_moment.values())


def _few_a_day(messages: Sequence[Message], habits: Habits, agenda: Agenda, taken: Counter[dt.date]) -> list[Message]:
    """Keep three a day, with the `taken`: what is over goes into an earlier one of that day, or the next in time."""
    if len(messages) + taken.total() <= MOST_A_DAY:
        return list(messages)
    days: dict[dt.date, list[Message]] = defaultdict(list)
    for message in messages:
        days[clock.to_wall(message.due_at, habits.tz).date()].append(message)
    kept: list[Message] = []
    surplus: list[Message] = []
    for day in sorted(days):
        room = max(0, MOST_A_DAY - taken[day])
        chosen = _spread(days[day], room)
        for message in days[day]:
            if message in chosen:
                continue
            earlier = [each for each in chosen if each.due_at <= message.due_at]
            if earlier:
                earlier[-1].join(message, CAPPED)
            else:
                surplus.append(message)
        kept += chosen
    for message in surplus:
        # What was to go together may not be able to wait equally long.
        for place, lead in message.wishes:
            deadline_at = timing.reminder_deadline(place.starts_at)
            later = next((each for each in kept if message.due_at < each.due_at < deadline_at), None)
            if later:
                later.join(Message(later.due_at, [(place, lead)]), CAPPED)
            else:
                agenda.omissions.append(Omission(place, lead, FULL_DAY))
    return kept


def _spread(messages: list[Message], room: int) -> list[Message]:
    """Return `room` messages of a day: the first, and those with which the others go out the least early."""
    if room == 0:
        return []
    if len(messages) <= room:
        return messages
    first, rest = messages[0], messages[1:]

    def shifted(chosen: tuple[Message, ...]) -> dt.timedelta:
        times = [first.due_at, *(each.due_at for each in chosen)]
        return sum((each.due_at - max(at for at in times if at <= each.due_at) for each in rest), dt.timedelta())

    return [first, *min(combinations(rest, room - 1), key=shifted)]
