"""One door for signing in and for making an account.

An invitation promised that signing in makes an account, and it did not: whoever had none was told to wait for a code,
got a message without one, and lost the invitation on the way to another page. Whoever made an account with a code was
asked for a second one at once before adding a phone.
"""

from __future__ import annotations

import pytest
from django.core import mail
from django.urls import reverse
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from accounts import links
from accounts.models import User
from meetings.services.roles import invite_facilitator
from support import clock
from tests.browser.test_signin import last_code
from tests.factories import make_user
from tests.helpers.browsing import listed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_invitation_makes_an_account_on_the_way_and_asks_for_one_code(
    browser: Browser, live_server: LiveServer
) -> None:
    """With scripts off, from a link in a message to a phone number: one address, one code."""
    meeting = listed(name="Porch Light")
    invitation = invite_facilitator(meeting=meeting, actor=make_user(is_staff=True), now=clock.now())
    context = browser.new_context(java_script_enabled=False, viewport={"width": 375, "height": 740})
    page = context.new_page()
    link = reverse("meetings:invitation", args=[links.sign("invitation", invitation.public_id)])
    page.goto(live_server.url + link)
    page.get_by_role("link", name="Sign in or create an account").click()
    page.get_by_label("Email", exact=True).fill("new@example.org")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Code").fill("AAAA-AAAA")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("press “Send a new code”").first).to_be_visible()
    page.get_by_role("button", name="Send a new code").click()
    page.get_by_label("Code").fill(last_code())
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Accept").click()
    assert list(meeting.facilitators.all()) == [User.objects.get(email="new@example.org")]

    page.goto(f"{live_server.url}/my/account/phone/")
    expect(page.get_by_label("Mobile number")).to_be_visible()
    assert len(mail.outbox) == 2
    context.close()
