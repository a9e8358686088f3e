"""Forgetting a person, at once."""

from __future__ import annotations

import datetime as dt

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction

from accounts.models import ContactPoint, Refusal, User
from accounts.person import Person
from accounts.services.security import end_all_sessions
from accounts.signals import person_leaving
from support.sqlite.forgetting import empty_log


@transaction.atomic
def erase(*, person: Person, now: dt.datetime) -> None:
    """Erase a person: what is to come is cancelled, what stays for the figures is nobody's, all else is deleted.

    What stays of a suppression is a hash that says: nothing to this address.
    """
    person_leaving.send(sender=Person, person=person, now=now)
    Refusal.objects.filter(value_hash__in=[point.value_hash for point in person.contact_points]).delete()
    ContactPoint.objects.filter(pk__in=[point.pk for point in person.contact_points]).delete()
    if person.user is not None:
        end_all_sessions(user=person.user)
        _forget_log(person.user)
        person.user.delete()
    transaction.on_commit(empty_log)


def _forget_log(user: User) -> None:
    """Delete what the admin's log says of somebody, and of all that goes with them."""
    gone: list[tuple[type[models.Model], list[int]]] = [(User, [user.pk])]
    for relation in User._meta.related_objects:
        if relation.on_delete is models.CASCADE:
            rows = relation.related_model._default_manager.filter(**{relation.field.name: user})
            gone.append((relation.related_model, list(rows.values_list("pk", flat=True))))
    for model, keys in gone:
        LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(model), object_id__in=[str(key) for key in keys]
        ).delete()
