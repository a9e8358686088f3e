"""Calendar files (RFC 5545), worded so that a shared calendar gives nothing away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from django.conf import settings
from icalendar import Calendar, Event, vDuration, vRecur

from meetings.enums import SignupStatus
from meetings.models import Meeting, Occurrence, Signup
from meetings.recurrence import Parts, Rule
from support import clock

PRODID = "-//Homegroup//EN"
#: How often a calendar program that follows an address should look again.
REFRESH = dt.timedelta(hours=4)


def occurrence_calendar(occurrence: Occurrence, *, method: str, summary: str) -> bytes:
    """Return the calendar file of one date: the same UID for life, SEQUENCE as often as it changed.

    `method` is RFC 5546's PUBLISH, REQUEST or CANCEL; `summary` is the neutral name that shows in the calendar. No
    place, no meeting's name, nobody's name.
    """
    event = _event(occurrence.calendar_uid, summary)
    event.add("sequence", occurrence.schedule_seq)
    event.add("dtstart", occurrence.starts_at.astimezone(dt.UTC))
    event.add("dtend", occurrence.ends_at.astimezone(dt.UTC))
    event.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    return _file([event], method=method)


def member_calendar(signups: Iterable[Signup], *, summary: str) -> bytes:
    """Return one file with every date of these signups (with their occurrences), for a calendar that is subscribed to.

    As neutral as the file of one date; a place that is not certain yet is TENTATIVE.
    """
    events = []
    for signup in signups:
        occurrence = signup.occurrence
        event = _event(occurrence.calendar_uid, summary)
        event.add("sequence", occurrence.schedule_seq)
        event.add("dtstart", occurrence.starts_at.astimezone(dt.UTC))
        event.add("dtend", occurrence.ends_at.astimezone(dt.UTC))
        is_certain = signup.status not in (SignupStatus.WAITLISTED, SignupStatus.OFFERED)
        event.add("status", "CONFIRMED" if is_certain else "TENTATIVE")
        events.append(event)
    return _file(events, method="PUBLISH", refresh=REFRESH)


def meeting_calendar(meeting: Meeting, *, now: dt.datetime, summary: str) -> bytes:
    """Return the calendar file of every date of a meeting: its rule in its own zone, cancelled and moved dates too.

    Raises ValueError for a meeting by appointment, which has no dates.
    """
    rule = meeting.rule
    if rule is None:
        raise ValueError("a meeting by appointment has no calendar")
    zone = ZoneInfo(meeting.tz)
    # RFC 5545 counts DTSTART as the first instance, so it must be one that the rule gives.
    first = next(rule.between(_start_of(rule), now + dt.timedelta(days=800)), None)
    first_on = first.original_date if first else rule.starts_on
    uid = f"meeting-{meeting.pk}@homegroup"
    event = _event(uid, summary)
    event.add("dtstart", dt.datetime.combine(first_on, rule.start_time, zone))
    event.add("duration", meeting.duration)
    event.add("rrule", _recur(rule.parts, rule))
    events = [event]
    for row in meeting.occurrences.all():
        if row.is_cancelled:
            event.add("exdate", dt.datetime.combine(row.original_date, rule.start_time, zone))
        elif row.is_moved:
            events.append(_override(row, uid, summary, rule, zone))
    return _file(events, method="PUBLISH")


def _override(row: Occurrence, uid: str, summary: str, rule: Rule, zone: ZoneInfo) -> Event:
    moved = _event(uid, summary)
    moved.add("recurrence-id", dt.datetime.combine(row.original_date, rule.start_time, zone))
    moved.add("sequence", row.schedule_seq)
    moved.add("dtstart", row.starts_at.astimezone(zone))
    moved.add("dtend", row.ends_at.astimezone(zone))
    return moved


def _event(uid: str, summary: str) -> Event:
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", clock.now())
    event.add("summary", summary)
    event.add("class", "PRIVATE")
    event.add("transp", "OPAQUE")
    return event


def _file(events: list[Event], *, method: str, refresh: dt.timedelta | None = None) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    if refresh is not None:
        # RFC 7986 section 5.7, and what calendar programs have read for longer.
        calendar.add("refresh-interval", refresh, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", vDuration(refresh))
    for event in events:
        if method in ("REQUEST", "CANCEL"):
            # RFC 5546 asks for an organizer in both; the site's own neutral address names nobody.
            event.add("organizer", f"mailto:{settings.ORGANIZER_EMAIL}")
        calendar.add_component(event)
    calendar.add_missing_timezones()
    return calendar.to_ical()


def _recur(parts: Parts, rule: Rule) -> vRecur:
    fields: dict[str, object] = {"freq": parts.frequency, "interval": parts.interval}
    names = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
    if parts.weekdays:
        fields["byday"] = [f"{n or ''}{names[weekday]}" for n, weekday in parts.weekdays]
    if parts.until:
        # With a zone in DTSTART, RFC 5545 wants UNTIL in UTC: the end of that day on the meeting's clocks.
        last = dt.datetime.combine(parts.until, dt.time(23, 59, 59), ZoneInfo(rule.tz))
        fields["until"] = last.astimezone(dt.UTC)
    if parts.count:
        fields["count"] = parts.count
    return vRecur(fields)


def _start_of(rule: Rule) -> dt.datetime:
    return dt.datetime.combine(rule.starts_on, dt.time(), dt.UTC) - dt.timedelta(days=1)
