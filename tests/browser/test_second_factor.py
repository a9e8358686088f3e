"""Whoever was asked for a second factor ended at their recovery codes, with no way on to where they were going."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts import links
from meetings.models import Coordinator
from meetings.services import roles
from support import clock
from tests.factories import make_service_body, make_user
from tests.helpers.browsing import enter
from tests.helpers.totp import totp_code

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_who_accepts_an_invitation_comes_to_the_listings_once_there_is_a_second_factor(
    page: Page, live_server: LiveServer
) -> None:
    body, actor = make_service_body(name="River Area"), make_user()
    Coordinator.objects.create(service_body=body, user=actor, since=clock.now())
    offered = roles.invite_coordinator(body=body, actor=actor, now=clock.now())
    own = enter(page.context, live_server, make_user())
    own.set_viewport_size({"width": 375, "height": 740})
    own.goto(live_server.url + reverse("meetings:invitation", args=[links.sign("invitation", offered.public_id)]))
    own.get_by_role("button", name="Accept").click()
    own.get_by_role("link", name="Set up an app").click()
    secret = own.locator("dd code").inner_text()
    own.get_by_role("textbox").fill(totp_code(secret))
    own.get_by_role("button", name="Turn it on").click()
    expect(own.get_by_role("heading", name="Recovery codes")).to_be_visible()
    own.get_by_role("link", name="Continue to where you were going").click()
    expect(own.get_by_role("heading", name="Listings I look after")).to_be_visible()
    expect(own.get_by_role("link", name="River Area")).to_be_visible()
