"""Forms with an address that something is sent to: too much of it is refused beside the field, whoever is known."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.forms import AddEmailForm as AllauthAddEmailForm
from allauth.account.forms import ChangeEmailForm as AllauthChangeEmailForm
from allauth.core import context

from accounts.asking import account_mail
from accounts.forms.hints import WithoutPlaceholders


def is_flood(email: str) -> bool:
    """Return whether this request's sender has asked for as many account messages to `email` as they may."""
    return account_mail().is_spent(context.request, email)


class RefusesFloods(WithoutPlaceholders):
    """A mixin before allauth's forms that take an address."""

    def clean_email(self) -> str:
        email: str = super().clean_email()  # type: ignore[misc]  # of allauth's form
        if is_flood(email):
            raise get_adapter().validation_error("rate_limited")
        return email


class AddEmailForm(RefusesFloods, AllauthAddEmailForm):
    """Takes a member's new address."""


class ChangeEmailForm(RefusesFloods, AllauthChangeEmailForm):
    """Takes another address while the first is not proven."""
