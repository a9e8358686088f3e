"""What a person will get, and when; what they got; and what not, and why: for their own eyes.

The rows are what will happen, so the page shows the rows. Only leads that were past from the start leave none; they are
worked out. What was said of another time than a date has now is shown as said of that time, and what was not said of it
is nobody's concern any more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.enums import Channel, Lead
from accounts.models import Preferences
from meetings.enums import VenueType
from meetings.models import Meeting, Occurrence, Signup
from meetings.queries.occurrences import DatedOccurrence
from meetings.reminders import timing
from meetings.reminders.agenda import FULL_DAY, Habits, Place, draw_up
from meetings.reminders.enums import ON_ITS_WAY, SENT, EventKind, ReminderKind, ReminderState, kind_words
from meetings.reminders.models import Reminder
from meetings.reminders.queries.people import UNSUBSCRIBED, Known, leads_for, plannable, quiet_of
from meetings.reminders.queries.timelines import Reader, about
from support import clock, wording

BY: dict[str, Promise] = {
    Channel.EMAIL: gettext_lazy("by email"),
    Channel.SMS: gettext_lazy("by text message"),
    Channel.PUSH: gettext_lazy("as a notification"),
}


#: Reasons as they are said to whom they concern; what is kept in rows is said to nobody in particular.
_TO_READER: dict[str, Promise] = {
    UNSUBSCRIBED: gettext_lazy("You turned these off."),
    timing.PAST: gettext_lazy("Its time has passed."),
    timing.TOO_QUIET: gettext_lazy("It would come in your quiet hours."),
    FULL_DAY: gettext_lazy("You already get three reminders that day."),
}
#: From this hour on people call it evening.
_EVENING = 17


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
    #: Its time has come: a time on the clock would be another at each look.
    is_due: bool = False


@dataclass(slots=True)
class Plan:
    """Each list by time."""

    coming: list[Line] = field(default_factory=list)
    left_out: list[Line] = field(default_factory=list)
    sent: list[Line] = field(default_factory=list)
    #: Planning cannot read what its reader wants, and puts them aside: no reminder comes until that is mended.
    is_put_aside: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.coming or self.left_out or self.sent)

    def sort(self) -> None:
        for lines in (self.coming, self.left_out, self.sent):
            lines.sort(key=lambda line: line.at)


def plan_of(participants: Collection[int], *, reader: Reader, now: dt.datetime, signup: Signup | None = None) -> Plan:
    """Return the plan of one person, who may be several participants (ids): a member, and the guest they were.

    With `signup` it is the plan of that place alone, and names no other.
    """
    plan = Plan()
    missed: list[Reminder] = []
    told: set[tuple[int, str, str]] = set()
    for row in _newest(participants, signup, now):
        if row.state in ON_ITS_WAY:
            line = _line(row, max(row.due_at, now), reader, _why(row), signup)
            plan.coming.append(replace(line, is_due=row.due_at <= now))
        elif row.state in SENT:
            plan.sent.append(_line(row, row.submitted_at or row.due_at, reader, "", signup))
        elif _is_of_now(row):
            missed.append(row)
            continue
        if _is_of_now(row):
            told |= _says(row)
    # What another message says as well does come.
    missed = [row for row in missed if (row.signup_id, row.kind, row.lead_key) not in told]
    plan.left_out = [
        _line(row, row.due_at, reader, _ended(row.reason) or _("It could not be sent."), signup) for row in missed
    ]
    known = told.union(*(_says(row) for row in missed))
    people, others = plannable(sorted(participants), now=now)
    plan.left_out += _past(people, known, reader, now, signup)
    plan.is_put_aside = bool(others)
    plan.sort()
    return plan


def _says(row: Reminder) -> set[tuple[int, str, str]]:
    """Return what a message says, as (signup, kind, lead): its own, and that of the places it speaks for as well."""
    parts = ((part.signup_id, row.kind, part.lead_key) for part in row.parts.all())
    return {(row.signup_id, row.kind, row.lead_key), *parts}


def _is_of_now(row: Reminder) -> bool:
    """Return whether a message is about the time that its date has now."""
    return row.schedule_seq == row.signup.occurrence.schedule_seq


def example_for(meeting: Meeting, date: DatedOccurrence, *, hour_cycle: str, now: dt.datetime) -> Plan:
    """Return what somebody would get who takes a place in `date` now and never said how they want to be reminded.

    Nobody in particular: the meeting's own zone, and the 12 or 24 hours (`hour_cycle`) of who looks at the example.
    """
    reader = Reader(meeting.tz, hour_cycle)
    defaults = Preferences()
    leads = leads_for(defaults, is_booked=meeting.keeps_places, is_online=meeting.venue_type == VenueType.ONLINE)
    place = Place(signup=0, starts_at=date.starts_at, leads=leads, is_booked=meeting.keeps_places)
    agenda = draw_up([place], Habits(tz=meeting.tz, quiet=quiet_of(defaults)), now=now)
    about = (About(meeting.name, reader.when(date.starts_at)),)
    confirmation = _make(str(ReminderKind.CONFIRMATION.label), now, reader, Channel.EMAIL, about)
    plan = Plan(coming=[replace(confirmation, is_due=True)])
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


def _newest(participants: Collection[int], signup: Signup | None, now: dt.datetime) -> Iterable[Reminder]:
    """Return, of the messages about dates to come, the newest for each thing that there is to say."""
    mine = Reminder.objects.filter(signup__participant__in=participants) if signup is None else about(signup)
    rows = (
        mine.filter(signup__occurrence__starts_at__gt=now)
        .exclude(state=ReminderState.SUPERSEDED)
        .select_related("signup__occurrence__meeting", "signup__participant")
        .prefetch_related(
            "signup__occurrence__changes",
            "parts__signup__occurrence__meeting",
            "parts__signup__occurrence__changes",
            "events",
        )
        .order_by("pk")
    )
    return {(row.signup_id, row.kind, row.lead_key, row.schedule_seq): row for row in rows}.values()


def _past(
    people: Iterable[Known],
    told: set[tuple[int, str, str]],
    reader: Reader,
    now: dt.datetime,
    signup: Signup | None,
) -> list[Line]:
    """Return the leads that were past from the start, and so left no row."""
    missing = [
        omission
        for known in people
        for omission in known.agenda(now).omissions
        if (omission.place.signup, ReminderKind.REMINDER, omission.lead) not in told
        and (signup is None or omission.place.signup == signup.pk)
    ]
    signups = Signup.objects.select_related("occurrence__meeting", "participant")
    found = signups.in_bulk({omission.place.signup for omission in missing})
    return [
        _make(
            str(ReminderKind.REMINDER.label),
            omission.place.starts_at,
            reader,
            "",
            (_about(found[omission.place.signup].occurrence, omission.place.starts_at, reader),),
            lead=omission.lead,
            reason=_ended(omission.reason),
        )
        for omission in missing
    ]


def _line(row: Reminder, at: dt.datetime, reader: Reader, reason: str, only: Signup | None) -> Line:
    told = {row.signup.occurrence: row.schedule_seq}
    told |= {part.signup.occurrence: part.schedule_seq for part in row.parts.all()}
    dates = sorted((occurrence.starts_at_of(seq), occurrence.pk, occurrence) for occurrence, seq in told.items())
    return _make(
        kind_words(row.kind, row.signup.held),
        at,
        reader,
        row.channel,
        tuple(
            _about(occurrence, starts_at, reader)
            for starts_at, pk, occurrence in dates
            if only is None or pk == only.occurrence_id
        ),
        lead="" if reason in (timing.EARLIER, timing.LATER) else row.lead_key,
        reason=_shifted(row, at, reader, reason) or _ended(reason),
    )


def _shifted(row: Reminder, at: dt.datetime, reader: Reader, reason: str) -> str:
    """Return why quiet hours give a reminder another time than was asked for, naming both; "" for any other reason."""
    if row.lead_key not in Lead.values or reason not in (timing.EARLIER, timing.LATER):
        return ""
    label = str(Lead(row.lead_key).label)
    wanted = {"lead": label[:1].lower() + label[1:]}
    if reason == timing.LATER:
        return _("After your quiet hours, since “%(lead)s” falls in them.") % wanted
    wall, start = (clock.to_wall(each, reader.tz) for each in (at, row.signup.occurrence.starts_at))
    if wall.hour >= _EVENING and wall.date() == start.date() - dt.timedelta(days=1):
        return _("The evening before, since “%(lead)s” falls in your quiet hours.") % wanted
    return _("Earlier, since “%(lead)s” falls in your quiet hours.") % wanted


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


def _about(occurrence: Occurrence, starts_at: dt.datetime, reader: Reader) -> About:
    meeting = occurrence.meeting
    tz = meeting.tz if meeting.is_in_person else reader.tz
    when = Reader(tz, reader.hour_cycle).when(starts_at)
    note = wording.zone_note(starts_at, tz, reader.tz)
    return About(meeting.name, f"{when} ({note})" if note else when)


def _why(row: Reminder) -> str:
    """Return why a message waits, or comes at another time than was asked for."""
    planned = next((event.detail for event in row.events.all() if event.kind == EventKind.PLANNED), "")
    return row.reason or planned


def _ended(reason: str) -> str:
    """Return a reason as a sentence of its own, in the reader's language and to them."""
    words = str(_TO_READER.get(reason) or (_(reason) if reason else ""))
    return words if not words or words[-1] in ".!?…" else f"{words}."
