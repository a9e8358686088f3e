"""A zone that nobody said is never kept as if it were said: until it is known, whatever tells a time names its zone."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import ContactPoint, User
from accounts.services.profile import learn_zone, update_profile
from meetings.enums import VenueType
from meetings.models import Meeting, Participant
from meetings.services import signups
from support import clock
from tests.conftest import NOW
from tests.factories import make_meeting, make_user
from tests.unit.test_reminder_engine import run
from tests.web.test_next_reminder import page
from tests.web.test_signin import join

pytestmark = pytest.mark.django_db

THERE = "America/Los_Angeles"


def online() -> Meeting:
    return make_meeting(slug="across", venue_type=VenueType.ONLINE, venue=None)


def unsaid(**fields: object) -> User:
    return make_user(has_own_zone=False, **fields)


def test_an_account_keeps_the_zone_that_its_browser_said(client: Client) -> None:
    client.cookies["tz"] = THERE
    join(client)
    assert User.objects.get().own_tz == THERE


def test_an_account_whose_browser_said_none_has_none_of_its_own(client: Client) -> None:
    online()
    join(client)
    user = User.objects.get()
    assert (user.tz, user.own_tz) == ("America/New_York", None)
    for path in ("/meetings/across/", "/meetings/across/sign-up/", "/my/meetings/", "/my/reminders/"):
        assert "New York time" in page(client, path), path


def test_the_browser_says_it_later_and_only_a_form_keeps_it(client: Client) -> None:
    online()
    user = unsaid()
    client.force_login(user)
    client.cookies["tz"] = THERE
    said = client.get("/meetings/across/").content.decode()
    # On paper the time of what is online always names its zone.
    assert "Los Angeles time" not in re.sub(r'<span class="print-only">.*?</span>', "", said)
    user.refresh_from_db()
    assert user.own_tz is None
    client.post("/i18n/setlang/", {"language": "en"})
    user.refresh_from_db()
    assert user.own_tz == THERE


def test_what_is_planned_follows_the_zone_that_is_learned(client: Client) -> None:
    user = unsaid()
    asked = signups.create_member_signup(meeting=online(), user=user, date=None, every=True, now=clock.now())
    assert Participant.objects.get().own_tz is None
    client.force_login(user)
    client.cookies["tz"] = THERE
    client.post("/i18n/setlang/", {"language": "en"})
    assert Participant.objects.get().own_tz == THERE
    assert asked[0].participant_id == Participant.objects.get().pk


def test_a_zone_said_meanwhile_is_not_lost_to_the_browsers() -> None:
    """A request that was already under way when the settings were saved wrote all it had read over them."""
    user = unsaid(display_name="Ana")
    settings_page = User.objects.get()
    update_profile(
        user=settings_page, display_name="Ana M.", tz="Europe/Madrid", language="es", hour_cycle="h23", now=NOW
    )
    learn_zone(user=user, tz=THERE, now=NOW)
    for seen in (user, User.objects.get()):
        assert (seen.own_tz, seen.display_name) == ("Europe/Madrid", "Ana M.")
        assert (seen.language, seen.hour_cycle) == ("es", "h23")


def test_what_else_was_saved_meanwhile_stays_when_a_zone_is_learned() -> None:
    user = unsaid(display_name="Ana")
    update_profile(user=User.objects.get(), display_name="Ana M.", language="es", hour_cycle="h23", now=NOW)
    learn_zone(user=user, tz=THERE, now=NOW)
    for seen in (user, User.objects.get()):
        assert (seen.own_tz, seen.display_name, seen.language, seen.hour_cycle) == (THERE, "Ana M.", "es", "h23")


def test_settings_without_a_zone_write_nothing_over_one_that_was_said_meanwhile() -> None:
    user = unsaid(display_name="Ana")
    learn_zone(user=User.objects.get(), tz=THERE, now=NOW)
    update_profile(user=user, display_name="Ana M.", now=NOW)
    for seen in (user, User.objects.get()):
        assert (seen.own_tz, seen.display_name) == (THERE, "Ana M.")


def test_a_zone_that_was_said_costs_no_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    user = make_user(tz="Europe/Madrid")
    with django_assert_num_queries(0):
        learn_zone(user=user, tz=THERE, now=NOW)


@pytest.mark.parametrize("is_verified", [True, False])
def test_a_guest_who_asks_again_from_a_browser_that_says_none_keeps_their_zone(is_verified: bool) -> None:
    meeting = online()
    for tz in (THERE, None):
        signups.request_guest_signup(
            meeting=meeting,
            date=dt.date(2026, 11, 24),
            every=False,
            email="ana@example.org",
            tz=tz,
            language="en",
            hour_cycle="h12",
            now=NOW,
        )
        if is_verified:
            ContactPoint.objects.update(verified_at=NOW)
    assert Participant.objects.get().own_tz == THERE


def test_signing_in_says_it_too(client: Client) -> None:
    unsaid(email="new@example.org")
    client.cookies["tz"] = THERE
    join(client)
    assert User.objects.get().own_tz == THERE


def test_a_zone_that_was_said_is_not_taken_from_another_browser(client: Client) -> None:
    user = make_user(tz="Europe/Madrid")
    client.force_login(user)
    client.cookies["tz"] = THERE
    client.post("/i18n/setlang/", {"language": "en"})
    user.refresh_from_db()
    assert user.own_tz == "Europe/Madrid"


def test_what_no_zone_is_called_is_not_learned(client: Client) -> None:
    user = unsaid()
    client.force_login(user)
    client.cookies["tz"] = "Mars/Olympus"
    client.post("/i18n/setlang/", {"language": "en"})
    user.refresh_from_db()
    assert user.own_tz is None


def test_settings_keep_a_zone_unsaid_until_one_is_chosen(client: Client) -> None:
    user = unsaid()
    client.force_login(user)
    shown = client.get("/my/account/").content.decode()
    assert "You haven’t said yours yet: times are in New York time." in shown
    assert 'value="America/New_York" list' not in shown
    typed = {"display_name": "Ana M.", "tz": "", "language": "en", "hour_cycle": "h12"}
    # A script has said it in the meantime: what the page offered is what counts.
    client.cookies["tz"] = THERE
    assert client.post("/my/account/", typed).status_code == 302
    user.refresh_from_db()
    assert (user.display_name, user.own_tz) == ("Ana M.", None)
    assert client.post("/my/account/", typed | {"tz": "los angeles"}).status_code == 302
    user.refresh_from_db()
    assert user.own_tz == THERE
    assert "You haven’t said" not in page(client, "/my/account/")


def test_a_page_is_put_right_for_a_member_until_their_zone_is_known(client: Client) -> None:
    user = unsaid()
    client.force_login(user)
    shown = client.get("/meetings/").content.decode()
    # The clock of 12 or 24 hours is the account's.
    assert '<body data-tz="America/New_York">' in shown
    client.cookies["tz"] = THERE
    assert f'<body data-tz="{THERE}">' in client.get("/meetings/").content.decode()
    User.objects.update(has_own_zone=True)
    assert "<body>" in client.get("/meetings/").content.decode()


@pytest.mark.parametrize(("language", "zone"), [("en", "New York time"), ("es", "hora de Nueva York")])
@pytest.mark.parametrize("is_member", [True, False])
def test_messages_name_the_zone_where_nobody_said_it(language: str, zone: str, is_member: bool) -> None:
    """The subject and the line of the next reminder named none, though the page and the date did."""
    meeting = online()
    if is_member:
        signups.create_member_signup(
            meeting=meeting, user=unsaid(language=language), date=dt.date(2026, 11, 24), every=False, now=NOW
        )
    else:
        [asked] = signups.request_guest_signup(
            meeting=meeting,
            date=dt.date(2026, 11, 24),
            every=False,
            email="ana@example.org",
            tz=None,
            language=language,
            hour_cycle="h12",
            now=NOW,
        )
        signups.confirm_signups(signup=asked, now=NOW)
    letter = run().letters[-1]
    assert zone in letter.subject
    assert re.search(rf"(We’ll email you|Te enviaremos un correo) .*\({zone}\)\.", letter.text)
