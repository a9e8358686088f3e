"""Receivers of what accounts announce and ask."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.dispatch import receiver

from accounts.person import Person
from accounts.signals import data_asked, person_leaving
from meetings.queries.person import kept_about
from meetings.services.leaving import let_go


@receiver(person_leaving)
def give_places_back(sender: type[Person], *, person: Person, now: dt.datetime, **_: Any) -> None:
    let_go(person=person, now=now)


@receiver(data_asked)
def tell_of_places(sender: type[Person], *, person: Person, **_: Any) -> dict[str, list[dict[str, Any]]]:
    return kept_about(person)
