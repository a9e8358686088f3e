"""allauth's forms for a code of an authenticator app, or for one of recovery."""

from __future__ import annotations

from typing import Any

from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm as AllauthActivateTOTPForm
from django.utils.translation import gettext_lazy as _

from accounts.forms.hints import WithoutPlaceholders


class AuthenticateForm(WithoutPlaceholders, AllauthAuthenticateForm):
    """Takes the second factor of who signs in."""


class ReauthenticateForm(WithoutPlaceholders, AllauthReauthenticateForm):
    """Takes it once more, of who is signed in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code from your authenticator app")


class ActivateTOTPForm(WithoutPlaceholders, AllauthActivateTOTPForm):
    """Takes the first code that a new app shows."""
