"""The development outbox: each message as its reader would see it, and nothing of it anywhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.mail import send_mail
from django.test import Client

from support.messaging import EmailGateway
from support.messaging import outbox as kept
from tests.helpers.leases import in_a_while
from tests.unit.test_messaging import CALENDAR, letter

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(at_this_machine: Client) -> Client:
    return at_this_machine


@pytest.fixture(autouse=True)
def _outbox(settings: Any, tmp_path: Path) -> None:
    settings.OUTBOX_DIR = tmp_path / "outbox"
    settings.EMAIL_BACKEND = "support.messaging.outbox.EmailBackend"


def test_outbox_lists_the_newest_first(client: Client) -> None:
    EmailGateway().send(letter(calendars=(CALENDAR,)), until=in_a_while())
    send_mail("Your sign-in code", "123", None, ["member@example.org"])
    page = client.get("/dev/outbox/").content.decode()
    assert page.index("Your sign-in code") < page.index("Reminder for Tue 7:00 PM")
    assert "guest@example.org" in page


def test_outbox_shows_every_part_of_a_message(client: Client) -> None:
    EmailGateway().send(letter(calendars=(CALENDAR,), text="See http://testserver/signups/x/\n"), until=in_a_while())
    [file] = kept.newest_first()
    page = client.get(f"/dev/outbox/{file.stem}/").content.decode()
    assert f'src="/dev/outbox/{file.stem}/html/"' in page
    assert 'sandbox="allow-top-navigation-by-user-activation"' in page
    assert '<a href="http://testserver/signups/x/"' in page
    assert "5f3c@homegroup" in page
    assert "&lt;5f3c@example.org&gt;" in page


def test_outbox_html_is_served_for_its_frame_alone(client: Client) -> None:
    EmailGateway().send(
        letter(html="<html><head></head><body><script>alert(1)</script>Tuesday</body></html>"), until=in_a_while()
    )
    [file] = kept.newest_first()
    response = client.get(f"/dev/outbox/{file.stem}/html/")
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert '<base target="_top">' in response.content.decode()


def test_outbox_is_emptied_by_post_alone(client: Client) -> None:
    EmailGateway().send(letter(), until=in_a_while())
    assert client.get("/dev/outbox/empty/").status_code == 405
    assert len(kept.newest_first()) == 1
    assert client.post("/dev/outbox/empty/").status_code == 302
    assert kept.newest_first() == []


def test_outbox_knows_only_its_own_files(client: Client, tmp_path: Path) -> None:
    (tmp_path / "secret.eml").write_text("Subject: secret\n\n")
    for name in ("nothing", "..-secret", "empty"):
        assert client.get(f"/dev/outbox/{name}/").status_code in (404, 405)


@pytest.mark.parametrize("path", ["", "x/", "x/html/", "empty/"])
def test_outbox_does_not_exist_outside_development(client: Client, settings: Any, path: str) -> None:
    settings.DEVELOPMENT = False
    method = client.post if path == "empty/" else client.get
    assert method(f"/dev/outbox/{path}").status_code == 404
