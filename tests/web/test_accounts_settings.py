"""A member's own settings page."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories.accounts import make_user

pytestmark = pytest.mark.django_db

GOOD = {"display_name": "Ana M.", "tz": "Europe/Madrid", "language": "es", "hour_cycle": "h24"}


def test_settings_need_a_member(client: Client) -> None:
    assert client.get("/my/account/")["Location"] == "/accounts/login/?next=/my/account/"


def test_settings_are_kept_and_apply_at_once(client: Client) -> None:
    user = make_user(tz="America/New_York")
    client.force_login(user)
    response = client.post("/my/account/", GOOD)
    assert response.status_code == 302
    user.refresh_from_db()
    assert (user.display_name, user.tz, user.language, user.hour_cycle) == ("Ana M.", "Europe/Madrid", "es", "h24")
    assert '<html lang="es"' in client.get("/my/account/").content.decode()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("new york", "America/New_York"),
        ("europe/madrid", "Europe/Madrid"),
        ("UTC", "UTC"),
        ("US/Eastern", "US/Eastern"),
    ],
)
def test_zone_is_found_by_city_or_name(client: Client, typed: str, kept: str) -> None:
    user = make_user()
    client.force_login(user)
    assert client.post("/my/account/", GOOD | {"tz": typed}).status_code == 302
    user.refresh_from_db()
    assert user.tz == kept


@pytest.mark.parametrize("typed", ["", "Gotham", "../../etc/passwd", "America/", "x" * 65])
def test_unknown_zone_is_refused_beside_the_field_and_nothing_is_lost(client: Client, typed: str) -> None:
    user = make_user(tz="America/New_York", display_name="Before")
    client.force_login(user)
    response = client.post("/my/account/", GOOD | {"tz": typed})
    assert response.status_code == 422
    page = response.content.decode()
    assert 'value="Ana M."' in page
    assert 'aria-invalid="true"' in page
    user.refresh_from_db()
    assert user.display_name == "Before"


@pytest.mark.parametrize("change", [{"language": "xx"}, {"hour_cycle": "h13"}, {"display_name": "n" * 41}])
def test_bad_choice_is_refused(client: Client, change: dict[str, str]) -> None:
    client.force_login(make_user())
    assert client.post("/my/account/", GOOD | change).status_code == 422


def test_account_language_applies_unless_browser_remembers_another(client: Client) -> None:
    client.force_login(make_user(language="es"))
    assert '<html lang="es"' in client.get("/my/account/").content.decode()
    client.cookies["django_language"] = "en"
    assert '<html lang="en"' in client.get("/my/account/").content.decode()


def test_settings_page_is_kept_out_of_caches(client: Client) -> None:
    client.force_login(make_user())
    assert "no-store" in client.get("/my/account/")["Cache-Control"]
