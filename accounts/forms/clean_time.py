"""Since when somebody has been clean."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

#: Nobody has been clean for longer than a life.
LONGEST = dt.timedelta(days=366 * 100)


class CleanDateForm(forms.Form):
    """`today` is the date on the reader's own clock."""

    clean_on = forms.DateField(
        label=_("Clean since"),
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "off"}, format="%Y-%m-%d"),
        error_messages={"required": _("Choose a date."), "invalid": _("Enter a date like 2026-12-31.")},
    )

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["clean_on"].widget.attrs["max"] = today.isoformat()

    def clean_clean_on(self) -> dt.date:
        clean_on: dt.date = self.cleaned_data["clean_on"]
        if clean_on > self.today:
            raise forms.ValidationError(_("That day is in the future. Choose today or an earlier day."), code="to_come")
        if clean_on < self.today - LONGEST:
            raise forms.ValidationError(
                _("That is more than a hundred years ago. Please check the year."), code="too_old"
            )
        return clean_on
