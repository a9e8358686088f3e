"""The finder's questions. All of them may come from an address that someone typed, shared or broke."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms.boundfield import BoundWidget
from django.http import QueryDict
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from meetings import gazetteer
from meetings.enums import FormatCategory, MeetingKind, VenueType
from meetings.geo import KM_PER_MILE, Point
from meetings.queries.finder import (
    DISTANCE,
    PARTS_OF_DAY,
    WHEN,
    Criteria,
    FormatWords,
    Near,
    NearAnswer,
    find_place,
    places_spelled_like,
)

KM, MILES = "km", "mi"
TODAY, TOMORROW = "today", "tomorrow"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DEFAULT_RADIUS = {KM: 25.0, MILES: 15.0}
#: What a reader may choose from; an address may ask for any other within the bounds.
RADII = (5, 10, 15, 25, 50, 100, 250)
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
#: What a button of the form asks for beside what is typed and ticked in it; see `changed`.
CHANGE = "change"
PART_NAMES = {"morning": _("Morning"), "afternoon": _("Afternoon"), "evening": _("Evening")}
#: What most look for, by slug of meetings.vocabulary; the other formats stand behind them.
COMMON_FORMATS = (
    "open", "closed", "beginners", "women", "men", "young-people", "lgbtq", "wheelchair", "step", "discussion",
    "speaker", "spanish",
)  # fmt: skip


def changed(data: QueryDict) -> QueryDict:
    """Return what is asked once the button that sent a form is taken in.

    Its value is a query string: a name takes the values given there instead of the form's, and a name with a minus
    loses them ("sort=distance", "-day=tue"). So what was typed beside the button is asked as well.
    """
    asked = data.copy()
    for change in data.getlist(CHANGE):
        for name, values in QueryDict(change).lists():
            if name.startswith("-"):
                asked.setlist(name[1:], [value for value in asked.getlist(name[1:]) if value not in values])
            else:
                asked.setlist(name, values)
    asked.pop(CHANGE, None)
    return asked


class ChipsField(forms.MultipleChoiceField):
    """Several of a few choices, as chips to tick."""

    widget = forms.CheckboxSelectMultiple
    default_error_messages: ClassVar = {"invalid_choice": _("“%(value)s” is not one of the choices.")}


class PositionField(forms.FloatField):
    """Half of a position, filled in by a button; a broken one comes from a broken address."""

    default_error_messages: ClassVar = dict.fromkeys(
        ("invalid", "min_value", "max_value"), _("We can’t read the location in this link. Enter a place instead.")
    )


class FinderForm(forms.Form):
    """What, where, when; sent by GET and always bound, so that an empty address is an empty question.

    A part that cannot be understood gets a message beside its field and is left out; the others still work.
    """

    #: Nothing has to be filled in, so no label says so.
    is_all_optional = True

    q = forms.CharField(label=_("Keyword"), max_length=200, required=False)
    near = forms.CharField(label=_("Near"), max_length=120, required=False)
    lat = PositionField(min_value=-90, max_value=90, required=False, widget=forms.HiddenInput)
    lon = PositionField(min_value=-180, max_value=180, required=False, widget=forms.HiddenInput)
    radius = forms.FloatField(
        label=_("Within"),
        min_value=MIN_RADIUS,
        max_value=MAX_RADIUS,
        required=False,
        widget=forms.Select,
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), _("Give a number from 0.1 to 1000.")),
    )
    unit = forms.ChoiceField(choices=[(KM, _("km")), (MILES, _("miles"))], required=False, widget=forms.HiddenInput)
    day = ChipsField(label=_("Day"), choices=DAY_CHOICES, required=False)
    format = ChipsField(required=False, label="")
    venue = ChipsField(
        label=_("How to attend"),
        choices=[
            (VenueType.IN_PERSON, _("In person")),
            (VenueType.ONLINE, _("Online")),
            (VenueType.HYBRID, _("In person and online")),
        ],
        required=False,
    )
    kind = forms.ChoiceField(label=_("Type"), choices=[("", _("All types")), *MeetingKind.choices], required=False)
    sort = forms.ChoiceField(choices=[(WHEN, ""), (DISTANCE, "")], required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict, *, formats: list[FormatWords], default_unit: str = KM, **options: Any) -> None:
        asked = changed(data)
        super().__init__(_with_defaults(asked, default_unit), label_suffix="", **options)
        #: Else it goes by the reader's zone, and a first page may be made before that is known.
        self.is_unit_given = bool(asked.get("unit"))
        # "from" is a word of Python's, so the two ends of the hours are declared by name.
        formats_accepted = ["%H:%M", "%H:%M:%S"]
        for name, label in (("from", _("Starts after")), ("until", _("Starts before"))):
            self.fields[name] = forms.TimeField(
                label=label,
                required=False,
                input_formats=formats_accepted,
                error_messages={"invalid": _("Write a time like 18:30.")},
                widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            )
        self.format_names = {words.slug: words.name for words in formats}
        self.fields["format"].choices = _common_first(formats)  # type: ignore[attr-defined]
        self.fields["radius"].widget.choices = _radii(str(self.data["radius"]), str(self.data["unit"]))
        self.default_unit = default_unit
        self.fields["near"].widget.attrs.update(
            {"placeholder": _("City or ZIP code"), "autocomplete": "off", "enterkeyhint": "search"}
        )
        self.fields["q"].widget.attrs.update({"autocomplete": "off", "enterkeyhint": "search"})
        self.near_answer = NearAnswer()

    def clean_near(self) -> str:
        near: str = self.cleaned_data["near"]
        if not near:
            return near
        self.near_answer = find_place(near)
        if self.near_answer.area:
            raise forms.ValidationError(
                _("%(area)s is too large an area. Enter a city or ZIP code."),
                code="area",
                params={"area": self.near_answer.area},
            )
        if not self.near_answer.places:
            self.near_answer = NearAnswer(places_spelled_like(near))
            raise forms.ValidationError(_why_unknown(near), code="unknown")
        return near

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if (cleaned.get("lat") is None) != (cleaned.get("lon") is None) and not {"lat", "lon"} & set(self.errors):
            self.add_error(None, _("A position needs both a latitude and a longitude."))
        return cleaned

    @property
    def has_unknown_place(self) -> bool:
        """Whether a place was asked for and not understood: what is anywhere else is no answer then."""
        return bool({"near", "lat", "lon", NON_FIELD_ERRORS} & set(self.errors))

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
        """Where to look around; None where all that is asked for can be joined from anywhere."""
        if self.is_online_alone:
            return None
        return self.place.point if self.place else self.position

    @cached_property
    def is_online_alone(self) -> bool:
        venues = self.chosen("venue")
        return VenueType.ONLINE in venues and VenueType.IN_PERSON not in venues

    @property
    def part_of_day(self) -> str:
        """The part of the day that the hours are those of, or ""."""
        hours = (self._value("from"), self._value("until"))
        return next((part for part, window in PARTS_OF_DAY.items() if window == hours), "")

    @cached_property
    def format_boxes(self) -> list[tuple[str, list[BoundWidget]]]:
        """The boxes of the formats under the name of each group; the first group has none."""
        boxes = {str(box.data["value"]): box for box in self["format"].subwidgets}
        groups: Any = self.fields["format"].choices  # type: ignore[attr-defined]
        return [(name, [boxes[slug] for slug, _name in choices]) for name, choices in groups]

    @property
    def unit_or_default(self) -> str:
        return self._value("unit") or KM

    @property
    def radius_or_default(self) -> float:
        """In the unit asked for."""
        return self._value("radius") or DEFAULT_RADIUS[self.unit_or_default]

    @property
    def radius_words(self) -> str:
        return self.distance_words(self.radius_or_default)

    def distance_words(self, distance: float) -> str:
        """Return "15 miles", in the unit asked for."""
        return distance_words(distance, self.unit_or_default)

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
        if self.place or self.position:
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


def _why_unknown(near: str) -> str:
    if gazetteer.is_postcode_elsewhere(near):
        return gettext("We only know US ZIP codes. Enter a city instead.")
    if gazetteer.is_zip_code(near):
        return gettext("We don’t know this ZIP code. Check it, or enter a city.")
    return gettext("We don’t know this place. Enter a city with its state or country, or a US ZIP code.")


def _with_defaults(data: QueryDict, unit: str) -> QueryDict:
    filled = data.copy()
    if not filled.get("unit"):
        filled["unit"] = unit
    radius = _number(str(filled.get("radius") or DEFAULT_RADIUS.get(str(filled["unit"]), DEFAULT_RADIUS[KM])))
    if radius is not None:
        filled["radius"] = f"{radius:g}"
    return filled


def _flat(choices: Any) -> list[str]:
    flat = []
    for value, label in choices:
        flat.extend([choice for choice, _label in label] if isinstance(label, (list, tuple)) else [value])
    return [str(value) for value in flat]


def _radii(asked: str, unit: str) -> list[tuple[str, str]]:
    """Return what to choose from in the unit asked for, and what an address asks for besides."""
    choices = {str(radius) for radius in RADII} | ({asked} if _number(asked) is not None else set())
    return [(choice, distance_words(float(choice), unit)) for choice in sorted(choices, key=float)]


def distance_words(distance: float, unit: str) -> str:
    """Return "15 miles" or "25 km"."""
    words = _("%(number)s miles") if unit == MILES else _("%(number)s km")
    return str(words) % {"number": f"{distance:g}"}


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if MIN_RADIUS <= number <= MAX_RADIUS else None


def _common_first(formats: list[FormatWords]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the formats in groups: what most look for, under no name, then the others by what they speak of."""
    known = {words.slug: words for words in formats}
    common = [(slug, known[slug].name) for slug in COMMON_FORMATS if slug in known]
    return [("", common), *_by_category([words for words in formats if words.slug not in COMMON_FORMATS])]


def _by_category(formats: list[FormatWords]) -> list[tuple[str, list[tuple[str, str]]]]:
    groups = [
        (str(category.label), [(words.slug, words.name) for words in formats if words.category == category])
        for category in FORMAT_GROUPS
    ]
    return [group for group in groups if group[1]]
