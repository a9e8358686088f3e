"""Columns that lists filled before their words were tidied: tidy when read, whatever lies there."""

from __future__ import annotations

from typing import Any

from django.db import models

from meetings import addresses


class _TidyCharField(models.CharField):
    """A plain field to migrations."""

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs


class AddressField(_TidyCharField):
    """A line of an address, without stray commas."""

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        return addresses.without_stray_commas(value) if value else value


class RegionField(_TidyCharField):
    """A region: of a path of them the narrowest."""

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        return addresses.narrowest(value) if value else value
