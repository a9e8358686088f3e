"""No line of a log says who."""

from __future__ import annotations

import logging
import sys
import uuid
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts import links
from support.redaction import RedactingFormatter, redact

PUBLIC_ID = uuid.UUID("5f3c0000-0000-4000-8000-000000000001")


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("to guest@example.org, at once", "to [address], at once"),
        ("<first.last+tag@mail.example.co.uk>", "<[address]>"),
        ("UNIQUE failed: ('guest@example.org',)", "UNIQUE failed: ('[address]',)"),
        ("postgres://user:password@db.example.org/x", "postgres://user:[address]/x"),
        ("to +15185550100 or (518) 555-0100 or 518-555-0100", "to [number] or [number] or [number]"),
        ("From=%2B15185550100&Body=STOP", "From=[number]&Body=STOP"),
        ("Not Found: /t/AbCdEfGhIjKlMno", "Not Found: /t/[link]"),
        ("/my/calendar/aB3" + "x" * 40 + ".ics", "/my/calendar/[secret].ics"),
        ("GET /meetings/?near=Albany&day=tue&q=first+step", "GET /meetings/?near=[asked]&day=tue&q=[asked]"),
        (f"/staff/messages/{PUBLIC_ID}/", f"/staff/messages/{PUBLIC_ID}/"),
        ("parked until 2026-11-23T14:20:15.286+00:00", "parked until 2026-11-23T14:20:15.286+00:00"),
        ("celery@vm ready in 1.7 s on 127.0.0.1:8000", "celery@vm ready in 1.7 s on 127.0.0.1:8000"),
        ("Reminder 1794440000 in 10.25 s", "Reminder 1794440000 in 10.25 s"),
    ],
)
def test_what_says_who_is_left_out_and_the_rest_is_not(said: str, left: str) -> None:
    assert redact(said) == left


def test_signed_links_are_left_out() -> None:
    for purpose in links.LIFETIMES:
        token = links.sign(purpose, PUBLIC_ID)
        assert redact(f"Not Found: /x/{token}/y/") == "Not Found: /x/[link]/y/"


def test_exceptions_are_left_without_people_too() -> None:
    try:
        raise ValueError("guest@example.org is taken")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "no %s", ("guest@example.org",), sys.exc_info())
    line = RedactingFormatter("%(asctime)s %(message)s").format(record)
    assert "guest@" not in line
    assert "no [address]" in line
    assert "ValueError: [address] is taken" in line


def test_every_handler_of_the_site_leaves_people_out() -> None:
    logs: dict[str, Any] = dict(settings.LOGGING)
    formatters = {handler["formatter"] for handler in logs["handlers"].values()}
    assert {logs["formatters"][name]["()"] for name in formatters} == {"support.redaction.RedactingFormatter"}
    attached = [handler for name in ("", "django", "celery") for handler in logging.getLogger(name).handlers]
    sites = [handler for handler in attached if type(handler).__module__.startswith(("logging", "django"))]
    assert all(isinstance(handler.formatter, RedactingFormatter) for handler in sites if handler.formatter), sites


@pytest.mark.django_db
def test_a_dead_link_is_logged_without_the_link(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    token = links.sign("manage", PUBLIC_ID)
    client.get(f"/signups/{token}/")
    assert token not in capsys.readouterr().err
