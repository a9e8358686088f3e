from __future__ import annotations

import datetime as dt
from itertools import count
from typing import Any

from accounts.enums import Channel
from accounts.models import ContactPoint, User
from support import clock
from tests.helpers.zones import home_zone

_numbers = count(1)


def make_user(**fields: Any) -> User:
    number = next(_numbers)
    fields.setdefault("email", f"member{number}@example.org")
    fields.setdefault("display_name", f"Member {number}")
    fields.setdefault("tz", home_zone())
    fields.setdefault("has_own_zone", True)
    return User.objects.create_user(**fields)


def make_contact_point(**fields: Any) -> ContactPoint:
    fields.setdefault("channel", Channel.EMAIL)
    fields.setdefault("value", f"guest{next(_numbers)}@example.org")
    fields.setdefault("verified_at", clock.now() - dt.timedelta(days=30))
    return ContactPoint.objects.create(**fields)
