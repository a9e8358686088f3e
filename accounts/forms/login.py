"""The door: an address is enough; a password is there for those who have set one."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.fields import PasswordField
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.core import context
from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from accounts.entrance import send_code
from accounts.forms.hints import WithoutPlaceholders
from accounts.forms.mail import is_flood


class LoginForm(WithoutPlaceholders, AllauthLoginForm):
    """allauth's form; with a password it signs in by password, without one it sends a code."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Email")
        self.fields["password"] = PasswordField(
            label=_("Password"), required=False, autocomplete="current-password", show_reset_help=False
        )
        self.fields["password"].widget.attrs.pop("placeholder")

    def _clean_without_password(self, email: str | None, phone: str | None) -> dict[str, Any]:
        """Refuse beside the field what no code would be sent for; allauth's hook for signing in without a password.

        It looks for nobody: whoever has the address is found, or made a member, once the code was typed.
        """
        assert email
        if not ratelimit.consume(context.request, app="allauth.account", action="request_login_code", key=email):
            self.add_error("login", get_adapter().validation_error("too_many_login_attempts"))
        elif is_flood(email):
            self.add_error("login", get_adapter().validation_error("rate_limited"))
        return self.cleaned_data

    def _login_by_code(
        self, request: HttpRequest, redirect_url: str | None, credentials: dict[str, Any]
    ) -> HttpResponse:
        send_code(request, email=credentials["email"], target=redirect_url)
        address = reverse("account_confirm_login_code")
        return redirect(f"{address}?{urlencode({'next': redirect_url})}" if redirect_url else address)
