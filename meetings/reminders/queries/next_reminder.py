"""When the next reminder of a place comes, or why none does, and what could be sent anyway: from the plan, in words.

Whatever page, message or notice says that somebody will be reminded asks here, so that none promises what is not
planned.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.enums import Channel, Lead, Purpose
from accounts.models import ContactPoint
from accounts.queries import is_suppressed, newest_word
from meetings.enums import OccurrenceStatus
from meetings.models import Participant, Signup
from meetings.reminders import timing
from meetings.reminders.agenda import FULL_DAY, LATE_LEAD, Place, clock_of
from meetings.reminders.enums import ON_ITS_WAY, SENT
from meetings.reminders.queries.people import Known, Row, plannable
from meetings.reminders.queries.timelines import Reader
from support import wording

#: Where every usual time is past, a reminder is still of use so long before.
LAST_LEAD = Lead.HALF_HOUR.value
#: A start this far off is not "too soon" for a reminder: its time was simply missed.
_SOON = dt.timedelta(hours=2)


class Why(Enum):
    """Why there is no reminder of a place."""

    TURNED_OFF = auto()
    NO_TIMES = auto()
    PAUSED = auto()
    QUIET = auto()
    FULL_DAY = auto()
    TOO_LATE = auto()
    NOT_REACHED = auto()
    STOPPED = auto()
    NOT_PLANNED = auto()


@dataclass(frozen=True, slots=True)
class Offer:
    """A reminder that is not planned, and could be sent anyway."""

    #: A key of accounts.enums.Lead.
    lead: str
    at: dt.datetime
    #: The zone of the clock that it goes by.
    tz: str


@dataclass(frozen=True, slots=True)
class NextReminder:
    """What is to come of one place: a reminder at `due_at`; or one went out at `sent_at`; or none comes, and `why`."""

    starts_at: dt.datetime
    quiet: timing.Quiet | None
    #: The zone of the clock that its reminders go by.
    tz: str
    due_at: dt.datetime | None = None
    #: A value of accounts.enums.Channel.
    channel: str = ""
    sent_at: dt.datetime | None = None
    why: Why | None = None
    offer: Offer | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """How it is said: on whose clock, and when."""

    #: The zone that the person is written to in, and their 12 or 24 hours.
    reader: Reader
    now: dt.datetime
    #: The zone of whoever reads it, which may be another; None where nobody has said it.
    page_tz: str | None
    #: It is read at some later time, so that nothing is counted from now.
    is_letter: bool = False

    def on_clock(self, tz: str) -> Words:
        """Return the same for what goes by the clock of another zone."""
        return replace(self, reader=replace(self.reader, tz=tz))

    def moment(self, instant: dt.datetime) -> str:
        """Return "Thu at 8:55 PM" on the person's clock; with its zone where the reader's own is another or unknown.

        It is "today" on the reader's own clock alone: elsewhere it may be another day.
        """
        tz = self.reader.tz
        note = wording.zone_note(instant, tz, self.page_tz)
        is_read_now = not self.is_letter and not note
        words = wording.moment_words(instant, tz, self.reader.hour_cycle, now=self.now, is_read_now=is_read_now)
        return f"{words} ({note})" if note else words


def words_for(participant: Participant, *, now: dt.datetime, is_letter: bool = False) -> Words:
    """Return how a participant reads what is said to them alone."""
    reader = Reader(participant.tz, participant.hour_cycle)
    return Words(reader, now, page_tz=participant.own_tz, is_letter=is_letter)


def next_reminders(participants: Collection[int], *, now: dt.datetime) -> dict[int, NextReminder]:
    """Return, by signup, what is next for each certain place still to come of `participants` (ids)."""
    people, spoilt = plannable(sorted(participants), now=now)
    unreachable = _unreachable({row.contact_point for known in people for row in _coming(known)} | _addresses(people))
    places = {
        place.signup: found
        for known in people
        for omitted in [_reasons(known, now)]
        for place in known.places
        for found in [_next(place, known, omitted[place.signup], unreachable, now)]
    }
    return places | (_not_planned(spoilt, now) if spoilt else {})


def next_reminder(signup: Signup, *, now: dt.datetime) -> NextReminder | None:
    """Return what is next for one place, or None where it is not certain, canceled or begun."""
    return next_reminders([signup.participant_id], now=now).get(signup.pk)


def hears_of_changes(contact_point: ContactPoint) -> bool:
    """Return whether news of a moved or canceled date is sent to a contact point by email."""
    return newest_word(contact_point, Purpose.CHANGES) is not False and not is_suppressed(contact_point)


def sentence(found: NextReminder, words: Words) -> str:
    """Return what is next of one place: "We'll email you Thu at 8:55 PM."."""
    words = words.on_clock(found.tz)
    if found.due_at is not None:
        said = _coming_words(found.due_at, found.channel, words)
    elif found.sent_at is not None:
        said = _("Your reminder went out %(moment)s.") % {"moment": words.moment(found.sent_at)}
    else:
        said = _none_words(found, words)
    return wording.with_one_stop(said)


def sentence_for_all(places: Iterable[NextReminder], words: Words) -> str:
    """Return what is next of the first of several dates, and when the first reminder comes where that has none."""
    by_date = sorted(places, key=lambda each: each.starts_at)
    if not by_date:
        return ""
    said = sentence(by_date[0], words)
    later = earliest(by_date)
    if by_date[0].due_at is not None or later is None or later.due_at is None:
        return said
    first = _("The first reminder for a later date comes %(moment)s.") % {
        "moment": words.on_clock(later.tz).moment(later.due_at)
    }
    return f"{said} {wording.with_one_stop(first)}"


def earliest(places: Iterable[NextReminder]) -> NextReminder | None:
    """Return the place whose reminder comes first, or None where none comes."""
    coming = [each for each in places if each.due_at is not None]
    return min(coming, key=lambda each: each.due_at or each.starts_at, default=None)


def offer_words(offer: Offer, words: Words) -> str:
    """Return when an offered reminder would go out: "Thu at 5:48 AM", or "" for at once."""
    return "" if offer.at <= words.now else words.on_clock(offer.tz).moment(offer.at)


# -- what is so ------------------------------------------------------------------------------------------------------


def _next(place: Place, known: Known, reasons: set[str], unreachable: set[int], now: dt.datetime) -> NextReminder:
    tz = clock_of(place, known.habits)
    found = NextReminder(place.starts_at, known.habits.quiet, tz)
    rows = [row for row in known.rows if _is_about(row, place, known)]
    coming = [row for row in rows if row.state in ON_ITS_WAY]
    sent = [row.submitted_at for row in rows if row.state in SENT and row.submitted_at]
    address = min(coming, key=lambda row: row.due_at).contact_point if coming else known.address.contact_point
    if address in unreachable:
        return replace(found, why=Why.NOT_REACHED)
    if known.habits.refusal:
        return replace(found, why=Why.TURNED_OFF)
    if coming and now < timing.reminder_deadline(place.starts_at):
        row = min(coming, key=lambda row: row.due_at)
        return replace(found, due_at=row.due_at, channel=row.channel)
    if sent:
        return replace(found, sent_at=max(sent))
    why = _why(place, reasons, now)
    offer = _offer(place, known, now) if why in (Why.QUIET, Why.TOO_LATE) else None
    paused_until = known.habits.paused_until
    if offer and paused_until and offer.at < timing.day_begins(paused_until, tz):
        return replace(found, why=Why.PAUSED)
    return replace(found, why=why, offer=offer)


def _not_planned(participants: Collection[int], now: dt.datetime) -> dict[int, NextReminder]:
    """Return the places of people whom planning puts aside: no reminder comes until that is mended."""
    coming = Signup.objects.confirmed().filter(participant__in=participants, occurrence__starts_at__gt=now)
    rows = coming.filter(occurrence__status=OccurrenceStatus.SCHEDULED).values_list(
        "pk", "occurrence__starts_at", "occurrence__meeting__tz"
    )  # fmt: skip
    return {pk: NextReminder(starts_at, None, tz, why=Why.NOT_PLANNED) for pk, starts_at, tz in rows}


def _why(place: Place, reasons: set[str], now: dt.datetime) -> Why:
    if not place.leads:
        return Why.NO_TIMES
    if now >= timing.reminder_deadline(place.starts_at):
        return Why.TOO_LATE
    for reason, why in _WHY.items():
        if reason in reasons:
            return why
    return Why.STOPPED


#: Reasons of the plan, the one that says most first.
_WHY = {
    timing.PAUSED: Why.PAUSED,
    timing.TOO_QUIET: Why.QUIET,
    FULL_DAY: Why.FULL_DAY,
    timing.TOO_LATE: Why.TOO_LATE,
    timing.PAST: Why.TOO_LATE,
}


def _offer(place: Place, known: Known, now: dt.datetime) -> Offer | None:
    """Return what to send where the plan has nothing: at the earliest of their times that is still ahead, quiet or not.

    Where all are past, two hours before; else half an hour before; else at once.
    """
    deadline_at, tz = timing.reminder_deadline(place.starts_at), clock_of(place, known.habits)
    if now >= deadline_at:
        return None
    times = {lead: timing.wanted_at(lead, starts_at=place.starts_at, tz=tz) for lead in timing.LEADS}
    usual = sorted((lead for lead in place.leads if lead not in place.told), key=lambda lead: times[lead])
    ahead = [lead for lead in (*usual, LATE_LEAD, LAST_LEAD) if now < times[lead] < deadline_at]
    lead = ahead[0] if ahead else LAST_LEAD
    return Offer(lead, max(now, times[lead]), tz)


def _is_about(row: Row, place: Place, known: Known) -> bool:
    return row.created_at >= known.taken[place.signup] and any(
        part.signup == place.signup and part.seq == known.seqs[place.signup] for part in (row.main, *row.parts)
    )


def _coming(known: Known) -> list[Row]:
    return [row for row in known.rows if row.state in ON_ITS_WAY]


def _addresses(people: Iterable[Known]) -> set[int]:
    return {known.address.contact_point for known in people}


def _unreachable(contact_points: Collection[int]) -> set[int]:
    """Return those that nothing may be sent to: never confirmed, or suppressed."""
    points = ContactPoint.objects.filter(pk__in=contact_points)
    return {point.pk for point in points if point.verified_at is None or is_suppressed(point)}


def _reasons(known: Known, now: dt.datetime) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    for omission in known.agenda(now).omissions:
        found[omission.place.signup].add(omission.reason)
    return found


# -- what is said ----------------------------------------------------------------------------------------------------


def _coming_words(due_at: dt.datetime, channel: str, words: Words) -> str:
    if due_at <= words.now:
        return _("Your reminder is on its way.")
    moment = {"moment": words.moment(due_at)}
    if channel == Channel.SMS:
        return _("We’ll text you %(moment)s.") % moment
    if channel == Channel.PUSH:
        return _("We’ll notify you %(moment)s.") % moment
    return _("We’ll email you %(moment)s.") % moment


def _none_words(found: NextReminder, words: Words) -> str:
    if found.why is Why.QUIET and found.quiet is not None:
        return _("No reminder will come: that would be in your quiet hours (%(from)s to %(until)s).") % {
            "from": wording.clock_words(found.quiet.from_time, words.reader.hour_cycle),
            "until": wording.clock_words(found.quiet.until_time, words.reader.hour_cycle),
        }
    if found.why is Why.TOO_LATE and found.starts_at - words.now <= _SOON:
        return _too_soon_words(found, words)
    return {
        Why.TURNED_OFF: _("No reminder will come: you turned reminders off."),
        Why.NO_TIMES: _("No reminder will come: you chose no time for one."),
        Why.PAUSED: _("No reminder will come: you paused messages."),
        Why.FULL_DAY: _("No reminder will come: you already get three that day."),
        Why.NOT_REACHED: _("No reminder will come: nothing can be sent to your address."),
        Why.TOO_LATE: _("No reminder will come: the time for it has passed."),
        Why.NOT_PLANNED: _("No reminder is planned: something is wrong on our side. We’ve been told."),
    }.get(found.why or Why.STOPPED, _("No reminder will come."))


def _too_soon_words(found: NextReminder, words: Words) -> str:
    if words.is_letter:
        return _("No reminder will come: it starts too soon for one.")
    minutes = max(1, math.ceil((found.starts_at - words.now) / dt.timedelta(minutes=1)))
    return ngettext(
        "No reminder will come: it starts in %(count)d minute.",
        "No reminder will come: it starts in %(count)d minutes.",
        minutes,
    ) % {"count": minutes}
