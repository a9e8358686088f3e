"""Sending what is due: claim, begin, send, settle.

Any number of processes may do this at once. A claim is exclusive and leased; `begin` fences it and checks everything
once more in the transaction that enters `submitting`; the call to the gateway runs with no transaction open; `settle`
is fenced by `attempt`. What a crash leaves behind, `sweep` picks up.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import math
import time
import traceback
import uuid
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_noop as _

from accounts.enums import Channel
from accounts.fields import Unreadable, keyring
from accounts.queries import closed_channels
from accounts.services.suppressions import record_refusal, record_soft_refusal
from meetings.reminders import timing
from meetings.reminders.enums import NEWS, EventKind, Lane, ReminderState
from meetings.reminders.models import ChannelOutage, ChannelPause, Reminder
from meetings.reminders.queries import to_send_or_not
from meetings.reminders.rendering import Rendered, Renderer
from meetings.reminders.services import hot, last_moment, news, push, refusals, texts
from support import database_clock
from support.messaging import Accepted, Ambiguous, Gateway, Gateways, Refused, Result, TextMessage, Transient
from support.messaging.pace import Pace
from support.messaging.results import HELD_UP, Limit, with_detail

logger = logging.getLogger(__name__)

Clock = Callable[[], dt.datetime]

#: How long a claim holds, and then an attempt. A send takes at most settings.EMAIL_TIMEOUT twice over, which is far
#: less; one that stood still meanwhile hands nothing over any more once it is over.
LEASE = dt.timedelta(seconds=120)
#: Rows claimed at once, and of these, rows read and written about at once.
CLAIM, CHUNK = 200, 50
#: Seconds' worth of rows claimed at once where there is a pace to keep.
PACED_CLAIM = 5.0
#: A row that failed so often for reasons of its own will not get better.
MOST_ATTEMPTS = 8

UNWRITTEN = _("The message could not be written")
UNOPENED = _("This server has no key that opens its address")
#: Hosts with other keys that are noted beside this one's.
_KEYRINGS = 7
#: Until a message that could not be written, or opened, is tried again.
UNWRITTEN_PAUSE = dt.timedelta(minutes=15)


@dataclass
class Tally:
    """What one run did."""

    accepted: int = 0
    other: int = 0
    is_outage: bool = False

    @property
    def touched(self) -> int:
        return self.accepted + self.other

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.accepted + other.accepted, self.other + other.other, self.is_outage or other.is_outage)


@dataclass(frozen=True)
class _Sent:
    """A send that is over, and not yet recorded."""

    reminder: Reminder
    attempt: int
    result: Result
    rendered: Rendered


def deliver_due(
    *,
    read_clock: Clock,
    gateway: Gateway[Any] | None = None,
    batch: int = CLAIM,
    seconds: float = 180.0,
    should_stop: Callable[[], bool] = lambda: False,
    channels: Collection[str] = Channel.values,
) -> Tally:
    """Send everything that is due now by `channels`, for `seconds` at most. Returns what was done.

    One claim of up to `batch` rows by each channel in turn; services.side_by_side lets no channel wait for another.
    `read_clock` gives the current instant, since sending takes time. One connection a channel serves the whole run;
    where `gateway` is given, it serves all channels.
    """
    until = time.monotonic() + seconds
    is_over = lambda: should_stop() or time.monotonic() >= until  # noqa: E731
    gateways, pace, watch = Gateways(gateway), Pace(), database_clock.Watch(read_clock)
    tallies = {channel: Tally() for channel in channels}
    try:
        while not is_over():
            claimed = touched = 0
            for channel, tally in tallies.items():
                now, token = read_clock(), uuid.uuid4()
                if tally.is_outage or not watch.agrees(now):
                    continue
                ids = claim(now=now, token=token, limit=_at_once(channel, batch), channels=[channel])
                if not ids:
                    continue
                before = tally.touched
                _Batch(gateways, pace, token, read_clock, tally, is_over, watch).run(ids)
                claimed += len(ids)
                touched += tally.touched - before + tally.is_outage
            if not claimed:
                break
            if not touched and not is_over():
                # All of it was given back, since its turn comes later than a claim holds: no use in asking at once.
                time.sleep(1.0)
    finally:
        gateways.close()
        pace.close()
    return sum(tallies.values(), Tally())


def due_channels(*, now: dt.datetime) -> list[str]:
    """Return the channels by which something is to be sent now. Where nothing is, one look at the rows says so."""
    channels = _open_channels(now)
    if not _claimable(now, channels).exists():
        return []
    return [channel for channel in channels if _claimable(now, [channel]).exists()]


def claim(
    *, now: dt.datetime, token: uuid.UUID, limit: int = CLAIM, channels: Collection[str] = Channel.values
) -> list[int]:
    """Take up to `limit` due rows of `channels` for `token`, the most urgent first. Returns their ids in that order."""
    due = _claimable(now, [channel for channel in _open_channels(now) if channel in channels])
    # An idle engine takes no write lock.
    if not due.exists():
        return []
    with transaction.atomic():
        ids = list(
            due.select_for_update(skip_locked=True)
            .order_by("lane", "due_at", "pk")
            .values_list("pk", flat=True)[:limit]
        )
        Reminder.objects.filter(pk__in=ids, state=ReminderState.PLANNED).update(
            state=ReminderState.CLAIMED, claim_token=token, lease_until=now + LEASE
        )
    return ids


def _open_channels(now: dt.datetime) -> list[str]:
    shut = closed_channels() | set(ChannelOutage.objects.filter(until__gt=now).values_list("channel", flat=True))
    return [channel for channel in Channel.values if channel not in shut]


def _claimable(now: dt.datetime, channels: Collection[str]) -> QuerySet[Reminder]:
    # Read in the claiming statement itself: a pause holds from the moment that it is committed.
    return Reminder.objects.due(now, channels).openable(now).exclude(channel__in=ChannelPause.objects.values("channel"))


def _at_once(channel: str, batch: int) -> int:
    """Return how many rows to claim: few where a pace holds them back, so that an urgent one is not behind many."""
    rate = settings.SEND_RATES.get(channel, 0.0)
    return min(batch, max(1, math.ceil(rate * PACED_CLAIM))) if rate else batch


def release(*, token: uuid.UUID) -> int:
    """Give back what is claimed by `token` and not begun. Returns how many rows."""
    mine = Reminder.objects.filter(claim_token=token, state=ReminderState.CLAIMED)
    with transaction.atomic():
        # What somebody else holds now is being replaced; nobody waits for anybody.
        ids = list(mine.select_for_update(skip_locked=True).values_list("pk", flat=True))
        return mine.filter(pk__in=ids).update(state=ReminderState.PLANNED, claim_token=None, lease_until=None)


class _Batch:
    """The rows of one claim, sent one after the other. Each send is recorded together with the next one's begin."""

    def __init__(
        self,
        gateways: Gateways,
        pace: Pace,
        token: uuid.UUID,
        read_clock: Clock,
        tally: Tally,
        should_stop: Callable[[], bool],
        watch: database_clock.Watch,
    ) -> None:
        self._gateways = gateways
        self._pace = pace
        self._token = token
        self._read_clock = read_clock
        self._tally = tally
        self._should_stop = should_stop
        self._watch = watch
        self._lease_until = read_clock() + LEASE
        self._renderer = Renderer()
        self._parked = set(ChannelOutage.objects.values_list("channel", flat=True))
        self._unrecorded: _Sent | None = None

    def run(self, ids: list[int]) -> None:
        try:
            for reminder in self._loaded(ids):
                now = self._read_clock()
                # Once the lease is over, the rest is anybody's.
                is_leased = now < self._lease_until
                if self._should_stop() or self._tally.is_outage or not is_leased or not self._watch.agrees(now):
                    break
                self._one(reminder)
        finally:
            with contextlib.suppress(OperationalError, InterfaceError):
                # A database that went away leaves leases, and the sweeper finds them.
                self._record()
                release(token=self._token)

    def _loaded(self, ids: list[int]) -> Iterator[Reminder]:
        waiting = deque(ids)
        while waiting:
            chunk = [waiting.popleft() for _n in range(min(CHUNK, len(waiting)))]
            found, unopened = to_send_or_not(chunk)
            if unopened:
                self._leave_to_others(unopened)
            rows = {row.pk: row for row in found}
            yield from (rows[pk] for pk in chunk if pk in rows)

    def _one(self, reminder: Reminder) -> None:
        now = self._read_clock()
        try:
            rendered = self._renderer.render(reminder, now=now)
        except (OperationalError, InterfaceError):
            self._reconnect()
            return
        except Unreadable:
            self._leave_to_others([reminder.pk])
            return
        except Exception as error:  # noqa: BLE001  # one bad message never stops a batch
            _log("could not be written", reminder, error)
            self._put_off_unwritten(reminder, type(error).__name__)
            return
        gateway = self._gateways.of(reminder.channel)
        outage = gateway.open()
        if outage:
            self._park(reminder.channel, outage)
            return
        if not self._wait_for_its_turn(reminder, rendered):
            return
        begun = self._begin(reminder)
        if begun is None:
            return
        attempt, until = begun
        try:
            result = gateway.send(rendered.message, until=until)
        except Exception as error:  # noqa: BLE001  # a gateway should never raise; where it does, nobody knows
            _log("went into a gateway that failed", reminder, error)
            result = Ambiguous(with_detail(_("The gateway failed"), type(error).__name__))
        result, outage = self._in_context(reminder, result)
        self._unrecorded = _Sent(reminder, attempt, result, rendered)
        if isinstance(result, Accepted):
            self._end_outage(reminder.channel)
            return
        self._record()
        if outage:
            self._park(reminder.channel, outage)

    def _end_outage(self, channel: str) -> None:
        if channel not in self._parked:
            return
        try:
            ChannelOutage.objects.filter(channel=channel).delete()
        except (OperationalError, InterfaceError):
            # The next message that is taken ends it.
            self._reconnect()
            return
        self._parked.discard(channel)

    def _in_context(self, reminder: Reminder, result: Result) -> tuple[Result, Transient | None]:
        try:
            return refusals.in_context(reminder, result, now=self._read_clock())
        except (OperationalError, InterfaceError):
            # Without the others it stands for itself.
            connection.close()
            return result, result if isinstance(result, Transient) and result.is_outage else None

    def _wait_for_its_turn(self, reminder: Reminder, rendered: Rendered) -> bool:
        """Keep to the sender's pace. Returns False where its turn comes too late for this claim: it is given back."""
        parts = rendered.message.size.segments if isinstance(rendered.message, TextMessage) else 1
        is_urgent = reminder.lane == Lane.URGENT
        while pause := self._pace.wait(reminder.channel, parts=parts, is_urgent=is_urgent):
            self._record()
            is_too_late = self._read_clock() + dt.timedelta(seconds=pause) >= self._lease_until
            if self._should_stop() or is_too_late:
                return False
            time.sleep(min(pause, 1.0))
        return True

    def _begin(self, reminder: Reminder) -> tuple[int, dt.datetime] | None:
        """Enter `submitting`, unless the last-moment check says otherwise.

        Returns the attempt's number and when its lease ends, or None.
        """
        now = self._read_clock()
        try:
            with transaction.atomic():
                # Recording comes first, and may wait for its row; beginning never waits, so that nothing is held by
                # one who waits.
                events = _settle(self._unrecorded, now) if self._unrecorded else []
                attempt, more = _enter(reminder, self._token, now)
                events += more
                hot.write(events)
        except (OperationalError, InterfaceError):
            self._reconnect()
            return None
        self._count_recorded()
        if attempt is None:
            self._tally.other += 1
            return None
        return attempt, now + LEASE

    def _reconnect(self) -> None:
        """Go on after the database failed: perhaps it restarted. What was sent is worth more than what is next."""
        connection.close()
        self._record()

    def _record(self) -> None:
        """Record the last send by itself, through short absences of the database."""
        if self._unrecorded is None:
            return
        for pause in (0.0, 0.5, 2.0, 5.0):
            time.sleep(pause)
            try:
                with transaction.atomic():
                    hot.write(_settle(self._unrecorded, self._read_clock()))
            except (OperationalError, InterfaceError):
                connection.close()
                continue
            self._count_recorded()
            return
        # Still in `submitting`: the sweeper will find it, and nobody else can know what happened.
        self._unrecorded = None
        raise OperationalError("the database stayed away")

    def _count_recorded(self) -> None:
        if self._unrecorded is not None:
            if isinstance(self._unrecorded.result, Accepted):
                self._tally.accepted += 1
            else:
                self._tally.other += 1
            self._unrecorded = None

    def _put_off_unwritten(self, reminder: Reminder, error: str) -> None:
        """Try again in a while: the fault is ours, and the next version of the site may have mended it."""
        now = self._read_clock()
        again = now + UNWRITTEN_PAUSE
        is_in_time = again < reminder.deadline_at
        with transaction.atomic():
            changed = Reminder.objects.filter(
                pk=reminder.pk, state=ReminderState.CLAIMED, claim_token=self._token
            ).update(
                state=ReminderState.PLANNED if is_in_time else ReminderState.FAILED,
                due_at=again if is_in_time else reminder.due_at,
                reason=UNWRITTEN,
                claim_token=None,
                lease_until=None,
                settled_at=None if is_in_time else now,
            )
            if changed:
                kind = EventKind.RETRY if is_in_time else EventKind.REFUSED
                hot.write([hot.Event(reminder.pk, kind, reminder.attempt, now, f"{UNWRITTEN} ({error})")])
        self._tally.other += 1

    def _leave_to_others(self, pks: list[int]) -> None:
        """Give back rows that no key here opens, for hosts with other keys. Those with the same keys look later."""
        now, keys, news = self._read_clock(), keyring(), 0
        mine = Reminder.objects.filter(state=ReminderState.CLAIMED, claim_token=self._token)
        for pk, attempt, before in mine.filter(pk__in=pks).values_list("pk", "attempt", "unopened_by"):
            others = [each for each in before.split() if each != keys]
            # Each by itself: who holds one row and waits for another could stand in the way of a move.
            with transaction.atomic():
                changed = mine.filter(pk=pk).update(
                    state=ReminderState.PLANNED,
                    reason=UNOPENED,
                    unopened_by=" ".join([*others[-_KEYRINGS:], keys]),
                    claim_token=None,
                    lease_until=now + UNWRITTEN_PAUSE,
                )
                if changed and keys not in before:
                    hot.write([hot.Event(pk, EventKind.RETRY, attempt, now, UNOPENED)])
                    news += 1
        if news:
            logger.error("Messages that wait for another host, whose address no key here opens: %d", news)
        self._tally.other += len(pks)

    def _park(self, channel: str, outage: Transient) -> None:
        """Leave a provider alone that cannot be reached; what is claimed goes back as it was."""
        self._tally.is_outage = True
        park(channel=channel, outage=outage, now=self._read_clock())


def _log(what: str, reminder: Reminder, error: Exception) -> None:
    # The error's own words may hold an address; where it came from does not.
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.error("Reminder %s %s: %s\n%s", reminder.pk, what, type(error).__name__, where)


def park(*, channel: str, outage: Transient, now: dt.datetime) -> None:
    """Note that a channel's provider cannot be reached, and claim nothing for it for a while."""
    with transaction.atomic():
        row, is_new = ChannelOutage.objects.select_for_update().get_or_create(
            channel=channel, defaults={"until": now, "since": now, "reason": outage.reason[:200]}
        )
        is_of_a_day = outage.limit is Limit.DAY
        if not is_new:
            # A day's limit begins a count of its own: what failed before it were minutes.
            is_another = is_of_a_day and row.reason != outage.reason
            row.failures = 1 if is_another else row.failures + 1
        until = now + (outage.retry_after or timing.outage_pause(row.failures, is_of_a_day=is_of_a_day))
        # Somebody else may have heard of a longer one meanwhile.
        if until >= row.until:
            row.until, row.reason, row.said = until, outage.reason[:200], outage.said[:200]
        row.save()
    logger.warning("Channel %s is parked until %s: %s", channel, row.until.isoformat(), refusals.detail(outage))


def _enter(reminder: Reminder, token: uuid.UUID, now: dt.datetime) -> tuple[int | None, list[hot.Event]]:
    attempt = reminder.attempt + 1
    if not hot.begin(pk=reminder.pk, attempt=attempt, token=token, now=now, lease_until=now + LEASE):
        return None, []
    verdict = last_moment.check(reminder, now=now)
    if verdict is None:
        return attempt, [hot.Event(reminder.pk, EventKind.SUBMITTED, attempt, now)]
    is_final = verdict.state != ReminderState.PLANNED
    Reminder.objects.filter(pk=reminder.pk).update(
        state=verdict.state,
        attempt=reminder.attempt,
        submitted_at=reminder.submitted_at,
        reason=verdict.reason,
        due_at=verdict.due_at or reminder.due_at,
        claim_token=None,
        lease_until=None,
        settled_at=now if is_final else None,
    )
    if verdict.reason == last_moment.SUPPRESSED and reminder.channel == Channel.SMS:
        # The number takes nothing more; the person still wants to hear of it.
        texts.follow_up(reminder, now=now)
    if verdict.event is None:
        return None, []
    return None, [hot.Event(reminder.pk, verdict.event, reminder.attempt, now, verdict.reason)]


def _settle(sent: _Sent, now: dt.datetime) -> list[hot.Event]:
    """Write down what became of a send, fenced by its attempt. Returns the events to keep with it."""
    reminder, result = sent.reminder, sent.result
    kept = {
        "template": sent.rendered.template,
        "content_hash": sent.rendered.content_hash,
        # Where the channel has no name of its own for a message, the provider's.
        "message_id": sent.rendered.message_id or (result.provider_id if isinstance(result, Accepted) else ""),
    }
    if isinstance(result, Accepted):
        is_news = hot.accept(pk=reminder.pk, attempt=sent.attempt, now=now, **kept)
        cost = texts.cost(sent.rendered.message)
        return [hot.Event(reminder.pk, EventKind.ACCEPTED, sent.attempt, now, cost)] if is_news else []
    row = Reminder.objects.filter(
        pk=reminder.pk, attempt=sent.attempt, state__in=(ReminderState.SUBMITTING, ReminderState.AMBIGUOUS)
    )
    done = {"claim_token": None, "lease_until": None, "settled_at": now}
    reason, told = result.reason[:200], refusals.detail(result)
    if isinstance(result, Refused):
        kind = EventKind.REFUSED
        changed = row.update(state=ReminderState.FAILED, reason=reason, **done, **kept)
        if changed and reminder.channel == Channel.PUSH:
            push.follow_up(reminder, is_gone=result.suppress, now=now)
        if changed and reminder.channel == Channel.SMS:
            texts.follow_up(reminder, is_opt_out=result.is_opt_out, now=now)
        if result.suppress and reminder.channel != Channel.PUSH:
            record_refusal(
                channel=reminder.channel,
                value=reminder.contact_point.value,
                reason=reason,
                answer=result.answer or reason,
                is_sure=result.is_sure,
                now=now,
            )
    elif isinstance(result, Ambiguous):
        kind = EventKind.AMBIGUOUS
        changed = row.update(state=ReminderState.AMBIGUOUS, reason=reason, claim_token=None, lease_until=now, **kept)
    else:
        failures = reminder.failures + (result.is_counted and not result.is_outage)
        state, due_at, reason = after_transient(
            result,
            attempt=sent.attempt,
            failures=failures,
            due_at=reminder.due_at,
            deadline_at=reminder.deadline_at,
            now=now,
        )
        told = told if reason == result.reason[:200] else reason
        kind = _TRANSIENT_EVENTS[state]
        changed = row.update(
            state=state,
            reason=reason,
            due_at=due_at,
            failures=failures,
            claim_token=None,
            lease_until=None,
            settled_at=None if state == ReminderState.PLANNED else now,
        )
        if result.answer:
            record_soft_refusal(
                channel=reminder.channel,
                value=reminder.contact_point.value,
                reason=result.reason,
                answer=result.answer,
                now=now,
            )
        if changed and state == ReminderState.FAILED and reminder.channel == Channel.PUSH:
            push.follow_up(reminder, is_gone=False, now=now)
        if changed and state == ReminderState.FAILED and reminder.channel == Channel.SMS:
            texts.follow_up(reminder, now=now)
    if changed and reminder.kind in NEWS and kind in (EventKind.REFUSED, EventKind.EXPIRED):
        news.correct_anew(reminder, now=now)
    return [hot.Event(reminder.pk, kind, sent.attempt, now, told)] if changed else []


_TRANSIENT_EVENTS = {
    ReminderState.PLANNED: EventKind.RETRY,
    ReminderState.EXPIRED: EventKind.EXPIRED,
    ReminderState.FAILED: EventKind.REFUSED,
}


def after_transient(
    result: Transient, *, attempt: int, failures: int, due_at: dt.datetime, deadline_at: dt.datetime, now: dt.datetime
) -> tuple[ReminderState, dt.datetime, str]:
    """Return where a row goes after a failure that says "later": its state, when it is due, and why.

    `failures` are those for reasons of its own, with this one. What is not its own counts for nothing but time: an
    outage parks its channel, and the row stays due. But what a provider says in words may be about this row's recipient
    after all, whatever it says: others are asked first then, so that none is ever in their way.
    """
    reason = result.reason[:200]
    if result is HELD_UP or (result.is_outage and not result.said):
        return ReminderState.PLANNED, due_at, reason
    if result.is_outage or not result.is_counted:
        again = timing.again_at(attempt, now=now, deadline_at=deadline_at)
        if again is None:
            return ReminderState.EXPIRED, due_at, timing.TOO_LATE
        return ReminderState.PLANNED, again, reason
    if failures >= MOST_ATTEMPTS:
        return ReminderState.FAILED, due_at, reason
    again = now + max(result.retry_after or dt.timedelta(), timing.back_off(failures))
    if again >= deadline_at:
        return ReminderState.EXPIRED, due_at, timing.TOO_LATE
    return ReminderState.PLANNED, again, reason
