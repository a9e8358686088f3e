"""Changing the keys that contact values are sealed under."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models, transaction

from accounts.fields import Sealed, lookup_hash, seal, unseal
from accounts.models import ContactPoint, Suppression

BATCH = 500


@dataclass(frozen=True)
class Resealed:
    """How many rows were sealed anew, and how many suppressions only an old key still recognises."""

    rows: int
    suppressions_under_old_keys: int


def reseal_everything() -> Resealed:
    """Seal every value anew under the first key; safe to repeat, and to break off.

    A suppression keeps no value, only the hash of one. Where a contact point still holds the value its hash is made
    anew; the rest are counted: dropping the old key would forget that those people said stop.
    """
    rows = sum(_reseal_fields(model, fields) for model, fields in _sealed_fields())
    rows += _reseal_hashes()
    rows += _reseal_authenticators()
    rows += _reseal_sessions()
    return Resealed(rows=rows, suppressions_under_old_keys=_old_suppressions())


def _sealed_fields() -> Iterator[tuple[type[models.Model], list[str]]]:
    for model in apps.get_models():
        names = [field.name for field in model._meta.local_concrete_fields if isinstance(field, Sealed)]
        if names:
            yield model, names


def _batches(rows: models.QuerySet[Any]) -> Iterator[list[Any]]:
    """Yield all rows, locked, in batches of one transaction each, in the order of their keys."""
    last: Any = None
    while True:
        with transaction.atomic():
            following = rows.filter(pk__gt=last) if last is not None else rows
            batch = list(following.order_by("pk").select_for_update()[:BATCH])
            if not batch:
                return
            last = batch[-1].pk
            yield batch


def _reseal_fields(model: type[models.Model], names: list[str]) -> int:
    count = 0
    for batch in _batches(model._default_manager.all()):
        # Reading opens under any key, writing seals under the first. Most rows of some tables hold nothing.
        sealed = [row for row in batch if any(getattr(row, name) for name in names)]
        model._default_manager.bulk_update(sealed, names)
        count += len(sealed)
    return count


def _reseal_hashes() -> int:
    count = 0
    old_keys = settings.CONTACT_KEYS[1:]
    for batch in _batches(ContactPoint.objects.all()):
        for point in batch:
            point.value_hash = lookup_hash(point.value)
            old_hashes = [lookup_hash(point.value, key) for key in old_keys]
            _rehash_suppressions(point.channel, old_hashes, point.value_hash)
        ContactPoint.objects.bulk_update(batch, ["value_hash"])
        count += len(batch)
    return count


def _rehash_suppressions(channel: str, old_hashes: list[str], new_hash: str) -> None:
    old = Suppression.objects.filter(channel=channel, value_hash__in=old_hashes)
    if Suppression.objects.filter(channel=channel, value_hash=new_hash).exists():
        old.delete()
        return
    newest = old.order_by("-pk").first()
    if newest is not None:
        old.exclude(pk=newest.pk).delete()
        Suppression.objects.filter(pk=newest.pk).update(value_hash=new_hash)


def _reseal_authenticators() -> int:
    count = 0
    for batch in _batches(Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN)):
        for row in batch:
            for name in ("secret", "seed"):
                if name in row.data:
                    row.data[name] = seal(unseal(row.data[name]))
        Authenticator.objects.bulk_update(batch, ["data"])
        count += len(batch)
    return count


def _reseal_sessions() -> int:
    count = 0
    for batch in _batches(Session.objects.all()):
        for row in batch:
            row.session_data = Session.objects.encode(row.get_decoded())
        Session.objects.bulk_update(batch, ["session_data"])
        count += len(batch)
    return count


def _old_suppressions() -> int:
    """Return how many suppressions were not hashed under the first key, as far as can be told: all but the known."""
    known = set(ContactPoint.objects.values_list("channel", "value_hash"))
    if len(settings.CONTACT_KEYS) == 1:
        return 0
    return sum((row.channel, row.value_hash) not in known for row in Suppression.objects.iterator())
