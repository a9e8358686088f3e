"""What somebody new is asked for beside their address: nothing that they must answer."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class SignupForm(forms.Form):
    """The base that allauth builds its sign-up form on (ACCOUNT_SIGNUP_FORM_CLASS)."""

    display_name = forms.CharField(
        label=_("Display name"),
        required=False,
        max_length=40,
        help_text=_("It need not be your real name. A first name and an initial at most."),
        widget=forms.TextInput(attrs={"autocomplete": "nickname"}),
    )
    field_order = ("email", "display_name")

    def signup(self, request: HttpRequest, user: User) -> None:
        """Do nothing more: the adapter has saved the name in the same row. allauth requires the method."""
