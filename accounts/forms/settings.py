"""How a person wants to be named, and to read dates and times."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.enums import HourCycle
from accounts.models import User
from support import clock


class ZoneInput(forms.TextInput):
    """A text field that offers every zone while one types; works with scripts off."""

    template_name = "accounts/widgets/zone.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["zones"] = common_zones()
        return context


def common_zones() -> list[str]:
    """Return the zones named after a place, those of the site's own country first: what a person may look for."""
    own, others = clock.places_zones(settings.DEFAULT_TIME_ZONE)
    return [*own, *others, "UTC"]


class ZoneField(forms.CharField):
    """An IANA zone, typed in full or by its city alone ("new york")."""

    widget = ZoneInput

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        wanted = text.strip().replace(" ", "_").casefold()
        names = common_zones()
        whole = [name for name in names if name.casefold() == wanted]
        by_city = [name for name in names if name.rpartition("/")[2].casefold() == wanted]
        found = whole or by_city
        if len(found) == 1:
            return found[0]
        if clock.is_zone(text.strip()):
            return text.strip()
        raise forms.ValidationError(_("Choose a zone from the list, such as America/New_York."), code="zone")


class SettingsForm(forms.Form):
    """What a person may change about themselves without proving anything."""

    display_name = forms.CharField(
        label=_("Display name"),
        required=False,
        max_length=40,
        help_text=_("It doesn’t have to be your real name. A first name and an initial at most."),
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )
    tz = ZoneField(label=_("Time zone"), max_length=64, help_text=_("Type a city, such as New York or Madrid."))
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    hour_cycle = forms.ChoiceField(label=_("Clock"), choices=HourCycle.choices, widget=forms.RadioSelect)

    fields_of_user: ClassVar = ("display_name", "tz", "language", "hour_cycle")

    @classmethod
    def for_user(cls, user: User) -> SettingsForm:
        """Return the form as the account stands."""
        return cls(initial={name: getattr(user, name) for name in cls.fields_of_user})
