"""What a facilitator says about one date."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from meetings.models import Meeting
from support import clock


class MessageField(forms.CharField):
    def __init__(self) -> None:
        super().__init__(
            label=_("Note to people coming"),
            required=False,
            max_length=500,
            help_text=_("They see it on their own page. It is never in the email itself."),
            widget=forms.Textarea(attrs={"rows": 3}),
        )


class CancelDateForm(forms.Form):
    """Why one date is off, if the facilitator wants to say."""

    message = MessageField()


class RestoreDateForm(forms.Form):
    """What the facilitator wants to say about a date that is on after all."""

    message = MessageField()


class MoveDateForm(forms.Form):
    """Another time for one date, on the clocks of the meeting's zone. `now` is the aware instant of asking."""

    on = forms.DateField(
        label=_("New date"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": _("Choose a date."), "invalid": _("Enter a date like 2026-12-31.")},
    )
    at = forms.TimeField(
        label=_("New time"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"required": _("Choose a time."), "invalid": _("Enter a time like 19:30.")},
    )
    message = MessageField()

    def __init__(self, *args: Any, meeting: Meeting, now: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.meeting = meeting
        self.now = now

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "on" not in cleaned or "at" not in cleaned:
            return cleaned
        wall = dt.datetime.combine(cleaned["on"], cleaned["at"])
        try:
            starts_at = clock.to_instant(wall, self.meeting.tz)
        except OverflowError:
            self.add_error("on", _("Choose a date within the next year."))
            return cleaned
        if clock.to_wall(starts_at, self.meeting.tz) != wall:
            self.add_error("at", _("Clocks go forward that night, so this time does not exist. Choose another."))
        elif starts_at <= self.now:
            self.add_error("on", _("That is in the past. Choose a later time."))
        elif starts_at > self.now + dt.timedelta(days=366):
            self.add_error("on", _("Choose a date within the next year."))
        else:
            cleaned["starts_at"] = starts_at
        return cleaned
