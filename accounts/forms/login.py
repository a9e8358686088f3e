"""Signing in: an address is enough; a password is there for those who have set one."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.fields import PasswordField
from allauth.account.forms import LoginForm as AllauthLoginForm
from django.utils.translation import gettext_lazy as _

from accounts.forms.mail import is_flood


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

    def _clean_without_password(self, email: str | None, phone: str | None) -> dict[str, Any]:
        """Refuse beside the field what no code would be sent for; allauth's hook for signing in without a password."""
        if email and is_flood(email):
            self.add_error("login", get_adapter().validation_error("rate_limited"))
            return self.cleaned_data
        cleaned: dict[str, Any] = super()._clean_without_password(email, phone)
        return cleaned
