"""Receivers of what accounts announce and ask, and of connections to teach."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.dispatch import receiver

from accounts.models import ContactPoint, User
from accounts.person import Person
from accounts.signals import (
    activity_asked,
    address_changed,
    data_asked,
    guest_joined,
    language_asked,
    person_leaving,
    profile_changed,
)
from meetings.models import Meeting, Occurrence, OccurrenceChange
from meetings.queries.activity import guests_seen, language_of, members_seen
from meetings.queries.person import kept_about
from meetings.queries.plain import SQLITE_NAME, plain_lines
from meetings.services.handover import hand_over
from meetings.services.leaving import let_go
from meetings.services.signups import fill_dates, follow_profile, renew_links
from meetings.signals import meeting_rescheduled, occurrence_restored


@receiver(connection_created)
def teach_sqlite_plain_text(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function(SQLITE_NAME, -1, plain_lines, deterministic=True)


@receiver(profile_changed)
def read_as_their_account_says(sender: type[User], *, user: User, now: dt.datetime, **_: Any) -> None:
    follow_profile(user=user, now=now)


@receiver(occurrence_restored)
def fill_again(sender: type[Occurrence], *, occurrence: Occurrence, now: dt.datetime, **_: Any) -> None:
    """Give away what was given back while a date was off. Before anybody hears of it, so that they hear once."""
    fill_dates([occurrence.pk], now=now)


@receiver(meeting_rescheduled)
def fill_all_again(sender: type[Meeting], *, changes: list[OccurrenceChange], now: dt.datetime, **_: Any) -> None:
    fill_dates([change.occurrence_id for change in changes if change.is_restoration], now=now)


@receiver(address_changed)
def let_links_die(sender: type[ContactPoint], *, contact_point: ContactPoint, **_: Any) -> None:
    renew_links(contact_point=contact_point)


@receiver(guest_joined)
def bring_places(
    sender: type[ContactPoint], *, user: User, guest: ContactPoint, own: ContactPoint, now: dt.datetime, **_: Any
) -> None:
    hand_over(user=user, guest=guest, own=own, now=now)


@receiver(person_leaving)
def give_places_back(sender: type[Person], *, person: Person, now: dt.datetime, **_: Any) -> None:
    let_go(person=person, now=now)


@receiver(activity_asked)
def tell_of_activity(
    sender: type[Person], *, users: list[User], contact_points: list[ContactPoint], now: dt.datetime, **_: Any
) -> tuple[dict[int, dt.datetime], dict[int, dt.datetime]]:
    return members_seen(users, now=now), guests_seen(contact_points, now=now)


@receiver(language_asked)
def tell_language(sender: type[Person], *, contact_point: ContactPoint, **_: Any) -> str | None:
    return language_of(contact_point)


@receiver(data_asked)
def tell_of_places(sender: type[Person], *, person: Person, **_: Any) -> dict[str, list[dict[str, Any]]]:
    return kept_about(person)
