"""What a browser is told, and what it is trusted with: headers, cookies, forged requests, names of other hosts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from django.utils.module_loading import import_string

from meetings.models import Coordinator
from meetings.services.roles import invite_facilitator
from support import clock
from tests.architecture.test_access import SIGNED, addresses, named_patterns  # noqa: F401  # addresses is a fixture
from tests.everything import PRODUCTION, ROOT
from tests.factories import make_meeting, make_user
from tests.helpers.environment import bare_environment

#: Asked of a site with a production's settings, in a process of its own: settings are read once.
PROBE = """
import json, sys
import django
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
call_command("collectstatic", verbosity=0, interactive=False)
here = {"host": "meetings.example.org"}
def seen(path, secure=True, headers=here):
    client = Client(headers=headers)
    answer = client.get(path, secure=secure)
    cookies = {name: {key: value for key, value in cookie.items() if value} for name, cookie in client.cookies.items()}
    return {"status": answer.status_code, "headers": dict(answer.headers), "cookies": cookies}
found = {path: seen(path) for path in ("/", "/accounts/login/", "/nowhere/", "/signups/forged/")}
found["static"] = seen("/static/vendor/htmx.min.js")
found["plain"] = seen("/meetings/?q=x", secure=False)
found["elsewhere"] = seen("/", headers={"host": "elsewhere.example"})
found["forwarded"] = seen("/", headers=here | {"X-Forwarded-Host": "elsewhere.example"})
found["development"] = [seen(path)["status"] for path in ("/styleguide/", "/dev/outbox/", "/metrics")]
client = Client(headers=here)
found["language"] = {
    name: {key: value for key, value in cookie.items() if value}
    for name, cookie in (client.post("/i18n/setlang/", {"language": "es"}, secure=True), client)[1].cookies.items()
}
found["session"] = settings.SESSION_COOKIE_NAME
json.dump(found, sys.stdout)
"""

HSTS = """
from support import settings
print(settings.SECURE_HSTS_INCLUDE_SUBDOMAINS, settings.SECURE_HSTS_PRELOAD)
"""


def production(data_dir: Path) -> dict[str, str]:
    """Return the environment of a deployment, on a database of its own and without a broker."""
    kept = bare_environment()
    own = {"DATA_DIR": str(data_dir), "DATABASE_URL": "", "REDIS_URL": "", "DJANGO_SETTINGS_MODULE": "support.settings"}
    return kept | PRODUCTION | own | {"PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a site on https answers."""
    ran = subprocess.run(
        [sys.executable, "-c", PROBE],
        env=production(tmp_path_factory.mktemp("public")),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_every_page_tells_browsers_what_to_refuse(public: Any) -> None:
    for path in ("/", "/accounts/login/", "/nowhere/", "/signups/forged/"):
        headers = public[path]["headers"]
        policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'", path
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'", path
        assert "unsafe" not in headers["Content-Security-Policy"], path
        assert "http" not in headers["Content-Security-Policy"], path
        # For this host alone: the operator's others are not ours to answer for.
        assert headers["Strict-Transport-Security"] == "max-age=31536000", path
        assert headers["X-Frame-Options"] == "DENY", path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        # Nothing to other sites; why not "no-referrer" is in docs/architecture.md.
        assert headers["Referrer-Policy"] == "same-origin", path
        assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin", path
        for power in ("camera", "microphone", "payment", "usb"):
            assert f"{power}=()" in headers["Permissions-Policy"], path


def test_https_for_every_name_below_is_for_those_who_ask_for_it(tmp_path: Path) -> None:
    wanted = {"SECURE_HSTS_INCLUDE_SUBDOMAINS": "1", "SECURE_HSTS_PRELOAD": "1"}
    asked = subprocess.run(
        [sys.executable, "-c", HSTS],
        env=production(tmp_path) | wanted, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert asked.stdout == "True True\n"


def test_static_files_are_for_this_site_alone(public: Any) -> None:
    headers = public["static"]["headers"]
    assert public["static"]["status"] == 200
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers


def test_cookies_are_bound_to_this_host_and_to_https(public: Any) -> None:
    cookies = public["/accounts/login/"]["cookies"] | public["language"]
    assert set(cookies) == {"__Host-csrf", "__Host-language"}
    assert public["session"] == "__Host-session"
    for name, cookie in cookies.items():
        assert cookie["secure"], name
        assert cookie["httponly"], name
        assert (cookie["path"], cookie["samesite"], cookie.get("domain")) == ("/", "Lax", None), name


def test_plain_http_leads_to_the_same_page_on_https(public: Any) -> None:
    plain = public["plain"]
    assert (plain["status"], plain["headers"]["Location"]) == (301, "https://meetings.example.org/meetings/?q=x")
    assert plain["cookies"] == {}


def test_another_host_is_no_host_of_ours(public: Any) -> None:
    assert public["elsewhere"]["status"] == 400
    assert public["forwarded"]["status"] == 200


def test_development_pages_are_absent_from_a_public_site(public: Any) -> None:
    assert public["development"] == [404, 404, 404]


# -- forged requests ---------------------------------------------------------------------------------------------------


def exempt(resolver: URLResolver, namespace: str = "") -> set[str]:
    """Return the names of all addresses that take requests without a CSRF token."""
    found = set()
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            found |= exempt(pattern, f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace)
        elif isinstance(pattern, URLPattern) and getattr(pattern.callback, "csrf_exempt", False):
            found.add(f"{namespace}{pattern.name}")
    return found


def test_only_signed_webhooks_take_requests_without_a_token() -> None:
    names = exempt(get_resolver())
    assert names
    assert [name for name in sorted(names) if not SIGNED.fullmatch(name)] == []


@pytest.mark.django_db
def test_no_form_is_taken_without_a_token(addresses: dict[str, str]) -> None:  # noqa: F811  # the fixture
    taken = {}
    for name, address in addresses.items():
        if SIGNED.fullmatch(name):
            continue
        client = Client(enforce_csrf_checks=True)
        status = client.post(address, {"anything": "1"}).status_code
        # 405 takes no form at all; 302 and 404 come from pages that turn away before they read one.
        if status not in (403, 405, 302, 404):
            taken[name] = status
    assert taken == {}


@pytest.mark.django_db
def test_forged_token_signs_nobody_in() -> None:
    client = Client(enforce_csrf_checks=True)
    client.get("/accounts/login/")
    answer = client.post("/accounts/login/", {"login": "someone@example.org", "csrfmiddlewaretoken": "x" * 64})
    assert answer.status_code == 403


# -- signed links ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_a_link_opens_is_kept_nowhere(addresses: dict[str, str]) -> None:  # noqa: F811  # the fixture
    """A page behind a link is one person's own, although nobody signed in to see it."""
    routes = dict(named_patterns(get_resolver()))
    client = Client()
    looked_at = 0
    for name, address in addresses.items():
        # The receipts of providers show nothing to anyone.
        if "<str:token>" not in routes[name] or "webhooks" in address:
            continue
        for each in (address, address.replace(resolve(address).kwargs["token"], "forged-token")):
            held = client.get(each).get("Cache-Control", "")
            assert "no-store" in held, f"{name}: {each}"
            assert "private" in held, f"{name}: {each}"
        looked_at += 1
    assert looked_at >= 8


@pytest.mark.django_db
def test_links_to_hand_on_lead_to_the_public_address(settings: Any) -> None:
    """Whatever name the request came under: these links are copied into messages to others."""
    settings.PUBLIC_BASE_URL = "https://meetings.example.org"
    settings.REQUIRE_SECOND_FACTOR = False
    meeting = make_meeting(slug="evening-light")
    coordinator = make_user()
    Coordinator.objects.create(service_body=meeting.service_body, user=coordinator, since=clock.now())
    invite_facilitator(meeting=meeting, actor=coordinator, now=clock.now())
    client = Client(headers={"host": "localhost"})
    client.force_login(coordinator)
    page = client.get(reverse("meetings:listing", args=["evening-light"])).content.decode()
    assert "https://meetings.example.org/invitations/" in page
    assert "localhost/" not in page


# -- sizes -------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_body_that_is_too_large_is_refused(client: Client) -> None:
    answer = client.post("/accounts/login/", b"login=" + b"x" * 1_200_000, "application/x-www-form-urlencoded")
    assert answer.status_code == 400
    many = client.post(
        "/accounts/login/", "&".join(f"a{number}=1" for number in range(600)), "application/x-www-form-urlencoded"
    )
    assert many.status_code == 400


def test_passwords_are_kept_by_argon2_alone(settings: Any) -> None:
    assert [import_string(name).algorithm for name in settings.PASSWORD_HASHERS] == ["argon2"]
