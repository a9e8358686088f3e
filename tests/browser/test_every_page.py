"""Every page that the access matrix knows, as the first who may see it: how it looks, fits, and is used.

A new address is in the matrix, and so in here. A page is opened in English, in Spanish with very large text, and with
scripts off; all that can be asked of it is asked while it is open (problems.js). What fails names page and problem.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.core import mail
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory
from django.urls import reverse
from playwright.sync_api import Browser, Response, ViewportSize
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.architecture.access_matrix import MATRIX, Row, at_the_time_of_its_objects
from tests.architecture.test_access import addresses, client_for  # noqa: F401  # a fixture: the objects behind the matrix
from tests.factories import make_user

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("at_this_machine", "_at_that_time"),
    pytest.mark.timeout(900),
]

AXE = Axe().axe_script
CHECKS = Path(__file__).with_name("problems.js").read_text()
PHONE: ViewportSize = {"width": 375, "height": 740}
SMALL_PHONE: ViewportSize = {"width": 320, "height": 640}
DESK: ViewportSize = {"width": 1280, "height": 800}
#: What a reader sets in Chromium for very large text, in pixels; 16 is what it comes with.
LARGE = 32

#: The matrix has an address for a passkey, and none behind it.
PASSKEY = 77

#: What is sent elsewhere, whoever comes: it leads on, or hands a file out.
SHOWS_NOTHING = {
    "account_request_login_code",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_signup",
    "accounts:download",
    "favicon",
    "mfa_download_recovery_codes",
    "mfa_login_webauthn",
    # Asks for a real passkey: test_signin has one.
    "mfa_reauthenticate_webauthn",
    "reminders:found",
    "reminders:short",
    "set_language",
}


class Visit:
    """A page to look at: its name in the matrix, its address, and the cookies of who sees it."""

    def __init__(self, name: str, address: str, client: Client) -> None:
        self.name = name
        self.address = address
        self.cookies = {name: morsel.value for name, morsel in client.cookies.items()}


# -- the pages, and who sees them --------------------------------------------------------------------------------------


@pytest.fixture
def _at_that_time() -> Iterator[None]:
    """The pages stand at the time that the objects of the matrix are made for. It goes on: a browser waits."""
    with at_the_time_of_its_objects():
        yield


def proven(role: str) -> Client:
    """Return a client of somebody who has just shown who they are, by all that their account asks for."""
    client = client_for(role)
    if role != "visitor":
        user = User.objects.get(email=f"{role}@example.org")
        request = RequestFactory().get("/")
        request.session = session = client.session
        record_authentication(request, user, method="code")
        for factor in Authenticator.objects.filter(user=user)[:1]:
            record_authentication(request, user, method="mfa", id=factor.pk, type=factor.type)
        session.save()
    return client


def is_page(answer: HttpResponseBase) -> bool:
    return answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")


@pytest.fixture
def visits(addresses: dict[str, str]) -> list[Visit]:  # noqa: F811  # the fixture of that name
    """Each page once, with the first role of the matrix that sees it; then those that only a step leads to."""
    found: dict[str, Visit] = {}
    for role in Row._fields:
        client = proven(role)
        for name, address in addresses.items():
            may = getattr(MATRIX[name], role) in (200, 302)
            if may and address not in found and is_page(client.get(address)):
                found[address] = Visit(name, address, client)
    for name, step in STEPS.items():
        client = step()
        address = addresses[name].replace("/keys/1/", f"/keys/{PASSKEY}/")
        assert is_page(client.get(address)), f"no page: {name}"
        found[address] = Visit(name, address, client)
    nobody_looks = {name for name in addresses if addresses[name] not in found and may_be_page(name)} - set(STEPS)
    assert nobody_looks == SHOWS_NOTHING
    return list(found.values())


def may_be_page(name: str) -> bool:
    """Return whether there could be something to look at: not where all is sent by POST, absent, or for machines."""
    return not name.startswith("/") and not set(MATRIX[name]) & {200, 405} and set(MATRIX[name]) != {404}


# -- pages behind a step: each function takes it, and returns the client that sees the page ----------------------------


def types_an_address(email: str = "member@example.org") -> Client:
    client = Client()
    client.post(reverse("account_login"), {"login": email})
    return client


def types_the_code() -> Client:
    client = types_an_address("staff@example.org")
    code = re.findall(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", str(mail.outbox[-1].body))[0]
    client.post(reverse("account_confirm_login_code"), {"code": code})
    return client


def gives_another_address() -> Client:
    client = proven("member")
    client.post(reverse("account_email"), {"email": "another@example.org", "action_add": ""})
    return client


def gives_a_phone() -> Client:
    client = proven("member")
    client.post(reverse("accounts:phone"), {"number": "(202) 555-0143", "reminders": "on"})
    return client


def has_a_password() -> Client:
    user = make_user(email="password@example.org")
    user.set_password("correct horse battery")
    user.save()
    return proven("password")


def has_a_password_and_came_long_ago() -> Client:
    return client_for("password")


def has_a_passkey() -> Client:
    user = make_user(email="passkey@example.org")
    data = {"name": "My phone", "credential": {}}
    Authenticator.objects.create(pk=PASSKEY, user=user, type=Authenticator.Type.WEBAUTHN, data=data)
    return proven("passkey")


def has_a_passkey_still() -> Client:
    return proven("passkey")


def has_recovery_codes() -> Client:
    RecoveryCodes.activate(make_user(email="codes@example.org"))
    return proven("codes")


STEPS: dict[str, Callable[[], Client]] = {
    "account_confirm_login_code": types_an_address,
    "mfa_authenticate": types_the_code,
    "account_email_verification_sent": gives_another_address,
    "accounts:phone_code": gives_a_phone,
    "account_change_password": has_a_password,
    "account_reauthenticate": has_a_password_and_came_long_ago,
    "mfa_edit_webauthn": has_a_passkey,
    "mfa_remove_webauthn": has_a_passkey_still,
    "mfa_view_recovery_codes": has_recovery_codes,
}


# -- looking at them ---------------------------------------------------------------------------------------------------


class Eyes:
    """A browser of one reader, in which page after page is opened. `heard` is what it complains of meanwhile."""

    def __init__(self, browser: Browser, server: LiveServer, **reader: Any) -> None:
        self.server = server
        self.context = browser.new_context(
            viewport=PHONE, reduced_motion="reduce", timezone_id="America/New_York", **reader
        )
        self.page = self.context.new_page()
        self.heard: list[str] = []
        self.page.on("pageerror", lambda error: self.heard.append(f"error in a script: {error}"))
        self.page.on("console", lambda message: self.hear(message.text))
        self.page.on("request", lambda request: self.note(request.url))
        self.page.on(
            "response",
            lambda answer: self.heard.append(f"{answer.status}: {answer.url}") if answer.status >= 400 else None,
        )

    def hear(self, words: str) -> None:
        if "Content Security Policy" in words:
            self.heard.append(words)

    def note(self, url: str) -> None:
        if not url.startswith((self.server.url, "data:", "blob:")):
            self.heard.append(f"asked of another site: {url}")

    def receive(self, answer: Response) -> None:
        if answer.status >= 400:
            self.heard.append(f"{answer.status}: {answer.url}")

    def unfold(self) -> None:
        """Open what is folded away: it is looked at as well."""
        self.page.evaluate("document.querySelectorAll('main details').forEach(each => { each.open = true })")

    def enlarge_text(self) -> None:
        """Set what a reader sets in the browser's settings: from the next page on, media queries in rem follow it."""
        devtools = self.context.new_cdp_session(self.page)
        devtools.send("Page.setFontSizes", {"fontSizes": {"standard": LARGE}})

    def open(self, visit: Visit) -> list[str]:
        """Open a page as who sees it; return what is wrong already."""
        self.context.clear_cookies()
        self.context.add_cookies(
            [{"name": name, "value": value, "url": self.server.url} for name, value in visit.cookies.items()]
        )
        self.heard.clear()
        self.page.goto(self.server.url + visit.address)
        self.page.evaluate(CHECKS)
        return list(self.heard)

    def check(self, name: str) -> list[str]:
        found: list[str] = self.page.evaluate(f"problems.{name}()")
        return found

    def fits(self, how: str) -> list[str]:
        return [f"{how}: {problem}" for problem in self.check("layout")]

    def axe(self, how: str, *rules: str) -> list[str]:
        """Return what axe-core finds wrong, by all rules or by those given."""
        if not self.page.evaluate("Boolean(window.axe)"):
            self.page.evaluate(AXE)
        # Lighthouse asks for the size of targets as well.
        asked = {"runOnly": list(rules)} if rules else {"rules": {"target-size": {"enabled": True}}}
        options = {"resultTypes": ["violations"], **asked}
        violations = self.page.evaluate(
            "options => axe.run(document, options).then(found => found.violations)", options
        )
        return [f"{how}: {each['id']}: {node['html'][:150]}" for each in violations for node in each["nodes"]]

    def walk(self) -> list[str]:
        """Press Tab until the focus leaves the page, or comes round; return what is wrong on the way."""
        for _press in range(1000):
            self.page.keyboard.press("Tab")
            if not self.page.evaluate("problems.step()"):
                break
        return self.check("walk")


def look(eyes: Eyes, visit: Visit) -> list[str]:
    """By axe on a phone and a desk, in light and dark; by keyboard; on a small phone; with text twice as large."""
    page = eyes.page
    page.set_viewport_size(PHONE)
    wrong = eyes.open(visit)
    wrong += eyes.check("head") + eyes.fits("375 px") + eyes.check("smallTargets") + eyes.walk()
    eyes.unfold()
    wrong += eyes.axe("phone")
    page.emulate_media(color_scheme="dark")
    wrong += eyes.axe("phone, dark", "color-contrast")
    page.set_viewport_size(DESK)
    wrong += eyes.axe("desk, dark", "color-contrast")
    page.emulate_media(color_scheme="light")
    wrong += eyes.axe("desk") + eyes.fits("1280 px")
    page.set_viewport_size(SMALL_PHONE)
    wrong += eyes.fits("320 px")
    page.set_viewport_size(PHONE)
    # As a reader's own style sheet does it: media queries do not follow.
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    return wrong + eyes.fits("html at 200%")


def look_in_spanish(eyes: Eyes, visit: Visit) -> list[str]:
    wrong = eyes.open(visit)
    assert eyes.page.evaluate("getComputedStyle(document.documentElement).fontSize") == f"{LARGE}px"
    wrong += [] if eyes.page.locator("html").get_attribute("lang") == "es" else ["not in Spanish"]
    eyes.unfold()
    wrong += eyes.fits(f"Spanish of {LARGE} px") + eyes.axe("Spanish")
    eyes.page.set_viewport_size(SMALL_PHONE)
    wrong += eyes.fits(f"Spanish of {LARGE} px at 320 px")
    eyes.page.evaluate("document.documentElement.style.fontSize = '50%'")
    wrong += eyes.fits("Spanish at 320 px")
    eyes.page.set_viewport_size(PHONE)
    return wrong


def look_without_scripts(eyes: Eyes, visit: Visit) -> list[str]:
    return eyes.open(visit) + eyes.check("dead") + eyes.fits(f"text of {LARGE} px")


def test_every_page(browser: Browser, live_server: LiveServer, visits: list[Visit]) -> None:
    reader, spanish = Eyes(browser, live_server, locale="en-US"), Eyes(browser, live_server, locale="es-MX")
    without_scripts = Eyes(browser, live_server, locale="en-US", java_script_enabled=False)
    spanish.enlarge_text()
    without_scripts.enlarge_text()
    found: dict[str, list[str]] = {}
    titles: dict[str, str] = {}
    for visit in visits:
        found[visit.name] = wrong = look(reader, visit)
        title = reader.page.title()
        if (other := titles.setdefault(title, visit.name)) != visit.name:
            wrong.append(f"its title is that of {other} as well: {title}")
        wrong += (
            [] if title.endswith(f" – {settings.SITE_NAME}") or not title else [f"its title lacks the site: {title}"]
        )
        wrong += look_without_scripts(without_scripts, visit)
    User.objects.update(language="es")
    for visit in visits:
        found[visit.name] += look_in_spanish(spanish, visit)
    if lines := [line for name, wrong in found.items() if wrong for line in (name, *(f"    {each}" for each in wrong))]:
        pytest.fail("\n".join(lines), pytrace=False)
