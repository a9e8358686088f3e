"""A yes and a no for each purpose: recorded, never rewritten, as easy to take back as to give."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client, RequestFactory

from accounts import links
from accounts.enums import Lead
from accounts.models import Consent, ContactPoint, Preferences, User
from accounts.person import of_member
from accounts.queries import is_given, preferences_for, preferences_of, wanted_purposes
from accounts.services.consents import choose
from accounts.services.contact_points import member_email
from meetings.reminders.services.plan import plan_reminders
from support import clock, wording
from tests.factories import make_meeting, make_occurrence, make_participant, make_signup
from tests.factories.accounts import make_contact_point, make_user

pytestmark = pytest.mark.django_db

ALL = ["reminders", "changes"]


def choices(wanted: list[str] = ALL, **fields: Any) -> dict[str, Any]:
    """Return what a browser posts from the page as it stands, with `fields` chosen anew."""
    return {
        "wanted": wanted,
        "booked_leads": ["3d", "1d@18:00"],
        "drop_in_leads": ["2h"],
        "online_leads": ["3d", "1d@18:00", "2h"],
        "quiet_from": "21:00",
        "quiet_until": "08:00",
        "wording": "discreet",
        "paused_until": "",
        **fields,
    }


def words(point: ContactPoint) -> list[tuple[str, bool, str]]:
    return list(Consent.objects.filter(contact_point=point).values_list("purpose", "is_given", "source"))


def change_address(user: User, old: str, new: str) -> None:
    """Announce what allauth announces once somebody has proven another address."""
    request = RequestFactory().get("/")
    request.session = SessionStore()
    email_changed.send(
        sender=EmailAddress,
        request=request,
        user=user,
        from_email_address=EmailAddress(user=user, email=old),
        to_email_address=EmailAddress(user=user, email=new),
    )


def test_only_what_changed_is_recorded_and_nothing_is_rewritten(now: dt.datetime) -> None:
    point = make_contact_point()
    choose(contact_point=point, wanted=["reminders"], wording="w1", source="test", now=now)
    assert words(point) == [("reminders", True, "test"), ("changes", False, "test")]
    assert choose(contact_point=point, wanted=["reminders"], wording="w1", source="test", now=now) == []
    choose(contact_point=point, wanted=[], wording="w1", source="later", now=now + dt.timedelta(days=1))
    assert words(point)[0] == ("reminders", True, "test")
    assert words(point)[-1] == ("reminders", False, "later")
    assert not is_given(point, "reminders")


def test_member_takes_back_and_gives_again(client: Client, now: dt.datetime) -> None:
    user = make_user(email="ana@example.org")
    point = member_email(user=user, now=now)
    client.force_login(user)
    assert client.get("/my/account/messages/").context["form"]["wanted"].value() == ALL
    assert client.post("/my/account/messages/", choices(["changes"])).status_code == 302
    assert wanted_purposes(point) == ["changes"]
    assert client.get("/my/account/messages/").context["form"]["wanted"].value() == ["changes"]
    client.post("/my/account/messages/", choices(ALL))
    assert wanted_purposes(point) == ALL


def test_looking_records_nothing(client: Client) -> None:
    client.force_login(make_user())
    client.get("/my/account/messages/")
    assert not ContactPoint.objects.exists()
    assert not Consent.objects.exists()


def test_guest_has_the_same_from_their_link(client: Client) -> None:
    point = make_contact_point()
    url = f"/my/account/messages/{links.sign('data', point.public_id)}/"
    response = client.get(url)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    assert point.value not in response.content.decode()
    client.post(url, choices(["reminders"], wording="detailed", quiet_from="22:30"))
    assert wanted_purposes(point) == ["reminders"]
    kept = preferences_of(point)
    assert (kept.wording, kept.quiet_from) == ("detailed", dt.time(22, 30))


def test_link_to_a_members_address_leaves_how_and_when_to_the_member(client: Client) -> None:
    point = make_contact_point(user=make_user())
    url = f"/my/account/messages/{links.sign('choices', point.public_id)}/"
    assert "wording" not in client.get(url).content.decode()
    client.post(url, choices(["reminders"], wording="detailed"))
    assert wanted_purposes(point) == ["reminders"]
    assert not Preferences.objects.exists()


def test_member_chooses_how_and_when(client: Client) -> None:
    user = make_user(tz="America/New_York")
    client.force_login(user)
    tomorrow = clock.to_wall(clock.now(), user.tz).date() + dt.timedelta(days=1)
    answer = client.post(
        "/my/account/messages/",
        choices(booked_leads=["7d"], drop_in_leads=[], ignores_quiet="on", paused_until=tomorrow.isoformat()),
        follow=True,
    )
    assert "Saved." in answer.content.decode()
    kept = preferences_for(of_member(user))
    assert (kept.booked_leads, kept.drop_in_leads, kept.ignores_quiet) == (["7d"], [], True)
    assert kept.paused_until == tomorrow
    form = answer.context["form"]
    assert (form["booked_leads"].value(), form["paused_until"].value()) == (["7d"], tomorrow)


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"quiet_until": "21:00"}, "quiet_from", "Choose another time here"),
        ({"quiet_from": "12:00", "quiet_until": "04:30"}, "quiet_from", "at least eight hours"),
        ({"quiet_from": "late"}, "quiet_from", "Enter a valid time"),
        ({"paused_until": "2020-01-01"}, "paused_until", "Choose a day after today"),
        ({"paused_until": "2090-01-01"}, "paused_until", "within a year"),
        ({"booked_leads": ["5d"]}, "booked_leads", "5d is not one of the available choices"),
        ({"wording": "loud"}, "wording", "loud is not one of the available choices"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_lost(
    client: Client, fields: dict[str, Any], field: str, says: str
) -> None:
    client.force_login(make_user())
    answer = client.post("/my/account/messages/", choices(["changes"], **fields))
    assert answer.status_code == 422
    assert says in answer.context["form"].errors[field][0]
    assert list(answer.context["form"].errors) == [field]
    assert answer.context["form"]["wanted"].value() == ["changes"]
    assert not Preferences.objects.exists()
    assert not Consent.objects.exists()


def test_only_channels_that_reach_somebody_are_offered(client: Client, settings: Any) -> None:
    settings.SMS_PROVIDER = "outbox"
    user = make_user()
    client.force_login(user)
    assert "reminder_channel" not in client.get("/my/account/messages/").context["form"].fields
    make_contact_point(user=user, channel="sms", value="+12125550123")
    make_contact_point(user=user, channel="push", value="{}", verified_at=None)
    form = client.get("/my/account/messages/").context["form"]
    assert [value for value, _label in form.fields["reminder_channel"].choices] == ["email", "sms"]
    client.post("/my/account/messages/", choices(reminder_channel="sms", change_channel="email"))
    kept = preferences_for(of_member(user))
    assert (kept.reminder_channel, kept.change_channel) == ("sms", "email")
    settings.SMS_PROVIDER = ""
    client.post("/my/account/messages/", choices())
    assert preferences_for(of_member(user)).reminder_channel == "sms"


def test_both_wordings_are_shown_as_a_phone_shows_them(client: Client) -> None:
    client.force_login(make_user())
    page = client.get("/my/account/messages/").content.decode()
    assert page.count('class="lock-screen"') == 2
    assert "Reminder for Tue 7:00\u00a0PM, Evening Light" in page


def test_text_message_needs_a_yes() -> None:
    assert wanted_purposes(make_contact_point(channel="sms", value="+12125550199")) == []


@pytest.mark.parametrize("purpose", ["manage", "confirm"])
def test_link_of_another_kind_opens_nothing(client: Client, purpose: str) -> None:
    point = make_contact_point()
    token = links.sign(purpose, point.public_id)
    assert client.get(f"/my/account/messages/{token}/").status_code == 404
    assert client.post(f"/my/account/messages/{token}/", {"wanted": []}).status_code == 404


def test_a_link_that_was_passed_on_makes_messages_say_less_and_not_more(client: Client) -> None:
    point = make_contact_point()
    page, own = (f"/my/account/messages/{links.sign(purpose, point.public_id)}/" for purpose in ("choices", "data"))
    assert "wording" not in client.get(page).context["form"].fields
    assert client.post(page, choices(wording="detailed")).status_code == 302
    assert preferences_of(point).wording == "discreet"
    assert "wording" in client.get(own).context["form"].fields
    assert client.post(own, choices(wording="detailed"))["Location"] == own
    assert preferences_of(point).wording == "detailed"
    assert client.post(page, choices(wording="discreet")).status_code == 302
    assert preferences_of(point).wording == "discreet"


def test_unknown_and_forged_links_are_alike(client: Client) -> None:
    for token in (links.sign("choices", uuid4()), "nonsense", "a~b~c"):
        assert client.get(f"/my/account/messages/{token}/").status_code == 404


def test_unknown_purpose_is_refused(client: Client) -> None:
    client.force_login(make_user())
    assert client.post("/my/account/messages/", choices(["adverts"])).status_code == 422


def test_messages_follow_to_a_new_address_with_their_consents(now: dt.datetime) -> None:
    user = make_user(email="old@example.org")
    point = member_email(user=user, now=now)
    choose(contact_point=point, wanted=["changes"], wording="w1", source="test", now=now)
    change_address(user, "old@example.org", "new@example.org")
    point.refresh_from_db()
    assert point.value == "new@example.org"
    assert ContactPoint.objects.with_value("email", "new@example.org").get() == point
    assert wanted_purposes(point) == ["changes"]


def test_an_address_that_is_there_already_stays_as_it_is(now: dt.datetime) -> None:
    user = make_user(email="old@example.org")
    old, new = (make_contact_point(user=user, value=value) for value in ("old@example.org", "new@example.org"))
    change_address(user, "old@example.org", "new@example.org")
    values = {point: point.value for point in ContactPoint.objects.all()}
    assert values == {old: "old@example.org", new: "new@example.org"}


def test_what_is_somebody_elses_stays_when_a_member_changes_their_address(now: dt.datetime) -> None:
    as_guest = make_contact_point(value="old@example.org")
    user = make_user(email="old@example.org")
    mine = make_contact_point(user=user, value="old@example.org", verified_at=None)
    change_address(user, "old@example.org", "new@example.org")
    values = {point: (point.value, point.verified_at) for point in ContactPoint.objects.all()}
    # The new address was proven with a code.
    assert values == {as_guest: ("old@example.org", as_guest.verified_at), mine: ("new@example.org", now)}


def test_page_opens_on_the_times_of_what_one_has_and_folds_the_rest(client: Client) -> None:
    user = make_user()
    client.force_login(user)
    form = client.get("/my/account/messages/").context["form"]
    assert [field.name for field in form.times_in_use()] == ["drop_in_leads"]
    make_signup(
        occurrence=make_occurrence(meeting=make_meeting(signup_policy="sign_up")),
        participant=make_participant(user=user),
    )
    page = client.get("/my/account/messages/")
    assert [field.name for field in page.context["form"].times_in_use()] == ["booked_leads"]
    assert [field.name for field in page.context["form"].other_times()] == ["drop_in_leads", "online_leads"]
    before_the_fold = page.content.decode().partition('<details class="disclosure"')[0]
    assert before_the_fold.count('name="booked_leads"') == len(Lead)
    assert "drop_in_leads" not in before_the_fold
    assert "Quiet hours: 9:00\u00a0PM to 8:00\u00a0AM" in page.content.decode()


def test_what_is_wrong_in_a_fold_stands_open(client: Client) -> None:
    client.force_login(make_user())
    page = client.post("/my/account/messages/", choices(quiet_until="21:00")).content.decode()
    assert re.search(r'<details class="disclosure" open>\s*<summary>Quiet hours', page)


def test_saving_says_when_the_next_reminder_comes(client: Client) -> None:
    user = make_user()
    client.force_login(user)
    nothing = client.post("/my/account/messages/", choices(), follow=True).content.decode()
    assert "Saved." in nothing
    assert "reminder is planned" not in nothing
    meeting = make_meeting()
    signup = make_signup(occurrence=make_occurrence(meeting=meeting), participant=make_participant(user=user))
    plan_reminders(signups=[signup], now=clock.now())
    due_at = signup.occurrence.starts_at - dt.timedelta(hours=1)
    said = client.post("/my/account/messages/", choices(drop_in_leads=["1h"]), follow=True).content.decode()
    expected = wording.moment_words(due_at, "America/New_York", now=clock.now(), is_read_now=True)
    assert f"Saved. We’ll email you {expected}." in said
    said = client.post("/my/account/messages/", choices(drop_in_leads=[]), follow=True).content.decode()
    assert "Saved. No reminder is planned for your dates." in said


def test_link_in_a_message_shows_no_dates_after_saving_either(client: Client) -> None:
    guest = make_participant()
    signup = make_signup(occurrence=make_occurrence(), participant=guest)
    plan_reminders(signups=[signup], now=clock.now())
    for purpose, shows in (("choices", False), ("data", True)):
        url = f"/my/account/messages/{links.sign(purpose, guest.contact_point.public_id)}/"
        assert ("We’ll email you" in client.post(url, choices(), follow=True).content.decode()) == shows


def test_link_in_a_message_tells_nothing_of_a_members_pause(client: Client) -> None:
    """It said until when, though that page neither shows nor asks it: whoever pressed Save read it."""
    user = make_user()
    Preferences.objects.create(user=user, paused_until=dt.date(2026, 12, 20), updated_at=clock.now())
    url = f"/my/account/messages/{links.sign('choices', make_contact_point(user=user).public_id)}/"
    said = client.post(url, choices(), follow=True).content.decode()
    assert "Saved." in said
    assert "No reminder will come" not in said
    assert "Dec 20" not in said


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Saved. No reminder will come before Sun, Dec 20, 2026, not even for dates you already have."),
        ("es", "Guardado. No llegará ningún recordatorio antes del dom, 20 dic 2026, ni siquiera de las fechas que ya"),
    ],
)
@pytest.mark.parametrize("has_date", [True, False])
@pytest.mark.parametrize("purpose", ["choices", "data"])
def test_pause_says_that_reminders_fall_away(
    client: Client, purpose: str, has_date: bool, language: str, words: str
) -> None:
    """It said only that it was saved; whoever holds the link in a message learns nothing of dates from it."""
    guest = make_participant()
    if has_date:
        signup = make_signup(occurrence=make_occurrence(), participant=guest)
        plan_reminders(signups=[signup], now=clock.now())
    client.cookies["django_language"] = language
    url = f"/my/account/messages/{links.sign(purpose, guest.contact_point.public_id)}/"
    said = client.post(url, choices(paused_until="2026-12-20"), follow=True).content.decode()
    assert words in said
    said = client.post(url, choices(paused_until=""), follow=True).content.decode()
    assert words not in said
