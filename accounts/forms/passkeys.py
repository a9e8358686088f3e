"""Adding a passkey."""

from __future__ import annotations

from typing import Any

from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django.utils.translation import gettext_lazy as _


class AddPasskeyForm(AddWebAuthnForm):
    """allauth's form, in our words, for a key that signs in by itself unless one says otherwise."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("What to call it")
        self.fields["name"].help_text = _("Such as “my phone”, to tell it from others.")
        self.fields["passwordless"].label = _("Sign in with it alone, without a code")
        self.fields["passwordless"].help_text = ""
        self.fields["passwordless"].initial = True
