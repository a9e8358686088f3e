"""Asking for a place."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

EVERY = "every"


class SignupForm(forms.Form):
    """Which date, or every one.

    `choices` are (ISO date, words) pairs of the dates that can be chosen; `zone` is that of them all, "" to name none.
    """

    when = forms.ChoiceField(label=_("Which date?"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, choices: list[tuple[str, str]], zone: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        when = self.fields["when"]
        assert isinstance(when, forms.ChoiceField)
        when.choices = choices
        if zone:
            when.label = f"{when.label} ({zone})"
        when.error_messages = {
            "required": _("Choose a date, or every time."),
            "invalid_choice": _("That date can no longer be chosen. Here are the next ones."),
        }

    @property
    def is_every(self) -> bool:
        return bool(self.cleaned_data["when"] == EVERY)

    @property
    def date(self) -> dt.date | None:
        """The chosen date by the meeting's rule, or None for every time."""
        return None if self.is_every else dt.date.fromisoformat(self.cleaned_data["when"])


class GuestReminderForm(SignupForm):
    """The same for a guest: an address is all that is needed."""

    email = forms.EmailField(
        label=_("Your email address"),
        max_length=254,
        help_text=_("We send one message to confirm it. It’s stored encrypted and never shown to anyone."),
        error_messages={
            "required": _("Enter the address that we should write to."),
            "invalid": _("That doesn’t look like an email address. Check it for a missing @ or dot."),
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()


class GuestSignupForm(GuestReminderForm):
    """The same for a place, which whoever runs the meeting sees: under a name, if its owner likes."""

    display_name = forms.CharField(
        label=_("A name to show"),
        max_length=40,
        required=False,
        help_text=_("It doesn’t have to be yours. A first name and an initial at most, or nothing."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
