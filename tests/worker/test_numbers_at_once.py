"""Two members prove one number at the same instant: it is one member's, and everything of the other's on it ends."""

from __future__ import annotations

import pytest

from accounts.enums import Channel, Purpose
from accounts.models import ContactPoint
from accounts.queries import is_given
from accounts.services.phones import add_phone
from support import clock
from tests.factories import make_user
from tests.worker.test_places import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.worker, pytest.mark.postgres]

NUMBER = "+12025550143"


def test_number_is_one_members_however_many_prove_it_at_once() -> None:
    users, now = [make_user() for _n in range(4)], clock.now()
    wanted: list[str] = [Purpose.REMINDERS]
    at_once(lambda number: add_phone(user=users[number % 4], number=NUMBER, wanted=wanted, now=now), 12)
    points = ContactPoint.objects.filter(channel=Channel.SMS)
    (proven,) = points.with_value(Channel.SMS, NUMBER).verified()
    assert [point.pk for point in points if is_given(point, Purpose.REMINDERS)] == [proven.pk]
