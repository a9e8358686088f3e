"""Who may look after listings, who may run a meeting, and how they come to it and leave it."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts import links
from accounts.models import User
from meetings.forms.finder import FORMAT_GROUPS
from meetings.models import Coordinator, Format, Invitation, Meeting, OccurrenceChange, ServiceBody, Signup, Venue
from meetings.queries.occurrences import upcoming_dates
from meetings.services import roles, signups
from meetings.services.formats import keep_own_formats
from support import clock
from tests.factories import make_meeting, make_user
from tests.web.test_admin import posted

pytestmark = pytest.mark.django_db


def make_body(name: str, parent: ServiceBody | None = None) -> ServiceBody:
    return ServiceBody.objects.create(name=name, slug=name.lower().replace(" ", "-"), parent=parent)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def region() -> ServiceBody:
    return make_body("River Region")


@pytest.fixture
def area(region: ServiceBody) -> ServiceBody:
    return make_body("River Area", region)


@pytest.fixture
def meeting(area: ServiceBody) -> Meeting:
    return make_meeting(slug="evening-light", name="Evening Light", service_body=area)


@pytest.fixture
def coordinator(region: ServiceBody) -> User:
    user = make_user(display_name="Kim")
    Coordinator.objects.create(service_body=region, user=user, since=clock.now())
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "unused"})
    return user


def link_of(invitation: Invitation) -> str:
    return reverse("meetings:invitation", args=[links.sign("invitation", invitation.public_id)])


# -- who gets in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/my/bodies/", "/my/bodies/river-area/", "/my/listings/evening-light/"])
def test_only_a_coordinator_with_a_second_factor_gets_in(meeting: Meeting, coordinator: User, address: str) -> None:
    assert Client().get(address).status_code == 302
    assert signed_in(make_user()).get(address).status_code == 404
    assert signed_in(coordinator).get(address).status_code == 200
    Authenticator.objects.all().delete()
    assert signed_in(coordinator).get(address).headers["Location"] == reverse("mfa_index")


def test_session_of_a_coordinator_that_is_older_than_the_factor_confirms_it(area: ServiceBody) -> None:
    user = make_user()
    Coordinator.objects.create(service_body=area, user=user, since=clock.now())
    client = signed_in(user)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "unused"})
    way = reverse("mfa_reauthenticate")
    assert client.get("/my/bodies/").headers["Location"] == f"{way}?next=%2Fmy%2Fbodies%2F"
    assert client.post("/my/bodies/river-area/invite/").headers["Location"].startswith(way)
    assert not Invitation.objects.exists()


def without_its_own_address(answer: Any, address: str) -> str:
    """Return a page but for where it leads back to and the token of its form, which is another each time."""
    page: str = answer.content.decode().replace(address, "")
    return re.sub(r'(name="csrfmiddlewaretoken" value=)"\w+"', r"\1", page)


def test_another_body_is_as_absent_as_one_that_does_not_exist(coordinator: User, meeting: Meeting) -> None:
    elsewhere = make_body("Mountain Area")
    make_meeting(slug="far-away", service_body=elsewhere)
    client = signed_in(coordinator)
    for known, unknown in (
        ("/my/bodies/mountain-area/", "/my/bodies/no-such-body/"),
        ("/my/listings/far-away/", "/my/listings/no-such-listing/"),
    ):
        forbidden, absent = client.get(known), client.get(unknown)
        assert (forbidden.status_code, absent.status_code) == (404, 404)
        assert without_its_own_address(forbidden, known) == without_its_own_address(absent, unknown)
        assert client.post(known + "invite/").status_code == 404
    invitation = roles.invite_coordinator(body=elsewhere, actor=make_user(), now=clock.now())
    assert client.post(reverse("meetings:withdraw", args=[invitation.public_id])).status_code == 404
    assert client.post(reverse("meetings:withdraw", args=[uuid.uuid4()])).status_code == 404
    assert Invitation.objects.count() == 1


def test_a_body_above_is_not_reached_from_below(region: ServiceBody, area: ServiceBody) -> None:
    user = make_user()
    Coordinator.objects.create(service_body=area, user=user, since=clock.now())
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "unused"})
    assert signed_in(user).get("/my/bodies/river-area/").status_code == 200
    assert signed_in(user).get("/my/bodies/river-region/").status_code == 404


def test_whoever_looks_after_another_body_is_not_removed_by_their_number(coordinator: User, area: ServiceBody) -> None:
    elsewhere = make_body("Mountain Area")
    row = Coordinator.objects.create(service_body=elsewhere, user=make_user(), since=clock.now())
    assert signed_in(coordinator).post(f"/my/bodies/river-area/remove/{row.pk}/").status_code == 404
    assert Coordinator.objects.filter(pk=row.pk).exists()


def test_bodies_that_are_each_others_parents_are_looked_after_all_the_same(
    coordinator: User, region: ServiceBody, area: ServiceBody
) -> None:
    # A feed may say so; see test_import_command.
    ServiceBody.objects.filter(pk=region.pk).update(parent=area)
    assert signed_in(coordinator).get("/my/bodies/river-area/").status_code == 200


@pytest.mark.parametrize("number", [1, 3])
def test_a_body_takes_few_queries_however_many_meetings(
    coordinator: User, area: ServiceBody, number: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(number):
        make_meeting(service_body=area)
    client = signed_in(coordinator)
    with django_assert_max_num_queries(16):
        assert client.get("/my/bodies/river-area/").status_code == 200


# -- invitations -------------------------------------------------------------------------------------------------------


def test_an_invitation_makes_a_facilitator_once(meeting: Meeting, coordinator: User) -> None:
    client = signed_in(coordinator)
    assert client.post("/my/listings/evening-light/invite/").status_code == 302
    invitation = Invitation.objects.get()
    address = link_of(invitation)
    assert address in client.get("/my/listings/evening-light/").content.decode()

    visitor = Client()
    page = visitor.get(address).content.decode()
    assert "Evening Light" in page
    assert visitor.post(address).headers["Location"] == f"{reverse('account_login')}?next={address}"

    new = make_user()
    own = signed_in(new)
    own.get(address)
    assert not meeting.facilitators.filter(pk=new.pk).exists(), "looking takes nothing"
    assert own.post(address).headers["Location"] == reverse("meetings:facilitate", args=["evening-light"])
    assert own.post(address).status_code == 302, "the same person again is harmless"
    assert own.get(reverse("meetings:facilitate", args=["evening-light"])).status_code == 200

    late = signed_in(make_user())
    assert late.post(address).status_code == 410
    assert meeting.facilitators.count() == 1


@pytest.mark.parametrize(
    ("policy", "sees"), [("drop_in", "see how many asked for a reminder"), ("sign_up", "see who is coming")]
)
def test_an_invitation_promises_what_is_to_be_seen(meeting: Meeting, coordinator: User, policy: str, sees: str) -> None:
    Meeting.objects.update(signup_policy=policy)
    signed_in(coordinator).post("/my/listings/evening-light/invite/")
    assert sees in Client().get(link_of(Invitation.objects.get())).content.decode()


@pytest.mark.parametrize("page", ["move", "cancel"])
def test_who_is_told_of_a_change_is_said_for_reminders_too(meeting: Meeting, page: str, now: dt.datetime) -> None:
    facilitator = make_user()
    meeting.facilitators.add(facilitator)
    [date] = upcoming_dates(meeting, now=now, limit=1)
    address = reverse(f"meetings:occurrence_{page}", args=["evening-light", date.original_date])
    words = signed_in(facilitator).get(address).content.decode()
    assert "Everyone who signed up or asked for a reminder is told once, unless they turned such news off." in words


def test_an_invitation_makes_a_coordinator_who_needs_a_second_factor(coordinator: User, area: ServiceBody) -> None:
    assert signed_in(coordinator).post("/my/bodies/river-area/invite/").status_code == 302
    new = make_user()
    own = signed_in(new)
    assert own.post(link_of(Invitation.objects.get())).headers["Location"] == reverse("meetings:bodies")
    assert own.get(reverse("meetings:bodies")).headers["Location"] == reverse("mfa_index")


def test_an_invitation_that_is_over_gives_nothing(meeting: Meeting, coordinator: User, now: dt.datetime) -> None:
    old = roles.invite_facilitator(meeting=meeting, actor=coordinator, now=clock.now() - dt.timedelta(days=8))
    withdrawn = roles.invite_facilitator(meeting=meeting, actor=coordinator, now=clock.now())
    address = link_of(withdrawn)
    client = signed_in(coordinator)
    for _twice in range(2):
        client.post(reverse("meetings:withdraw", args=[withdrawn.public_id]))
    own = signed_in(make_user())
    assert own.post(link_of(old)).status_code == 410
    moments = [old.expires_at - dt.timedelta(seconds=1), old.expires_at]
    assert [roles.is_over(old, now=moment) for moment in moments] == [False, True]
    assert own.get(address).status_code == 404
    assert own.post(address).status_code == 404
    assert own.get("/invitations/forged/").status_code == 404
    assert not meeting.facilitators.exists()


def test_an_invitation_is_worth_what_its_maker_may_do_today(
    meeting: Meeting, coordinator: User, area: ServiceBody
) -> None:
    kept = roles.invite_facilitator(meeting=meeting, actor=coordinator, now=clock.now())
    kept_for_body = roles.invite_coordinator(body=area, actor=coordinator, now=clock.now())
    by_staff = roles.invite_facilitator(meeting=meeting, actor=make_user(is_staff=True), now=clock.now())
    own = signed_in(coordinator)
    assert ">Accept<" in own.get(link_of(kept)).content.decode()
    roles.remove_coordinator(coordinator=Coordinator.objects.get())
    assert ">Accept<" not in own.get(link_of(kept)).content.decode()
    assert own.post(link_of(kept)).status_code == 410
    assert own.post(link_of(kept_for_body)).status_code == 410
    assert not meeting.facilitators.exists()
    assert not Coordinator.objects.exists()
    assert own.post(link_of(by_staff)).status_code == 302


def test_an_invitation_of_a_closed_account_gives_nothing(meeting: Meeting, coordinator: User) -> None:
    staff = make_user(is_staff=True)
    invitations = [
        roles.invite_facilitator(meeting=meeting, actor=each, now=clock.now()) for each in (coordinator, staff)
    ]
    User.objects.filter(pk__in=[coordinator.pk, staff.pk]).update(is_active=False)
    own = signed_in(make_user())
    assert [own.post(link_of(each)).status_code for each in invitations] == [410, 410]
    assert not meeting.facilitators.exists()


def test_an_invitation_that_was_taken_is_not_withdrawn(meeting: Meeting, coordinator: User) -> None:
    seen_open = roles.invite_facilitator(meeting=meeting, actor=coordinator, now=clock.now())
    roles.accept_invitation(invitation=seen_open, user=make_user(), now=clock.now())
    address = reverse("meetings:withdraw", args=[seen_open.public_id])
    assert signed_in(coordinator).post(address).status_code == 404
    # Nor where it is taken between the look and the click.
    roles.withdraw_invitation(invitation=seen_open)
    assert Invitation.objects.get().accepted_at == clock.now()


def test_removal_takes_effect_at_once(meeting: Meeting, coordinator: User, area: ServiceBody) -> None:
    facilitator = make_user()
    meeting.facilitators.add(facilitator)
    own = signed_in(facilitator)
    running = reverse("meetings:facilitate", args=["evening-light"])
    assert own.get(running).status_code == 200
    assert signed_in(coordinator).post(f"/my/listings/evening-light/remove/{facilitator.pk}/").status_code == 302
    assert own.get(running).status_code == 404
    date = signups.upcoming_dates(meeting, now=clock.now(), limit=1)[0].original_date
    assert own.post(f"{running}{date}/cancel/", {"message": ""}).status_code == 404

    other = make_user()
    row = Coordinator.objects.create(service_body=area, user=other, since=clock.now())
    Authenticator.objects.create(user=other, type=Authenticator.Type.TOTP, data={"secret": "unused"})
    assert signed_in(other).get("/my/bodies/").status_code == 200
    assert signed_in(coordinator).post(f"/my/bodies/river-area/remove/{row.pk}/").status_code == 302
    assert signed_in(other).post("/my/bodies/river-area/invite/").status_code == 404


def test_removal_says_first_what_it_takes(meeting: Meeting, coordinator: User, area: ServiceBody) -> None:
    client = signed_in(coordinator)
    meeting.facilitators.add(coordinator, make_user(display_name="Robin"))
    page = client.get("/my/listings/evening-light/").content.decode()
    assert "you will lose its list of who is coming" in page
    assert "Robin will no longer see who comes" in page
    Coordinator.objects.create(service_body=area, user=coordinator, since=clock.now())
    assert "You will still look after “River Area”" in client.get("/my/bodies/river-area/").content.decode()
    assert "You will lose these pages for “River Region”" in client.get("/my/bodies/river-region/").content.decode()


@pytest.mark.parametrize("address", ["/my/bodies/river-area/", "/my/listings/evening-light/"])
def test_nothing_is_taken_from_anybody_by_one_press(
    meeting: Meeting, coordinator: User, area: ServiceBody, address: str
) -> None:
    meeting.facilitators.add(make_user())
    Coordinator.objects.create(service_body=area, user=make_user(), since=clock.now())
    roles.invite_coordinator(body=area, actor=coordinator, now=clock.now())
    roles.invite_facilitator(meeting=meeting, actor=coordinator, now=clock.now())
    page = signed_in(coordinator).get(address).content.decode()
    asked_first = "".join(re.findall(r"<details.*?</details>", page, re.DOTALL))
    taking = re.compile(r'action="[^"]*/(?:remove|withdraw)/')
    assert len(taking.findall(page)) == len(taking.findall(asked_first)) == 2


# -- listings ----------------------------------------------------------------------------------------------------------


def as_shown(client: Client, slug: str = "evening-light") -> dict[str, Any]:
    form = client.get(f"/my/listings/{slug}/").context["form"]
    found = {name: form[name].value() for name in form.fields}
    found["start_time"] = f"{found['start_time']:%H:%M}"
    return {name: value for name, value in found.items() if value not in (None, False, "")}


def test_every_field_of_a_listing_stands_in_one_group(meeting: Meeting, coordinator: User) -> None:
    form = signed_in(coordinator).get("/my/listings/evening-light/").context["form"]
    grouped = [field.name for _words, fields in form.groups for field in fields]
    assert sorted(grouped) == sorted(form.fields)


def test_formats_are_boxes_to_tick_in_groups_by_the_names_of_the_reader(meeting: Meeting, coordinator: User) -> None:
    keep_own_formats()
    meeting.formats.set(Format.objects.filter(slug="beginners"))
    client = signed_in(coordinator)
    page = client.get("/my/listings/evening-light/", headers={"Accept-Language": "es"})
    form = page.context["form"]
    groups = [words for words, _choices in form.fields["formats"].choices]
    assert groups == [category.label for category in FORMAT_GROUPS]
    assert (form.chosen_formats, '<select name="formats"' in page.content.decode()) == (["Beginners"], False)
    User.objects.filter(pk=coordinator.pk).update(language="es")
    assert client.get("/my/listings/evening-light/").context["form"].chosen_formats == ["Recién llegados"]


def test_saving_a_listing_as_it_is_changes_nothing(meeting: Meeting, coordinator: User) -> None:
    client = signed_in(coordinator)
    before: dict[str, Any] = dict(Meeting.objects.filter(pk=meeting.pk).values().get())
    assert client.post("/my/listings/evening-light/", as_shown(client)).status_code == 302
    after: dict[str, Any] = dict(Meeting.objects.filter(pk=meeting.pk).values().get())
    assert {name for name in before if before[name] != after[name]} <= {"updated_at", "next_starts_at"}


def test_a_changed_time_is_told_to_those_who_signed_up(meeting: Meeting, coordinator: User) -> None:
    signups.create_member_signup(meeting=meeting, user=make_user(), date=None, every=True, now=clock.now())
    client = signed_in(coordinator)
    changed = as_shown(client) | {"name": "Evening Lamp", "start_time": "20:15", "minutes": 75}
    assert client.post("/my/listings/evening-light/", changed).status_code == 302
    meeting.refresh_from_db()
    assert (meeting.name, meeting.start_time, meeting.duration) == (
        "Evening Lamp",
        dt.time(20, 15),
        dt.timedelta(minutes=75),
    )
    assert OccurrenceChange.objects.filter(is_cancellation=False).count() == 4


def test_more_places_go_to_those_who_wait_in_their_order(meeting: Meeting, coordinator: User) -> None:
    Meeting.objects.filter(pk=meeting.pk).update(signup_policy="sign_up", capacity=1)
    meeting.refresh_from_db()
    date = signups.upcoming_dates(meeting, now=clock.now(), limit=1)[0].original_date

    def sign_up() -> None:
        signups.create_member_signup(meeting=meeting, user=make_user(), date=date, every=False, now=clock.now())

    for _ in range(4):
        sign_up()
    client = signed_in(coordinator)
    assert client.post("/my/listings/evening-light/", as_shown(client) | {"capacity": "3"}).status_code == 302
    in_order = Signup.objects.order_by("pk").values_list("status", flat=True)
    assert list(in_order) == ["confirmed", "confirmed", "confirmed", "waitlisted"]
    meeting.refresh_from_db()
    sign_up()
    assert client.post("/my/listings/evening-light/", as_shown(client) | {"capacity": ""}).status_code == 302
    assert list(in_order.all()) == ["confirmed"] * 5


@pytest.mark.parametrize("by", ["coordinator", "admin"])
def test_who_asked_for_a_reminder_is_not_named_when_people_sign_up_later(
    meeting: Meeting, coordinator: User, by: str
) -> None:
    """They were told that nobody at the meeting would know."""

    def ask(name: str, *, every: bool) -> None:
        user = make_user(display_name=name)
        signups.create_member_signup(
            meeting=meeting, user=user, date=None if every else date, every=every, now=clock.now()
        )

    client = signed_in(coordinator)
    date = upcoming_dates(meeting, now=clock.now(), limit=1)[0].original_date
    ask("Robin", every=False)
    ask("Sasha", every=True)
    if by == "coordinator":
        changed = as_shown(client) | {"signup_policy": "sign_up"}
        assert client.post("/my/listings/evening-light/", changed).status_code == 302
    else:
        User.objects.filter(pk=coordinator.pk).update(is_staff=True, is_superuser=True)
        address = reverse("admin:meetings_meeting_change", args=[meeting.pk])
        assert client.post(address, posted(meeting, signup_policy="sign_up")).status_code == 302
    meeting.refresh_from_db()
    meeting.facilitators.add(coordinator)
    with time_machine.travel(clock.now() + dt.timedelta(minutes=1), tick=False):
        ask("Toni", every=False)
        page = client.get(reverse("meetings:occurrence", args=[meeting.slug, date])).content.decode()
    assert ("Toni" in page, "Robin" in page, "Sasha" in page) == (True, False, False)
    assert page.count('<th scope="row">Guest</th>') == 2
    assert "3 coming" in page


def test_a_rule_is_written_in_words(meeting: Meeting, coordinator: User) -> None:
    client = signed_in(coordinator)
    given = as_shown(client)
    for repeats, weekdays, rrule in (
        ("1", [0, 3], "FREQ=WEEKLY;BYDAY=MO,TH"),
        ("2", [5], "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA"),
        ("m-1", [6], "FREQ=MONTHLY;BYDAY=-1SU"),
        ("none", [], ""),
    ):
        chosen = given | {"repeats": repeats, "weekdays": weekdays}
        assert client.post("/my/listings/evening-light/", chosen).status_code == 302
        meeting.refresh_from_db()
        assert meeting.rrule == rrule


def test_a_rule_beyond_the_form_is_kept(coordinator: User, area: ServiceBody) -> None:
    meeting = make_meeting(slug="odd", service_body=area, rrule="FREQ=WEEKLY;INTERVAL=3;BYDAY=TU")
    client = signed_in(coordinator)
    assert client.post("/my/listings/odd/", as_shown(client, "odd") | {"name": "Odd"}).status_code == 302
    meeting.refresh_from_db()
    assert (meeting.name, meeting.rrule) == ("Odd", "FREQ=WEEKLY;INTERVAL=3;BYDAY=TU")


def test_a_rule_that_ends_keeps_its_end(coordinator: User, area: ServiceBody) -> None:
    meeting = make_meeting(slug="autumn", service_body=area, rrule="FREQ=WEEKLY;BYDAY=TU;UNTIL=20261222")
    client = signed_in(coordinator)
    given = as_shown(client, "autumn")
    for repeats, rrule in (
        ("1", "FREQ=WEEKLY;BYDAY=TH;UNTIL=20261222"),
        ("m-1", "FREQ=MONTHLY;BYDAY=-1TH;UNTIL=20261222"),
    ):
        assert client.post("/my/listings/autumn/", given | {"repeats": repeats, "weekdays": [3]}).status_code == 302
        meeting.refresh_from_db()
        assert meeting.rrule == rrule


def test_a_new_address_has_no_pin_and_leaves_others_alone(meeting: Meeting, coordinator: User) -> None:
    Venue.objects.update(country="US", notes="Ring the bell.")
    shared = make_meeting(venue=meeting.venue, service_body=meeting.service_body)
    client = signed_in(coordinator)
    client.post("/my/listings/evening-light/", as_shown(client) | {"street": "1 New Street"})
    meeting.refresh_from_db()
    shared.refresh_from_db()
    assert meeting.venue is not None
    assert (meeting.venue.street, meeting.venue.latitude) == ("1 New Street", None)
    # What the form does not ask about goes along, and what it shows as it was left.
    assert (meeting.venue.country, meeting.venue.notes) == ("US", "Ring the bell.")
    assert shared.venue is not None
    assert shared.venue.street != "1 New Street"


def test_how_a_place_is_found_is_changed_with_its_address(meeting: Meeting, coordinator: User) -> None:
    Venue.objects.update(notes="Ring the bell.\nThen three steps.")
    client = signed_in(coordinator)
    given = as_shown(client)
    assert given["venue_notes"] == "Ring the bell.\nThen three steps."
    # A browser's line ends are no change.
    client.post("/my/listings/evening-light/", given | {"venue_notes": "Ring the bell.\r\nThen three steps."})
    meeting.refresh_from_db()
    assert Venue.objects.get() == meeting.venue
    client.post("/my/listings/evening-light/", given | {"street": "1 New Street", "venue_notes": "Use the ramp."})
    meeting.refresh_from_db()
    assert meeting.venue is not None
    assert (meeting.venue.street, meeting.venue.notes) == ("1 New Street", "Use the ramp.")
    client.post("/my/listings/evening-light/", as_shown(client) | {"venue_notes": ""})
    meeting.refresh_from_db()
    assert meeting.venue is not None
    assert (meeting.venue.street, meeting.venue.notes) == ("1 New Street", "")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "This field is required."),
        ({"weekdays": []}, "Choose a day."),
        ({"repeats": "m2", "weekdays": [1, 2]}, "A monthly meeting is on one day"),
        ({"start_time": ""}, "Enter a start time."),
        ({"start_time": "7 PM"}, "Enter a time like 19:30."),
        ({"venue_type": "online", "conference_url": ""}, "An online meeting needs a link or a number."),
        ({"minutes": "0"}, "5"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    meeting: Meeting, coordinator: User, wrong: dict[str, Any], words: str
) -> None:
    client = signed_in(coordinator)
    answer = client.post("/my/listings/evening-light/", as_shown(client) | {"notes": "typed already"} | wrong)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert "typed already" in page


def test_an_online_meeting_may_have_a_number_alone(meeting: Meeting, coordinator: User) -> None:
    client = signed_in(coordinator)
    given = as_shown(client) | {"venue_type": "online", "conference_url": "", "conference_phone": "+1 212 555 0100"}
    assert client.post("/my/listings/evening-light/", given).status_code == 302
    meeting.refresh_from_db()
    assert (meeting.venue_type, meeting.conference_url, meeting.conference_phone) == ("online", "", "+1 212 555 0100")
