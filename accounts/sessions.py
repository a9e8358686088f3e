"""A copy of the database signs nobody in: what a session holds is sealed, and what it is found by is a hash.

While somebody signs in, their session holds their address and the code they were sent. The cookie holds the key; the
rows (Django's own, and allauth's list of where somebody is signed in) hold its hash.
"""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.sessions.serializers import JSONSerializer
from django.db import models

from accounts.fields import seal, unseal


class SealedSerializer:
    """Django's own JSON, sealed. A session that cannot be opened is an empty one: the person signs in again."""

    def dumps(self, obj: Any) -> bytes:
        return seal(JSONSerializer().dumps(obj).decode("latin-1")).encode()

    def loads(self, data: bytes) -> Any:
        return JSONSerializer().loads(unseal(data.decode()).encode("latin-1"))


class StoredKey(str):
    """A session's key as its row has it. Whoever brings it as a cookie brings plain text, which is hashed once more."""

    __slots__ = ()


def stored_key(key: str) -> StoredKey:
    """Return what a row keeps of a session's key: 160 bits of SHA-256 in hex, which is as wide as the column.

    It takes no secret: a key is 32 random letters, and nobody guesses those.
    """
    return StoredKey(hashlib.sha256(key.encode()).hexdigest()[:40])


class SessionKeyField(models.CharField):
    """The key of a session, hashed in the database, on a model that is not ours.

    It is found by the key, and by what was read from a row (StoredKey). To migrations it is the plain field that its
    own app declares.
    """

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        if prepared is None or isinstance(prepared, StoredKey):
            return prepared
        return stored_key(prepared)

    def from_db_value(self, value: str | None, *_: object) -> StoredKey | None:
        return None if value is None else StoredKey(value)
