from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.enums import Purpose


class UnsubscribeForm(forms.Form):
    """Which messages to stop."""

    what = forms.MultipleChoiceField(
        label=_("Stop these messages"),
        choices=[
            (Purpose.REMINDERS, _("Reminders")),
            (Purpose.CHANGES, _("Word of moved and cancelled dates")),
        ],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose what to stop.")},
    )
