"""What a person will get, and when; what they got; and what not, and why: for their own eyes.

The rows are what will happen, so the page shows the rows. Only leads that were past from the start leave none; they are
worked out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.enums import Channel, Lead
from accounts.models import Preferences
from meetings.enums import VenueType
from meetings.models import Meeting, Occurrence, Signup
from meetings.queries.occurrences import DatedOccurrence
from meetings.reminders.agenda import Habits, Place, draw_up
from meetings.reminders.enums import UNSENT, EventKind, ReminderKind, ReminderState, kind_words
from meetings.reminders.models import Reminder
from meetings.reminders.queries.people import known_people, leads_for, quiet_of
from meetings.reminders.queries.timelines import Reader
from support import wording

BY: dict[str, Promise] = {
    Channel.EMAIL: gettext_lazy("by email"),
    Channel.SMS: gettext_lazy("by text message"),
    Channel.PUSH: gettext_lazy("as a notification"),
}
_ON_ITS_WAY = (*UNSENT, ReminderState.SUBMITTING, ReminderState.AMBIGUOUS)
_SENT = (ReminderState.ACCEPTED, ReminderState.DELIVERED, ReminderState.ASSUMED_SENT)


@dataclass(frozen=True, slots=True)
class About:
    """A date that a message speaks of, in its own words."""

    name: str
    when: str


@dataclass(frozen=True, slots=True)
class Line:
    """One message: what it is, when, how, about what, and why so where that needs a word."""

    at: dt.datetime
    kind: str
    date: str
    time: str
    by: str
    about: tuple[About, ...]
    lead: str = ""
    reason: str = ""


@dataclass(slots=True)
class Plan:
    """Each list by time."""

    coming: list[Line] = field(default_factory=list)
    left_out: list[Line] = field(default_factory=list)
    sent: list[Line] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.coming or self.left_out or self.sent)

    def sort(self) -> None:
        for lines in (self.coming, self.left_out, self.sent):
            lines.sort(key=lambda line: line.at)


def plan_of(participants: Collection[int], *, reader: Reader, now: dt.datetime) -> Plan:
    """Return the plan of one person, who may be several participants (ids): a member, and the guest they were."""
    plan = Plan()
    told: set[tuple[int, str]] = set()
    for row in _newest(participants, now):
        told |= {(row.signup_id, row.lead_key), *((part.signup_id, part.lead_key) for part in row.parts.all())}
        if row.state in _ON_ITS_WAY:
            plan.coming.append(_line(row, max(row.due_at, now), reader, _why(row)))
        elif row.state in _SENT:
            plan.sent.append(_line(row, row.submitted_at or row.due_at, reader, ""))
        else:
            plan.left_out.append(_line(row, row.due_at, reader, _ended(row.reason) or _("It could not be sent.")))
    plan.left_out += _past(participants, told, reader, now)
    plan.sort()
    return plan


def example_for(meeting: Meeting, date: DatedOccurrence, *, now: dt.datetime) -> Plan:
    """Return what somebody would get who takes a place in `date` now and never said how they want to be reminded.

    Nobody in particular: the meeting's own zone, a 12 or 24 hour clock as the language has it.
    """
    reader = Reader(meeting.tz, wording.default_hour_cycle())
    defaults = Preferences()
    leads = leads_for(defaults, is_booked=meeting.keeps_places, is_online=meeting.venue_type == VenueType.ONLINE)
    place = Place(signup=0, starts_at=date.starts_at, leads=leads, is_booked=meeting.keeps_places)
    agenda = draw_up([place], Habits(tz=meeting.tz, quiet=quiet_of(defaults)), now=now)
    about = (About(meeting.name, reader.when(date.starts_at)),)
    plan = Plan(coming=[_make(str(ReminderKind.CONFIRMATION.label), now, reader, Channel.EMAIL, about)])
    for message in agenda.messages:
        leads_answered = [lead for _place, lead in message.wishes]
        plan.coming.append(
            _make(
                str(ReminderKind.REMINDER.label),
                message.due_at,
                reader,
                Channel.EMAIL,
                about,
                lead=leads_answered[0],
                reason=_ended(message.reason),
            )
        )
    return plan


def _newest(participants: Collection[int], now: dt.datetime) -> Iterable[Reminder]:
    """Return, of the messages about dates to come, the newest for each thing that there is to say."""
    rows = (
        Reminder.objects.filter(signup__participant__in=participants, signup__occurrence__starts_at__gt=now)
        .exclude(state=ReminderState.SUPERSEDED)
        .select_related("signup__occurrence__meeting", "signup__participant")
        .prefetch_related("parts__signup__occurrence__meeting", "events")
        .order_by("pk")
    )
    return {(row.signup_id, row.kind, row.lead_key, row.schedule_seq): row for row in rows}.values()


def _past(participants: Collection[int], told: set[tuple[int, str]], reader: Reader, now: dt.datetime) -> list[Line]:
    """Return the leads that were past from the start, and so left no row."""
    missing = [
        omission
        for known in known_people(sorted(participants), now=now)
        for omission in known.agenda(now).omissions
        if (omission.place.signup, omission.lead) not in told
    ]
    signups = Signup.objects.select_related("occurrence__meeting", "participant")
    found = signups.in_bulk({omission.place.signup for omission in missing})
    return [
        _make(
            str(ReminderKind.REMINDER.label),
            omission.place.starts_at,
            reader,
            "",
            (_about(found[omission.place.signup].occurrence, reader),),
            lead=omission.lead,
            reason=_ended(omission.reason),
        )
        for omission in missing
    ]


def _line(row: Reminder, at: dt.datetime, reader: Reader, reason: str) -> Line:
    occurrences = {part.signup.occurrence_id: part.signup.occurrence for part in row.parts.all()}
    occurrences[row.signup.occurrence_id] = row.signup.occurrence
    about = sorted(occurrences.values(), key=lambda each: each.starts_at)
    kind = kind_words(row.kind, row.signup.held)
    return _make(
        kind, at, reader, row.channel, tuple(_about(each, reader) for each in about), lead=row.lead_key, reason=reason
    )


def _make(
    kind: str,
    at: dt.datetime,
    reader: Reader,
    channel: str,
    about: tuple[About, ...],
    *,
    lead: str = "",
    reason: str = "",
) -> Line:
    return Line(
        at=at,
        kind=kind,
        date=wording.date_words(at, reader.tz),
        time=wording.time_words(at, reader.tz, reader.hour_cycle),
        by=str(BY[channel]) if channel else "",
        about=about,
        lead=str(Lead(lead).label) if lead in Lead.values else "",
        reason=reason,
    )


def _about(occurrence: Occurrence, reader: Reader) -> About:
    meeting = occurrence.meeting
    tz = meeting.tz if meeting.is_in_person else reader.tz
    when = Reader(tz, reader.hour_cycle).when(occurrence.starts_at)
    note = wording.zone_note(occurrence.starts_at, tz, reader.tz)
    return About(meeting.name, f"{when} ({note})" if note else when)


def _why(row: Reminder) -> str:
    """Return why a message waits, or comes at another time than was asked for."""
    planned = next((event.detail for event in row.events.all() if event.kind == EventKind.PLANNED), "")
    return _ended(row.reason or planned)


def _ended(reason: str) -> str:
    """Return a reason as a sentence of its own, in the reader's language."""
    words = _(reason) if reason else ""
    return words if not words or words[-1] in ".!?…" else f"{words}."
