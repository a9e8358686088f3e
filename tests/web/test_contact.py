"""Who runs the site, and how they are reached."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from meetings.enums import VenueType
from meetings.models import Meeting
from support import contact, environment
from tests.factories import make_meeting

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/about/", "/privacy/"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_page_says_who_runs_the_site_and_how_to_reach_them(
    client: Client, settings: Any, path: str, language: str
) -> None:
    settings.OPERATOR_NAME, settings.OPERATOR_CONTACT = "River Area", contact.read("help@riverarea.example.org")
    html = client.get(path, headers={"accept-language": language}).content.decode()
    assert "River Area" in html
    assert '<a href="mailto:help@riverarea.example.org">help@riverarea.example.org</a>' in html


def test_about_counts_what_is_listed_in_one_query(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    assert "listed here" not in client.get("/about/").content.decode()
    make_meeting(is_listed=False)
    make_meeting(venue=None, venue_type=VenueType.ONLINE, conference_url="https://m.example/1")
    with django_assert_max_num_queries(1):
        assert "1 meeting is listed here. You can join 1 of them online." in client.get("/about/").content.decode()
    Meeting.objects.bulk_create(
        Meeting(name="Online", slug=f"online-{number}", service_body_id=Meeting.objects.first().service_body_id)  # type: ignore[union-attr]
        for number in range(1000)
    )
    assert "1,001 meetings are listed here." in client.get("/about/").content.decode()


def test_page_of_a_site_that_names_nobody_says_so(client: Client, settings: Any) -> None:
    settings.OPERATOR_NAME, settings.OPERATOR_CONTACT = "", None
    html = client.get("/about/").content.decode()
    assert "have not listed a way to reach them" in html
    assert "runs this site" not in html


@pytest.mark.parametrize(
    ("given", "href"),
    [
        ("help@example.org", "mailto:help@example.org"),
        ("+1 (518) 555-0123", "tel:+15185550123"),
        ("518-555-0123", "tel:5185550123"),
        ("https://riverarea.example.org/contact", "https://riverarea.example.org/contact"),
    ],
)
def test_address_number_or_page_is_a_contact(monkeypatch: pytest.MonkeyPatch, given: str, href: str) -> None:
    monkeypatch.setenv("OPERATOR_CONTACT", given)
    assert environment.contact("OPERATOR_CONTACT", default="") == contact.Contact(given, href)


@pytest.mark.parametrize(
    "given",
    [
        "Ana",
        "ana@",
        "@example.org",
        "http://example.org",
        "javascript:alert(1)",
        "https://",
        "12345",
        "a" * 70 + "@b.org",
    ],
)
def test_anything_else_stops_the_start(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("OPERATOR_CONTACT", given)
    with pytest.raises(ImproperlyConfigured, match="OPERATOR_CONTACT must be an email address, a phone number"):
        environment.contact("OPERATOR_CONTACT", default="")


def test_none_is_needed_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPERATOR_CONTACT", raising=False)
    assert environment.contact("OPERATOR_CONTACT", default="") is None
