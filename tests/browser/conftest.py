from __future__ import annotations

from collections.abc import Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from playwright.sync_api import BrowserContext, Locator, Page
from pytest_django.live_server_helper import LiveServer

from tests.factories import make_user
from tests.helpers.browsing import enter


@pytest.fixture(autouse=True)
def _alone(settings: Any, tmp_path: Path) -> None:
    """No broker, and messages kept in a folder of this test."""
    settings.REDIS_URL = ""
    settings.OUTBOX_DIR = tmp_path


@pytest.fixture
def staff(context: BrowserContext, live_server: LiveServer) -> Page:
    """A page of somebody of the staff, with a second factor."""
    user = make_user(is_staff=True)
    TOTP.activate(user, generate_totp_secret())
    return enter(context, live_server, user)


@pytest.fixture(autouse=True, scope="session")
def _a_press_ends_when_the_page_is_there() -> Iterator[None]:
    """Let a press wait for all of the page that it leads to: Playwright's ends with the page's first byte.

    On a slow machine, whatever a test read next without waiting for it stood on no page yet.
    """
    patch = pytest.MonkeyPatch()
    for name in ("click", "press"):
        patch.setattr(Locator, name, _and_wait(getattr(Locator, name)))
    yield
    patch.undo()


def _and_wait(act: Any) -> Any:
    @wraps(act)
    def act_and_wait(where: Locator, *args: Any, **kwargs: Any) -> None:
        act(where, *args, **kwargs)
        if not where.page.is_closed():
            where.page.wait_for_load_state()

    return act_and_wait
