"""Passkeys: adding one, signing in with it, and proving that it is still you."""

from __future__ import annotations

from typing import Any

from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


class CredentialField(forms.JSONField):
    """What a browser says of a key. A thousand brackets are no JSON either, where Django's own field raises."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except RecursionError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error


class LoginPasskeyForm(LoginWebAuthnForm):
    credential = CredentialField()


class AuthenticatePasskeyForm(AuthenticateWebAuthnForm):
    credential = CredentialField()


class ReauthenticatePasskeyForm(ReauthenticateWebAuthnForm):
    credential = CredentialField()


class RenamePasskeyForm(EditWebAuthnForm):
    """allauth's form, with the label that it leaves to Django and to English."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("What to call it")


class AddPasskeyForm(AddWebAuthnForm):
    """allauth's form, in our words, for a key that signs in by itself unless one says otherwise."""

    credential = CredentialField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("What to call it")
        self.fields["name"].help_text = _("Such as “my phone”, so you can tell it from others.")
        self.fields["passwordless"].label = _("Sign in with this passkey alone, without a code")
        self.fields["passwordless"].help_text = ""
        self.fields["passwordless"].initial = True
