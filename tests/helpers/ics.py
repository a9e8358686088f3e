"""A reader of calendar files that shares nothing with what writes them: dateutil's zones and rules, and plain text.

It adds a duration on the wall, as several calendar programs do: a file has to be right for these as well.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterable

from dateutil.rrule import rrulestr
from dateutil.tz import tzical

Span = tuple[dt.datetime, dt.datetime]
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")


def lines(content: bytes) -> list[str]:
    """Return the unfolded lines of a calendar file (RFC 5545 section 3.1)."""
    return content.decode().replace("\r\n ", "").split("\r\n")


def spans(content: bytes, start: dt.datetime, end: dt.datetime) -> list[Span]:
    """Return from when to when each entry of a file lasts that starts in [start, end): in UTC, sorted."""
    zones = _zones(content)
    masters, exceptions = [], {}
    for event in _events(content):
        properties = {name: (value, zones.get(tzid)) for name, tzid, value in event}
        if "RECURRENCE-ID" in properties:
            exceptions[properties["UID"][0], properties["RECURRENCE-ID"][0].removesuffix("Z")] = properties
        else:
            masters.append((properties, {value.removesuffix("Z") for name, _, value in event if name == "EXDATE"}))
    found = [_span(properties) for properties in exceptions.values()]
    for properties, excluded in masters:
        text, zone = properties["DTSTART"]
        begin = _wall(text)
        walls: Iterable[dt.datetime] = [begin]
        if "RRULE" in properties:
            rule = rrulestr(_with_local_until(properties["RRULE"][0], zone), dtstart=begin)
            day = dt.timedelta(days=2)
            walls = rule.between(start.replace(tzinfo=None) - day, end.replace(tzinfo=None) + day, inc=True)
        for wall in walls:
            name = f"{wall:%Y%m%dT%H%M%S}"
            if name in excluded or (properties["UID"][0], name) in exceptions:
                continue
            found.append(_span({**properties, "DTSTART": (name + "Z" * text.endswith("Z"), zone)}))
    return sorted(span for span in found if start <= span[0] < end)


def _events(content: bytes) -> list[list[tuple[str, str, str]]]:
    """Return each VEVENT as (name, TZID, value) of its properties."""
    events: list[list[tuple[str, str, str]]] = []
    is_inside = False
    for line in lines(content):
        if line == "BEGIN:VEVENT":
            events.append([])
        is_inside = line == "BEGIN:VEVENT" or (is_inside and line != "END:VEVENT")
        if is_inside:
            head, _, value = line.partition(":")
            name, *parameters = head.split(";")
            tzid = next((each.removeprefix("TZID=") for each in parameters if each.startswith("TZID=")), "")
            events[-1].append((name, tzid, value))
    return events


def _zones(content: bytes) -> dict[str, dt.tzinfo]:
    if b"BEGIN:VTIMEZONE" not in content:
        return {}
    known = tzical(io.StringIO("\n".join(lines(content))))
    return {str(key): zone for key in tuple(known.keys()) if (zone := known.get(key)) is not None}


def _span(properties: dict[str, tuple[str, dt.tzinfo | None]]) -> Span:
    start = _instant(*properties["DTSTART"])
    if "DTEND" in properties:
        return start, _instant(*properties["DTEND"])
    text, zone = properties["DTSTART"]
    parts = _DURATION.fullmatch(properties["DURATION"][0])
    assert parts, properties["DURATION"]
    days, hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    lasts = dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return start, _instant(f"{_wall(text) + lasts:%Y%m%dT%H%M%S}" + "Z" * text.endswith("Z"), zone)


def _instant(text: str, zone: dt.tzinfo | None) -> dt.datetime:
    assert text.endswith("Z") or zone is not None, f"{text} is in a zone that the file does not have"
    return _wall(text).replace(tzinfo=dt.UTC if text.endswith("Z") else zone).astimezone(dt.UTC)


def _wall(text: str) -> dt.datetime:
    return dt.datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007  # a wall time has no zone


def _with_local_until(rule: str, zone: dt.tzinfo | None) -> str:
    """Return a rule whose UNTIL is on the wall, as dateutil wants it beside a start without a zone."""

    def on_the_wall(match: re.Match[str]) -> str:
        until = _wall(match[1]).replace(tzinfo=dt.UTC)
        return f"UNTIL={until.astimezone(zone or dt.UTC):%Y%m%dT%H%M%S}"

    return re.sub(r"UNTIL=(\d{8}T\d{6}Z)", on_the_wall, rule)
