"""How a person wants to be named, and to read dates and times."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.enums import HourCycle
from accounts.models import User
from support import clock, wording


class ZoneInput(forms.TextInput):
    """A text field that offers every zone while one types; works with scripts off."""

    template_name = "accounts/widgets/zone.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["zones"] = [wording.zone_place(zone) for zone in common_zones()]
        return context


def common_zones() -> list[str]:
    """Return the zones named after a place, those of the site's own country first: what a person may look for."""
    own, others = clock.places_zones(settings.DEFAULT_TIME_ZONE)
    return [*own, *others, "UTC"]


def zone_meant(text: str) -> str | None:
    """Return the IANA zone that somebody means who types a place, in the page's language or English, or a zone's name.

    None where there is no such zone, or more than one. Names that lists of zones leave out, as older ones, count last.
    """
    wanted = text.strip().casefold()
    for names in (common_zones(), clock.zone_names()):
        whole = [name for name in names if name.casefold() == wanted.replace(" ", "_")]
        found = whole or [name for name in names if wanted in _places_named(name)]
        if len(found) == 1:
            return found[0]
    return None


def _places_named(tz: str) -> set[str]:
    city = tz.rpartition("/")[2].replace("_", " ")
    return {city.casefold(), wording.zone_place(tz).casefold()}


class ZoneField(forms.CharField):
    """An IANA zone, shown and typed by its city ("New York"); its whole name will do."""

    widget = ZoneInput

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, str) or not clock.is_zone(value):
            return value
        words = wording.zone_place(value)
        # What is shown must lead back: "US/Eastern" and "Canada/Eastern" stay as they are.
        return words if zone_meant(words) else value

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if not text:
            return ""
        if zone := zone_meant(text):
            return zone
        raise forms.ValidationError(_("Choose a city from the list, such as New York."), code="zone")


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

    def __init__(self, data: QueryDict | None = None, *, user: User, browser_tz: str | None) -> None:
        """Show an account as it stands; `browser_tz` is offered where no zone was said yet, and may be left unsaid."""
        initial = {name: getattr(user, name) for name in self.fields_of_user} | {"tz": user.own_tz or browser_tz}
        super().__init__(data, initial=initial)
        if not user.has_own_zone:
            self.fields["tz"].required = False
            self.fields["tz"].help_text = format_lazy("{} {}", self.fields["tz"].help_text, _unsaid(user, browser_tz))

    def clean_tz(self) -> str | None:
        """Return the zone chosen, or None where it stays unsaid."""
        return self.cleaned_data["tz"] or None


def _unsaid(user: User, browser_tz: str | None) -> str:
    """Return what holds until a person says their zone."""
    if browser_tz:
        return gettext("This one is your browser’s. Choose another if it’s wrong.")
    return gettext("You haven’t said yours yet: times are in %(zone)s.") % {"zone": wording.zone_words(user.tz)}
