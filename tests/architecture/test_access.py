"""Every address, as everyone: the right people get in, what is forbidden looks absent, and looking changes nothing."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts import links
from accounts.models import Consent, ContactPoint, Suppression, User
from meetings.enums import OccurrenceStatus, SignupStatus
from meetings.models import Coordinator, Invitation, Meeting, Occurrence, Signup, StandingSignup
from meetings.reminders import short_links
from meetings.reminders.models import Reminder
from meetings.services.calendar_addresses import renew_calendar_address
from meetings.services.roles import invite_facilitator
from support import clock
from tests.architecture.access_matrix import MATRIX, Row
from tests.conftest import NOW
from tests.factories import make_meeting, make_occurrence, make_participant, make_reminder, make_signup, make_user

pytestmark = pytest.mark.django_db

ROLES = Row._fields
DATE = dt.date(2026, 11, 24)


def named_patterns(resolver: URLResolver, prefix: str = "", namespace: str = "") -> Iterator[tuple[str, str]]:
    """Yield each address's name, with its namespace, and its route; the route again for one without a name."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from named_patterns(pattern, route, inner)
        elif isinstance(pattern, URLPattern):
            yield (namespace + pattern.name if pattern.name else f"/{route}"), f"/{route}"


@pytest.fixture
def addresses() -> dict[str, str]:
    """A real address for each name but the admin's, with objects behind it."""
    meeting = make_meeting(slug="evening-light")
    occurrence = make_occurrence(on=DATE, meeting=meeting)
    cancelled = make_occurrence(on=DATE + dt.timedelta(days=7), meeting=meeting, status=OccurrenceStatus.CANCELLED)
    member = make_user(email="member@example.org")
    participant = make_participant(user=member)
    standing = StandingSignup.objects.create(meeting=meeting, participant=participant, created_at=NOW)
    signup = make_signup(occurrence=occurrence, participant=participant, standing=standing)
    pending = make_signup(occurrence=occurrence, status=SignupStatus.PENDING)
    meeting.facilitators.add(make_user(email="facilitator@example.org"))
    make_user(email="outsider@example.org")
    staff = make_user(email="staff@example.org", is_staff=True, is_superuser=True)
    Authenticator.objects.create(user=staff, type=Authenticator.Type.TOTP, data={"secret": "unused"})
    coordinator = make_user(email="coordinator@example.org")
    Coordinator.objects.create(service_body=meeting.service_body, user=coordinator, since=NOW)
    Authenticator.objects.create(user=coordinator, type=Authenticator.Type.TOTP, data={"secret": "unused"})
    own_link = links.sign("choices", participant.contact_point.public_id)
    guest = make_participant().contact_point.public_id
    data_link = links.sign("data", guest)
    reminder = make_reminder(signup=signup)
    blocked = Suppression.objects.create(channel="email", value_hash="0" * 64, reason="bounced 5.1.1", answer="5.1.1")
    invitation = invite_facilitator(meeting=meeting, actor=staff, now=clock.now())
    slug = {"slug": meeting.slug}
    on_date = {**slug, "date": DATE}
    known: dict[str, dict[str, Any]] = {
        "meetings:detail": slug,
        "meetings:missing_decide": slug,
        "meetings:calendar": slug,
        "meetings:sign_up": slug,
        "meetings:favourite": slug,
        "meetings:my_calendar": {"token": renew_calendar_address(user=member, now=NOW).token},
        "meetings:home_group": slug,
        "meetings:body": {"slug": meeting.service_body.slug},
        "meetings:invite_coordinator": {"slug": meeting.service_body.slug},
        "meetings:remove_coordinator": {"slug": meeting.service_body.slug, "pk": 1},
        "meetings:listing": slug,
        "meetings:invite_facilitator": slug,
        "meetings:remove_facilitator": {**slug, "pk": 1},
        "meetings:withdraw": {"public_id": uuid.UUID(int=1)},
        "meetings:invitation": {"token": links.sign("invitation", invitation.public_id)},
        "meetings:facilitate": slug,
        "meetings:occurrence": on_date,
        "meetings:occurrence_move": on_date,
        "meetings:occurrence_cancel": on_date,
        "meetings:occurrence_restore": {**slug, "date": cancelled.original_date},
        "meetings:new_day": {"token": links.sign("new_day", standing.public_id)},
        "meetings:signup_confirm": {"token": links.sign("confirm", pending.public_id)},
        "meetings:my_signup_cancel": {"public_id": signup.public_id},
        "meetings:my_signup_restore": {"public_id": signup.public_id},
        "meetings:my_standing_end": {"public_id": standing.public_id},
        "reminders:anyway": {"public_id": signup.public_id},
        "reminders:unsubscribe": {"token": links.sign("unsubscribe", participant.contact_point.public_id)},
        "reminders:telnyx_status": {"token": links.sign("receipt", reminder.public_id)},
        "reminders:twilio_status": {"token": links.sign("receipt", reminder.public_id)},
        "reminders:found": {"code": "42.65,-73.76,tue"},
        "reminders:short": {"token": short_links.sign(reminder.pk)},
        "reminders:plan_by_link": {"token": data_link},
        "reminders:plan_preview": slug,
        "reminders:watch_message": {"public_id": reminder.public_id},
        "reminders:watch_replay": {"public_id": reminder.public_id},
        "reminders:watch_abort": {"public_id": reminder.public_id},
        "reminders:watch_signup": {"public_id": signup.public_id},
        "reminders:watch_text_read": {"pk": 1},
        "reminders:watch_block": {"pk": blocked.pk},
        "reminders:watch_lift": {"pk": blocked.pk},
        "reminders:watch_lift_all": {"pk": blocked.pk},
        "reminders:watch_pause": {"channel": "email"},
        "reminders:watch_resume": {"channel": "email"},
        "accounts:messages_by_link": {"token": own_link},
        "accounts:ask_for_data_link": {"token": links.sign("choices", guest)},
        "accounts:data_by_link": {"token": data_link},
        "accounts:keep_by_link": {"token": links.sign("keep", guest)},
        "accounts:phone_choose": {"public_id": uuid.UUID(int=1)},
        "accounts:phone_remove": {"public_id": uuid.UUID(int=1)},
        "accounts:download": {"public_id": uuid.UUID(int=1)},
        "accounts:download_by_link": {"token": data_link, "public_id": uuid.UUID(int=1)},
        "outbox_message": {"name": "no-such-message"},
        "outbox_html": {"name": "no-such-message"},
        "account_reset_password_from_key": {"uidb36": "1", "key": "no-such-key"},
        "mfa_remove_webauthn": {"pk": 1},
        "mfa_edit_webauthn": {"pk": 1},
    }
    for name in ("signup_manage", "signup_cancel", "signup_restore", "signup_calendar"):
        known[f"meetings:{name}"] = {"token": links.sign("manage", signup.public_id)}
    for name in ("anyway_by_link", "times_by_link"):
        known[f"reminders:{name}"] = {"token": links.sign("manage", signup.public_id)}
    return {
        name: name if name.startswith("/") else reverse(name, kwargs=known.get(name))
        for name in public_names()
        if name in MATRIX
    }


def public_names() -> list[str]:
    """Return the names of all addresses but the admin's, which has tests of its own."""
    return [name for name, route in named_patterns(get_resolver()) if not route.startswith("/admin/")]


def client_for(role: str) -> Client:
    client = Client()
    if role != "visitor":
        client.force_login(User.objects.get(email=f"{role}@example.org"))
    return client


def test_every_address_is_in_the_matrix_and_nothing_else_is() -> None:
    names = set(public_names())
    assert names - set(MATRIX) == set(), "decide who may see these, in tests/architecture/access_matrix.py"
    assert set(MATRIX) - names == set(), "these addresses are gone"


@pytest.mark.parametrize("role", ROLES)
def test_each_address_answers_each_role_as_the_matrix_says(addresses: dict[str, str], role: str) -> None:
    client = client_for(role)
    found = {name: client.get(address).status_code for name, address in addresses.items()}
    assert found == {name: getattr(MATRIX[name], role) for name in addresses}


@pytest.mark.parametrize("role", ROLES)
def test_looking_at_any_address_changes_nothing(addresses: dict[str, str], role: str) -> None:
    """Sessions aside, no GET and no HEAD writes a row: mail scanners and link previews follow every link.

    That somebody with powers looked is the one thing that looking writes down.
    """
    client = client_for(role)
    written: list[str] = []
    current = ""

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        is_allowed = "django_session" in sql or "accounts_accessrecord" in sql
        if sql.split(None, 1)[0].upper() in ("INSERT", "UPDATE", "DELETE") and not is_allowed:
            written.append(f"{current}: {sql}")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        for name, address in addresses.items():
            current = name
            client.get(address)
            client.head(address)
    assert written == []


#: Machines send these, and prove by a signature that they may.
SIGNED = re.compile(r"reminders:(unsubscribe|\w+_(webhook|inbound|status))")


def test_every_form_is_limited_by_where_it_comes_from(addresses: dict[str, str], settings: Any) -> None:
    settings.POSTS_PER_MINUTE = 1
    unlimited = set()
    for name, address in addresses.items():
        cache.clear()
        answers = [Client(REMOTE_ADDR="192.0.2.7").post(address).status_code for _ in range(2)]
        if answers[1] != 429:
            unlimited.add(name)
        elsewhere = Client(REMOTE_ADDR="192.0.2.8").post(address)
        assert elsewhere.status_code == answers[0], name
    assert [name for name in unlimited if not SIGNED.fullmatch(name)] == []


def test_visitors_behind_a_trusted_proxy_do_not_share_a_limit(settings: Any) -> None:
    settings.POSTS_PER_MINUTE = 1
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    # What a visitor claims themselves stands before what the proxy adds.
    claims = ["192.0.2.1", "203.0.113.9, 192.0.2.2", "203.0.113.10, 192.0.2.2", "2001:db8::1", "2001:db8::2"]
    answers = [
        Client().post("/i18n/setlang/", {"language": "en"}, headers={"X-Forwarded-For": claim}).status_code
        for claim in claims
    ]
    assert answers == [302, 302, 429, 302, 429]


def test_every_form_of_a_member_is_limited_wherever_they_are(addresses: dict[str, str], settings: Any) -> None:
    settings.POSTS_PER_MINUTE = 2
    client = client_for("member")
    answers = [
        client.post("/i18n/setlang/", {"language": "en"}, REMOTE_ADDR=f"192.0.2.{number}").status_code
        for number in range(3)
    ]
    assert answers == [302, 302, 429]


def _said(response: Any) -> str:
    """Return a page without what its language button needs: a token, and the address that was asked for."""
    return re.sub(r'<input type="hidden" [^>]*>', "", response.content.decode())


def test_a_stranger_cannot_tell_what_is_forbidden_from_what_is_absent(addresses: dict[str, str]) -> None:
    client = client_for("outsider")
    for name in ("meetings:facilitate", "meetings:occurrence", "meetings:occurrence_move"):
        forbidden = client.get(addresses[name])
        absent = client.get(addresses[name].replace("evening-light", "no-such-meeting"))
        assert (forbidden.status_code, _said(forbidden)) == (absent.status_code, _said(absent))


def test_a_form_sent_with_somebody_elses_ids_is_answered_as_for_ids_that_nobody_has(addresses: dict[str, str]) -> None:
    client = client_for("outsider")
    signup, standing = Signup.objects.exclude(standing=None).get(), StandingSignup.objects.get()
    for name in (
        "meetings:occurrence_move", "meetings:occurrence_cancel", "meetings:my_signup_cancel",
        "meetings:my_standing_end", "reminders:anyway",
    ):  # fmt: skip
        theirs = addresses[name]
        nobodys = theirs.replace("evening-light", "no-such-meeting")
        for public_id in (signup.public_id, standing.public_id):
            nobodys = nobodys.replace(str(public_id), str(uuid.UUID(int=1)))
        assert nobodys != theirs
        forbidden, absent = client.post(theirs), client.post(nobodys)
        assert (forbidden.status_code, _said(forbidden)) == (404, _said(absent)), name
        assert absent.status_code == 404


@pytest.mark.parametrize("role", ["visitor", "member", "outsider", "facilitator"])
def test_admin_is_for_staff_alone(addresses: dict[str, str], role: str) -> None:
    client = client_for(role)
    for name, route in named_patterns(get_resolver()):
        has_arguments = "<" in route
        if name.startswith("admin:") and not has_arguments and name != "admin:login":
            assert client.get(reverse(name)).status_code in (302, 403, 404), name


def test_staff_without_a_second_factor_is_sent_to_add_one(addresses: dict[str, str]) -> None:
    client = client_for("staff")
    assert client.get(reverse("admin:index")).status_code == 200
    Authenticator.objects.all().delete()
    answer = client.get(reverse("admin:index"))
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("mfa_index"))


def test_an_address_that_goes_with_a_button_shows_a_page_to_who_opens_it(addresses: dict[str, str]) -> None:
    client = client_for("member")
    buttons = [name for name in addresses if MATRIX[name].member == 405]
    answers = {name: client.get(addresses[name], headers={"accept": "text/html"}) for name in buttons}
    assert len(answers) > 10
    for name, answer in answers.items():
        assert answer.status_code == 405, name
        assert "POST" in answer["Allow"], name
        assert "<h1>This address goes with a button</h1>" in answer.content.decode(), name
    # A provider's machine is told by the status alone.
    assert client.get(addresses["reminders:twilio_inbound"]).content == b""


def test_a_page_of_ones_own_is_kept_out_of_every_cache(addresses: dict[str, str]) -> None:
    client = client_for("member")
    for name, address in addresses.items():
        answer = client.get(address)
        if answer.status_code == 200:
            assert "no-store" in answer.headers["Cache-Control"], name
    assert settings.SESSION_COOKIE_HTTPONLY


@pytest.mark.parametrize("role", ["visitor", "outsider"])
def test_sending_anything_with_somebody_elses_ids_changes_nothing_of_theirs(
    addresses: dict[str, str], role: str
) -> None:
    """Links that are keys themselves are left out: whoever holds one may."""
    client = client_for(role)
    theirs = (Signup, StandingSignup, Occurrence, Meeting, Coordinator, Invitation, Reminder, Consent, ContactPoint)
    before = [list(model._default_manager.order_by("pk").values()) for model in theirs]
    refused = {}
    for name, address in addresses.items():
        if "~" not in address:
            refused[name] = client.post(address, {"message": "", "reason": "because", "keep": "1"}).status_code
    assert [list(model._default_manager.order_by("pk").values()) for model in theirs] == before
    private = [name for name, row in MATRIX.items() if row.outsider == 404 and name.startswith("meetings:")]
    # 405 for pages that nobody may send anything to.
    assert {refused[name] for name in private if name in refused} <= {302 if role == "visitor" else 404, 405}
