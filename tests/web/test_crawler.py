"""Somebody who follows every link and sends every form, as each role: nothing breaks, and looking changes nothing."""

from __future__ import annotations

import hashlib
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal import auth as totp
from django.apps import apps
from django.core.cache import cache
from django.core.management import call_command
from django.db import transaction
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import Resolver404, resolve

from accounts import links
from accounts.models import User
from meetings.models import Coordinator, Meeting
from meetings.services import signups
from meetings.services.roles import invite_facilitator
from support import clock
from tests.factories import make_user

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(300)]

ROLES = ("visitor", "member", "facilitator", "coordinator", "staff")
#: Of addresses that differ only in what they name, or in what they ask for, so many are looked at.
SAMPLES, ASKED = 4, 2
#: Written by looking: who is signed in, and who looked (that is what an audit is for).
WRITTEN_BY_LOOKING = {"sessions.Session", "usersessions.UserSession", "accounts.AccessRecord", "admin.LogEntry"}
PERSONAL = ("member@example.org", "facilitator@example.org", "staff@example.org", "guest@example.org", "Robin M")
ELSEWHERE = "https://elsewhere.example/"
#: What people, and machines, send that nobody expected.
HOSTILE = "x\u202e'\"><script>alert(1)</script>\u0000{{7*7}}%00\r\nBcc: a@b.example " + "ü" * 3000


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    submits: list[tuple[str, str]] = field(default_factory=list)

    @property
    def shape(self) -> tuple[str, tuple[str, ...]]:
        return route_of(self.action), tuple(sorted(self.fields))


class Page(HTMLParser):
    """What a page links to, and the forms on it as a browser would send them untouched."""

    def __init__(self, address: str, html: str) -> None:
        super().__init__()
        self.address, self.title, self.links, self.forms = address, "", list[str](), list[Form]()
        self.fetched: list[str] = []
        self._form: Form | None = None
        self._select, self._in_title, self._textarea = "", False, ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.links.append(urljoin(self.address, given["href"]))
        elif tag == "title":
            self._in_title = True
        elif tag in ("script", "img", "iframe", "source", "video", "audio") and "src" in given:
            self.fetched.append(given["src"])
        elif tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload", "manifest"):
            # An icon within the page is fetched from nowhere.
            self.fetched += [given["href"]] if not given["href"].startswith("data:image/") else []
        elif tag == "form":
            action = urljoin(self.address, given.get("action") or self.address)
            self._form = Form(action, given.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None:
            self._control(tag, given)

    def _control(self, tag: str, given: dict[str, str]) -> None:
        assert self._form is not None
        fields, name = self._form.fields, given.get("name", "")
        kind = given.get("type", "text")
        if tag == "button" or (tag == "input" and kind == "submit"):
            if name:
                self._form.submits.append((name, given.get("value", "")))
        elif tag == "input" and name:
            if kind in ("checkbox", "radio"):
                if "checked" in given:
                    fields[name] = given.get("value", "on")
                # The admin's own list of what was ticked is Django's, and breaks on an id that is none.
                elif name != "_selected_action":
                    fields.setdefault(name, "")
            else:
                fields[name] = given.get("value", "")
        elif tag == "select" and name:
            self._select = name
            fields.setdefault(name, "")
        elif tag == "option" and self._select and ("selected" in given or not fields[self._select]):
            fields[self._select] = given.get("value", "")
        elif tag == "textarea" and name:
            self._textarea = name
            fields[name] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        self._select = "" if tag == "select" else self._select
        self._textarea = "" if tag == "textarea" else self._textarea
        self._in_title = self._in_title and tag != "title"

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif self._textarea and self._form is not None:
            self._form.fields[self._textarea] += data


def route_of(address: str) -> str:
    try:
        return resolve(urlsplit(address).path).route
    except Resolver404:
        return ""


def digest() -> dict[str, str]:
    """Return a fingerprint of each table."""
    found = {}
    for model in apps.get_models():
        if model._meta.label in WRITTEN_BY_LOOKING or model._meta.proxy:
            continue
        rows = repr(list(model._default_manager.order_by("pk").values_list())).encode()
        found[model._meta.label] = hashlib.sha256(rows).hexdigest()
    return found


def is_ours(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in ("", "http") and parts.netloc in ("", "testserver")


def is_admin(address: str) -> bool:
    return urlsplit(address).path.startswith("/admin/")


class Crawler:
    """One role's walk. `figures` counts what was done."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.figures: Counter[str] = Counter()
        self.forms: dict[tuple[str, tuple[str, ...]], Form] = {}
        self.wrong: list[str] = []
        self._seen: Counter[str] = Counter()

    def walk(self, starts: list[str]) -> None:
        waiting = deque((start, "") for start in starts)
        seen = set(starts)
        while waiting:
            address, origin = waiting.popleft()
            for link in self._look(address, origin):
                if link not in seen and self._is_worth(link):
                    seen.add(link)
                    waiting.append((link, address))

    def _is_worth(self, link: str) -> bool:
        parts = urlsplit(link)
        # The admin is Django's own, and slow: a few of each page, whatever they are filtered by.
        asked = "" if is_admin(link) else ",".join(sorted(name for name, _value in parse_qsl(parts.query)))
        key = f"{route_of(link)}?{asked}"
        self._seen[key] += 1
        return self._seen[key] <= (ASKED if asked or is_admin(link) else SAMPLES)

    def _look(self, address: str, origin: str) -> Iterator[str]:
        response = self.client.get(address)
        self.figures["addresses"] += 1
        place = f"{address} (from {origin or 'the start'})"
        if response.status_code >= 500 or (response.status_code in (400, 404, 405) and origin):
            self.wrong.append(f"{response.status_code} {place}")
        if "_auth_user_id" in self.client.session and not address.startswith(("/static/", "http://testserver/static/")):
            held = response.get("Cache-Control", "")
            if "private" not in held or "no-store" not in held:
                self.wrong.append(f"may be kept in a cache: {place}")
        yield from self._where_to(response, address, place)
        if not response.get("Content-Type", "").startswith("text/html") or response.streaming:
            return
        page = Page(address, response.content.decode())
        if any(words in page.title for words in PERSONAL):
            self.wrong.append(f"says who is there in its title: {place}")
        self.wrong += [f"{link} is fetched by {place}" for link in page.fetched if not is_ours(link)]
        for form in page.forms:
            if not is_ours(form.action):
                self.wrong.append(f"a form goes to {form.action}: {place}")
            elif form.method == "get":
                yield self._path(f"{form.action.partition('?')[0]}?{urlencode(form.fields)}")
            else:
                self.forms.setdefault(form.shape, form)
        yield from (self._path(link) for link in page.links if is_ours(link))

    def _where_to(self, response: HttpResponseBase, address: str, place: str) -> Iterator[str]:
        target = response.get("Location", "")
        if target and not is_ours(urljoin(address, target)):
            self.wrong.append(f"leads away, to {target}: {place}")
        elif target:
            yield self._path(urljoin(address, target))

    @staticmethod
    def _path(link: str) -> str:
        parts = urlsplit(link)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def send_all(self) -> None:
        """Send each form as it stands, empty, and full of what nobody expects. What it did is undone each time."""
        for form in list(self.forms.values()):
            buttons = form.submits or [("", "")]
            for name, value in buttons:
                self._send(form, form.fields | ({name: value} if name else {}))
            self._send(form, dict.fromkeys(form.fields, ""))
            if not is_admin(form.action):
                # The admin's widgets break on an id that is none, which no browser sends them and only staff could.
                self._send(form, dict.fromkeys(form.fields, HOSTILE))
            self._send(form, form.fields | {"next": ELSEWHERE, "REDIRECT_FIELD_NAME": ELSEWHERE})

    def _send(self, form: Form, fields: dict[str, str]) -> None:
        client = Client()
        client.cookies = type(self.client.cookies)(self.client.cookies.output(header="", sep=";"))
        with transaction.atomic():
            cache.clear()
            response = client.post(self._path(form.action), fields)
            transaction.set_rollback(True)
        self.figures["forms sent"] += 1
        if response.status_code >= 500:
            self.wrong.append(f"{response.status_code} on POST {form.action}")
        target = urljoin(form.action, response.get("Location", ""))
        if not is_ours(target):
            self.wrong.append(f"POST {form.action} leads away, to {target}")


@pytest.fixture
def starts() -> list[str]:
    """A site with the demo's listings and people, a guest and their links, and something in every place."""
    call_command("load_demo", verbosity=0)
    now = clock.now()
    member = User.objects.get(email="member@example.org")
    staff = User.objects.get(email="staff@example.org")
    totp.TOTP.activate(staff, totp.generate_totp_secret())
    found = Meeting.objects.filter(facilitators__isnull=False).order_by("pk")
    coordinator = make_user(email="coordinator@example.org")
    Coordinator.objects.create(service_body=found[0].service_body, user=coordinator, since=now)
    totp.TOTP.activate(coordinator, totp.generate_totp_secret())
    invitation = invite_facilitator(meeting=found[0], actor=coordinator, now=now)
    for meeting in found:
        signups.create_member_signup(meeting=meeting, user=member, date=None, every=True, now=now)
    asked = signups.request_guest_signup(
        meeting=found[0],
        date=None,
        every=True,
        email="guest@example.org",
        tz="UTC",
        language="en",
        hour_cycle="h12",
        now=now,
    )
    confirm = links.sign("confirm", asked[0].public_id)
    signups.confirm_signups(signup=asked[0], now=now)
    manage = links.sign("manage", asked[0].public_id)
    point = asked[0].participant.contact_point.public_id
    return [
        "/",
        f"/signups/confirm/{confirm}/",
        f"/signups/{manage}/",
        f"/invitations/{links.sign('invitation', invitation.public_id)}/",
        f"/unsubscribe/{links.sign('unsubscribe', point)}/",
        f"/my/account/messages/{links.sign('choices', point)}/",
        f"/my/account/data/{links.sign('data', point)}/",
        f"/my/account/keep/{links.sign('keep', point)}/",
    ]


def signed_in(role: str) -> Client:
    client = Client()
    if role != "visitor":
        user = User.objects.get(email=f"{role}@example.org")
        client.force_login(user)
        # As the first code does, for somebody that a command made.
        EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"primary": True, "verified": True})
        session = client.session
        # Lately, beside the second factor that some have shown.
        shown = session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [*shown, {"method": "code", "at": time.time()}]
        session.save()
    return client


@pytest.mark.parametrize("role", ROLES)
def test_every_link_and_every_form(starts: list[str], role: str, record_property: Any) -> None:
    crawler = Crawler(signed_in(role))
    before = digest()
    crawler.walk(starts)
    changed = [label for label, state in digest().items() if state != before[label]]
    crawler.send_all()
    print(f"crawler, as {role}: {dict(crawler.figures)}, {len(crawler.forms)} forms, {len(crawler.wrong)} wrong")  # noqa: T201  # the figures, with -s
    assert changed == []
    assert crawler.wrong == []
    assert crawler.figures["addresses"] > 40
