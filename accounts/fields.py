"""Encryption at rest for what could identify a person.

Two ways of sealing, under keys derived from `settings.CONTACT_KEYS` (the first seals, all open):

- `EncryptedTextField`: Fernet (AES-128-CBC and HMAC-SHA256). The same text never seals alike, so it cannot be searched,
  and asking for it is refused; where it must be found, a keyed hash stands beside it.
- `SealedEmailField`: AES-SIV (RFC 5297), authenticated and deterministic. The same address always seals alike, so that
  equality, uniqueness and joins work in the database, and nothing else does. It tells a thief of the database what a
  keyed hash beside it would: which rows are equal.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import connection, models
from django.db.models.lookups import Exact, In, Lookup


class Unreadable(InvalidToken, ValueError):
    """Something sealed that no key in use here opens: the key is another host's, or lost, or the text is damaged."""


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _keys() -> tuple[str, ...]:
    return tuple(settings.CONTACT_KEYS)


def seal(text: str) -> str:
    """Return `text` sealed under the first key; never the same twice."""
    return _box(_keys()).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Return what `seal` was given, under any key in use. Raises Unreadable for anything else."""
    try:
        return _box(_keys()).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable("sealed under no key in use") from error


def keyring() -> str:
    """Return what tells the keys in use here from another host's: 8 hex digits, from which no key can be guessed."""
    return hashlib.blake2s(b"keyring", key=hashlib.sha256("".join(sorted(_keys())).encode()).digest()).hexdigest()[:8]


def lookup_hash(value: str, key: str | None = None) -> str:
    """Return the keyed hash (HMAC-SHA256, hex) that an encrypted `value` is found by; `key` defaults to the first."""
    secret = key if key is not None else _keys()[0]
    return hmac.new(b"lookup:" + secret.encode(), value.encode(), hashlib.sha256).hexdigest()


def lookup_hashes(value: str) -> list[str]:
    """Return the hash of `value` under every key in use, so that look-ups work while keys are being rotated."""
    return [lookup_hash(value, key) for key in _keys()]


class Sealed:
    """What all sealed fields are, so that keys are changed for every one of them: see accounts.services.keys."""


class _SealedText(Sealed, models.Field):
    """A field of text, readable in Python and sealed in the database. Nothing at all stays nothing."""

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return prepared if prepared in (None, "") else seal(prepared)

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        return unseal(value) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        # A seal is like no other: refuse to ask rather than answer "nobody".
        return super().get_lookup(lookup_name) if lookup_name in {"exact", "isnull"} else None


class EncryptedTextField(_SealedText, models.TextField):
    """Text that is readable in Python and sealed in the database."""


class BorrowedEncryptedCharField(_SealedText, models.CharField):
    """The same on a model that is not ours: to migrations it is the plain field that its own app declares.

    Its column must have room: 140 characters for what has 40 bytes.
    """

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


@_SealedText.register_lookup
class _WhetherEmpty(Exact):
    """Equality with nothing at all, which is all that can be asked of a seal."""

    def get_prep_lookup(self) -> Any:
        if self.rhs != "":
            raise FieldError("A sealed text cannot be looked for.")
        return self.rhs


class BorrowedEncryptedJSONField(Sealed, models.JSONField):
    """What another app keeps as JSON: one JSON string in its column, which is the sealed text of it."""

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return None if prepared is None else seal(json.dumps(prepared, cls=self.encoder))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        sealed = super().from_db_value(value, expression, connection)
        return None if sealed is None else json.loads(unseal(sealed), cls=self.decoder)

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None

    def get_transform(self, lookup_name: str) -> Any:
        return None


#: Rows that are read, and written, at a time.
_BATCH = 500


def rewrite_column(model: Any, name: str, change: Callable[[Any], Any]) -> None:
    """Replace what lies in a column by `change` of it, batch by batch; nothing and an empty text stay.

    For migrations, whose model must have the plain field: what is read and written is then what lies in the database.
    """
    field, key = model._meta.get_field(name), model._meta.pk
    quoted = [connection.ops.quote_name(word) for word in (model._meta.db_table, field.column, key.column)]
    # Faster than bulk_update, which builds an expression for each row.
    statement = "UPDATE {} SET {} = %s WHERE {} = %s".format(*quoted)  # noqa: S608  # names of a model
    rows = model.objects.order_by("pk")
    last = None
    with connection.cursor() as cursor:
        while batch := list((rows if last is None else rows.filter(pk__gt=last)).values_list("pk", name)[:_BATCH]):
            last = batch[-1][0]
            changed = [(change(value), pk) for pk, value in batch if value not in (None, "")]
            cursor.executemany(statement, [(field.get_db_prep_save(value, connection), pk) for value, pk in changed])


#: Room for the longest address that Django accepts (320 characters, of up to four bytes), sealed.
SEALED_EMAIL_LENGTH = 2048
_SIV_CONTEXT = [b"homegroup.email"]
_SIV_PREFIX = "siv1."


@lru_cache(maxsize=8)
def _siv(key: str) -> AESSIV:
    return AESSIV(hmac.new(b"sealed email", key.encode(), hashlib.sha512).digest())


def seal_email(address: str, key: str | None = None) -> str:
    """Return an address, in lower case, sealed under `key` (the first in use); always the same for the same."""
    normal = address.strip().lower().encode()
    sealed = _siv(key if key is not None else _keys()[0]).encrypt(normal, _SIV_CONTEXT)
    return _SIV_PREFIX + base64.urlsafe_b64encode(sealed).decode()


def unseal_email(sealed: str) -> str:
    """Return the address that `seal_email` was given, under any key in use; raises Unreadable for anything else."""
    if not sealed.startswith(_SIV_PREFIX):
        raise Unreadable("not a sealed address")
    raw = base64.urlsafe_b64decode(sealed.removeprefix(_SIV_PREFIX))
    for key in _keys():
        try:
            return _siv(key).decrypt(raw, _SIV_CONTEXT).decode()
        except InvalidTag:
            continue
    raise Unreadable("sealed under no key in use")


class SealedEmailField(Sealed, models.EmailField):
    """An email address, readable in Python and sealed in the database; found whole, in any case, or not at all."""

    _known_lookups = frozenset({"exact", "iexact", "icontains", "in", "isnull"})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", SEALED_EMAIL_LENGTH)
        super().__init__(*args, **kwargs)

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return prepared if prepared in (None, "") else seal_email(prepared)

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        return unseal_email(value) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        # A part of a sealed address matches nothing: refuse to ask rather than answer "nobody".
        return super().get_lookup(lookup_name) if lookup_name in self._known_lookups else None


def _seals(address: Any) -> list[str]:
    return [seal_email(str(address), key) for key in _keys()] if address not in (None, "") else [""]


class _SealedExact(Exact):
    """Equality under any key in use, so that look-ups work while keys are being rotated."""

    prepare_rhs = False

    def process_lhs(self, compiler: Any, connection: Any, lhs: Any = None) -> Any:
        # PostgreSQL would compare in capitals where case does not matter, and a seal in capitals is another one.
        return Lookup.process_lhs(self, compiler, connection, lhs)

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        if not self.rhs_is_direct_value():
            return super().as_sql(compiler, connection)
        column, parameters = self.process_lhs(compiler, connection)
        seals = _seals(self.rhs)
        return f"{column} IN ({', '.join(['%s'] * len(seals))})", [*parameters, *seals]


@SealedEmailField.register_lookup
class SealedExact(_SealedExact):
    lookup_name = "exact"


@SealedEmailField.register_lookup
class SealedIExact(_SealedExact):
    """Addresses are sealed in lower case, so every look-up disregards case."""

    lookup_name = "iexact"


@SealedEmailField.register_lookup
class SealedIContains(_SealedExact):
    """What search boxes of the admin ask: they find a whole address."""

    lookup_name = "icontains"


@SealedEmailField.register_lookup
class SealedIn(In):
    def get_prep_lookup(self) -> Any:
        if not self.rhs_is_direct_value():
            return super().get_prep_lookup()
        given: Iterable[Any] = self.rhs
        return [sealed for address in given for sealed in _seals(address)]


class BorrowedSealedEmailField(SealedEmailField):
    """The same on a model that is not ours: to migrations it is the plain field that its own app declares."""

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.EmailField", args, kwargs
