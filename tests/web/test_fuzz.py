"""What no browser would send: every question and every form, filled with whatever Hypothesis thinks of. No 500."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from allauth.mfa import app_settings
from allauth.utils import get_form_class
from django import forms
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.test_crawler import Crawler, is_admin, signed_in, starts  # noqa: F401  # starts is a fixture

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(300)]

#: Half-way sensible, which gets further in than noise does.
NEARLY = [
    "", "0", "-1", "1e309", "NaN", "inf", "9" * 400, "٣", "true", "null", "[]", "{}", "2026-02-30", "0000-00-00",
    "9999-12-31",
    "2026-03-08", "02:30", "24:00", "23:59:60", "7 PM", "America/New_York", "Europe/Atlantis", "../../etc/passwd",
    "Etc/GMT+99", "en", "xx", "es-419", "mon", "today", "in_person", "h24", "a@b", "a@b.example", "ü@ü.example",
    "a" * 300 + "@example.org", "+1 518 555 0100", "12208", "Albany, NY", "San José", "90", "-90.0000001", "180", "km",
    "\x00", "\u202e", "\ufeff", "'", "--", "%00", "<b>", "{{7*7}}", "${x}", "\r\nSet-Cookie: a=b", "🙂" * 50, "ﷺ" * 40,
    "https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)",
]  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(NEARLY), st.text(max_size=60), st.binary(max_size=20).map(lambda raw: raw.decode("latin-1"))
)
#: As bytes, so that what is no UTF-8 comes as well.
RAW = st.one_of(VALUES.map(lambda text: text.encode("utf-8", "surrogatepass")), st.binary(max_size=20))
QUESTIONS = {
    "/": ["near", "q", "lat", "lon"],
    "/meetings/": [
        "q",
        "near",
        "lat",
        "lon",
        "radius",
        "unit",
        "day",
        "from",
        "until",
        "format",
        "venue",
        "kind",
        "sort",
        "page",
    ],
    "/my/meetings/": ["page", "past"],
    "/staff/messages/": ["state", "channel", "kind", "reason", "due", "meeting", "page"],
    "/accounts/login/": ["next"],
}
EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def clients(starts: list[str]) -> dict[str, Client]:  # noqa: F811  # the fixture
    return {role: signed_in(role) for role in ("visitor", "member", "facilitator", "staff")}


@pytest.mark.parametrize("address", QUESTIONS)
@pytest.mark.parametrize("is_htmx", [False, True])
def test_any_question_has_an_answer(clients: dict[str, Client], address: str, is_htmx: bool) -> None:
    names = QUESTIONS[address]
    headers = {"HX-Request": "true"} if is_htmx else {}

    @EXAMPLES
    @given(st.lists(st.tuples(st.sampled_from(names), RAW), max_size=8), st.sampled_from(["visitor", "staff"]))
    def ask(asked: list[tuple[str, bytes]], role: str) -> None:
        query = "&".join(f"{name}={quote_from_bytes(value)}" for name, value in asked)
        response = clients[role].get(f"{address}?{query}", headers=headers)
        assert response.status_code < 500

    ask()


@pytest.mark.parametrize(
    "path",
    [
        "/meetings/{}/",
        "/meetings/{}/calendar.ics",
        "/meetings/{}/sign-up/",
        "/signups/{}/",
        "/signups/confirm/{}/",
        "/signups/{}/calendar.ics",
        "/unsubscribe/{}/",
        "/my/account/messages/{}/",
        "/my/account/data/{}/",
        "/my/meetings/{}/",
        "/my/meetings/evening-light/{}/",
        "/my/meetings/evening-light/{}/move/",
        "/staff/messages/{}/",
        "/{}",
        "/static/{}",
    ],
)
def test_any_address_has_an_answer(clients: dict[str, Client], path: str) -> None:
    @settings(EXAMPLES, max_examples=25)
    @given(RAW, st.sampled_from(["visitor", "facilitator"]))
    def ask(part: bytes, role: str) -> None:
        assert clients[role].get(path.format(quote_from_bytes(part, safe=""))).status_code < 500

    ask()


@pytest.mark.parametrize("role", ["visitor", "member", "facilitator", "coordinator", "staff"])
def test_any_form_takes_anything(starts: list[str], role: str) -> None:  # noqa: F811  # the fixture
    crawler = Crawler(signed_in(role))
    crawler.walk(starts)
    # The admin's widgets are Django's own: see test_crawler.
    forms = [form for form in crawler.forms.values() if not is_admin(form.action)]

    @settings(EXAMPLES, max_examples=150)
    @given(st.data())
    def send(data: st.DataObject) -> None:
        form = data.draw(st.sampled_from(forms))
        fields: dict[str, Any] = dict(form.fields)
        for name in data.draw(st.sets(st.sampled_from(sorted(fields)), min_size=1)) if fields else ():
            # Surrogates cannot be sent; the test client could not even write them down.
            value = data.draw(st.one_of(VALUES, st.lists(VALUES, max_size=3)))
            fields[name] = [_sendable(each) for each in value] if isinstance(value, list) else _sendable(value)
        client = Client()
        client.cookies = type(crawler.client.cookies)(crawler.client.cookies.output(header="", sep=";"))
        with transaction.atomic():
            cache.clear()
            response = client.post(Crawler._path(form.action), fields)
            transaction.set_rollback(True)
        assert response.status_code < 500

    send()


def _sendable(value: str) -> str:
    return value.encode("utf-8", "replace").decode()


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", "", "ü"])
def test_any_kind_of_body_has_an_answer(clients: dict[str, Client], content_type: str) -> None:
    for address in (
        "/accounts/login/",
        "/meetings/evening-light/sign-up/",
        "/webhooks/email/",
        "/webhooks/twilio/inbound/",
    ):
        for body in (b"", b"{", b"\xff\xfe", b"--x\r\n\r\n", b"[" * 5000, b"a=" + b"x" * 2_000_000):
            response = clients["visitor"].generic("POST", address, body, content_type=content_type)
            assert response.status_code < 500


CHARSETS = ["hex", "rot13", "idna", "undefined", "unicode_escape", "raw_unicode_escape", "x-none"]


def form_in(charset: str) -> dict[str, Any]:
    """A form as it is sent with files, of fields that some view reads; for some codecs half a character is in it."""
    body = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\na\\ud800@example.org\r\n' % name
        for name in (b"login", b"language", b"subscription", b"Body")
    )
    return {"data": body + b"--x--\r\n", "content_type": f"multipart/form-data; boundary=x; charset={charset}"}


@pytest.mark.parametrize("charset", CHARSETS)
def test_form_in_another_character_set_is_refused(clients: dict[str, Client], charset: str) -> None:
    for address in ("/accounts/login/", "/i18n/setlang/", "/my/push/on/", "/webhooks/twilio/inbound/"):
        for role in ("visitor", "member"):
            assert clients[role].generic("POST", address, **form_in(charset)).status_code == 400


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "utf8"])
def test_form_in_utf8_may_say_so(clients: dict[str, Client], charset: str) -> None:
    assert clients["visitor"].generic("POST", "/i18n/setlang/", **form_in(charset)).status_code == 302


def test_passkey_of_thousands_of_brackets_is_none(clients: dict[str, Client]) -> None:
    response = clients["visitor"].post("/accounts/2fa/webauthn/login/", {"credential": "[" * 50_000})
    assert (response.status_code, response.headers.get("Location")) == (302, "/accounts/login/")


@pytest.mark.parametrize("name", ["add", "authenticate", "login", "reauthenticate"])
def test_every_form_that_takes_a_passkey_refuses_brackets(name: str) -> None:
    field = get_form_class(app_settings.FORMS, f"{name}_webauthn", forms.Form).base_fields["credential"]
    with pytest.raises(ValidationError):
        field.clean("[" * 50_000)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
def test_any_method_has_an_answer(clients: dict[str, Client], method: str) -> None:
    for address in ("/", "/meetings/", "/meetings/evening-light/", "/my/meetings/", "/accounts/login/", "/healthz"):
        assert clients["member"].generic(method, address).status_code < 500
