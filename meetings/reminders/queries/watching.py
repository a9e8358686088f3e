"""What staff look at: messages by what became of them, and channels. No list here says whom a message is for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, Min, Q, QuerySet, When
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from accounts.enums import Channel
from accounts.models import ContactPoint
from accounts.organisation import vendor_of
from accounts.person import number_of
from accounts.queries import closed_channels
from meetings.models import Occurrence, Participant, Signup
from meetings.reminders.enums import ReminderState
from meetings.reminders.models import ChannelOutage, ChannelPause, InboundText, PutAside, Reminder

#: Windows of the due time, from and until when, counted from now.
WINDOWS = {
    "hour": (-dt.timedelta(hours=1), dt.timedelta(0)),
    "day": (-dt.timedelta(days=1), dt.timedelta(0)),
    "week": (-dt.timedelta(days=7), dt.timedelta(0)),
    "next_day": (dt.timedelta(0), dt.timedelta(days=1)),
    "next_week": (dt.timedelta(0), dt.timedelta(days=7)),
}
#: What went wrong, in one word for the address; staff look for these first.
TROUBLE = (
    ReminderState.FAILED,
    ReminderState.UNDELIVERED,
    ReminderState.BOUNCED,
    ReminderState.COMPLAINED,
    ReminderState.AMBIGUOUS,
    ReminderState.ASSUMED_SENT,
    ReminderState.EXPIRED,
)
_WENT_OUT = (ReminderState.ACCEPTED, ReminderState.DELIVERED, ReminderState.ASSUMED_SENT)
_DID_NOT_ARRIVE = (
    ReminderState.FAILED,
    ReminderState.UNDELIVERED,
    ReminderState.BOUNCED,
    ReminderState.COMPLAINED,
    ReminderState.EXPIRED,
)
#: What went wrong longer ago is history.
_RECENT = dt.timedelta(days=7)
#: Texts shown at once; they are few, and read one by one.
_TEXTS = 50
#: People shown at once who cannot be planned for.
_PEOPLE = 200
#: Reasons offered to choose from, the most frequent ones.
_REASONS = 30


@dataclass(frozen=True)
class ChannelStanding:
    """How one way of sending stands."""

    channel: str
    label: str
    pause: ChannelPause | None
    outage: ChannelOutage | None
    #: With whom an agreement is missing, where the organisation needs one; else "".
    missing_agreement: str
    #: Messages that are due and not sent.
    waiting: int
    oldest_due_at: dt.datetime | None

    @property
    def is_open(self) -> bool:
        return self.pause is None and self.outage is None and not self.missing_agreement


@dataclass(frozen=True)
class Arrivals:
    """Numbers alone: which of those who come did not hear is not a facilitator's to know."""

    tried: int
    undelivered: int


def messages(asked: Mapping[str, Any], *, now: dt.datetime) -> QuerySet[Reminder]:
    """Return the messages that `asked` (what a MessageFilterForm cleaned) describes.

    What needs somebody's attention comes first: what went wrong this week, and what is due and not sent. Then what was
    due, the latest first, and what is to come, the soonest first.
    """
    went_wrong = Q(state__in=TROUBLE, due_at__gt=now - _RECENT, due_at__lte=now)
    is_overdue = Q(state=ReminderState.PLANNED, due_at__lte=now)
    rank = Case(When(went_wrong | is_overdue, then=0), When(due_at__lte=now, then=1), default=2)
    soonest = Case(When(due_at__gt=now, then="due_at"), default=None)
    rows = Reminder.objects.select_related("signup__occurrence__meeting").order_by(rank, soonest, "-due_at", "-pk")
    if asked.get("state") == "trouble":
        rows = rows.filter(state__in=TROUBLE)
    elif asked.get("state") == "overdue":
        rows = rows.due(now)
    elif asked.get("state"):
        rows = rows.filter(state=asked["state"])
    for name in ("channel", "kind", "reason"):
        if asked.get(name):
            rows = rows.filter(**{name: asked[name]})
    if asked.get("person"):
        user, guest = asked["person"]
        whose = Q(signup__participant__user=user) if user is not None else _guests(guest)
        rows = rows.filter(whose).select_related("signup__participant")
    if asked.get("due"):
        start, end = WINDOWS[asked["due"]]
        rows = rows.filter(due_at__gte=now + start, due_at__lte=now + end)
    if asked.get("meeting"):
        words = asked["meeting"]
        meeting = "signup__occurrence__meeting__"
        rows = rows.filter(Q(**{f"{meeting}slug": words}) | Q(**{f"{meeting}name__icontains": words}))
    return rows


def _guests(contact_point: int | None) -> Q:
    return Q(signup__participant__contact_point=contact_point, signup__participant__user=None)


def reasons() -> list[str]:
    """Return why messages are where they are, the most frequent reasons first."""
    counted = Reminder.objects.exclude(reason="").values("reason").annotate(number=Count("pk"))
    return [row["reason"] for row in counted.order_by("-number", "reason")[:_REASONS]]


def channel_standings(*, now: dt.datetime) -> list[ChannelStanding]:
    """Return how each channel stands now, in three queries, and one more where agreements count."""
    closed = closed_channels()
    pauses = {pause.channel: pause for pause in ChannelPause.objects.all()}
    outages = {outage.channel: outage for outage in ChannelOutage.objects.filter(until__gt=now)}
    due = Reminder.objects.due(now).order_by().values("channel")
    waiting = {row["channel"]: row for row in due.annotate(number=Count("pk"), oldest=Min("due_at"))}
    return [
        ChannelStanding(
            channel=channel.value,
            label=str(channel.label),
            pause=pauses.get(channel),
            outage=outages.get(channel),
            missing_agreement=vendor_of(channel) if channel in closed else "",
            waiting=waiting[channel]["number"] if channel in waiting else 0,
            oldest_due_at=waiting[channel]["oldest"] if channel in waiting else None,
        )
        for channel in Channel
    ]


def arrivals(occurrence: Occurrence) -> Arrivals | None:
    """Return what a facilitator may know about the messages for one date, or None where none was sent or tried."""
    counted = Reminder.objects.filter(signup__occurrence=occurrence).aggregate(
        tried=Count("pk", filter=Q(state__in=(*_WENT_OUT, *_DID_NOT_ARRIVE))),
        undelivered=Count("pk", filter=Q(state__in=_DID_NOT_ARRIVE)),
    )
    return Arrivals(**counted) if counted["tried"] else None


def message_for_staff(public_id: UUID) -> Reminder:
    """Return one message with whom it is about. Raises Http404. Who asks must be staff, and be put on record."""
    rows = Reminder.objects.select_related("signup__occurrence__meeting", "signup__participant")
    return get_object_or_404(rows, public_id=public_id)


def signup_for_staff(public_id: UUID) -> Signup:
    """Return one signup with whom it is about. Raises Http404. Who asks must be staff, and be put on record."""
    return get_object_or_404(Signup.objects.select_related("occurrence__meeting", "participant"), public_id=public_id)


def person_label(signup: Signup) -> str:
    """Return what staff call whoever a signup is for: "Guest #12", "Member #5". Never a name or an address."""
    return person_number(signup.participant)


def person_number(participant: Participant) -> str:
    """Return what staff call a participant."""
    return number_of(user_id=participant.user_id, contact_point_id=participant.contact_point_id)


def put_aside() -> list[PutAside]:
    """Return those for whom no reminders can be planned, the longest so first. Who asks must be put on record."""
    # What is sealed may be the very thing that cannot be opened.
    rows = PutAside.objects.select_related("participant").defer("participant__display_name")
    return list(rows.order_by("since", "pk")[:_PEOPLE])


@dataclass(frozen=True)
class TextToRead:
    """A text from outside that a person should read, and what staff call whoever wrote it."""

    text: InboundText
    people: list[ContactPoint]

    @property
    def person(self) -> str:
        """Return "Member #5", "Guest #12", or that the number is nobody's here. Never the number."""
        names = [number_of(user_id=point.user_id, contact_point_id=point.pk) for point in self.people]
        return ", ".join(names) or _("Someone this site doesn’t know")


def texts_to_read() -> list[TextToRead]:
    """Return the texts that wait for a person, those of somebody in a crisis first. Who asks must be put on record."""
    waiting = InboundText.objects.waiting().order_by("-is_crisis", "received_at", "pk")[:_TEXTS]
    return [
        TextToRead(text, list(ContactPoint.objects.with_value(Channel.SMS, text.sender).order_by("pk")))
        for text in waiting
    ]


def text_to_read(pk: int) -> InboundText:
    """Return a text that a person should read, or has read. Raises Http404."""
    return get_object_or_404(InboundText, pk=pk, is_for_person=True)
