from __future__ import annotations

import csv
import datetime as dt
import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from meetings.enums import SignupPolicy
from meetings.imports.plan import Fate, Options, Plan
from meetings.imports.reading import BrokenSource, Document, read_bytes
from meetings.models import Format, FormatTranslation, Meeting, OccurrenceChange, ServiceBody, Venue
from meetings.services.imports import import_documents
from tests.factories import make_format, make_meeting, make_occurrence, make_service_body, make_signup, make_user

pytestmark = pytest.mark.django_db

PAYLOADS = Path(__file__).parent.parent / "payloads"
ROOT = "https://bmlt.example.org/main_server"


def run(*sources: Path, **options: Any) -> list[str]:
    out = io.StringIO()
    call_command("import_meetings", *map(str, sources), stdout=out, **options)
    return out.getvalue().splitlines()


def counts(lines: list[str]) -> list[tuple[int, int, int, int]]:
    """Return created, changed, unchanged and rejected of each source, from the lines that scripts read."""
    found = []
    for line in lines:
        words = line.rpartition(": ")[2].split()
        if [word.partition("=")[0] for word in words] == ["created", "changed", "unchanged", "rejected"]:
            created, changed, unchanged, rejected = (int(word.partition("=")[2]) for word in words)
            found.append((created, changed, unchanged, rejected))
    return found


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return Path(shutil.copy(PAYLOADS / "guide-oddities.json", tmp_path / "river.json"))


def rewrite(path: Path, change: Any) -> None:
    rows = json.loads(path.read_text())
    path.write_text(json.dumps(change(rows) or rows))


def server() -> list[Path]:
    return [PAYLOADS / f"bmlt-{name}.json" for name in ("bodies", "formats", "meetings")]


# -- What goes in


def test_every_row_is_accounted_for_and_the_second_time_nothing_changes(feed: Path) -> None:
    assert counts(run(feed)) == [(18, 0, 0, 4)]
    stamps = list(Meeting.objects.order_by("pk").values_list("pk", "updated_at", "slug"))
    assert counts(run(feed)) == [(0, 0, 18, 4)]
    assert list(Meeting.objects.order_by("pk").values_list("pk", "updated_at", "slug")) == stamps


def test_the_last_line_of_a_source_is_for_scripts(feed: Path) -> None:
    assert run(feed)[-1] == f"{feed}: created=18 changed=0 unchanged=0 rejected=4"


def test_rejected_rows_are_named_with_their_reason(feed: Path) -> None:
    assert "    row 18 (no-such-hour) No Such Hour: time “25:00” cannot be read" in run(feed)


def test_an_imported_meeting_has_its_schedule_its_place_and_a_readable_address(feed: Path) -> None:
    run(feed, service_body="River Area")
    meeting = Meeting.objects.get(source="guide:river", source_id="past-midnight")
    assert (meeting.rrule, meeting.start_time, meeting.duration) == (
        "FREQ=WEEKLY;BYDAY=SA",
        dt.time(23, 30),
        dt.timedelta(hours=1),
    )
    # A Monday, so that the first week has every day of the meeting.
    assert meeting.starts_on == dt.date(2026, 10, 19)
    assert meeting.next_starts_at is not None
    assert meeting.weekday_mask == 0b0100000
    assert meeting.service_body.slug == "river-area"
    plain = Meeting.objects.get(source_id="plain-monday")
    assert plain.slug == "plain-monday-albany"
    assert sorted(plain.formats.values_list("slug", flat=True)) == ["closed", "discussion", "wheelchair"]
    assert Meeting.objects.get(source_id="rtl").slug == "meeting"


def test_meetings_in_one_room_share_a_venue(feed: Path) -> None:
    run(feed)
    assert Venue.objects.filter(street="3 Ash Court").count() == 1
    assert Meeting.objects.filter(venue__street="3 Ash Court").count() == 3


def test_a_servers_files_serve_one_another_in_any_order() -> None:
    assert counts(run(*server())) == [(5, 0, 0, 0), (6, 0, 3, 0), (4, 0, 0, 2)]
    meeting = Meeting.objects.get(source=ROOT, source_id="11")
    assert meeting.service_body.name == "River Area"
    assert meeting.service_body.parent == ServiceBody.objects.get(name="Lakes Region")
    assert sorted(meeting.formats.values_list("slug", flat=True)) == ["closed", "step", "zither-circle"]
    assert not Meeting.objects.get(source_id="12").is_published
    assert Meeting.objects.get(source_id="13").service_body.name == "Service body 77"
    assert counts(run(*reversed(server()))) == [(0, 0, 4, 2), (0, 0, 9, 0), (0, 0, 5, 0)]


def test_formats_that_this_site_knows_keep_its_own_words() -> None:
    run(*server())
    closed = Format.objects.get(slug="closed")
    assert (closed.vocabulary, closed.name) == ("", "Closed meeting")
    assert closed.description != "Theirs."
    zither = Format.objects.get(vocabulary=ROOT)
    assert (zither.name, zither.source_id) == ("Zither Circle", "99")
    assert FormatTranslation.objects.get(format=zither).name == "Círculo de cítara"


def test_closed_meetings_of_every_feed_share_a_format(feed: Path) -> None:
    run(*server(), feed)
    sources = Meeting.objects.filter(formats__slug="closed").values_list("source", flat=True)
    assert set(sources) == {ROOT, "guide:river"}


def test_bodies_that_are_each_others_parents_are_read_all_the_same() -> None:
    run(*server())
    assert [body.parent for body in ServiceBody.objects.filter(name__in=["Round Area", "About Area"])].count(None) >= 1


def test_a_search_with_few_fields_is_enough() -> None:
    assert counts(run(PAYLOADS / "bmlt-partial.json")) == [(1, 0, 0, 0)]
    meeting = Meeting.objects.get()
    assert (meeting.source, meeting.service_body.name) == ("https://bmlt.example.net/main_server", "bmlt.example.net")
    assert sorted(meeting.formats.values_list("slug", flat=True)) == ["open", "step"]


def test_the_service_body_given_is_for_meetings_whose_body_nothing_explains() -> None:
    run(PAYLOADS / "bmlt-admin.json", service_body="River Area")
    assert set(Meeting.objects.values_list("service_body__name", flat=True)) == {"River Area"}


def test_the_service_body_given_does_not_take_meetings_from_the_bodies_that_the_feed_explains() -> None:
    run(*server(), service_body="Hill Area")
    bodies = dict(Meeting.objects.filter(source=ROOT).values_list("source_id", "service_body__name"))
    assert (bodies["11"], bodies["13"]) == ("River Area", "Hill Area")


def test_a_service_body_is_known_by_its_name_however_it_is_written(feed: Path) -> None:
    known = make_service_body(name="River Area")
    run(feed, service_body="RIVER area")
    assert ServiceBody.objects.get() == known
    assert set(Meeting.objects.values_list("service_body", flat=True)) == {known.pk}


def test_a_slug_taken_by_another_meeting_gets_a_number(feed: Path) -> None:
    make_meeting(slug="plain-monday-albany")
    run(feed)
    assert Meeting.objects.get(source_id="plain-monday").slug == "plain-monday-albany-2"


def test_two_feeds_with_the_same_slugs_do_not_touch_each_other(feed: Path) -> None:
    other = feed.with_name("hills.json")
    shutil.copy(feed, other)
    assert counts(run(feed, other)) == [(18, 0, 0, 4), (18, 0, 0, 4)]
    assert counts(run(other, feed)) == [(0, 0, 18, 4), (0, 0, 18, 4)]


def test_the_same_file_twice_in_a_run_is_one_feed(feed: Path) -> None:
    assert counts(run(feed, feed)) == [(18, 0, 0, 4), (0, 0, 18, 4)]


def test_a_later_copy_under_another_name_updates_when_the_body_is_named(feed: Path) -> None:
    run(feed, service_body="River Area")
    later = feed.rename(feed.with_name("river-2026-12.json"))
    rewrite(later, lambda rows: rows[0].update(time="19:30"))
    lines = run(later, service_body="River Area")
    assert counts(lines) == [(0, 1, 17, 4)]
    assert any(line.startswith("    Taken for a later copy of the feed “river”: ") for line in lines)


def test_a_later_copy_without_a_body_is_pointed_out_and_kept_apart(feed: Path) -> None:
    run(feed)
    later = feed.rename(feed.with_name("river-2026-12.json"))
    lines = run(later)
    assert counts(lines) == [(18, 0, 0, 4)]
    assert any(line.endswith("To update that one instead, give --source river") for line in lines)
    assert counts(run(later, source="river")) == [(0, 0, 18, 4)]


def test_another_feed_in_a_file_of_the_same_name_is_refused(feed: Path) -> None:
    run(feed)
    rewrite(feed, lambda rows: [{**row, "name": f"Other {n}"} for n, row in enumerate(rows) if isinstance(row, dict)])
    with pytest.raises(CommandError, match="18 other meetings came from a file of this name, and 0 of its 21"):
        run(feed)
    assert counts(run(feed, source="hills")) == [(18, 0, 0, 3)]


def test_a_row_whose_place_nobody_knows_follows_the_rest_of_its_feed(feed: Path) -> None:
    lost = {"name": "Nowhere", "slug": "nowhere", "day": 1, "time": "19:00"}
    rewrite(feed, lambda rows: [rows[0], lost])
    assert counts(run(feed)) == [(2, 0, 0, 0)]
    assert Meeting.objects.get(source_id="nowhere").tz == "America/New_York"


# -- Changes


def test_a_changed_row_changes_its_meeting_and_leaves_what_is_this_sites_own(feed: Path) -> None:
    run(feed)
    meeting = Meeting.objects.get(source_id="plain-monday")
    facilitator = make_user()
    meeting.facilitators.add(facilitator)
    Meeting.objects.filter(pk=meeting.pk).update(signup_policy=SignupPolicy.SIGN_UP, capacity=12)
    rewrite(feed, lambda rows: rows[0].update(name="Plain Tuesday", day=2, types=["O"], location="Beech House"))
    assert counts(run(feed)) == [(0, 1, 17, 4)]
    after = Meeting.objects.get(pk=meeting.pk)
    assert (after.name, after.slug, after.rrule) == ("Plain Tuesday", meeting.slug, "FREQ=WEEKLY;BYDAY=TU")
    assert (after.signup_policy, after.capacity, list(after.facilitators.all())) == ("sign_up", 12, [facilitator])
    assert list(after.formats.values_list("slug", flat=True)) == ["open"]
    assert after.starts_on == meeting.starts_on
    assert not Venue.objects.filter(name="Birch House").exists()


def test_people_who_signed_up_hear_of_a_changed_time(feed: Path, now: dt.datetime) -> None:
    import_now(feed, now=now)
    meeting = Meeting.objects.get(source_id="plain-monday")
    occurrence = make_occurrence(meeting=meeting, on=dt.date(2026, 11, 23))
    make_signup(occurrence=occurrence)
    rewrite(feed, lambda rows: rows[0].update(time="19:30", end_time="21:00"))
    import_now(feed, now=now)
    change = OccurrenceChange.objects.get(occurrence=occurrence)
    assert change.new_starts_at - change.old_starts_at == dt.timedelta(minutes=30)
    meeting.refresh_from_db()
    assert meeting.next_starts_at == change.new_starts_at


def import_now(path: Path, *, now: dt.datetime, **options: Any) -> Plan:
    return import_documents(documents=[read_bytes(str(path), path.read_bytes())], options=Options(**options), now=now)


def test_a_dry_run_tells_and_changes_nothing(feed: Path) -> None:
    lines = run(feed, dry_run=True)
    assert counts(lines) == [(18, 0, 0, 4)]
    assert "Result of a dry run: nothing was changed" in lines
    assert (Meeting.objects.count(), Venue.objects.count(), Format.objects.count(), ServiceBody.objects.count()) == (
        0,
        0,
        0,
        0,
    )


def test_missing_meetings_stay_unless_told_and_come_back(feed: Path) -> None:
    run(feed)
    whole = feed.read_text()
    # The row that cannot be read any more is still in the feed.
    rewrite(feed, lambda rows: [*rows[1:3], {**rows[3], "day": 99}, *rows[4:]])
    run(feed)
    assert Meeting.objects.published().count() == 18
    assert "  1 meetings taken down" in run(feed, unpublish_missing=True)
    assert not Meeting.objects.get(source_id="plain-monday").is_published
    assert Meeting.objects.get(source_id="several-days").is_published
    feed.write_text(whole)
    assert counts(run(feed)) == [(0, 1, 17, 4)]
    assert Meeting.objects.published().count() == 18


def test_missing_meetings_of_other_feeds_stay(feed: Path) -> None:
    run(*server(), feed)
    run(feed, unpublish_missing=True)
    assert Meeting.objects.published().count() == 18 + 3


def test_an_empty_list_never_takes_everything_down(feed: Path) -> None:
    run(feed)
    feed.write_text("[]")
    assert counts(run(feed)) == [(0, 0, 0, 0)]
    with pytest.raises(CommandError, match="an empty list"):
        run(feed, unpublish_missing=True)
    assert Meeting.objects.published().count() == 18


def test_half_a_file_takes_nothing_down_unless_that_is_said(tmp_path: Path) -> None:
    feed = tmp_path / "long.json"
    rows = [
        {"name": f"Night {n}", "slug": f"night-{n}", "day": n % 7, "time": "19:00", "city": "Albany", "state": "NY",
         "timezone": "America/New_York"}
        for n in range(60)
    ]  # fmt: skip
    feed.write_text(json.dumps(rows))
    run(feed)
    # A few meetings end, and a quarter of a long list is where it becomes a matter of belief.
    feed.write_text(json.dumps(rows[15:]))
    run(feed, unpublish_missing=True)
    assert Meeting.objects.published().count() == 45
    feed.write_text(json.dumps(rows[30:]))
    with pytest.raises(
        CommandError, match=r"15 of its 45 listings are missing.*--unpublish-many\. Nothing was changed"
    ):
        run(feed, unpublish_missing=True)
    assert Meeting.objects.published().count() == 45
    run(feed, unpublish_missing=True, unpublish_many=True)
    assert Meeting.objects.published().count() == 30


def test_a_short_list_may_lose_more_than_a_share(feed: Path) -> None:
    run(feed)
    rewrite(feed, lambda rows: rows[10:])
    run(feed, unpublish_missing=True)
    assert Meeting.objects.published().count() < 18


# -- What cannot be imported


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[{"name": "A",\n "slug": ]', "is not whole JSON: line 2, column 10: Expecting value"),
        (b'[{"name": "A"', "is not whole JSON: line 1, column 14: Expecting ',' delimiter"),
        (b"<!doctype html><title>Not found</title>", "is a web page or XML, not JSON: line 1, column 1"),
        (b'[{"name": "Caf\xe9"}]', "is not UTF-8 text: line 1, column 15 (byte 14)"),
        (b"", "is empty"),
        (b"42", "holds no list of meetings: line 1, column 1"),
        (b'{"message": "No such <b>thing</b>"}', "holds no list of meetings; it says: No such thing"),
        (b'["a", 1]', "has no row that looks like a meeting, a format or a service body (looked from row 1 on)"),
        (b'[{"a": 1}]', "has no row that looks like a meeting, a format or a service body (looked from row 1 on)"),
        (b"[" * 100_000, "cannot be read as JSON: RecursionError"),
        (b"[" + b"9" * 5000 + b"]", "cannot be read as JSON: ValueError"),
    ],
)
def test_a_broken_file_says_where(content: bytes, message: str) -> None:
    with pytest.raises(BrokenSource) as caught:
        read_bytes("feed.json", content)
    assert str(caught.value) == message


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_does_no_harm(encoding: str) -> None:
    text = '[{"name": "Café", "slug": "cafe", "day": 1, "time": "10:00"}]'
    assert read_bytes("feed.json", text.encode(encoding)) == Document(
        "feed.json", read_bytes("feed.json", text.encode()).kind, json.loads(text)
    )


def test_one_broken_file_stops_the_whole_run(feed: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('[{"name": ')
    with pytest.raises(CommandError) as caught:
        run(feed, broken, tmp_path / "absent.json", tmp_path)
    assert str(caught.value).splitlines() == [
        f"{broken} is not whole JSON: line 1, column 11: Expecting value",
        f"{tmp_path / 'absent.json'} cannot be read: No such file or directory",
        f"{tmp_path} is a folder: name the files in it",
        "Nothing was changed.",
    ]
    assert not Meeting.objects.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"timezone": "Mars/Olympus"}, "--timezone Mars/Olympus is no time zone; one looks like America/New_York."),
        ({"report": "/nowhere/at/all.csv"}, "/nowhere/at/all.csv cannot be written: No such file or directory."),
        ({"service_body": "x" * 300}, "--service-body and --source are names"),
    ],
)
def test_wrong_options_are_told_before_anything_is_changed(feed: Path, options: dict[str, str], message: str) -> None:
    with pytest.raises(CommandError) as caught:
        run(feed, **options)
    assert str(caught.value).startswith(message)
    assert not Meeting.objects.exists()


def test_an_address_is_no_source() -> None:
    with pytest.raises(CommandError, match="is an address: save what it answers to a file, and give that"):
        call_command("import_meetings", "https://example.org/feed.json")


def test_a_write_that_fails_half_way_leaves_nothing(
    feed: Path, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any, **_options: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("meetings.services.imports._Writer._give_formats", refuse)
    with pytest.raises(RuntimeError):
        import_now(feed, now=now)
    assert (Meeting.objects.count(), Venue.objects.count(), ServiceBody.objects.count()) == (0, 0, 0)


def test_the_report_has_every_row(feed: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    rewrite(feed, lambda rows: rows[0].update(name="=1+1"))
    run(feed, report=str(report))
    rows = list(csv.DictReader(report.read_text().splitlines()))
    assert [int(row["row"]) for row in rows] == list(range(1, 23))
    assert rows[0] == {
        "source": str(feed),
        "row": "1",
        "id": "plain-monday",
        "name": "'=1+1",
        "fate": "created",
        "reason": "",
        "notes": "",
    }
    assert rows[17]["reason"] == "time “25:00” cannot be read"


def test_cells_of_any_length_and_kind_fit_the_database(tmp_path: Path, now: dt.datetime) -> None:
    long = "ж" * 3000
    wild: dict[str, Any] = {
        name: long
        for name in json.loads((PAYLOADS / "guide-oddities.json").read_text())[0]
        if name not in ("day", "time", "end_time", "types")
    }
    row = {
        **wild,
        "city": long,
        "state": long,
        "postal_code": long,
        "country": long,
        "regions": [long],
        "timezone": long,
    }
    row |= {
        "day": 1,
        "time": "10:00",
        "latitude": 42.6,
        "longitude": -73.7,
        "conference_url": f"https://a.example/{long}",
    }
    path = tmp_path / "long.json"
    path.write_text(json.dumps([row, {**row, "slug": long + "2"}]))
    plan = import_now(path, now=now)
    assert [entry.fate for entry in plan.files[0].entries] == [Fate.CREATED, Fate.CREATED]
    meeting = Meeting.objects.select_related("venue").first()
    assert meeting is not None
    meeting.full_clean(exclude=["slug", "venue"])
    assert meeting.venue is not None
    meeting.venue.full_clean()


def test_an_own_format_whose_slug_is_taken_is_left_to_its_owner(feed: Path) -> None:
    make_format(slug="closed", vocabulary="elsewhere", name="Shut")
    run(feed)
    assert Format.objects.get(slug="closed").name == "Shut"


def test_reading_again_costs_the_same_few_queries(
    feed: Path, now: dt.datetime, django_assert_max_num_queries: Any
) -> None:
    import_now(feed, now=now)
    with django_assert_max_num_queries(12):
        import_now(feed, now=now)
