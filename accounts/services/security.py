"""Taking away ways in."""

from __future__ import annotations

import datetime as dt

from allauth.usersessions.models import UserSession
from django.db import transaction

from accounts.models import User
from accounts.queries import push_subscriptions
from accounts.services.push_subscriptions import end_subscriptions


def remove_password(*, user: User) -> None:
    """Let nobody sign in by password; a code by email always works. Other sessions of the account end with it."""
    user.set_unusable_password()
    user.save(update_fields=["password"])


@transaction.atomic
def end_all_sessions(*, user: User) -> int:
    """End every session of a person, on every device, this one too; return how many."""
    sessions = list(UserSession.objects.filter(user=user))
    for session in sessions:
        session.end()
    if not user.has_usable_password():
        # A session carries a hash over the password column: a new filling there ends any that no row knows of.
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return len(sessions)


@transaction.atomic
def sign_out_everywhere(*, user: User, now: dt.datetime) -> None:
    """End every session of a person and what they get in browsers: none of their devices hears of them any more."""
    end_all_sessions(user=user)
    end_notifications(user=user, now=now)


@transaction.atomic
def end_other_sessions(*, user: User, key: str | None, spared: int | None, now: dt.datetime) -> int:
    """End the sessions of a person but the one that has this key, and what they get in other browsers than this.

    `spared` is the subscription of this browser, where it is known. Returns how many sessions ended.
    """
    others = list(UserSession.objects.filter(user=user).exclude(session_key=key or ""))
    for session in others:
        session.end()
    end_notifications(user=user, spared=spared, now=now)
    return len(others)


def end_notifications(*, user: User, now: dt.datetime, spared: int | None = None) -> None:
    """End what a person gets in browsers; the subscription with the number `spared` goes on, if it is theirs."""
    ended = [each for each in push_subscriptions(user) if each.pk != spared]
    if ended:
        end_subscriptions(user=user, contact_points=ended, source="signed out", now=now)
