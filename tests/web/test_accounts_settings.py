"""A member's own settings page."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from accounts.forms.settings import ZoneField
from support import clock
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
        ("Knox, Indiana", "America/Indiana/Knox"),
        ("Calcutta", "Asia/Calcutta"),
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


@pytest.mark.parametrize(("language", "shown"), [("en", "New York"), ("es", "Nueva York")], ids=["English", "Spanish"])
def test_zone_stands_on_the_page_by_its_city_and_can_be_sent_as_it_stands(
    client: Client, language: str, shown: str
) -> None:
    user = make_user(tz="America/New_York", language=language)
    client.force_login(user)
    page = client.get("/my/account/").content.decode()
    assert f' name="tz" value="{shown}"' in page
    assert "America/" not in page
    assert client.post("/my/account/", GOOD | {"tz": shown}).status_code == 302
    user.refresh_from_db()
    assert user.tz == "America/New_York"


def test_each_zone_as_it_is_shown_leads_back_to_its_clocks() -> None:
    field = ZoneField()
    summer, winter = (dt.datetime(2026, month, 1, tzinfo=dt.UTC) for month in (7, 1))
    for zone in clock.zone_names() - {"Factory", "localtime"}:
        back = field.clean(field.prepare_value(zone))
        assert clock.to_wall(summer, back) == clock.to_wall(summer, zone), zone
        assert clock.to_wall(winter, back) == clock.to_wall(winter, zone), zone


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
