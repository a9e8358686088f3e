"""Encryption at rest for what could identify a person.

Values are sealed with Fernet (AES-128-CBC and HMAC-SHA256, from `cryptography`) under `settings.CONTACT_KEYS`: the
first seals, all open. A sealed value cannot be searched, so a keyed hash stands beside it for exact look-up.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _keys() -> tuple[str, ...]:
    return tuple(settings.CONTACT_KEYS)


def lookup_hash(value: str, key: str | None = None) -> str:
    """Return the keyed hash (HMAC-SHA256, hex) that an encrypted `value` is found by; `key` defaults to the first."""
    secret = key if key is not None else _keys()[0]
    return hmac.new(b"lookup:" + secret.encode(), value.encode(), hashlib.sha256).hexdigest()


def lookup_hashes(value: str) -> list[str]:
    """Return the hash of `value` under every key in use, so that look-ups work while keys are being rotated."""
    return [lookup_hash(value, key) for key in _keys()]


class EncryptedTextField(models.TextField):
    """Text that is readable in Python and sealed in the database."""

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        if prepared in (None, ""):
            return prepared
        return _box(_keys()).encrypt(prepared.encode()).decode()

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        if value in (None, ""):
            return value
        assert value is not None
        return _box(_keys()).decrypt(value.encode()).decode()
