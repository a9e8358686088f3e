"""A listing as a coordinator writes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django import forms
from django.conf import settings
from django.forms.models import ModelChoiceIterator
from django.utils.translation import gettext_lazy as _

from meetings import gazetteer, recurrence
from meetings.enums import SignupPolicy, VenueType
from meetings.forms.finder import FORMAT_GROUPS
from meetings.models import Format, Meeting
from meetings.queries.finder import all_formats, format_words
from meetings.services.listings import MEETING_FIELDS, VENUE_FIELDS
from support import clock, wording

WEEKDAYS = (
    (0, _("Monday")),
    (1, _("Tuesday")),
    (2, _("Wednesday")),
    (3, _("Thursday")),
    (4, _("Friday")),
    (5, _("Saturday")),
    (6, _("Sunday")),
)
WEEKLY, FORTNIGHTLY, APPOINTMENT, AS_IT_IS = "1", "2", "none", "keep"
#: By which weekday of the month: the first to the fourth, and the last.
MONTHLY = {"m1": 1, "m2": 2, "m3": 3, "m4": 4, "m-1": -1}


#: What the form calls a venue's fields, where the meeting has one of that name.
_PLACE = {name: f"venue_{name}" if name in MEETING_FIELDS else name for name in VENUE_FIELDS}


class _ByCategory(ModelChoiceIterator):
    def __iter__(self) -> Iterator[tuple[str, list[tuple[Any, str]]]]:  # type: ignore[override]  # groups of choices
        formats = sorted(self.queryset, key=lambda each: gazetteer.fold(_name_of(each)))
        for category in FORMAT_GROUPS:
            if group := [self.choice(each) for each in formats if each.category == category]:
                yield str(category.label), group


class FormatsField(forms.ModelMultipleChoiceField):
    """Formats to tick, in groups, by their names in the reader's language."""

    iterator = _ByCategory
    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Format) -> str:
        return _name_of(obj)


def _name_of(format_: Format) -> str:
    return format_words([format_])[0].name


class ListingForm(forms.Form):
    """What a meeting's page says, with its rule in words. `cleaned_data["values"]`, `["place"]` and `["formats"]` are
    what services.listings.update_listing takes. `today` is by the meeting's own calendar.
    """

    name = forms.CharField(label=_("Name"), max_length=255)
    repeats = forms.ChoiceField(label=_("How often"))
    weekdays = forms.TypedMultipleChoiceField(
        label=_("Days"),
        choices=WEEKDAYS,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose a day.")},
    )
    start_time = forms.TimeField(
        label=_("Starts at"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"required": _("Enter a start time."), "invalid": _("Enter a time like 19:30.")},
    )
    minutes = forms.IntegerField(label=_("Length (minutes)"), min_value=5, max_value=24 * 60)
    tz = forms.ChoiceField(label=_("Time zone"))
    venue_type = forms.ChoiceField(label=_("How to take part"), choices=VenueType.choices)
    venue_name = forms.CharField(label=_("Name of the place"), max_length=255, required=False)
    street = forms.CharField(label=_("Street"), max_length=255, required=False)
    city = forms.CharField(label=_("City"), max_length=120, required=False)
    state = forms.CharField(label=_("State or province"), max_length=80, required=False)
    postal_code = forms.CharField(label=_("ZIP or postal code"), max_length=20, required=False)
    venue_notes = forms.CharField(
        label=_("How to find it"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The door, the floor, the bell. If the address changes, change this too."),
    )
    conference_url = forms.URLField(
        label=_("Link to join online"), max_length=1000, required=False, assume_scheme="https"
    )
    conference_phone = forms.CharField(label=_("Dial-in number"), max_length=100, required=False)
    formats = FormatsField(label=_("Formats"), queryset=Format.objects.none(), required=False)
    notes = forms.CharField(label=_("Notes"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    first_time_expect = forms.CharField(
        label=_("What to expect"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_(
            "Shown on the meeting’s page and to whoever signed up or asked for a reminder; for a family session, only"
            " to those who have a place. Leave empty what you don’t know."
        ),
    )
    first_time_entrance = forms.CharField(
        label=_("Which entrance"),
        required=False,
        max_length=255,
        help_text=_("For instance: the side door on Elm Street, second bell."),
    )
    first_time_greeter = forms.CharField(
        label=_("Who greets newcomers"),
        required=False,
        max_length=255,
        help_text=_("For instance: someone with a blue cup by the door. Name nobody who hasn’t agreed to it."),
    )
    signup_policy = forms.ChoiceField(label=_("Do people sign up?"), choices=SignupPolicy.choices)
    capacity = forms.IntegerField(
        label=_("Number of places"),
        min_value=1,
        max_value=100_000,
        required=False,
        help_text=_("Leave empty for no limit."),
    )
    is_temporarily_closed = forms.BooleanField(label=_("Temporarily closed"), required=False)
    is_published = forms.BooleanField(label=_("Shown on this site"), required=False)

    #: What belongs together on the page, every field once.
    _groups = (
        (_("Name and time"), ("name", "repeats", "weekdays", "start_time", "minutes", "tz")),
        (
            _("Place"),
            (
                "venue_type",
                "venue_name",
                "street",
                "city",
                "state",
                "postal_code",
                "venue_notes",
                "conference_url",
                "conference_phone",
            ),
        ),
        (_("About the meeting"), ("formats", "notes")),
        (_("For someone’s first time"), ("first_time_expect", "first_time_entrance", "first_time_greeter")),
        (_("Sign-up"), ("signup_policy", "capacity")),
        (_("On this site"), ("is_temporarily_closed", "is_published")),
    )

    def __init__(self, *args: Any, meeting: Meeting, today: dt.date, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.meeting = meeting
        self.today = today
        repeats, tz, formats = self.fields["repeats"], self.fields["tz"], self.fields["formats"]
        assert isinstance(repeats, forms.ChoiceField)
        assert isinstance(tz, forms.ChoiceField)
        assert isinstance(formats, forms.ModelMultipleChoiceField)
        repeats.choices = _repeat_choices(meeting)
        tz.choices = _zone_choices(meeting.tz)
        formats.queryset = all_formats(language)
        if self.is_bound and self["repeats"].value() in (APPOINTMENT, AS_IT_IS):
            self.fields["weekdays"].required = self.fields["start_time"].required = False
        if not self.is_bound:
            self.initial = {**_initial(meeting), **self.initial}

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """What belongs together on the page, each with its heading."""
        return [(str(words), [self[name] for name in names]) for words, names in self._groups]

    @property
    def chosen_formats(self) -> list[str]:
        """The names of the formats that are ticked."""
        ticked = {str(each) for each in self["formats"].value() or ()}
        field = self.fields["formats"]
        assert isinstance(field, FormatsField)
        groups: Any = field.choices
        return [str(words) for _group, choices in groups for value, words in choices if str(value) in ticked]

    def clean_venue_notes(self) -> str:
        # Browsers end lines in their own way: notes that nobody touched are the same notes.
        return "\n".join(self.cleaned_data["venue_notes"].splitlines())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("repeats") in MONTHLY and len(cleaned.get("weekdays", [])) > 1:
            self.add_error("weekdays", _("A monthly meeting is on one day. Choose one."))
        if cleaned.get("venue_type") == VenueType.ONLINE and not (
            cleaned.get("conference_url") or cleaned.get("conference_phone")
        ):
            self.add_error("conference_url", _("An online meeting needs a link or a number."))
        if not self.errors:
            cleaned["values"] = {name: self._value(name) for name in MEETING_FIELDS}
            cleaned["place"] = {name: cleaned[field] for name, field in _PLACE.items()}
        return cleaned

    def _value(self, name: str) -> Any:
        cleaned = self.cleaned_data
        if name == "duration":
            return dt.timedelta(minutes=cleaned["minutes"])
        if name == "rrule":
            return self._rrule()
        if name == "starts_on":
            return self._starts_on()
        if name == "start_time":
            return self.meeting.start_time if cleaned["repeats"] == AS_IT_IS else cleaned["start_time"]
        return cleaned[name]

    def _rrule(self) -> str:
        repeats, weekdays = self.cleaned_data["repeats"], sorted(self.cleaned_data["weekdays"])
        if repeats == APPOINTMENT:
            return ""
        if repeats == AS_IT_IS:
            return self.meeting.rrule
        until = self.meeting.rule.parts.until if self.meeting.rule else None
        if repeats in MONTHLY:
            return recurrence.monthly_nth(MONTHLY[repeats], weekdays[0], until=until)
        return recurrence.weekly(weekdays, interval=int(repeats), until=until)

    def _starts_on(self) -> dt.date | None:
        """Keep the day that the rule counts from as long as the rule is the same: every other week counts from it."""
        return self.meeting.starts_on if self._rrule() == self.meeting.rrule else self.today


def _repeat_choices(meeting: Meeting) -> list[tuple[str, Any]]:
    choices: list[tuple[str, Any]] = [
        (WEEKLY, _("Every week")),
        (FORTNIGHTLY, _("Every other week, starting this week")),
        ("m1", _("Every month, on the first")),
        ("m2", _("Every month, on the second")),
        ("m3", _("Every month, on the third")),
        ("m4", _("Every month, on the fourth")),
        ("m-1", _("Every month, on the last")),
        (APPOINTMENT, _("By appointment")),
    ]
    if _repeats(meeting) == AS_IT_IS:
        choices.insert(0, (AS_IT_IS, _("Keep the rule it has now")))
    return choices


def _zone_choices(current: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the zones in two groups: those of the site's own country, and all others by name.

    None that is chosen is lost.
    """
    own, others = clock.places_zones(settings.DEFAULT_TIME_ZONE)
    if current not in own and current not in others:
        own = (current, *own)
    groups = ((_("In this country"), own), (_("Elsewhere"), (*sorted(others, key=wording.zone_place), "UTC")))
    return [(str(words), [(zone, wording.zone_place(zone)) for zone in zones]) for words, zones in groups]


def _repeats(meeting: Meeting) -> str:
    """Return which of the choices a meeting's rule is."""
    if meeting.rule is None:
        return APPOINTMENT
    parts, mask = meeting.rule.parts, meeting.rule.weekday_mask()
    weekdays = [day for day in range(7) if mask >> day & 1]
    candidates = {WEEKLY: 1, FORTNIGHTLY: 2}
    for name, interval in candidates.items():
        if recurrence.weekly(weekdays, interval=interval, until=parts.until) == meeting.rrule:
            return name
    for name, n in MONTHLY.items():
        if len(weekdays) == 1 and recurrence.monthly_nth(n, weekdays[0], until=parts.until) == meeting.rrule:
            return name
    return AS_IT_IS


def _initial(meeting: Meeting) -> dict[str, Any]:
    mask = meeting.rule.weekday_mask() if meeting.rule else 0
    venue = meeting.venue
    return {
        **{name: getattr(meeting, name) for name in MEETING_FIELDS},
        "repeats": _repeats(meeting),
        "weekdays": [day for day in range(7) if mask >> day & 1],
        "minutes": int(meeting.duration.total_seconds() // 60),
        "formats": list(meeting.formats.values_list("pk", flat=True)),
        **{field: getattr(venue, name) if venue else "" for name, field in _PLACE.items()},
    }
