"""What became of messages, told to a person: one sentence for each thing that happened, without a name or an address.

"Planned, to go out by email on Mon, Nov 23 at 8:55 PM" → "Given to the email service" → "The service took it".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from meetings.models import Signup
from meetings.reminders.enums import EventKind, ReminderState, kind_words
from meetings.reminders.models import DeliveryEvent, Reminder, ReminderPart
from support import wording

OK, WARN, DANGER = "ok", "warn", "danger"

#: How a state looks at a glance; the others look like nothing in particular.
STATE_TONES = {
    ReminderState.ACCEPTED: OK,
    ReminderState.DELIVERED: OK,
    ReminderState.AMBIGUOUS: WARN,
    ReminderState.ASSUMED_SENT: WARN,
    ReminderState.EXPIRED: WARN,
    ReminderState.FAILED: DANGER,
    ReminderState.UNDELIVERED: DANGER,
    ReminderState.BOUNCED: DANGER,
    ReminderState.COMPLAINED: DANGER,
}
_BEGINNINGS = {
    EventKind.ACCEPTED: gettext_lazy("The service accepted it"),
    EventKind.REFUSED: gettext_lazy("It could not be sent"),
    EventKind.RETRY: gettext_lazy("Not sent yet"),
    EventKind.AMBIGUOUS: gettext_lazy("Nobody knows whether it was sent"),
    EventKind.RECONCILED: gettext_lazy("Settled"),
    EventKind.SUPERSEDED: gettext_lazy("Replaced"),
    EventKind.SKIPPED: gettext_lazy("Not sent"),
    EventKind.EXPIRED: gettext_lazy("Not sent"),
    EventKind.RELEASED: gettext_lazy("Back in the queue"),
    EventKind.RECEIPT: gettext_lazy("The service reported"),
    EventKind.REPLAYED: gettext_lazy("Planned again by staff"),
    EventKind.ABORTED: gettext_lazy("Stopped by staff"),
}
_TONES = {
    EventKind.ACCEPTED: OK,
    EventKind.REFUSED: DANGER,
    EventKind.AMBIGUOUS: WARN,
    EventKind.EXPIRED: WARN,
}
#: What gives a message another time than it was planned for.
_PUT_OFF = (EventKind.RETRY, EventKind.RECONCILED, EventKind.REPLAYED)
#: States whose reason is an event's where the row was changed alone, and the row's own where many were changed at once.
_TOLD_BY_ROW = {ReminderState.SUPERSEDED: EventKind.SUPERSEDED, ReminderState.SKIPPED: EventKind.SKIPPED}


@dataclass(frozen=True)
class Reader:
    """Whose clocks the sentences are told by."""

    tz: str
    hour_cycle: str

    def when(self, instant: dt.datetime) -> str:
        """Return "Mon, Nov 23 at 8:55 PM"."""
        time = wording.time_words(instant, self.tz, self.hour_cycle)
        return _("%(date)s at %(time)s") % {"date": wording.date_words(instant, self.tz), "time": time}


@dataclass(frozen=True)
class Line:
    """One thing that happened."""

    at: dt.datetime
    sentence: str
    tone: str = ""


@dataclass(frozen=True)
class Story:
    """A message and all that happened to it, oldest first."""

    reminder: Reminder
    lines: list[Line]

    @property
    def tone(self) -> str:
        return tone(self.reminder)

    @property
    def kind(self) -> str:
        return kind_words(self.reminder.kind, self.reminder.signup.held)


def tone(reminder: Reminder) -> str:
    """Return how a message's state looks at a glance: "ok", "warn", "danger" or ""."""
    return STATE_TONES.get(ReminderState(reminder.state), "")


def stories(reminders: QuerySet[Reminder], *, reader: Reader) -> list[Story]:
    """Return the stories of messages in the order in which they were planned, in two queries."""
    rows = (
        reminders.select_related("signup__occurrence__meeting").prefetch_related("events").order_by("created_at", "pk")
    )
    return [Story(row, _lines(row, reader)) for row in rows]


def about(signup: Signup) -> QuerySet[Reminder]:
    """Return the messages that speak for a signup: its own, and those of other places that speak for it as well."""
    parts = ReminderPart.objects.filter(signup=signup).values("reminder")
    return Reminder.objects.filter(Q(signup=signup) | Q(pk__in=parts))


def timeline(signup: Signup, *, reader: Reader) -> list[Line]:
    """Return all that happened to the messages about one signup, oldest first, each line naming its message."""
    told = stories(about(signup), reader=reader)
    lines = [Line(line.at, f"{story.kind}: {line.sentence}", line.tone) for story in told for line in story.lines]
    return sorted(lines, key=lambda line: line.at)


def _lines(reminder: Reminder, reader: Reader) -> list[Line]:
    events = list(reminder.events.all())
    lines = [Line(reminder.created_at, _planned(reminder, events, reader))]
    lines += [_line(event, reminder) for event in events if event.kind != EventKind.PLANNED]
    by_row = _TOLD_BY_ROW.get(ReminderState(reminder.state))
    ends = (by_row, EventKind.ABORTED)
    if by_row and reminder.settled_at and not any(event.kind in ends for event in events):
        # Changed with many others at once: the row itself is the record.
        lines.append(Line(reminder.settled_at, _sentence(by_row, _words(reminder.reason))))
    return lines


def _planned(reminder: Reminder, events: Iterable[DeliveryEvent], reader: Reader) -> str:
    values = {"channel": _by(reminder), "when": reader.when(reminder.due_at)}
    why = next((event.detail for event in events if event.kind == EventKind.PLANNED and event.detail), "")
    if any(event.kind in _PUT_OFF for event in events):
        # When it was due at first is not kept, and what it is due now says something else.
        sentence = _("Planned, to go out %(channel)s.") % values
    elif reminder.due_at <= reminder.created_at:
        sentence = _("Planned, to go out %(channel)s at once.") % values
    else:
        sentence = wording.with_one_stop(_("Planned, to go out %(channel)s on %(when)s.") % values)
    return f"{sentence} {_ended(_words(why))}".strip()


def _line(event: DeliveryEvent, reminder: Reminder) -> Line:
    kind = EventKind(event.kind)
    tone = _TONES.get(kind, "")
    if kind == EventKind.SUBMITTED:
        return Line(event.at, _submitted(event, reminder), tone)
    if kind == EventKind.RECEIPT:
        return _receipt(event)
    return Line(event.at, _sentence(kind, _words(event.detail)), tone)


def _submitted(event: DeliveryEvent, reminder: Reminder) -> str:
    values = {"channel": _by(reminder), "number": event.attempt}
    if event.attempt > 1:
        return _("Given to the service that sends it %(channel)s, attempt %(number)s.") % values
    return _("Given to the service that sends it %(channel)s.") % values


def _receipt(event: DeliveryEvent) -> Line:
    """Return what a gateway reported: the state that it named, in the reader's words, and its own code after that."""
    tone = STATE_TONES.get(event.detail.partition(" ")[0], "")  # type: ignore[call-overload]  # its keys are words
    return Line(event.at, _sentence(EventKind.RECEIPT, reported(event.detail)), tone)


def reported(detail: str) -> str:
    """Return what a gateway or a mailbox said ("bounced 5.1.1") in the reader's language; any other reason as well."""
    name, _space, code = detail.partition(" ")
    if name not in ReminderState.values:
        return _words(detail)
    label = str(ReminderState(name).label)
    return f"{label} ({code})" if code else label


def _sentence(kind: EventKind, detail: str) -> str:
    before = str(_BEGINNINGS[kind])
    if not detail:
        return _ended(before)
    if kind in (EventKind.REPLAYED, EventKind.ABORTED):
        return f"{before}: “{detail}”"
    # "SMTP" stays "SMTP".
    is_word = detail[1:2].islower()
    return _ended(f"{before}: {detail[:1].lower() if is_word else detail[:1]}{detail[1:]}")


def _by(reminder: Reminder) -> str:
    return {
        "email": _("by email"),
        "sms": _("by text message"),
        "push": _("as a notification"),
    }[reminder.channel]


def _words(detail: str) -> str:
    """Return a reason in the reader's language; what a provider or a member of staff said stays as it is."""
    reason, quote, said = detail.partition(" “")
    if not reason:
        return detail
    words = _(reason)
    if words == reason:
        # Which error it was, or a provider's code (results.with_detail), is no language's.
        reason, bracket, which = reason.partition(" (")
        words = f"{_(reason)}{bracket}{which}"
    return f"{words}{quote}{said}"


def _ended(sentence: str) -> str:
    return sentence if not sentence or sentence[-1] in ".!?…”" else f"{sentence}."
