"""Leaving for good."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class EraseForm(forms.Form):
    is_sure = forms.BooleanField(
        label=_("Erase everything about me, now"),
        error_messages={"required": _("Tick the box if you are sure, or go back: nothing has happened yet.")},
    )
