from __future__ import annotations

from allauth.core import context
from django.apps import AppConfig, apps
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from accounts.fields import BorrowedEncryptedCharField, BorrowedEncryptedJSONField, BorrowedSealedEmailField
from accounts.sessions import SessionKeyField, stored_key


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        seal_what_allauth_keeps()
        hash_session_keys()
        from accounts import receivers  # noqa: F401, PLC0415  # app ready: allauth's models have to be there


#: Columns of allauth's that tell of a person: their address, what they call a passkey, the kind of their phone.
_KEPT_BY_ALLAUTH = (
    ("account", "EmailAddress", "email", BorrowedSealedEmailField),
    ("mfa", "Authenticator", "data", BorrowedEncryptedJSONField),
    ("usersessions", "UserSession", "user_agent", BorrowedEncryptedCharField),
)


def seal_what_allauth_keeps() -> None:
    """Seal the columns about a person that allauth keeps beside ours.

    A field stays the one that allauth declares, with its migrations and constraints; it only learns to seal. The rows
    name themselves by number, since the admin's log keeps names in the clear.
    """
    for app_label, model_name, name, sealed in _KEPT_BY_ALLAUTH:
        model = apps.get_model(app_label, model_name)
        model._meta.get_field(name).__class__ = sealed
        model.__str__ = _number  # type: ignore[assignment]


def _number(row: Model) -> str:
    return f"#{row.pk}"


def hash_session_keys() -> None:
    """Hash the keys of sessions in Django's table and in allauth's list of them, both of which would keep them open.

    Both find, list and end sessions as before: the fields stay those that their apps declare, and learn to hash. Only
    the question which session is this one compares a row with a cookie.
    """
    for app_label, model_name in (("sessions", "Session"), ("usersessions", "UserSession")):
        apps.get_model(app_label, model_name)._meta.get_field("session_key").__class__ = SessionKeyField
    apps.get_model("usersessions", "UserSession").is_current = _is_current


def _is_current(session: Model) -> bool:
    key: str | None = context.request.session.session_key
    return key is not None and session.session_key == stored_key(key)  # type: ignore[attr-defined]
