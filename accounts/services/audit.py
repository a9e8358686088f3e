"""Recording who saw or changed what about whom."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from accounts.enums import AccessAction
from accounts.models import AccessRecord, User


def record_access(
    *,
    actor: User,
    about_users: Iterable[int] = (),
    about_guests: Iterable[int] = (),
    action: AccessAction,
    now: dt.datetime,
) -> None:
    """Record that `actor` did `action` about each person, once a day; what one does about oneself is nobody's news.

    Members are named by the ids of their accounts, guests by those of their contact points.
    """
    subjects = [{"about_user_id": pk} for pk in about_users if pk != actor.pk]
    subjects += [{"about_contact_point_id": pk} for pk in about_guests]
    AccessRecord.objects.bulk_create(
        [
            AccessRecord(actor=actor, action=action, on_day=now.date(), recorded_at=now, **subject)
            for subject in subjects
        ],
        ignore_conflicts=True,
    )
