from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from django import forms
from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import resolve, reverse
from django.utils import translation
from pytest_django import DjangoAssertNumQueries, Settings

from support import pages
from tests.factories import make_user

PUBLIC_PAGES = ["/crisis/", "/about/", "/privacy/", "/accounts/login/", "/styleguide/"]
ERROR_PAGES = [
    (pages.bad_request, 400),
    (pages.permission_denied, 403),
    (pages.csrf_failure, 403),
    (pages.page_not_found, 404),
    (pages.too_many_requests, 429),
    (pages.server_error, 500),
]

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(at_this_machine: Client) -> Client:
    return at_this_machine


class Loads(HTMLParser):
    """Collects what a browser would fetch or run for a page, and the addresses it links to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.inline: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        is_data = given.get("type") == "application/json"  # a block of data, which no browser runs
        if tag == "style" or "style" in given or (tag == "script" and "src" not in given and not is_data):
            self.inline.append(tag)
        self.inline += [name for name in given if name.startswith(("on", "hx-on"))]
        if tag in {"script", "img", "iframe", "source", "use"} and "src" in given:
            self.fetched.append(given["src"])
        if tag == "link" and not given["href"].startswith("data:"):
            self.fetched.append(given["href"])
        if tag == "form":
            self.fetched.append(given.get("action", "/"))


@pytest.mark.parametrize("path", PUBLIC_PAGES)
def test_public_page_has_crisis_line_way_out_and_one_heading(client: Client, path: str) -> None:
    html = client.get(path).content.decode()
    assert 'href="tel:988"' in html
    assert f'href="{settings.QUICK_EXIT_URL}"' in html
    assert "not affiliated with NA World Services" in html
    assert html.count("<h1") == 1


@pytest.mark.parametrize("path", PUBLIC_PAGES)
def test_public_page_fetches_nothing_from_elsewhere_and_holds_nothing_inline(client: Client, path: str) -> None:
    loads = Loads(client.get(path).content.decode())
    assert [address for address in loads.fetched if not address.startswith("/") or address.startswith("//")] == []
    assert loads.inline == []


def test_static_files_of_the_page_exist(client: Client) -> None:
    loads = Loads(client.get("/crisis/").content.decode())
    own = [address.removeprefix("/static/") for address in loads.fetched if address.startswith("/static/")]
    assert len(own) >= 7
    assert [path for path in own if finders.find(path) is None] == []


def test_style_sheets_fetch_nothing_from_elsewhere() -> None:
    for name in ("site", "styleguide"):
        path = finders.find(f"css/{name}.css")
        assert isinstance(path, str)
        with open(path) as file:
            css = file.read()
        assert re.findall(r"@import|https?:|url\(\s*[\"']?//", css) == []


def test_headers_allow_nothing_inline_and_tell_no_other_site_where_one_was(client: Client) -> None:
    headers = client.get("/crisis/").headers
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "http" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"


def test_style_guide_is_absent_outside_development(client: Client, settings: Settings) -> None:
    settings.DEVELOPMENT = False
    assert client.get("/styleguide/").status_code == 404


@pytest.mark.parametrize(("view", "status"), ERROR_PAGES)
def test_error_page_stands_alone_and_offers_help(
    rf: RequestFactory, view: Callable[[HttpRequest], HttpResponse], status: int
) -> None:
    response = view(rf.get("/"))
    html = response.content.decode()
    assert response.status_code == status
    assert 'href="tel:988"' in html
    assert f'href="{settings.QUICK_EXIT_URL}"' in html
    assert 'href="/meetings/"' in html
    assert html.count("<h1>") == 1


def test_error_page_needs_no_request_and_no_database(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert pages.server_error(HttpRequest()).status_code == 500


def test_error_pages_keep_the_ways_of_whoever_is_signed_in_and_the_other_language() -> None:
    member, visitor = Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)
    member.force_login(make_user())
    for browser, own in ((member, "/my/account/"), (visitor, "/accounts/login/")):
        browser.cookies.pop("csrftoken", None)
        page = browser.get("/no-such-page/?a=1&b=2").content.decode()
        for address in ("/meetings/", "/my/meetings/", own):
            assert f'class="bar__link" href="{address}"' in page
            assert resolve(address)
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        assert fields["next"] == "/no-such-page/?a=1&amp;b=2"
        response = browser.post("/i18n/setlang/", {**fields, "next": "/no-such-page/", "language": "es"})
        assert response["Location"] == "/no-such-page/"
        assert '<html lang="es"' in browser.get("/no-such-page/").content.decode()


def test_page_of_something_broken_leads_on_without_asking_who_reads_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(request: HttpRequest) -> str:
        raise RuntimeError

    client.force_login(make_user())
    client.raise_request_exception = False
    monkeypatch.setattr("support.context.reader_zone", broken)
    response = client.get("/about/")
    assert response.status_code == 500
    page = response.content.decode()
    for address in ("/meetings/", "/my/meetings/", "/my/account/"):
        assert f'class="bar__link" href="{address}"' in page
    assert 'action="/i18n/setlang/"' in page


def test_unknown_address_shows_the_site_s_own_page(client: Client) -> None:
    response = client.get("/no-such-page/")
    assert response.status_code == 404
    assert "We can’t find that page" in response.content.decode()


def test_form_without_its_token_says_what_to_do() -> None:
    response = Client(enforce_csrf_checks=True).post("/i18n/setlang/", {"language": "es"})
    assert response.status_code == 403
    assert "That form has expired" in response.content.decode()


def test_language_button_changes_the_language_and_returns_to_the_page(client: Client) -> None:
    response = client.post("/i18n/setlang/", {"language": "es", "next": "/crisis/"})
    assert (response.status_code, response.headers["Location"]) == (302, "/crisis/")
    assert '<html lang="es" dir="ltr">' in client.get("/crisis/").content.decode()


def test_language_button_leads_to_no_other_site(client: Client) -> None:
    response = client.post("/i18n/setlang/", {"language": "es", "next": "https://example.com/"})
    assert response.headers["Location"] == "/"


def test_icon_is_where_browsers_look_for_it(client: Client) -> None:
    where = client.get("/favicon.ico").headers["Location"]
    assert where.endswith("img/icon-32.png")
    assert finders.find(where.removeprefix(settings.STATIC_URL)) is not None


def test_robots_keep_out_of_what_is_one_person_s_own(client: Client) -> None:
    lines = client.get("/robots.txt").content.decode().splitlines()
    assert {"Disallow: /my/", "Disallow: /signups/", "Disallow: /accounts/"} <= set(lines)
    # Each question has a page for paper too, eight times as long as its results.
    assert f"Disallow: {reverse('meetings:print')}" in lines


@pytest.mark.parametrize(
    ("cookies", "language", "expected"),
    [
        ({}, "en", "h12"),
        ({}, "es", "h12"),
        ({"clock": "h24"}, "en", "h24"),
        ({"clock": "h24"}, "es", "h24"),
        ({"clock": "<script>"}, "en", "h12"),
    ],
)
def test_visitor_s_clock_comes_from_the_browser_else_the_language(
    client: Client, cookies: dict[str, str], language: str, expected: str
) -> None:
    client.cookies.load({**cookies, settings.LANGUAGE_COOKIE_NAME: language})
    assert client.get("/about/").context["hour_cycle"] == expected


def test_visitor_s_zone_comes_from_the_browser_where_it_is_one(client: Client) -> None:
    client.cookies.load({"tz": "Asia/Kolkata"})
    assert client.get("/about/").context["reader_tz"] == "Asia/Kolkata"
    client.cookies.load({"tz": "../../etc/passwd"})
    assert client.get("/about/").context["reader_tz"] == settings.DEFAULT_TIME_ZONE


def test_member_sees_the_account_s_own_clock_and_a_button_to_sign_out(client: Client) -> None:
    client.force_login(make_user(hour_cycle="h24", tz="Europe/London"))
    client.cookies.load({"clock": "h12", "tz": "Asia/Kolkata"})
    response = client.get("/about/")
    assert (response.context["hour_cycle"], response.context["reader_tz"]) == ("h24", "Europe/London")
    assert 'action="/accounts/logout/"' in response.content.decode()


class Specimen(forms.Form):
    email = forms.EmailField(label="Email", help_text="Once")
    which = forms.ChoiceField(label="Which", choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    note = forms.CharField(label="Note", required=False)
    agree = forms.BooleanField(label="Agree")


def test_field_says_its_hint_and_error_to_those_who_listen() -> None:
    html = Specimen({"email": "x@"})["email"].as_field_group()
    assert 'aria-describedby="id_email_helptext id_email_error"' in html
    assert 'id="id_email_helptext"' in html
    assert 'id="id_email_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'value="x@"' in html


def test_field_group_of_choices_is_a_fieldset_with_a_legend() -> None:
    html = Specimen({})["which"].as_field_group()
    assert '<legend class="field__label">Which</legend>' in html
    assert 'aria-describedby="id_which_error"' in html


def test_only_optional_fields_say_so() -> None:
    form = Specimen()
    assert "(optional)" in form["note"].as_field_group()
    assert "(optional)" not in form["email"].as_field_group()
    assert "(optional)" not in form["agree"].as_field_group()


def test_error_summary_leads_to_each_field() -> None:
    form = Specimen({})
    form.add_error(None, "Both at once will not do.")
    html = render_to_string("components/error_summary.html", {"form": form})
    assert re.findall(r'href="(#[^"]+)"', html) == ["#id_email", "#id_which_0", "#id_agree"]
    assert "Both at once will not do." in html
    assert 'role="alert"' in html


def test_error_summary_is_absent_where_nothing_is_wrong() -> None:
    assert render_to_string("components/error_summary.html", {"form": Specimen()}).strip() == ""


def test_form_escapes_what_was_typed() -> None:
    form = Specimen({"email": '"><script>alert(1)</script>'})
    html = render_to_string("components/form.html", {"form": form, "submit": "Save"})
    assert "<script>" not in html


def test_pages_turn_round_in_a_language_written_from_the_right(rf: RequestFactory) -> None:
    with translation.override("ar"):
        assert 'dir="rtl"' in pages.page_not_found(rf.get("/")).content.decode()
