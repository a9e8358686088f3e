"""What a thief of the database can do with what they read in it, and without the keys in `secrets/`: open nothing."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.urls import resolve

from accounts.sessions import stored_key
from tests.architecture.test_access import addresses, client_for  # noqa: F401  # addresses is a fixture
from tests.factories.accounts import make_user
from tests.web.test_accounts_security import sign_in

#: What databases make of a key that is hashed on its way to them differs.
pytestmark = [pytest.mark.postgres, pytest.mark.django_db]

#: Shorter than any secret; longer than what an address can hold.
SHORTEST, LONGEST = 8, 300
WITHOUT_SECRETS = {"django_migrations", "django_content_type", "auth_permission"}


def copied_words() -> set[str]:
    """Return every value of every column, as the database has it, that may be a secret; Django's lists are none."""
    found: set[Any] = set()
    with connection.cursor() as cursor:
        for table in set(connection.introspection.table_names(cursor)) - WITHOUT_SECRETS:
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608  # table names of our own schema
            found |= {str(value) for row in cursor.fetchall() for value in row}
    return {word for word in found if SHORTEST <= len(word) <= LONGEST and not set(word) & set(" /")}


def with_cookie(key: str) -> Client:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    return client


def test_no_copied_word_is_the_cookie_of_somebody_signed_in(client: Client) -> None:
    sign_in(client, make_user(email="ana@example.org"))
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert with_cookie(key).get("/accounts/email/").status_code == 200
    words = copied_words()
    assert key not in words
    assert list(UserSession.objects.values_list("session_key", flat=True)) == [stored_key(key)]
    assert [word for word in words if with_cookie(word).get("/my/account/").status_code != 302] == []


def test_no_copied_word_opens_what_a_link_opens(addresses: dict[str, str]) -> None:  # noqa: F811  # the fixture
    client_for("member").get("/my/meetings/")
    tokens = {address: resolve(address).kwargs.get("token") for address in addresses.values()}
    doors = {address: token for address, token in tokens.items() if token and Client().get(address).status_code == 200}
    assert len(doors) > 8
    words = copied_words()
    opened = [
        (address, word)
        for address, token in doors.items()
        for word in words
        if Client().get(address.replace(token, word)).status_code == 200
    ]
    assert opened == []


@pytest.mark.django_db(transaction=True)
def test_keys_that_were_kept_open_are_good_no_longer() -> None:
    # By the columns of today, and put back into those of then; without a name, which had no room for a sealed one.
    client = Client()
    sign_in(client, make_user(display_name=""))
    sessions, where = list(Session.objects.all()), list(UserSession.objects.all())
    executor = MigrationExecutor(connection)
    executor.migrate([("accounts", "0009_idle_notices")])
    try:
        Session.objects.bulk_create(sessions)
        UserSession.objects.bulk_create(where)
        assert Session.objects.count() == UserSession.objects.count() == 1
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
    assert Session.objects.count() == UserSession.objects.count() == 0
    assert client.get("/my/account/").status_code == 302
