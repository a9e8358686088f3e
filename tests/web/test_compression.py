"""What is compressed on its way to a browser: all that holds nobody's secret, and nothing else."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import links
from tests.factories import make_meeting, make_participant, make_user

pytestmark = pytest.mark.django_db

ASKS = {"Accept-Encoding": "gzip"}


def is_compressed(client: Client, address: str, **more: Any) -> bool:
    answer = client.get(address, headers={**ASKS, **more})
    if answer.streaming:
        answer.close()
    assert answer.status_code in (200, 206), address
    return answer.headers.get("Content-Encoding") == "gzip"


@pytest.mark.parametrize("name", ["home", "meetings:list", "crisis", "account_login"])
def test_a_strangers_page_is_compressed_and_no_two_answers_are_of_one_length(client: Client, name: str) -> None:
    answers = [client.get(reverse(name), headers=ASKS) for _n in range(10)]
    assert {answer.headers["Content-Encoding"] for answer in answers} == {"gzip"}
    assert "Accept-Encoding" in answers[0].headers["Vary"]
    assert b"<main" in gzip.decompress(answers[0].content)
    assert len({len(answer.content) for answer in answers}) > 1
    assert client.get(reverse(name)).headers.get("Content-Encoding") is None


def test_pages_of_one_person_are_not(client: Client) -> None:
    point = make_participant().contact_point
    by_link = reverse("accounts:data_by_link", args=[links.sign("data", point.public_id)])
    assert not is_compressed(client, by_link)
    client.force_login(make_user())
    assert not is_compressed(client, reverse("meetings:my_meetings"))
    assert not is_compressed(client, reverse("home"))


def test_the_page_that_shows_a_guest_their_address_is_not(client: Client) -> None:
    meeting = make_meeting()
    form = client.get(reverse("meetings:sign_up", args=[meeting.slug])).context["form"]
    typed = {"when": form.fields["when"].choices[0][0], "email": "ana@example.org"}
    page = client.post(reverse("meetings:sign_up", args=[meeting.slug]), typed)["Location"]
    # A stranger's words in its address stand beside it.
    shown = client.get(f"{page}?their=words").content.decode()
    assert "ana@example.org" in shown
    assert "their=words" in shown
    assert not is_compressed(client, page)


def test_our_own_files_are_where_that_makes_them_smaller(client: Client) -> None:
    client.force_login(make_user())
    assert is_compressed(client, "/static/css/site.css")
    assert is_compressed(client, "/static/js/site.js")
    assert not is_compressed(client, "/static/fonts/figtree-latin-wght-normal.woff2")
    # A part of a file is a part of the file as it is.
    assert not is_compressed(client, "/static/css/site.css", Range="bytes=0-999")
