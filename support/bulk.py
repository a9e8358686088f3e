"""Writing very many rows at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Field, Model


def insert_new(rows: Iterable[Model]) -> None:
    """Write new rows of one model; one that is there already, by a unique constraint, is left as it is.

    It does what `bulk_create(rows, ignore_conflicts=True)` does, which prepares, sends and reads every value of every
    row. Where messages for many people are planned most values are the same in all rows, and PostgreSQL gets these
    once. For models without fields that need a placeholder of their own; the rows know no ids afterwards.
    """
    written = list(rows)
    if not written:
        return
    model = type(written[0])
    if connection.vendor != "postgresql" or len(written) == 1:
        model._base_manager.bulk_create(written, ignore_conflicts=True)
        return
    fields = [field for field in model._meta.local_concrete_fields if not field.primary_key]
    shared: dict[str, Any] = {}
    own: dict[str, list[Any]] = {}
    types: dict[str, str] = {}
    for field in fields:
        values, column = _prepared(field, written), str(field.column)
        # Without its length: one that is too long is to be refused, not cut.
        types[column] = str(field.db_type(connection)).partition("(")[0]
        # One list at least has to say how many rows there are.
        if own and all(value is values[0] for value in values):
            shared[column] = values[0]
        else:
            own[column] = values
    quote = connection.ops.quote_name
    columns = ", ".join(map(quote, [*shared, *own]))
    selected = ", ".join([*(f"%s::{types[column]}" for column in shared), *(f"each.{quote(column)}" for column in own)])
    lists = ", ".join(f"%s::{types[column]}[]" for column in own)
    named = ", ".join(map(quote, own))
    sql = (
        f"INSERT INTO {quote(model._meta.db_table)} ({columns})"  # noqa: S608  # names and types of the model's columns
        f" SELECT {selected} FROM UNNEST({lists}) AS each ({named}) ON CONFLICT DO NOTHING"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*shared.values(), *own.values()])


def _prepared(field: Field[Any, Any], rows: Sequence[Model]) -> list[Any]:
    """Return the values of a field as the database takes them, each different one prepared once."""
    raw = [getattr(row, field.attname) for row in rows]
    prepared = {value: field.get_db_prep_save(value, connection) for value in set(raw)}
    return [prepared[value] for value in raw]
