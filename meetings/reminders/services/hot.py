"""The four statements that run for every single message, in SQL by hand.

Building them through the ORM each time took four times as long as running them, and more than writing and sending the
message. Everything that runs once a batch, or only when something went wrong, stays with the ORM. The same words serve
SQLite and PostgreSQL; values go through the models' own fields. PostgreSQL prepares each statement once a connection:
planning them anew for every message took it longer than running them.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper

from accounts.models import Consent, ContactPoint, Preferences, Suppression
from meetings.enums import OccurrenceStatus, SignupStatus
from meetings.models import Meeting, Occurrence, Participant, Signup
from meetings.reminders.enums import EventKind, ReminderKind, ReminderState
from meetings.reminders.models import DeliveryEvent, Reminder, ReminderPart
from meetings.reminders.queries.people import why_off

_ROW = Reminder._meta.db_table
_EVENT = DeliveryEvent._meta.db_table
_PART = ReminderPart._meta.db_table

_BEGIN = f"""
UPDATE {_ROW} SET state = '{ReminderState.SUBMITTING}', attempt = %s, submitted_at = %s, lease_until = %s
WHERE id IN (SELECT id FROM {_ROW} WHERE id = %s AND state = '{ReminderState.CLAIMED}' AND claim_token = %s
    AND lease_until > %s AND attempt = %s {{or_leave_it}})
"""  # noqa: S608  # table names and the enum's own words, nothing from outside

# A send that was accepted is accepted, even where a sweeper has given the row up (or back) in between.
_ACCEPT = f"""
UPDATE {_ROW} SET state = '{ReminderState.ACCEPTED}', reason = '', claim_token = NULL, lease_until = NULL,
    settled_at = %s, template = %s, content_hash = %s, message_id = %s
WHERE id = %s AND attempt = %s AND state IN ('{ReminderState.SUBMITTING}', '{ReminderState.AMBIGUOUS}',
    '{ReminderState.PLANNED}', '{ReminderState.CLAIMED}', '{ReminderState.ASSUMED_SENT}')
"""  # noqa: S608  # as above

_UNSETTLED = f"""
e.state IN ('{ReminderState.SUBMITTING}', '{ReminderState.AMBIGUOUS}') AND e.id <> r.id
AND (e.schedule_seq < r.schedule_seq OR e.created_at < r.created_at)
"""


#: Of a message that speaks for other places as well: an unsettled one about any of these, and whether one of them
#: is not any more as it was when the message was planned. News is of dates that are off, too, and goes to who waits.
_UNSETTLED_BY_PARTS = f"""
    OR EXISTS (SELECT 1 FROM {_PART} q JOIN {_ROW} e ON e.signup_id = q.signup_id
        WHERE q.reminder_id = r.id AND {_UNSETTLED})"""  # noqa: S608  # as above
_PART_STALE = f"""EXISTS (SELECT 1 FROM {_PART} q JOIN {Signup._meta.db_table} qs ON qs.id = q.signup_id
        JOIN {Occurrence._meta.db_table} qo ON qo.id = qs.occurrence_id
        JOIN {Meeting._meta.db_table} qm ON qm.id = qo.meeting_id
        WHERE q.reminder_id = r.id AND (qs.status = '{SignupStatus.CANCELLED}' OR qo.schedule_seq <> q.schedule_seq
            OR r.kind = '{ReminderKind.REMINDER}' AND (qs.status <> '{SignupStatus.CONFIRMED}'
                OR NOT qm.is_published OR qm.is_temporarily_closed
                OR qo.status <> '{OccurrenceStatus.SCHEDULED}')))"""  # noqa: S608  # as above


@cache
def _facts_sql(hashes: int, is_joined: bool) -> str:
    # Most messages speak for one place. PostgreSQL takes longer to plan this than to run it, so the rest is left out.
    in_hashes = ", ".join(["%s"] * hashes)
    unsettled_by_parts = _UNSETTLED_BY_PARTS if is_joined else ""
    is_part_stale = _PART_STALE if is_joined else "1 = 0"
    return f"""
SELECT s.status, o.status, o.schedule_seq, p.tz, p.language, p.hour_cycle, c.verified_at IS NOT NULL,
    EXISTS (SELECT 1 FROM {Suppression._meta.db_table} x WHERE x.channel = r.channel AND x.value_hash IN ({in_hashes})),
    (SELECT k.is_given FROM {Consent._meta.db_table} k WHERE k.contact_point_id = c.id AND k.purpose = %s
        ORDER BY k.recorded_at DESC, k.id DESC LIMIT 1),
    EXISTS (SELECT 1 FROM {_ROW} e WHERE e.signup_id = r.signup_id AND {_UNSETTLED})
    OR (s.standing_id IS NOT NULL AND EXISTS (
        SELECT 1 FROM {Signup._meta.db_table} es JOIN {_ROW} e ON e.signup_id = es.id
        WHERE es.standing_id = s.standing_id AND e.kind = '{ReminderKind.CONFIRMATION}' AND {_UNSETTLED}))
    OR EXISTS (SELECT 1 FROM {_PART} q JOIN {_ROW} e ON e.id = q.reminder_id
        WHERE q.signup_id = r.signup_id AND {_UNSETTLED}){unsettled_by_parts},
    {is_part_stale},
    m.is_published, m.is_temporarily_closed, m.missing_since IS NOT NULL,
    f.quiet_from, f.quiet_until, f.ignores_quiet, f.paused_until, f.wording
FROM {_ROW} r
JOIN {Signup._meta.db_table} s ON s.id = r.signup_id
JOIN {Occurrence._meta.db_table} o ON o.id = s.occurrence_id
JOIN {Meeting._meta.db_table} m ON m.id = o.meeting_id
JOIN {Participant._meta.db_table} p ON p.id = s.participant_id
JOIN {ContactPoint._meta.db_table} c ON c.id = r.contact_point_id
LEFT JOIN {Preferences._meta.db_table} f ON f.id = COALESCE(
    (SELECT u.id FROM {Preferences._meta.db_table} u WHERE u.user_id = c.user_id),
    (SELECT g.id FROM {Preferences._meta.db_table} g WHERE g.contact_point_id = c.id))
WHERE r.id = %s
"""  # noqa: S608  # as above


@dataclass(frozen=True)
class Reading:
    """What the database says now about a row and all that it speaks of."""

    signup_status: str
    occurrence_status: str
    occurrence_seq: int
    tz: str
    language: str
    hour_cycle: str
    is_verified: bool
    is_suppressed: bool
    consent: bool | None
    is_earlier_unsettled: bool
    #: Whether another place that it speaks for is not as it says any more.
    is_part_stale: bool
    #: Why its meeting does not take place, as far as this site knows, or "".
    why_off: str
    preferences: Preferences


@dataclass(frozen=True)
class Event:
    """One delivery event, to be written with others."""

    reminder_id: int
    kind: EventKind
    attempt: int
    at: dt.datetime
    detail: str = ""


def begin(*, pk: int, attempt: int, token: uuid.UUID, now: dt.datetime, lease_until: dt.datetime) -> bool:
    """Lock a row and enter `submitting` with `attempt`, if `token` still has it. Returns whether that is so.

    It never waits: a row that a move is holding at this moment is about to be replaced. A deliverer that holds one row
    and waits for another could stand in the way of a move that does the same, and one of the two would fail.
    """
    moment = _moment(now)
    values = [attempt, moment, _moment(lease_until), pk, _uuid(token), moment, attempt - 1]
    with _cursor() as cursor:
        cursor.execute(_BEGIN.format(or_leave_it=_skip_locked()), values)
        return cursor.rowcount == 1


def accept(*, pk: int, attempt: int, template: str, content_hash: str, message_id: str, now: dt.datetime) -> bool:
    """Record that the gateway took `attempt` of a row. Returns False where a newer attempt has begun, or it is over."""
    with _cursor() as cursor:
        cursor.execute(_ACCEPT, [_moment(now), template, content_hash, message_id, pk, attempt])
        return cursor.rowcount == 1


def read(*, pk: int, hashes: Sequence[str], purpose: str, is_joined: bool) -> Reading:
    """Read what the last look needs; `hashes` are the address's look-up hashes.

    `is_joined` says whether the row has parts; it has the same for as long as it is there.
    """
    with _cursor() as cursor:
        cursor.execute(_facts_sql(len(hashes), is_joined), [*hashes, purpose, pk])
        row = cursor.fetchone()
    (
        status, occurrence_status, seq, tz, language, hour_cycle, is_verified, is_suppressed, consent, is_unsettled,
        is_part_stale, is_published, is_closed, is_missing, *wishes,
    ) = row  # fmt: skip
    return Reading(
        signup_status=status,
        occurrence_status=occurrence_status,
        occurrence_seq=seq,
        tz=tz,
        language=language,
        hour_cycle=hour_cycle,
        # SQLite has no truth values of its own.
        is_verified=bool(is_verified),
        is_suppressed=bool(is_suppressed),
        consent=None if consent is None else bool(consent),
        is_earlier_unsettled=bool(is_unsettled),
        is_part_stale=bool(is_part_stale),
        why_off=why_off(is_published=bool(is_published), is_closed=bool(is_closed), is_missing=bool(is_missing)),
        preferences=_preferences(*wishes),
    )


def _preferences(quiet_from: Any, quiet_until: Any, ignores_quiet: Any, paused_until: Any, wording: Any) -> Preferences:
    if wording is None:
        return Preferences()
    # SQLite has no dates and times of its own either.
    return Preferences(
        quiet_from=_PREFERENCES["quiet_from"](quiet_from),
        quiet_until=_PREFERENCES["quiet_until"](quiet_until),
        ignores_quiet=bool(ignores_quiet),
        paused_until=_PREFERENCES["paused_until"](paused_until),
        wording=wording,
    )


_PREFERENCES: dict[str, Any] = {
    field.name: field.to_python
    for field in Preferences._meta.fields
    if field.name in ("quiet_from", "quiet_until", "paused_until")
}


def write(events: Sequence[Event]) -> None:
    """Append events in one statement."""
    if not events:
        return
    rows = ", ".join(["(%s, %s, %s, %s, %s)"] * len(events))
    values = [
        value
        for event in events
        for value in (event.reminder_id, str(event.kind), event.attempt, event.detail[:200], _moment(event.at))
    ]
    with _cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_EVENT} (reminder_id, kind, attempt, detail, at) VALUES {rows}",  # noqa: S608  # as above
            values,
        )


def _cursor() -> CursorWrapper:
    if connection.vendor != "postgresql":
        return connection.cursor()
    # Django's own cursor writes the values into the words, so that no two statements are the same.
    connection.ensure_connection()
    return connection.make_cursor(psycopg.Cursor(connection.connection))  # type: ignore[arg-type]  # its types say less


def _skip_locked() -> str:
    # SQLite has one lock, and the transaction holds it.
    return "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""


def _moment(value: dt.datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(value)


def _uuid(value: uuid.UUID) -> Any:
    return Reminder._meta.get_field("claim_token").get_db_prep_value(value, connection)
