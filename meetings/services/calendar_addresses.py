"""Giving a member's calendar program an address, another one, or none."""

from __future__ import annotations

import datetime as dt

from accounts.models import User
from meetings.models import CalendarAddress


def renew_calendar_address(*, user: User, now: dt.datetime) -> CalendarAddress:
    """Give a member an address for their calendar; the one they had, if any, leads nowhere from now on."""
    token = CalendarAddress.new_token()
    fields = {"token": token, "token_hash": CalendarAddress.hash_of(token), "created_at": now}
    address, _is_new = CalendarAddress.objects.update_or_create(user=user, defaults=fields)
    return address


def end_calendar_address(*, user: User) -> None:
    """Let no calendar program ask any more."""
    CalendarAddress.objects.filter(user=user).delete()
