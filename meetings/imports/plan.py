"""What an import would do: rows of files against what is in the database. Reads only; `services.imports` applies it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from django.utils.text import slugify

from meetings.imports import bmlt, meeting_guide
from meetings.imports.bmlt import Vocabulary
from meetings.imports.reading import BrokenSource, Document, is_aggregated, root_server
from meetings.imports.records import (
    BodyRecord,
    BodyRef,
    FormatRecord,
    Kind,
    MeetingRecord,
    Row,
    fingerprint,
)
from meetings.imports.zones import NO_ZONE
from meetings.models import Format, FormatTranslation, Meeting, ServiceBody

MEETING_KINDS = (Kind.GUIDE, Kind.BMLT, Kind.BMLT_ADMIN)
#: A file is a later copy of a feed imported before when this share of its rows has the same slug and name there.
SAME_FEED = 0.5
#: A file is of another feed than the one known by its name when fewer than this share of its rows are there.
ANOTHER_FEED = 0.1
FEWEST_TO_TELL = 5
#: So many listings of a feed, or this share of them, may be missing at once without anybody's word for it.
MOST_LOST, MOST_LOST_SHARE = 10, 0.25
#: File names that begin alike for this long belong together ("newyork-formats", "newyork-meetings").
ALIKE = 4


class Fate(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator said: `service_body` for rows that name none; `source`, the feed, if not the file's name."""

    service_body: str = ""
    timezone: str = ""
    source: str = ""
    unpublish_missing: bool = False
    #: However many are missing.
    unpublish_many: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """The fate of one row, for people: why, and what was set right in it."""

    row: int
    id: str
    name: str
    fate: Fate
    reason: str = ""
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class FilePlan:
    """One file: each of its rows has exactly one entry."""

    document: Document
    source: str
    entries: list[Entry] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def count(self, fate: Fate) -> int:
        return sum(entry.fate == fate for entry in self.entries)


@dataclass(frozen=True, slots=True)
class MeetingChange:
    """A meeting to write: a new one without `pk`. `body` is resolved: an id in `source`, or a name."""

    source: str
    record: MeetingRecord
    fingerprint: str
    pk: int | None = None


@dataclass(slots=True)
class Plan:
    """All that a run would write."""

    files: list[FilePlan] = field(default_factory=list)
    formats: list[FormatRecord] = field(default_factory=list)
    translations: list[FormatRecord] = field(default_factory=list)
    bodies: list[tuple[str, BodyRecord]] = field(default_factory=list)
    meetings: list[MeetingChange] = field(default_factory=list)
    #: Meetings that their feed no longer has: (source, id there, name, pk).
    missing: list[tuple[str, str, str, int]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.formats or self.translations or self.bodies or self.meetings or self.missing)


def make_plan(
    documents: Sequence[Document], options: Options, *, tick: Callable[[int], None] = lambda _rows: None
) -> Plan:
    """Return what importing `documents` together would do. `tick` is called with each number of rows dealt with.

    Formats and service bodies in one file serve the meetings in another. Raises BrokenSource where a file cannot be
    imported as a whole.
    """
    plan = Plan()
    files = [FilePlan(document, _source(document, options)) for document in documents]
    _plan_formats(plan, files)
    _recognise_later_copies(files, options)
    _plan_bodies(plan, files)
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    for file in files:
        if file.document.kind in MEETING_KINDS:
            _plan_meetings(plan, file, files, options, seen)
        tick(len(file.document.rows))
    if options.unpublish_missing:
        _plan_missing(plan, files, is_any_number=options.unpublish_many)
    plan.files = files
    return plan


# -- Which feed a file is ----------------------------------------------------------------------------------------------


def _source(document: Document, options: Options) -> str:
    """Return the name under which a feed's ids are kept: its server's address, else the name of its file."""
    if document.kind == Kind.GUIDE:
        return f"guide:{options.source or document.stem}"[:255]
    if document.kind in (Kind.BMLT, Kind.BMLT_ADMIN):
        return (root_server(document) or f"bmlt:{options.source or document.stem}")[:255]
    return ""


def _recognise_later_copies(files: Sequence[FilePlan], options: Options) -> None:
    """Let a Meeting Guide file under a new name update the feed that it is a later copy of.

    With --service-body this is done, since the same body owns both; without it, it is only said. Feeds of this very run
    are never taken for one another.
    """
    guides = [file for file in files if file.document.kind == Kind.GUIDE and not options.source]
    in_this_run = {file.source for file in guides}
    names: dict[str, dict[str, str]] = defaultdict(dict)
    bodies: dict[str, set[str]] = defaultdict(set)
    listings = Meeting.objects.filter(source__startswith="guide:") if guides else Meeting.objects.none()
    for source, source_id, name, body in listings.values_list("source", "source_id", "name", "service_body__name"):
        names[source][source_id] = name
        bodies[source].add(body.lower())
    candidates = {
        source: by_id
        for source, by_id in names.items()
        if source not in in_this_run and (not options.service_body or options.service_body.lower() in bodies[source])
    }
    taken: set[str] = set()
    for file in guides:
        rows = [(str(row.get("slug")), row.get("name")) for row in file.document.rows if isinstance(row, dict)]
        if file.source in names:
            _refuse_another_feed(file, rows, names[file.source])
            continue
        alike = Counter(
            source for source, by_id in candidates.items() for slug, name in rows if name and by_id.get(slug) == name
        )
        if not alike or alike.most_common(1)[0][1] < len(rows) * SAME_FEED:
            continue
        source, count = alike.most_common(1)[0]
        feed = source.removeprefix("guide:")
        if options.service_body and source not in taken:
            taken.add(source)
            file.source = source
            file.remarks.append(f"Taken for a later copy of the feed “{feed}”: {count} of {len(rows)} rows are there.")
        else:
            file.remarks.append(
                f"Looks like a later copy of the feed “{feed}”: {count} of {len(rows)} rows are there. "
                f"To update that one instead, give --source {feed}"
            )


def _refuse_another_feed(file: FilePlan, rows: Sequence[tuple[str, object]], known: dict[str, str]) -> None:
    """Keep two feeds apart whose files are called alike ("meetings.json"): their slugs would overwrite each other."""
    same = sum(known.get(slug) == name for slug, name in rows)
    fewer = min(len(rows), len(known))
    if fewer >= FEWEST_TO_TELL and same < fewer * ANOTHER_FEED:
        raise BrokenSource(
            f"{file.document.name}: {len(known)} other meetings came from a file of this name, and {same} "
            f"of its {len(rows)} rows are among them. Give the feed a name of its own with --source NAME, "
            f"or, if it is the same one, --source {file.source.removeprefix('guide:')}"
        )


# -- Formats -----------------------------------------------------------------------------------------------------------


def _plan_formats(plan: Plan, files: Sequence[FilePlan]) -> None:
    there = {(each.vocabulary, each.source_id): each for each in Format.objects.exclude(source_id="")}
    translated = {
        (each.format.vocabulary, each.format.source_id, each.language): each
        for each in FormatTranslation.objects.exclude(format__source_id="").select_related("format")
    }
    own = set(Format.objects.filter(vocabulary="").values_list("slug", flat=True))
    planned: dict[tuple[str, str, str], FormatRecord] = {}
    for file in files:
        if file.document.kind == Kind.FORMATS:
            rows = bmlt.read_formats(file.document.rows)
            if not any(isinstance(row.record, FormatRecord) and row.record.vocabulary for row in rows):
                rows = bmlt.read_formats(file.document.rows, vocabulary_name=f"bmlt:{file.document.stem}"[:255])
            file.entries = list(_format_entries(rows, planned, there, translated, own))
    for file in files:
        if file.document.formats:
            list(_format_entries(embedded_formats(file), planned, there, translated, own))
    base: dict[tuple[str, str], FormatRecord] = {}
    for record in sorted(planned.values(), key=lambda each: (each.language != "en", each.language)):
        if record.own_slug or record.is_venue_type:
            continue
        if base.setdefault((record.vocabulary, record.source_id), record) is record:
            if not _same_format(record, there.get((record.vocabulary, record.source_id))):
                plan.formats.append(record)
        elif not _same_words(record, translated.get((record.vocabulary, record.source_id, record.language))):
            plan.translations.append(record)


def embedded_formats(file: FilePlan) -> list[Row]:
    """Return the formats that came with a search result; an aggregator's ids are its own, not those of its servers."""
    own = is_aggregated(file.document) or not root_server(file.document)
    return bmlt.read_formats(file.document.formats, vocabulary_name=file.source if own else "")


def _format_entries(
    rows: Sequence[Row],
    planned: dict[tuple[str, str, str], FormatRecord],
    there: dict[tuple[str, str], Format],
    translated: dict[tuple[str, str, str], FormatTranslation],
    own: set[str],
) -> Iterable[Entry]:
    first = {
        (row.record.vocabulary, row.record.source_id): row.record
        for row in sorted(rows, key=lambda row: isinstance(row.record, FormatRecord) and row.record.language == "en")
        if isinstance(row.record, FormatRecord)
    }
    for row in rows:
        record = row.record
        if not isinstance(record, FormatRecord):
            yield Entry(row.number, row.id, row.name, Fate.REJECTED, row.reason, row.notes)
            continue
        identity = (record.vocabulary, record.source_id, record.language)
        entry = Entry(row.number, row.id, f"{row.name} ({record.language})", Fate.UNCHANGED, notes=row.notes)
        if planned.setdefault(identity, record) != record:
            yield replace(entry, fate=Fate.REJECTED, reason="another row has the same id and language")
        elif record.is_venue_type:
            yield replace(entry, reason="kept as how to take part, not as a format")
        elif record.own_slug:
            is_new = record.own_slug not in own and first[identity[:2]] is record
            yield replace(
                entry,
                fate=Fate.CREATED if is_new else Fate.UNCHANGED,
                reason=f"this site's own format “{record.own_slug}”",
            )
        elif first[identity[:2]] is record:
            old = there.get(identity[:2])
            yield entry if _same_format(record, old) else replace(entry, fate=Fate.CHANGED if old else Fate.CREATED)
        else:
            words = translated.get(identity)
            fate = Fate.UNCHANGED if _same_words(record, words) else Fate.CHANGED if words else Fate.CREATED
            yield replace(entry, fate=fate)


def _same_format(record: FormatRecord, old: Format | None) -> bool:
    fields = ("key", "name", "description", "category", "world_id")
    return old is not None and all(getattr(old, name) == getattr(record, name) for name in fields)


def _same_words(record: FormatRecord, old: FormatTranslation | None) -> bool:
    return old is not None and (old.name, old.description) == (record.name, record.description)


def _vocabulary(file: FilePlan, files: Sequence[FilePlan]) -> Vocabulary:
    """Return what the format ids of a file mean: by what came with it, its server's list, the database."""
    records = [row.record for row in embedded_formats(file) if isinstance(row.record, FormatRecord)]
    lists: dict[str, list[FormatRecord]] = defaultdict(list)
    names: dict[str, str] = {}
    for other in files:
        if other.document.kind == Kind.FORMATS:
            for row in bmlt.read_formats(other.document.rows):
                if isinstance(row.record, FormatRecord):
                    lists[row.record.vocabulary].append(row.record)
                    names.setdefault(row.record.vocabulary, other.document.stem)
    if file.source in lists:
        return Vocabulary([*records, *lists[file.source]])
    known = [
        FormatRecord(
            vocabulary=each.vocabulary,
            source_id=each.source_id,
            key=each.key,
            language="en",
            name=each.name,
            description=each.description,
            category=each.category,
            world_id=each.world_id,
        )
        for each in Format.objects.filter(vocabulary=file.source).exclude(source_id="")
    ]
    if not records and not file.source.startswith(("http://", "https://")) and lists:
        # The file does not say whose it is: the list given with it is its own, or of several the one named like it.
        root = max(lists, key=lambda name: _alike(names[name], file.document.stem))
        if len(lists) == 1 or _alike(names[root], file.document.stem) >= ALIKE:
            return Vocabulary(lists[root])
    return Vocabulary([*known, *records])


# -- Service bodies ----------------------------------------------------------------------------------------------------


def _plan_bodies(plan: Plan, files: Sequence[FilePlan]) -> None:
    lists = [file for file in files if file.document.kind == Kind.BODIES]
    feeds: dict[str, list[FilePlan]] = defaultdict(list)
    for file in files:
        if file.document.kind in (Kind.BMLT, Kind.BMLT_ADMIN):
            feeds[file.source].append(file)
    read = {id(file): bmlt.read_bodies(file.document.rows) for file in lists}
    chosen: dict[str, FilePlan] = {}
    for source, members in feeds.items():
        used = _body_ids(members)
        ranked = sorted(
            lists,
            key=lambda file: (_stem_likeness(file, members), used <= {row.id for row in read[id(file)]}),
            reverse=True,
        )
        for file in ranked:
            covers = bool(used) and used <= {row.id for row in read[id(file)]}
            if covers or _stem_likeness(file, members) >= ALIKE or len(feeds) == 1:
                chosen[source] = file
                break
    for file in lists:
        sources = [source for source, each in chosen.items() if each is file]
        # The list is that of the feed named most like it; others that use the same ids get what they use.
        owner = max(sources, key=lambda source: _stem_likeness(file, feeds[source]), default="")
        file.source = owner or f"bmlt:{file.document.stem}"[:255]
        file.entries = _body_entries(plan, file.source, read[id(file)])
        for source in sources:
            if source != owner:
                wanted = _with_ancestors(_body_ids(feeds[source]), read[id(file)])
                _body_entries(plan, source, [row for row in read[id(file)] if row.id in wanted])


def _body_entries(plan: Plan, source: str, rows: Sequence[Row]) -> list[Entry]:
    there = {
        body.source_id: body
        for body in ServiceBody.objects.filter(source=source).exclude(source_id="").select_related("parent")
    }
    records: dict[str, BodyRecord] = {}
    entries = []
    for row in rows:
        entry = Entry(row.number, row.id, row.name, Fate.UNCHANGED, notes=row.notes)
        if not isinstance(row.record, BodyRecord):
            entries.append(replace(entry, fate=Fate.REJECTED, reason=row.reason))
            continue
        if records.setdefault(row.id, row.record) is not row.record:
            is_same = records[row.id] == row.record
            reason = "another row has the same id"
            entries.append(replace(entry, fate=Fate.UNCHANGED if is_same else Fate.REJECTED, reason=reason))
            continue
        entries.append(entry)
    parents = _parents(records)
    for index, entry in enumerate(entries):
        record = records.get(entry.id)
        if entry.fate != Fate.UNCHANGED or entry.reason or record is None:
            continue
        notes = entry.notes
        if record.parent_id and not parents[record.source_id]:
            notes = (*notes, f"its parent {record.parent_id} is not in the list, or is below it: left without one")
        record = replace(record, parent_id=parents[record.source_id])
        old = there.get(record.source_id)
        fate = Fate.UNCHANGED if _same_body(record, old) else Fate.CHANGED if old else Fate.CREATED
        entries[index] = replace(entry, fate=fate, notes=notes)
        if fate != Fate.UNCHANGED:
            plan.bodies.append((source, record))
    return entries


def _parents(records: dict[str, BodyRecord]) -> dict[str, str]:
    """Return the parent of each body, "" where it is not in the list or where the way up leads back."""
    parents = {each: record.parent_id if record.parent_id in records else "" for each, record in records.items()}
    for each in parents:
        above, passed = parents[each], {each}
        while above and above not in passed:
            passed.add(above)
            above = parents[above]
        if above == each:
            parents[each] = ""
    return parents


def _same_body(record: BodyRecord, old: ServiceBody | None) -> bool:
    fields = ("name", "kind", "description", "website", "helpline", "world_id")
    return (
        old is not None
        and all(getattr(old, name) == getattr(record, name) for name in fields)
        and (old.parent.source_id if old.parent else "") == record.parent_id
    )


def _body_ids(members: Iterable[FilePlan]) -> set[str]:
    rows = (row for file in members for row in file.document.rows if isinstance(row, dict))
    return {str(row.get("service_body_bigint") or row.get("serviceBodyId") or "") for row in rows} - {"", "0"}


def _with_ancestors(ids: set[str], rows: Sequence[Row]) -> set[str]:
    parents = _parents({row.id: row.record for row in rows if isinstance(row.record, BodyRecord)})
    wanted: set[str] = set()
    for each in ids:
        while each and each not in wanted:
            wanted.add(each)
            each = parents.get(each, "")
    return wanted


def _stem_likeness(file: FilePlan, members: Iterable[FilePlan]) -> int:
    return max((_alike(file.document.stem, member.document.stem) for member in members), default=0)


def _alike(one: str, other: str) -> int:
    pairs = enumerate(zip(one.lower(), other.lower(), strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


# -- Meetings ----------------------------------------------------------------------------------------------------------


def _plan_meetings(
    plan: Plan,
    file: FilePlan,
    files: Sequence[FilePlan],
    options: Options,
    seen: dict[tuple[str, str], tuple[str, str]],
) -> None:
    there = {
        source_id: (pk, said)
        for pk, source_id, said in Meeting.objects.filter(source=file.source).values_list(
            "pk", "source_id", "source_hash"
        )
    }
    bodies = {record.source_id for source, record in plan.bodies if source == file.source}
    known = ServiceBody.objects.filter(source=file.source).exclude(source_id="")
    bodies |= set(known.values_list("source_id", flat=True))
    unnamed = 0
    for row in _meeting_rows(file, files, options):
        entry = Entry(row.number, row.id, row.name, Fate.REJECTED, row.reason, row.notes)
        if isinstance(row.record, MeetingRecord):
            body = _body(row.record.body, bodies, file, options)
            record = replace(row.record, body=body)
            # Called after its file, its server or its number: see Meeting.run_by.
            unnamed += not (options.service_body or row.record.body.name or body.source_id in bodies)
            # A body that has an id may be called otherwise tomorrow; the meeting is the same.
            says = fingerprint(replace(record, body=BodyRef(body.source_id)) if body.source_id else record)
            where = f"row {row.number} of {Path(file.document.name).name}"
            earlier = seen.get((file.source, record.source_id))
            seen.setdefault((file.source, record.source_id), (says, where))
            pk, said = there.get(record.source_id, (None, ""))
            if earlier:
                first, first_where = earlier
                fate = Fate.UNCHANGED if first == says else Fate.REJECTED
                reason = (
                    f"the same as {first_where}" if first == says else f"{first_where} has its id, and says otherwise"
                )
                entry = replace(entry, fate=fate, reason=reason)
            elif pk is not None and said == says:
                entry = replace(entry, fate=Fate.UNCHANGED)
            else:
                plan.meetings.append(MeetingChange(file.source, record, says, pk))
                entry = replace(entry, fate=Fate.CREATED if pk is None else Fate.CHANGED)
        file.entries.append(entry)
    if unnamed:
        file.remarks.append(
            f"{unnamed} {'row does' if unnamed == 1 else 'rows do'} not say who runs the meeting, so its page will not "
            "either: give --service-body NAME to say it."
        )


def _meeting_rows(file: FilePlan, files: Sequence[FilePlan], options: Options) -> list[Row]:
    rows = _rows_in(file, files, options.timezone)
    lost = sum(row.reason == NO_ZONE for row in rows)
    zones = {row.record.tz for row in rows if isinstance(row.record, MeetingRecord)}
    if lost and len(zones) == 1:
        # A feed is nearly always that of one city or region.
        (zone,) = zones
        file.remarks.append(f"{lost} rows tell neither a zone nor a place: taken to be in {zone}, like all others.")
        rows = _rows_in(file, files, zone)
    return rows


def _rows_in(file: FilePlan, files: Sequence[FilePlan], timezone: str) -> list[Row]:
    rows = file.document.rows
    if file.document.kind == Kind.GUIDE:
        return meeting_guide.read(rows, timezone=timezone)
    read = bmlt.read_meetings if file.document.kind == Kind.BMLT else bmlt.read_admin_meetings
    return read(rows, formats=_vocabulary(file, files), timezone=timezone)


def _body(given: BodyRef, known: set[str], file: FilePlan, options: Options) -> BodyRef:
    """Return the service body that a row names, if its feed explains it; else the operator's; else one made from it."""
    if given.source_id in known:
        return BodyRef(source_id=given.source_id)
    if options.service_body:
        return BodyRef(name=options.service_body)
    if given.source_id:
        return BodyRef(given.source_id, given.name or f"Service body {given.source_id}")
    return BodyRef(name=given.name or urlsplit(file.source).hostname or _feed_name(file))


def _feed_name(file: FilePlan) -> str:
    feed = file.source.partition(":")[2]
    return feed if slugify(feed) else file.document.stem


def _plan_missing(plan: Plan, files: Sequence[FilePlan], *, is_any_number: bool) -> None:
    here: dict[str, set[str]] = defaultdict(set)
    for file in files:
        if file.document.kind == Kind.NOTHING:
            raise BrokenSource(
                f"{file.document.name}: an empty list, with --unpublish-missing: that would take every listing down"
            )
        if file.document.kind in MEETING_KINDS:
            # A rejected row is in the feed all the same.
            here[file.source] |= {entry.id for entry in file.entries if entry.id}
            if not here[file.source]:
                raise BrokenSource(f"{file.document.name}: no row can be read, with --unpublish-missing")
    for source, ids in here.items():
        published = Meeting.objects.filter(source=source, is_published=True, is_kept=False)
        listed = list(published.values_list("pk", "source_id", "name"))
        lost = [(source, source_id, name, pk) for pk, source_id, name in listed if source_id not in ids]
        # Half a file, or a server that answers with one page of many, is likelier than so many meetings that ended.
        if len(lost) > max(MOST_LOST, len(listed) * MOST_LOST_SHARE) and not is_any_number:
            raise BrokenSource(
                f"{source}: {len(lost)} of its {len(listed)} listings are missing, more than ever end at once. If they "
                "are over all the same, say --unpublish-many"
            )
        plan.missing += lost
