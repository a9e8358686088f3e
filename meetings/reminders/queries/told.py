"""What people were last told of their dates: the newest message that they have, or may have, about each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, F, Max, OuterRef, Prefetch, Q

from meetings.models import Occurrence, OccurrenceChange, Signup
from meetings.reminders.enums import NEVER_SENT, TOLD, UNSENT, EventKind, ReminderKind, ReminderState
from meetings.reminders.models import DeliveryEvent, Reminder, ReminderPart

#: What is about all dates of a standing signup, whichever of them its row names.
ABOUT_ALL = (ReminderKind.CONFIRM_REQUEST, ReminderKind.CONFIRMATION)
#: Over or to be sent again without anybody having said that it did not arrive: it may have, if its sending was unclear.
_UNCLEAR = tuple({*UNSENT, *NEVER_SENT} - {ReminderState.FAILED})
#: Not handed over, or known not to have arrived: nobody was told by these.
UNSAID = (*UNSENT, *NEVER_SENT, ReminderState.UNDELIVERED, ReminderState.BOUNCED)
#: Places asked about at once.
_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """A signup that a change of its date has to be told to, as far as telling goes."""

    pk: int
    occurrence: int
    participant: int
    user: int | None
    contact_point: int
    status: str
    created_at: dt.datetime
    confirmed_at: dt.datetime | None
    cancelled_at: dt.datetime | None
    standing: int | None
    standing_since: dt.datetime | None

    @property
    def taken_at(self) -> dt.datetime:
        return max(filter(None, (self.created_at, self.confirmed_at, self.cancelled_at)))

    @property
    def is_extension(self) -> bool:
        """Whether it was made later from a wish to come every time: nobody was shown its date then."""
        return self.standing_since is not None and self.created_at > self.standing_since


def live_places(participants: Collection[int], occurrences: Collection[int]) -> list[Place]:
    """Return the signups of `participants` for `occurrences` (ids) that were not given back."""
    rows = Signup.objects.live().filter(participant__in=participants, occurrence__in=occurrences)
    return [
        Place(*row)
        for row in rows.order_by("participant_id", "occurrence__starts_at", "pk").values_list(
            "pk", "occurrence_id", "participant_id", "participant__user_id", "participant__contact_point_id", "status",
            "created_at", "confirmed_at", "cancelled_at", "standing_id", "standing__created_at",
        )
    ]  # fmt: skip


def with_history(occurrences: Collection[int]) -> dict[int, Occurrence]:
    """Return dates by id, with their meetings and what was changed; without what facilitators wrote."""
    changes = Prefetch("changes", OccurrenceChange.objects.defer("message"))
    rows = Occurrence.objects.filter(pk__in=occurrences).select_related("meeting").prefetch_related(changes)
    return {row.pk: row for row in rows}


@dataclass(frozen=True, slots=True)
class Told:
    """What people were told: by signup the newest schedule_seq; by standing signup when its dates were listed."""

    seqs: Mapping[int, int]
    listed: Mapping[int, dt.datetime]

    def about(self, place: Place) -> bool:
        """Return whether any message told of a place."""
        return place.pk in self.seqs or self._listed_at(place) is not None

    def seq(self, place: Place, occurrence: Occurrence) -> int:
        """Return the schedule_seq of the date that the owner of a place knows.

        Who got no message saw the date on the page where they asked for it. A date that a wish to come every time
        brought them they know by the rule as it was then: they were told of its changes by the dates that they had.
        """
        if place.is_extension:
            rules = [change for change in occurrence.changes.all() if change.is_by_rule]
            seen = max((each.schedule_seq for each in rules if each.created_at < place.created_at), default=0)
        else:
            seen = occurrence.seq_before(place.created_at)
        listed_at = self._listed_at(place)
        if listed_at is not None:
            seen = max(seen, occurrence.seq_before(listed_at))
        return max(seen, self.seqs.get(place.pk, 0))

    def _listed_at(self, place: Place) -> dt.datetime | None:
        """Return when a list of all dates that somebody comes to went out, if it had this place."""
        listed_at = self.listed.get(place.standing) if place.standing is not None else None
        return listed_at if listed_at is not None and place.created_at <= listed_at else None


def told_of(participants: Collection[int], occurrences: Collection[int]) -> Told:
    """Return what `participants` know of `occurrences` (ids): by what arrived, is under way or may have arrived."""
    mine = Reminder.objects.filter(_has_it(), signup__participant__in=participants)
    seqs = dict(
        mine.filter(signup__occurrence__in=occurrences)
        .order_by()
        .values_list("signup_id")
        .annotate(Max("schedule_seq"))
    )
    parts = ReminderPart.objects.filter(
        _has_it("reminder__"), signup__participant__in=participants, signup__occurrence__in=occurrences
    )
    for signup, seq in parts.order_by().values_list("signup_id").annotate(Max("schedule_seq")):
        seqs[signup] = max(seq, seqs.get(signup, 0))
    listed = (
        mine.filter(kind__in=ABOUT_ALL, signup__standing__isnull=False, submitted_at__isnull=False)
        .order_by()
        .values_list("signup__standing_id")
        .annotate(last=Max(F("submitted_at")))
    )
    return Told(seqs, dict(listed))


def last_words(places: Sequence[int], kinds: Sequence[ReminderKind]) -> Mapping[int, str]:
    """Return, by place (id), the kind of what its participant was last told among `kinds`."""
    last: dict[int, str] = {}
    rows: list[tuple[int, int, str]] = []
    for start in range(0, len(places), _CHUNK):
        some = places[start : start + _CHUNK]
        said = Reminder.objects.filter(signup__in=some, kind__in=kinds).exclude(state__in=UNSAID)
        rows += said.values_list("pk", "signup_id", "kind")
        parts = ReminderPart.objects.filter(signup__in=some, reminder__kind__in=kinds)
        rows += parts.exclude(reminder__state__in=UNSAID).values_list("reminder_id", "signup_id", "reminder__kind")
    for _pk, signup, kind in sorted(rows):
        last[signup] = kind
    return last


def _has_it(reminder: str = "") -> Q:
    """Return the condition that somebody has a message, or may have it; `reminder` is the path to it."""
    unclear = Exists(DeliveryEvent.objects.filter(reminder=OuterRef(f"{reminder}pk"), kind=EventKind.AMBIGUOUS))
    may_have = Q(**{f"{reminder}state__in": _UNCLEAR, f"{reminder}attempt__gt": 0}) & Q(unclear)
    says_when = ~Q(**{f"{reminder}kind": ReminderKind.GIVEN_BACK})
    return says_when & (Q(**{f"{reminder}state__in": TOLD}) | may_have)
