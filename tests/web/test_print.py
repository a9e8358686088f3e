"""A list on paper: all of it, on one page, and nothing that can only be pressed."""

from __future__ import annotations

import datetime as dt

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from meetings.services import schedule
from meetings.views import finder
from support import clock
from tests.factories import make_meeting, make_venue

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch, now: dt.datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: now)


def listed(number: int, now: dt.datetime) -> None:
    venue = make_venue(city="Albany")
    for each in range(number):
        schedule.refresh_next(make_meeting(name=f"Evening {each}", venue=venue), now=now)


def rows(page: str) -> int:
    return page.count('class="timetable__row')


def test_all_that_was_found_is_on_the_printed_list(client: Client, now: dt.datetime) -> None:
    listed(finder.PAGE_SIZE + 3, now)
    schedule.refresh_next(make_meeting(venue=make_venue(latitude=42.8864, longitude=-78.8784)), now=now)
    results = client.get("/meetings/?near=Albany,+NY").content.decode()
    assert rows(results) == finder.PAGE_SIZE
    assert "This is page 1 of 2." in results
    assert f"The whole list: {settings.PUBLIC_BASE_URL}/print/?near=Albany%2C+NY" in results
    assert 'href="/print/?near=Albany%2C+NY' in results
    page = client.get("/print/?near=Albany,+NY").content.decode()
    assert rows(page) == finder.PAGE_SIZE + 3
    assert "near Albany, NY" in page
    assert "Did you mean" not in page
    assert "Only the first" not in page
    assert 'href="/meetings/?near=Albany%2C+NY&amp;radius=15&amp;unit=mi" data-back' in page


def test_a_list_that_is_cut_says_so(client: Client, now: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    listed(4, now)
    monkeypatch.setattr(finder, "PRINTED", 3)
    page = client.get("/print/").content.decode()
    assert rows(page) == 3
    assert "4 meetings" in page
    assert "Only the first 3 are on this list." in page


def test_paper_says_when_it_was_printed_and_where_from(client: Client, now: dt.datetime) -> None:
    listed(1, now)
    make_meeting(slug="evening")
    for path in ("/meetings/", "/meetings/evening/", "/print/"):
        assert f"Printed Nov 17, 2026 from {settings.PUBLIC_BASE_URL}{path}<" in client.get(path).content.decode()


def test_what_cannot_be_understood_is_not_printed_as_something_else(client: Client, now: dt.datetime) -> None:
    listed(1, now)
    response = client.get("/print/?near=xyzzy&day=tue")
    assert (response.status_code, response.headers["Location"]) == (302, "/meetings/?near=xyzzy&day=tue")


def test_printed_list_is_found_by_no_search_engine(client: Client) -> None:
    response = client.get("/print/")
    assert response.headers["X-Robots-Tag"] == "noindex"
    assert "private" in response.headers["Cache-Control"]


@pytest.mark.parametrize("number", [1, 30])
def test_printed_list_costs_the_same_queries_however_long(
    client: Client, now: dt.datetime, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    listed(number, now)
    with django_assert_num_queries(6):
        client.get("/print/?near=Albany,+NY")
