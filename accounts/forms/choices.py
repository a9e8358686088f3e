"""Which messages a person wants at one address; how, when, and in how many words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.enums import OFFERED_PURPOSES, Channel, Lead, Wording
from accounts.models import Preferences
from accounts.services.preferences import PreferenceFields

#: Longer quiet hours would leave no time to be reminded in.
LONGEST_QUIET: Final = dt.timedelta(hours=16)
#: A pause that nobody remembers is no pause.
LONGEST_PAUSE: Final = dt.timedelta(days=366)


class ChoicesForm(forms.Form):
    """One box for each purpose. Unticking is as easy as ticking, and nobody asks why."""

    wanted = forms.MultipleChoiceField(
        label=_("Write to me about"),
        choices=[(purpose.value, purpose.label) for purpose in OFFERED_PURPOSES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    #: Boxes may stay empty, and the rest has a value: nothing is marked as optional.
    is_all_optional = True

    def __init__(self, *args: Any, wanted: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["wanted"] = wanted


def _leads(label: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label, choices=Lead.choices, required=False, widget=forms.CheckboxSelectMultiple
    )


class PreferencesForm(ChoicesForm):
    """The same, and how and when.

    `channels` are those that this person can be reached by; `today` is their date; `in_use` names the fields of times
    that matter for what they have. Without `may_say_more` messages can be made to say less, and not more.
    """

    reminder_channel = forms.ChoiceField(label=_("Send reminders"), widget=forms.RadioSelect)
    change_channel = forms.ChoiceField(label=_("Send news of moved and canceled dates"), widget=forms.RadioSelect)
    booked_leads = _leads(_("Meetings you signed up for"))
    drop_in_leads = _leads(_("Drop-in meetings"))
    online_leads = _leads(_("Online meetings you signed up for"))
    quiet_from = forms.TimeField(
        label=_("Quiet from"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )  # fmt: skip
    quiet_until = forms.TimeField(label=_("until"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    ignores_quiet = forms.BooleanField(
        label=_("Send reminders during these hours, too"),
        required=False,
        help_text=_("Otherwise they come before or after these hours, if that still helps; if not, we say so."),
    )
    wording = forms.ChoiceField(label=_("How much a message says"), choices=Wording.choices, widget=forms.RadioSelect)
    paused_until = forms.DateField(
        label=_("Send nothing before"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("You keep your places, and still get replies to things you do, such as confirmations."),
    )

    def __init__(
        self,
        *args: Any,
        preferences: Preferences,
        channels: list[str],
        today: dt.date,
        in_use: Collection[str] = (),
        may_say_more: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._today = today
        self._in_use = in_use
        self.kept = preferences
        if not may_say_more and not preferences.is_detailed:
            del self.fields["wording"]
        for name in _FIELDS:
            self.initial[name] = getattr(preferences, name)
        labels = {Channel.EMAIL: _("by email"), Channel.SMS: _("by text message"), Channel.PUSH: _("as a notification")}
        choices = [(channel, labels[Channel(channel)]) for channel in channels]
        for name in ("reminder_channel", "change_channel"):
            if len(choices) > 1:
                self.fields[name].choices = choices  # type: ignore[attr-defined]  # both are choice fields
                if self.initial[name] not in channels:
                    self.initial[name] = channels[0]
            else:
                del self.fields[name]
        if preferences.paused_until is not None and preferences.paused_until <= today:
            self.initial["paused_until"] = None

    def times_in_use(self) -> list[forms.BoundField]:
        """Return the times that matter for what a person has; those of meetings where one just comes, if nothing."""
        return [self[name] for name in _TIMES if name in (self._in_use or ("drop_in_leads",))]

    def other_times(self) -> list[forms.BoundField]:
        """Return the other times."""
        shown = {field.name for field in self.times_in_use()}
        return [self[name] for name in _TIMES if name not in shown]

    @property
    def preferences(self) -> PreferenceFields:
        """What was chosen, for services.preferences.save_preferences."""
        chosen: Any = {name: self.cleaned_data[name] for name in _FIELDS if name in self.fields}
        return chosen

    def clean_paused_until(self) -> dt.date | None:
        day: dt.date | None = self.cleaned_data["paused_until"]
        if day is None:
            return None
        if day <= self._today:
            raise forms.ValidationError(_("Choose a day after today, or leave this empty if you don’t want a pause."))
        if day > self._today + LONGEST_PAUSE:
            raise forms.ValidationError(_("Choose a day within a year."))
        return day

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        start, end = values.get("quiet_from"), values.get("quiet_until")
        if start is None or end is None:
            return values
        if start == end:
            self.add_error("quiet_from", _("Choose another time here, or check the box below to have no quiet hours."))
        elif _length(start, end) > LONGEST_QUIET:
            self.add_error("quiet_from", _("Leave at least eight hours of the day when we can write to you."))
        return values


_FIELDS: Final = tuple(PreferenceFields.__annotations__)
_TIMES: Final = ("drop_in_leads", "booked_leads", "online_leads")


def _length(start: dt.time, end: dt.time) -> dt.timedelta:
    minutes = (end.hour - start.hour) * 60 + end.minute - start.minute
    return dt.timedelta(minutes=minutes % (24 * 60))
