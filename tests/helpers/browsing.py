"""Steps that several tests take in a real browser."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.test import Client, RequestFactory
from playwright.sync_api import BrowserContext, Page, Route
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from meetings.models import Meeting
from meetings.services import schedule
from support import clock
from tests.factories import make_meeting


def enter(context: BrowserContext, server: LiveServer, user: User) -> Page:
    """Return a page of somebody who has just proven that it is they."""
    client = Client()
    client.force_login(user)
    request = RequestFactory().get("/")
    request.session = session = client.session
    record_authentication(request, user, method="code")
    session.save()
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": str(session.session_key), "url": server.url}])
    return context.new_page()


def listed(**fields: Any) -> Meeting:
    """Make a meeting that lists and searches find."""
    meeting = make_meeting(**fields)
    schedule.refresh_next(meeting, now=clock.now())
    return meeting


def open_elsewhere(route: Route) -> None:
    """Answer for the site that the Leave button leads to."""
    route.fulfill(body="<title>Elsewhere</title>", content_type="text/html")
