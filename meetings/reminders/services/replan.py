"""Planning people's reminders anew: what they will get is brought in line with what holds now.

All of one person's places are looked at together, since one message may speak for several, and a day holds no more
than three. What is planned already and still right stays; what is not sent and not right any more is superseded.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_noop as _

from accounts.enums import Channel
from accounts.person import Person
from meetings.models import Participant, Signup
from meetings.reminders import timing
from meetings.reminders.agenda import FULL_DAY, Message, Omission, clock_of
from meetings.reminders.enums import UNSENT, EventKind, Lane, ReminderKind, ReminderState
from meetings.reminders.models import DeliveryEvent, PutAside, Reminder, ReminderPart
from meetings.reminders.queries.addresses import Address
from meetings.reminders.queries.people import UNSUBSCRIBED, Known, Part, Row, known_people
from meetings.reminders.services import aside
from meetings.reminders.spoilt import in_halves
from support.bulk import insert_new
from support.messaging.letter import message_id

#: People planned for at once: bounds the memory, and the length of a statement.
CHUNK = 1000
#: What goes out so close before the start goes before what has time.
_SOON = dt.timedelta(hours=3)

#: How often what was read may turn out to be overtaken while it is being written.
_LOOKS = 5
#: Who is put aside is tried again so long after, besides whenever something changes for them.
_TRY_AGAIN_AFTER = dt.timedelta(minutes=15)

TRIED_AGAIN = _("They can be planned for again")
WISHES = _("Wishes about messages changed")
READER = _("Time zone, language or clock changed")
JOINED = _("They have an account now, and hear of it there")
INSTEAD = _("By email, since nothing else is confirmed")
#: Why there is no reminder, where that is worth a line in the person's timeline: a lead that was past is not.
_WORTH_TELLING = (timing.PAUSED, FULL_DAY, UNSUBSCRIBED, timing.TOO_QUIET)


@transaction.atomic
def replan(
    *,
    participants: Iterable[int],
    why: str,
    now: dt.datetime,
    is_waiting: bool = True,
    asked: Mapping[int, str] | None = None,
) -> None:
    """Bring the reminders of `participants` (ids) in line with what holds now; `why` is said of what is superseded.

    Whoever cannot be planned for is put aside (services.aside) and hinders nobody else. `asked` are reminders asked for
    by hand, a lead by signup (id). Planning twice changes nothing. Raises DatabaseError where a row is held by
    somebody else and not `is_waiting`.
    """
    # In the order of their ids, as everywhere: two who lock the same rows never wait for each other.
    ids = iter(sorted(set(participants)))
    while chunk := list(islice(ids, CHUNK)):
        lock_unsent(chunk, is_waiting=is_waiting)
        in_halves(
            chunk,
            lambda some: _bring_in_line(some, why, asked or {}, now),
            spoilt=lambda participant, error: aside.put_aside(participant, error, now=now),
        )


def _bring_in_line(participants: Sequence[int], why: str, asked: Mapping[int, str], now: dt.datetime) -> None:
    """Look, and write what follows; look again where somebody else was faster than the writing.

    `lock_unsent` holds the rows that it sees. One that another planner wrote meanwhile may be on its way to a gateway
    before this one writes; and where there was no row yet, two may write the same. Neither is found out by waiting for
    people's own locks: whoever moves a date holds that date, which others take after the people's.
    """
    for _look in range(_LOOKS):
        changes = _Changes(why, now)
        people = known_people(participants, now=now)
        for known in people:
            known.ask(asked)
            changes.compare(known)
        if changes.write():
            break
    back = [known.participant for known in people if known.is_aside]
    if back:
        aside.take_back_in(back)


@transaction.atomic
def try_again(*, now: dt.datetime) -> int:
    """Plan anew for those who were put aside and not tried lately. Returns how many were tried."""
    waiting = PutAside.objects.to_try_again(before=now - _TRY_AGAIN_AFTER)
    chunk = list(waiting.values_list("participant_id", flat=True)[:CHUNK])
    if chunk:
        replan(participants=chunk, why=TRIED_AGAIN, now=now)
    return len(chunk)


@transaction.atomic
def replan_person(*, person: Person, why: str, now: dt.datetime) -> None:
    """Plan anew for all that one person takes part in, as a member or as a guest."""
    mine = Q(contact_point__in=person.contact_points)
    if person.user is not None:
        mine |= Q(user=person.user)
    # Whoever signs up waits for this lock as well, so that the two see each other.
    locked = Participant.objects.select_for_update(no_key=True, of=("self",)).filter(mine).order_by("pk")
    replan(participants=list(locked.values_list("pk", flat=True)), why=why, now=now)


def replan_everyone(*, why: str, now: dt.datetime) -> int:
    """Plan anew for everyone who has a place still to come, a transaction for each thousand. Returns how many."""
    coming = Signup.objects.confirmed().filter(occurrence__starts_at__gt=now)
    total, last = 0, 0
    while True:
        more = coming.filter(participant__gt=last).order_by("participant_id")
        chunk = list(more.values_list("participant_id", flat=True).distinct()[:CHUNK])
        if not chunk:
            return total
        with transaction.atomic():
            replan(participants=chunk, why=why, now=now)
        total, last = total + len(chunk), chunk[-1]


def lock_unsent(participants: Collection[int], *, is_waiting: bool = True) -> None:
    """Make deliverers leave these people's reminders alone, and wait for what is being begun this moment.

    Always all of a person's and person by person, so that no two who plan anew stand in each other's way.
    """
    unsent = Reminder.objects.filter(
        signup__participant__in=participants, kind=ReminderKind.REMINDER, state__in=UNSENT
    ).order_by("signup__participant_id", "pk")
    list(unsent.select_for_update(of=("self",), nowait=not is_waiting).values_list("pk", flat=True))


@dataclass(slots=True)
class _Changes:
    """What has to be written so that rows say what people are to get."""

    why: str
    now: dt.datetime
    superseded: list[int] = field(default_factory=list)
    new: list[Reminder] = field(default_factory=list)
    parts: dict[uuid.UUID, list[Part]] = field(default_factory=dict)
    reasons: dict[uuid.UUID, str] = field(default_factory=dict)

    def compare(self, known: Known) -> None:
        """Note the difference between a person's rows and their agenda."""
        plan = known.agenda(self.now)
        unsent: dict[Part, list[Row]] = defaultdict(list)
        for row in known.rows:
            if row.is_unsent:
                unsent[row.main].append(row)
        earlier = Counter((row.main, row.contact_point) for row in known.rows)
        for message in plan.messages:
            address = _address(message, known)
            main, parts = _speaks_for(message, known)
            same = next((row for row in unsent[main] if self._says(row, main, parts, address, message)), None)
            if same is not None:
                unsent[main].remove(same)
            else:
                self._add(message, known, address, main, parts, earlier[main, address.contact_point])
        for omission in plan.omissions:
            if omission.reason in _WORTH_TELLING:
                self._leave_out(omission, known, earlier)
        self.superseded += sorted(row.pk for rows in unsent.values() for row in rows)

    def _says(self, row: Row, main: Part, parts: set[Part], address: Address, message: Message) -> bool:
        is_same = (row.main, row.parts, row.contact_point, row.is_asked) == (
            main, parts, address.contact_point, message.is_asked,
        )  # fmt: skip
        # What is being tried again keeps its own time.
        is_in_time = row.due_at == message.due_at or row.attempt > 0 or max(row.due_at, message.due_at) <= self.now
        return is_same and is_in_time

    def _add(self, message: Message, known: Known, address: Address, main: Part, parts: set[Part], again: int) -> None:
        row = _row(main, known, address, again=again, now=self.now)
        row.due_at, row.deadline_at, row.is_asked = message.due_at, message.deadline_at, message.is_asked
        # The deadline is ten minutes before the first start.
        row.lane = Lane.SOON if message.deadline_at - message.due_at <= _SOON else Lane.LATER
        self.new.append(row)
        if parts:
            self.parts[row.public_id] = sorted(parts, key=lambda part: (part.signup, part.lead))
        reason = message.reason or (INSTEAD if address.is_instead else "")
        if reason:
            self.reasons[row.public_id] = reason

    def _leave_out(self, omission: Omission, known: Known, earlier: Counter[tuple[Part, int]]) -> None:
        main = Part(omission.place.signup, omission.lead, known.seqs[omission.place.signup])
        told = {(row.main, row.reason) for row in known.rows if row.state == ReminderState.SKIPPED}
        if (main, omission.reason) in told:
            return
        address = known.address
        row = _row(main, known, address, again=earlier[main, address.contact_point], now=self.now)
        row.state, row.reason, row.settled_at = ReminderState.SKIPPED, omission.reason, self.now
        place = omission.place
        tz = clock_of(place, known.habits)
        row.due_at = timing.wanted_at(omission.lead, starts_at=place.starts_at, tz=tz)
        row.deadline_at = timing.reminder_deadline(place.starts_at)
        self.new.append(row)

    def write(self) -> bool:
        """Write it. Returns False where a row is not any more, or already, what it was when it was looked at."""
        if self.superseded:
            count = Reminder.objects.filter(pk__in=self.superseded, state__in=UNSENT).update(
                state=ReminderState.SUPERSEDED,
                reason=self.why,
                claim_token=None,
                lease_until=None,
                settled_at=self.now,
            )
            if count < len(self.superseded):
                return False
        insert_new(self.new)
        remarkable = self.parts.keys() | self.reasons.keys()
        if not remarkable:
            return True
        written = dict(Reminder.objects.filter(public_id__in=remarkable).values_list("public_id", "pk"))
        insert_new(
            ReminderPart(reminder_id=written[row], signup_id=part.signup, lead_key=part.lead, schedule_seq=part.seq)
            for row, parts in self.parts.items()
            if row in written
            for part in parts
        )
        insert_new(
            DeliveryEvent(reminder_id=written[row], kind=EventKind.PLANNED, detail=reason, at=self.now)
            for row, reason in self.reasons.items()
            if row in written
        )
        return self.parts.keys() <= written.keys()


def _address(message: Message, known: Known) -> Address:
    """Return where a message goes: what must not ring goes by email, where there is one."""
    if message.is_by_email and known.address.channel != Channel.EMAIL and known.own.channel == Channel.EMAIL:
        return known.own
    return known.address


def _speaks_for(message: Message, known: Known) -> tuple[Part, set[Part]]:
    first, *others = (Part(place.signup, lead, known.seqs[place.signup]) for place, lead in message.wishes)
    return first, set(others)


def _row(main: Part, known: Known, address: Address, *, again: int, now: dt.datetime) -> Reminder:
    # A place that is given back and taken again is told of anew: this time says which taking it is.
    taken = int(known.taken[main.signup].timestamp() * 1000)
    key = f"{main.signup}@{taken}:{ReminderKind.REMINDER}:{main.lead}:{address.contact_point}:{main.seq}"
    public_id = uuid.uuid4()
    return Reminder(
        public_id=public_id,
        signup_id=main.signup,
        contact_point_id=address.contact_point,
        kind=ReminderKind.REMINDER,
        channel=address.channel,
        lead=timing.LEADS[main.lead].before,
        lead_key=main.lead,
        schedule_seq=main.seq,
        # Planned anew after it was superseded, it is another row; planned twice at once, it is the same.
        dedupe_key=f"{key}:{again}" if again else key,
        message_id=message_id(public_id),
        created_at=now,
    )
