"""A number that somebody else has proven since: what its former owner reads, and that nobody is named."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from accounts.services.phones import add_phone
from tests.conftest import NOW
from tests.factories import make_user
from tests.web.test_accounts_phone import proven

pytestmark = pytest.mark.django_db

NUMBER = "+12025550143"


def test_page_says_that_it_is_confirmed_on_another_account_and_names_nobody() -> None:
    former, present = make_user(), make_user()
    add_phone(user=former, number=NUMBER, wanted=["reminders"], now=NOW)
    add_phone(user=present, number=NUMBER, wanted=["reminders"], now=NOW + dt.timedelta(minutes=1))
    pages = [proven(Client(), user).get(reverse("accounts:phone")).content.decode() for user in (former, present)]
    words = "A number you had here is confirmed on another account now."
    assert [words in page for page in pages] == [True, False]
    assert ["555-0143" in page for page in pages] == [False, True]
    assert present.email not in pages[0]
    assert present.display_name not in pages[0]
