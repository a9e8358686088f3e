"""What every page of the admin has in common."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db import models
from django.forms import Field
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

#: Kinds of look-ups that filters and the row of dates make links of.
_KINDS = {"exact", "in", "isnull", "gt", "gte", "lt", "lte", "year", "month", "day"}


#: Under every field that a person is picked in.
HOW_TO_FIND = _(
    "Type a number (“Member #5”) or a whole email address. A person you look up by address can see that you looked."
)


def is_picking(request: HttpRequest) -> bool:
    """Return whether a field asks what to offer while one types into it."""
    return request.resolver_match is not None and request.resolver_match.url_name == "autocomplete"


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

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Field | None:
        if db_field.related_model is get_user_model() and db_field.name in self.get_autocomplete_fields(request):
            kwargs["help_text"] = HOW_TO_FIND
        return super().formfield_for_dbfield(db_field, request, **kwargs)
