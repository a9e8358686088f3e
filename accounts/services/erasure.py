"""Forgetting a person, at once."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.models import ContactPoint
from accounts.person import Person
from accounts.services.security import end_all_sessions
from accounts.signals import person_leaving


@transaction.atomic
def erase(*, person: Person, now: dt.datetime) -> None:
    """Erase a person: what is to come is cancelled, what stays for the figures is nobody's, all else is deleted.

    What stays of a suppression is a hash that says: nothing to this address.
    """
    person_leaving.send(sender=Person, person=person, now=now)
    ContactPoint.objects.filter(pk__in=[point.pk for point in person.contact_points]).delete()
    if person.user is not None:
        end_all_sessions(user=person.user)
        person.user.delete()
