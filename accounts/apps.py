from __future__ import annotations

from django.apps import AppConfig, apps
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from accounts.fields import BorrowedSealedEmailField


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        seal_addresses_of_allauth()
        from accounts import receivers  # noqa: F401, PLC0415  # app ready: allauth's models have to be there


def seal_addresses_of_allauth() -> None:
    """Seal the column of addresses that allauth keeps beside ours.

    The field stays the one that allauth declares, with its migrations and constraints; it only learns to seal. Its
    rows name themselves by number, since the admin's log keeps names in the clear.
    """
    model = apps.get_model("account", "EmailAddress")
    model._meta.get_field("email").__class__ = BorrowedSealedEmailField
    model.__str__ = _number  # type: ignore[assignment]


def _number(row: Model) -> str:
    return f"#{row.pk}"
