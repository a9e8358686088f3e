"""The finder's questions. All of them may come from an address that someone typed, shared or broke."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.http import QueryDict
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from meetings.enums import FormatCategory, MeetingKind, VenueType
from meetings.geo import KM_PER_MILE, Point
from meetings.queries.finder import DISTANCE, WHEN, Criteria, FormatWords, Near, NearAnswer, find_place

KM, MILES = "km", "mi"
TODAY, TOMORROW = "today", "tomorrow"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DEFAULT_RADIUS = {KM: 25.0, MILES: 15.0}
#: Wider than this, "near" says nothing.
MIN_RADIUS, MAX_RADIUS = 0.1, 1000.0

DAY_CHOICES = [
    (TODAY, _("Today")),
    (TOMORROW, _("Tomorrow")),
    *((slug, capfirst(WEEKDAYS_ABBR[number])) for number, slug in enumerate(WEEKDAYS)),
]
#: The order in which formats are offered.
FORMAT_GROUPS = (
    FormatCategory.OPENNESS,
    FormatCategory.AUDIENCE,
    FormatCategory.LANGUAGE,
    FormatCategory.LOCATION,
    FormatCategory.PROGRAMME,
)
#: The order in which an address names what is asked.
PARAMETERS = (
    "q", "near", "lat", "lon", "radius", "unit", "day", "from", "until", "format", "venue", "kind", "sort",
)  # fmt: skip


class ChipsField(forms.MultipleChoiceField):
    """Several of a few choices, as chips to tick."""

    widget = forms.CheckboxSelectMultiple
    default_error_messages: ClassVar = {"invalid_choice": _("“%(value)s” is not one of the choices.")}


class PositionField(forms.FloatField):
    """Half of a position, filled in by a button; a broken one comes from a broken address."""

    default_error_messages: ClassVar = dict.fromkeys(
        ("invalid", "min_value", "max_value"), _("The position in this address cannot be read. Name a place instead.")
    )


class FinderForm(forms.Form):
    """What, where, when; sent by GET and always bound, so that an empty address is an empty question.

    A part that cannot be understood gets a message beside its field and is left out; the others still work.
    """

    #: Nothing has to be filled in, so no label says so.
    is_all_optional = True

    q = forms.CharField(label=_("Words"), max_length=200, required=False)
    near = forms.CharField(label=_("Near"), max_length=120, required=False)
    lat = PositionField(min_value=-90, max_value=90, required=False, widget=forms.HiddenInput)
    lon = PositionField(min_value=-180, max_value=180, required=False, widget=forms.HiddenInput)
    radius = forms.FloatField(
        label=_("Within"),
        min_value=MIN_RADIUS,
        max_value=MAX_RADIUS,
        required=False,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), _("Give a number from 0.1 to 1000.")),
    )
    unit = forms.ChoiceField(label=_("Unit"), choices=[(KM, _("km")), (MILES, _("miles"))], required=False)
    day = ChipsField(label=_("Day"), choices=DAY_CHOICES, required=False)
    format = ChipsField(required=False, label="")
    venue = ChipsField(
        label=_("How to take part"),
        choices=[
            (VenueType.IN_PERSON, _("In person")),
            (VenueType.ONLINE, _("Online")),
            (VenueType.HYBRID, _("Both at once")),
        ],
        required=False,
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("All kinds")), *MeetingKind.choices], required=False)
    sort = forms.ChoiceField(
        label=_("Sorted by"), choices=[(WHEN, _("When it starts")), (DISTANCE, _("How far it is"))], required=False
    )

    def __init__(self, data: QueryDict, *, formats: list[FormatWords], default_unit: str = KM, **options: Any) -> None:
        super().__init__(_with_defaults(data, default_unit), label_suffix="", **options)
        # "from" is a word of Python's, so the two ends of the hours are declared by name.
        formats_accepted = ["%H:%M", "%H:%M:%S"]
        for name, label in (("from", _("Starts from")), ("until", _("Starts until"))):
            self.fields[name] = forms.TimeField(
                label=label,
                required=False,
                input_formats=formats_accepted,
                error_messages={"invalid": _("Write a time like 18:30.")},
                widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            )
        self.format_names = {words.slug: words.name for words in formats}
        self.fields["format"].choices = _by_category(formats)  # type: ignore[attr-defined]
        self.fields["near"].widget.attrs.update(
            {"placeholder": _("City or ZIP code"), "autocomplete": "off", "enterkeyhint": "search"}
        )
        self.fields["q"].widget.attrs.update({"autocomplete": "off", "enterkeyhint": "search"})
        self.fields["radius"].widget.attrs.update({"step": "any", "inputmode": "decimal"})
        self.near_answer = NearAnswer()

    def clean_near(self) -> str:
        near: str = self.cleaned_data["near"]
        if not near:
            return near
        self.near_answer = find_place(near)
        if self.near_answer.area:
            raise forms.ValidationError(
                _("%(area)s is too wide to be near to. Name a city or a US ZIP code in it."),
                code="area",
                params={"area": self.near_answer.area},
            )
        if not self.near_answer.places:
            raise forms.ValidationError(
                _("We do not know this place. Try a city with its state or country, or a US ZIP code."), code="unknown"
            )
        return near

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if (cleaned.get("lat") is None) != (cleaned.get("lon") is None) and not {"lat", "lon"} & set(self.errors):
            self.add_error(None, _("A position needs both a latitude and a longitude."))
        return cleaned

    # -- What was understood -------------------------------------------------------------------------------------------

    @cached_property
    def place(self) -> Near | None:
        """The place that was named, or None."""
        return self.near_answer.places[0] if self._value("near") and self.near_answer.places else None

    @cached_property
    def position(self) -> Point | None:
        """The reader's own position, unless they named a place, which then counts."""
        latitude, longitude = self._value("lat"), self._value("lon")
        if self._text("near") or latitude is None or longitude is None:
            return None
        return Point(latitude, longitude)

    @property
    def center(self) -> Point | None:
        return self.place.point if self.place else self.position

    @property
    def unit_or_default(self) -> str:
        return self._value("unit") or KM

    @property
    def radius_or_default(self) -> float:
        """In the unit asked for."""
        return self._value("radius") or DEFAULT_RADIUS[self.unit_or_default]

    @property
    def sort_or_default(self) -> str:
        return self._value("sort") or WHEN

    def chosen(self, name: str) -> list[str]:
        """Return the choices of a field that are among those offered, in the order offered, however the rest reads."""
        self.errors  # noqa: B018  # validates
        given = set(self.data.getlist(name))  # type: ignore[attr-defined]  # a QueryDict
        return [value for value in _flat(self.fields[name].choices) if value in given]  # type: ignore[attr-defined]

    def criteria(self) -> Criteria:
        """Return what was understood of the question."""
        days = self.chosen("day")
        weekdays = [WEEKDAYS.index(day) for day in days if day in WEEKDAYS]
        factor = KM_PER_MILE if self.unit_or_default == MILES else 1.0
        return Criteria(
            words=tuple((self._value("q") or "").split()),
            center=self.center,
            radius_km=self.radius_or_default * factor,
            # Every day of the week is no choice of day.
            weekdays=frozenset(weekdays if len(weekdays) < len(WEEKDAYS) else ()),
            is_today=TODAY in days and len(weekdays) < len(WEEKDAYS),
            is_tomorrow=TOMORROW in days and len(weekdays) < len(WEEKDAYS),
            starts_from=self._value("from"),
            starts_until=self._value("until"),
            formats=tuple(self.chosen("format")),
            venues=tuple(self.chosen("venue")),
            kind=self._value("kind") or "",
            sort=self.sort_or_default,
        )

    def parameters(self) -> QueryDict:
        """Return the question as an address writes it: what was understood, in one order, without what is default."""
        parameters = QueryDict(mutable=True)
        values: dict[str, list[str]] = {name: [] for name in PARAMETERS}
        values["q"] = [self._value("q") or ""]
        if self.place:
            values["near"] = [self._value("near")]
        elif self.position:
            values["lat"], values["lon"] = [f"{self.position.latitude:g}"], [f"{self.position.longitude:g}"]
        if self.center:
            # Written out even where they are the reader's defaults: whoever is sent the address has others.
            values["radius"], values["unit"] = [f"{self.radius_or_default:g}"], [self.unit_or_default]
            values["sort"] = [self.sort_or_default if self.sort_or_default != WHEN else ""]
        for name in ("day", "format", "venue"):
            values[name] = self.chosen(name)
        for name in ("from", "until"):
            values[name] = [self._value(name).strftime("%H:%M")] if self._value(name) else []
        values["kind"] = [self._value("kind") or ""]
        for name in PARAMETERS:
            if kept := [value for value in values[name] if value]:
                parameters.setlist(name, kept)
        return parameters

    def _value(self, name: str) -> Any:
        self.errors  # noqa: B018  # validates
        return self.cleaned_data.get(name)

    def _text(self, name: str) -> str:
        return str(self.data.get(name, "")).strip()


def _with_defaults(data: QueryDict, unit: str) -> QueryDict:
    filled = data.copy()
    if not filled.get("unit"):
        filled["unit"] = unit
    if not filled.get("radius"):
        filled["radius"] = f"{DEFAULT_RADIUS.get(str(filled['unit']), DEFAULT_RADIUS[KM]):g}"
    return filled


def _flat(choices: Any) -> list[str]:
    flat = []
    for value, label in choices:
        flat.extend([choice for choice, _label in label] if isinstance(label, (list, tuple)) else [value])
    return [str(value) for value in flat]


def _by_category(formats: list[FormatWords]) -> list[tuple[str, list[tuple[str, str]]]]:
    groups = [
        (str(category.label), [(words.slug, words.name) for words in formats if words.category == category])
        for category in FORMAT_GROUPS
    ]
    return [group for group in groups if group[1]]
