"""Signing in as people do it: with a code, with a passkey, by keyboard alone, with scripts off."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core import mail
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories.accounts import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CODE = re.compile(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b")


def last_code() -> str:
    found = CODE.search(str(mail.outbox[-1].body))
    assert found
    return found.group()


def at(server: LiveServer, path: str) -> str:
    # Browsers keep passkeys for a name, never for a number.
    return server.url.replace("127.0.0.1", "localhost") + path


def add_virtual_authenticator(page: Page) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def sign_in(page: Page, server: LiveServer, email: str) -> None:
    page.goto(at(server, "/accounts/login/"))
    page.get_by_label("Email", exact=True).fill(email)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Code").fill(last_code())
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/my/meetings/")


def test_sign_in_with_passkey(page: Page, live_server: LiveServer) -> None:
    add_virtual_authenticator(page)
    make_user(email="ana@example.org")
    sign_in(page, live_server, "ana@example.org")
    page.goto(at(live_server, "/accounts/2fa/webauthn/add/"))
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url("**/recovery-codes/")
    page.goto(at(live_server, "/my/account/"))
    page.locator("main").get_by_role("button", name="Sign out").click()
    sent = len(mail.outbox)
    page.goto(at(live_server, "/accounts/login/"))
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/my/meetings/")
    assert len(mail.outbox) == sent


def test_member_adds_and_removes_a_passkey(page: Page, live_server: LiveServer) -> None:
    make_user(email="ana@example.org")
    add_virtual_authenticator(page)
    sign_in(page, live_server, "ana@example.org")
    page.goto(at(live_server, "/accounts/2fa/"))
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("What to call it").fill("My phone")
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url("**/recovery-codes/")
    assert page.locator(".codes li").count() == 10
    page.goto(at(live_server, "/accounts/2fa/webauthn/"))
    expect(page.get_by_role("heading", name="My phone")).to_be_visible()
    page.get_by_role("link", name="Remove My phone").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("You have no passkey yet.")).to_be_visible()


def test_passkey_that_fails_is_said_on_the_page(page: Page, live_server: LiveServer) -> None:
    page.goto(at(live_server, "/accounts/login/"))
    page.evaluate("() => { navigator.credentials.get = () => Promise.reject(new Error('no')) }")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("The passkey could not be used")).to_be_visible()


def test_sign_in_by_keyboard_alone(page: Page, live_server: LiveServer) -> None:
    make_user(email="ana@example.org")
    page.goto(at(live_server, "/accounts/login/"))
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "login":
            break
    page.keyboard.type("ana@example.org")
    page.keyboard.press("Enter")
    page.wait_for_url("**/code/confirm/")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "code":
            break
    page.keyboard.type(last_code())
    page.keyboard.press("Enter")
    page.wait_for_url("**/my/meetings/")


def test_sign_in_and_settings_with_scripts_off(browser: Browser, live_server: LiveServer) -> None:
    user = make_user(email="ana@example.org", tz="America/New_York")
    page = browser.new_context(java_script_enabled=False).new_page()
    sign_in(page, live_server, "ana@example.org")
    page.goto(at(live_server, "/my/account/"))
    page.get_by_label("Time zone").fill("madrid")
    page.get_by_label("24 hours").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    user.refresh_from_db()
    assert (user.tz, user.hour_cycle) == ("Europe/Madrid", "h24")
    page.goto(at(live_server, "/accounts/logout/"))
    page.locator("main").get_by_role("button", name="Sign out").click()
    page.goto(at(live_server, "/accounts/login/"))
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_axe_finds_nothing_on_pages_of_an_account(
    page: Page, live_server: LiveServer, width: int, scheme: str, axe: Callable[[Page], list[str]]
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    make_user(email="ana@example.org")
    found = {}
    page.goto(at(live_server, "/accounts/login/"))
    page.get_by_label("Email", exact=True).fill("nothing")
    page.get_by_role("button", name="Continue").click()
    found["error"] = axe(page)
    page.get_by_label("Email", exact=True).fill("ana@example.org")
    page.get_by_role("button", name="Continue").click()
    found["code"] = axe(page)
    page.get_by_label("Code").fill(last_code())
    page.get_by_role("button", name="Continue").click()
    for path in OWN_PAGES:
        page.goto(at(live_server, path))
        found[path] = axe(page)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, path
    assert {path: violations for path, violations in found.items() if violations} == {}


OWN_PAGES = [
    "/my/account/",
    "/accounts/email/",
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/2fa/webauthn/",
    "/accounts/password/set/",
    "/accounts/sessions/",
    "/accounts/logout/",
]
