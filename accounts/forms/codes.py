"""Codes that were sent: each try is counted before it is compared."""

from __future__ import annotations

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.forms import BaseConfirmCodeForm
from allauth.account.forms import ConfirmEmailVerificationCodeForm as AllauthConfirmEmailCodeForm
from allauth.account.forms import ConfirmLoginCodeForm as AllauthConfirmLoginCodeForm
from allauth.core import context
from allauth.core.internal.cryptokit import compare_user_code

from accounts.forms.hints import WithoutPlaceholders
from support import limits


def is_code(actual: str, *, expected: str, sent: str, tries: int, seconds: int) -> bool:
    """Return whether `actual` is the code `expected`. `sent` names the sending of it: a new code has tries of its own.

    Raises limits.TooMany, and compares nothing, beyond `tries` tries in `seconds` seconds.
    """
    _count(expected, sent=sent, tries=tries, seconds=seconds)
    return bool(compare_user_code(actual=actual, expected=expected))


def _count(expected: str, *, sent: str, tries: int, seconds: int) -> None:
    """Count one more try. The session counts as well, but each request reads and writes it for itself.

    Of many at once, all find the same number there.
    """
    limits.consume("tries for a code", f"{sent}:{expected}", limit=tries, seconds=seconds)


class _CountedCodeForm(WithoutPlaceholders, BaseConfirmCodeForm):
    """allauth's form for a code. Where none was sent (an address that is another's) tries are counted all the same."""

    tries: int
    seconds: int

    def clean_code(self) -> str:
        sent = context.request.session.session_key or ""
        try:
            _count(self.expected_code or "", sent=sent, tries=self.tries, seconds=self.seconds)
        except limits.TooMany:
            raise get_adapter().validation_error("too_many_login_attempts") from None
        return str(super().clean_code())


class ConfirmLoginCodeForm(_CountedCodeForm, AllauthConfirmLoginCodeForm):
    """Takes the code that signs in."""

    tries = app_settings.LOGIN_BY_CODE_MAX_ATTEMPTS
    seconds = app_settings.LOGIN_BY_CODE_TIMEOUT


class ConfirmEmailCodeForm(_CountedCodeForm, AllauthConfirmEmailCodeForm):
    """Takes the code that proves an address."""

    tries = app_settings.EMAIL_VERIFICATION_BY_CODE_MAX_ATTEMPTS
    seconds = app_settings.EMAIL_VERIFICATION_BY_CODE_TIMEOUT
