"""Keys are changed while the site runs, and nobody is forgotten."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from accounts.fields import Sealed, lookup_hash
from accounts.models import CleanTime, ContactPoint, Disclosure, Export, Suppression, User
from accounts.queries import is_suppressed
from accounts.services.keys import reseal_everything
from meetings.models import PlaceChange
from meetings.reminders.models import InboundText
from meetings.services.calendar_addresses import renew_calendar_address
from meetings.services.occurrences import cancel_occurrence
from tests.factories import make_favourite, make_participant, make_signup
from tests.factories.accounts import make_contact_point, make_user

pytestmark = pytest.mark.django_db

OLD_KEY, NEW_KEY = (Fernet.generate_key().decode() for _ in range(2))


def test_everything_is_readable_under_the_new_key_alone(client: Client, settings: Any) -> None:
    settings.CONTACT_KEYS = [OLD_KEY]
    user = make_user(email="ana@example.org")
    EmailAddress.objects.create(user=user, email="ana@example.org", verified=True, primary=True)
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    point = make_contact_point(value="guest@example.org")
    Suppression.objects.create(channel="email", value_hash=lookup_hash("guest@example.org"), reason="stop")
    client.force_login(user)
    settings.CONTACT_KEYS = [NEW_KEY, OLD_KEY]
    assert reseal_everything().suppressions_under_old_keys == 0
    settings.CONTACT_KEYS = [NEW_KEY]
    assert User.objects.get(email="ana@example.org") == user
    assert EmailAddress.objects.get(email="ana@example.org").user == user
    assert ContactPoint.objects.with_value("email", "guest@example.org").get().value == "guest@example.org"
    assert is_suppressed(point)
    stored = Authenticator.objects.get(type="totp")
    assert stored.wrap().instance.pk == stored.pk
    assert TOTP(stored).validate_code("000000") in (True, False)
    assert client.get("/my/account/").status_code == 200


def test_suppression_without_its_value_is_counted(settings: Any) -> None:
    settings.CONTACT_KEYS = [OLD_KEY]
    Suppression.objects.create(channel="email", value_hash=lookup_hash("gone@example.org"), reason="stop")
    settings.CONTACT_KEYS = [NEW_KEY, OLD_KEY]
    assert reseal_everything().suppressions_under_old_keys == 1
    assert is_suppressed(make_contact_point(value="gone@example.org"))


def test_resealing_again_changes_nothing_that_is_read(settings: Any) -> None:
    settings.CONTACT_KEYS = [OLD_KEY]
    make_user(email="ana@example.org")
    point = make_contact_point(value="guest@example.org")
    settings.CONTACT_KEYS = [NEW_KEY, OLD_KEY]
    first = reseal_everything()
    assert reseal_everything() == first
    point.refresh_from_db()
    assert point.value_hash == lookup_hash("guest@example.org", NEW_KEY)


def test_command_adds_a_key_then_drops_the_old_one(settings: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.delenv("CONTACT_KEYS", raising=False)
    settings.DATA_DIR = tmp_path
    settings.CONTACT_KEYS = [OLD_KEY]
    path = tmp_path / "secrets" / "contact_keys"
    path.parent.mkdir()
    path.write_text(OLD_KEY)
    make_user(email="ana@example.org")
    call_command("rotate_keys", "--new-key", stdout=StringIO())
    new_key, old_key = path.read_text().split(",")
    assert old_key == OLD_KEY
    assert path.stat().st_mode & 0o077 == 0
    settings.CONTACT_KEYS = [new_key, old_key]
    call_command("rotate_keys", "--drop-old", stdout=StringIO())
    assert path.read_text() == new_key
    settings.CONTACT_KEYS = [new_key]
    assert User.objects.filter(email="ana@example.org").exists()


def test_old_key_stays_while_a_suppression_needs_it(settings: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.delenv("CONTACT_KEYS", raising=False)
    settings.DATA_DIR = tmp_path
    path = tmp_path / "secrets" / "contact_keys"
    path.parent.mkdir()
    path.write_text(f"{NEW_KEY},{OLD_KEY}")
    settings.CONTACT_KEYS = [OLD_KEY]
    Suppression.objects.create(channel="sms", value_hash=lookup_hash("+12125550199"), reason="stop")
    settings.CONTACT_KEYS = [NEW_KEY, OLD_KEY]
    out = StringIO()
    call_command("rotate_keys", "--drop-old", stdout=out)
    assert path.read_text() == f"{NEW_KEY},{OLD_KEY}"
    assert "1 suppressions" in out.getvalue()


def test_keys_from_the_environment_are_the_operators_to_change(settings: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("CONTACT_KEYS", OLD_KEY)
    with pytest.raises(CommandError, match="environment"):
        call_command("rotate_keys", "--new-key")


def sealed_columns() -> list[tuple[type[Model], str]]:
    """Return every column of any app that holds what the keys open."""
    return [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, Sealed)
    ]


def test_every_sealed_column_is_readable_under_the_new_key_alone(settings: Any) -> None:
    settings.CONTACT_KEYS = [OLD_KEY]
    now = timezone.now()
    user = make_user(email="ana@example.org", display_name="Ana")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    Authenticator.objects.create(user=user, type="webauthn", data={"name": "My phone"})
    UserSession.objects.create(user=user, session_key="x", ip="127.0.0.1", user_agent="Firefox")
    CleanTime.objects.create(user=user, sealed_on="2019-03-04")
    Export.objects.create(user=user, archive="zip", asked_at=now, expires_at=now)
    words = {"recipient": "A court", "what": "A date", "purpose": "An order"}
    Disclosure.objects.create(about_user=user, disclosed_on=now.date(), recorded_at=now, **words)
    renew_calendar_address(user=user, now=now)
    make_favourite(user=user)
    signup = make_signup(participant=make_participant(display_name="Ana"), attendance="attended")
    PlaceChange.objects.create(meeting=signup.occurrence.meeting, old="Elm House", created_at=now)
    cancel_occurrence(occurrence=signup.occurrence, message="Kim is ill", now=now)
    InboundText.objects.create(provider_id="1", sender="+12125550199", text="STOP", received_at=now)
    before = {each: list(each[0]._default_manager.values_list("pk", each[1])) for each in sealed_columns()}
    # A new one must have a row above, or this would not be about it.
    assert [
        f"{model._meta.label}.{name}" for (model, name), rows in before.items() if not any(v for _pk, v in rows)
    ] == []
    settings.CONTACT_KEYS = [NEW_KEY, OLD_KEY]
    reseal_everything()
    settings.CONTACT_KEYS = [NEW_KEY]
    assert {each: list(each[0]._default_manager.values_list("pk", each[1])) for each in sealed_columns()} == before
