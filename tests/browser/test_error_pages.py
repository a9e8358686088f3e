"""A page that was not found dropped the ways to one's own pages and the other language, also to members."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories import make_user
from tests.helpers.browsing import enter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_page_that_is_not_found_changes_its_language_and_leads_to_the_account(
    page: Page, live_server: LiveServer
) -> None:
    own = enter(page.context, live_server, make_user())
    own.set_viewport_size({"width": 375, "height": 740})
    own.goto(f"{live_server.url}/no-such-page/")
    own.get_by_role("button", name="Español").click()
    expect(own.get_by_role("heading", level=1)).to_have_text("No encontramos esa página")
    assert own.url.endswith("/no-such-page/")
    own.get_by_role("link", name="Cuenta").click()
    own.wait_for_url("**/my/account/")


def test_address_of_a_button_shows_a_page_in_either_language(
    page: Page, live_server: LiveServer, axe: Callable[[Page], list[str]]
) -> None:
    """Opened by itself, it showed the browser's own page for errors."""
    own = enter(page.context, live_server, make_user())
    own.set_viewport_size({"width": 375, "height": 740})
    own.goto(f"{live_server.url}/my/account/clean-time/again/")
    expect(own.get_by_role("heading", level=1)).to_have_text("This address goes with a button")
    assert axe(own) == []
    own.get_by_role("button", name="Español").click()
    expect(own.get_by_role("heading", level=1)).to_have_text("Esta dirección va con un botón")
    own.get_by_role("link", name="tu cuenta").click()
    own.wait_for_url("**/my/account/")
