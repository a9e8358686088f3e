"""What lists write untidily is tidied when it is read in, and shown tidily where it was read in before."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import translation

from meetings import addresses
from meetings.models import Meeting, Venue
from meetings.templatetags.finding import dial_words, tel_href
from tests.factories import make_meeting, make_service_body, make_venue

pytestmark = pytest.mark.django_db

ROW = {
    "name": "Front Step", "slug": "front-step", "day": 2, "time": "19:00", "timezone": "America/New_York",
    "location": "Maple Church,", "formatted_address": "15 Elm St,, Albany, NY 12207, USA",
    "regions": ["River County", "Fishtown"], "types": ["O"], "notes": "Topic",
    "conference_phone": "+15185550123,,184879080#,,#,,#",
}  # fmt: skip


def imported(tmp_path: Path, row: dict[str, Any], *more: str) -> str:
    (tmp_path / "area-2022-10.json").write_text(json.dumps([row]))
    out = io.StringIO()
    call_command("import_meetings", str(tmp_path / "area-2022-10.json"), *more, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("given", "tidy"),
    [
        ("Church,, 15 Elm St", "Church, 15 Elm St"),
        ("Church , , 15 Elm St,", "Church, 15 Elm St"),
        (", 15 Elm St", "15 Elm St"),
        ("15 Elm St, Albany, NY 12207", "15 Elm St, Albany, NY 12207"),
        (",", ""),
        ("", ""),
    ],
)
def test_commas_that_divide_nothing_are_left_out(given: str, tidy: str) -> None:
    assert addresses.without_stray_commas(given) == tidy


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("15 Elm St, Albany, NY 12207, USA", "15 Elm St, Albany, NY 12207"),
        ("15 Elm St, Albany, NY 12207, United States", "15 Elm St, Albany, NY 12207"),
        ("8318 104 St, Edmonton, Canada", "8318 104 St, Edmonton, Canada"),
        ("USA", "USA"),
    ],
)
def test_the_own_country_goes_without_saying(given: str, shown: str) -> None:
    assert addresses.without_country(given, "US") == shown


def test_list_is_tidied_as_it_is_read_and_the_plan_says_so(tmp_path: Path) -> None:
    said = imported(tmp_path, ROW, "--dry-run")
    for words in (
        "1 row does not say who runs the meeting, so its page will not either: give --service-body NAME to say it.",
        "note, 1 row: stray commas in location were left out",
        "note, 1 row: stray commas in formatted_address were left out",
        "note, 1 row: of several regions in one another, the narrowest is kept",
        "note, 1 row: the note “Topic” is taken for the format of that name",
    ):
        assert words in said
    assert not Meeting.objects.exists()
    imported(tmp_path, ROW)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT v.name, v.formatted_address, m.region, m.notes FROM meetings_venue v, meetings_meeting m"
        )
        assert cursor.fetchone() == ("Maple Church", "15 Elm St, Albany, NY 12207, USA", "Fishtown", "")
    assert sorted(Meeting.objects.get().formats.values_list("slug", flat=True)) == ["open", "topic"]
    assert "unchanged=1" in imported(tmp_path, ROW)


def test_what_the_operator_or_the_list_names_is_said(tmp_path: Path) -> None:
    assert "does not say who runs" not in imported(tmp_path, ROW, "--service-body", "River Area")
    assert "does not say who runs" not in imported(tmp_path, ROW | {"entity": "Hill Area"}, "--dry-run")


def test_page_does_not_say_that_a_file_runs_the_meeting(tmp_path: Path, client: Client) -> None:
    imported(tmp_path, ROW)
    meeting = Meeting.objects.get()
    page = client.get(meeting.get_absolute_url()).content.decode()
    assert "area-2022-10" not in page
    assert "Run by" not in page
    imported(tmp_path, ROW | {"group": "Front Step Group"})
    page = client.get(meeting.get_absolute_url()).content.decode()
    assert ("Run by" in page, "Front Step Group" in page, "area-2022-10" in page) == (True, True, False)


@pytest.mark.parametrize(
    ("source", "name", "source_id", "is_shown"),
    [
        ("guide:area-2022-10", "area-2022-10", "", False),
        ("https://bmlt.example.org/main_server", "bmlt.example.org", "", False),
        ("https://bmlt.example.org/main_server", "Service body 77", "77", False),
        ("guide:area-2022-10", "River Area", "", True),
        ("", "area-2022-10", "", True),
    ],
)
def test_body_that_is_called_after_a_file_a_server_or_a_number_runs_nothing(
    source: str, name: str, source_id: str, is_shown: bool
) -> None:
    body = make_service_body(name=name, source_id=source_id)
    meeting = make_meeting(source=source, service_body=body)
    assert meeting.run_by == (body if is_shown else None)


def test_what_was_read_in_before_is_shown_tidily(client: Client) -> None:
    venue = make_venue(
        name="Maple Church,", street="15 Elm St,,", city="Albany,", formatted_address="15 Elm St,, Albany, NY, USA"
    )
    make_meeting(slug="front-step", region="River County > Fishtown", venue=venue)
    found = Venue.objects.get(pk=venue.pk)
    assert (found.name, found.street, found.city) == ("Maple Church", "15 Elm St", "Albany")
    assert found.one_line == "15 Elm St, Albany, NY"
    assert Meeting.objects.get(slug="front-step").region == "Fishtown"
    page = client.get("/meetings/front-step/").content.decode()
    assert "USA" not in page
    assert ",," not in page


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("+19292056099,,184879080#,,#,,#", "(929) 205-6099, then 184879080#"),
        ("+19292056099,,184879080#,,#,,123456#", "(929) 205-6099, then 184879080#, then 123456#"),
        ("+19292056099", "(929) 205-6099"),
        ("(929) 205-6099 x5", "(929) 205-6099 ext. 5"),
        ("ask", "ask"),
        ("", ""),
    ],
)
def test_number_to_dial_is_read_as_one_says_it_and_dialed_whole(given: str, shown: str) -> None:
    assert dial_words(given) == shown
    if given.startswith("+"):
        assert tel_href(given).startswith("tel:+19292056099")
    with translation.override("es"):
        assert "then" not in dial_words(given)
