"""Calendar files (RFC 5545), worded so that a shared calendar gives nothing away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from urllib.parse import quote
from zoneinfo import ZoneInfo

from django.conf import settings
from icalendar import Calendar, Event, vCalAddress, vDuration, vRecur, vText

from meetings.feeds.vtimezone import changes, vtimezone
from meetings.models import Meeting, Occurrence, Signup
from meetings.recurrence import Parts, Rule, Slot
from support import clock

PRODID = "-//Homegroup//EN"
#: How often a calendar program that follows an address should look again.
REFRESH = dt.timedelta(hours=4)
#: As far ahead as the clock changes of a zone without yearly rules are told, and the dates that meet any change.
FORESEEN = dt.timedelta(days=11 * 366)
_DAY = dt.timedelta(days=1)


def place_calendar(
    places: Iterable[Signup], *, method: str, summary: str, now: dt.datetime, attendee: str = ""
) -> bytes:
    """Return the calendar file of these places (with their occurrences): each has its own UID for life.

    `method` is RFC 5546's PUBLISH, REQUEST or CANCEL; `summary` is the neutral name that shows in the calendar;
    `attendee` is the address that a REQUEST or CANCEL is mailed to, and no name. No place, no meeting's name.
    """
    events = []
    for place in places:
        event = _place(place, summary, now, is_off=method == "CANCEL")
        if attendee:
            event.add("attendee", _attendee(attendee))
            # Nobody reads an answer: Outlook offers none, and no other time either.
            event.add("x-microsoft-disallow-counter", vText("TRUE"))
        events.append(event)
    return _file(events, method=method).to_ical()


def member_calendar(places: Iterable[Signup], *, summary: str, now: dt.datetime) -> bytes:
    """Return one file with every date of these signups (with their occurrences), for a calendar that is subscribed to.

    As neutral as the file of one date.
    """
    events = [_place(place, summary, now) for place in places]
    return _file(events, method="PUBLISH", refresh=REFRESH).to_ical()


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
    event = _event(uid, summary, now)
    event.add("dtstart", dt.datetime.combine(first_on, rule.start_time, zone))
    event.add("duration", meeting.duration)
    event.add("rrule", _recur(rule.parts, rule))
    events = [event]
    by_hand = [row for row in meeting.occurrences.all() if row.is_cancelled or row.is_moved]
    for row in by_hand:
        if row.is_cancelled:
            event.add("exdate", dt.datetime.combine(row.original_date, rule.start_time, zone))
        else:
            events.append(_override(row, uid, summary, rule, now))
    first_at = clock.to_instant(dt.datetime.combine(first_on, rule.start_time), rule.tz)
    since = min([first_at, *(row.starts_at for row in by_hand)])
    until = max(since, now) + FORESEEN
    changed = {row.original_date for row in by_hand}
    for slot in _at_clock_changes(rule, since, until):
        if slot.original_date not in changed:
            events.append(_override(slot, uid, summary, rule, now))
    file = _file(events, method="PUBLISH")
    for tz in sorted(file.get_missing_tzids()):
        file.subcomponents.insert(0, vtimezone(tz, since=since, until=until))
    return file.to_ical()


def _at_clock_changes(rule: Rule, since: dt.datetime, until: dt.datetime) -> Iterator[Slot]:
    """Yield the dates whose hours on the wall do not say by themselves when they start or end.

    Where clocks change, programs differ: over two hours from 1:00 AM on, several add hours on the wall and end one off.
    """
    days = rule.duration // _DAY + 1
    dates = {
        change.onset.date() + passed * _DAY
        for change in changes(rule.tz, since.year, until.year)
        for passed in range(-days, 2)
    }
    for date in sorted(dates):
        start = dt.datetime.combine(date, rule.start_time)
        end = start + rule.duration
        ends_at = clock.to_instant(start, rule.tz) + rule.duration
        if _is_plain(start, rule.tz) and _is_plain(end, rule.tz) and clock.to_wall(ends_at, rule.tz) == end:
            continue
        if date >= rule.starts_on and (slot := rule.on(date)) is not None:
            yield slot


def _is_plain(wall: dt.datetime, tz: str) -> bool:
    """Return whether clocks in `tz` show this wall time once: not never, and not twice."""
    first, second = (wall.replace(tzinfo=ZoneInfo(tz), fold=fold).utcoffset() for fold in (0, 1))
    return first == second


def _override(date: Occurrence | Slot, uid: str, summary: str, rule: Rule, now: dt.datetime) -> Event:
    """Return what stands for one date of a rule, in UTC: no clock can show that twice."""
    event = _event(uid, summary, now)
    event.add("recurrence-id", dt.datetime.combine(date.original_date, rule.start_time, ZoneInfo(rule.tz)))
    if isinstance(date, Occurrence):
        event.add("sequence", date.schedule_seq)
    _add_span(event, date)
    return event


def _place(place: Signup, summary: str, now: dt.datetime, *, is_off: bool = False) -> Event:
    event = _event(place.calendar_uid, summary, now)
    # Whoever waits is not there yet.
    held = "CONFIRMED" if place.is_certain else "TENTATIVE"
    event.add("status", "CANCELLED" if is_off else held)
    event.add("sequence", place.calendar_sequence)
    _add_span(event, place.occurrence)
    return event


def _add_span(event: Event, date: Occurrence | Slot) -> None:
    event.add("dtstart", date.starts_at.astimezone(dt.UTC))
    event.add("dtend", date.ends_at.astimezone(dt.UTC))


def _event(uid: str, summary: str, now: dt.datetime) -> Event:
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", now)
    event.add("summary", summary)
    event.add("class", "PRIVATE")
    event.add("transp", "OPAQUE")
    # RFC 5546 asks for one in all that is published, requested or cancelled; the site's own address names nobody.
    event.add("organizer", f"mailto:{settings.ORGANIZER_EMAIL}")
    return event


def _attendee(address: str) -> vCalAddress:
    """Return the reader as RFC 5546 wants them in what is mailed to them: by address alone, coming, asked for nothing.

    It has to be the reader's own: mail programs take an entry over where they find the mailbox's owner among those
    who are asked, and show a file that cannot be answered where they do not.
    """
    attendee = vCalAddress("mailto:" + quote(address, safe="@!$'*+"))
    attendee.params["CUTYPE"] = vText("INDIVIDUAL")
    attendee.params["PARTSTAT"] = vText("ACCEPTED")
    attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
    attendee.params["RSVP"] = vText("FALSE")
    return attendee


def _file(events: Iterable[Event], *, method: str, refresh: dt.timedelta | None = None) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    if refresh is not None:
        # RFC 7986 section 5.7, and what calendar programs have read for longer.
        calendar.add("refresh-interval", refresh, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", vDuration(refresh))
    for event in events:
        calendar.add_component(event)
    return calendar


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
