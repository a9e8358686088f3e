"""The admin tells nobody who anybody is: what staff can ask of it and change, and what is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.db.models import Model
from django.db.models.constants import LOOKUP_SEP
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import AccessRecord, Disclosure, User
from accounts.person import number_of
from meetings.models import Coordinator, Invitation
from meetings.queries import coordination
from support.admin import NarrowModelAdmin
from tests.conftest import NOW
from tests.factories import make_meeting, make_service_body, make_user

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/user/"


def make_staff(**fields: Any) -> User:
    """Make somebody of the staff who may do everything that permissions give, and no more."""
    staff = make_user(is_staff=True, **fields)
    staff.user_permissions.set(Permission.objects.all())
    TOTP.activate(staff, generate_totp_secret())
    return staff


@pytest.fixture
def staff(client: Client) -> User:
    staff = make_staff(display_name="Kim")
    client.force_login(staff)
    return staff


@pytest.fixture
def robin() -> User:
    user = make_user(email="member@example.org", display_name="Robin M", password="a long enough password")
    Coordinator.objects.create(user=user, service_body=make_service_body(), since=NOW)
    Disclosure.objects.create(about_user=user, disclosed_on=NOW, recipient="A", what="B", purpose="C", recorded_at=NOW)
    make_meeting().facilitators.add(user)
    return user


def paths(model: type[Model], *, depth: int) -> Iterator[str]:
    """Yield every column that can be asked for from `model`, its own and those of what hangs on it."""
    for field in model._meta.get_fields():
        yield field.name
        if depth and field.is_relation and field.related_model is not None:
            yield from (f"{field.name}{LOOKUP_SEP}{path}" for path in paths(field.related_model, depth=depth - 1))


#: What lists offer by themselves, in all: flags, kinds and days, and nothing about one person.
OFFERED = {
    "accounts.User": {"is_staff", "is_active"},
    "accounts.VendorAgreement": {"channel"},
    "accounts.Disclosure": set(),
    "accounts.Purge": {"kind"},
    "auth.Group": set(),
    "meetings.Meeting": {
        "is_published", "is_temporarily_closed", "kind", "venue_type", "signup_policy", "next_starts_at",
    },
    "meetings.ServiceBody": {"kind"},
    "meetings.Venue": set(),
    "meetings.Format": {"category"},
    "meetings.Occurrence": {"status", "is_moved", "starts_at"},
    "meetings.Signup": {"status", "created_at"},
    "meetings.Coordinator": set(),
    "reminders.InboundText": {"is_crisis", "word"},
}  # fmt: skip
KINDS = (
    "",
    "__exact",
    "__iexact",
    "__startswith",
    "__contains",
    "__regex",
    "__gt",
    "__lt",
    "__in",
    "__isnull",
    "__range",
)


def test_every_list_that_is_registered_is_narrow() -> None:
    reverse("home")  # support.urls takes back what allauth registers
    assert {model._meta.label for model in admin.site._registry} == OFFERED.keys()
    assert [each for each in admin.site._registry.values() if not isinstance(each, NarrowModelAdmin)] == []


@pytest.mark.parametrize("label", OFFERED)
def test_list_can_be_asked_for_what_it_offers_and_nothing_else(label: str, rf: RequestFactory, staff: User) -> None:
    model, listed = next(each for each in admin.site._registry.items() if each[0]._meta.label == label)
    request = rf.get("/")
    request.user = staff
    tried = set(paths(model, depth=2)) | {"nonsense", "pk"}
    taken = {path for path in tried for kind in KINDS if listed.lookup_allowed(path + kind, "x", request)}
    assert taken == OFFERED[label]
    parts = {f"{path}__{kind}" for path in OFFERED[label] for kind in ("regex", "startswith", "contains")}
    assert not any(listed.lookup_allowed(part, "x", request) for part in parts)


@pytest.mark.parametrize("label", OFFERED)
def test_list_refuses_any_column_in_its_address(label: str, client: Client, staff: User, robin: User) -> None:
    model = next(each for each in admin.site._registry if each._meta.label == label)
    address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    assert client.get(address).status_code == 200
    for path in set(paths(model, depth=0)) - OFFERED[label]:
        assert client.get(address, {path: "1"}).status_code == 400, path


@pytest.mark.parametrize(
    "question",
    [
        {"email": "member@example.org"},
        {"email__iexact": "member@example.org"},
        {"password__startswith": "argon2"},
        {"display_name__startswith": "Rob"},
        {"last_login__isnull": "1"},
        {"participant__signups__occurrence": "1"},
        {"facilitated_meetings": "1"},
        {"contact_points__value_hash": "x"},
        {"_to_field": "email"},
    ],
)
def test_list_of_people_is_no_oracle(client: Client, staff: User, robin: User, question: dict[str, str]) -> None:
    asked = client.get(LIST, question)
    unasked = client.get(LIST).content.decode()
    assert asked.status_code == 400 or "_to_field" in question
    assert "Robin" not in asked.content.decode() + unasked
    assert "member@example.org" not in asked.content.decode() + unasked


@pytest.mark.parametrize("words", ["Robin M", "Rob", "member@example.org", "Guest #1", "Albany", "9" * 40, "²"])
def test_search_finds_nobody_by_who_they_are(client: Client, staff: User, robin: User, words: str) -> None:
    assert number_of(user_id=robin.pk, contact_point_id=0) not in client.get(LIST, {"q": words}).content.decode()
    if words != "member@example.org":
        assert complete(client, words) == []
    assert not AccessRecord.objects.exclude(action="saw_account").exists()


#: Every field of the admin that picks a person.
PICKING = [
    {"app_label": model._meta.app_label, "model_name": str(model._meta.model_name), "field_name": name}
    for model, registered in admin.site._registry.items()
    for name in (*registered.autocomplete_fields, *registered.raw_id_fields, *registered.filter_horizontal)
    if model._meta.label in OFFERED and model._meta.get_field(name).related_model is User
]


@pytest.mark.parametrize("field", PICKING, ids=lambda field: f"{field['model_name']}.{field['field_name']}")
def test_somebody_is_picked_by_their_whole_address_and_can_read_so(
    client: Client, staff: User, robin: User, field: dict[str, str]
) -> None:
    make_user(email="member2@example.org")
    for words in ("member", "member@", "member@example", "ember@example.org", "%@example.org", "nobody@example.org"):
        assert complete(client, words, field) == []
    assert not AccessRecord.objects.exists()
    for words in ("member@example.org", " Member@Example.ORG "):
        assert complete(client, words, field) == [f"#{robin.pk}"]
    assert list(AccessRecord.objects.values_list("about_user", "actor", "action")) == [
        (robin.pk, staff.pk, "saw_account")
    ]
    page = client.get(f"/admin/{field['app_label']}/{field['model_name']}/add/").content.decode()
    assert "A person you look up by address can see that you looked" in page
    assert "@example.org" not in page


def test_fields_that_pick_a_person_are_known() -> None:
    assert sorted(f"{field['model_name']}.{field['field_name']}" for field in PICKING) == [
        "coordinator.user", "disclosure.about_user", "meeting.facilitators",
    ]  # fmt: skip


def test_invitation_link_is_made_where_people_are_given_tasks(client: Client, staff: User, robin: User) -> None:
    assert "send them a link instead" in client.get("/admin/meetings/coordinator/add/").content.decode()
    for name, thing in (
        ("servicebody", robin.coordinations.get().service_body),
        ("meeting", robin.facilitated_meetings.get()),
    ):
        posted = {"action": "invite", "_selected_action": str(thing.pk)}
        page = client.post(f"/admin/meetings/{name}/", posted, follow=True).content.decode()
        invitation = Invitation.objects.latest("pk")
        assert invitation.invited_by == staff
        assert (invitation.meeting or invitation.service_body) == thing
        link = coordination.address_of(invitation)
        assert link in page
        own = Client()
        own.force_login(make_user())
        assert own.get(link.removeprefix(settings.PUBLIC_BASE_URL)).status_code == 200


COORDINATOR = {"app_label": "meetings", "model_name": "coordinator", "field_name": "user"}


def complete(client: Client, term: str, field: dict[str, str] = COORDINATOR) -> list[str]:
    """Return what the admin offers while a person is being picked."""
    found = client.get("/admin/autocomplete/", {"term": term, **field}).json()["results"]
    return [each["text"] for each in found]


def test_search_finds_somebody_by_the_number_that_they_read_out(client: Client, staff: User, robin: User) -> None:
    number = number_of(user_id=robin.pk, contact_point_id=0)
    for words in (number, f"#{robin.pk}", f" {robin.pk} "):
        page = client.get(LIST, {"q": words}).content.decode()
        assert (number in page, "1 person" in page, "Robin" in page) == (True, True, False)
        assert complete(client, words) == [f"#{robin.pk}"]


def test_name_shows_on_the_page_of_one_person_alone_and_that_is_recorded(
    client: Client, staff: User, robin: User
) -> None:
    own = f"{LIST}{robin.pk}/"
    everywhere = [LIST, f"{own}history/", f"{own}delete/", "/admin/", "/staff/messages/", "/staff/texts/"]
    everywhere += [f"/admin/meetings/{name}/" for name in ("coordinator", "meeting", "signup")]
    everywhere += [f"/admin/meetings/coordinator/{robin.coordinations.get().pk}/change/"]
    everywhere += [f"/admin/meetings/meeting/{robin.facilitated_meetings.get().pk}/change/"]
    everywhere += ["/admin/accounts/disclosure/"]
    for address in everywhere:
        page = client.get(address)
        assert (page.status_code, "Robin" in page.content.decode()) == (200, False), address
        assert "@example.org" not in page.content.decode(), address
    assert not AccessRecord.objects.exists()
    assert "Robin M" in client.get(f"{own}change/").content.decode()
    assert list(AccessRecord.objects.values_list("about_user", "action")) == [(robin.pk, "saw_account")]


def test_look_at_what_was_told_about_somebody_is_recorded(client: Client, staff: User, robin: User) -> None:
    assert client.get(f"/admin/accounts/disclosure/{robin.disclosures.get().pk}/change/").status_code == 200
    assert AccessRecord.objects.get().about_user == robin


def posted(user: User, **fields: str) -> dict[str, str]:
    return {"display_name": "Robin M", "tz": "UTC", "language": "en", "is_active": "on", **fields}


def test_log_names_nobody(client: Client, staff: User, robin: User) -> None:
    client.post(f"{LIST}{robin.pk}/change/", posted(robin, display_name="Robin Q"))
    robin.refresh_from_db()
    assert robin.display_name == "Robin Q"
    entry = LogEntry.objects.get()
    assert entry.object_repr == f"#{robin.pk}"
    assert "Robin" not in entry.change_message
    history = client.get(f"{LIST}{robin.pk}/history/").content.decode()
    assert f"#{staff.pk}" in history
    assert staff.email not in history


def test_staff_give_nobody_powers(client: Client, staff: User, robin: User) -> None:
    group = Group.objects.create(name="All")
    permission = Permission.objects.first()
    assert permission is not None
    powers = {"is_superuser": "on", "is_staff": "on", "groups": str(group.pk), "user_permissions": str(permission.pk)}
    for user in (robin, staff):
        before = (user.is_superuser, user.is_staff, set(user.groups.all()), set(user.user_permissions.all()))
        assert client.post(f"{LIST}{user.pk}/change/", posted(user, **powers)).status_code == 302
        user = User.objects.get(pk=user.pk)
        assert (user.is_superuser, user.is_staff, set(user.groups.all()), set(user.user_permissions.all())) == before
    made = {"name": "More", "permissions": str(permission.pk)}
    assert client.post("/admin/auth/group/add/", made).status_code == 403
    assert client.post(f"/admin/auth/group/{group.pk}/change/", made).status_code == 403
    assert client.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"}).status_code == 403
    assert list(Group.objects.values_list("name", flat=True)) == ["All"]


def test_staff_do_not_shut_out_those_who_run_the_site(client: Client, staff: User) -> None:
    owner = make_user(is_superuser=True, is_staff=True)
    assert client.post(f"{LIST}{owner.pk}/change/", posted(owner, is_active="")).status_code == 403
    assert client.post(f"{LIST}{owner.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": str(owner.pk), "post": "yes"}
    client.post(LIST, chosen)
    assert User.objects.get(pk=owner.pk).is_active


def test_those_who_run_the_site_give_powers(client: Client, robin: User) -> None:
    client.force_login(make_staff(is_superuser=True))
    group = Group.objects.create(name="All")
    client.post(f"{LIST}{robin.pk}/change/", posted(robin, is_staff="on", groups=str(group.pk)))
    robin.refresh_from_db()
    assert (robin.is_staff, list(robin.groups.all())) == (True, [group])


def test_somebody_deleted_is_erased_and_leaves_the_log(client: Client, staff: User) -> None:
    users = [make_user(), make_user()]
    client.post(f"{LIST}{users[0].pk}/change/", posted(users[0]))
    assert client.post(f"{LIST}{users[0].pk}/delete/", {"post": "yes"}).status_code == 302
    client.post(LIST, {"action": "delete_selected", "_selected_action": str(users[1].pk), "post": "yes"})
    assert list(User.objects.all()) == [staff]
    assert not LogEntry.objects.exists()
