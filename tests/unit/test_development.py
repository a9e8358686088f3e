"""Pages for those who build the site show everybody's messages: to a browser on this machine, and to nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from support import workspace
from support.loopback import is_loopback

pytestmark = pytest.mark.django_db

PAGES = ["/dev/outbox/", "/styleguide/"]


@pytest.fixture(autouse=True)
def _outbox(settings: Any, tmp_path: Path) -> None:
    settings.OUTBOX_DIR = tmp_path / "outbox"


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("host", ["localhost:8000", "localhost", "127.0.0.1:8000", "[::1]:8000"])
def test_browser_on_this_machine_sees_them(at_this_machine: Client, path: str, host: str) -> None:
    assert at_this_machine.get(path, headers={"host": host}).status_code == 200


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Server",
        "Forwarded", "Via", "X-Real-IP", "X-Client-IP", "X-Cluster-Client-IP", "Client-IP", "True-Client-IP",
        "X-Original-Host", "CF-Connecting-IP", "CF-Ray", "Fastly-Client-IP", "Fly-Client-IP", "CDN-Loop",
        "X-Envoy-External-Address", "X-Request-Id", "X-CSRFToken-From",
    ],
)  # fmt: skip
def test_request_that_a_proxy_passed_on_is_somebody_elses(at_this_machine: Client, path: str, header: str) -> None:
    assert at_this_machine.get(path, headers={header: "127.0.0.1"}).status_code == 404


@pytest.mark.parametrize("header", ["X-CSRFToken", "X-Requested-With"])
def test_what_a_script_of_the_page_adds_is_no_proxys(at_this_machine: Client, header: str) -> None:
    assert at_this_machine.get("/dev/outbox/", headers={header: "anything"}).status_code == 200


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    "request_of",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": ""},
        {"HTTP_HOST": "testserver"},
        # As nginx asks unless it is told otherwise.
        {"SERVER_PROTOCOL": "HTTP/1.0"},
    ],
)
def test_request_from_elsewhere_finds_nothing(at_this_machine: Client, path: str, request_of: dict[str, Any]) -> None:
    assert at_this_machine.get(path, **request_of).status_code == 404


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("public", ["http://meetings.example.org", "http://192.0.2.7:8000", "https://example.org"])
def test_public_site_has_none_even_if_it_were_switched_on(
    at_this_machine: Client, settings: Any, path: str, public: str
) -> None:
    settings.PUBLIC_BASE_URL = public
    assert at_this_machine.get(path).status_code == 404


def test_nobody_elsewhere_acts_as_a_phone_or_empties_the_outbox(at_this_machine: Client) -> None:
    forwarded = {"X-Forwarded-For": "203.0.113.7"}
    for path in ("/dev/outbox/text/", "/dev/outbox/empty/"):
        answer = at_this_machine.post(path, {"number": "+12025550143", "text": "STOP"}, headers=forwarded)
        assert answer.status_code == 404


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("localhost", True), ("LocalHost.", True), ("site.localhost", True), ("127.0.0.1", True), ("127.8.9.1", True),
        ("::1", True), ("[::1]", True), ("0.0.0.0", False),  # noqa: S104
        ("::", False), ("", False), ("10.0.0.1", False),
        ("localhost.example.org", False), ("127.0.0.1.example.org", False), ("example.org", False), ("1", False),
    ],
)  # fmt: skip
def test_loopback_is_this_machine_alone(name: str, expected: bool) -> None:
    assert is_loopback(name) is expected


@pytest.mark.parametrize(
    ("given", "development"),
    [
        ({}, "1"),
        ({"PUBLIC_BASE_URL": "http://127.0.0.1:8000"}, "1"),
        ({"HOST": "::1"}, "1"),
        # Somebody tries the site from a phone.
        ({"HOST": "0.0.0.0"}, "0"),  # noqa: S104
        ({"HOST": "192.168.1.20", "PUBLIC_BASE_URL": "http://192.168.1.20:8000"}, "0"),
        # A proxy passes the public on to this machine.
        ({"PUBLIC_BASE_URL": "http://meetings.example.org"}, "0"),
        ({"PUBLIC_BASE_URL": "https://meetings.example.org"}, "0"),
        ({"PUBLIC_BASE_URL": "https://localhost"}, "0"),
        ({"PUBLIC_BASE_URL": "http://[localhost"}, "0"),
        ({"HOST": "0.0.0.0", "DEVELOPMENT": "1"}, "1"),  # noqa: S104  # which homegroup.E003 refuses
    ],
)
def test_development_is_on_by_itself_only_where_nobody_else_can_come(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: dict[str, str], development: str
) -> None:
    for name in ("PUBLIC_BASE_URL", "DEVELOPMENT", "HOST"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert workspace.environment(tmp_path, port=8000)["DEVELOPMENT"] == development
