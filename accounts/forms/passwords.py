"""allauth's forms for a password: its page says once what makes a good one.

Their link for a forgotten password leads to the door, which lets nobody in who is in already: it is left out.
"""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.account.forms import SetPasswordForm as AllauthSetPasswordForm
from django.utils.translation import gettext_lazy as _

from accounts.forms.hints import WithoutPlaceholders


class _PasswordForm(WithoutPlaceholders):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.help_text = ""


class SetPasswordForm(_PasswordForm, AllauthSetPasswordForm):
    """Takes a first password, twice."""


class ChangePasswordForm(_PasswordForm, AllauthChangePasswordForm):
    """Takes the password there is and the one to come."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("Current password")
        self.fields["password1"].label = _("New password")
        self.fields["password2"].label = _("New password (again)")


class ReauthenticateForm(_PasswordForm, AllauthReauthenticateForm):
    """Takes the password of who is signed in already."""
