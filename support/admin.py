"""What every page of the admin has in common."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

#: Kinds of look-ups that filters and the row of dates make links of.
_KINDS = {"exact", "in", "isnull", "gt", "gte", "lt", "lte", "year", "month", "day"}


class NarrowModelAdmin(admin.ModelAdmin):
    """A list that can be asked for what it offers itself: its filters and its dates.

    Django's own answers for every column that somebody writes into the address, "?password__startswith=a" too.
    """

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        assert request is not None
        # A filter is a column's name, or a class that names its own parameter.
        offered = {getattr(each, "parameter_name", each) for each in self.get_list_filter(request)}
        offered.add(self.date_hierarchy)
        name, _, kind = lookup.rpartition("__")
        return lookup in offered or (name in offered and kind in _KINDS)
