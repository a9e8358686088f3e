"""Forgetting what is not needed any more, by the periods in settings.RETENTION."""

from __future__ import annotations

import datetime as dt

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef

from accounts.enums import Forgotten
from accounts.models import AccessRecord, User
from accounts.services.exports import purge_exports
from accounts.services.purges import record_purge
from accounts.services.suppressions import purge_refusals


def purge(*, now: dt.datetime) -> dict[Forgotten, int]:
    """Delete what its time is over for; returns how many rows of each kind, which is written down as well."""
    deleted = {
        Forgotten.ACCOUNTS: _unconfirmed_accounts(now - settings.RETENTION["unconfirmed"]),
        Forgotten.EXPORTS: purge_exports(now=now),
        Forgotten.ACCESS_RECORDS: _access_records(now - settings.RETENTION["access_records"]),
        Forgotten.SESSIONS: _sessions(now),
        Forgotten.REFUSALS: purge_refusals(now=now),
    }
    for kind, count in deleted.items():
        record_purge(kind=kind, count=count, now=now)
    return deleted


def _unconfirmed_accounts(before: dt.datetime) -> int:
    """Delete people who asked for an account and never typed the code. One made by a command has no address row."""
    addresses = EmailAddress.objects.filter(user=OuterRef("pk"))
    stale = User.objects.filter(
        Exists(addresses), ~Exists(addresses.filter(verified=True)), last_login=None, joined_at__lt=before
    )
    return stale.delete()[1].get("accounts.User", 0)


def _access_records(before: dt.datetime) -> int:
    return AccessRecord.objects.filter(recorded_at__lt=before).delete()[0]


def _sessions(now: dt.datetime) -> int:
    deleted = Session.objects.filter(expire_date__lt=now).delete()[0]
    living = Session.objects.filter(session_key=OuterRef("session_key"))
    UserSession.objects.filter(~Exists(living)).delete()
    return deleted
