"""Forgetting people who have not been seen for long: a notice first, and time to answer it."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import Q
from django.urls import reverse

from accounts import links
from accounts.enums import Channel, Forgotten
from accounts.models import ContactPoint, IdleNotice, User
from accounts.person import Person, of_guest, of_member
from accounts.queries import is_suppressed, last_seen, member_point_of
from accounts.services.erasure import erase
from accounts.services.letters import NOT_SENT, REFUSED, language_of, letter
from accounts.services.purges import record_purge
from support import wording

logger = logging.getLogger(__name__)

#: How long somebody has to say that they want to be kept.
NOTICE: Final = dt.timedelta(days=30)
BATCH: Final = 200


def forget_idle(*, now: dt.datetime) -> int:
    """Tell people not seen for almost settings.RETENTION["idle"], and erase those who were told and stayed away.

    Whoever has a date to come, comes every time, or looks after a meeting is never touched, nor are staff. Returns how
    many were erased. Where mail cannot go out, nobody is told, and so nobody is erased.
    """
    before = now - settings.RETENTION["idle"]
    forgotten = 0
    everyone = _people(before + NOTICE)
    while people := list(islice(everyone, BATCH)):
        seen = last_seen(people, now=now)
        for person in people:
            notice = _notice(person)
            if notice is not None and seen[person] >= notice.noticed_at:
                notice.delete()
            elif notice is None and seen[person] < before + NOTICE:
                if not _tell(person, now):
                    return forgotten
            elif notice is not None and notice.noticed_at <= now - NOTICE and seen[person] < before:
                erase(person=person, now=now)
                record_purge(kind=Forgotten.IDLE, count=1, now=now)
                forgotten += 1
    return forgotten


def keep(*, person: Person, now: dt.datetime) -> None:
    """Remember that somebody wants to be kept, as if they had been here."""
    pks = [point.pk for point in person.contact_points]
    ContactPoint.objects.filter(pk__in=pks).update(kept_at=now)
    IdleNotice.objects.filter(Q(user=person.user, user__isnull=False) | Q(contact_point__in=pks)).delete()


def _people(before: dt.datetime) -> Iterator[Person]:
    """Yield all who may be idle, by what their own rows say, and all who were told."""
    told = Q(idle_notice__isnull=False)
    members = User.objects.filter(Q(joined_at__lt=before) & (Q(last_login=None) | Q(last_login__lt=before)) | told)
    for user in members.filter(is_staff=False, is_superuser=False).order_by("pk").iterator(chunk_size=BATCH):
        yield of_member(user)
    guests = ContactPoint.objects.of_guests().filter(Q(created_at__lt=before) | told)
    for point in guests.exclude(verified_at=None).order_by("pk").iterator(chunk_size=BATCH):
        if member_point_of(point) is None:
            yield of_guest(point)


def _notice(person: Person) -> IdleNotice | None:
    return IdleNotice.objects.filter(**_owner(person)).first()


def _owner(person: Person) -> dict[str, Any]:
    return {"user": person.user} if person.user else {"contact_point": person.contact_points[0]}


def _tell(person: Person, now: dt.datetime) -> bool:
    """Write the notice down, then send it; return whether others can be told: not where no mail goes out at all."""
    notice = IdleNotice.objects.create(**_owner(person), noticed_at=now)
    address = _address(person)
    if address is None:
        return True
    try:
        _message(person, address, now).send()
    except NOT_SENT as error:
        # Who was not told is not forgotten: another run tries again.
        logger.error("A notice could not be sent: %s", type(error).__name__)
        notice.delete()
        return isinstance(error, REFUSED)
    return True


def _address(person: Person) -> str | None:
    """Return where to write to, or None where nothing may be sent."""
    points = [point for point in person.contact_points if point.channel == Channel.EMAIL]
    if any(is_suppressed(point) for point in points):
        return None
    return person.user.email if person.user else next((point.value for point in points), None)


def _message(person: Person, address: str, now: dt.datetime) -> EmailMultiAlternatives:
    language = language_of(person)
    return letter(
        "idle_notice",
        to=address,
        language=language,
        day=wording.date_words_long(now + NOTICE, person.user.tz if person.user else "UTC", language),
        keep_url=settings.PUBLIC_BASE_URL + _path(person),
        is_member=person.user is not None,
    )


def _path(person: Person) -> str:
    if person.user is not None:
        return reverse("account_login")
    return reverse("accounts:keep_by_link", args=[links.sign("keep", person.contact_points[0].public_id)])
