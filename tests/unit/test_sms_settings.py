"""Who sends text messages, by the environment: all of a provider's settings or none."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from support import environment

TWILIO = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t", "TWILIO_FROM": "+15185550100"}
TELNYX = {"TELNYX_API_KEY": "k", "TELNYX_PUBLIC_KEY": "p", "TELNYX_FROM": "+15185550100"}
EVERY_NAME = [*TWILIO, "TWILIO_MESSAGING_SERVICE_SID", *TELNYX]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in EVERY_NAME:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("given", "is_development", "provider"),
    [
        ({}, True, "outbox"),
        ({}, False, ""),
        (TWILIO, True, "twilio"),
        ({**TWILIO, "TWILIO_FROM": "", "TWILIO_MESSAGING_SERVICE_SID": "MG1"}, False, "twilio"),
        (TELNYX, False, "telnyx"),
        ({**TWILIO, **TELNYX}, False, "twilio"),
    ],
)
def test_provider_is_whoever_has_settings(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], is_development: bool, provider: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert environment.sms_provider(is_development=is_development) == provider


@pytest.mark.parametrize("missing", [*TWILIO, *TELNYX])
def test_half_a_set_stops_the_start_and_names_what_is_missing(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    given = TWILIO if missing in TWILIO else TELNYX
    for name, value in given.items():
        if name != missing:
            monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=missing) as error:
        environment.sms_provider(is_development=False)
    assert "+15185550100" not in str(error.value)
