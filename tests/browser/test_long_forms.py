"""The button that saves a long form lay two screens down, below all that can be chosen and not beside what was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories import make_user
from tests.helpers.browsing import enter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PATH = "/my/account/messages/"
#: Whether nothing covers an element that was just scrolled to by its focus.
IS_UNCOVERED = """element => {
    element.focus();
    const box = (element.labels?.[0] || element).getBoundingClientRect();
    const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    const cover = top?.closest(".bar, .actions--stay");
    return Boolean(top) && (!cover || cover.contains(element));
}"""


@pytest.fixture
def page(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A member's page on a phone, in Spanish, whose words are longer; scripts off."""
    context = browser.new_context(
        java_script_enabled=False, locale="es-MX", viewport={"width": 375, "height": 740}, reduced_motion="reduce"
    )
    yield enter(context, live_server, make_user(language="es"))
    context.close()


def above_the_bar(page: Page) -> bool:
    save, bar = page.get_by_role("button", name="Guardar").bounding_box(), page.locator(".bar--foot").bounding_box()
    assert save
    assert bar
    return save["y"] >= 0 and save["y"] + save["height"] <= bar["y"]


def test_save_is_in_sight_from_the_first_choice_on_and_covers_nothing(page: Page, live_server: LiveServer) -> None:
    for width, height in ((375, 740), (320, 640)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto(live_server.url + PATH)
        page.get_by_label("Recordatorios", exact=True).focus()
        assert above_the_bar(page)
        controls = page.locator("main form :is(input:not([type=hidden]), summary, button)")
        assert controls.count() > 10
        for control in controls.all():
            if control.is_visible():
                assert control.evaluate(IS_UNCOVERED), control.evaluate("element => element.outerHTML")

    page.get_by_text("Una hora antes").first.click()
    page.get_by_role("button", name="Guardar").click()
    expect(page.locator(".notice", has_text="Guardado")).to_be_visible()


def test_save_stands_still_at_the_end_where_text_is_very_large(page: Page, live_server: LiveServer) -> None:
    page.goto(live_server.url + PATH)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    save = page.get_by_role("button", name="Guardar")
    page.evaluate("scrollTo(0, 0)")
    box = save.bounding_box()
    assert box
    assert box["y"] > 740
    save.focus()
    assert save.evaluate(IS_UNCOVERED)
