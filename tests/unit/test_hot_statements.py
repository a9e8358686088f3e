"""The statements that run for every single message are planned once a connection, not once a message."""

from __future__ import annotations

import pytest
from django.db import connection

from meetings.reminders.services.deliver import deliver_due
from tests.conftest import NOW
from tests.factories import make_reminder

pytestmark = [pytest.mark.django_db, pytest.mark.postgres, pytest.mark.usefixtures("postgres")]


def test_what_runs_for_every_message_is_prepared() -> None:
    for _number in range(8):
        make_reminder(due_at=NOW)
    assert deliver_due(read_clock=lambda: NOW).accepted == 8
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        prepared = [words for (words,) in cursor.fetchall()]
    assert any("SET state = 'submitting'" in words for words in prepared)
    assert any("SET state = 'accepted'" in words for words in prepared)
    assert any(words.lstrip().startswith("SELECT s.status") for words in prepared)
