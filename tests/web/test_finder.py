from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from tests.factories import make_meeting


@pytest.mark.django_db
def test_list_shows_a_meeting(client: Client) -> None:
    meeting = make_meeting(next_starts_at=dt.datetime(2100, 1, 5, tzinfo=dt.UTC))
    response = client.get("/meetings/")
    assert response.status_code == 200
    assert meeting.name in response.content.decode()
    assert client.get("/").status_code == 200
    assert client.get(meeting.get_absolute_url()).status_code == 200
