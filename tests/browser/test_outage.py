"""With scripts: what is said where the database cannot be used just now, and that a press works once it can."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import OperationalError
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.test_signin import sign_in
from tests.factories import make_user
from tests.helpers.browsing import listed
from tests.web.test_outage import PostgresqlError, failing

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [375, 1280])
def test_a_star_that_cannot_be_kept_says_so_and_is_kept_at_the_next_press(
    page: Page, live_server: LiveServer, axe: Callable[[Page], list[str]], width: int
) -> None:
    listed(name="Evening Light", slug="evening-light")
    make_user(email="ana@example.org")
    page.set_viewport_size({"width": width, "height": 800})
    sign_in(page, live_server, "ana@example.org")
    page.goto(f"{live_server.url}/meetings/evening-light/")
    star = page.get_by_role("button", name="Favorite")
    words = page.get_by_text("That didn’t work. Wait a moment, then try again.")
    with pytest.MonkeyPatch.context() as patch:
        fail = failing(OperationalError("x"), PostgresqlError("53100"))
        patch.setattr("meetings.views.favourites.access.meeting_for_favourites", fail)
        for _press in range(2):
            star.click()
            expect(words).to_have_count(1)
            expect(words).to_be_in_viewport()
    expect(star).to_have_attribute("aria-pressed", "false")
    assert axe(page) == []
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
