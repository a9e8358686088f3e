"""A character that PostgreSQL keeps in no text (NUL): in cookies, addresses, questions and forms. No 500."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.test.client import MULTIPART_CONTENT

from tests.architecture.test_access import addresses  # noqa: F401  # the fixture

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

#: As a cookie can be spelled, and Python reads it (RFC 2109): in quotes, with the octal number of a character.
NUL = '"\\000' + "a" * 20 + '"'


@pytest.mark.parametrize("name", [settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, "tz", "clock"])
def test_cookie_with_it_is_as_if_there_were_none(name: str) -> None:
    client = Client(headers={"cookie": f"{name}={NUL}"})
    assert [client.get(path).status_code for path in ("/meetings/", "/my/meetings/", "/admin/")] == [200, 302, 302]
    assert client.post("/accounts/login/", {"login": f"{name}@example.org"}).status_code == 302


def test_no_address_fails_for_it(addresses: dict[str, str]) -> None:  # noqa: F811  # the fixture
    client = Client(raise_request_exception=False)
    failed = []
    for address in addresses.values():
        for path in (f"{address}%00", f"{address}?page=%00&near=%00&q=%00&next=%00&what=%00&date=%00"):
            if client.get(path).status_code >= 500:
                failed.append(path)
    assert failed == []


NAMES = [
    "login", "email", "code", "when", "password", "number", "text", "next", "action", "language", "keep", "all",
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (dict.fromkeys(NAMES, "a\x00b"), MULTIPART_CONTENT),
        ("&".join(f"{name}=a%00b" for name in NAMES), "application/x-www-form-urlencoded"),
    ],
)
def test_no_form_fails_for_it(addresses: dict[str, str], data: Any, content_type: str) -> None:  # noqa: F811  # the fixture
    client = Client(raise_request_exception=False)
    statuses = {address: client.post(address, data, content_type).status_code for address in addresses.values()}
    assert {address: status for address, status in statuses.items() if status >= 500} == {}
