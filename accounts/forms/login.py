"""Signing in: an address is enough; a password is there for those who have set one."""

from __future__ import annotations

from typing import Any

from allauth.account.fields import PasswordField
from allauth.account.forms import LoginForm as AllauthLoginForm
from django.utils.translation import gettext_lazy as _


class LoginForm(AllauthLoginForm):
    """allauth's form; with a password it signs in by password, without one it sends a code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Email address")
        self.fields["password"] = PasswordField(
            label=_("Password"), required=False, autocomplete="current-password", show_reset_help=False
        )
        # A hint inside a field goes away when one types, and reads like something typed already.
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
