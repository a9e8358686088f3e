"""What an operator is told by `manage.py check`, before anybody relies on the site."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from support import contact
from support.crisis import COMPARED_AGAIN_AFTER, sources
from tests.conftest import NOW


def found(*, deploy: bool = False) -> dict[str | None, str]:
    """Return what the site's own checks say, by id; Django has checks of its own."""
    messages = run_checks(include_deployment_checks=deploy)
    return {message.id: message.msg for message in messages if str(message.id).startswith("homegroup.")}


@pytest.fixture(autouse=True)
def _in_order(settings: Any) -> None:
    """A public site as it should be."""
    settings.ALLOWED_HOSTS = ["meetings.example.org"]
    settings.PUBLIC_BASE_URL, settings.IS_SECURE, settings.DEVELOPMENT = "https://meetings.example.org", True, False
    settings.DEFAULT_FROM_EMAIL = "Homegroup <reminders@example.org>"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.REDIS_URL = "redis://localhost:6379/0"
    settings.OPERATOR_NAME, settings.OPERATOR_CONTACT = "River Area", contact.read("help@example.org")


def test_site_that_is_in_order_is_told_nothing() -> None:
    assert found(deploy=True) == {}


@pytest.mark.parametrize(
    ("name", "value", "number", "words"),
    [
        ("DEFAULT_TIME_ZONE", "Eastern", "E001", "DEFAULT_TIME_ZONE is 'Eastern', which is no time zone."),
        ("DEFAULT_FROM_EMAIL", "Homegroup", "E002", "DEFAULT_FROM_EMAIL has no address in it."),
        ("DEFAULT_FROM_EMAIL", "", "E002", "DEFAULT_FROM_EMAIL has no address in it."),
        (
            "DEVELOPMENT",
            True,
            "E003",
            "DEVELOPMENT is on, with every message at /dev/outbox/, and PUBLIC_BASE_URL or HOST lets others in.",
        ),
        (
            "ALLOWED_HOSTS",
            ["meetings.example.org", "*"],
            "W001",
            "ALLOWED_HOSTS admits any name, so that links in messages could lead to someone else's site.",
        ),
    ],
)
def test_each_mistake_is_named(settings: Any, name: str, value: object, number: str, words: str) -> None:
    setattr(settings, name, value)
    assert found() == {f"homegroup.{number}": words}


@pytest.mark.parametrize(
    ("changed", "number", "words"),
    [
        (
            {"PUBLIC_BASE_URL": "http://192.0.2.7", "IS_SECURE": False},
            "W002",
            "PUBLIC_BASE_URL is http://192.0.2.7, so pages and sign-in codes travel in the open.",
        ),
        (
            {"EMAIL_BACKEND": "support.messaging.outbox.EmailBackend"},
            "W003",
            "EMAIL_URL is not set: messages stay on this machine and nobody is reminded of anything.",
        ),
        (
            {"OPERATOR_CONTACT": None},
            "W005",
            "Nobody says who runs this site: About, Privacy and the answer to HELP by text name no contact.",
        ),
        (
            {"OPERATOR_NAME": ""},
            "W005",
            "Nobody says who runs this site: About, Privacy and the answer to HELP by text name no contact.",
        ),
        (
            {"REDIS_URL": ""},
            "W004",
            "No Valkey or Redis server is in use: limits on forms count in each web process alone.",
        ),
    ],
)
def test_what_is_missing_before_strangers_rely_on_it_is_said_with_deploy_alone(
    settings: Any, changed: dict[str, object], number: str, words: str
) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    assert found() == {}
    assert found(deploy=True) == {f"homegroup.{number}": words}


@pytest.mark.parametrize(
    ("public", "host", "is_refused"),
    [
        ("http://localhost:8000", "127.0.0.1", False),
        ("http://127.0.0.1", "localhost", False),
        ("http://[::1]:8000", "::1", False),
        ("http://localhost:8000", "0.0.0.0", True),  # noqa: S104
        ("http://localhost:8000", "::", True),
        ("http://localhost:8000", "192.0.2.7", True),
        ("http://192.0.2.7:8000", "127.0.0.1", True),
        ("http://meetings.example.org", "127.0.0.1", True),
        ("http://localhost.example.org", "127.0.0.1", True),
        ("https://localhost", "127.0.0.1", True),
    ],
)
def test_development_is_for_who_sits_at_this_machine(settings: Any, public: str, host: str, is_refused: bool) -> None:
    settings.PUBLIC_BASE_URL, settings.HOST, settings.IS_SECURE = public, host, public.startswith("https")
    assert found() == {}
    settings.DEVELOPMENT = True
    assert list(found()) == (["homegroup.E003"] if is_refused else [])


def test_crisis_lines_are_to_be_compared_with_their_sources_once_a_year() -> None:
    first = min(source.verified_on for source in sources())
    noon = dt.datetime.combine(first, dt.time(12), NOW.tzinfo) + COMPARED_AGAIN_AFTER
    with time_machine.travel(noon):
        assert found(deploy=True) == {}
    with time_machine.travel(noon + dt.timedelta(days=1)):
        assert found() == {}
        said = found(deploy=True)
    assert list(said) == ["homegroup.I001"]
    assert "https://www.crisistextline.org/" in said["homegroup.I001"]


def test_error_stops_the_command_with_what_to_do(settings: Any) -> None:
    settings.DEFAULT_TIME_ZONE = "Eastern"
    with pytest.raises(SystemCheckError, match="Use an IANA name such as America/New_York or Europe/London"):
        call_command("check")
