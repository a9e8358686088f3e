"""Which messages a person wants at one address."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.enums import Purpose


class ChoicesForm(forms.Form):
    """One box for each purpose. Unticking is as easy as ticking, and nobody asks why."""

    wanted = forms.MultipleChoiceField(
        label=_("Write to me about"), choices=Purpose.choices, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, wanted: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["wanted"] = wanted
