"""Write what an import planned: all of it, or nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from django.db import transaction
from django.utils.text import slugify

from meetings import recurrence
from meetings.imports.plan import MeetingChange, Options, Plan, make_plan
from meetings.imports.reading import Document
from meetings.imports.records import BodyRecord, BodyRef, FormatRecord, FormatRef, MeetingRecord, PlaceRecord
from meetings.models import Format, FormatTranslation, Meeting, ServiceBody, Venue
from meetings.services import missing, schedule
from meetings.services.formats import keep_own_formats
from meetings.services.news import telling
from support import clock

T = TypeVar("T")

#: Rows written by one statement: bounds the memory and the length of the SQL.
BATCH = 500

_PLACE_FIELDS = [field.name for field in dataclasses.fields(PlaceRecord)]
#: What a feed decides about a meeting. All else (facilitators, places, signing up, who can find it) is this site's own.
_MEETING_FIELDS = [
    "name", "group_name", "venue_type", "region", "conference_url", "conference_url_notes", "conference_phone",
    "conference_phone_notes", "notes", "website", "is_published", "is_temporarily_closed", "tz", "duration",
]  # fmt: skip
_WRITTEN = [
    *_MEETING_FIELDS, "rrule", "starts_on", "start_time", "service_body", "venue", "weekday_mask", "next_starts_at",
    "source_hash", "source_updated_at", "updated_at", "missing_since", "missing_asked_at", "is_kept",
]  # fmt: skip
_SCHEDULE = ("rrule", "start_time", "duration", "tz")


def import_documents(
    *,
    documents: Sequence[Document],
    options: Options,
    now: dt.datetime,
    dry_run: bool = False,
    announce: Callable[[Plan], None] = lambda _plan: None,
    tick: Callable[[int], None] = lambda _rows: None,
) -> Plan:
    """Plan the import of `documents`, announce the plan, and unless it is a dry run carry it out. Returns the plan.

    One transaction: whatever goes wrong, nothing is changed. People who signed up hear of what changes about their
    meetings. Raises BrokenSource.
    """
    with transaction.atomic():
        plan = make_plan(documents, options, tick=tick)
        announce(plan)
        if not dry_run and not plan.is_empty:
            _Writer(plan, now, tick).write()
    return plan


class _Writer:
    def __init__(self, plan: Plan, now: dt.datetime, tick: Callable[[int], None]) -> None:
        self.plan, self.now, self.tick = plan, now, tick
        self.sources = {change.source for change in plan.meetings}
        self.bodies: dict[tuple[str, BodyRef], ServiceBody] = {}
        self.formats: dict[FormatRef, int] = {}
        self.venues: dict[PlaceRecord, Venue] = {}

    def write(self) -> None:
        self._write_formats()
        self._write_bodies()
        self._write_venues()
        new = [change for change in self.plan.meetings if change.pk is None]
        changed = [change for change in self.plan.meetings if change.pk is not None]
        self._create(new)
        self._change(changed)
        for part in _batches(pk for _source, _id, _name, pk in self.plan.missing):
            missing.take_down(part, now=self.now)

    # -- Formats

    def _write_formats(self) -> None:
        keep_own_formats()
        taken = set(Format.objects.values_list("slug", flat=True))
        for record in self.plan.formats:
            words = {name: getattr(record, name) for name in ("key", "name", "description", "category", "world_id")}
            Format.objects.update_or_create(
                vocabulary=record.vocabulary,
                source_id=record.source_id,
                defaults=words,
                create_defaults={**words, "slug": _free_slug(record.name, "format", taken, 40)},
            )
        self.formats = {
            FormatRef(slug=slug) if not vocabulary else FormatRef("", vocabulary, source_id): pk
            for pk, slug, vocabulary, source_id in Format.objects.values_list("pk", "slug", "vocabulary", "source_id")
        }
        for record in self.plan.translations:
            self._translate(record)

    def _translate(self, record: FormatRecord) -> None:
        FormatTranslation.objects.update_or_create(
            format_id=self.formats[FormatRef("", record.vocabulary, record.source_id)],
            language=record.language,
            defaults={"name": record.name, "description": record.description},
        )

    # -- Service bodies

    def _write_bodies(self) -> None:
        taken = set(ServiceBody.objects.values_list("slug", flat=True))
        for source, record in self.plan.bodies:
            self._write_body(source, record, taken)
        # A parent may stand after its children.
        for source, record in self.plan.bodies:
            bodies = ServiceBody.objects.filter(source=source)
            parent = bodies.get(source_id=record.parent_id) if record.parent_id else None
            bodies.filter(source_id=record.source_id).update(parent=parent)
        for change in self.plan.meetings:
            key = (change.source, change.record.body)
            if key not in self.bodies:
                self.bodies[key] = self._body(*key, taken)

    def _write_body(self, source: str, record: BodyRecord, taken: set[str]) -> None:
        words = {
            name: getattr(record, name) for name in ("name", "kind", "description", "website", "helpline", "world_id")
        }
        ServiceBody.objects.update_or_create(
            source=source,
            source_id=record.source_id,
            defaults=words,
            create_defaults={**words, "slug": _free_slug(record.name, "service-body", taken)},
        )

    def _body(self, source: str, ref: BodyRef, taken: set[str]) -> ServiceBody:
        if ref.source_id:
            body = ServiceBody.objects.filter(source=source, source_id=ref.source_id).first()
            origin = {"source": source, "source_id": ref.source_id}
        else:
            body = ServiceBody.objects.filter(name__iexact=ref.name).order_by("source", "pk").first()
            origin = {}
        return body or ServiceBody.objects.create(
            name=ref.name, slug=_free_slug(ref.name, "service-body", taken), **origin
        )

    # -- Venues

    def _write_venues(self) -> None:
        """Make the venues that are not there yet; meetings of one feed in the same room share a row."""
        for venue in Venue.objects.filter(meetings__source__in=self.sources).distinct():
            self.venues.setdefault(PlaceRecord(**{name: getattr(venue, name) for name in _PLACE_FIELDS}), venue)
        wanted = dict.fromkeys(change.record.place for change in self.plan.meetings if change.record.place)
        missing = [place for place in wanted if place not in self.venues]
        made = Venue.objects.bulk_create([Venue(**dataclasses.asdict(place)) for place in missing], batch_size=BATCH)
        self.venues.update(zip(missing, made, strict=True))

    # -- Meetings

    def _create(self, changes: Sequence[MeetingChange]) -> None:
        if not changes:
            return
        taken = set(Meeting.objects.values_list("slug", flat=True))
        for part in _batches(changes):
            meetings = []
            for change in part:
                record = change.record
                city = record.place.city if record.place else ""
                meeting = Meeting(
                    source=change.source,
                    source_id=record.source_id,
                    slug=_free_slug(f"{record.name} {city}", "meeting", taken),
                )
                self._fill(meeting, change)
                schedule.derive(meeting, now=self.now)
                meetings.append(meeting)
            Meeting.objects.bulk_create(meetings)
            self._give_formats(zip(meetings, part, strict=True))
            self.tick(len(part))

    def _change(self, changes: Sequence[MeetingChange]) -> None:
        old_venues: set[int] = set()
        for part in _batches(changes):
            by_pk = Meeting.objects.in_bulk([change.pk for change in part])
            with_dates = set(
                Meeting.objects.filter(pk__in=by_pk, occurrences__isnull=False).values_list("pk", flat=True).distinct()
            )
            meetings, followed = [], []
            for change in part:
                assert change.pk is not None
                meeting = by_pk[change.pk]
                if meeting.venue_id:
                    old_venues.add(meeting.venue_id)
                before = [getattr(meeting, name) for name in _SCHEDULE]
                self._fill(meeting, change)
                if before != [getattr(meeting, name) for name in _SCHEDULE]:
                    schedule.derive(meeting, now=self.now)
                    if meeting.pk in with_dates:
                        followed.append(meeting)
                meeting.updated_at = self.now
                meetings.append(meeting)
            with telling(by_pk, now=self.now):
                # All of them are there already. One "insert, or else update" is ten times as fast as bulk_update, whose
                # SQL has a CASE for each field of each row.
                Meeting.objects.bulk_create(
                    meetings, update_conflicts=True, unique_fields=["pk"], update_fields=_WRITTEN, batch_size=BATCH
                )
                Meeting.formats.through.objects.filter(meeting__in=meetings).delete()
                self._give_formats(zip(meetings, part, strict=True))
                for meeting in followed:
                    schedule.reschedule(meeting, now=self.now)
            self.tick(len(part))
        for pks in _batches(old_venues):
            Venue.objects.filter(pk__in=pks, meetings__isnull=True).delete()

    def _fill(self, meeting: Meeting, change: MeetingChange) -> None:
        record = change.record
        for name in _MEETING_FIELDS:
            setattr(meeting, name, getattr(record, name))
        meeting.service_body = self.bodies[change.source, record.body]
        meeting.venue = self.venues[record.place] if record.place else None
        _fill_schedule(meeting, record, self.now)
        meeting.source_hash = change.fingerprint
        # Its list has it: what was asked or said while it was missing is over.
        meeting.missing_since, meeting.missing_asked_at, meeting.is_kept = None, None, False
        meeting.source_updated_at = record.updated_at

    def _give_formats(self, pairs: Iterable[tuple[Meeting, MeetingChange]]) -> None:
        through: Any = Meeting.formats.through
        through.objects.bulk_create(
            [
                through(meeting_id=meeting.pk, format_id=pk)
                for meeting, change in pairs
                for pk in dict.fromkeys(self.formats[ref] for ref in change.record.formats if ref in self.formats)
            ],
            batch_size=BATCH,
        )


def _fill_schedule(meeting: Meeting, record: MeetingRecord, now: dt.datetime) -> None:
    if not record.weekdays:
        meeting.rrule, meeting.starts_on, meeting.start_time = "", None, None
        return
    meeting.rrule = recurrence.weekly(list(record.weekdays))
    meeting.start_time = record.start_time
    if meeting.starts_on is None:
        # Feeds do not say since when: a Monday some weeks back, so that a weekly listing has been there for a while.
        today = clock.to_wall(now, record.tz).date()
        meeting.starts_on = today - dt.timedelta(days=today.weekday() + 28)


def _free_slug(words: str, otherwise: str, taken: set[str], limit: int = 80) -> str:
    """Return a slug for `words` that is not in `taken`, and put it there."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    stem = slugify(plain)[:limit].strip("-_") or otherwise
    slug, count = stem, 1
    while slug in taken:
        count += 1
        ending = f"-{count}"
        slug = re.sub(r"[-_]+$", "", stem[: limit - len(ending)]) + ending
    taken.add(slug)
    return slug


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while part := list(islice(rest, BATCH)):
        yield part
