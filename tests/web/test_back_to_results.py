"""A meeting's page leads back to the results that led to it, and nowhere else."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import make_meeting

pytestmark = pytest.mark.django_db

HERE = "http://testserver"


def way_back(client: Client, referer: str) -> str:
    make_meeting(slug="evening")
    response = client.get("/meetings/evening/", headers={"Referer": referer} if referer else {})
    assert response.status_code == 200
    url: str = response.context["back_url"]
    return url


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("/meetings/", "/meetings/"),
        (
            "/meetings/?near=Albany%2C+NY&radius=15&unit=mi&page=2",
            "/meetings/?near=Albany%2C+NY&radius=15&unit=mi&page=2",
        ),
        # A form without scripts sends what is empty, too; the address in the browser's history has it.
        ("/meetings/?q=&near=Troy&day=mon&day=tue", "/meetings/?q=&near=Troy&day=mon&day=tue"),
        # So does a button of that form.
        ("/meetings/?near=Troy&change=day%3Dtoday", "/meetings/?near=Troy&change=day%3Dtoday"),
        ("/meetings/?near=Troy&next=//evil.example&utm_source=x", "/meetings/?near=Troy"),
    ],
)
def test_meeting_leads_back_to_what_was_asked(client: Client, referer: str, back: str) -> None:
    assert way_back(client, HERE + referer) == back


@pytest.mark.parametrize(
    "referer",
    [
        "",
        HERE,
        f"{HERE}/",
        f"{HERE}/meetings/other/",
        f"{HERE}//evil.example/meetings/?near=Troy",
        "https://evil.example/meetings/?near=Troy",
        "https://testserver.evil.example/meetings/",
        "https://evil@testserver/meetings/",
        "javascript:alert(1)",
        "http://[broken",
        "\x00",
    ],
)
def test_no_other_page_is_led_back_to(client: Client, referer: str) -> None:
    assert way_back(client, referer) == ""


def test_way_back_is_kept_by_no_cache(client: Client) -> None:
    make_meeting(slug="evening")
    response = client.get("/meetings/evening/", headers={"Referer": f"{HERE}/meetings/?near=Troy"})
    assert "Referer" in response.headers["Vary"]
    assert "private" in response.headers["Cache-Control"]
    page = response.content.decode()
    assert page.count("Troy") == 1


def test_what_was_searched_is_in_no_other_address_of_the_page(client: Client) -> None:
    meeting = make_meeting(slug="evening", signup_policy="sign_up")
    page = client.get(meeting.get_absolute_url(), headers={"Referer": f"{HERE}/meetings/?near=Utica"}).content.decode()
    assert [part.split('"')[0] for part in page.split('href="')[1:] if "Utica" in part.split('"')[0]] == [
        "/meetings/?near=Utica"
    ]
