"""Read meeting lists from files: Meeting Guide JSON and BMLT JSON."""

from __future__ import annotations

import contextlib
import csv
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DataError, IntegrityError
from tqdm import tqdm

from meetings.imports.plan import Fate, FilePlan, Options, Plan
from meetings.imports.reading import BrokenSource, Document, read_file
from meetings.services.imports import import_documents
from support import clock

#: Lines of one kind on the screen; the report has them all.
MOST_LINES = 100
_REPORT_COLUMNS = ("source", "row", "id", "name", "fate", "reason", "notes")


class Command(BaseCommand):
    help = (
        "Import meeting lists: Meeting Guide JSON, and BMLT's GetSearchResults, GetFormats and GetServiceBodies. Files "
        "given together serve one another. Importing the same again changes nothing. If one file is broken, nothing of "
        "the run is imported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("sources", nargs="+", metavar="SOURCE", help="a JSON file")
        parser.add_argument(
            "--service-body", default="", metavar="NAME", help="who owns meetings whose file does not say"
        )
        parser.add_argument(
            "--timezone",
            default="",
            metavar="ZONE",
            help="for meetings that tell neither their time zone nor a position",
        )
        parser.add_argument(
            "--source",
            default="",
            metavar="FEED",
            help="the name of the feed that these files are the current copy of, where its file was called otherwise",
        )
        parser.add_argument("--dry-run", action="store_true", help="print the plan and change nothing")
        parser.add_argument(
            "--unpublish-missing",
            action="store_true",
            help="take down meetings imported from the same feeds before and no longer in them; where people come, "
            "whoever looks after one is asked first",
        )
        parser.add_argument(
            "--unpublish-many",
            action="store_true",
            help="with --unpublish-missing, also where so many are missing that the files are likelier to be cut short",
        )
        parser.add_argument("--report", default="", metavar="FILE", help="write the fate of every row, as CSV")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = Options(
            service_body=" ".join(options["service_body"].split()),
            timezone=options["timezone"],
            source=options["source"],
            unpublish_missing=options["unpublish_missing"],
            unpublish_many=options["unpublish_many"],
        )
        self._check(chosen)
        documents = self._read(options["sources"])
        rows = sum(len(document.rows) for document in documents)
        with _opened(options["report"]) as report, _progress(rows) as bar:
            try:
                plan = import_documents(
                    documents=documents,
                    options=chosen,
                    now=clock.now(),
                    dry_run=options["dry_run"],
                    announce=lambda plan: self._print_plan(plan, bar),
                    tick=bar.update,
                )
            except BrokenSource as problem:
                raise CommandError(f"{problem}. Nothing was changed.") from problem
            except (DataError, IntegrityError) as error:
                raise CommandError(f"The database refused the import: {error}. Nothing was changed.") from error
            if report:
                _write_report(report, plan)
        self._print_result(plan, is_dry=options["dry_run"])

    def _check(self, chosen: Options) -> None:
        if chosen.timezone and not clock.is_zone(chosen.timezone):
            raise CommandError(f"--timezone {chosen.timezone} is no time zone; one looks like America/New_York.")
        if len(chosen.service_body) > 255 or len(chosen.source) > 200:
            raise CommandError("--service-body and --source are names of at most 255 and 200 characters.")

    def _read(self, names: list[str]) -> list[Document]:
        documents, problems = [], []
        for name in names:
            try:
                documents.append(read_file(name))
            except BrokenSource as problem:
                problems.append(f"{name} {problem}")
        if problems:
            raise CommandError("\n".join([*problems, "Nothing was changed."]))
        return documents

    def _print_plan(self, plan: Plan, bar: tqdm[Any]) -> None:
        bar.clear()
        self.stdout.write("Plan")
        for file in plan.files:
            self._print_file(file)
        missing = Counter(source for source, _id, _name, _pk in plan.missing)
        for source, count in missing.items():
            self.stdout.write(f"  {source}: {count} no longer in the feed, to be taken down")
        self.stdout.flush()

    def _print_file(self, file: FilePlan) -> None:
        feed = f", feed {file.source}" if file.source else ""
        self.stdout.write(f"  {file.document.name}: {file.document.kind.value}, {len(file.document.rows)} rows{feed}")
        for remark in file.remarks:
            self.stdout.write(f"    {remark}")
        counts = ", ".join(f"{file.count(fate)} {words}" for fate, words in _TO_BE.items())
        self.stdout.write(f"    {counts}")
        rejected = [entry for entry in file.entries if entry.fate == Fate.REJECTED]
        for entry in rejected[:MOST_LINES]:
            named = " ".join(filter(None, (entry.id and f"({entry.id})", entry.name)))
            self.stdout.write(f"    row {entry.row} {named}: {entry.reason}")
        if len(rejected) > MOST_LINES:
            self.stdout.write(f"    and {len(rejected) - MOST_LINES} more: --report lists all")
        notes = Counter(note for entry in file.entries for note in entry.notes)
        for note, count in notes.most_common(10):
            self.stdout.write(f"    note, {count} {'row' if count == 1 else 'rows'}: {note}")
        if len(notes) > 10:
            self.stdout.write(f"    and {len(notes) - 10} other notes: --report lists all")

    def _print_result(self, plan: Plan, *, is_dry: bool) -> None:
        self.stdout.write("Result of a dry run: nothing was changed" if is_dry else "Result")
        if plan.missing:
            self.stdout.write(f"  {len(plan.missing)} meetings taken down")
        for file in plan.files:
            counts = " ".join(f"{fate.value}={file.count(fate)}" for fate in Fate)
            self.stdout.write(f"{file.document.name}: {counts}")


_TO_BE = {
    Fate.CREATED: "to create",
    Fate.CHANGED: "to change",
    Fate.UNCHANGED: "unchanged",
    Fate.REJECTED: "rejected",
}


@contextlib.contextmanager
def _opened(name: str) -> Iterator[IO[str] | None]:
    """Open the report before anything is changed: a folder that cannot be written to is found out in time."""
    if not name:
        yield None
        return
    try:
        file = open(name, "w", encoding="utf-8", newline="")  # noqa: SIM115  # closed below
    except OSError as error:
        raise CommandError(f"{name} cannot be written: {error.strerror}. Nothing was changed.") from error
    with file:
        yield file


@contextlib.contextmanager
def _progress(rows: int) -> Iterator[tqdm[Any]]:
    """A bar on a terminal, none in a pipe. Each row is read and then written: two steps."""
    with tqdm(total=rows * 2, unit="row", file=sys.stderr, disable=not sys.stderr.isatty(), leave=False) as bar:
        yield bar


def _write_report(report: IO[str], plan: Plan) -> None:
    writer = csv.writer(report)
    writer.writerow(_REPORT_COLUMNS)
    for file in plan.files:
        for entry in file.entries:
            cells = (entry.id, entry.name, entry.fate.value, entry.reason, "; ".join(entry.notes))
            writer.writerow([file.document.name, entry.row, *map(_harmless, cells)])
    for source, source_id, name, _pk in plan.missing:
        writer.writerow([source, "", *map(_harmless, (source_id, name, "unpublished", "no longer in the feed", ""))])


def _harmless(cell: str) -> str:
    """Keep a spreadsheet from taking a feed's words for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
