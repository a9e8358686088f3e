from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.enums import HourCycle
from accounts.fields import EncryptedTextField, SealedEmailField


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create a person who signs in with `email`; without a password they sign in by emailed code."""
        fields.setdefault("tz", settings.DEFAULT_TIME_ZONE)
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create a member of staff with every permission."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person with an account. The name shown need not be real, and nothing else about them is asked."""

    email = SealedEmailField(_("email address"), unique=True)
    display_name = EncryptedTextField(
        _("display name"),
        max_length=40,
        blank=True,
        help_text=_("It doesn’t have to be your real name. A first name and an initial at most."),
    )
    #: The site's or their meeting's, until they or their browser say one.
    tz = models.CharField(_("time zone"), max_length=64, default="UTC")
    has_own_zone = models.BooleanField(_("time zone was said"), default=False)
    language = models.CharField(_("language"), max_length=12, default="en", choices=settings.LANGUAGES)
    hour_cycle = models.CharField(_("clock"), max_length=3, choices=HourCycle.choices, default=HourCycle.H12)
    is_staff = models.BooleanField(_("staff"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    joined_at = models.DateTimeField(_("joined"), auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        # Never the name: this ends up in the admin's lists and its log, which keeps it in the clear.
        return f"#{self.pk}"

    @property
    def own_tz(self) -> str | None:
        """Return the zone that they or their browser said, or None where nobody has: then every time names its zone."""
        return self.tz if self.has_own_zone else None

    def get_full_name(self) -> str:
        """Return the name shown to those who may see it, or the number of somebody who chose none."""
        return self.display_name or str(self)

    def get_short_name(self) -> str:
        return self.get_full_name()
