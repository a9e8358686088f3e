"""Leaving for good."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class EraseForm(forms.Form):
    is_sure = forms.BooleanField(
        label=_("Erase everything about me, now"),
        error_messages={"required": _("Check the box if you’re sure, or go back. Nothing has been erased yet.")},
    )
